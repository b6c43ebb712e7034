"""start_task: a task that runs inside the call that makes it, until it has to wait."""

import asyncio
import contextvars
import gc
import sys
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import pytest

from ostro.ioloop import Completed, IOLoop, start_task

T = TypeVar("T")

colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


def in_a_callback(io_loop: IOLoop, function: Callable[[], object]) -> None:
    """Call `function` on the loop, outside of any task."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)
        io_loop.stop()

    io_loop.add_callback(guarded)
    io_loop.start()
    if failures:
        raise failures[0]


def test_a_coroutine_that_does_not_wait_is_done_at_once(io_loop: IOLoop) -> None:
    async def answer() -> int:
        return 42

    def check() -> None:
        task = start_task(answer())
        assert task.done()
        assert task.result() == 42

    in_a_callback(io_loop, check)


def test_a_coroutine_that_raises_at_once_leaves_the_error_in_the_task(io_loop: IOLoop) -> None:
    async def fail() -> None:
        raise KeyError("gone")

    def check() -> None:
        assert isinstance(start_task(fail()).exception(), KeyError)

    in_a_callback(io_loop, check)


def test_what_waits_goes_on_later(io_loop: IOLoop) -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("before")
        await asyncio.sleep(0)
        seen.append("after")

    tasks: list[Awaitable[None]] = []

    def check() -> None:
        tasks.append(start_task(work()))
        assert seen == ["before"]

    in_a_callback(io_loop, check)
    finish(io_loop, tasks[0])

    assert seen == ["before", "after"]


def test_the_task_is_current_and_timeouts_work_from_the_first_step_on(io_loop: IOLoop) -> None:
    tasks: list[Awaitable[bool]] = []
    current: list[asyncio.Task[Any] | None] = []

    async def work() -> bool:
        current.append(asyncio.current_task())
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return True
        return False

    in_a_callback(io_loop, lambda: tasks.append(start_task(work())))

    assert finish(io_loop, tasks[0])
    assert current == tasks


def test_context_variables_set_inside_do_not_leak(io_loop: IOLoop) -> None:
    async def paint() -> None:
        colour.set("red")

    def check() -> None:
        start_task(paint())
        assert colour.get() == "none"

    in_a_callback(io_loop, check)


def test_inside_another_task_it_starts_at_once_or_with_the_next_turn(io_loop: IOLoop) -> None:
    async def answer() -> int:
        return 7

    async def outer() -> int:
        return await start_task(answer())

    assert io_loop.run_sync(outer) == 7


def test_the_loop_is_left_as_it_was(io_loop: IOLoop) -> None:
    async def answer() -> None:
        """Do nothing."""

    def check() -> None:
        loop = io_loop.asyncio_loop
        start_task(answer())
        assert "call_soon" not in vars(loop)
        with pytest.raises(TypeError):
            start_task("no coroutine")  # type: ignore[arg-type]  # that is the point
        assert "call_soon" not in vars(loop)

    in_a_callback(io_loop, check)


def test_a_task_factory_is_asked(io_loop: IOLoop) -> None:
    made: list[str] = []

    def factory(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> "asyncio.Task[Any]":
        made.append(type(coroutine).__name__)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def answer() -> int:
        return 3

    tasks: list[Awaitable[int]] = []
    io_loop.asyncio_loop.set_task_factory(factory)  # type: ignore[arg-type]  # the stubs of 3.11 and 3.13 differ
    in_a_callback(io_loop, lambda: tasks.append(start_task(answer())))

    assert made == ["coroutine"]
    assert finish(io_loop, tasks[0]) == 3


on_python_3_11 = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="later Pythons start tasks by themselves"
)


@on_python_3_11
def test_a_call_soon_that_a_tool_has_put_on_the_loop_stays(io_loop: IOLoop) -> None:
    loop = io_loop.asyncio_loop
    seen: list[object] = []
    original = loop.call_soon

    def call_soon(callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.Handle:
        seen.append(callback)
        return original(callback, *args, **options)

    async def answer() -> int:
        return 5

    tasks: list[Awaitable[int]] = []
    vars(loop)["call_soon"] = call_soon
    in_a_callback(io_loop, lambda: tasks.append(start_task(answer())))

    assert vars(loop).pop("call_soon") is call_soon
    assert finish(io_loop, tasks[0]) == 5
    assert seen


def test_without_a_running_loop_it_refuses() -> None:
    async def answer() -> None:
        """Do nothing."""

    coroutine = answer()

    with pytest.raises(RuntimeError):
        start_task(coroutine)
    coroutine.close()


# What Python 3.11 does instead of making a task for each: whoever could notice has to be found out.


def in_an_empty_context(io_loop: IOLoop, function: Callable[[], object]) -> None:
    """Call `function` on the loop, outside of any task and with no context variable set."""
    contextvars.Context().run(in_a_callback, io_loop, function)


def finish(io_loop: IOLoop, started: Awaitable[T]) -> T:
    """Wait for what was started."""

    async def wait() -> T:
        return await started

    return io_loop.asyncio_loop.run_until_complete(wait())


Trace = Callable[["asyncio.Task[Any]"], object]

kept: list[object] = []
kept_weakly: "weakref.WeakKeyDictionary[asyncio.Task[Any], str]" = weakref.WeakKeyDictionary()


@pytest.mark.parametrize(
    "leave_trace",
    [
        pytest.param(lambda task: None, id="none"),
        pytest.param(kept.append, id="a reference"),
        pytest.param(lambda task: kept_weakly.update({task: "state"}), id="a weak reference"),
        pytest.param(lambda task: task.add_done_callback(kept.append), id="a callback"),
        pytest.param(lambda task: task.set_name("mine"), id="a name"),
        pytest.param(lambda task: colour.set("red"), id="a context variable"),
        pytest.param(lambda task: (task.cancel(), task.uncancel()), id="a cancellation"),
    ],
)
def test_no_task_sees_what_another_did_with_its_own(io_loop: IOLoop, leave_trace: Trace) -> None:
    kept.clear()
    kept_weakly.clear()
    seen: list[object] = []

    async def first() -> None:
        task = asyncio.current_task()
        assert task is not None
        leave_trace(task)

    async def second() -> None:
        task = asyncio.current_task()
        assert task is not None
        seen.extend([task.get_name() == "mine", task in kept, task in kept_weakly, colour.get()])
        await asyncio.sleep(0)
        seen.append(task.cancelling())

    started: list[Awaitable[None]] = []

    def check() -> None:
        start_task(first())
        started.append(start_task(second()))

    in_an_empty_context(io_loop, check)
    finish(io_loop, started[0])

    assert seen == [False, False, False, "none", 0]


def test_a_done_callback_of_a_task_that_ends_at_once_is_called(io_loop: IOLoop) -> None:
    ended: list[asyncio.Future[Any]] = []

    async def work() -> int:
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(ended.append)
        return 8

    in_an_empty_context(io_loop, lambda: start_task(work()))
    io_loop.run_sync(lambda: asyncio.sleep(0))

    assert [task.result() for task in ended] == [8]


def test_many_that_do_not_wait_are_each_current_and_give_their_results(io_loop: IOLoop) -> None:
    async def answer(number: int) -> int:
        assert asyncio.current_task() is not None
        return number

    def check() -> None:
        for number in range(5):
            started = start_task(answer(number))
            assert started.done()
            assert started.result() == number
        assert asyncio.current_task() is None

    in_an_empty_context(io_loop, check)


def test_an_error_at_once_and_one_after_a_wait_are_left_in_the_task(io_loop: IOLoop) -> None:
    async def fail(*, wait: bool) -> None:
        if wait:
            await asyncio.sleep(0)
        raise KeyError("gone")

    started: list[Any] = []

    def check() -> None:
        assert isinstance(start_task(fail(wait=False)).exception(), KeyError)
        started.append(start_task(fail(wait=True)))

    in_an_empty_context(io_loop, check)
    with pytest.raises(KeyError):
        finish(io_loop, started[0])


def test_the_loop_hears_of_a_demand_to_exit(io_loop: IOLoop) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    def check() -> None:
        with pytest.raises(SystemExit):
            start_task(leave())
        with pytest.raises(SystemExit):
            start_task(leave())

    in_an_empty_context(io_loop, check)


def test_a_coroutine_that_cancels_its_own_task_and_ends_is_cancelled(io_loop: IOLoop) -> None:
    async def cancel() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    def check() -> None:
        assert start_task(cancel()).cancelled()

    in_an_empty_context(io_loop, check)


def test_a_coroutine_that_cancels_its_own_task_and_fails_has_failed(io_loop: IOLoop) -> None:
    async def cancel() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        raise KeyError("gone")

    def check() -> None:
        assert isinstance(start_task(cancel()).exception(), KeyError)

    in_an_empty_context(io_loop, check)


@pytest.mark.parametrize("waits_for", ["a future", "a turn of the loop", "what is done already"])
def test_a_coroutine_that_cancels_its_own_task_is_told_at_its_wait(
    io_loop: IOLoop, waits_for: str
) -> None:
    seen: list[str] = []

    async def cancel() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            if waits_for == "a future":
                await asyncio.Event().wait()
            elif waits_for == "a turn of the loop":
                await asyncio.sleep(0)
            else:
                await EndedMeanwhile()
        except asyncio.CancelledError:
            seen.append("told")
            raise

    class EndedMeanwhile:
        """Waits for a future that is done before the task gets to wait for it."""

        def __await__(self) -> Generator[Any, None, None]:
            future = asyncio.get_running_loop().create_future()
            waiting = future.__await__()
            yielded = next(waiting)
            future.set_result(None)
            yield yielded
            yield from waiting

    started: list[Any] = []
    in_an_empty_context(io_loop, lambda: started.append(start_task(cancel())))
    with pytest.raises(asyncio.CancelledError):
        finish(io_loop, started[0])

    assert seen == ["told"]


def test_a_timeout_that_is_over_before_the_first_wait_leaves_the_next_alone(
    io_loop: IOLoop,
) -> None:
    async def timed() -> None:
        async with asyncio.timeout(60):
            await Completed(None)

    async def work() -> str:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            part = group.create_task(asyncio.sleep(0, "done"))
        return part.result()

    started: list[Awaitable[str]] = []

    def check() -> None:
        start_task(timed())
        started.append(start_task(work()))

    in_an_empty_context(io_loop, check)

    assert finish(io_loop, started[0]) == "done"


def test_what_waits_is_listed_and_shows_where(io_loop: IOLoop) -> None:
    gate: list[asyncio.Event] = []

    async def wait_at_the_gate() -> None:
        gate.append(asyncio.Event())
        await gate[0].wait()

    started: list[Any] = []

    def check() -> None:
        assert asyncio.all_tasks() == set()
        start_task(asyncio.sleep(0))
        started.append(start_task(wait_at_the_gate()))
        assert started[0] in asyncio.all_tasks()

    in_an_empty_context(io_loop, check)

    assert "wait_at_the_gate" in repr(started[0])
    assert [frame.f_code.co_name for frame in started[0].get_stack()] == ["wait_at_the_gate"]
    gate[0].set()
    finish(io_loop, started[0])


def test_it_can_be_cancelled_while_it_waits(io_loop: IOLoop) -> None:
    started: list[Any] = []
    in_an_empty_context(io_loop, lambda: started.append(start_task(asyncio.Event().wait())))

    started[0].cancel()

    with pytest.raises(asyncio.CancelledError):
        finish(io_loop, started[0])


def cancel_current_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


@pytest.mark.parametrize("when", ["at once", "while it waits", "by itself"])
def test_an_error_leaves_no_reference_cycle(io_loop: IOLoop, when: str) -> None:
    class Mark:
        """What a frame holds as long as it is there."""

    marks: list[weakref.ref[Mark]] = []

    async def work() -> None:
        mark = Mark()
        marks.append(weakref.ref(mark))
        if when == "at once":
            raise KeyError("gone")
        if when == "by itself":
            cancel_current_task()
        await asyncio.sleep(0 if when == "by itself" else 60)

    started: list[Any] = []
    gc.disable()
    try:
        in_an_empty_context(io_loop, lambda: started.append(start_task(work())))
        task = started.pop()
        if not task.done():
            task.add_done_callback(lambda _: io_loop.stop())
            task.cancel()
            io_loop.start()
        assert task.cancelled() == (when != "at once")
        assert task.cancelled() or isinstance(task.exception(), KeyError)
        del task

        assert [mark() for mark in marks] == [None]
    finally:
        gc.enable()


def test_inside_another_task_it_is_a_task_of_its_own(io_loop: IOLoop) -> None:
    current: dict[str, asyncio.Task[Any] | None] = {}
    inner: list[Awaitable[None]] = []

    async def note(name: str) -> None:
        current[name] = asyncio.current_task()

    async def outer() -> None:
        await note("before")
        inner.append(start_task(note("inside")))
        await note("after")

    def check() -> None:
        start_task(note("the one before"))  # so that a task is parked
        start_task(outer())

    in_an_empty_context(io_loop, check)
    finish(io_loop, inner[0])

    assert current["before"] is current["after"]
    assert current["inside"] not in (current["before"], None)


def test_nothing_is_left_to_report_when_the_loop_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def quick() -> None:
        """End at once."""

    async def main() -> None:
        ended = asyncio.Event()

        def start() -> None:
            start_task(quick())
            ended.set()

        asyncio.get_running_loop().call_soon(start, context=contextvars.Context())
        await ended.wait()

    asyncio.run(main())
    gc.collect()

    assert caplog.records == []


def test_what_a_task_runs_can_be_looked_at_awaited_and_closed(io_loop: IOLoop) -> None:
    looks: list[Any] = []

    async def work() -> str:
        task = asyncio.current_task()
        assert task is not None
        looks.append(task.get_coro())
        assert looks[0].__name__ == "work"
        assert not hasattr(looks[0], "colour")
        return "done"

    in_an_empty_context(io_loop, lambda: start_task(work()))
    running = looks[0]
    running.close()

    with pytest.raises(RuntimeError, match="cannot reuse"):
        finish(io_loop, running)


@on_python_3_11
def test_a_parked_task_has_nothing_to_show(io_loop: IOLoop) -> None:
    from ostro.ioloop._parked import ParkedTask

    assert not hasattr(ParkedTask(io_loop.asyncio_loop), "cr_frame")
