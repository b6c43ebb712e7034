"""One sweeper for all connections of a server, instead of a timer for each request.

Re-arming a timer costs more than parsing a small request; a deadline is one float on the
connection, and once a second all of them are looked at. This file knows no HTTP: whoever has a
deadline is asked what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ostro.ioloop import IOLoop

NEVER = float("inf")
"""The deadline of who has none."""

SWEEP_INTERVAL = 1.0
"""Seconds between two looks at the deadlines, and so their precision."""


class Expiring(Protocol):
    """Who can run out of time."""

    deadline: float

    def expire(self, now: float) -> None:
        """Act on a deadline that `now`, on the sweeper's clock, has reached; set the next one."""


class Sweeper:
    """Looks at every member once each `interval` seconds, and not at all while there is none.

    `clock` returns seconds, monotonic; tests give their own.
    """

    __slots__ = ("_interval", "_io_loop", "_running", "clock", "members", "now")

    def __init__(self, io_loop: IOLoop, clock: Callable[[], float], interval: float) -> None:
        self._io_loop = io_loop
        self._interval = interval
        self._running = False
        self.members: set[Expiring] = set()
        self.clock = clock
        # The time of the last look: a reading of the clock that costs nothing, and is precise
        # enough for deadlines that are only looked at this often.
        self.now = clock()

    def add(self, member: Expiring) -> None:
        """Look after `member` until it is removed."""
        self.members.add(member)
        if not self._running:
            self._running = True
            self.now = self.clock()
            self._io_loop.call_later(self._interval, self._sweep)

    def remove(self, member: Expiring) -> None:
        """Forget `member`; idempotent."""
        self.members.discard(member)

    def _sweep(self) -> None:
        self._running = bool(self.members)
        if not self._running:
            return
        self._io_loop.call_later(self._interval, self._sweep)
        now = self.now = self.clock()
        for member in [m for m in self.members if m.deadline <= now]:
            member.expire(now)
