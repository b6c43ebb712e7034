import asyncio
import datetime
import math
import random

import pytest

from ostro.ioloop import InvalidArgumentError, IOLoop, LoopClosedError, PeriodicCallback
from ostro.stack_context import ExceptionStackContext

from .support import Handler, fake_time, run_until_idle


def test_callback_is_called_once_in_each_period() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[float] = []
        periodic = PeriodicCallback(lambda: seen.append(loop.time()), 500, io_loop)

        periodic.start()
        io_loop.call_later(2.1, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1000.5, 1001, 1001.5, 1002])


@pytest.mark.parametrize("period", [1500, 1500.0, datetime.timedelta(seconds=1.5)])
def test_period_is_milliseconds_or_a_timedelta(period: float | datetime.timedelta) -> None:
    with fake_time() as (io_loop, loop):
        periodic = PeriodicCallback(io_loop.stop, period)

        periodic.start()
        io_loop.start()

        assert loop.time() == pytest.approx(1001.5)
        assert periodic.callback_time == 1500


def test_time_spent_in_the_callback_does_not_shift_the_next_call() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[float] = []

        def callback() -> None:
            seen.append(loop.time())
            loop.advance(0.3)

        PeriodicCallback(callback, 1000).start()
        io_loop.call_later(100.5, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1000 + second for second in range(1, 101)])


def test_missed_periods_are_skipped() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[float] = []

        def callback() -> None:
            seen.append(loop.time())
            loop.advance(2.5)

        PeriodicCallback(callback, 1000).start()
        io_loop.call_later(8, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1001, 1004, 1007])


def test_clock_that_cannot_tell_the_time_exactly_gives_no_extra_calls() -> None:
    with fake_time(clock_resolution=0.4) as (io_loop, loop):
        seen: list[float] = []
        # Keeps the loop turning, so that the timer is found due early.
        ticks = PeriodicCallback(lambda: loop.advance(0.07), 10)

        PeriodicCallback(lambda: seen.append(loop.time()), 1000).start()
        ticks.start()
        io_loop.call_later(20, io_loop.stop)
        io_loop.start()

        early = [time for number, time in enumerate(seen, 1001) if time < number]
        assert early, "the premise of this test"
        assert len(seen) == 20


def test_step_of_the_wall_clock_does_not_matter() -> None:
    class Stepping(IOLoop):
        wall = 5000.0

        def time(self) -> float:
            self.wall -= 1000
            return self.wall

    with fake_time() as (_, loop):
        io_loop = Stepping.for_loop(loop)
        seen: list[float] = []
        PeriodicCallback(lambda: seen.append(loop.time()), 1000, io_loop).start()
        io_loop.call_later(3.5, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1001, 1002, 1003])


def test_jitter_moves_calls_within_its_window_and_does_not_add_up() -> None:
    random.seed(5)
    with fake_time() as (io_loop, loop):
        seen: list[float] = []
        PeriodicCallback(lambda: seen.append(loop.time()), 1000, jitter=0.5).start()
        io_loop.call_later(200.5, io_loop.stop)
        io_loop.start()

        shifts = [time - number for number, time in enumerate(seen, 1001)]
        assert len(seen) == 200
        assert -0.25 <= min(shifts) < -0.2
        assert 0.2 < max(shifts) <= 0.25


def test_largest_jitter_skips_and_repeats_nothing() -> None:
    random.seed(5)
    with fake_time() as (io_loop, _):
        seen: list[None] = []
        PeriodicCallback(lambda: seen.append(None), 1000, jitter=1).start()
        io_loop.call_later(200.6, io_loop.stop)
        io_loop.start()

        assert len(seen) == 200


def test_coroutine_is_awaited_and_calls_do_not_overlap() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[tuple[str, float]] = []

        async def callback() -> None:
            seen.append(("begin", loop.time()))
            await asyncio.sleep(1.5)
            seen.append(("end", loop.time()))

        PeriodicCallback(callback, 1000).start()
        io_loop.call_later(5.7, io_loop.stop)
        io_loop.start()

        assert [what for what, _ in seen] == ["begin", "end"] * 2 + ["begin"]
        assert [when for _, when in seen] == pytest.approx([1001, 1002.5, 1003, 1004.5, 1005])


def test_stop_ends_the_calls() -> None:
    with fake_time() as (io_loop, _):
        seen: list[None] = []
        periodic = PeriodicCallback(lambda: seen.append(None), 1000)

        periodic.start()
        io_loop.call_later(2.5, periodic.stop)
        io_loop.call_later(9, io_loop.stop)
        io_loop.start()

        assert len(seen) == 2


def test_stop_works_from_inside_the_callback() -> None:
    with fake_time() as (io_loop, _):
        seen: list[bool] = []

        def callback() -> None:
            periodic.stop()
            seen.append(periodic.is_running())

        periodic = PeriodicCallback(callback, 1000)
        periodic.start()
        io_loop.call_later(9, io_loop.stop)
        io_loop.start()

        assert seen == [False]


