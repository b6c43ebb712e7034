"""A loop whose time is made up, and small things that several test modules need."""

import asyncio
import logging
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from ostro.ioloop import IOLoop


class FakeSelector(selectors.SelectSelector):
    """Lets time pass at once where a loop would wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        # What to do when the loop would wait without end.
        self.on_idle: Callable[[], object] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if timeout is None and not events:
            assert self.on_idle is not None, "the test waits for something that never happens"
            self.on_idle()
        elif timeout is not None and not events:
            self.now += max(timeout, 0)
        return events


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """A loop on made-up time, that advances only by what the loop waits for."""

    def __init__(self, clock_resolution: float = 1e-9) -> None:
        self.selector = FakeSelector()
        super().__init__(self.selector)
        # asyncio runs a timer early by as much as the clock cannot tell.
        self._clock_resolution = clock_resolution

    def time(self) -> float:
        return self.selector.now

    def advance(self, seconds: float) -> None:
        """Let time pass while the loop is busy."""
        self.selector.now += seconds


@contextmanager
def fake_time(clock_resolution: float = 1e-9) -> Iterator[tuple[IOLoop, FakeTimeLoop]]:
    """Give a current IOLoop on made-up time, and its asyncio loop."""
    loop = FakeTimeLoop(clock_resolution)
    io_loop = IOLoop(loop)
    io_loop.make_current()
    try:
        yield io_loop, loop
    finally:
        io_loop.close()


class Handler:
    """An exception handler that keeps what it is given and consumes it."""

    def __init__(self, then: Callable[[], object] | None = None) -> None:
        self.seen: list[BaseException] = []
        self._then = then

    def __call__(
        self,
        exc_type: type[BaseException],
        exc_value: BaseException,
        traceback: TracebackType | None,
    ) -> bool:
        self.seen.append(exc_value)
        if self._then is not None:
            self._then()
        return True


def run_until_idle(io_loop: IOLoop) -> None:
    """Run what is ready, and what that starts at once."""
    for _ in range(5):
        io_loop.asyncio_loop.call_soon(io_loop.asyncio_loop.stop)
        io_loop.start()


def errors_of(records: list[logging.LogRecord]) -> list[str]:
    """Return the messages with the errors that were logged along with them."""
    return [
        f"{record.name}: {record.getMessage()}: {record.exc_info[1]!r}"
        for record in records
        if record.exc_info
    ]
