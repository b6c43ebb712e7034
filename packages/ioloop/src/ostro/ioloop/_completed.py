"""An awaitable whose result is there from the start, and that needs no event loop."""

import asyncio
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Completed(Generic[T_co]):
    """An awaitable that is done: what a Future is for work that took no waiting.

    It can be awaited any number of times, in any loop and in any thread, and be made where no loop
    runs at all (WSGI, a write that went out whole). It cannot hold an exception.

    Args:
        result: What awaiting it gives.
    """

    __slots__ = ("_result",)

    def __init__(self, result: T_co) -> None:
        self._result = result

    def __await__(self) -> Generator[None, None, T_co]:
        yield from ()
        return self._result

    def done(self) -> bool:
        """Return True."""
        return True

    def result(self) -> T_co:
        """Return the result."""
        return self._result

    def exception(self) -> BaseException | None:
        """Return None: there is no exception."""
        return None

    def cancelled(self) -> bool:
        """Return False."""
        return False

    def cancel(self, msg: object = None) -> bool:
        """Return False: it is too late to cancel."""
        return False

    def add_done_callback(self, fn: Callable[["Completed[T_co]"], object]) -> None:
        """Call `fn` with this object: through the running loop, or at once if none runs here."""
        loop = asyncio._get_running_loop()
        if loop is None:
            fn(self)
        else:
            loop.call_soon(fn, self)

    def __repr__(self) -> str:
        return f"Completed({self._result!r})"


COMPLETED: Completed[None] = Completed(None)
"""The one that is shared wherever there is nothing to wait for and nothing to tell."""
