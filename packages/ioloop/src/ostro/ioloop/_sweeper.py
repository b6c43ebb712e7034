"""Sweepers: the deadlines of many, looked at together, instead of a timer for each.

What has a deadline is mostly over before it, and moves it often: to arm a timer costs more than to
parse a small request, to set a number costs next to nothing. This file knows neither streams nor
protocols: whoever has a deadline is asked what to do.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio

    from ._loop import IOLoop

NEVER: Final = float("inf")
"""The deadline of who has none."""

_SECONDS_PER_MEMBER: Final = 1e-4
"""The least time between two looks, for each member: looking at one costs about a thousandth of
that, so that the whole costs no more than a thousandth of a processor."""


class Expiring(Protocol):
    """Who can run out of time."""

    deadline: float

    def expire(self, now: float) -> None:
        """Act on a deadline that `now`, on the sweeper's clock, has reached.

        The deadline is `NEVER` already: set the next one, if there is one. What this raises goes to
        `IOLoop.handle_callback_exception`, and keeps nobody else from being looked at.
        """


class Alarm:
    """A member that calls a function once, at its deadline."""

    __slots__ = ("_call", "deadline")

    def __init__(self, deadline: float, call: Callable[[], object]) -> None:
        self.deadline = deadline
        self._call = call

    def expire(self, now: float) -> None:
        """Call the function."""
        self._call()


class _Watch(ABC):
    """What all sweepers have in common: members, a clock, and no more than one timer."""

    __slots__ = ("_io_loop", "_timer", "clock", "members")

    def __init__(self, io_loop: IOLoop, clock: Callable[[], float]) -> None:
        self._io_loop = io_loop
        # Seconds, monotonic.
        self.clock = clock
        # Who is looked at.
        self.members: set[Expiring] = set()
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def sweep(self) -> None:
        """Look at everybody now."""

    def forget(self, member: Expiring) -> None:
        """Do not look at `member` any more; idempotent.

        The timer stays: to cancel it whenever nobody is left would cost what it saves.
        """
        self.members.discard(member)

    def stop(self) -> None:
        """Forget everybody; idempotent."""
        self.members.clear()
        self._disarm()

    def _expire(self, now: float) -> None:
        for member in [member for member in self.members if member.deadline <= now]:
            if member not in self.members:
                continue  # forgotten on account of one before it
            member.deadline = NEVER
            try:
                member.expire(now)
            except Exception:  # noqa: BLE001 - whatever it raises is reported
                self._io_loop.handle_callback_exception(member.expire)

    def _arm(self, seconds: float) -> None:
        # In no Context: the members are not of the one that happens to be here.
        self._timer = Context().run(self._io_loop.call_later, seconds, self.sweep)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Sweeper(_Watch):
    """Looks at its members when the first of their deadlines is due, and not at all while none is.

    Deadlines are kept to the moment, by few members; by many to 0.1 ms for each of them.

    Args:
        io_loop: The loop to wait on. `IOLoop.sweeper` is one for everybody on that loop.
        clock: Returns seconds, monotonic; tests give their own.

    All methods must be called in the thread of the loop.
    """

    __slots__ = ("_wakes_at",)

    def __init__(self, io_loop: IOLoop, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(io_loop, clock)
        self._wakes_at = NEVER

    def watch(self, member: Expiring) -> None:
        """Look at `member` when its deadline is due: call this each time that it becomes earlier.

        A member without a deadline is forgotten by itself.
        """
        self.members.add(member)
        if member.deadline < self._wakes_at:
            self._wake(member.deadline, self.clock())

    def stop(self) -> None:
        """Forget everybody; idempotent."""
        super().stop()
        self._wakes_at = NEVER

    def sweep(self) -> None:
        """Look at everybody now."""
        now = self.clock()
        try:
            self._expire(now)
        finally:
            self.members = {member for member in self.members if member.deadline < NEVER}
            earliest = min((member.deadline for member in self.members), default=NEVER)
            self._wake(max(earliest, now + len(self.members) * _SECONDS_PER_MEMBER), now)

    def _wake(self, at: float, now: float) -> None:
        self._disarm()
        self._wakes_at = at
        if at < NEVER:
            self._arm(at - now)


class RegularSweeper(_Watch):
    """Looks at every member once each `interval` seconds, and not at all while there is none.

    Members move their deadlines without a word to anybody, earlier as well as later, which makes
    this the one for deadlines that move with every request.

    Args:
        io_loop: The loop to wait on.
        interval: Seconds between two looks, and so the precision of the deadlines.
        clock: Returns seconds, monotonic; tests give their own.

    All methods must be called in the thread of the loop.
    """

    __slots__ = ("_interval", "now")

    def __init__(
        self, io_loop: IOLoop, interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(io_loop, clock)
        self._interval = interval
        # The time of the last look: a reading of the clock that costs nothing, and is precise
        # enough for deadlines that are only looked at this often.
        self.now = clock()

    def watch(self, member: Expiring) -> None:
        """Look after `member` until it is forgotten, also while it has no deadline."""
        self.members.add(member)
        if self._timer is None:
            self.now = self.clock()
            self._arm(self._interval)

    def sweep(self) -> None:
        """Look at everybody now."""
        self._disarm()
        if not self.members:
            return
        self._arm(self._interval)
        self.now = self.clock()
        self._expire(self.now)
