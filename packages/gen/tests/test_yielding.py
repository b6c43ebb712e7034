"""What can be yielded, and what cannot."""

import asyncio
import concurrent.futures
import linecache
from collections.abc import Callable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, Completed, IOLoop

from .support import Awaitable, completed, fail, native

Body = Generator[Any, Any, Any]


def _concurrent(value: str) -> "concurrent.futures.Future[str]":
    future: concurrent.futures.Future[str] = concurrent.futures.Future()
    asyncio.get_running_loop().call_soon(future.set_result, value)
    return future


YIELDABLE: dict[str, tuple[Callable[[], Any], Any]] = {
    "native coroutine": (native, "native"),
    "task": (lambda: asyncio.ensure_future(native()), "native"),
    "coroutine": (gen.coroutine(native), "native"),
    "asyncio future": (lambda: completed(1), 1),
    "concurrent future": (lambda: _concurrent("thread"), "thread"),
    "Completed": (lambda: COMPLETED, None),
    "awaitable": (Awaitable, "awaited"),
    "nothing": (lambda: None, None),
    "moment": (lambda: gen.moment, None),
    "Task": (lambda: gen.Task(lambda callback: callback(1)), 1),
    "list": (lambda: [native(), Completed(2)], ["native", 2]),
    "dict": (lambda: {"a": native(), "b": [Completed(2)]}, {"a": "native", "b": [2]}),
    "empty list": (list, []),
    "empty dict": (dict, {}),
    "gather": (lambda: asyncio.gather(native(), native()), ["native"] * 2),
}


@pytest.mark.parametrize("subject", YIELDABLE)
@pytest.mark.parametrize("nested", [False, True], ids=["alone", "in a list"])
async def test_can_be_yielded(io_loop: IOLoop, subject: str, nested: bool) -> None:
    make, result = YIELDABLE[subject]

    @gen.coroutine
    def go() -> Body:
        if nested:
            [value] = yield [make()]
            return value
        return (yield make())

    assert await go() == result


@pytest.mark.parametrize("subject", YIELDABLE)
async def test_can_be_converted_to_a_future(io_loop: IOLoop, subject: str) -> None:
    make, result = YIELDABLE[subject]

    future = gen.convert_yielded(make())

    assert isinstance(future, asyncio.Future)
    assert await future == result


@pytest.mark.parametrize(
    ("yielded", "said"),
    [
        (5, "yielded 5 (of type int); what can be yielded: an awaitable"),
        ((1, 2), "which may be a list"),
        ({1, 2}, "which may be a list"),
        (fail, "which was perhaps to be called"),
        ((i for i in "ab"), "a bare generator: decorate its function with gen.coroutine"),
        ("x" * 1000, "(of type str)"),
        ([5], "yielded 5"),
        ({"a": 5}, "yielded 5"),
    ],
    ids=["number", "tuple", "set", "function", "generator", "string", "list", "dict"],
)
async def test_what_cannot_be_yielded_is_an_error_that_says_what_and_where(
    io_loop: IOLoop, yielded: object, said: str
) -> None:
    @gen.coroutine
    def go() -> Body:
        try:
            yield yielded
        except gen.BadYieldError as error:
            return error

    error = await go()

    message = str(error)
    assert said in message
    assert len(message) < 600
    assert go.__qualname__ in message
    filename, line = error.where.rstrip(")").rsplit("(", 1)[1].rsplit(":", 1)
    assert linecache.getline(filename, int(line)).strip() == "yield yielded"


async def test_place_of_a_bad_yield_is_that_of_the_inner_generator(io_loop: IOLoop) -> None:
    def inner() -> Body:
        yield 5  # here

    @gen.coroutine
    def outer() -> Body:
        yield from inner()

    with pytest.raises(gen.BadYieldError) as raised:
        await outer()

    filename, line = str(raised.value.where).rstrip(")").rsplit("(", 1)[1].rsplit(":", 1)
    assert linecache.getline(filename, int(line)).strip() == "yield 5  # here"


async def test_future_of_another_loop_is_refused(io_loop: IOLoop) -> None:
    other = asyncio.new_event_loop()

    @gen.coroutine
    def go() -> Body:
        yield other.create_future()

    with pytest.raises(gen.BadYieldError, match="belongs to another event loop"):
        await go()
    other.close()


@pytest.mark.parametrize("yielded", [5, "x", (), object()], ids=lambda value: type(value).__name__)
def test_what_cannot_be_yielded_cannot_be_converted(yielded: object) -> None:
    with pytest.raises(gen.BadYieldError, match="cannot wait for") as raised:
        gen.convert_yielded(yielded)

    assert raised.value.yielded is yielded
    assert raised.value.where is None


async def test_other_types_can_be_taught(io_loop: IOLoop) -> None:
    class Promise:
        """An awaitable of a library of its own."""

        def __init__(self, value: int) -> None:
            self.value = value

    @gen.convert_yielded.register
    def _(promise: Promise) -> "asyncio.Future[Any]":
        return completed(promise.value)

    @gen.coroutine
    def go() -> Body:
        one = yield Promise(1)
        return [one, *(yield [Promise(2), Promise(3)])]

    assert await go() == [1, 2, 3]
    assert await gen.convert_yielded(Promise(4)) == 4


async def test_maybe_future_is_for_results_and_awaitables(io_loop: IOLoop) -> None:
    future = completed(1)

    assert gen.maybe_future(future) is future
    assert await gen.maybe_future(native()) == "native"
    assert await gen.maybe_future(_concurrent("thread")) == "thread"
    assert gen.maybe_future(5).result() == 5
    assert gen.maybe_future([5]).result() == [5]
    assert gen.maybe_future(None).result() is None


async def test_moment_lets_the_loop_run_once(io_loop: IOLoop) -> None:
    steps: list[str] = []

    @gen.coroutine
    def go(yielded: object) -> Body:
        asyncio.get_running_loop().call_soon(steps.append, "loop")
        yield yielded
        steps.append("generator")

    await go(gen.moment)
    await go(None)
    asyncio.get_running_loop().call_soon(steps.append, "loop")
    await gen.moment
    steps.append("native")

    assert steps == ["loop", "generator"] * 2 + ["loop", "native"]
    assert repr(gen.moment) == "gen.moment"
