"""LeakCheck: what a piece of code leaves behind, in the loop and in the operating system."""

from __future__ import annotations

import asyncio
import functools
import gc
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from ostro.ioloop import IOLoop

from ._open_files import describe, made_at, open_files
from ._warning_trap import UNCLOSED, WarningTrap
from .errors import LeakError

__all__ = ["LeakCheck"]

DEFAULT_GRACE = 0.5
"""Seconds that what is about to end has for it: the peer's end of a connection, for one."""

_POLL = 0.002
"""Seconds between two looks, once a few rounds of the loop have not been enough."""

_ROUNDS = 10

_FRAMES = 15
"""Frames that tracemalloc keeps: those of this framework between the program and a socket, too."""

_HINT = "(where they were made is shown with asyncio's debug mode: PYTHONASYNCIODEBUG=1)"


class LeakCheck:
    """Raise LeakError for what a block leaves behind: tasks, streams, sockets, files.

        with LeakCheck(io_loop):
            io_loop.run_sync(main)

        async with LeakCheck():
            await main()

    Looked for are tasks of the loop that are pending, file descriptors that are open (streams and
    sockets among them), and what was thrown away without being closed. What was there before the
    block does not count. If the loop is in asyncio's debug mode, the message says where each thing
    was made, which makes the block slow. An exception of the block comes before any of this.

    It can be used any number of times, one after the other.

    Args:
        io_loop: The loop; None means `IOLoop.current()`.
        grace: Seconds that what is about to end has for it.
    """

    def __init__(self, io_loop: IOLoop | None = None, *, grace: float = DEFAULT_GRACE) -> None:
        self._io_loop = IOLoop.current() if io_loop is None else io_loop
        self._loop = self._io_loop.asyncio_loop
        self._grace = grace
        self._tasks: set[asyncio.Task[Any]] = set()
        self._files = open_files()
        self._own_trace = False
        # The warnings of things that are thrown away. A trap does not work across the phases of
        # pytest, which sets its own for each: see `begin`.
        self._trap: WarningTrap | None = None
        self._stack = ExitStack()

    # For whoever cannot use a block

    def begin(self) -> None:
        """Take note of what is there. Things that are thrown away are not looked for."""
        if not self._loop.is_running():
            self._io_loop.run_sync(_warm_up)
        self._tasks = asyncio.all_tasks(self._loop)
        self._files = open_files()
        if self._loop.get_debug() and not tracemalloc.is_tracing():
            tracemalloc.start(_FRAMES)
            self._own_trace = True

    def end(self) -> None:
        """Raise LeakError for what is there and was not before. The loop must not be running."""
        # Looked at while the loop stands still: uvloop has more files open while it runs.
        for seconds in self._pauses():
            self._io_loop.run_sync(functools.partial(asyncio.sleep, seconds))
        self._look()

    # As a block

    def __enter__(self) -> Self:
        self.begin()
        self._trap = self._stack.enter_context(WarningTrap(*UNCLOSED))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with self._stack:
            if error is None:
                self.end()
            else:
                self._stop_tracing()

    async def __aenter__(self) -> Self:
        await _warm_up()
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with self._stack:
            if error is None:
                await self._settle()
                self._look()
            else:
                self._stop_tracing()

    # Looking

    async def _settle(self) -> None:
        for seconds in self._pauses():
            await asyncio.sleep(seconds)

    def _pauses(self) -> Iterator[float]:
        """Yield how long the loop is to run before the next look, until nothing is left."""
        end = self._loop.time() + self._grace
        rounds = 0
        while not self._loop.is_closed() and self._is_anything_left():
            if rounds < _ROUNDS:
                yield 0
            elif self._loop.time() < end:
                yield _POLL
            else:
                return
            rounds += 1

    def _is_anything_left(self) -> bool:
        return bool(self._new_tasks() or self._new_files())

    def _new_tasks(self) -> set[asyncio.Task[Any]]:
        tasks = asyncio.all_tasks(self._loop) - self._tasks
        if self._loop.is_running():
            tasks.discard(asyncio.current_task())
        return tasks

    def _new_files(self) -> list[int]:
        return [fd for fd, file in open_files().items() if self._files.get(fd) != file]

    def _look(self) -> None:
        """Raise LeakError if something is left."""
        if self._new_files():
            gc.collect()  # what nobody refers to is closed by this, with a warning
        tasks = sorted(self._new_tasks(), key=lambda task: task.get_name())
        leaks = [f"a pending task: {task!r}{made_at(task)}" for task in tasks]
        leaks += describe(self._new_files())
        if self._trap is not None:
            leaks += [f"thrown away without being closed: {text}" for text in self._trap.caught]
        is_tracing = tracemalloc.is_tracing()
        self._stop_tracing()
        if leaks:
            raise LeakError(leaks, "" if is_tracing else _HINT)

    def _stop_tracing(self) -> None:
        if self._own_trace:
            tracemalloc.stop()
            self._own_trace = False


async def _warm_up() -> None:
    """Have the loop open what it opens once and keeps: uvloop, /dev/null for its first stream."""
    one, other = socket.socketpair()
    with other:
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=one
        )
        transport.close()
        await asyncio.sleep(0)
