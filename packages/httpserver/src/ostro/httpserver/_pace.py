"""How fast a client sends its body and reads its answer, and whether that is fast enough.

Pure bookkeeping on times and byte counts that are given: no clock, no stream.
"""

from __future__ import annotations

from ostro.ioloop import NEVER

from ._settings import BODY_RATE_GRACE


class BodyPace:
    """Judges one request body: it has a total time, and a least rate once a grace has passed.

    Times are seconds on the sweeper's clock, rates bytes per second; 0 switches a limit off.
    """

    __slots__ = ("_min_rate", "_received", "_started", "_total", "_window_started")

    def __init__(self, now: float, timeout: float, min_rate: int) -> None:
        self._started = now
        self._total = timeout
        self._min_rate = min_rate
        # The rate is taken since here; it moves on when the application has held the client back.
        self._window_started = now
        self._received = 0

    def add(self, size: int) -> None:
        """Count `size` bytes that have come."""
        self._received += size

    def restart(self, now: float) -> None:
        """Judge the rate afresh from now on: until now the client was not allowed to send."""
        self._window_started = now
        self._received = 0

    def set_timeout(self, seconds: float) -> None:
        """Replace the total time, still counted from the start of the body."""
        self._total = seconds

    def fault(self, now: float) -> str | None:
        """Say what is too slow by `now`, or return None."""
        elapsed = now - self._started
        if self._total and elapsed >= self._total:
            return (
                f"the request body took {elapsed:.0f} s, expected no more than {self._total:.0f} s"
            )
        window = now - self._window_started
        if self._min_rate and window >= BODY_RATE_GRACE:
            rate = self._received / window
            if rate < self._min_rate:
                return (
                    f"the request body came at {rate:.0f} bytes/s, "
                    f"expected at least {self._min_rate}"
                )
        return None

    def next_check(self, now: float) -> float:
        """Return when `fault` is worth asking again."""
        ends = self._started + self._total if self._total else NEVER
        if not self._min_rate:
            return ends
        return min(ends, max(now, self._window_started + BODY_RATE_GRACE))


class WritePace:
    """Judges whether a client reads: some byte must leave within each `timeout` seconds."""

    __slots__ = ("_sent", "_since", "_timeout")

    def __init__(self, now: float, timeout: float, sent: int) -> None:
        self._timeout = timeout
        # The stream's count of bytes sent when progress was last seen, and when that was.
        self._sent = sent
        self._since = now

    def stalled(self, now: float, sent: int) -> bool:
        """Tell whether nothing has left for too long; `sent` is the stream's count of bytes."""
        if sent != self._sent:
            self._sent = sent
            self._since = now
        return now >= self._since + self._timeout

    def next_check(self) -> float:
        """Return when `stalled` is worth asking again."""
        return self._since + self._timeout
