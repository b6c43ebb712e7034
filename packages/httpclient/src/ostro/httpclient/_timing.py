"""When things happened during a fetch."""

from __future__ import annotations

__all__ = ["Timing"]


class Timing:
    """Times on the client's clock, in seconds; 0 for what has not happened, or not been needed."""

    __slots__ = (
        "connected",
        "end",
        "first_byte",
        "looked_up",
        "ready",
        "redirected",
        "secured",
        "start",
        "turn",
    )

    def __init__(self, start: float) -> None:
        self.start = start
        # The turn in the queue came.
        self.turn = 0.0
        # Of the connection, where one was made: the name was looked up, TCP stood, TLS stood.
        self.looked_up = 0.0
        self.connected = 0.0
        self.secured = 0.0
        # The request was about to be sent; the last one, after redirects.
        self.ready = 0.0
        # The first bytes of the last response came.
        self.first_byte = 0.0
        # The last request began that was not the first.
        self.redirected = 0.0
        # All was over.
        self.end = 0.0

    def info(self) -> dict[str, float]:
        """Return the times as `HTTPResponse.time_info` has them."""
        now = self.end
        turn = self.turn or now
        return {
            "queue": turn - self.start,
            "namelookup": max(0.0, self.looked_up - turn),
            "connect": max(0.0, self.connected - turn),
            "appconnect": max(0.0, self.secured - turn),
            "pretransfer": max(0.0, self.ready - turn),
            "starttransfer": max(0.0, self.first_byte - turn),
            "total": now - turn,
            "redirect": max(0.0, self.redirected - turn),
        }
