"""One timer for many deadlines: who is looked at, and when."""

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Callable

import pytest

from ostro.ioloop import NEVER, Alarm, IOLoop, RegularSweeper, Sweeper
from packages.clocks import FakeClock


class Member:
    """Has deadlines one after the other, and notes when they were looked at."""

    def __init__(self, *deadlines: float) -> None:
        self._deadlines = list(deadlines)
        self.deadline = self._deadlines.pop(0)
        self.expired: list[float] = []
        self.over = asyncio.Event()

    def expire(self, now: float) -> None:
        self.expired.append(now)
        if self._deadlines:
            self.deadline = self._deadlines.pop(0)
        else:
            self.over.set()


class Broken(Member):
    """Fails at its deadline."""

    def __init__(self, deadline: float, error: BaseException) -> None:
        super().__init__(deadline)
        self._error = error

    def expire(self, now: float) -> None:
        super().expire(now)
        raise self._error


def timers(io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the delay of each timer that is made on the loop from now on."""
    made: list[float] = []
    call_later = io_loop.call_later

    def note(delay: float, callback: object, *args: object) -> asyncio.TimerHandle:
        made.append(delay)
        return call_later(delay, callback, *args)  # type: ignore[arg-type]  # as it was given

    monkeypatch.setattr(io_loop, "call_later", note)
    return made


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so that nobody else tells of."""
    while not condition():  # noqa: ASYNC110 - such things have no event
        await asyncio.sleep(0)


async def until_at_rest(sweeper: Sweeper | RegularSweeper) -> None:
    """Wait until no timer is left."""
    await until(lambda: sweeper._timer is None)


# When it looks


async def test_members_are_told_of_their_deadlines_in_time(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    now = sweeper.clock()
    late, early = Member(now + 0.03), Member(now + 0.01, now + 0.02)

    sweeper.watch(late)
    sweeper.watch(early)
    await late.over.wait()
    await early.over.wait()

    assert len(late.expired) == 1
    assert len(early.expired) == 2
    assert early.expired[0] >= now + 0.01
    assert late.expired[0] >= now + 0.03


async def test_only_those_whose_deadline_has_come_are_told(io_loop: IOLoop) -> None:
    clock = FakeClock()
    sweeper = Sweeper(io_loop, clock)
    early, late = Member(1001.0), Member(1002.0)
    sweeper.watch(late)
    sweeper.watch(early)

    sweeper.sweep()
    assert early.expired == []
    clock.now = 1001.0
    sweeper.sweep()
    assert early.expired == [1001.0]
    sweeper.stop()

    assert late.expired == []


async def test_a_deadline_that_was_moved_is_kept_where_it_is(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    now = sweeper.clock()
    later, sooner = Member(now + 0.01), Member(now + 1000)
    sweeper.watch(later)
    sweeper.watch(sooner)

    later.deadline = now + 0.03  # without a word
    sooner.deadline = now + 0.02
    sweeper.watch(sooner)
    await later.over.wait()

    assert sooner.expired[0] >= now + 0.02
    assert later.expired[0] >= now + 0.03


async def test_a_deadline_that_is_reached_is_none_any_more(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    member = Member(sweeper.clock())

    sweeper.watch(member)
    await member.over.wait()

    assert member.deadline == NEVER


async def test_deadlines_of_many_share_timers(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = timers(io_loop, monkeypatch)
    clock = FakeClock()
    sweeper = Sweeper(io_loop, clock)

    for number in range(1000):
        sweeper.watch(Member(1001.0 + number / 1e6))
    assert made == [1.0]
    clock.now = 1001.0
    sweeper.sweep()

    # All but one are still to be told: 0.1 ms for each of them goes by first.
    assert made[1:] == [pytest.approx(0.0999)]
    sweeper.stop()


# When it does not


async def test_there_is_no_timer_while_nobody_waits(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = timers(io_loop, monkeypatch)
    sweeper = Sweeper(io_loop)
    member = Member(NEVER)

    sweeper.watch(member)
    assert made == []
    member.deadline = sweeper.clock()
    sweeper.watch(member)
    await member.over.wait()
    await until_at_rest(sweeper)

    assert len(made) == 1
    assert not sweeper.members


async def test_a_member_that_is_forgotten_is_not_told(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    now = sweeper.clock()
    gone, other = Member(now), Member(now)

    sweeper.watch(gone)
    sweeper.watch(other)
    sweeper.forget(gone)
    sweeper.forget(gone)
    await other.over.wait()
    await until_at_rest(sweeper)

    assert gone.expired == []


async def test_a_member_that_another_has_forgotten_is_not_told(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    rung: list[int] = []

    def ring(number: int) -> None:
        rung.append(number)
        sweeper.forget(alarms[1 - number])

    alarms = [Alarm(0.0, lambda: ring(0)), Alarm(0.0, lambda: ring(1))]
    for alarm in alarms:
        sweeper.watch(alarm)

    sweeper.sweep()

    assert len(rung) == 1


async def test_a_member_without_a_deadline_is_forgotten(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    sweeper.watch(Member(NEVER))

    sweeper.sweep()

    assert not sweeper.members


async def test_a_sweeper_that_is_stopped_tells_nobody_and_can_go_on(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    member, other = Member(sweeper.clock()), Member(sweeper.clock())
    sweeper.watch(member)

    sweeper.stop()
    sweeper.stop()
    sweeper.watch(other)
    await other.over.wait()

    assert member.expired == []


# What members do


async def test_an_alarm_rings_once(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    rung: list[str] = []

    sweeper.watch(Alarm(sweeper.clock(), lambda: rung.append("early")))
    await until_at_rest(sweeper)

    assert rung == ["early"]
    assert not sweeper.members


async def test_a_member_that_fails_is_reported_and_keeps_nobody_from_being_told(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    sweeper = Sweeper(io_loop)
    now = sweeper.clock()
    members = [Broken(now, RuntimeError("broken")) for _ in range(3)]
    later = Member(now + 0.01)

    for member in members:
        sweeper.watch(member)
    sweeper.watch(later)
    await later.over.wait()

    assert [len(member.expired) for member in members] == [1, 1, 1]
    assert len(caplog.records) == 3
    assert "Broken.expire" in caplog.text


async def test_a_cancelled_member_does_not_end_the_sweeper(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop)
    now = sweeper.clock()
    later = Member(now + 0.01)

    sweeper.watch(Broken(now, asyncio.CancelledError()))
    sweeper.watch(later)
    await later.over.wait()

    assert len(later.expired) == 1


async def test_members_are_told_in_no_context(io_loop: IOLoop) -> None:
    name = contextvars.ContextVar("name", default="nobody")
    sweeper = Sweeper(io_loop)
    seen: list[str] = []

    name.set("somebody")
    sweeper.watch(Alarm(sweeper.clock(), lambda: seen.append(name.get())))
    await until_at_rest(sweeper)

    assert seen == ["nobody"]


# The one of a loop


async def test_a_loop_has_one_sweeper(io_loop: IOLoop) -> None:
    assert io_loop.sweeper is IOLoop.current().sweeper


def test_a_sweeper_does_not_keep_its_loop() -> None:
    loop = IOLoop(asyncio.new_event_loop())
    gone = weakref.ref(loop.asyncio_loop)
    loop.sweeper.watch(Member(loop.sweeper.clock() + 1000))
    loop.close()
    del loop
    gc.collect()

    assert gone() is None


# The one that looks regularly


async def test_a_regular_sweeper_sees_deadlines_that_nobody_told_it_of(io_loop: IOLoop) -> None:
    clock = FakeClock()
    sweeper = RegularSweeper(io_loop, 0.001, clock)
    member = Member(NEVER, 2000.0, NEVER)
    sweeper.watch(member)
    clock.now = 1500.0
    sweeper.sweep()
    assert member.expired == []

    member.deadline = 1400.0
    await until(lambda: member.expired)
    clock.now = 2000.0
    await until(lambda: len(member.expired) == 2)

    assert member.expired == [1500.0, 2000.0]
    sweeper.stop()


async def test_a_regular_sweeper_has_one_timer_for_each_interval(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = timers(io_loop, monkeypatch)
    clock = FakeClock()
    sweeper = RegularSweeper(io_loop, 5.0, clock)

    for number in range(1000):
        sweeper.watch(Member(1000.0 + number))
    sweeper.sweep()

    assert made == [5.0, 5.0]
    sweeper.stop()


async def test_a_regular_sweeper_rests_while_there_is_nobody(io_loop: IOLoop) -> None:
    clock = FakeClock()
    sweeper = RegularSweeper(io_loop, 0.001, clock)
    member = Member(0.0)
    sweeper.watch(member)
    await member.over.wait()
    assert sweeper.members == {member}  # also without a deadline
    sweeper.forget(member)
    await until_at_rest(sweeper)
    clock.now += 100
    assert sweeper.now < clock.now

    other = Member(0.0)
    sweeper.watch(other)

    assert sweeper.now == clock.now
    await other.over.wait()
    sweeper.stop()


async def test_a_regular_sweeper_goes_on_after_a_member_that_failed(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    sweeper = RegularSweeper(io_loop, 0.001)
    failing, cancelled = Broken(0.0, RuntimeError("broken")), Broken(0.0, asyncio.CancelledError())
    sound = Member(0.0, 0.0, 0.0)

    for member in (failing, cancelled, sound):
        sweeper.watch(member)
    await sound.over.wait()

    assert len(sound.expired) == 3
    assert len(caplog.records) == 1
    sweeper.stop()


async def test_time_that_goes_by_on_a_regular_sweeper_is_read_without_a_clock(
    io_loop: IOLoop,
) -> None:
    clock = FakeClock()
    sweeper = RegularSweeper(io_loop, 0.001, clock)
    sweeper.watch(Member(NEVER))

    clock.now = 1234.0
    sweeper.sweep()

    assert sweeper.now == 1234.0
    sweeper.stop()
