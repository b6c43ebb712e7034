"""engine: what runs, and where its results and errors go."""

import asyncio
import logging
import threading
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import wrap

from .support import BoomError, Caught, Later, fail, turns


async def test_generator_function_runs_up_to_its_first_wait_at_once(io_loop: IOLoop) -> None:
    later = Later()
    steps: list[str] = []

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        steps.append("begun")
        result = yield gen.Task(later)
        steps.append(result)

    go()
    assert steps == ["begun"]

    later.finish("ended")
    await turns()
    assert steps == ["begun", "ended"]


async def test_engine_function_takes_arguments_and_its_own_callback(io_loop: IOLoop) -> None:
    @gen.engine
    def add(a: int, b: int, callback: Any) -> Generator[Any, Any, None]:
        yield gen.Task(io_loop.add_callback)
        callback(a + b)

    assert await gen.Task(add, 2, b=3) == 5


async def test_engine_returns_nothing_and_keeps_name_and_documentation(io_loop: IOLoop) -> None:
    def go() -> Generator[Any, Any, None]:
        """Say so."""
        yield COMPLETED

    decorated = gen.engine(go)

    result: object = decorated()
    assert result is None
    assert decorated.__name__ == "go"
    assert decorated.__doc__ == "Say so."
    assert decorated.__wrapped__ is go  # type: ignore[attr-defined]  # Callable does not tell


def test_engine_that_never_waits_needs_no_loop() -> None:
    results: list[Any] = []

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        results.append((yield gen.Task(lambda callback: callback(1))))
        results.append((yield COMPLETED))

    go()

    assert results == [1, None]
    assert IOLoop.current(instance=False) is None


def test_plain_function_just_runs() -> None:
    calls: list[int] = []

    @gen.engine
    def go(number: int) -> str:
        calls.append(number)
        return "ignored"

    go(3)

    assert calls == [3]


def test_plain_function_may_return_what_is_completed_without_a_loop() -> None:
    @gen.engine
    def finish() -> Any:
        return COMPLETED

    finish()

    assert IOLoop.current(instance=False) is None


def test_plain_function_raises_to_its_caller() -> None:
    with pytest.raises(BoomError):
        gen.engine(fail)()


async def test_awaitable_that_a_plain_function_returns_is_looked_after(io_loop: IOLoop) -> None:
    caught = Caught()
    good: asyncio.Future[str] = asyncio.Future()
    bad: asyncio.Future[str] = asyncio.Future()

    with caught.context():
        gen.engine(lambda: good)()
        gen.engine(lambda: bad)()
    good.set_result("ignored")
    bad.set_exception(BoomError())

    assert isinstance(await caught.one(), BoomError)


async def test_native_coroutine_function_runs(io_loop: IOLoop) -> None:
    finished = asyncio.Event()

    @gen.engine
    async def go() -> None:
        await asyncio.sleep(0)
        finished.set()

    go()
    await finished.wait()


async def test_error_of_a_native_coroutine_function_goes_to_the_stack_context(
    io_loop: IOLoop,
) -> None:
    caught = Caught()

    @gen.engine
    async def go() -> None:
        await asyncio.sleep(0)
        fail()

    with caught.context():
        go()

    assert isinstance(await caught.one(), BoomError)


async def test_value_of_a_native_coroutine_function_is_an_error(io_loop: IOLoop) -> None:
    caught = Caught()

    @gen.engine
    async def go() -> int:
        return 5

    with caught.context():
        go()

    error = await caught.one()
    assert isinstance(error, gen.ReturnValueIgnoredError)
    assert error.value == 5


def test_error_before_the_first_wait_is_raised_to_the_caller() -> None:
    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield COMPLETED
        fail()

    with pytest.raises(BoomError) as raised:
        go()

    assert raised.traceback[-1].name == "fail"


async def test_error_after_the_first_wait_goes_to_the_stack_context_of_the_call(
    io_loop: IOLoop,
) -> None:
    caught, other = Caught(), Caught()
    later = Later()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.Task(later)
        fail()

    with caught.context():
        go()
    with other.context():
        later.finish()

    assert isinstance(await caught.one(), BoomError)
    assert other.errors == []


