import datetime
import math
import time

import pytest

from ostro.ioloop import InvalidArgumentError, IOLoop
from ostro.stack_context import ExceptionStackContext

from .support import FakeTimeLoop, Handler, fake_time


class OnMadeUpTime(IOLoop):
    """A loop whose wall clock can be stepped."""

    wall = 5000.0

    def time(self) -> float:
        return self.wall


def test_time_is_a_unix_timestamp(io_loop: IOLoop) -> None:
    before = time.time()

    assert before <= io_loop.time() <= time.time()


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        pytest.param("add_timeout", 5010.0, id="timestamp"),
        pytest.param("add_timeout", 5010, id="integral timestamp"),
        pytest.param("add_timeout", datetime.timedelta(seconds=10), id="timedelta"),
        pytest.param("call_at", 5010.0, id="call_at"),
        pytest.param("call_later", 10.0, id="call_later"),
        pytest.param("call_later", 10, id="call_later, integral"),
    ],
)
def test_timeout_runs_when_it_is_due(method: str, argument: object) -> None:
    loop = FakeTimeLoop()
    io_loop = OnMadeUpTime(loop)
    start = loop.time()

    getattr(io_loop, method)(argument, io_loop.stop)
    io_loop.start()

    assert loop.time() - start == pytest.approx(10)
    io_loop.close()


def test_step_of_the_wall_clock_does_not_move_relative_timeouts() -> None:
    loop = FakeTimeLoop()
    io_loop = OnMadeUpTime(loop)
    seen = []

    def step() -> None:
        io_loop.wall -= 3600

    io_loop.call_later(1, step)
    io_loop.call_later(2, lambda: seen.append(loop.time()))
    io_loop.add_timeout(datetime.timedelta(seconds=3), lambda: seen.append(loop.time()))
    io_loop.call_later(4, io_loop.stop)
    io_loop.start()

    assert seen == pytest.approx([1002, 1003])
    io_loop.close()


@pytest.mark.parametrize("deadline", [0, -1.5, datetime.timedelta(days=-1), -math.inf])
def test_timeout_of_the_past_runs_at_once(
    io_loop: IOLoop, deadline: float | datetime.timedelta
) -> None:
    io_loop.add_timeout(deadline, io_loop.stop)

    io_loop.start()


def test_timeout_never_runs_inside_the_call(io_loop: IOLoop) -> None:
    seen: list[str] = []

    io_loop.call_later(0, seen.append, "timeout")

    assert seen == []


def test_timeouts_run_in_the_order_of_their_deadlines() -> None:
    with fake_time() as (io_loop, _):
        seen: list[int] = []
        for delay in (3, 1, 2):
            io_loop.call_later(delay, seen.append, delay)
        io_loop.call_later(4, io_loop.stop)

        io_loop.start()

        assert seen == [1, 2, 3]


def test_timeout_gets_its_arguments(io_loop: IOLoop) -> None:
    seen = []

    def take(*args: int, **kwargs: int) -> None:
        seen.append((args, kwargs))
        io_loop.stop()

    io_loop.add_timeout(0, take, 1, two=2)
    io_loop.start()

    assert seen == [((1,), {"two": 2})]


@pytest.mark.parametrize("delay", [0, 0.001])
def test_removed_timeout_does_not_run(io_loop: IOLoop, delay: float) -> None:
    seen: list[str] = []

    timeout = io_loop.call_later(delay, seen.append, "removed")
    io_loop.remove_timeout(timeout)
    io_loop.remove_timeout(timeout)
    io_loop.call_later(0.002, io_loop.stop)
    io_loop.start()

    assert seen == []


def test_timeout_that_has_run_can_be_removed(io_loop: IOLoop) -> None:
    timeout = io_loop.call_later(0.001, io_loop.stop)
    io_loop.start()

    io_loop.remove_timeout(timeout)


def test_timeout_that_is_infinitely_far_does_not_run(io_loop: IOLoop) -> None:
    seen: list[str] = []

    io_loop.add_timeout(math.inf, seen.append, "infinite")
    io_loop.call_later(0.001, io_loop.stop)
    io_loop.start()

    assert seen == []


@pytest.mark.parametrize("deadline", [math.nan, "soon", None])
def test_deadline_of_another_kind_is_refused(io_loop: IOLoop, deadline: float) -> None:
    with pytest.raises(InvalidArgumentError, match="expected"):
        io_loop.add_timeout(deadline, io_loop.stop)


def test_delay_that_is_not_a_number_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(InvalidArgumentError, match="delay is nan, expected a number of seconds"):
        io_loop.call_later(math.nan, io_loop.stop)


def test_exception_in_a_timeout_goes_to_the_stack_context(io_loop: IOLoop) -> None:
    handler = Handler(then=io_loop.stop)

    with ExceptionStackContext(handler):
        io_loop.call_later(0, int, "x")
    io_loop.start()

    assert len(handler.seen) == 1


def test_exception_in_a_timeout_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    io_loop.call_later(0, int, "x")
    io_loop.call_later(0.001, io_loop.stop)
    io_loop.start()

    assert "Exception in callback builtins.int" in caplog.text
