"""Cancelling the future of a coroutine."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop

from .support import BoomError, Later, turns

Body = Generator[Any, Any, Any]


async def test_cancelling_cancels_what_is_waited_for(io_loop: IOLoop) -> None:
    inner: asyncio.Future[None] = asyncio.Future()

    @gen.coroutine
    def middle() -> Body:
        yield inner

    @gen.coroutine
    def outer() -> Body:
        yield middle()

    future = outer()
    assert future.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert future.cancelled()
    assert inner.cancelled()


@pytest.mark.parametrize(
    "wait_for",
    [
        lambda: gen.Task(Later()),
        lambda: gen.moment,
        lambda: gen.sleep(100),
        lambda: asyncio.Event().wait(),
        lambda: [gen.sleep(100), gen.Task(Later())],
        lambda: [gen.sleep(100), gen.sleep(100), gen.moment],
        lambda: {"a": asyncio.Event().wait()},
    ],
    ids=["Task", "moment", "sleep", "native", "list with Task", "list", "dict"],
)
async def test_cancelled_error_is_raised_at_the_yield(
    io_loop: IOLoop, wait_for: Callable[[], Any]
) -> None:
    steps: list[str] = []

    @gen.coroutine
    def go() -> Body:
        try:
            yield wait_for()
        except asyncio.CancelledError:
            steps.append("cancelled")
            yield gen.moment
            steps.append("cleaned up")
            raise

    future = go()
    future.cancel()
    assert not future.done()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert steps == ["cancelled", "cleaned up"]


async def test_callback_that_comes_after_the_cancellation_does_nothing(io_loop: IOLoop) -> None:
    later = Later()

    @gen.coroutine
    def go() -> Body:
        yield gen.Task(later)

    future = go()
    future.cancel()
    later.finish()

    with pytest.raises(asyncio.CancelledError):
        await future


async def test_cancellation_wins_over_a_result_that_was_not_taken_yet(io_loop: IOLoop) -> None:
    inner: asyncio.Future[int] = asyncio.Future()

    @gen.coroutine
    def go() -> Body:
        return (yield inner)

    future = go()
    inner.set_result(1)
    future.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future


@pytest.mark.parametrize("wait_for", [None, [], gen.moment], ids=repr)
async def test_cancellation_by_itself_is_raised_where_it_waits_next(
    io_loop: IOLoop, wait_for: Any
) -> None:
    reached: list[str] = []

    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        future.cancel()
        yield wait_for
        reached.append("past what was ready")
        yield gen.moment
        reached.append("never")

    future = go()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert reached == ["past what was ready"] * (wait_for == [])


async def test_generator_may_go_on_nevertheless(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        try:
            yield gen.sleep(100)
        except asyncio.CancelledError:
            return "went on"

    future = go()
    future.cancel()

    assert await future == "went on"


async def test_message_of_the_cancellation_is_passed_on(io_loop: IOLoop) -> None:
    messages: list[tuple[Any, ...]] = []

    @gen.coroutine
    def go(wait_for: Any) -> Body:
        try:
            yield wait_for
        except asyncio.CancelledError as error:
            messages.append(error.args)
            raise

    for wait_for in (gen.moment, gen.sleep(100)):
        future = go(wait_for)
        future.cancel("reason")
        with pytest.raises(asyncio.CancelledError):
            await future

    assert messages == [("reason",), ("reason",)]


async def test_future_that_is_done_cannot_be_cancelled(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        return 1

    future = go()
    assert await future == 1

    assert not future.cancel()
    assert future.result() == 1


@pytest.mark.parametrize("waits", [False, True], ids=["ends", "waits"])
async def test_coroutine_may_cancel_itself(io_loop: IOLoop, waits: bool) -> None:
    reached: list[str] = []

    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        future.cancel("by itself")
        reached.append("goes on")
        if waits:
            yield gen.sleep(100)
            reached.append("never")

    future = go()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert reached == ["goes on"]


async def test_other_exception_may_take_the_place_of_the_cancellation(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        try:
            yield gen.sleep(100)
        finally:
            raise BoomError

    future = go()
    future.cancel()

    with pytest.raises(BoomError):
        await future


async def test_timeout_around_a_coroutine_cancels_it(io_loop: IOLoop) -> None:
    steps: list[str] = []

    @gen.coroutine
    def go() -> Body:
        try:
            yield gen.Task(Later())
        finally:
            steps.append("cancelled")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await go()

    assert steps == ["cancelled"]


async def test_generator_waits_for_children_that_clean_up(io_loop: IOLoop) -> None:
    steps: list[str] = []

    async def child() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("child")

    @gen.coroutine
    def go() -> Body:
        try:
            yield [child(), child()]
        finally:
            steps.append("parent")

    future = go()
    await turns()
    future.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert steps == ["child", "child", "parent"]


@pytest.mark.parametrize("wait_for", [gen.moment, [], asyncio.Event], ids=["moment", "", "native"])
async def test_two_cancellations_before_the_first_was_raised_are_one(
    io_loop: IOLoop, wait_for: Any
) -> None:
    steps: list[str] = []

    @gen.coroutine
    def go() -> Body:
        try:
            yield asyncio.Event().wait() if wait_for is asyncio.Event else wait_for
            yield gen.moment
        except asyncio.CancelledError:
            steps.append("cancelled")
        yield gen.moment
        return "end"

    future = go()
    assert future.cancel()
    assert future.cancel()

    assert await future == "end"
    assert steps == ["cancelled"]
