"""Waiting for time to pass, or not longer than that.

(Any, here: what is waited for may be of any type that convert_yielded knows, and so its result.)
"""

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future as ConcurrentFuture
from typing import Any, TypeVar, overload

from ostro.ioloop import IOLoop

from ._convert import convert_yielded
from ._errors import TimeoutError
from ._loops import alive_on, current_loop
from ._multi import ExceptionTypes
from ._outcome import set_outcome, take

T = TypeVar("T")

Message = str | Callable[[], str]

_application_log = logging.getLogger("ostro.application")


def sleep(duration: float) -> asyncio.Future[None]:
    """Return a future that is done after a time. Cancelling it is all right.

    Args:
        duration: Seconds of the monotonic clock; what is not above 0 lasts one round of the loop.

    Raises:
        ostro.ioloop.InvalidArgumentError: If `duration` is not a number (NaN).
    """
    future: asyncio.Future[None] = asyncio.Future(loop=current_loop())
    timer = IOLoop.current().call_later(duration, _end_sleep, future)
    future.add_done_callback(lambda _: timer.cancel())
    return future


def _end_sleep(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@overload
def with_timeout(
    timeout: float | datetime.timedelta,
    future: Awaitable[T] | ConcurrentFuture[T],
    quiet_exceptions: ExceptionTypes = (),
    *,
    message: Message | None = None,
) -> asyncio.Future[T]: ...
@overload
def with_timeout(
    timeout: float | datetime.timedelta,
    future: Any,
    quiet_exceptions: ExceptionTypes = (),
    *,
    message: Message | None = None,
) -> asyncio.Future[Any]: ...
def with_timeout(
    timeout: float | datetime.timedelta,
    future: Any,
    quiet_exceptions: ExceptionTypes = (),
    *,
    message: Message | None = None,
) -> asyncio.Future[Any]:
    """Wait for something, but no longer than up to a deadline.

    When the time is over, what was waited for is *not* cancelled: it goes on, and if it fails
    later, that is logged. (`asyncio.wait_for` is the one that cancels.) Cancelling the returned
    future cancels it, though.

    Args:
        timeout: A unix timestamp, as `IOLoop.time` returns, or a timedelta from now.
        future: Anything that can be yielded.
        quiet_exceptions: Types of exceptions that are not logged after the time is over.
        message: What the TimeoutError says: a text, or a function that is called for it when the
            time is over. None: that it was not finished by then.

    Returns:
        A future for the same outcome, or with a TimeoutError as its exception.

    Raises:
        ostro.ioloop.InvalidArgumentError: If `timeout` is something else.
        BadYieldError: If `future` cannot be waited for.
    """
    waited_for = convert_yielded(future)
    if waited_for.done():
        return waited_for
    return _Deadline(timeout, waited_for, quiet_exceptions, message).future


class _Deadline:
    """One wait with a deadline."""

    __slots__ = ("_message", "_quiet_exceptions", "_timeout", "_timer", "_waited_for", "future")

    def __init__(
        self,
        timeout: float | datetime.timedelta,
        waited_for: asyncio.Future[Any],
        quiet_exceptions: ExceptionTypes,
        message: Message | None,
    ) -> None:
        io_loop = IOLoop.current()
        self._timeout = timeout
        self._waited_for = waited_for
        self._quiet_exceptions = quiet_exceptions
        self._message = message
        self._timer = io_loop.add_timeout(timeout, self._expire)
        self.future: asyncio.Future[Any] = asyncio.Future(loop=io_loop.asyncio_loop)
        waited_for.add_done_callback(self._finish)
        self.future.add_done_callback(self._end)

    def _finish(self, waited_for: asyncio.Future[Any]) -> None:
        if not self.future.done():
            set_outcome(self.future, *take(waited_for.result))

    def _expire(self) -> None:
        if self.future.done() or self._waited_for.done():
            return
        self._waited_for.remove_done_callback(self._finish)
        self._waited_for.add_done_callback(self._log)
        # Nobody else may have it.
        alive_on(self._waited_for.get_loop()).add(self._waited_for)
        try:
            self.future.set_exception(TimeoutError(self._say_why()))
        except Exception as error:  # noqa: BLE001 - whatever the function for the message raises
            self.future.set_exception(error)

    def _say_why(self) -> str:
        message = self._message
        if message is None:
            return f"not finished {_describe(self._timeout)}"
        return message() if callable(message) else message

    def _end(self, future: asyncio.Future[Any]) -> None:
        self._timer.cancel()
        if future.cancelled():
            self._waited_for.cancel()

    def _log(self, late: asyncio.Future[Any]) -> None:
        alive_on(late.get_loop()).discard(late)
        if late.cancelled():
            return
        error = late.exception()
        if error is not None and not isinstance(error, self._quiet_exceptions):
            _application_log.error("an exception after with_timeout gave up", exc_info=error)


def _describe(timeout: float | datetime.timedelta) -> str:
    if isinstance(timeout, datetime.timedelta):
        return f"within {timeout.total_seconds()} seconds"
    return f"by its deadline, the unix time {timeout:.3f}"
