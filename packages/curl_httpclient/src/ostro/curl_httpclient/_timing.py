"""When things happened during a request, as libcurl says."""

from __future__ import annotations

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient.parts import Timing

from ._binding import Curl

__all__ = ["read_times"]


def read_times(timing: Timing, curl: Curl, begun: float) -> None:
    """Take over what libcurl says of a request, which began at `begun` on the client's clock."""
    if _seconds(curl, pycurl.NUM_CONNECTS):  # or they are those of a connection that was there
        timing.looked_up = _time(curl, pycurl.NAMELOOKUP_TIME, begun)
        timing.connected = _time(curl, pycurl.CONNECT_TIME, begun)
        timing.secured = _time(curl, pycurl.APPCONNECT_TIME, begun)
    timing.ready = _time(curl, pycurl.PRETRANSFER_TIME, begun)
    timing.first_byte = _time(curl, pycurl.STARTTRANSFER_TIME, begun)


def _time(curl: Curl, info: int, begun: float) -> float:
    """Return when something happened, 0 if it did not."""
    seconds = _seconds(curl, info)
    return begun + seconds if seconds else 0.0


def _seconds(curl: Curl, info: int) -> float:
    value = curl.getinfo(info)
    assert isinstance(value, (int, float))  # what libcurl says it is
    return value
