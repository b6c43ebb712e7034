import asyncio
import concurrent.futures
import gc
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

import pytest

from ostro.ioloop import COMPLETED, Completed, IOLoop, deliver
from ostro.stack_context import ExceptionStackContext, StackContext, is_active

from .support import Handler, errors_of, run_until_idle


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def fail() -> int:
    await asyncio.sleep(0)
    raise LookupError("failed")


def test_callback_of_a_future_gets_the_future(io_loop: IOLoop) -> None:
    seen: list[object] = []
    future = io_loop.asyncio_loop.create_future()

    io_loop.add_future(future, seen.append)
    run_until_idle(io_loop)
    pending = list(seen)
    future.set_result(5)
    run_until_idle(io_loop)

    assert pending == []
    assert seen == [future]


def test_callback_of_a_coroutine_gets_its_task(io_loop: IOLoop) -> None:
    seen = []

    io_loop.add_future(give(5), lambda task: seen.append(task.result()))
    run_until_idle(io_loop)

    assert seen == [5]


def test_callback_of_a_future_of_another_thread_runs_on_the_loop(io_loop: IOLoop) -> None:
    variable = ContextVar("variable", default="outside")
    seen = []
    future: Future[int] = Future()
    thread = threading.Thread(target=future.set_result, args=(5,))

    def callback(done: Future[int]) -> None:
        seen.append((done.result(), done is future, threading.current_thread(), variable.get()))
        io_loop.stop()

    async def add() -> None:
        variable.set("inside")
        io_loop.add_future(future, callback)

    io_loop.run_sync(add)
    io_loop.add_callback(thread.start)
    io_loop.start()
    thread.join()

    assert seen == [(5, True, threading.current_thread(), "inside")]


def test_callback_of_a_future_of_another_loop_runs_on_this_one(io_loop: IOLoop) -> None:
    seen = []
    other = IOLoop(asyncio.SelectorEventLoop())
    future = other.asyncio_loop.create_future()

    io_loop.add_future(future, lambda done: seen.append((done.result(), IOLoop.current())))
    future.set_result(5)
    run_until_idle(other)
    other.close()
    io_loop.make_current()
    run_until_idle(io_loop)

    assert seen == [(5, io_loop)]


def test_callback_of_a_completed_runs_through_the_loop(io_loop: IOLoop) -> None:
    seen: list[object] = []

    io_loop.add_future(COMPLETED, seen.append)
    at_once = list(seen)
    run_until_idle(io_loop)

    assert at_once == []
    assert seen == [COMPLETED]


def test_exception_in_the_callback_of_a_future_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def callback(task: asyncio.Task[int]) -> None:
        task.result()

    io_loop.add_future(fail(), callback)
    run_until_idle(io_loop)

    assert errors_of(caplog.records) == [
        f"ostro.application: Exception in callback {__name__}.{callback.__qualname__}: "
        "LookupError('failed')"
    ]


@pytest.mark.parametrize("kind", ["coroutine", "future", "thread", "completed"])
def test_stack_context_is_carried_to_the_callback_of_a_future(io_loop: IOLoop, kind: str) -> None:
    handler = Handler()

    def callback(future: object) -> None:
        raise LookupError("in the callback")

    future = io_loop.asyncio_loop.create_future()
    of_thread: Future[int] = Future()
    futures: dict[str, Any] = {"future": future, "thread": of_thread, "completed": COMPLETED}

    with ExceptionStackContext(handler):
        io_loop.add_future(futures.get(kind) or give(1), callback)
    future.set_result(1)
    of_thread.set_result(1)
    run_until_idle(io_loop)

    assert [str(error) for error in handler.seen] == ["in the callback"]


def test_result_is_delivered(io_loop: IOLoop) -> None:
    seen: list[int] = []

    deliver(give(5), seen.append)
    deliver(Completed(6), seen.append, io_loop)
    at_once = list(seen)
    run_until_idle(io_loop)

    assert at_once == []
    assert sorted(seen) == [5, 6]


