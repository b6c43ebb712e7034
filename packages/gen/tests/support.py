"""What the tests of this package share."""

import asyncio
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any

from ostro.stack_context import ExceptionStackContext

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
# Any: engine or coroutine, on a function of any kind.


class Later:
    """Functions that take a callback, and keep it until the test calls it."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[..., Any]] = []
        self.called = asyncio.Event()

    def __call__(self, callback: Callable[..., Any]) -> None:
        self.callbacks.append(callback)
        self.called.set()

    def finish(self, *args: Any, **kwargs: Any) -> None:
        """Call the callback that was kept longest."""
        self.callbacks.pop(0)(*args, **kwargs)


class Caught:
    """An exception handler for a stack context: it keeps what it gets."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._event = asyncio.Event()

    def __call__(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> bool:
        self.errors.append(error)
        self._event.set()
        return True

    def context(self) -> ExceptionStackContext:
        """Return a stack context with this handler."""
        return ExceptionStackContext(self)

    async def one(self) -> BaseException:
        """Return the next error, when it comes."""
        await self._event.wait()
        self._event.clear()
        return self.errors[-1]


async def turns(count: int = 5) -> None:
    """Let the loop run so many times: enough for whatever is ready to have happened."""
    for _ in range(count):
        await asyncio.sleep(0)


class BoomError(Exception):
    """An error of the program under test."""


def fail(*args: Any, **kwargs: Any) -> None:
    """Raise BoomError."""
    raise BoomError


def completed(value: object) -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.Future()
    future.set_result(value)
    return future


def failed(error: BaseException) -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.Future()
    future.set_exception(error)
    return future


class Awaitable:
    """Something with __await__, and no more."""

    def __await__(self) -> Generator[Any, None, str]:
        yield from asyncio.sleep(0).__await__()
        return "awaited"


async def native() -> str:
    await asyncio.sleep(0)
    return "native"
