import asyncio
import concurrent.futures
import gc
import os
import signal
import socket
import threading
from collections.abc import AsyncGenerator

import pytest

import ostro.ioloop
from ostro.ioloop import IOLoop, LoopClosedError, LoopRunningError, LoopStoppedError

from .support import fake_time, run_until_idle


def test_loop_runs_until_it_is_stopped(io_loop: IOLoop) -> None:
    seen = []

    def look() -> None:
        seen.append(io_loop.running())
        io_loop.stop()

    io_loop.add_callback(look)
    io_loop.start()

    assert seen == [True]
    assert not io_loop.running()


def test_loop_can_be_started_again(io_loop: IOLoop) -> None:
    seen: list[int] = []

    for number in range(3):
        io_loop.add_callback(seen.append, number)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()

    assert seen == [0, 1, 2]


def test_stop_before_start_makes_the_next_start_return_immediately(io_loop: IOLoop) -> None:
    seen: list[str] = []
    io_loop.add_callback(seen.append, "callback")

    io_loop.stop()
    io_loop.start()

    assert seen == []
    io_loop.add_callback(io_loop.stop)
    io_loop.start()
    assert seen == ["callback"]


def test_stop_lets_the_round_finish(io_loop: IOLoop) -> None:
    seen: list[str] = []

    def stop_first() -> None:
        io_loop.stop()
        io_loop.add_callback(seen.append, "the next round")

    io_loop.add_callback(stop_first)
    io_loop.add_callback(seen.append, "this round")
    io_loop.start()

    # uvloop goes on for one more round.
    assert seen in (["this round"], ["this round", "the next round"])


def test_stop_from_another_thread_wakes_an_idle_loop(io_loop: IOLoop) -> None:
    thread = threading.Thread(target=io_loop.stop)
    io_loop.add_callback(thread.start)

    io_loop.start()

    thread.join()


def test_stop_from_a_signal_handler_wakes_an_idle_loop(io_loop: IOLoop) -> None:
    previous = signal.signal(signal.SIGUSR1, lambda *_: io_loop.stop())
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    kill = threading.Thread(target=signal.pthread_kill, args=(main_thread, signal.SIGUSR1))
    io_loop.add_callback(kill.start)

    io_loop.start()

    kill.join()
    signal.signal(signal.SIGUSR1, previous)


def test_loop_cannot_be_started_inside_a_running_one(io_loop: IOLoop) -> None:
    async def start_inside() -> None:
        with pytest.raises(LoopRunningError, match=r"start\(\): an event loop is running"):
            io_loop.start()

    io_loop.run_sync(start_inside)


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_interrupt_leaves_start_and_a_usable_loop(
    io_loop: IOLoop, exception: type[BaseException]
) -> None:
    def interrupt() -> None:
        raise exception

    io_loop.add_callback(interrupt)
    with pytest.raises(exception):
        io_loop.start()

    assert not io_loop.running()
    run_until_idle(io_loop)


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_interrupt_in_a_coroutine_callback_is_raised_once(
    io_loop: IOLoop, exception: type[BaseException]
) -> None:
    async def interrupt() -> None:
        raise exception

    io_loop.add_callback(interrupt)
    with pytest.raises(exception):
        io_loop.start()

    run_until_idle(io_loop)


