"""Lists, dicts and multi."""

import asyncio
import logging
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, IOLoop

from .support import BoomError, Later, fail, turns

Body = Generator[Any, Any, Any]


async def fail_with(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def test_results_come_in_the_order_of_the_children(io_loop: IOLoop) -> None:
    first: asyncio.Future[int] = asyncio.Future()
    second: asyncio.Future[int] = asyncio.Future()
    future = gen.multi([first, second])

    second.set_result(2)
    await turns()
    assert not future.done()
    first.set_result(1)

    assert await future == [1, 2]


async def test_mappings_and_other_iterables_are_taken(io_loop: IOLoop) -> None:
    assert await gen.multi({"a": COMPLETED, "b": COMPLETED}) == {"a": None, "b": None}
    assert await gen.multi((COMPLETED, COMPLETED)) == [None, None]
    assert await gen.multi(asyncio.sleep(0, i) for i in range(3)) == [0, 1, 2]
    assert gen.multi([]).result() == []
    assert gen.multi({}).result() == {}


async def test_same_future_may_stand_there_twice(io_loop: IOLoop) -> None:
    future = gen.sleep(0)

    assert await gen.multi([future, future]) == [None, None]


async def test_tasks_run_at_the_same_time(io_loop: IOLoop) -> None:
    later = Later()

    @gen.coroutine
    def go() -> Body:
        return (yield [gen.Task(later), gen.Task(later)])

    future = go()
    assert len(later.callbacks) == 2
    later.callbacks[1]("second")
    later.callbacks[0]("first")

    assert await future == ["first", "second"]


async def test_first_exception_is_raised_when_all_are_done_and_others_are_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    last: asyncio.Future[int] = asyncio.Future()

    @gen.coroutine
    def go() -> Body:
        yield [COMPLETED, fail_with(BoomError("first")), last, fail_with(LookupError("second"))]

    future = go()
    await turns()
    assert not future.done()
    last.set_result(1)

    with caplog.at_level(logging.ERROR, "ostro.application"), pytest.raises(BoomError):
        await future
    [record] = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is LookupError


@pytest.mark.parametrize(
    ("second", "quiet", "logged"),
    [
        (LookupError, (), 1),
        (LookupError, LookupError, 0),
        (LookupError, (BoomError, LookupError), 0),
        (LookupError, BoomError, 1),
        (asyncio.CancelledError, (), 0),
    ],
)
async def test_quiet_exceptions_are_not_logged(
    io_loop: IOLoop,
    caplog: pytest.LogCaptureFixture,
    second: type[BaseException],
    quiet: Any,
    logged: int,
) -> None:
    with pytest.raises(BoomError):
        await gen.multi([fail_with(BoomError()), [fail_with(second())]], quiet_exceptions=quiet)

    assert len(caplog.records) == logged


async def test_what_cannot_be_waited_for_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(gen.BadYieldError, match="cannot wait for 5"):
        gen.multi([COMPLETED, 5])


async def test_cancelling_cancels_the_children(io_loop: IOLoop) -> None:
    children = [gen.sleep(100), gen.sleep(100)]
    done = gen.sleep(0)
    await done

    future = gen.multi([*children, done])
    future.cancel()
    await turns()

    assert [child.cancelled() for child in children] == [True, True]


async def test_cancelled_child_cancels_who_waits(io_loop: IOLoop) -> None:
    child = gen.sleep(100)
    future = gen.multi([child])
    child.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future


async def test_many_children_cost_in_proportion(io_loop: IOLoop) -> None:
    later = Later()

    @gen.coroutine
    def go() -> Body:
        return (yield [gen.Task(later) for _ in range(3_000)])

    future = go()
    asked = 0
    is_ready = gen.Task.is_ready

    class Counting(gen.Task):
        def is_ready(self) -> bool:
            nonlocal asked
            asked += 1
            return is_ready(self)

    counted = gen.convert_yielded([Counting(later) for _ in range(3_000)])
    while later.callbacks:
        later.finish()

    assert len(await future) == len(await counted) == 3_000
    assert asked <= 3 * 3_000


async def test_failing_start_of_a_child_is_its_own(io_loop: IOLoop) -> None:
    with pytest.raises(BoomError):
        await gen.multi([gen.Task(fail), COMPLETED])


def test_other_names_of_multi() -> None:
    assert gen.Multi is gen.multi
    assert gen.multi_future is gen.multi
