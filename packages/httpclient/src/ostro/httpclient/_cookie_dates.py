"""The dates of cookies, which come in any form. Spec: RFC 6265bis section 5.1.1."""

from __future__ import annotations

import calendar
import re
from typing import Final

__all__ = ["parse_cookie_date"]

_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip

_DELIMITERS: Final = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = re.compile(r"([0-9]{2,4})(?![0-9])")


def parse_cookie_date(text: str) -> float | None:
    """Return the unix timestamp that a date of whatever form means, None for what is no date."""
    time = day = month = year = None
    for token in _DELIMITERS.split(text[:100]):
        if time is None and (match := _TIME.match(token)):
            time = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = _full_year(int(match[1]))
    if time is None or day is None or month is None or year is None:
        return None
    if year < 1601 or time > (23, 59, 59) or time[1] > 59 or time[2] > 59:
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return float(calendar.timegm((year, month, day, *time)))


def _full_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if year <= 69 else year
