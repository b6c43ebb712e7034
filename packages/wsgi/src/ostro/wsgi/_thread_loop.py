"""An event loop for each thread that has coroutines to run, between whose runs nothing happens.

WSGI servers call an application in threads of their own choice. A thread gets a loop with the first
coroutine, and keeps it: connection pools and the like stay usable for the next request. Tasks do
not outlive the request that started them, since nobody would run them until the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable

from ostro.ioloop import IOLoop

__all__ = ["run_in_thread"]

END_TIMEOUT = 5.0
"""Seconds that the tasks which a request leaves behind have to end once they are cancelled."""


class _Owner:
    """Owns a thread's loop; closes it when the thread, or the program, ends."""

    def __init__(self) -> None:
        self.io_loop = IOLoop()
        weakref.finalize(self, _close, self.io_loop.asyncio_loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    # Without running it once more, as IOLoop would: a thread that is ending is none any more to
    # the threading module. A daemon thread may still be running it as the program ends.
    with contextlib.suppress(RuntimeError):
        loop.close()


class _Thread(threading.local):
    owner: _Owner | None = None


_thread = _Thread()


def run_in_thread(main: Callable[[], Awaitable[object]]) -> None:
    """Call `main` on the loop of this thread, and wait for the end of what it returns.

    Tasks that are left over then are cancelled. Raises what `main` and its awaitable raise, and
    LoopRunningError where a loop runs in this thread already: the server itself is asynchronous.
    """
    io_loop = _loop_of_thread()
    try:
        io_loop.run_sync(main)
    finally:
        left = asyncio.all_tasks(io_loop.asyncio_loop)
        if left:
            for task in left:
                task.cancel()
            io_loop.run_sync(lambda: asyncio.wait(left, timeout=END_TIMEOUT))


def _loop_of_thread() -> IOLoop:
    """Return the loop of this thread. No frame that runs it keeps its owner alive."""
    owner = _thread.owner
    if owner is None:
        owner = _thread.owner = _Owner()
    return owner.io_loop