def test_control_c_leaves_an_idle_loop(io_loop: IOLoop) -> None:
    io_loop.add_callback(signal.raise_signal, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        io_loop.start()

    run_until_idle(io_loop)


def test_run_sync_returns_the_result_of_a_coroutine(io_loop: IOLoop) -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 5

    assert io_loop.run_sync(main) == 5


def test_run_sync_returns_none_of_a_plain_function(io_loop: IOLoop) -> None:
    seen = []

    assert io_loop.run_sync(lambda: seen.append(io_loop.running())) is None
    assert seen == [True]


def test_run_sync_waits_for_futures(io_loop: IOLoop) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        assert io_loop.run_sync(lambda: executor.submit(int, "5")) == 5

    future = io_loop.asyncio_loop.create_future()
    future.set_result(6)
    assert io_loop.run_sync(lambda: future) == 6


def test_run_sync_waits_for_lists_and_dicts(io_loop: IOLoop) -> None:
    async def give(value: int) -> int:
        return value

    assert io_loop.run_sync(lambda: [give(1), give(2)]) == [1, 2]
    assert io_loop.run_sync(lambda: {"a": give(1), "b": [give(2)]}) == {"a": 1, "b": [2]}


def test_run_sync_refuses_a_result_that_cannot_be_waited_for(io_loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="the result of func is 5"):
        io_loop.run_sync(lambda: 5)


def test_run_sync_raises_what_the_function_raises(io_loop: IOLoop) -> None:
    async def fail() -> None:
        raise LookupError("failed")

    with pytest.raises(LookupError, match="failed"):
        io_loop.run_sync(fail)

    with pytest.raises(ZeroDivisionError):
        io_loop.run_sync(lambda: 1 // 0)


def test_run_sync_raises_a_runtime_error_of_the_function_as_it_is(io_loop: IOLoop) -> None:
    async def fail() -> None:
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        io_loop.run_sync(fail)


def test_run_sync_cancels_what_takes_too_long() -> None:
    seen = []

    async def main() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with fake_time() as (io_loop, loop):
        start = loop.time()
        with pytest.raises(ostro.ioloop.TimeoutError, match="after 60 seconds") as caught:
            io_loop.run_sync(main, timeout=60)

        assert loop.time() - start == pytest.approx(60)
    assert isinstance(caught.value, TimeoutError), "the builtin one"
    assert caught.value.timeout == 60
    assert seen == ["cancelled"]


def test_run_sync_tells_a_timeout_of_the_function_from_its_own(io_loop: IOLoop) -> None:
    async def fail() -> None:
        raise TimeoutError("its own")

    for timeout in (None, 60):
        with pytest.raises(TimeoutError, match="its own") as caught:
            io_loop.run_sync(fail, timeout=timeout)
        assert not isinstance(caught.value, ostro.ioloop.TimeoutError)


def test_run_sync_inside_a_running_loop_is_refused(io_loop: IOLoop) -> None:
    async def inside() -> None:
        with pytest.raises(LoopRunningError, match="await the function instead"):
            io_loop.run_sync(inside)

    io_loop.run_sync(inside)


def test_run_sync_of_another_loop_inside_a_running_one_is_refused(io_loop: IOLoop) -> None:
    other = IOLoop()

    async def inside() -> None:
        with pytest.raises(LoopRunningError):
            other.run_sync(inside)

    io_loop.run_sync(inside)
    other.close()


def test_run_sync_that_is_stopped_cancels_its_function(io_loop: IOLoop) -> None:
    seen = []

    async def main() -> None:
        io_loop.stop()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            io_loop.stop()  # does not disturb the end
            await asyncio.sleep(0)
            seen.append("cancelled")
            raise

    with pytest.raises(LoopStoppedError, match="stop"):
        io_loop.run_sync(main)

    assert seen == ["cancelled"]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_interrupt_leaves_run_sync_and_a_usable_loop(
    io_loop: IOLoop, exception: type[BaseException]
) -> None:
    seen = []

    async def main() -> None:
        io_loop.add_callback(interrupt)
        try:
            await asyncio.sleep(3600)
        finally:
            seen.append("ended")

    def interrupt() -> None:
        raise exception

    async def interrupt_at_once() -> None:
        raise exception

    with pytest.raises(exception):
        io_loop.run_sync(main)
    assert seen == ["ended"]
    with pytest.raises(exception):
        io_loop.run_sync(interrupt_at_once)

    assert io_loop.run_sync(lambda: asyncio.sleep(0, "usable")) == "usable"


def test_run_sync_does_not_use_up_an_early_stop(io_loop: IOLoop) -> None:
    io_loop.stop()

    assert io_loop.run_sync(lambda: asyncio.sleep(0, "done")) == "done"


def test_idle_loop_does_not_wake_up() -> None:
    with fake_time() as (io_loop, loop):
        loop.selector.on_idle = loop.stop
        start = loop.time()

        io_loop.start()

        assert loop.time() == start


def test_closed_loop_refuses_everything(io_loop: IOLoop) -> None:
    io_loop.close()
    io_loop.close()

    with pytest.raises(LoopClosedError, match=r"start\(\): this IOLoop is closed"):
        io_loop.start()
    with pytest.raises(LoopClosedError):
        io_loop.run_sync(int)
    with pytest.raises(LoopClosedError):
        io_loop.add_callback(int)
    with pytest.raises(RuntimeError):
        io_loop.add_callback_from_signal(int)
    with pytest.raises(LoopClosedError):
        io_loop.call_later(1, int)
    with pytest.raises(LoopClosedError):
        io_loop.add_handler(0, lambda *_: None, io_loop.READ)
    with pytest.raises(LoopClosedError):
        io_loop.update_handler(0, io_loop.READ)


def test_running_loop_cannot_be_closed(io_loop: IOLoop) -> None:
    async def close_inside() -> None:
        with pytest.raises(LoopRunningError, match="let start"):
            io_loop.close()

    io_loop.run_sync(close_inside)


def test_loop_cannot_be_closed_inside_another(io_loop: IOLoop) -> None:
    other = IOLoop()

    async def close_inside() -> None:
        with pytest.raises(LoopRunningError):
            other.close()

    io_loop.run_sync(close_inside)
    other.close()


def test_close_ends_pending_tasks(io_loop: IOLoop) -> None:
    seen = []

    async def wait() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            io_loop.stop()  # does not disturb close
            await asyncio.sleep(0)
            seen.append("ended")

    io_loop.add_callback(wait)
    run_until_idle(io_loop)
    io_loop.close()

    assert seen == ["ended"]


def test_close_gives_up_on_a_task_that_refuses_to_end(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue

    with fake_time() as (io_loop, _):
        io_loop.add_callback(refuse)
        run_until_idle(io_loop)
    del io_loop, _
    gc.collect()

    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "Task was destroyed but it is pending!"
    ]


def test_close_drops_callbacks_that_wait(io_loop: IOLoop) -> None:
    seen: list[str] = []
    io_loop.add_callback(seen.append, "ran")
    io_loop.add_callback(io_loop.stop)

    io_loop.close()

    assert seen == []


def test_close_closes_asynchronous_generators(io_loop: IOLoop) -> None:
    seen = []

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            seen.append("closed")

    generator = generate()
    io_loop.run_sync(generator.__anext__)
    io_loop.close()

    assert seen == ["closed"]


def test_close_ends_the_threads_it_started(io_loop: IOLoop) -> None:
    threads = []

    async def main() -> None:
        threads.append(await io_loop.run_in_executor(None, threading.current_thread))

    io_loop.run_sync(main)
    io_loop.close()

    assert not threads[0].is_alive()


def test_close_leaves_registered_files_open(io_loop: IOLoop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        io_loop.add_handler(ours, lambda *_: None, io_loop.READ)

        io_loop.close()

        theirs.send(b"x")
        assert ours.recv(1) == b"x"


def test_close_with_all_fds_closes_registered_files(io_loop: IOLoop) -> None:
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    closed = os.dup(reading)
    io_loop.add_handler(ours, lambda *_: None, io_loop.READ)
    io_loop.add_handler(reading, lambda *_: None, io_loop.READ)
    io_loop.add_handler(closed, lambda *_: None, io_loop.READ)
    os.close(closed)

    io_loop.close(all_fds=True)

    assert ours.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)
    theirs.close()
    os.close(writing)


def test_close_leaves_no_warning(io_loop: IOLoop) -> None:
    for _ in range(3):
        loop = IOLoop()
        loop.run_sync(lambda: asyncio.sleep(0))
        loop.close()

    del loop
    gc.collect()  # a ResourceWarning would fail the test
