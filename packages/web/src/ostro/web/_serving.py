"""Serving an application from its startup to its end: signals, draining, several processes.

This file owns the order of things. Connections are the server's, hooks are `_lifespan`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ostro.httpserver import HTTPServer
from ostro.ioloop import IOLoop
from ostro.ioloop import run as run_loop

from .errors import StartupError

if TYPE_CHECKING:
    from mmap import mmap

    from ._application import Application

__all__ = ["DEFAULT_DRAIN_TIMEOUT", "ApplicationServer", "run_until_stopped", "serve_until_stopped"]

general_log = logging.getLogger("ostro.general")

DEFAULT_DRAIN_TIMEOUT = 30.0
"""Seconds for what is in flight when the server is told to stop; supervisors often wait as long."""

CLEANUP_TIMEOUT = 1.0
"""Seconds that handlers have for their last steps when their connections are closed, at least."""


class ApplicationServer(HTTPServer):
    """An HTTPServer that accepts nothing before it is opened."""

    _held: tuple[socket.socket, ...] = ()

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Keep listening sockets until `open`."""
        self._held = (*self._held, *sockets)

    def open(self) -> None:
        """Accept from now on; what has connected before is waiting."""
        held, self._held = self._held, ()
        super().add_sockets(held)

    def stop(self) -> None:
        """Stop listening, opened or not."""
        super().stop()
        held, self._held = self._held, ()
        for sock in held:
            sock.close()


def run_until_stopped(
    application: Application,
    server: ApplicationServer,
    listen: Callable[[], None],
    processes: int | None,
    max_restarts: int | None,
    drain_timeout: float | None,
) -> None:
    """Serve, on a loop of its own or on the current one, until a signal comes; `listen` binds the
    sockets.
    """
    if processes == 1:
        _run(functools.partial(serve_until_stopped, application, server, listen, drain_timeout))
        return
    listen()
    from mmap import mmap

    # One byte that all processes share: whether one of them has ever come up.
    with mmap(-1, 1) as came_up:
        try:
            server.start(processes, max_restarts)
        except SystemExit:  # in the parent, whose processes have ended because they were told to
            _end_with_program()
            raise
        _run_child(application, server, drain_timeout, came_up)


def _run(main: Callable[[], object]) -> None:
    if IOLoop.initialized() or IOLoop.current(instance=False) is not None:
        IOLoop.current().run_sync(main)
    else:
        run_loop(main)


def _run_child(
    application: Application,
    server: ApplicationServer,
    drain_timeout: float | None,
    came_up: mmap,
) -> None:
    """Serve in a process that the parent restarts when it fails; not so when none comes up."""

    def note() -> None:
        came_up[0] = 1

    try:
        _run(functools.partial(serve_until_stopped, application, server, None, drain_timeout, note))
    except StartupError:
        if not came_up[0]:
            # The parent passes it on to this process, too, which is to end with its error.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.kill(os.getppid(), signal.SIGTERM)
        raise


async def serve_until_stopped(
    application: Application,
    server: ApplicationServer,
    listen: Callable[[], None] | None,
    drain_timeout: float | None,
    on_started: Callable[[], None] | None = None,
) -> None:
    """Start the application up, serve until it is told to stop, drain, and shut it down.

    `listen` binds the sockets; None where that is done.
    """
    stop = _Stop()
    try:
        with stop.on_signals():
            # Not before: who sees the port open may send a signal.
            if listen is not None:
                listen()
                server.start()
            async with application.lifespan():
                server.open()
                if on_started is not None:
                    on_started()
                try:
                    await stop.asked()
                finally:
                    await _drain(application, server, drain_timeout)
    except asyncio.CancelledError:
        if not stop.take_back():
            raise
    finally:
        server.stop()


async def _drain(
    application: Application, server: ApplicationServer, seconds: float | None
) -> None:
    server.stop()
    began = time.monotonic()
    # A task of its own: what its timeout throws into it passes through no frame but its own.
    draining = asyncio.ensure_future(server.drain(seconds))
    try:
        if not await draining:
            general_log.warning("some connections did not end in %s s and were closed", seconds)
        left = None if seconds is None else began + seconds - time.monotonic()
        await _see_off(application, left)
    except asyncio.CancelledError:
        await server.close_all_connections()
        await _see_off(application, 0)
        raise


async def _see_off(application: Application, seconds: float | None) -> None:
    """Let the handlers whose clients are gone come to their end, which may need what `lifespan`
    provides.
    """
    await asyncio.sleep(0)  # streams that were closed tell of it with the next turn of the loop
    tasks = [task for each in application._with_mounted() for task in each._outliving]
    if tasks:
        patience = None if seconds is None else max(seconds, CLEANUP_TIMEOUT)
        _, pending = await asyncio.wait(tasks, timeout=patience)
        if pending:
            general_log.warning("%d handlers did not end with their connections", len(pending))


def _end_with_program() -> None:
    """Let `python -m ostro.autoreload` end with the program, where it runs that."""
    if autoreload := sys.modules.get("ostro.autoreload"):  # others need not import it
        autoreload.end_with_program()


class _Stop:
    """How a signal ends it: the first in good order, another without waiting for clients."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._event = asyncio.Event()
        # Whether the application serves: then it can be asked, and need not be cancelled.
        self._serving = False
        # How often the task was cancelled from here.
        self._cancelled = 0

    async def asked(self) -> None:
        """Wait until it is asked to stop."""
        self._serving = True
        await self._event.wait()

    def take_back(self) -> bool:
        """Undo the cancelling that was done here; tell whether there was no other."""
        for _ in range(self._cancelled):
            self._task.uncancel()
        return self._cancelled > 0 and not self._task.cancelling()

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listen to SIGTERM and SIGINT, where this thread and this platform can."""
        loop = asyncio.get_running_loop()
        before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                handler = signal.getsignal(number)
                if handler != signal.SIG_IGN:  # nohup, a job in the background
                    with contextlib.suppress(NotImplementedError):  # Windows
                        loop.add_signal_handler(number, self._on_signal, number)
                        before[number] = handler
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler or signal.SIG_DFL)

    def _on_signal(self, number: signal.Signals) -> None:
        _end_with_program()
        if self._serving and not self._event.is_set():
            general_log.info("%s: finishing what is in flight", number.name)
            self._event.set()
        else:
            general_log.info("%s: stopping at once", number.name)
            self._cancelled += 1
            self._task.cancel()
