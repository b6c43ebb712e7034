import asyncio
import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar, copy_context

import pytest

from ostro.stack_context import (
    NullContext,
    StackContext,
    StackContextError,
    StackContextInconsistentError,
    is_active,
    wrap,
)

from .support import Trace


def test_context_is_entered_for_the_block() -> None:
    trace = Trace()

    with StackContext(trace.context("a")):
        assert trace.look() == ["a"]

    assert trace.look() == []


def test_context_is_entered_again_around_a_wrapped_callback() -> None:
    trace = Trace()
    with StackContext(trace.context("a")):
        callback = wrap(trace.look)

    assert callback() == ["a"]
    assert trace.look() == []


def test_nested_contexts_are_entered_outermost_first() -> None:
    trace = Trace()
    with StackContext(trace.context("a")), StackContext(trace.context("b")):
        callback = wrap(trace.look)

    assert callback() == ["a", "b"]


def test_any_number_of_contexts_can_be_carried() -> None:
    trace = Trace()
    depth = 2 * sys.getrecursionlimit()
    with contextlib.ExitStack() as block:
        for number in range(depth):
            block.enter_context(StackContext(trace.context(str(number))))
        callback = wrap(trace.look)

    assert callback() == [str(number) for number in range(depth)]


def test_wrapped_callback_can_be_called_often_and_from_within_itself() -> None:
    trace = Trace()
    seen = []

    def recurse(depth: int) -> None:
        seen.append(trace.look())
        if depth:
            callback(depth - 1)

    with StackContext(trace.context("a")):
        callback = wrap(recurse)

    callback(1)
    callback(0)

    assert seen == [["a"], ["a", "a"], ["a"]]


def test_wrapped_callback_runs_with_exactly_the_captured_stack() -> None:
    trace = Trace()
    inner = []

    def wrap_inside() -> None:
        inner.append(wrap(trace.look))

    with StackContext(trace.context("a")):
        outer = wrap(wrap_inside)
    with StackContext(trace.context("b")):
        outer()
        assert is_active()

    assert inner[0]() == ["a"]


def test_callback_wrapped_without_contexts_runs_without_those_of_its_caller() -> None:
    inner = []
    callback = wrap(lambda: inner.append(is_active()))

    with StackContext(contextlib.nullcontext):
        callback()

    assert inner == [False]


def test_context_follows_from_callback_to_callback() -> None:
    trace = Trace()
    pending = []
    seen = []

    def step(left: int) -> None:
        seen.append(trace.look())
        if left:
            pending.append(wrap(lambda: step(left - 1)))

    with StackContext(trace.context("a")):
        pending.append(wrap(lambda: step(3)))
    while pending:
        pending.pop()()

    assert seen == [["a"]] * 4
    assert not is_active()


def test_wrap_of_none_is_none() -> None:
    assert wrap(None) is None


def test_wrapping_twice_keeps_the_first_place() -> None:
    trace = Trace()
    with StackContext(trace.context("a")):
        callback = wrap(trace.look)

    with StackContext(trace.context("b")):
        again = wrap(callback)

    assert again is callback
    assert again() == ["a"]


def test_wrapped_callback_passes_arguments_and_result() -> None:
    with StackContext(contextlib.nullcontext):
        callback = wrap(lambda a, b=0: (a, b))

    assert callback(1, b=2) == (1, 2)


def test_wrapped_callback_shows_what_it_wraps() -> None:
    callback = wrap(len)

    assert repr(callback) == "<wrapped <built-in function len>>"
    assert getattr(callback, "__wrapped__", None) is len


def test_wrap_carries_context_variables_and_each_call_has_its_own() -> None:
    variable = ContextVar("variable", default="outside")
    seen = []

    def read_and_spoil() -> None:
        seen.append(variable.get())
        variable.set("spoilt")

    def capture() -> Callable[[], None]:
        variable.set("captured")
        return wrap(read_and_spoil)

    callback = copy_context().run(capture)
    callback()
    callback()

    assert seen == ["captured", "captured"]
    assert variable.get() == "outside"


def test_wrapped_callback_runs_in_another_thread() -> None:
    trace = Trace()
    seen = []
    with StackContext(trace.context("a")):
        callback = wrap(lambda: seen.append((trace.look(), is_active())))

    thread = threading.Thread(target=callback)
    thread.start()
    thread.join()

    assert seen == [(["a"], True)]


