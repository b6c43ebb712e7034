"""The file descriptors of this process: which are open, and what they are in the program."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import socket
import tracemalloc
from collections.abc import Iterable

from ostro.iostream import BaseIOStream

__all__ = ["describe", "made_at", "open_files"]

_FOLDERS = ("/proc/self/fd", "/dev/fd")
"""Where Linux, and macOS, list what a process has open."""

Identity = tuple[int, int]
"""Device and inode: a number is soon used again, for something else."""

_MAX_FRAMES = 5


def open_files() -> dict[int, Identity]:
    """Return what is open, by file descriptor; nothing where the platform cannot tell."""
    found: dict[int, Identity] = {}
    for fd in _listed():
        with contextlib.suppress(OSError):  # the one that the list was read from
            status = os.fstat(fd)
            found[fd] = status.st_dev, status.st_ino
    return found


def _listed() -> Iterable[int]:
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(folder)]
    return ()


def describe(fds: Iterable[int]) -> list[str]:
    """Say what open file descriptors are: streams, sockets, files of the program where possible."""
    wanted = set(fds)
    owners: dict[int, object] = {}
    has_number: dict[type, bool] = {}  # there are many objects, of far fewer types
    for value in gc.get_objects():
        # Not isinstance, which would run properties of what lies about.
        kind = type(value)
        if kind not in has_number:
            has_number[kind] = issubclass(kind, (BaseIOStream, socket.socket, io.IOBase))
        if has_number[kind]:
            fd = _fileno(value)
            if fd in wanted and (fd not in owners or isinstance(value, BaseIOStream)):
                owners[fd] = value
    return [_described(fd, owners.get(fd)) for fd in sorted(wanted)]


def _fileno(value: object) -> int:
    try:
        # The types above have it, and some files of theirs have no number.
        return int(value.fileno())  # type: ignore[attr-defined]
    except (OSError, ValueError):
        return -1


def _described(fd: int, owner: object) -> str:
    if owner is None:
        return f"an open file descriptor, {fd}{_where(fd)}{_peer(fd)}"
    if isinstance(owner, BaseIOStream):
        return f"an open stream: {owner!r}{_peer(fd)}{made_at(owner)}"
    kind = "socket" if isinstance(owner, socket.socket) else "file"
    return f"an open {kind}: {owner!r}{made_at(owner)}"


def _where(fd: int) -> str:
    try:
        return f" ({os.readlink(f'{_FOLDERS[0]}/{fd}')})"
    except OSError:
        return ""


def _peer(fd: int) -> str:
    """Say what a descriptor is connected to, if it is a socket."""
    try:
        with socket.socket(fileno=os.dup(fd)) as copy:
            return f" from {copy.getsockname()} to {copy.getpeername()}"
    except OSError:
        return ""


def made_at(value: object) -> str:
    """Say where an object was made, if tracemalloc knows."""
    if not tracemalloc.is_tracing():
        return ""
    trace = tracemalloc.get_object_traceback(value)
    if trace is None:
        return ""
    lines = [f"      {line.strip()}" for line in trace.format(limit=_MAX_FRAMES)]
    return "\n".join([", made at", *lines])
