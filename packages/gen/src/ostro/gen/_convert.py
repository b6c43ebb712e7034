"""From whatever may be yielded to a future.

(Any, here: programs add types, and the results of what they wait for are of any type.)
"""

import asyncio
import concurrent.futures
import functools
import inspect
from collections.abc import Awaitable, Generator
from typing import Any, TypeVar, overload

from ostro.ioloop import Completed

from ._errors import BadYieldError
from ._loops import current_loop

T = TypeVar("T")


class _Moment:
    """The type of `moment`."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield  # what asyncio takes for "go on at the next round"

    def __repr__(self) -> str:
        return "gen.moment"


moment = _Moment()
"""Yield this (or None) to let the loop run everything else that is ready once.

It can be awaited in an `async def` function too, any number of times.
"""


@functools.singledispatch
def convert_yielded(yielded: Any) -> asyncio.Future[Any]:
    """Return a future for something that can be yielded: what a generator waits for.

    It knows futures of asyncio and of concurrent.futures, every awaitable (which is run as a
    task), None, `Task`, lists and dicts. Programs may teach it other types:

        @gen.convert_yielded.register
        def _(deferred: Deferred) -> asyncio.Future: ...

    and yield those in `gen.coroutine` and `gen.engine` functions then.

    Args:
        yielded: Something to wait for.

    Raises:
        BadYieldError: If it cannot be waited for.
    """
    if asyncio.isfuture(yielded):
        return yielded
    if inspect.isawaitable(yielded):
        return asyncio.ensure_future(yielded, loop=current_loop())
    raise BadYieldError(yielded)


@convert_yielded.register
def _(yielded: None) -> asyncio.Future[Any]:
    return asyncio.ensure_future(moment, loop=current_loop())


@convert_yielded.register(Completed)
def _(yielded: Completed[Any]) -> asyncio.Future[Any]:
    return completed_future(yielded.result())


@convert_yielded.register(concurrent.futures.Future)
def _(yielded: concurrent.futures.Future[Any]) -> asyncio.Future[Any]:
    return asyncio.wrap_future(yielded, loop=current_loop())


def completed_future(result: T) -> asyncio.Future[T]:
    """Return a future that has this result."""
    future: asyncio.Future[T] = asyncio.Future(loop=current_loop())
    future.set_result(result)
    return future


@overload
def maybe_future(x: Awaitable[T]) -> asyncio.Future[T]: ...
@overload
def maybe_future(x: concurrent.futures.Future[T]) -> asyncio.Future[T]: ...
@overload
def maybe_future(x: T) -> asyncio.Future[T]: ...
def maybe_future(x: Any) -> asyncio.Future[Any]:
    """Return a future, whether `x` can be awaited or is a result by itself.

    Args:
        x: An awaitable or a concurrent future, of which the future is returned; or anything else,
            which becomes the result of one. (A list or a None is a result here.)
    """
    if inspect.isawaitable(x) or isinstance(x, concurrent.futures.Future):
        return convert_yielded(x)
    return completed_future(x)
