"""When things happened during a fetch: what libcurl says of each request, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ._binding import Curl

__all__ = ["Timing"]

_OF_CONNECTION: Final = {
    "namelookup": pycurl.NAMELOOKUP_TIME,
    "connect": pycurl.CONNECT_TIME,
    "appconnect": pycurl.APPCONNECT_TIME,
}
"""What has happened before the request, if the connection was there already."""

_OF_REQUEST: Final = {
    "pretransfer": pycurl.PRETRANSFER_TIME,
    "starttransfer": pycurl.STARTTRANSFER_TIME,
}


class Timing:
    """Times of one fetch, in seconds.

    `clock` returns seconds, monotonic.
    """

    __slots__ = ("_clock", "_hop", "_redirected", "_times", "_turn", "start")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.start = clock()
        # The turn in the queue came; the request at hand began; the last one did that was not the
        # first.
        self._turn: float | None = None
        self._hop = 0.0
        self._redirected = 0.0
        # What libcurl said last, counted from the turn.
        self._times: dict[str, float] = {}

    def turn_came(self) -> None:
        """Learn that the fetch has its turn; only the first time counts."""
        if self._turn is None:
            self._turn = self._hop = self._clock()

    def next_hop(self) -> None:
        """Learn that another request begins, which a redirect has led to."""
        self._hop = self._redirected = self._clock()

    def elapsed(self) -> float:
        """Return the seconds since the fetch began."""
        return self._clock() - self.start

    def read(self, curl: Curl) -> None:
        """Take over what libcurl says of the request at hand."""
        before = 0.0 if self._turn is None else self._hop - self._turn
        connected = _number(curl, pycurl.NUM_CONNECTS) > 0
        for name, info in _OF_CONNECTION.items():
            seconds = _number(curl, info)
            self._times[name] = before + seconds if connected and seconds else 0.0
        for name, info in _OF_REQUEST.items():
            seconds = _number(curl, info)
            self._times[name] = before + seconds if seconds else 0.0

    def info(self) -> dict[str, float]:
        """Return the times as `HTTPResponse.time_info` has them."""
        now = self._clock()
        turn = now if self._turn is None else self._turn
        return {
            "queue": turn - self.start,
            **dict.fromkeys([*_OF_CONNECTION, *_OF_REQUEST], 0.0),
            **self._times,
            "total": now - turn,
            "redirect": max(0.0, self._redirected - turn),
        }


def _number(curl: Curl, info: int) -> float:
    value = curl.getinfo(info)
    assert isinstance(value, (int, float))  # what libcurl says it is
    return value