async def test_error_without_a_stack_context_is_logged_with_the_name_of_the_function(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.moment
        fail()

    with caplog.at_level(logging.ERROR, "ostro.application"):
        go()
        await turns()

    [record] = caplog.records
    assert record.name == "ostro.application"
    assert "go" in record.getMessage()
    assert record.exc_info
    assert record.exc_info[0] is BoomError


@pytest.mark.parametrize("value", [0, "x", []], ids=repr)
def test_value_returned_at_once_is_an_error_to_the_caller(value: object) -> None:
    @gen.engine
    def go() -> Generator[Any, Any, object]:
        yield COMPLETED
        return value

    with pytest.raises(gen.ReturnValueIgnoredError, match=r"go returned .*expected None") as raised:
        go()

    assert raised.value.value == value


async def test_value_returned_later_is_an_error_to_the_stack_context(io_loop: IOLoop) -> None:
    caught = Caught()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.moment
        raise gen.Return(7)

    with caught.context():
        go()

    assert isinstance(await caught.one(), gen.ReturnValueIgnoredError)


def test_return_without_a_value_ends_an_engine() -> None:
    steps: list[int] = []

    @gen.engine
    def generator() -> Generator[Any, Any, None]:
        steps.append(1)
        yield COMPLETED
        raise gen.Return

    @gen.engine
    def plain() -> None:
        steps.append(2)
        raise gen.Return

    generator()
    plain()

    assert steps == [1, 2]


def test_plain_function_that_raises_return_with_a_value_is_an_error() -> None:
    @gen.engine
    def plain() -> None:
        raise gen.Return(1)

    with pytest.raises(gen.ReturnValueIgnoredError):
        plain()


async def test_exception_of_a_callback_is_thrown_in_where_the_generator_waits(
    io_loop: IOLoop,
) -> None:
    seen: asyncio.Future[BaseException] = asyncio.Future()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.Callback("never")
        io_loop.add_callback(fail)
        try:
            yield gen.Wait("never")
        except BoomError as error:
            seen.set_result(error)
            yield gen.moment
            raise

    caught = Caught()
    with caught.context():
        go()

    assert isinstance(await seen, BoomError)
    assert await caught.one() is seen.result()


async def test_exception_of_a_callback_is_thrown_in_instead_of_a_result_that_comes_later(
    io_loop: IOLoop,
) -> None:
    never: asyncio.Future[int] = asyncio.Future()
    outcome: list[object] = []

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        io_loop.add_callback(fail)
        try:
            outcome.append((yield never))
        except BoomError:
            outcome.append("boom")
        yield gen.moment
        outcome.append((yield gen.Task(lambda callback: callback("went on"))))

    go()
    await turns()
    never.set_result(1)
    await turns()

    assert outcome == ["boom", "went on"]


@pytest.mark.parametrize("again", [False, True], ids=["waits for another", "waits again"])
async def test_generator_that_was_thrown_into_waits_for_something_else(
    io_loop: IOLoop, again: bool
) -> None:
    sources: list[asyncio.Future[str]] = [asyncio.Future(), asyncio.Future()]
    outcome: list[object] = []

    @gen.coroutine
    def inner(source: "asyncio.Future[str]") -> Generator[Any, Any, Any]:
        return (yield source)

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        first, second = map(inner, sources)
        io_loop.add_callback(fail)
        try:
            yield first
        except BoomError:
            outcome.append((yield first if again else second))
            yield gen.moment

    go()
    await turns()
    for source, result in zip(sources, "ab", strict=True):
        source.set_result(result)
        await turns()

    assert outcome == ["a" if again else "b"]


async def test_exception_of_a_callback_in_another_thread_is_thrown_in_too(io_loop: IOLoop) -> None:
    outcome: asyncio.Future[str] = asyncio.Future()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        thread = threading.Thread(target=wrap(fail))
        io_loop.add_callback(thread.start)
        try:
            yield asyncio.Event().wait()
        except BoomError:
            thread.join()
            outcome.set_result("caught")

    go()

    assert await outcome == "caught"


async def test_exception_of_a_callback_after_the_end_goes_to_the_outer_context(
    io_loop: IOLoop,
) -> None:
    caught = Caught()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.moment
        io_loop.add_callback(fail)

    with caught.context():
        go()

    assert isinstance(await caught.one(), BoomError)


async def test_engine_function_that_calls_itself_keeps_no_contexts(io_loop: IOLoop) -> None:
    depths: list[int] = []
    done = asyncio.Event()

    @gen.engine
    def go(left: int) -> Generator[Any, Any, None]:
        yield gen.Task(io_loop.add_callback)
        depths.append(_depth_of_stack())
        if left:
            io_loop.add_callback(go, left - 1)
        else:
            done.set()

    go(20)
    await done.wait()

    assert max(depths) <= 3


def _depth_of_stack() -> int:
    """Count the contexts that a callback made here would enter."""
    wrapped: Any = wrap(_depth_of_stack)  # Any: the stack is not for others, but counted here
    return len(wrapped._stack)


async def test_decorated_method_gets_its_object(io_loop: IOLoop) -> None:
    class Handler:
        def __init__(self) -> None:
            self.result = 0

        @gen.engine
        def get(self, number: int) -> Generator[Any, Any, None]:
            self.result = yield gen.Task(lambda callback: callback(number))

    handler = Handler()
    handler.get(4)

    assert handler.result == 4


def test_asynchronous_generator_function_is_refused() -> None:
    async def go() -> Any:
        yield 1

    with pytest.raises(TypeError, match=r"gen.engine cannot run .*go"):
        gen.engine(go)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match=r"gen.engine decorates functions, not 3"):
        gen.engine(3)  # type: ignore[arg-type]  # which is what is tested


async def test_second_exception_before_the_first_was_thrown_in_goes_to_the_outer_context(
    io_loop: IOLoop,
) -> None:
    caught = Caught()
    outcome: list[object] = []
    later = Later()

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        later(wrap(fail))
        later(wrap(fail))
        try:
            yield gen.moment
        except BoomError as error:
            outcome.append(error)

    with caught.context():
        go()
    later.finish()
    later.finish()
    await turns()

    assert len(outcome) == len(caught.errors) == 1
    assert outcome != caught.errors


def test_callback_reaches_an_engine_that_was_started_before_its_loop(io_loop: IOLoop) -> None:
    later = Later()
    outcome: list[object] = []

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        outcome.append((yield gen.Task(later)))
        outcome.append((yield gen.Task(io_loop.add_callback)))
        io_loop.stop()

    go()
    later.finish("before the loop ran")
    io_loop.start()

    assert outcome == ["before the loop ran", None]
