"""Task: functions that take callbacks, and what goes wrong in them."""

import asyncio
import logging
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import wrap

from .support import BoomError, Caught, Decorator, Later, fail, turns


async def test_function_is_called_when_the_task_is_yielded(io_loop: IOLoop) -> None:
    calls: list[tuple[int, str]] = []

    def func(a: int, b: str, callback: Callable[[int], None]) -> None:
        calls.append((a, b))
        callback(a)

    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        task = gen.Task(func, 1, b="x")
        assert calls == []
        return (yield task)

    assert await go() == 1
    assert calls == [(1, "x")]


async def test_task_can_be_yielded_again_when_it_is_done(io_loop: IOLoop) -> None:
    results = iter([1, 2])

    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        task = gen.Task(lambda callback: callback(next(results)))
        return (yield task), (yield task)

    assert await go() == (1, 2)


async def test_task_that_runs_cannot_be_started_again(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        task = gen.Task(Later())
        yield [task, task]

    with pytest.raises(gen.BadYieldError, match="running already"):
        await go()


def test_result_of_a_task_that_was_not_started_is_an_error() -> None:
    task = gen.Task(fail)

    assert not task.is_ready()
    assert not task.cancel()
    with pytest.raises(gen.BadYieldError, match="not started"):
        task.get_result()


def test_callback_among_the_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="leave out callback="):
        gen.Task(print, callback=print)


def test_repr_names_the_function() -> None:
    assert "fail" in repr(gen.Task(fail))


