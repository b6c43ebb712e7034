"""Noticing on the loop that a subprocess has ended, and reaping it.

Linux gives a file descriptor for it; elsewhere, and where that is refused, a thread waits.
Neither touches the SIGCHLD handler, which belongs to the program.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from contextvars import Context

from ostro.ioloop import IOLoop, LoopClosedError

__all__ = ["watch_exit"]


def watch_exit(
    process: "subprocess.Popen[bytes]", io_loop: IOLoop, on_exit: Callable[[int], None]
) -> None:
    """Reap the process when it ends, and call `on_exit(returncode)` on the loop."""
    pidfd = _open_pidfd(process.pid)
    if pidfd is None:
        _wait_in_thread(process, io_loop, on_exit)
    else:
        # In an empty Context: whoever starts a process is no part of noticing its end.
        Context().run(_wait_for_pidfd, pidfd, process, io_loop, on_exit)


class _PidFd:
    """A descriptor that becomes readable when a process ends; closed at the latest with this."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()  # the loop was closed before the process ended


def _open_pidfd(pid: int) -> _PidFd | None:
    pidfd_open: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if pidfd_open is None:
        return None
    try:
        return _PidFd(pidfd_open(pid))
    except OSError:
        return None  # an old kernel, a sandbox, or no free descriptor


def _wait_for_pidfd(
    pidfd: _PidFd,
    process: "subprocess.Popen[bytes]",
    io_loop: IOLoop,
    on_exit: Callable[[int], None],
) -> None:
    def on_readable(fd: _PidFd, events: int) -> None:
        io_loop.remove_handler(fd)
        fd.close()
        on_exit(process.wait())  # has ended: this only reaps

    io_loop.add_handler(pidfd, on_readable, IOLoop.READ)


def _wait_in_thread(
    process: "subprocess.Popen[bytes]", io_loop: IOLoop, on_exit: Callable[[int], None]
) -> None:
    def wait() -> None:
        code = process.wait()
        with contextlib.suppress(LoopClosedError):  # nobody is left to be told
            io_loop.spawn_callback(on_exit, code)

    threading.Thread(target=wait, name=f"wait for process {process.pid}", daemon=True).start()
