"""The version of a file: what its Etag and the `v` of its URL are made of.

A version is computed once for each state of a file, which its stat tells apart. All functions here
touch the disk, for a bounded time, and may be called from any thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Hashable
from io import FileIO
from typing import Final, TypeAlias

__all__ = [
    "MAX_HASHED_BYTES",
    "Signature",
    "VersionStore",
    "content_version",
    "hash_of",
    "is_settled",
    "open_regular",
    "read_all",
    "signature_of",
    "stat_version",
]

MAX_HASHED_BYTES: Final = 1048576
"""Bytes of a file up to which its content is hashed, for that takes about a millisecond. What is
longer is told apart by its size and time.
"""

DEFAULT_MAX_VERSIONS: Final = 10_000
"""Files whose versions are remembered, at some 300 bytes each."""

_SETTLED_SECONDS: Final = 2.0
"""Age of a change from which on another one cannot have the same time, whatever the file system."""

_READ_SIZE: Final = 131072

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO would wait for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)

Signature: TypeAlias = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of the last change to content and inode, in nanoseconds."""


def signature_of(status: os.stat_result) -> Signature:
    """Return what changes when a file changes."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_settled(signature: Signature) -> bool:
    """Tell whether a further change would give the file another signature: not so within the
    resolution of its times.
    """
    return time.time() - signature[3] / 1e9 > _SETTLED_SECONDS


def open_regular(path: str) -> FileIO:
    """Open a file for reading, unbuffered. Raises OSError also for what is no regular file."""
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return FileIO(descriptor)
    os.close(descriptor)
    raise OSError(f"{path!r} is not a regular file")


def read_all(file: FileIO, most: int) -> bytes:
    """Return the content of a file, and no more than `most` bytes of it."""
    pieces: list[bytes] = []
    while most > 0 and (piece := file.read(min(most, _READ_SIZE))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def hash_of(content: bytes) -> str:
    """Return the version of a file with this content."""
    return hashlib.sha256(content).hexdigest()[:32]


def stat_version(signature: Signature) -> str:
    """Return the version of a file that is too long to be hashed."""
    return f"{signature[2]:x}-{signature[3]:x}"


def content_version(path: str) -> str:
    """Return the version of a file. Raises OSError when it cannot be read."""
    with open_regular(path) as file:
        signature = signature_of(os.fstat(file.fileno()))
        if signature[2] > MAX_HASHED_BYTES:
            return stat_version(signature)
        return hash_of(read_all(file, MAX_HASHED_BYTES))


class VersionStore:
    """Remembers versions, with the signatures that they are for, and forgets the oldest."""

    __slots__ = ("_lock", "_max_versions", "_versions")

    def __init__(self, max_versions: int = DEFAULT_MAX_VERSIONS) -> None:
        self._max_versions = max_versions
        # Only changed under the lock; reading needs none.
        self._versions: dict[Hashable, tuple[Signature | None, str]] = {}
        self._lock = threading.Lock()

    def latest(self, key: Hashable) -> str | None:
        """Return the version that was computed last, for whichever state of the file."""
        known = self._versions.get(key)
        return None if known is None else known[1]

    def version_for(self, key: Hashable, signature: Signature) -> str | None:
        """Return the version of this state of the file, if it is known for certain."""
        known = self._versions.get(key)
        if known is None or known[0] != signature or not is_settled(signature):
            return None
        return known[1]

    def remember(self, key: Hashable, signature: Signature | None, version: str) -> None:
        """Keep a version; `signature` is None where there is no file to stat."""
        with self._lock:
            self._versions.pop(key, None)
            if len(self._versions) >= self._max_versions:
                del self._versions[next(iter(self._versions))]
            self._versions[key] = (signature, version)

    def clear(self) -> None:
        """Forget all versions."""
        with self._lock:
            self._versions.clear()