def test_exception_is_delivered_to_the_stack_context_of_the_call(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler()
    seen: list[int] = []

    with ExceptionStackContext(handler):
        deliver(fail(), seen.append)
    run_until_idle(io_loop)

    assert [str(error) for error in handler.seen] == ["failed"]
    assert seen == []
    assert caplog.records == []


def test_exception_that_nobody_handles_is_logged_in_the_name_of_the_callback(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def callback(value: int) -> None:
        pytest.fail("there is no value")

    deliver(fail(), callback)
    run_until_idle(io_loop)

    assert errors_of(caplog.records) == [
        f"ostro.application: Exception in callback {__name__}.{callback.__qualname__}: "
        "LookupError('failed')"
    ]


def test_callback_of_deliver_runs_under_the_stack_of_the_call(io_loop: IOLoop) -> None:
    seen = []
    future: asyncio.Future[None] = io_loop.asyncio_loop.create_future()

    with ExceptionStackContext(lambda *_: False):
        deliver(future, lambda _: seen.append(is_active()))
    deliver(future, lambda _: seen.append(is_active()))
    with StackContext(lambda: ExceptionStackContext(lambda *_: False)):
        future.set_result(None)
    run_until_idle(io_loop)

    assert seen == [True, False]


def test_coroutine_callback_of_deliver_is_run(io_loop: IOLoop) -> None:
    seen = []

    async def callback(value: int) -> None:
        seen.append(await give(value))

    deliver(give(5), callback)
    run_until_idle(io_loop)

    assert seen == [5]


def test_cancelled_future_is_delivered_to_nobody(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []
    future: asyncio.Future[int] = io_loop.asyncio_loop.create_future()

    deliver(future, seen.append)
    future.cancel()
    run_until_idle(io_loop)

    assert (seen, caplog.records) == ([], [])


def test_nobody_is_warned_of_a_delivered_exception(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    future: asyncio.Future[int] = io_loop.asyncio_loop.create_future()

    with ExceptionStackContext(Handler()):
        deliver(future, int)
    future.set_exception(LookupError())
    run_until_idle(io_loop)
    del future
    gc.collect()

    assert caplog.records == []


async def test_completed_can_be_awaited_again_and_again(io_loop: IOLoop) -> None:
    completed = Completed(5)

    assert [await completed, await completed] == [5, 5]
    assert await asyncio.wait_for(completed, 10) == 5
    assert list(await asyncio.gather(completed, give(6))) == [5, 6]
    await COMPLETED


def test_completed_needs_no_loop() -> None:
    completed = Completed("result")
    seen: list[object] = []

    completed.add_done_callback(seen.append)

    assert completed.done()
    assert completed.exception() is None
    assert completed.result() == "result"
    assert not completed.cancelled()
    assert not completed.cancel()
    assert seen == [completed]
    assert repr(completed) == "Completed('result')"


async def test_callback_of_completed_goes_through_the_running_loop(io_loop: IOLoop) -> None:
    seen: list[object] = []

    COMPLETED.add_done_callback(seen.append)
    at_once = list(seen)
    await asyncio.sleep(0)

    assert at_once == []
    assert seen == [COMPLETED]


async def test_function_runs_in_a_thread(io_loop: IOLoop) -> None:
    def work(value: int) -> tuple[int, bool]:
        return value, threading.current_thread() is threading.main_thread()

    assert await io_loop.run_in_executor(None, work, 5) == (5, False)


async def test_exception_in_the_thread_is_raised(io_loop: IOLoop) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await io_loop.run_in_executor(None, int, "x")


async def test_given_executor_is_used(io_loop: IOLoop) -> None:
    with concurrent.futures.ThreadPoolExecutor(1, "given") as executor:
        thread = await io_loop.run_in_executor(executor, threading.current_thread)

    assert thread.name.startswith("given")


def test_default_executor_is_used_and_left_running(io_loop: IOLoop) -> None:
    with concurrent.futures.ThreadPoolExecutor(1, "default") as executor:
        io_loop.set_default_executor(executor)
        thread = io_loop.run_sync(lambda: io_loop.run_in_executor(None, threading.current_thread))
        io_loop.close()

        assert thread.name.startswith("default")
        assert executor.submit(int, "5").result() == 5


async def test_thread_sees_the_context_variables_of_the_call(io_loop: IOLoop) -> None:
    variable = ContextVar("variable", default="outside")
    variable.set("inside")

    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        in_own = await io_loop.run_in_executor(None, variable.get)
        in_given = await io_loop.run_in_executor(executor, variable.get)

    assert (in_own, in_given) == ("inside", "inside")


class Pickling(concurrent.futures.Executor):
    """Stands for executors that send a function and its arguments to where no Context can go."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(pickle.loads(pickle.dumps((fn, args))))
        return future


async def test_executor_that_pickles_gets_only_the_function_and_its_arguments(
    io_loop: IOLoop,
) -> None:
    sent: object = await io_loop.run_in_executor(Pickling(), int, "5")

    assert sent == (int, ("5",))