def test_is_active_tells_whether_a_stack_is_in_force() -> None:
    assert not is_active()
    with StackContext(contextlib.nullcontext):
        assert is_active()
        with NullContext():
            assert not is_active()
        assert is_active()
    assert not is_active()


def test_null_context_hides_the_stack_and_puts_it_back() -> None:
    trace = Trace()

    with StackContext(trace.context("a")):
        null = NullContext()
        with null, null:
            without = wrap(trace.look)
            # The context itself is still entered in this frame.
            assert without() == ["a"]
        within = wrap(trace.look)

    assert without() == []
    assert within() == ["a"]


def test_context_that_fails_to_enter_leaves_no_trace() -> None:
    def broken() -> contextlib.AbstractContextManager[None]:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"), StackContext(broken):
        pytest.fail("the block was entered")

    assert not is_active()


def test_context_may_consume_an_exception_of_the_block() -> None:
    def suppress() -> contextlib.AbstractContextManager[None]:
        return contextlib.suppress(LookupError)

    with StackContext(suppress):
        raise LookupError

    assert not is_active()


def test_context_may_consume_an_exception_of_a_callback() -> None:
    def fail() -> int:
        raise LookupError

    with StackContext(lambda: contextlib.suppress(LookupError)):
        callback = wrap(fail)

    assert callback() is None


def test_exception_that_a_context_does_not_consume_reaches_the_caller() -> None:
    def fail() -> None:
        raise LookupError("from the callback")

    with StackContext(contextlib.nullcontext):
        callback = wrap(fail)

    with pytest.raises(LookupError, match="from the callback"):
        callback()


def test_exception_of_the_context_itself_reaches_the_caller() -> None:
    @contextlib.contextmanager
    def fail_at_the_end() -> Iterator[None]:
        yield
        raise LookupError("at the end")

    with pytest.raises(LookupError, match="at the end"), StackContext(fail_at_the_end):
        callback = wrap(int)

    assert not is_active()
    with pytest.raises(LookupError, match="at the end"):
        callback()


def test_one_object_can_be_entered_inside_itself() -> None:
    trace = Trace()
    context = StackContext(trace.context("a"))

    with context, context:
        callback = wrap(trace.look)

    assert callback() == ["a", "a"]
    assert not is_active()


def test_block_that_leaks_out_of_a_generator_is_reported() -> None:
    def generator() -> Generator[None, None, None]:
        with StackContext(contextlib.nullcontext):
            yield

    def run() -> None:
        first, second = generator(), generator()
        next(first)
        next(second)
        with pytest.raises(StackContextInconsistentError, match="was there a yield in it"):
            next(first)
        second.close()

    copy_context().run(run)

    assert issubclass(StackContextInconsistentError, StackContextError)


def test_generator_that_is_thrown_away_disturbs_nobody() -> None:
    def generator() -> Generator[None, None, None]:
        with StackContext(contextlib.nullcontext):
            yield

    abandoned = generator()
    copy_context().run(next, abandoned)

    with StackContext(contextlib.nullcontext):
        abandoned.close()
        assert is_active()
    gc.collect()

    assert not is_active()


def test_stack_follows_tasks_and_plain_asyncio_callbacks() -> None:
    trace = Trace()

    async def in_task() -> list[str]:
        await asyncio.sleep(0)
        assert trace.look() == [], "asyncio carries the stack, and does not enter it"
        return wrap(trace.look)() or []

    async def main() -> list[str]:
        with StackContext(trace.context("a")):
            task = asyncio.create_task(in_task())
        return await task

    assert asyncio.run(main()) == ["a"]


def test_tasks_do_not_see_the_contexts_of_each_other() -> None:
    trace = Trace()

    async def one(name: str) -> list[str]:
        with StackContext(trace.context(name)):
            await asyncio.sleep(0)
            callback = wrap(trace.look)
        await asyncio.sleep(0)
        return callback() or []

    async def main() -> list[list[str]]:
        return list(await asyncio.gather(one("a"), one("b")))

    assert asyncio.run(main()) == [["a"], ["b"]]


def test_callback_is_freed_with_its_contexts() -> None:
    trace = Trace()
    gc.collect()
    with StackContext(trace.context("a")):
        callback = wrap(trace.look)
    before = sum(type(o) is type(callback) for o in gc.get_objects())

    del callback

    assert sum(type(o).__name__ == "_Wrapped" for o in gc.get_objects()) == before - 1
