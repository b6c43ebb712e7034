"""One timer for many deadlines."""

import asyncio
import gc
import weakref

from ostro.ioloop import IOLoop
from ostro.websocket._sweeper import NEVER, Sweeper, sweeper_of


class Member:
    """Has deadlines one after the other, and notes when they were looked at."""

    def __init__(self, *deadlines: float) -> None:
        self._deadlines = [*deadlines, NEVER]
        self.deadline = self._deadlines.pop(0)
        self.expired: list[float] = []
        self.over = asyncio.Event()

    def expire(self, now: float) -> None:
        self.expired.append(now)
        self.deadline = self._deadlines.pop(0)
        if self.deadline == NEVER:
            self.over.set()


async def test_members_are_told_of_their_deadlines_in_time(io_loop: IOLoop) -> None:
    loop = asyncio.get_running_loop()
    sweeper = Sweeper(loop)
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


async def test_a_member_that_is_forgotten_is_not_told(io_loop: IOLoop) -> None:
    sweeper = Sweeper(asyncio.get_running_loop())
    now = sweeper.clock()
    gone, other = Member(now), Member(now)

    sweeper.watch(gone)
    sweeper.watch(other)
    sweeper.forget(gone)
    sweeper.forget(gone)
    await other.over.wait()

    assert gone.expired == []


async def test_a_loop_has_one_sweeper(io_loop: IOLoop) -> None:
    loop = asyncio.get_running_loop()

    assert sweeper_of(loop) is sweeper_of(loop)


def test_a_sweeper_does_not_keep_its_loop() -> None:
    loop = asyncio.new_event_loop()
    gone = weakref.ref(loop)
    sweeper_of(loop).watch(Member(sweeper_of(loop).clock() + 1000))
    loop.close()
    del loop
    gc.collect()

    assert gone() is None
