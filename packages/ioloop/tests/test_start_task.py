"""start_task: a task that runs inside the call that makes it, until it has to wait."""

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ostro.ioloop import IOLoop, start_task

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

    tasks: list[asyncio.Task[None]] = []

    def check() -> None:
        tasks.append(start_task(work()))
        assert seen == ["before"]

    in_a_callback(io_loop, check)
    io_loop.asyncio_loop.run_until_complete(tasks[0])

    assert seen == ["before", "after"]


def test_the_task_is_current_and_timeouts_work_from_the_first_step_on(io_loop: IOLoop) -> None:
    tasks: list[asyncio.Task[bool]] = []
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

    assert io_loop.asyncio_loop.run_until_complete(tasks[0])
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

    tasks: list[asyncio.Task[int]] = []
    io_loop.asyncio_loop.set_task_factory(factory)  # type: ignore[arg-type]  # the stubs of 3.11 and 3.13 differ
    in_a_callback(io_loop, lambda: tasks.append(start_task(answer())))

    assert io_loop.asyncio_loop.run_until_complete(tasks[0]) == 3
    assert len(made) == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="later Pythons start tasks by themselves")
def test_a_call_soon_that_a_tool_has_put_on_the_loop_stays(io_loop: IOLoop) -> None:
    loop = io_loop.asyncio_loop
    seen: list[object] = []
    original = loop.call_soon

    def call_soon(callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.Handle:
        seen.append(callback)
        return original(callback, *args, **options)

    async def answer() -> int:
        return 5

    tasks: list[asyncio.Task[int]] = []
    vars(loop)["call_soon"] = call_soon
    in_a_callback(io_loop, lambda: tasks.append(start_task(answer())))

    assert vars(loop).pop("call_soon") is call_soon
    assert io_loop.asyncio_loop.run_until_complete(tasks[0]) == 5
    assert seen


def test_without_a_running_loop_it_refuses() -> None:
    async def answer() -> None:
        """Do nothing."""

    coroutine = answer()

    with pytest.raises(RuntimeError):
        start_task(coroutine)
    coroutine.close()
