"""Run a coroutine, a generator, whatever a test is made of, on a loop and within a time."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator

from ostro import gen
from ostro.ioloop import IOLoop, TimeoutError

from .errors import AsyncTestTimeoutError, ReturnValueError

__all__ = ["as_awaitable", "run_on"]


def as_awaitable(name: str, result: object) -> Awaitable[object] | None:
    """Return what a test returned as something to wait for; None where there is nothing.

    A generator runs as `gen.coroutine` would run it. Raises ReturnValueError for anything that
    cannot be awaited.
    """
    if result is None:
        return None
    if inspect.isawaitable(result):
        return result
    if isinstance(result, Generator):
        return gen.coroutine(lambda: result)()
    raise ReturnValueError(name, result)


def run_on(
    io_loop: IOLoop, name: str, func: Callable[[], Awaitable[object] | None], timeout: float
) -> object:
    """Run `func` and what it returns on a loop that is not running; return the result.

    `timeout` is in seconds, 0 for no limit. Raises AsyncTestTimeoutError, whose cause shows where
    it was waiting.
    """
    try:
        return io_loop.run_sync(func, timeout or None)
    except TimeoutError as error:
        raise AsyncTestTimeoutError(name, timeout) from error.__cause__