def test_stop_lets_a_call_that_is_awaited_go_on() -> None:
    with fake_time() as (io_loop, _):
        seen: list[str] = []

        async def callback() -> None:
            periodic.stop()
            await asyncio.sleep(1)
            seen.append("end")

        periodic = PeriodicCallback(callback, 1000)
        periodic.start()
        io_loop.call_later(9, io_loop.stop)
        io_loop.start()

        assert seen == ["end"]


def test_is_running_tells_start_from_stop(io_loop: IOLoop) -> None:
    periodic = PeriodicCallback(lambda: None, 1000)
    seen = [periodic.is_running()]

    for action in (periodic.start, periodic.start, periodic.stop, periodic.stop, periodic.start):
        action()
        seen.append(periodic.is_running())
    periodic.stop()

    assert seen == [False, True, True, False, False, True]


def test_stopping_and_starting_repeatedly_gives_no_duplicate_calls() -> None:
    with fake_time() as (io_loop, _):
        seen: list[None] = []
        periodic = PeriodicCallback(lambda: seen.append(None), 1000)

        for _ in range(5):
            periodic.start()
            periodic.start()
            periodic.stop()
        periodic.start()
        io_loop.call_later(3.5, io_loop.stop)
        io_loop.start()

        assert len(seen) == 3


def test_restart_inside_the_callback_gives_no_duplicate_calls() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[float] = []

        def callback() -> None:
            seen.append(loop.time())
            loop.advance(0.2)
            periodic.stop()
            periodic.start()

        periodic = PeriodicCallback(callback, 1000)
        periodic.start()
        io_loop.call_later(4, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1001, 1002.2, 1003.4])


def test_restart_while_a_call_is_awaited_does_not_overlap() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[tuple[str, float]] = []

        async def callback() -> None:
            seen.append(("begin", loop.time()))
            await asyncio.sleep(2.2)
            seen.append(("end", loop.time()))

        def restart() -> None:
            periodic.stop()
            periodic.start()

        periodic = PeriodicCallback(callback, 1000)
        periodic.start()
        io_loop.call_later(1.5, restart)
        io_loop.call_later(5, io_loop.stop)
        io_loop.start()

        assert [what for what, _ in seen] == ["begin", "end", "begin"]
        assert [when for _, when in seen] == pytest.approx([1001, 1003.2, 1003.5])


def test_exception_is_logged_and_does_not_end_the_calls(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise LookupError

    async def fail_later() -> None:
        raise LookupError

    with fake_time() as (io_loop, _):
        PeriodicCallback(fail, 1000).start()
        PeriodicCallback(fail_later, 1000).start()
        io_loop.call_later(3.5, io_loop.stop)
        io_loop.start()

    assert len(caplog.records) == 6
    assert caplog.records[0].getMessage().endswith(fail.__qualname__)
    assert caplog.records[1].getMessage().endswith(fail_later.__qualname__)


def test_exception_goes_to_the_stack_context_of_start() -> None:
    with fake_time() as (io_loop, _):
        handler = Handler()
        periodic = PeriodicCallback(lambda: int("x"), 1000)

        with ExceptionStackContext(handler):
            periodic.start()
        io_loop.call_later(3.5, io_loop.stop)
        io_loop.start()

        assert len(handler.seen) == 3


def test_change_of_the_period_takes_effect_at_the_next_call() -> None:
    with fake_time() as (io_loop, loop):
        seen: list[float] = []

        def callback() -> None:
            seen.append(loop.time())
            periodic.callback_time = 2000

        periodic = PeriodicCallback(callback, 1000)
        periodic.start()
        io_loop.call_later(5.5, io_loop.stop)
        io_loop.start()

        assert seen == pytest.approx([1001, 1003, 1005])


def test_loop_is_the_current_one_at_start(io_loop: IOLoop) -> None:
    periodic = PeriodicCallback(io_loop.stop, 1)

    periodic.start()
    io_loop.start()
    periodic.stop()

    assert periodic.io_loop is io_loop


async def test_real_loops_call_again_and_again(io_loop: IOLoop) -> None:
    seen = 0
    enough = asyncio.Event()

    async def callback() -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            periodic.stop()
            enough.set()

    periodic = PeriodicCallback(callback, 2, jitter=0.5)
    periodic.start()
    await enough.wait()

    assert seen == 3


@pytest.mark.parametrize("period", [0, -1, math.nan, math.inf, datetime.timedelta(0), "1", None])
def test_period_that_is_not_above_0_is_refused(period: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"callback_time is .*, expected milliseconds"):
        PeriodicCallback(lambda: None, period)


@pytest.mark.parametrize("jitter", [-0.1, 1.1, math.nan])
def test_jitter_out_of_bounds_is_refused(jitter: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"jitter is .*, expected a fraction"):
        PeriodicCallback(lambda: None, 1000, jitter=jitter)


def test_start_on_a_closed_loop_is_refused(io_loop: IOLoop) -> None:
    io_loop.close()

    with pytest.raises(LoopClosedError):
        PeriodicCallback(lambda: None, 1000, io_loop).start()


def test_stopped_callback_leaves_nothing_on_the_loop(io_loop: IOLoop) -> None:
    seen: list[None] = []
    periodic = PeriodicCallback(lambda: seen.append(None), 0.001)

    periodic.start()
    periodic.stop()
    run_until_idle(io_loop)

    assert seen == []
