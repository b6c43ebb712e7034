import contextlib
from collections.abc import Callable, Iterator

from ostro.stack_context import StackContext, wrap

from .support import Trace


def test_deactivated_context_is_not_passed_on() -> None:
    trace = Trace()

    with (
        StackContext(trace.context("a")),
        StackContext(trace.context("b")) as deactivate,
        StackContext(trace.context("c")),
    ):
        before = wrap(trace.look)
        deactivate()
        deactivate()
        after = wrap(trace.look)

    assert after() == ["a", "c"]
    assert before() == ["a", "b", "c"], "what was pending keeps it"


def test_deactivated_context_is_not_passed_on_by_what_was_pending() -> None:
    trace = Trace()
    with StackContext(trace.context("a")) as deactivate, StackContext(trace.context("b")):
        pending = wrap(lambda: wrap(trace.look))

    deactivate()
    then = pending()

    assert then is not None
    assert then() == ["b"]


def test_contexts_that_are_deactivated_in_a_loop_do_not_pile_up() -> None:
    entered = 0

    @contextlib.contextmanager
    def count() -> Iterator[None]:
        nonlocal entered
        entered += 1
        yield

    pending: list[Callable[[], object]] = []

    def step() -> None:
        with StackContext(count) as deactivate:
            deactivate()
            pending.append(wrap(step))

    step()
    for _ in range(49):
        pending.pop()()

    assert entered == 50
