"""HTTP dates: writing them, reading them, and the Date header of this second.

Spec: RFC 9110 section 5.6.7.
"""

from __future__ import annotations

import calendar
import re
import time
from datetime import UTC, datetime
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_DAYS: Final = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_MONTH: Final = "|".join(_MONTHS)
_DAY: Final = "|".join(_DAYS)
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

_IMF_FIXDATE: Final = (
    rf"(?:{_DAY}), (?P<day>[0-9]{{2}}) (?P<month>{_MONTH}) (?P<year>[0-9]{{4}}) {_TIME} GMT"
)
_RFC850_DATE: Final = (
    rf"(?:{_LONG_DAYS}), (?P<day>[0-9]{{2}})-(?P<month>{_MONTH})-(?P<year>[0-9]{{2}}) {_TIME} GMT"
)
_ASCTIME_DATE: Final = (
    rf"(?:{_DAY}) (?P<month>{_MONTH}) (?P<day>[0-9 ][0-9]) {_TIME} (?P<year>[0-9]{{4}})"
)
_DATE_FORMS: Final = tuple(
    [re.compile(form) for form in (_IMF_FIXDATE, _RFC850_DATE, _ASCTIME_DATE)]
)


def format_timestamp(ts: float | tuple[int, ...] | time.struct_time | datetime) -> str:
    """Return a time as HTTP writes it: "Sun, 27 Jan 2013 18:43:20 GMT".

    A number is a unix timestamp in seconds (its fraction is dropped), a tuple or `struct_time` is
    in UTC, and so is a `datetime` without a time zone. Raises TypeError for anything else,
    ValueError for a year beyond 1 to 9999.

    >>> format_timestamp(1359312200)
    'Sun, 27 Jan 2013 18:43:20 GMT'
    """
    if isinstance(ts, (int, float)):
        seconds = float(ts)
    elif isinstance(ts, datetime):
        seconds = float(calendar.timegm(ts.utctimetuple()))
    elif isinstance(ts, tuple):
        seconds = float(calendar.timegm(ts))
    else:
        raise TypeError(f"expected a number, tuple, struct_time or datetime, not {type(ts)}")
    year, month, day, hour, minute, second, weekday, _, _ = _utc(seconds)
    return (
        f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


def parse_date(text: str) -> datetime | None:
    """Return the time that an HTTP date names, in UTC, or None when it is not a date.

    All three forms are read. A leap second is read as the second before it.
    """
    for form in _DATE_FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _date_of(match)
    return None


class _DateOfThisSecond:
    """The formatted date, and the unix second that it is good for."""

    __slots__ = ("second", "text")

    def __init__(self) -> None:
        self.second: int = 0
        self.text: str = "Thu, 01 Jan 1970 00:00:00 GMT"


_now: Final = _DateOfThisSecond()


def http_date_now(now: float | None = None) -> str:
    """Return the value of a Date header sent at `now`, a unix timestamp; None means this moment.

    It is formatted once for each second.
    """
    second = int(time.time() if now is None else now)
    if second != _now.second:
        _now.text = format_timestamp(second)
        _now.second = second
    return _now.text


def _utc(seconds: float) -> time.struct_time:
    try:
        parts = time.gmtime(seconds)
    except (OverflowError, OSError):
        raise ValueError("timestamp out of range") from None
    if not 1 <= parts.tm_year <= 9999:
        raise ValueError(f"year {parts.tm_year} is out of range, expected 1 to 9999")
    return parts


def _date_of(match: re.Match[str]) -> datetime | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = _full_year(year, datetime.now(UTC).year)
    second = int(match["second"])
    try:
        return datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            min(second, 59) if second <= 60 else second,
            tzinfo=UTC,
        )
    except ValueError:
        return None


def _full_year(two_digits: int, this_year: int) -> int:
    """Return the year of a two-digit one: never more than 50 years ahead."""
    year = this_year - this_year % 100 + two_digits
    return year - 100 if year > this_year + 50 else year
