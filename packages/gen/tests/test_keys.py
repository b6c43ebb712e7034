"""Callback, Wait and WaitAll: keys, results, and their misuse."""

import logging
import threading
from collections.abc import Callable, Generator, Hashable
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop

from .support import Later, turns

Body = Callable[[], Generator[Any, Any, Any]]


@pytest.mark.parametrize(
    "key", ["key", 1, ("a", 2), None, object()], ids=lambda key: type(key).__name__
)
async def test_wait_gives_what_the_callback_was_called_with(io_loop: IOLoop, key: Hashable) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        io_loop.add_callback((yield gen.Callback(key)), "result")
        return (yield gen.Wait(key))

    assert await go() == "result"


async def test_callback_may_be_called_before_the_wait(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        (yield gen.Callback("key"))("early")
        return (yield gen.Wait("key"))

    future = go()

    assert future.done()
    assert future.result() == "early"


async def test_wait_comes_back_only_for_its_own_key(io_loop: IOLoop) -> None:
    callbacks: dict[str, Callable[..., None]] = {}
    seen: list[str] = []

    @gen.engine
    def go() -> Generator[Any, Any, None]:
        for key in "ab":
            callbacks[key] = yield gen.Callback(key)
        seen.append((yield gen.Wait("a")))
        seen.append((yield gen.Wait("b")))

    go()
    callbacks["b"]("second")
    await turns()
    assert seen == []

    callbacks["a"]("first")
    await turns()
    assert seen == ["first", "second"]


@pytest.mark.parametrize(
    ("args", "kwargs", "result"),
    [
        ((), {}, None),
        ((1,), {}, 1),
        ((None,), {}, None),
        ((1, 2), {}, gen.Arguments((1, 2), {})),
        ((), {"a": 1}, gen.Arguments((), {"a": 1})),
        ((1,), {"a": 2}, gen.Arguments((1,), {"a": 2})),
    ],
    ids=str,
)
async def test_result_depends_on_how_the_callback_was_called(
    io_loop: IOLoop, args: tuple[Any, ...], kwargs: dict[str, Any], result: object
) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        (yield gen.Callback("key"))(*args, **kwargs)
        return (yield gen.Wait("key")), (yield gen.Task(lambda callback: callback(*args, **kwargs)))

    assert await go() == (result, result)


def test_arguments_are_a_tuple_with_names() -> None:
    arguments = gen.Arguments((1, 2), {"a": 3})

    args, kwargs = arguments
    assert (args, kwargs) == ((1, 2), {"a": 3})
    assert (arguments.args, arguments.kwargs) == (args, kwargs)


async def test_wait_all_gives_results_in_the_order_of_its_keys(io_loop: IOLoop) -> None:
    callbacks: list[Callable[..., None]] = []

    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        callbacks.extend((yield [gen.Callback(key) for key in range(3)]))
        return (yield gen.WaitAll(range(3)))

    future = go()
    for key in (2, 0, 1):
        assert not future.done()
        callbacks[key](key * 10)
        await turns()

    assert await future == [0, 10, 20]


async def test_list_and_dict_of_waits_are_waited_for_together(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        a, b = yield [gen.Callback("a"), gen.Callback("b")]
        io_loop.add_callback(b, 2)
        io_loop.add_callback(a, 1)
        first = yield [gen.Wait("a"), gen.Wait("b")]
        (yield gen.Callback("c"))(3)
        second = yield {"x": gen.Wait("c"), "y": gen.moment}
        return first, second

    assert await go() == ([1, 2], {"x": 3, "y": None})


async def test_key_is_free_after_its_wait_and_in_other_runs(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Generator[Any, Any, Any]:
        total = 0
        for number in range(3):
            io_loop.add_callback((yield gen.Callback("key")), number)
            total += yield gen.Wait("key")
        return total

    assert await gen.multi([go(), go()]) == [3, 3]


async def _outcome(body: Body) -> Any:
    return await gen.coroutine(body)()


async def test_key_in_use_is_refused_by_name(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        yield gen.Callback("twice")
        yield gen.Callback("twice")

    with pytest.raises(gen.KeyReuseError, match="'twice' is in use") as raised:
        await _outcome(body)

    assert raised.value.key == "twice"


async def test_misuse_is_raised_at_the_yield_where_it_can_be_caught(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        caught: list[str] = []
        (yield gen.Callback("k"))(1)
        for point in (gen.Callback("k"), gen.Wait("other"), gen.WaitAll(["k", "other"])):
            try:
                yield point
            except gen.GenError as error:
                caught.append(type(error).__name__)
        yield gen.Wait("k")
        return caught

    assert await _outcome(body) == ["KeyReuseError", "UnknownKeyError", "UnknownKeyError"]


async def test_wait_without_a_callback_is_refused_by_name(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        yield gen.Wait("nobody")

    with pytest.raises(gen.UnknownKeyError, match="no callback with the key 'nobody'") as raised:
        await _outcome(body)

    assert raised.value.key == "nobody"


@pytest.mark.parametrize(
    "points", [[gen.Wait("k"), gen.Wait("k")], gen.WaitAll(["k", "k"])], ids=["list", "WaitAll"]
)
async def test_one_callback_cannot_be_waited_for_twice(io_loop: IOLoop, points: Any) -> None:
    def body() -> Generator[Any, Any, Any]:
        (yield gen.Callback("k"))(1)
        yield points

    with pytest.raises(gen.UnknownKeyError):
        await _outcome(body)


async def test_unhashable_key_is_a_type_error(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        yield gen.Callback([])  # type: ignore[arg-type]  # which is what is tested

    with pytest.raises(TypeError):
        await _outcome(body)


@pytest.mark.parametrize("called", [False, True], ids=["not called", "called"])
async def test_leftover_callbacks_are_named_at_the_end(io_loop: IOLoop, called: bool) -> None:
    def body() -> Generator[Any, Any, Any]:
        for key in ("a", 2):
            callback = yield gen.Callback(key)
            if called:
                callback()
        return 5

    with pytest.raises(gen.LeakedCallbackError, match=r"body .*'a', 2") as raised:
        await _outcome(body)

    assert raised.value.keys == ["a", 2]


def test_leftover_callback_of_an_engine_that_never_waited_is_raised_to_the_caller() -> None:
    @gen.engine
    def go() -> Generator[Any, Any, None]:
        yield gen.Callback("left")

    with pytest.raises(gen.LeakedCallbackError, match="'left'"):
        go()


async def test_exception_matters_more_than_leftover_callbacks(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        yield gen.Callback("left")
        raise LookupError

    with pytest.raises(LookupError):
        await _outcome(body)


async def test_second_call_of_a_callback_is_logged_and_ignored(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def body() -> Generator[Any, Any, Any]:
        callback = yield gen.Callback("k")
        callback(1)
        callback(2)
        return (yield gen.Wait("k"))

    with caplog.at_level(logging.WARNING, "ostro.general"):
        assert await _outcome(body) == 1

    assert ["key 'k': ignored" in record.getMessage() for record in caplog.records] == [True]


async def test_callback_may_be_called_in_another_thread(io_loop: IOLoop) -> None:
    def body() -> Generator[Any, Any, Any]:
        thread = threading.Thread(target=(yield gen.Callback("k")), args=("from a thread",))
        io_loop.add_callback(thread.start)  # when the generator waits
        result = yield gen.Wait("k")
        thread.join()
        return result

    assert await _outcome(body) == "from a thread"


async def test_callback_after_the_end_does_nothing(io_loop: IOLoop) -> None:
    later = Later()

    def body() -> Generator[Any, Any, Any]:
        later((yield gen.Callback("k")))
        yield gen.moment
        raise LookupError

    with pytest.raises(LookupError):
        await _outcome(body)

    later.finish()
    await turns()


@pytest.mark.parametrize("point", [gen.Callback("k"), gen.Wait("k"), gen.WaitAll(["k"])])
async def test_keys_are_for_generators_only(io_loop: IOLoop, point: gen.YieldPoint) -> None:
    with pytest.raises(gen.GenError, match="'k'"):
        gen.multi([point])
