import asyncio
import concurrent.futures
import functools
import gc
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextvars import ContextVar

import pytest

from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import ExceptionStackContext, is_active

from .support import Handler, errors_of, run_until_idle


def fail(*args: object, **kwargs: object) -> None:
    raise LookupError("failed")


async def fail_later(*args: object) -> None:
    await asyncio.sleep(0)
    raise LookupError("failed later")


def test_callbacks_run_in_the_order_they_were_added(io_loop: IOLoop) -> None:
    seen: list[int] = []

    for number in range(20):
        io_loop.add_callback(seen.append, number)
    run_until_idle(io_loop)

    assert seen == list(range(20))


def test_callback_never_runs_inside_add_callback(io_loop: IOLoop) -> None:
    seen: list[str] = []

    async def main() -> None:
        io_loop.add_callback(seen.append, "callback")
        seen.append("after")
        await asyncio.sleep(0)

    io_loop.run_sync(main)

    assert seen == ["after", "callback"]


def test_callback_gets_its_arguments(io_loop: IOLoop) -> None:
    seen = []

    def take(*args: int, **kwargs: int) -> None:
        seen.append((args, kwargs))

    io_loop.add_callback(take, 1, 2, three=3)
    io_loop.spawn_callback(take, 4, five=5)
    io_loop.add_callback_from_signal(take, 6, seven=7)
    run_until_idle(io_loop)

    assert seen == [((1, 2), {"three": 3}), ((4,), {"five": 5}), ((6,), {"seven": 7})]


def test_callback_added_in_a_callback_runs_in_the_next_round(io_loop: IOLoop) -> None:
    seen: list[str] = []

    def first() -> None:
        io_loop.add_callback(seen.append, "added")
        seen.append("first")

    io_loop.add_callback(first)
    io_loop.add_callback(seen.append, "second")
    run_until_idle(io_loop)

    assert seen == ["first", "second", "added"]


def test_callbacks_from_other_threads_wake_the_loop_and_keep_their_order(io_loop: IOLoop) -> None:
    seen: dict[int, list[int]] = {}

    def add_from(number: int) -> None:
        for position in range(50):
            io_loop.add_callback(seen.setdefault(number, []).append, position)
        io_loop.add_callback(count_down)

    def count_down() -> None:
        running.pop()
        if not running:
            io_loop.stop()

    threads = [threading.Thread(target=add_from, args=(number,)) for number in range(4)]
    running = list(threads)
    for thread in threads:
        io_loop.add_callback(thread.start)
    io_loop.start()
    for thread in threads:
        thread.join()

    assert seen == {number: list(range(50)) for number in range(4)}


def test_callback_from_a_signal_handler_wakes_the_loop(io_loop: IOLoop) -> None:
    previous = signal.signal(
        signal.SIGUSR1, lambda *_: io_loop.add_callback_from_signal(io_loop.stop)
    )
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    kill = threading.Thread(target=signal.pthread_kill, args=(main_thread, signal.SIGUSR1))
    io_loop.add_callback(kill.start)

    io_loop.start()

    kill.join()
    signal.signal(signal.SIGUSR1, previous)


