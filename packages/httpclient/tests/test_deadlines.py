"""The sweeper: who is looked at, and when."""

from __future__ import annotations

import asyncio

from ostro.httpclient._deadlines import NEVER, Alarm, Sweeper
from ostro.ioloop import IOLoop

from .support import FakeClock


async def test_a_member_is_called_when_its_deadline_has_come(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop.asyncio_loop)
    rung = asyncio.Event()

    sweeper.watch(Alarm(sweeper.clock() + 0.01, rung.set))

    await rung.wait()
    assert not sweeper.members


async def test_only_those_whose_deadline_has_come_are_called(io_loop: IOLoop) -> None:
    clock = FakeClock()
    sweeper = Sweeper(io_loop.asyncio_loop, clock)
    rung = []
    early = Alarm(1001.0, lambda: rung.append("early"))
    late = Alarm(1002.0, lambda: rung.append("late"))
    sweeper.watch(late)
    sweeper.watch(early)

    sweeper.sweep()
    assert rung == []
    clock.now = 1001.0
    sweeper.sweep()
    assert rung == ["early"]
    sweeper.forget(late)
    sweeper.forget(late)
    clock.now = 1003.0
    sweeper.sweep()

    assert rung == ["early"]
    sweeper.stop()


async def test_a_member_without_a_deadline_is_forgotten(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop.asyncio_loop, FakeClock())
    sweeper.watch(Alarm(NEVER, lambda: None))

    sweeper.sweep()

    assert not sweeper.members


async def test_a_sweeper_that_is_stopped_calls_nobody(io_loop: IOLoop) -> None:
    sweeper = Sweeper(io_loop.asyncio_loop)
    rung: list[int] = []
    sweeper.watch(Alarm(sweeper.clock(), lambda: rung.append(1)))

    sweeper.stop()
    sweeper.stop()
    await asyncio.sleep(0.002)

    assert rung == []
