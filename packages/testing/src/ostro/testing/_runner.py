"""Run a coroutine, a generator, whatever a test is made of, on a loop and within a time."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from ostro import gen
from ostro.ioloop import IOLoop, TimeoutError

from .errors import AsyncTestTimeoutError, ReturnValueError

__all__ = ["as_awaitable", "refuse_result", "run_on"]


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
        return _run_generator(result)
    raise ReturnValueError(name, result)


def refuse_result(name: str, result: object) -> None:
    """Raise ReturnValueError if a test that is over gives something other than None."""
    __tracebackhide__ = True
    if result is not None:
        raise ReturnValueError(name, result)


# Any: a generator yields and returns what it likes
_Generator = Generator[Any, Any, Any]


async def _run_generator(generator: _Generator) -> object:
    cancelled: list[asyncio.CancelledError] = []
    try:
        return await gen.coroutine(_note_cancellation)(generator, cancelled)
    except asyncio.CancelledError as error:
        # The traceback of the one that came into the generator shows where that stood.
        raise next(iter(cancelled), error) from None


def _note_cancellation(
    generator: _Generator, cancelled: list[asyncio.CancelledError]
) -> _Generator:
    try:
        return (yield from generator)
    except asyncio.CancelledError as error:
        cancelled.append(error)
        raise


def run_on(
    io_loop: IOLoop, name: str, func: Callable[[], Awaitable[object] | None], timeout: float
) -> object:
    """Run `func` and what it returns on a loop that is not running; return the result.

    `timeout` is in seconds, 0 for no limit. Raises AsyncTestTimeoutError, whose message and cause
    show where it was waiting.
    """
    __tracebackhide__ = True
    try:
        return io_loop.run_sync(func, timeout or None)
    except TimeoutError as error:
        cancelled = _first_of(error)
        raise AsyncTestTimeoutError(name, timeout, _place_of(cancelled)) from cancelled


def _first_of(error: BaseException) -> BaseException:
    """Return the cancellation that became the error of a timeout."""
    before: BaseException | None = error
    while before is not None and not isinstance(error, asyncio.CancelledError):
        error = before
        before = error.__cause__ or error.__context__  # Python 3.11.2 names no cause
    return error


def _place_of(error: BaseException) -> str:
    """Say where the test stood, or what it called in the same file; "" if it was not running."""
    file = place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__", "").partition(".")[0] in _FOREIGN:
            continue
        code = frame.f_code
        file = file or code.co_filename
        if code.co_filename == file:
            place = f"{file}:{line}, in {code.co_name}"
    return place


_FOREIGN = frozenset({"ostro", "asyncio"})
"""Packages whose frames lie around those of a test."""