def test_exception_in_a_callback_is_logged_with_its_name(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    io_loop.add_callback(fail)
    io_loop.add_callback(functools.partial(functools.partial(fail, "secret"), kw=1))
    io_loop.add_callback(seen.append, "still running")
    run_until_idle(io_loop)

    line = f"ostro.application: Exception in callback {__name__}.fail: LookupError('failed')"
    assert errors_of(caplog.records) == [line, line]
    assert seen == ["still running"]


def test_exception_in_a_callable_object_is_logged_with_the_name_of_its_class(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def __call__(self) -> None:
            fail()

    io_loop.add_callback(Failing())
    run_until_idle(io_loop)

    assert f"{__name__}.{Failing.__qualname__}" in caplog.text


def test_exception_in_a_built_in_method_is_logged_with_its_name(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    numbers: list[int] = []

    io_loop.add_callback(numbers.remove, 5)
    run_until_idle(io_loop)

    assert caplog.records[0].getMessage() == "Exception in callback list.remove"


def test_exception_in_a_wrapped_callback_is_logged_with_the_name_of_the_callback(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    with ExceptionStackContext(lambda *_: False):
        io_loop.add_callback(fail)
    run_until_idle(io_loop)

    assert f"{__name__}.fail" in caplog.text


def test_override_of_handle_callback_exception_is_honoured() -> None:
    class Custom(IOLoop):
        def handle_callback_exception(self, callback: Callable[..., object]) -> None:
            seen.append((callback, sys.exc_info()[1]))

    seen: list[tuple[Callable[..., object], BaseException | None]] = []
    io_loop = Custom()

    io_loop.add_callback(fail)
    io_loop.add_callback(fail_later)
    run_until_idle(io_loop)
    io_loop.close()

    assert [callback for callback, _ in seen] == [fail, fail_later]
    assert [str(error) for _, error in seen] == ["failed", "failed later"]


def test_exception_goes_to_the_stack_context_first(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler()

    with ExceptionStackContext(handler):
        io_loop.add_callback(fail)
        io_loop.add_callback(fail, 1, two=2)
        io_loop.add_callback(fail_later)
    run_until_idle(io_loop)

    assert [str(error) for error in handler.seen] == ["failed", "failed", "failed later"]
    assert caplog.records == []


def test_spawned_callback_has_no_stack(io_loop: IOLoop, caplog: pytest.LogCaptureFixture) -> None:
    handler = Handler()
    seen = []

    with ExceptionStackContext(handler):
        io_loop.spawn_callback(fail)
        io_loop.add_callback_from_signal(fail)
        io_loop.spawn_callback(lambda: seen.append(is_active()))
        io_loop.add_callback(lambda: seen.append(is_active()))
    run_until_idle(io_loop)

    assert handler.seen == []
    assert len(caplog.records) == 2
    assert seen == [False, True]


def test_callback_sees_the_context_variables_of_the_place_that_added_it(io_loop: IOLoop) -> None:
    variable = ContextVar("variable", default="outside")
    seen = []

    async def main() -> None:
        variable.set("inside")
        io_loop.add_callback(lambda: seen.append(variable.get()))
        await asyncio.sleep(0)

    io_loop.run_sync(main)

    assert seen == ["inside"]


def test_coroutine_of_a_callback_runs_as_a_task(io_loop: IOLoop) -> None:
    seen = []

    async def callback(value: int) -> None:
        await asyncio.sleep(0)
        seen.append(value)

    io_loop.add_callback(callback, 5)
    run_until_idle(io_loop)

    assert seen == [5]


def test_task_of_a_callback_is_not_lost_to_the_garbage_collector(io_loop: IOLoop) -> None:
    seen = []

    async def callback() -> None:
        # Nothing but the task itself holds what it waits for.
        await asyncio.get_running_loop().create_future()

    async def cancel_all() -> None:
        gc.collect()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        seen.append(len(tasks))

    io_loop.add_callback(callback)
    run_until_idle(io_loop)
    io_loop.run_sync(cancel_all)

    assert seen == [1]


def test_exception_in_the_coroutine_of_a_callback_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    io_loop.add_callback(fail_later)
    run_until_idle(io_loop)

    assert errors_of(caplog.records) == [
        f"ostro.application: Exception in callback {__name__}.fail_later: "
        "LookupError('failed later')"
    ]


def test_awaitable_of_any_kind_is_followed(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def __await__(self) -> Generator[None, None, None]:
            yield
            fail()

    failed_future = io_loop.asyncio_loop.create_future()
    failed_future.set_exception(LookupError("in a future"))
    failed_in_thread: concurrent.futures.Future[None] = concurrent.futures.Future()
    failed_in_thread.set_exception(LookupError("in a thread"))

    io_loop.add_callback(Failing)
    io_loop.add_callback(lambda: failed_future)
    io_loop.add_callback(lambda: failed_in_thread)
    io_loop.add_callback(lambda: COMPLETED)
    io_loop.add_callback(lambda: "ignored")
    run_until_idle(io_loop)

    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert sorted(map(str, logged)) == ["failed", "in a future", "in a thread"]


def test_cancelled_coroutine_of_a_callback_is_not_an_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    io_loop.add_callback(cancel_itself)
    run_until_idle(io_loop)

    assert caplog.records == []


def test_callback_that_reads_a_cancelled_future_is_not_an_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    future = io_loop.asyncio_loop.create_future()
    future.cancel()

    io_loop.add_callback(future.result)
    run_until_idle(io_loop)

    assert caplog.records == []
