"""One sweeper for all fetches and idle connections of a client, instead of a timer for each.

Fetches come and go faster than their deadlines, so most of them cost no timer at all. This file
knows no HTTP: whoever has a deadline is asked what to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Final, Protocol

__all__ = ["NEVER", "Alarm", "Expiring", "Sweeper"]

NEVER: Final = float("inf")
"""The deadline of who has none."""

_SECONDS_PER_MEMBER: Final = 1e-4
"""The least time between two looks, for each member: looking at one costs about a thousandth of
that, so that the whole costs no more than a thousandth of a processor."""


class Expiring(Protocol):
    """Who can run out of time."""

    deadline: float

    def expire(self, now: float) -> None:
        """Act on a deadline that `now`, on the sweeper's clock, has reached; set the next one."""


class Alarm:
    """A member that calls a function once, at its deadline."""

    __slots__ = ("_call", "deadline")

    def __init__(self, deadline: float, call: Callable[[], object]) -> None:
        self.deadline = deadline
        self._call = call

    def expire(self, now: float) -> None:
        """Call the function."""
        self.deadline = NEVER
        self._call()


class Sweeper:
    """Looks at its members when the first of their deadlines is due, and not at all while none is.

    `clock` returns seconds, monotonic; tests give their own.
    """

    __slots__ = ("_loop", "_timer", "_wakes_at", "clock", "members")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._loop = loop
        self.clock = clock
        self.members: set[Expiring] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = NEVER

    def watch(self, member: Expiring) -> None:
        """Look at `member` when its deadline is due; call this whenever that becomes earlier."""
        self.members.add(member)
        if member.deadline < self._wakes_at:
            self._wake(member.deadline, self.clock())

    def forget(self, member: Expiring) -> None:
        """Do not look at `member` any more; idempotent."""
        self.members.discard(member)

    def stop(self) -> None:
        """Forget everybody."""
        self.members.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wakes_at = NEVER

    def sweep(self) -> None:
        """Look at everybody now."""
        now = self.clock()
        for member in [member for member in self.members if member.deadline <= now]:
            member.expire(now)
        self.members = {member for member in self.members if member.deadline < NEVER}
        earliest = min((member.deadline for member in self.members), default=NEVER)
        self._wake(max(earliest, now + len(self.members) * _SECONDS_PER_MEMBER), now)

    def _wake(self, at: float, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wakes_at = at
        if at < NEVER:
            self._timer = self._loop.call_later(max(at - now, 0.0), self.sweep, context=Context())
