"""Have signals wake a loop of asyncio, at whatever moment they come."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context

_ENOUGH = 4096
"""Bytes to take at a time; each signal that has a handler brings one."""


@contextmanager
def woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let no signal be missed while the loop runs, in the main thread.

    Python runs the handlers of signals between two steps of its own. For one that comes between
    the last step and the wait for events that would be when something else ends the wait. A byte
    in a socket ends it. uvloop has that for every signal, asyncio for those of its own handlers.
    """
    if not isinstance(loop, asyncio.SelectorEventLoop) or not _is_main_thread():
        yield
        return
    woken, wake = socket.socketpair()
    with woken, wake:
        woken.setblocking(False)
        wake.setblocking(False)
        ours = wake.fileno()
        if not _is_taken(ours):
            yield
            return
        Context().run(_drain_with, loop, woken)
        try:
            yield
        finally:
            now = signal.set_wakeup_fd(-1)
            if now != ours:
                signal.set_wakeup_fd(now)  # of who came later
            loop.remove_reader(woken)


def _is_taken(descriptor: int) -> bool:
    """Have signals write to a descriptor, unless somebody sees to that already."""
    try:
        before = signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
    except ValueError:  # an interpreter inside of another program, to which signals do not come
        return False
    if before != -1:
        signal.set_wakeup_fd(before)
    return before == -1


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _drain_with(loop: asyncio.AbstractEventLoop, woken: socket.socket) -> None:
    loop.add_reader(woken, woken.recv, _ENOUGH)
