"""The multi handle on a loop: libcurl says which sockets and which time it waits for.

This file knows handles, sockets and time; nothing of requests. Whoever has a transfer done is told
by `Job.done`, never inside a call of theirs into libcurl, so that libcurl is never called from one
of its own callbacks.
"""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final, Protocol

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import ClientClosedError
from ostro.ioloop import IOLoop

from ._binding import Curl, PycurlError, new_curl, new_multi

if TYPE_CHECKING:
    import asyncio

__all__ = ["Engine", "Job"]

_EVENTS: Final[dict[int, int]] = {
    pycurl.POLL_IN: IOLoop.READ,
    pycurl.POLL_OUT: IOLoop.WRITE,
    pycurl.POLL_INOUT: IOLoop.READ | IOLoop.WRITE,
}

_ACTIONS: Final[dict[int, int]] = {
    IOLoop.READ: pycurl.CSELECT_IN,
    IOLoop.WRITE: pycurl.CSELECT_OUT,
}

_TIMEOUT: Final[int] = pycurl.SOCKET_TIMEOUT
_REMOVE: Final[int] = pycurl.POLL_REMOVE

_CAN_FORK: Final = hasattr(os, "register_at_fork")

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
"""All there are, for the child of a fork."""


class Job(Protocol):
    """Who has a transfer done. `multiplexed` says whether others share its connection: HTTP/2."""

    curl: Curl
    multiplexed: bool

    def done(self, code: int, text: str) -> None:
        """Learn that the transfer is over: libcurl's code, 0 for success, and its words."""
        ...


