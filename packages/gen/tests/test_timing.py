"""sleep and with_timeout. Time is the subject: deadlines are now, or far away."""

import asyncio
import datetime
import gc
import logging
from typing import Any

import pytest

from ostro import gen, ioloop
from ostro.ioloop import Completed, IOLoop

from .support import BoomError, turns

SECOND = datetime.timedelta(seconds=1)
PAST: list[Any] = [0, -5, 1.5, datetime.timedelta(0), -SECOND]


@pytest.mark.parametrize("duration", [0, -1, 0.001])
async def test_sleep_ends(io_loop: IOLoop, duration: float) -> None:
    future = gen.sleep(duration)
    await future

    assert future.done()


async def test_sleep_lasts_that_long(io_loop: IOLoop) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    await gen.sleep(0.02)

    assert loop.time() - started >= 0.019


async def test_cancelled_sleep_leaves_no_timer(io_loop: IOLoop) -> None:
    future = gen.sleep(0.001)
    future.cancel()

    await gen.sleep(0.005)

    assert future.cancelled()


async def test_sleep_that_was_given_a_result_keeps_it(io_loop: IOLoop) -> None:
    future = gen.sleep(0)
    io_loop.asyncio_loop.call_later(0, lambda: None)
    future.set_result(None)

    await gen.sleep(0.001)

    assert future.done()


@pytest.mark.parametrize("limit", PAST, ids=str)
async def test_timeout_error_is_raised_after_the_deadline(io_loop: IOLoop, limit: Any) -> None:
    never: asyncio.Future[None] = asyncio.Future()
    future = gen.with_timeout(limit, never)

    with pytest.raises(gen.TimeoutError, match="not finished") as raised:
        await future

    assert isinstance(raised.value, TimeoutError)
    assert isinstance(raised.value, ioloop.TimeoutError)
    assert isinstance(raised.value, asyncio.TimeoutError)


@pytest.mark.parametrize(
    "message", ["the peer is slow", lambda: "the peer is slow"], ids=["text", "function"]
)
async def test_timeout_error_says_what_it_was_told_to(io_loop: IOLoop, message: Any) -> None:
    never: asyncio.Future[None] = asyncio.Future()

    with pytest.raises(gen.TimeoutError) as raised:
        await gen.with_timeout(0, never, message=message)

    assert str(raised.value) == "the peer is slow"


async def test_the_function_for_the_message_is_called_for_a_timeout_only(io_loop: IOLoop) -> None:
    def fail() -> str:
        raise BoomError

    assert await gen.with_timeout(60 * SECOND, asyncio.sleep(0, 1), message=fail) == 1
    with pytest.raises(BoomError):
        await gen.with_timeout(0, asyncio.Future(), message=fail)


@pytest.mark.parametrize("limit", [*PAST, SECOND], ids=str)
async def test_what_is_done_counts_whatever_the_deadline(io_loop: IOLoop, limit: Any) -> None:
    future: asyncio.Future[int] = asyncio.Future()
    future.set_result(1)

    assert await gen.with_timeout(limit, future) == 1
    assert gen.with_timeout(limit, Completed(2)).result() == 2


async def test_outcome_before_the_deadline_is_passed_on(io_loop: IOLoop) -> None:
    async def good() -> int:
        return 1

    async def bad() -> None:
        raise BoomError

    deadline = io_loop.time() + 60
    assert await gen.with_timeout(deadline, good()) == 1
    assert await gen.with_timeout(60 * SECOND, [good(), good()]) == [1, 1]
    with pytest.raises(BoomError):
        await gen.with_timeout(deadline, bad())


async def test_cancellation_of_what_is_waited_for_is_passed_on(io_loop: IOLoop) -> None:
    inner: asyncio.Future[None] = asyncio.Future()
    future = gen.with_timeout(60 * SECOND, inner)

    inner.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future


async def test_what_is_waited_for_goes_on_after_the_deadline(io_loop: IOLoop) -> None:
    event = asyncio.Event()
    finished = asyncio.Event()

    async def go() -> None:
        await event.wait()
        finished.set()

    with pytest.raises(gen.TimeoutError):
        await gen.with_timeout(0, go())
    gc.collect()
    event.set()

    await finished.wait()


@pytest.mark.parametrize(
    ("error", "quiet", "logged"),
    [
        (BoomError(), (), 1),
        (BoomError(), BoomError, 0),
        (BoomError(), (LookupError, BoomError), 0),
        (BoomError(), LookupError, 1),
        (None, (), 0),
        (asyncio.CancelledError(), (), 0),
    ],
    ids=["failed", "quiet", "one of the quiet", "not quiet", "succeeded", "cancelled"],
)
async def test_late_exception_is_logged_unless_it_is_quiet(
    io_loop: IOLoop,
    caplog: pytest.LogCaptureFixture,
    error: BaseException | None,
    quiet: Any,
    logged: int,
) -> None:
    inner: asyncio.Future[int] = asyncio.Future()
    with pytest.raises(gen.TimeoutError):
        await gen.with_timeout(0, inner, quiet_exceptions=quiet)

    with caplog.at_level(logging.ERROR, "ostro.application"):
        if error is None:
            inner.set_result(1)
        elif isinstance(error, asyncio.CancelledError):
            inner.cancel()
        else:
            inner.set_exception(error)
        await turns()

    assert len(caplog.records) == logged


async def test_cancelling_the_wait_cancels_what_is_waited_for(io_loop: IOLoop) -> None:
    inner: asyncio.Future[int] = asyncio.Future()
    future = gen.with_timeout(60 * SECOND, inner)

    future.cancel()
    await turns()

    assert inner.cancelled()


async def test_deadline_and_result_at_the_same_time_give_the_result(io_loop: IOLoop) -> None:
    inner: asyncio.Future[int] = asyncio.Future()
    loop = asyncio.get_running_loop()
    loop.call_later(0, inner.set_result, 1)

    assert await gen.with_timeout(datetime.timedelta(0), inner) == 1


@pytest.mark.parametrize("limit", ["soon", None, float("nan")], ids=str)
async def test_other_timeouts_are_refused(io_loop: IOLoop, limit: Any) -> None:
    with pytest.raises(ioloop.InvalidArgumentError):
        gen.with_timeout(limit, asyncio.Future())


@pytest.mark.parametrize("args", [(), ("Timeout",), ("a", "b")], ids=len)
def test_timeout_error_can_be_raised_by_programs(args: tuple[str, ...]) -> None:
    assert gen.TimeoutError(*args).args == args
