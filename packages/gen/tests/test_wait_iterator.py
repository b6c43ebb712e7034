"""WaitIterator."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import Completed, IOLoop

from .support import BoomError, turns

Body = Generator[Any, Any, Any]


def futures(count: int) -> "list[asyncio.Future[Any]]":
    return [asyncio.Future() for _ in range(count)]


async def test_results_come_as_they_are_there_with_their_position(io_loop: IOLoop) -> None:
    children = futures(3)
    seen: list[Any] = []

    @gen.coroutine
    def go() -> Body:
        iterator = gen.WaitIterator(*children)
        assert iterator.current_index is None
        assert iterator.current_future is None
        while not iterator.done():
            result = yield iterator.next()
            seen.append((result, iterator.current_index))
            assert iterator.current_future is children[result]

    future = go()
    for index in (2, 0, 1):
        children[index].set_result(index)
        await turns()
    await future

    assert seen == [(2, 2), (0, 0), (1, 1)]


async def test_keyword_arguments_give_names(io_loop: IOLoop) -> None:
    first, second = futures(2)
    iterator = gen.WaitIterator(a=first, b=second)
    seen: dict[Any, Any] = {}

    second.set_result(2)
    first.set_result(1)
    async for result in iterator:
        seen[iterator.current_index] = result

    assert seen == {"a": 1, "b": 2}


async def test_exceptions_are_raised_and_the_rest_still_comes(io_loop: IOLoop) -> None:
    bad, good = futures(2)
    iterator = gen.WaitIterator(bad, good)
    bad.set_exception(BoomError())
    good.set_result(1)

    with pytest.raises(BoomError):
        await iterator.next()
    assert iterator.current_index == 0
    assert await iterator.next() == 1
    assert iterator.done()


async def test_anything_that_can_be_yielded_is_taken(io_loop: IOLoop) -> None:
    iterator = gen.WaitIterator(
        Completed(1), asyncio.sleep(0, 2), gen.Task(lambda callback: callback(3)), [Completed(4)]
    )

    assert [result async for result in iterator] == [1, 3, [4], 2]


async def test_same_future_may_stand_there_twice(io_loop: IOLoop) -> None:
    [future] = futures(1)
    iterator = gen.WaitIterator(future, future)
    future.set_result(1)

    assert [(result, iterator.current_index) async for result in iterator] == [(1, 0), (1, 1)]


async def test_next_gives_the_same_future_until_that_is_done(io_loop: IOLoop) -> None:
    first, second = futures(2)
    iterator = gen.WaitIterator(first, second)

    waiting = iterator.next()
    assert iterator.next() is waiting
    second.set_result(2)
    assert await waiting == 2
    assert iterator.next() is not waiting


async def test_cancelled_next_loses_no_result(io_loop: IOLoop) -> None:
    first, second = futures(2)
    iterator = gen.WaitIterator(first, second)

    iterator.next().cancel()
    first.set_result(1)
    second.set_result(2)
    await turns()

    assert [result async for result in iterator] == [1, 2]


async def test_results_that_nobody_asked_for_yet_are_kept(io_loop: IOLoop) -> None:
    first, second = futures(2)
    iterator = gen.WaitIterator(first, second)

    second.set_result(2)
    first.set_result(1)
    await turns()

    assert not iterator.done()
    assert iterator.next().result() == 2
    assert iterator.next().result() == 1


async def test_next_after_the_last_result_is_an_error(io_loop: IOLoop) -> None:
    iterator = gen.WaitIterator(Completed(1))
    await iterator.next()

    with pytest.raises(gen.ExhaustedError):
        iterator.next()


def test_arguments_must_be_of_one_kind() -> None:
    with pytest.raises(TypeError, match="positional or keyword arguments"):
        gen.WaitIterator(1, a=2)


async def test_of_nothing_it_is_done_from_the_start(io_loop: IOLoop) -> None:
    iterator = gen.WaitIterator()

    assert iterator.done()
    assert [result async for result in iterator] == []
    with pytest.raises(gen.ExhaustedError):
        iterator.next()
