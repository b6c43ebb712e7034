"""coroutine: futures of generators, and everything that can be yielded."""

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import COMPLETED, Completed, IOLoop

from .support import BoomError, Caught, completed, fail, failed, native, turns

Body = Generator[Any, Any, Any]


async def test_returned_and_raised_values_are_the_result(io_loop: IOLoop) -> None:
    @gen.coroutine
    def returns() -> Body:
        yield gen.moment
        return 1

    @gen.coroutine
    def raises() -> Body:
        yield gen.moment
        raise gen.Return(2)

    @gen.coroutine
    def does_neither() -> Body:
        yield gen.moment

    assert [await returns(), await raises(), await does_neither()] == [1, 2, None]


def test_return_carries_its_value() -> None:
    assert gen.Return(5).value == 5
    assert gen.Return().value is None


async def test_future_is_done_at_once_when_nothing_was_waited_for(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go(fails: bool) -> Body:
        value = yield completed(1)
        if fails:
            raise BoomError
        return value + (yield Completed(2))

    assert isinstance(go(False), asyncio.Future)
    assert go(False).result() == 3
    assert isinstance(go(True).exception(), BoomError)


def test_coroutine_can_be_called_before_its_loop_runs(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        yield gen.moment
        return 1

    future = go()

    assert future.get_loop() is io_loop.asyncio_loop
    assert io_loop.run_sync(lambda: future) == 1


def test_run_sync_runs_a_coroutine(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        return (yield native())

    assert io_loop.run_sync(go) == "native"


async def test_exceptions_are_the_futures_and_show_only_the_programs_frames(
    io_loop: IOLoop,
) -> None:
    @gen.coroutine
    def inner() -> Body:
        yield gen.moment
        fail()

    @gen.coroutine
    def outer() -> Body:
        yield inner()

    future = outer()
    await asyncio.wait([future])

    error = future.exception()
    assert isinstance(error, BoomError)
    names = []
    traceback = error.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert names == ["outer", "inner", "fail"]


@pytest.mark.parametrize("make", [failed, lambda e: _fail_later(e)], ids=["failed", "fails"])
async def test_exception_of_what_was_yielded_can_be_caught(
    io_loop: IOLoop, make: Callable[[BaseException], Any]
) -> None:
    @gen.coroutine
    def go() -> Body:
        try:
            yield make(BoomError())
        except BoomError:
            return (yield completed("caught"))

    assert await go() == "caught"


async def _fail_later(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


@pytest.mark.parametrize("call", [fail, lambda: (yield 1)], ids=["plain", "generator"])
async def test_nothing_is_raised_to_the_caller(io_loop: IOLoop, call: Callable[..., Any]) -> None:
    future: asyncio.Future[Any] = gen.coroutine(call)()

    assert future.exception() is not None


async def test_wrong_arguments_are_an_exception_of_the_future(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        yield

    future = go(1)  # type: ignore[call-arg]  # which is what is tested

    assert isinstance(future.exception(), TypeError)


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_leave_the_loop(io_loop: IOLoop, kind: type[BaseException], later: bool) -> None:
    futures: list[asyncio.Future[Any]] = []

    @gen.coroutine
    def go() -> Body:
        if later:
            yield gen.moment
        raise kind

    io_loop.asyncio_loop.call_soon(lambda: futures.append(go()))
    with pytest.raises(kind):
        io_loop.start()

    assert [type(future.exception()) for future in futures] == [kind] * later


def test_who_waits_for_an_interrupted_coroutine_goes_on_when_the_loop_runs_again(
    io_loop: IOLoop,
) -> None:
    @gen.coroutine
    def interrupted() -> Body:
        yield gen.moment
        raise KeyboardInterrupt

    @gen.coroutine
    def waits() -> Body:
        try:
            yield interrupted()
        except KeyboardInterrupt:
            return "went on"

    future = waits()
    with pytest.raises(KeyboardInterrupt):
        io_loop.start()

    assert io_loop.run_sync(lambda: future) == "went on"


async def test_generator_goes_on_after_another_without_a_turn_of_the_loop(io_loop: IOLoop) -> None:
    turn = 0
    never: asyncio.Future[None] = asyncio.Future()

    def count() -> None:
        nonlocal turn
        turn += 1
        if not never.done():
            asyncio.get_running_loop().call_soon(count)

    @gen.coroutine
    def inner() -> Body:
        yield gen.moment
        return turn

    @gen.coroutine
    def outer(of: "asyncio.Future[int]") -> Body:
        return (yield of), turn

    count()
    shared = inner()
    first, second = outer(shared), outer(shared)

    assert [*await first, *await second] == [shared.result()] * 3 + [shared.result() + 1]
    never.cancel()


async def test_plain_function_gives_a_future_that_is_done(io_loop: IOLoop) -> None:
    @gen.coroutine
    def plain(value: object) -> object:
        return value

    @gen.coroutine
    def raises_return() -> int:
        raise gen.Return(3)

    assert plain(1).result() == 1
    assert raises_return().result() == 3


async def test_stop_iteration_of_a_plain_function_becomes_a_runtime_error(io_loop: IOLoop) -> None:
    @gen.coroutine
    def plain() -> int:
        return next(iter([]))

    error = plain().exception()

    assert isinstance(error, RuntimeError)
    assert isinstance(error.__cause__, StopIteration)


async def test_cancelled_error_of_a_plain_function_cancels_the_future(io_loop: IOLoop) -> None:
    @gen.coroutine
    def plain() -> None:
        raise asyncio.CancelledError

    assert plain().cancelled()


async def test_native_coroutine_function_becomes_a_task(io_loop: IOLoop) -> None:
    future = gen.coroutine(native)()

    assert isinstance(future, asyncio.Task)
    assert await future == "native"


async def test_generator_of_another_kind_is_run_too(io_loop: IOLoop) -> None:
    class Compiled(Generator[Any, Any, str]):
        """What compiled generators are to us: the methods, and no gi_frame."""

        def __init__(self) -> None:
            self._values = iter([completed(1), object()])

        def send(self, value: Any) -> Any:
            try:
                return next(self._values)
            except StopIteration:
                raise StopIteration("result") from None

        def throw(self, *error: Any) -> Any:
            if isinstance(error[0], gen.BadYieldError):
                raise StopIteration(str(error[0]))
            raise error[0]

    assert "Compiled yielded <object" in await gen.coroutine(Compiled)()


async def test_hundred_thousand_completed_futures_do_not_recurse(io_loop: IOLoop) -> None:
    done = completed(1)

    @gen.coroutine
    def go() -> Body:
        total = 0
        for _ in range(100_000):
            total += yield done
        return total

    assert go().result() == 100_000


async def test_deep_chain_of_coroutines_does_not_recurse_when_it_ends(io_loop: IOLoop) -> None:
    future: asyncio.Future[int] = asyncio.Future()
    chain: asyncio.Future[int] = future

    @gen.coroutine
    def add_one(inner: "asyncio.Future[int]") -> Body:
        return (yield inner) + 1

    for _ in range(5_000):
        chain = add_one(chain)
    future.set_result(0)

    assert await chain == 5_000


async def test_future_may_be_cancelled_by_others_while_it_is_waited_for(io_loop: IOLoop) -> None:
    future: asyncio.Future[None] = asyncio.Future()

    @gen.coroutine
    def go() -> Body:
        try:
            yield future
        except asyncio.CancelledError:
            return "seen"

    outcome = go()
    future.cancel()

    assert await outcome == "seen"


# The decorated function


async def test_callback_argument_gets_the_result_through_the_loop(io_loop: IOLoop) -> None:
    results: list[int] = []

    @gen.coroutine
    def go(value: int, **options: int) -> Body:
        assert options == {"option": 1}
        yield COMPLETED
        return value

    call: Callable[..., Any] = go  # Any: no ParamSpec can tell of the callback
    future = call(5, option=1, callback=results.append)

    assert results == []
    assert await future == 5
    await turns()
    assert results == [5]
    assert await call(6, option=1, callback=None) == 6


async def test_without_a_callback_keyword_arguments_are_the_functions(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go(**options: int) -> Body:
        yield COMPLETED
        return options

    assert await go(a=1) == {"a": 1}


async def test_exception_goes_to_the_stack_context_of_the_callback(io_loop: IOLoop) -> None:
    caught = Caught()
    call: Callable[..., Any] = gen.coroutine(_fail_later)

    with caught.context():
        call(BoomError(), callback=fail)

    assert isinstance(await caught.one(), BoomError)


async def test_parameter_named_callback_belongs_to_the_function(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go(callback: str) -> Body:
        yield COMPLETED
        return callback

    assert await go(callback="mine") == "mine"


def test_decorated_function_keeps_its_identity() -> None:
    def go(a: int, b: int = 2) -> Body:
        """Say so."""
        yield

    decorated = gen.coroutine(go)

    assert decorated.__name__ == "go"
    assert decorated.__doc__ == "Say so."
    assert decorated.__wrapped__ is go  # type: ignore[attr-defined]  # Callable does not tell
    assert inspect.signature(decorated) == inspect.signature(go)


async def test_decorated_method_gets_its_object(io_loop: IOLoop) -> None:
    class Model:
        value = 3

        @gen.coroutine
        def get(self) -> Generator[Any, Any, int]:
            yield gen.moment
            return self.value

    assert await Model().get() == 3
    assert gen.is_coroutine_function(Model.get)
    assert gen.is_coroutine_function(Model().get)


def test_is_coroutine_function_knows_decorated_functions_only() -> None:
    assert gen.is_coroutine_function(gen.coroutine(fail))
    assert not gen.is_coroutine_function(gen.engine(fail))
    assert not gen.is_coroutine_function(fail)
    assert not gen.is_coroutine_function(native)


def test_builtin_without_a_signature_can_be_decorated(io_loop: IOLoop) -> None:
    largest: Any = gen.coroutine(max)  # Any: overloaded
    assert largest(1, 2).result() == 2
    assert largest([1], default=0).result() == 1


def test_asynchronous_generator_function_is_refused() -> None:
    async def go() -> Any:
        yield 1

    with pytest.raises(TypeError, match=r"gen.coroutine cannot run .*go"):
        gen.coroutine(go)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match=r"gen.coroutine decorates functions, not 3"):
        gen.coroutine(3)  # type: ignore[call-overload]  # which is what is tested
