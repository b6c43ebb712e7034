"""How a generator ends, and the future that tells it.

(Any, here: the result of a generator may be of any type, and so may the message of a cancellation.)
"""

import asyncio
from asyncio import CancelledError, Future
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ._loops import current_loop

if TYPE_CHECKING:
    from ._runner import Runner

E = TypeVar("E", bound=BaseException)


class Return(Exception):  # noqa: N818 - no error: a way to return
    """Raise this in a `coroutine` to return a value: the same as `return value`.

    Args:
        value: The result.
    """

    def __init__(self, value: Any = None) -> None:  # Any: whatever the coroutine returns
        super().__init__(value)
        self.value = value


class CoroutineFuture(Future[Any]):
    """The future of a generator that waits. To cancel it is to cancel the generator."""

    __slots__ = ("_cancel_generator", "successor")

    # No __init__: it would be called from C, which doubles the time to make one. `of` sets both.
    _cancel_generator: Callable[[Any], bool] | None
    # None when it has ended: there is no reference cycle then.
    successor: "Runner | None"
    # The Runner of the first generator that waits for this one: it goes on when this one ends,
    # without a turn of the loop.

    @classmethod
    def of(
        cls, cancel_generator: Callable[[Any], bool], loop: asyncio.AbstractEventLoop
    ) -> "CoroutineFuture":
        """Return a new one."""
        future = cls(loop=loop)
        future._cancel_generator = cancel_generator
        future.successor = None
        return future

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel what the generator waits for, or raise CancelledError at its yield.

        As with an asyncio.Task, the future is done when the generator is, which may take its time
        to clean up, or go on nevertheless.

        Returns:
            False if it was done already.
        """
        return self._cancel_generator is not None and self._cancel_generator(msg)

    def settle(self, value: Any, error: BaseException | None) -> None:
        """Tell how the generator ended. The caller continues with the successor."""
        self._cancel_generator = None
        if isinstance(error, CancelledError):
            super().cancel(*error.args)
        else:
            set_outcome(self, value, error)


def set_outcome(future: Future[Any], value: Any, error: BaseException | None) -> None:
    """Give a future a result or an exception, or cancel it if that is what the exception says."""
    if error is None:
        future.set_result(value)
    elif isinstance(error, CancelledError):
        future.cancel(*error.args)
    else:
        future.set_exception(error)


def settled_future(value: Any, error: BaseException | None) -> Future[Any]:
    """Return a future that is done."""
    future: Future[Any] = Future(loop=current_loop())
    if error is None:
        future.set_result(value)
    else:
        set_outcome(future, value, error)
    return future


def take(get: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Return what `get` returns and what it raises, one of them None."""
    try:
        return get(), None
    except BaseException as raised:  # noqa: BLE001 - it is the generator's
        return None, without_our_frames(raised)


def without_our_frames(error: E) -> E:
    """Drop from the front of its traceback the frames of this package.

    Tracebacks then show the program's frames and not ours; and there is no reference cycle from
    the exception through our frames to the future that holds the exception, which would delay the
    report of exceptions that nobody retrieves.
    """
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__package__") != __package__:
            break
        traceback = traceback.tb_next
    return error.with_traceback(traceback)