async def test_exception_of_the_function_is_raised_at_the_yield(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        try:
            yield gen.Task(fail)
        except BoomError:
            return "caught"

    assert await go() == "caught"


async def test_function_without_a_callback_argument_is_a_type_error_at_the_yield(
    io_loop: IOLoop,
) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        yield gen.Task(lambda: None)

    with pytest.raises(TypeError, match="callback"):
        await go()


@pytest.mark.parametrize("decorator", [gen.engine, gen.coroutine], ids=["engine", "coroutine"])
async def test_exception_of_a_callback_of_the_function_is_raised_at_the_yield(
    io_loop: IOLoop, decorator: Decorator
) -> None:
    outcome: asyncio.Future[str] = asyncio.Future()

    @decorator
    def go() -> Generator[Any, Any, None]:
        try:
            yield gen.Task(lambda callback: io_loop.add_callback(fail))
        except BoomError:
            yield gen.moment
            outcome.set_result("caught")

    caught = Caught()
    with caught.context():
        go()

    assert await outcome == "caught"
    assert caught.errors == []


async def test_exception_after_the_result_goes_to_the_outer_context(io_loop: IOLoop) -> None:
    caught = Caught()

    def func(callback: Callable[..., None]) -> None:
        io_loop.add_callback(fail)
        callback("result")

    with caught.context():
        assert gen.coroutine(lambda: (yield gen.Task(func)))().result() == "result"

    assert isinstance(await caught.one(), BoomError)


async def test_exception_of_the_function_after_it_called_back_is_raised_at_the_yield(
    io_loop: IOLoop,
) -> None:
    def func(callback: Callable[..., None]) -> None:
        callback("result")
        fail()

    with pytest.raises(BoomError):
        await gen.coroutine(lambda: (yield gen.Task(func)))()


async def test_only_one_exception_counts_and_the_next_goes_to_the_outer_context(
    io_loop: IOLoop,
) -> None:
    caught = Caught()

    def func(callback: Callable[..., None]) -> None:
        io_loop.add_callback(fail)
        io_loop.add_callback(fail)

    with caught.context():
        future = gen.coroutine(lambda: (yield gen.Task(func)))()

    with pytest.raises(BoomError):
        await future
    assert isinstance(await caught.one(), BoomError)


async def test_second_call_back_is_logged_and_ignored(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def func(callback: Callable[..., None]) -> None:
        callback(1)
        callback(2)

    with caplog.at_level(logging.WARNING, "ostro.general"):
        assert await gen.Task(func) == 1

    assert ["called again" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("wait", [False, True], ids=["at once", "later"])
async def test_callback_may_come_from_another_thread(io_loop: IOLoop, wait: bool) -> None:
    threads: list[threading.Thread] = []

    def func(callback: Callable[..., None]) -> None:
        threads.append(threading.Thread(target=callback, args=(5,)))
        threads[-1].start()
        if not wait:
            threads[-1].join()

    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        return (yield gen.Task(func)), (yield gen.Task(func))

    assert await go() == (5, 5)
    assert await gen.Task(func) == 5
    for thread in threads:
        thread.join()


async def test_many_tasks_that_call_back_at_once_do_not_recurse(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        total = 0
        for _ in range(20_000):
            total += yield gen.Task(lambda callback: callback(1))
        return total

    assert await go() == 20_000


async def test_deep_chain_of_tasks_does_not_recurse_when_it_ends(io_loop: IOLoop) -> None:
    later = Later()

    @gen.engine
    def go(depth: int, callback: Callable[[int], None]) -> Generator[Any, Any, None]:
        yield gen.Task(io_loop.add_callback)
        if depth == 100:
            result = yield gen.Task(later)
        else:
            result = yield gen.Task(go, depth + 1)
        callback(result + 1)

    outcome = asyncio.ensure_future(_await(gen.Task(go, 1)))
    await later.called.wait()
    later.finish(0)

    assert await outcome == 100


async def _await(task: gen.Task) -> Any:
    return await task


# Functions that return awaitables besides


async def test_native_coroutine_function_with_a_callback_is_run(io_loop: IOLoop) -> None:
    async def func(callback: Callable[..., None]) -> None:
        await asyncio.sleep(0)
        callback("called back")

    assert await gen.coroutine(lambda: (yield gen.Task(func)))() == "called back"


async def test_exception_of_a_native_coroutine_function_is_raised_at_the_yield(
    io_loop: IOLoop,
) -> None:
    async def func(callback: Callable[..., None]) -> None:
        await asyncio.sleep(0)
        fail()

    with pytest.raises(BoomError):
        await gen.coroutine(lambda: (yield gen.Task(func)))()


async def test_exception_that_comes_both_ways_is_raised_once(io_loop: IOLoop) -> None:
    caught = Caught()

    @gen.coroutine
    def func() -> Generator[Any, Any, None]:
        yield gen.moment
        fail()

    with caught.context():
        future = gen.coroutine(lambda: (yield gen.Task(func)))()

    with pytest.raises(BoomError):
        await future
    await turns()
    assert caught.errors == []


async def test_future_that_is_returned_may_fail_without_calling_back(io_loop: IOLoop) -> None:
    returned: asyncio.Future[None] = asyncio.Future()

    def func(callback: Callable[..., None]) -> asyncio.Future[None]:
        return returned

    future = gen.coroutine(lambda: (yield gen.Task(func)))()
    returned.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future


async def test_future_that_is_returned_does_not_count_as_the_result(io_loop: IOLoop) -> None:
    later = Later()
    returned: asyncio.Future[str] = asyncio.Future()

    def func(callback: Callable[..., None]) -> asyncio.Future[str]:
        later(callback)
        return returned

    future = gen.coroutine(lambda: (yield gen.Task(func)))()
    returned.set_result("of the future")
    await turns()
    assert not future.done()

    later.finish("of the callback")
    assert await future == "of the callback"


async def test_error_of_the_returned_future_after_the_result_is_left_to_asyncio(
    io_loop: IOLoop,
) -> None:
    returned: list[asyncio.Future[str]] = []
    reports: list[dict[str, Any]] = []
    io_loop.asyncio_loop.set_exception_handler(lambda loop, context: reports.append(context))

    def func(callback: Callable[..., None]) -> asyncio.Future[str]:
        callback("result")
        returned.append(asyncio.Future())
        return returned[0]

    assert await gen.coroutine(lambda: (yield gen.Task(func)))() == "result"
    returned[0].set_exception(BoomError())
    await turns()
    returned.clear()

    assert [type(report["exception"]) for report in reports] == [BoomError]


async def test_other_awaitables_that_are_returned_are_left_alone(io_loop: IOLoop) -> None:
    def func(callback: Callable[..., None]) -> object:
        callback("result")
        return COMPLETED

    assert await gen.coroutine(lambda: (yield gen.Task(func)))() == "result"


# In native coroutines


async def test_task_can_be_awaited(io_loop: IOLoop) -> None:
    assert await gen.Task(io_loop.add_callback) is None
    assert await gen.Task(lambda callback: callback(1, a=2)) == ((1,), {"a": 2})


async def test_exceptions_of_an_awaited_task_are_raised(io_loop: IOLoop) -> None:
    with pytest.raises(BoomError):
        await gen.Task(fail)
    with pytest.raises(BoomError):
        await gen.Task(lambda callback: io_loop.add_callback(fail))


async def test_awaited_task_can_be_cancelled(io_loop: IOLoop) -> None:
    cancelled = asyncio.Event()

    async def func(callback: Callable[..., None]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.ensure_future(_await(gen.Task(func)))
    await turns()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await cancelled.wait()


async def test_cancelled_function_cancels_who_awaits_its_task(io_loop: IOLoop) -> None:
    async def func(callback: Callable[..., None]) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await gen.Task(func)


# Tasks that nobody waits for any longer


@pytest.mark.parametrize("in_list", [False, True], ids=["alone", "in a list"])
async def test_exception_after_the_generator_was_cancelled_goes_to_the_outer_context(
    io_loop: IOLoop, in_list: bool
) -> None:
    caught = Caught()
    later = Later()
    func = gen.Task(lambda callback: later(wrap(fail)))

    with caught.context():
        future = gen.coroutine(lambda: (yield [func] if in_list else func))()
    future.cancel()
    later.finish()

    with pytest.raises(asyncio.CancelledError):
        await future
    assert [type(error) for error in caught.errors] == [BoomError]


async def test_exception_after_the_awaiting_task_was_cancelled_goes_to_the_outer_context(
    io_loop: IOLoop,
) -> None:
    caught = Caught()
    later = Later()

    with caught.context():
        future = gen.convert_yielded(gen.Task(lambda callback: later(wrap(fail))))
    future.cancel()
    await turns()
    later.finish()

    assert [type(error) for error in caught.errors] == [BoomError]


async def test_future_of_a_function_that_fails_after_the_cancellation_is_left_to_asyncio(
    io_loop: IOLoop,
) -> None:
    returned: list[asyncio.Future[str]] = [asyncio.Future()]
    reports: list[dict[str, Any]] = []
    io_loop.asyncio_loop.set_exception_handler(lambda loop, context: reports.append(context))

    future = gen.coroutine(lambda: (yield gen.Task(lambda callback: returned[0])))()
    future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await future
    returned[0].set_exception(BoomError())
    await turns()
    returned.clear()

    assert [type(report["exception"]) for report in reports] == [BoomError]


async def test_task_can_be_yielded_again_after_a_cancellation(io_loop: IOLoop) -> None:
    later = Later()
    task = gen.Task(later)

    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        return (yield task)

    go().cancel()
    future = go()
    later.callbacks[1]("second")

    assert await future == "second"


def test_task_that_was_not_started_can_be_forgotten() -> None:
    gen.Task(fail).forget()


@pytest.mark.parametrize("kind", ["Task", "list", "callback"])
async def test_tracebacks_show_the_frames_of_the_program_first(io_loop: IOLoop, kind: str) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        if kind == "callback":
            yield gen.Task(lambda callback: io_loop.add_callback(fail))
        yield [gen.Task(fail)] if kind == "list" else gen.Task(fail)

    with pytest.raises(BoomError) as raised:
        await go()

    files = [entry.path.name for entry in raised.traceback if hasattr(entry.path, "name")]
    assert "_runner.py" not in files
    assert "_outcome.py" not in files
    assert "_multi.py" not in files
