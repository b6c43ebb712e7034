"""The end of this program, and its beginning anew in the same process.

What the program has set up in the process, and the kernel would hand on, is undone here: open
descriptors, timers, blocked signals, the working directory.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

from ._life import this_life
from ._sources import forget_bytecode

__all__ = ["add_reload_hook", "command", "restart"]

_log = logging.getLogger("ostro.general")

_HIGHEST_FD = 1024
"""Where the system does not list the open descriptors, those below are tried."""

_hooks: list[Callable[[], object]] = []

# Held by whoever restarts the program; never given back once that has worked.
_claim = threading.Lock()


def add_reload_hook(fn: Callable[[], object]) -> None:
    """Add a function to be called before reloading the process.

    Hooks are called without arguments, in the order in which they were added, in the thread of the
    loop; an exception is logged, and the next is called. Open files and sockets need none: they are
    closed when the program is replaced.
    """
    _hooks.append(fn)


def command() -> list[str]:
    """Return the command line that starts this program again, options of Python included."""
    return [sys.executable, *(sys.orig_argv[1:] or sys.argv)]


def restart(changed: Iterable[str], *, late: bool = False) -> None:
    """Run the hooks, and start the program anew; it returns only where that cannot be done.

    `changed` are the files that are to blame; `late`, that they changed during the start.
    """
    if not _claim.acquire(blocking=False):
        return  # another thread is at it
    try:
        paths = list(changed)
        if not os.access(sys.executable, os.X_OK):
            _log.error("cannot restart: there is no %s to run", sys.executable or "Python")
            return
        _log.info("%s changed, restarting", ", ".join(paths[:3]) or "files")
        forget_bytecode(paths)
        _run_hooks()
        _flush()
        environment = this_life().next_environment(time.time_ns(), late)
        _leave_nothing()
        _replace(command(), environment)
    except OSError:
        _log.exception("cannot restart")
    finally:
        _claim.release()


def _run_hooks() -> None:
    for hook in _hooks:
        try:
            hook()
        except Exception:  # noqa: BLE001 - whatever a hook raises
            _log.exception("Uncaught exception in a reload hook")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none at all
            stream.flush()


# The state of the process


def _blocked_signals() -> set[int]:
    with contextlib.suppress(AttributeError):  # of Windows
        return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())}
    return set()  # pragma: no cover  # Windows


def first_folder() -> str:
    """Return the current directory, as well as it is known."""
    with contextlib.suppress(OSError):  # it was deleted
        return os.getcwd()
    return os.curdir


def open_fds(folder: str = "/dev/fd") -> list[int]:
    """Return the descriptors that may be open, from where the system lists them."""
    try:
        return [int(name) for name in os.listdir(folder)]
    except OSError:
        return list(range(_HIGHEST_FD))


def _inherited_fds() -> set[int]:
    found = set()
    for fd in open_fds():
        with contextlib.suppress(OSError):
            if os.get_inheritable(fd):
                found.add(fd)
    return found


# As the program found it, or nearly: whoever started it may have passed on a socket.
_FIRST_FOLDER = first_folder()
_FIRST_FDS = _inherited_fds()
_FIRST_MASK = _blocked_signals()


def _leave_nothing() -> None:
    for fd in set(open_fds()) - _FIRST_FDS - {0, 1, 2}:
        with contextlib.suppress(OSError):
            os.set_inheritable(fd, False)
    with contextlib.suppress(AttributeError):  # of Windows
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)  # it would go off in a program that expects no signal
        signal.pthread_sigmask(signal.SIG_SETMASK, _FIRST_MASK)
    with contextlib.suppress(OSError):
        os.chdir(_FIRST_FOLDER)  # paths on the command line start there


def _replace_process(arguments: list[str], environment: dict[str, str]) -> None:
    os.execve(arguments[0], arguments, environment)  # noqa: S606 - our own command line


def _start_another(arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Start the program, and end: Windows cannot replace a program in its process."""
    subprocess.Popen(arguments, env=environment)  # noqa: S603 - our own command line
    os._exit(0)


_replace = _start_another if os.name == "nt" else _replace_process
