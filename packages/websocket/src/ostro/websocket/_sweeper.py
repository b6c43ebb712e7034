"""One sweeper for all WebSockets of a loop, instead of timers for each.

A connection that has nothing to wait for (no pings, nothing unsent, no close on its way) is not
known here, and costs nothing. This file knows no WebSocket: whoever has a deadline is asked what to
do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Final, Protocol

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


class Sweeper:
    """Looks at its members when the first of their deadlines is due, and not at all while none is.

    `clock` returns seconds, monotonic; tests give their own.
    """

    __slots__ = ("_loop", "_members", "_timer", "_wakes_at", "clock")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._loop = loop
        self.clock = clock
        self._members: set[Expiring] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = NEVER

    def watch(self, member: Expiring) -> None:
        """Look at `member` when its deadline is due: call this each time that it becomes earlier.

        A member without a deadline is forgotten by itself.
        """
        self._members.add(member)
        if member.deadline < self._wakes_at:
            self._wake(member.deadline, self.clock())

    def forget(self, member: Expiring) -> None:
        """Do not look at `member` any more; idempotent."""
        self._members.discard(member)

    def _wake(self, at: float, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wakes_at = at
        if at < NEVER:
            self._timer = self._loop.call_later(max(at - now, 0.0), self._sweep, context=Context())

    def _sweep(self) -> None:
        now = self.clock()
        for member in [member for member in self._members if member.deadline <= now]:
            member.expire(now)
        self._members = {member for member in self._members if member.deadline < NEVER}
        earliest = min((member.deadline for member in self._members), default=NEVER)
        self._wake(max(earliest, now + len(self._members) * _SECONDS_PER_MEMBER), now)


_ATTRIBUTE: Final = "_ostro_websocket_sweeper"
"""The attribute of a loop that holds its sweeper: a table elsewhere would keep both for ever."""


def sweeper_of(loop: asyncio.AbstractEventLoop) -> Sweeper:
    """Return the sweeper of a loop, made when it is first asked for."""
    attributes = vars(loop)
    sweeper: Sweeper | None = attributes.get(_ATTRIBUTE)
    if sweeper is None:
        sweeper = attributes[_ATTRIBUTE] = Sweeper(loop)
    return sweeper
