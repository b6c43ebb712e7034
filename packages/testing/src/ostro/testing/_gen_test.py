"""gen_test: the decorator for tests that are generators or coroutines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from ._case import AsyncTestCase
from ._runner import as_awaitable, refuse_result

__all__ = ["gen_test"]

_P = ParamSpec("_P")
_S = TypeVar("_S", bound=AsyncTestCase)

# Any: whatever a generator or coroutine gives.
_Test = Callable[Concatenate[_S, _P], Any]


@overload
def gen_test(
    func: None = None, timeout: float | None = None
) -> Callable[[_Test[_S, _P]], Callable[Concatenate[_S, _P], None]]: ...
@overload
def gen_test(
    func: _Test[_S, _P], timeout: float | None = None
) -> Callable[Concatenate[_S, _P], None]: ...
def gen_test(func: _Test[_S, _P] | None = None, timeout: float | None = None) -> Callable[..., Any]:
    """Run a test method, a generator or a coroutine, on the loop of its AsyncTestCase.

        class MyTest(AsyncHTTPTestCase):
            @gen_test
            def test_something(self):
                response = yield self.http_client.fetch(self.get_url("/"))

            @gen_test(timeout=10)
            async def test_something_slow(self):
                response = await self.http_client.fetch(self.get_url("/slow"))

    A method that needs no other time limit needs no decorator either: AsyncTestCase runs generators
    and coroutines as they are.

    Args:
        func: The method.
        timeout: Seconds, 0 for no limit; None for what `get_async_test_timeout` says.
    """
    if func is None:
        return functools.partial(gen_test, timeout=timeout)
    method = func

    @functools.wraps(method)
    def test(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        name = getattr(method, "__qualname__", repr(method))
        result = self._run(name, lambda: as_awaitable(name, method(self, *args, **kwargs)), timeout)
        refuse_result(name, result)

    return test
