"""The one way in which a result reaches a callback."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ._loop import IOLoop

T = TypeVar("T")


class _HasResult(Protocol):
    def result(self) -> object: ...


class _Delivery:
    """Call a callback with what a finished future holds; an exception of it is raised."""

    __slots__ = ("__wrapped__",)

    def __init__(self, callback: Callable[..., object]) -> None:
        self.__wrapped__ = callback

    def __call__(self, future: _HasResult) -> object:
        return self.__wrapped__(future.result())


def deliver(
    awaitable: Awaitable[T],
    callback: Callable[[T], object],
    io_loop: IOLoop | None = None,
) -> None:
    """Call `callback` with the result of `awaitable`, through the loop, when it is there.

    The callback runs under the stack of contexts that is in force here. So does an exception of
    the awaitable: it goes to the ExceptionStackContexts of this place, and, if none consumes it,
    to `IOLoop.handle_callback_exception`; the callback is not called. Nothing is left unread: no
    warning about a future whose exception was never retrieved. If the awaitable is cancelled,
    nothing is called.

    Args:
        awaitable: A coroutine, a future (of asyncio or of concurrent.futures) or a Completed.
        callback: Called with the result. Never called inside this call.
        io_loop: The loop to call it on; None means `IOLoop.current()`.
    """
    if io_loop is None:
        io_loop = IOLoop.current()
    io_loop.add_future(awaitable, _Delivery(callback))
