import asyncio
import contextlib
from types import TracebackType

import pytest

from ostro.stack_context import ExceptionStackContext, NullContext, StackContext, wrap

from .support import Trace


class Handler:
    """Keeps what it is given; consumes it or not."""

    def __init__(self, consumes: bool) -> None:
        self.consumes = consumes
        self.seen: list[BaseException] = []

    def __call__(
        self,
        exc_type: type[BaseException],
        exc_value: BaseException,
        traceback: TracebackType | None,
    ) -> bool:
        assert exc_type is type(exc_value)
        assert traceback is not None
        self.seen.append(exc_value)
        return self.consumes


def fail() -> None:
    raise LookupError("failed")


def test_exception_passes_through_any_number_of_handlers_from_the_inside_out() -> None:
    handlers = [Handler(consumes=number == 10) for number in range(1000)]
    with contextlib.ExitStack() as block:
        for handler in handlers:
            block.enter_context(ExceptionStackContext(handler))
        callback = wrap(fail)

    assert callback() is None

    assert [len(handler.seen) for handler in handlers] == [0] * 10 + [1] * 990


def test_exception_in_the_block_goes_to_the_handler() -> None:
    handler = Handler(consumes=True)

    with ExceptionStackContext(handler):
        fail()

    assert [str(error) for error in handler.seen] == ["failed"]


def test_exception_in_a_callback_goes_to_the_handler() -> None:
    handler = Handler(consumes=True)
    with ExceptionStackContext(handler):
        callback = wrap(fail)

    callback()
    callback()

    assert [str(error) for error in handler.seen] == ["failed", "failed"]


def test_handler_is_not_called_without_an_exception() -> None:
    handler = Handler(consumes=True)

    with ExceptionStackContext(handler):
        callback = wrap(int)

    assert callback() == 0
    assert handler.seen == []


def test_consumed_exception_does_not_reach_outer_handlers() -> None:
    outer, inner = Handler(consumes=True), Handler(consumes=True)
    with ExceptionStackContext(outer), ExceptionStackContext(inner):
        callback = wrap(fail)

    callback()

    assert len(inner.seen) == 1
    assert outer.seen == []


def test_exception_that_is_not_consumed_goes_on_to_outer_handlers() -> None:
    outer, inner = Handler(consumes=True), Handler(consumes=False)
    with ExceptionStackContext(outer), ExceptionStackContext(inner):
        callback = wrap(fail)

    callback()

    assert inner.seen == outer.seen
    assert len(outer.seen) == 1


def test_exception_that_nobody_consumes_reaches_the_caller() -> None:
    handler = Handler(consumes=False)
    with ExceptionStackContext(handler):
        callback = wrap(fail)

    with pytest.raises(LookupError, match="failed"):
        callback()

    assert len(handler.seen) == 1


@pytest.mark.parametrize("answer", [None, 0, "", []])
def test_any_false_answer_lets_the_exception_pass(answer: object) -> None:
    with pytest.raises(LookupError), ExceptionStackContext(lambda *_: answer):
        fail()


def test_exception_of_the_handler_takes_the_place_of_the_first() -> None:
    def translate(exc_type: object, exc_value: BaseException, traceback: object) -> None:
        raise ValueError("translated") from exc_value

    outer = Handler(consumes=True)
    with ExceptionStackContext(outer), ExceptionStackContext(translate):
        callback = wrap(fail)

    callback()

    assert [str(error) for error in outer.seen] == ["translated"]


@pytest.mark.parametrize(
    "exception", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
def test_what_is_no_error_passes_by_the_handler(exception: type[BaseException]) -> None:
    handler = Handler(consumes=True)

    with pytest.raises(exception), ExceptionStackContext(handler):
        raise exception

    assert handler.seen == []


def test_handler_runs_inside_the_contexts_around_it() -> None:
    trace = Trace()
    seen = []

    def handle(*exc_info: object) -> bool:
        seen.append(trace.look())
        return True

    with (
        StackContext(trace.context("a")),
        ExceptionStackContext(handle),
        StackContext(trace.context("b")),
    ):
        callback = wrap(fail)

    callback()

    assert seen == [["a"]]


def test_null_context_cuts_the_handlers_off() -> None:
    handler = Handler(consumes=True)
    with ExceptionStackContext(handler), NullContext():
        callback = wrap(fail)

    with pytest.raises(LookupError):
        callback()

    assert handler.seen == []


def test_deactivated_handler_sees_nothing_that_is_wrapped_later() -> None:
    handler = Handler(consumes=True)
    with ExceptionStackContext(handler) as deactivate:
        pending = wrap(fail)
        deactivate()
        later = wrap(fail)

    pending()
    with pytest.raises(LookupError):
        later()

    assert len(handler.seen) == 1


def test_handler_object_is_shared_by_nested_calls() -> None:
    handler = Handler(consumes=True)

    def call_inner_and_fail() -> None:
        callback_of_fail()
        fail()

    with ExceptionStackContext(handler):
        callback_of_fail = wrap(fail)
        callback = wrap(call_inner_and_fail)

    callback()

    assert len(handler.seen) == 2