class Engine:
    """Has libcurl carry out transfers on a loop. All of them share the connections.

    Args:
        io_loop: Where to listen, and to wait.
        max_idle: Connections that are kept when they are idle; 0 for as many as libcurl likes.
        max_handles: Handles that are kept.
    """

    def __init__(self, io_loop: IOLoop, max_idle: int, max_handles: int) -> None:
        self._io_loop = io_loop
        # Handlers and timers belong to no request, so they run in a Context of their own.
        self._context = Context()
        # Who waits for which handle; the handles that are free.
        self._jobs: dict[Curl, Job] = {}
        self._free: list[Curl] = []
        self._max_free = max_handles
        # What the loop listens on; and the inode of each socket that it did, see `forget_sockets`.
        self._watched: set[int] = set()
        self._inodes: dict[int, int] = {}
        # When libcurl wants to be called, and when the timer goes off, which may be earlier.
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        # Whether libcurl is to look at all sockets soon.
        self._nudged = False
        self.closed = False
        # Whether a name is still being looked up for a transfer that has ended, perhaps.
        self._looks_up = False
        # Whether this is a copy in the child of a fork.
        self.abandoned = False

        multi = self._multi = new_multi()
        multi.setopt(pycurl.M_SOCKETFUNCTION, _weakly(self._on_socket))
        multi.setopt(pycurl.M_TIMERFUNCTION, _weakly(self._on_timer))
        multi.setopt(pycurl.M_MAXCONNECTS, max_idle)
        _engines.add(self)

    # Handles

    def take_handle(self) -> Curl:
        """Return a handle with nothing set."""
        return self._free.pop() if self._free else new_curl()

    def give_back(self, curl: Curl, *, reuse: bool = True) -> None:
        """Take back a handle that is not in use. What was set is forgotten, callbacks too.

        Args:
            curl: The handle.
            reuse: False for a handle on which somebody else has set things: cookies, for one, would
                outlive `reset`.
        """
        if reuse and not self.closed and len(self._free) < self._max_free:
            curl.reset()
            self._free.append(curl)
        else:
            curl.close()

    # Transfers

    def start(self, job: Job) -> None:
        """Start the transfer of a job. Raises ClientClosedError when this is closed."""
        if self.closed:
            raise ClientClosedError
        curl = job.curl
        self._multi.add_handle(curl)
        self._jobs[curl] = job
        # Libcurl has asked for a call without delay, for which this is as good a place.
        self._act(_TIMEOUT, 0)

    def stop(self, job: Job) -> None:
        """End a transfer, of which nobody is told; its connection closes. Idempotent."""
        curl = job.curl
        if self._jobs.pop(curl, None) is not None:
            self._let_go(job)

    def pause(self, job: Job, directions: int) -> None:
        """Let a transfer rest in these directions, `pycurl.PAUSE_...`, and go on in others."""
        curl = job.curl
        if curl not in self._jobs:
            return
        try:
            curl.pause(directions)
        except PycurlError as error:
            # Something went wrong with what was held back.
            self.stop(job)
            job.done(*_code_and_text(error))
            return
        self._act(_TIMEOUT, 0)
        if job.multiplexed:
            self.nudge()

    def nudge(self) -> None:
        """Have libcurl look at all sockets soon.

        Where several transfers share a connection, one may have read what is for another, and have
        left it in a buffer, when it ends or rests. The socket says nothing of that then, and nor
        does libcurl (8.23 for one), so that the other waits for ever.
        """
        if not self._nudged and self._jobs:
            self._nudged = True
            self._context.run(self._io_loop.add_callback, _weakly(self._look_at_all))

    def _look_at_all(self) -> None:
        self._nudged = False
        for fd in list(self._watched):  # it does not mind one that is gone in the meantime
            self._act(fd, pycurl.CSELECT_IN)

    def _act(self, fd: int, events: int) -> None:
        """Have libcurl do what can be done."""
        _, running = self._multi.socket_action(fd, events)
        if running < len(self._jobs):
            self._collect()

    def _collect(self) -> None:
        """Tell about the transfers that are over."""
        queued = 1
        while queued:
            queued, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._end(curl, pycurl.E_OK, "")
            for curl, code, text in failed:
                self._end(curl, code, text)

    def _end(self, curl: Curl, code: int, text: str) -> None:
        job = self._jobs.pop(curl)
        self._let_go(job)
        job.done(code, text)

    def _let_go(self, job: Job) -> None:
        self._multi.remove_handle(job.curl)
        if not job.curl.getinfo(pycurl.NAMELOOKUP_TIME):
            self._looks_up = True
        if job.multiplexed:
            self.nudge()

    # What libcurl waits for

    def _on_socket(self, what: int, fd: int, multi: object, data: object) -> None:
        io_loop = self._io_loop
        if self._is_over():
            return
        if what == _REMOVE:
            if fd in self._watched:
                self._watched.discard(fd)
                io_loop.remove_handler(fd)
        elif fd in self._watched:
            io_loop.update_handler(fd, _EVENTS[what])
        else:
            self._context.run(io_loop.add_handler, fd, self._on_ready, _EVENTS[what])
            self._watched.add(fd)
            if _CAN_FORK:  # pragma: no branch  # all but Windows
                self._inodes[fd] = os.fstat(fd).st_ino

    def _on_ready(self, fd: int, events: int) -> None:
        self._act(fd, _ACTIONS[events])

    def _on_timer(self, milliseconds: int) -> None:
        if milliseconds < 0 or self._is_over():
            self._due = None
            return
        self._due = due = time.monotonic() + milliseconds / 1000
        # A timer that goes off too early is set again then: most timeouts never come to that.
        if self._timer is not None and self._timer_due <= due:
            return
        self._set_timer(due, milliseconds / 1000)

    def _set_timer(self, due: float, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        tick = _weakly(self._on_tick)
        self._timer = self._context.run(self._io_loop.call_later, delay, tick)

    def _on_tick(self) -> None:
        self._timer = None
        due = self._due
        if due is None:
            return
        left = due - time.monotonic()
        if left > 0:
            self._set_timer(due, left)
        else:
            self._due = None
            self._act(_TIMEOUT, 0)

    # The end

    def _is_over(self) -> bool:
        """Say whether there is nobody to listen any more: libcurl says farewell all the same."""
        return self.closed or self._io_loop.asyncio_loop.is_closed()

    def close(self) -> None:
        """End all transfers, of which nobody is told, and close all connections. Idempotent."""
        if self.closed:
            return
        self.closed = True
        # Before libcurl closes the sockets, and whatever it wants to listen on until then.
        for fd in self._watched:
            self._io_loop.remove_handler(fd)
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for job in list(self._jobs.values()):
            self.stop(job)
        for curl in self._free:
            curl.close()
        self._free.clear()
        if self._looks_up:
            # Libcurl waits for the system to answer, for seconds it may be.
            close = threading.Thread(target=self._multi.close, name="ostro-curl-close", daemon=True)
            close.start()
        else:
            self._multi.close()

    def forget_sockets(self) -> None:
        """Put dead sockets in the place of all that are open.

        For the child of a fork: it has the same connections as its parent, and must say nothing on
        them, not even the farewell of TLS.
        """
        with socket.socket(socket.AF_UNIX) as dead:
            for fd, inode in self._inodes.items():
                try:
                    status = os.fstat(fd)
                except OSError:  # closed
                    continue
                if status.st_ino == inode and stat.S_ISSOCK(status.st_mode):
                    os.dup2(dead.fileno(), fd, inheritable=False)
        # What the loop watches is watched for the parent too.
        self._watched.clear()
        self.abandoned = True


def _forget_all() -> None:
    for engine in list(_engines):
        engine.forget_sockets()


if _CAN_FORK:  # pragma: no branch  # all but Windows
    os.register_at_fork(after_in_child=_forget_all)


def _code_and_text(error: Exception) -> tuple[int, str]:
    code, text = error.args
    return code, text


def _weakly(method: Callable[..., object]) -> Callable[..., object]:
    """Return a callback that does not keep the object of a method alive."""
    reference = weakref.WeakMethod(method)

    def call(*args: object) -> object:
        found = reference()
        return None if found is None else found(*args)

    return call
