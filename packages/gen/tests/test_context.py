"""The Context of a generator: ContextVars, stack contexts, tasks."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import StackContext, is_active

from .support import BoomError, Caught, Decorator, fail, turns

Body = Generator[Any, Any, Any]

variable: ContextVar[str] = ContextVar("variable", default="unset")

WAITS: dict[str, Callable[[], Any]] = {
    "moment": lambda: gen.moment,
    "completed": lambda: COMPLETED,
    "native": lambda: asyncio.sleep(0),
    "Task": lambda: gen.Task(lambda callback: asyncio.get_running_loop().call_soon(callback)),
    "list": lambda: [asyncio.sleep(0), gen.moment],
}


@pytest.mark.parametrize("decorator", [gen.engine, gen.coroutine], ids=["engine", "coroutine"])
@pytest.mark.parametrize("wait", WAITS)
async def test_context_variables_persist_across_yields_and_do_not_leak(
    io_loop: IOLoop, decorator: Decorator, wait: str
) -> None:
    seen: list[str] = []
    finished = asyncio.Event()

    @decorator
    def go(name: str) -> Body:
        seen.append(variable.get())
        variable.set(name)
        yield WAITS[wait]()
        seen.append(variable.get())
        yield WAITS[wait]()
        seen.append(variable.get())
        finished.set()

    variable.set("caller")
    go("callee")
    assert variable.get() == "caller"
    variable.set("changed")
    await finished.wait()

    assert variable.get() == "changed"
    assert seen == ["caller", "callee", "callee"]


async def test_generators_do_not_see_each_others_variables(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go(name: str) -> Body:
        variable.set(name)
        yield gen.moment
        yield inner()
        return variable.get()

    @gen.coroutine
    def inner() -> Body:
        variable.set("inner")
        yield gen.moment

    assert await gen.multi([go("a"), go("b")]) == ["a", "b"]


async def test_functions_of_tasks_and_native_coroutines_see_the_generators_variables(
    io_loop: IOLoop,
) -> None:
    async def native() -> str:
        return variable.get()

    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        variable.set("set")
        return (
            (yield native()),
            (yield gen.Task(lambda callback: callback(variable.get()))),
        )

    assert await go() == ("set", "set")


async def test_stack_context_in_a_generator_stays_in_it(io_loop: IOLoop) -> None:
    entered: list[str] = []

    @contextlib.contextmanager
    def context() -> Iterator[None]:
        entered.append("in")
        yield
        entered.append("out")

    @gen.coroutine
    def go() -> Body:
        with StackContext(context):
            yield gen.moment
            inside = is_active()
            yield gen.moment
        return inside, is_active()

    future = go()
    assert not is_active()

    assert await future == (True, False)
    assert entered == ["in", "out"]


@pytest.mark.parametrize("decorator", [gen.engine, gen.coroutine], ids=["engine", "coroutine"])
async def test_caller_is_left_with_the_stack_it_had(io_loop: IOLoop, decorator: Decorator) -> None:
    @decorator
    def go() -> Body:
        yield gen.Task(io_loop.add_callback)
        yield [gen.Task(io_loop.add_callback)]

    for _ in range(3):
        go()
        assert not is_active()
        await turns()
        assert not is_active()


async def test_stack_context_of_the_call_is_in_force_in_the_generator(io_loop: IOLoop) -> None:
    caught = Caught()

    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        io_loop.add_callback(fail)

    with caught.context():
        await go()

    assert isinstance(await caught.one(), BoomError)


async def test_native_coroutine_runs_in_a_task_of_its_own(io_loop: IOLoop) -> None:
    async def native() -> Any:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
        return asyncio.current_task()

    @gen.coroutine
    def go() -> Body:
        before = asyncio.current_task()
        inside = yield native()
        return before, inside, asyncio.current_task()

    before, inside, after = await go()

    assert before is asyncio.current_task()
    assert isinstance(inside, asyncio.Task)
    assert inside is not before
    assert after is None
