"""WaitIterator: several things to wait for, each result as it comes.

(Any, here: what is waited for may be of any type that convert_yielded knows, and so its result.)
"""

import asyncio
from collections import deque
from typing import Any, Self

from ._convert import convert_yielded
from ._errors import ExhaustedError
from ._loops import current_loop
from ._outcome import set_outcome, take


class WaitIterator:
    """Give the results of several awaitables in the order in which they come.

    Args:
        *args: What to wait for: anything that can be yielded. If there is nothing, `done` is true
            from the start.
        **kwargs: The same with names, instead.

    In a generator:

        results = gen.WaitIterator(first, second)
        while not results.done():
            try:
                result = yield results.next()
            except Exception as error:
                print(f"{results.current_index} failed: {error}")
            else:
                print(f"{results.current_index} gave {result}")

    In an `async def` function: `async for result in gen.WaitIterator(first, second)`.

    Attributes:
        current_index: The position, or the name, of the last result that `next` gave; None before.
        current_future: The future that it was the result of; None before.

    Raises:
        TypeError: If there are both positional and keyword arguments.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise TypeError("WaitIterator takes positional or keyword arguments, not both")
        self.current_index: int | str | None = None
        self.current_future: asyncio.Future[Any] | None = None
        self._loop = current_loop()
        # Those whose results have not been given; those of them that are done, in that order.
        self._left = len(args) + len(kwargs)
        self._done: deque[tuple[int | str, asyncio.Future[Any]]] = deque()
        # What `next` returned, while it has no result.
        self._next: asyncio.Future[Any] | None = None
        for position, child in enumerate(args):
            self._watch(position, convert_yielded(child))
        for name, child in kwargs.items():
            self._watch(name, convert_yielded(child))

    def _watch(self, index: int | str, future: asyncio.Future[Any]) -> None:
        if future.done():
            self._done.append((index, future))
        else:
            future.add_done_callback(lambda done: self._finish(index, done))

    def _finish(self, index: int | str, future: asyncio.Future[Any]) -> None:
        self._done.append((index, future))
        if self._next is not None and not self._next.done():
            self._give(self._next)

    def _give(self, taker: asyncio.Future[Any]) -> None:
        self.current_index, self.current_future = self._done.popleft()
        self._left -= 1
        set_outcome(taker, *take(self.current_future.result))

    def done(self) -> bool:
        """Tell whether every result was given."""
        return self._left == 0

    def next(self) -> asyncio.Future[Any]:
        """Return a future for the next result.

        `current_index` and `current_future` tell which it is, from when it is done up to the next
        call. While it is not done, further calls return the same future. Cancelling it loses no
        result.

        Raises:
            ExhaustedError: If every result was given.
        """
        if self._next is not None and not self._next.done():
            return self._next
        if self.done():
            raise ExhaustedError
        self._next = asyncio.Future(loop=self._loop)
        if self._done:
            self._give(self._next)
        return self._next

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> asyncio.Future[Any]:
        if self.done():
            raise StopAsyncIteration
        return self.next()
