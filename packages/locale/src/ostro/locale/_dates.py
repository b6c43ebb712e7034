"""How a date is told: as a time that has passed, or in which of the shapes of an absolute date.

This decides and formats nothing, and knows no language.
"""

from __future__ import annotations

import datetime
from enum import Enum
from typing import NamedTuple

from .errors import InvalidDateError

MAX_CLOCK_SKEW = datetime.timedelta(seconds=60)
"""A date that lies no further ahead counts as now: the clocks of two machines differ a little."""

_DAYS_TOLD_BY_WEEKDAY = 5
_DAYS_TOLD_WITHOUT_YEAR = 334  # eleven months: the same month of last year needs its year
_SECONDS_TOLD_AS_SECONDS = 50
_SECONDS_TOLD_AS_MINUTES = 50 * 60


class Unit(Enum):
    """What passed time is counted in."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"


class Ago(NamedTuple):
    """`number` units have passed."""

    unit: Unit
    number: int


class Shape(Enum):
    """The parts of an absolute date that are told, with the time of the day or without."""

    TIME = "time"
    YESTERDAY = "yesterday"
    WEEKDAY = "weekday"
    MONTH_DAY = "month and day"
    FULL = "month, day and year"
    WEEKDAY_MONTH_DAY = "weekday, month and day"


def in_utc(date: datetime.datetime | float) -> datetime.datetime:
    """Return `date` without a time zone, in UTC: a naive one is in UTC already."""
    try:
        if not isinstance(date, datetime.datetime):
            date = datetime.datetime.fromtimestamp(date, datetime.UTC)
        if date.tzinfo is not None:
            date = date.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidDateError(date) from error
    return date


def seen_from(date: datetime.datetime, gmt_offset: float) -> datetime.datetime:
    """Return the local time of `date` where GMT is `gmt_offset` minutes ahead of the clocks."""
    try:
        return date - datetime.timedelta(minutes=gmt_offset)
    except (ValueError, OverflowError) as error:
        raise InvalidDateError(date) from error


def decide(
    date: datetime.datetime,
    now: datetime.datetime,
    *,
    gmt_offset: float,
    relative: bool,
    full_format: bool,
) -> Ago | Shape:
    """Return how to tell `date` to a reader at `now`, both in UTC."""
    passed = now - date
    if full_format:
        return Shape.FULL
    if passed < datetime.timedelta():
        return Ago(Unit.SECOND, 0) if relative and -passed <= MAX_CLOCK_SKEW else Shape.FULL
    if passed.days == 0:
        return _ago(passed.seconds) if relative else Shape.TIME
    if passed.days == 1 and relative and _is_yesterday(date, now, gmt_offset):
        return Shape.YESTERDAY
    if passed.days < _DAYS_TOLD_BY_WEEKDAY:
        return Shape.WEEKDAY
    return Shape.MONTH_DAY if passed.days < _DAYS_TOLD_WITHOUT_YEAR else Shape.FULL


def _ago(seconds: int) -> Ago:
    if seconds < _SECONDS_TOLD_AS_SECONDS:
        return Ago(Unit.SECOND, seconds)
    if seconds < _SECONDS_TOLD_AS_MINUTES:
        return Ago(Unit.MINUTE, round(seconds / 60))
    return Ago(Unit.HOUR, round(seconds / 3600))


def _is_yesterday(date: datetime.datetime, now: datetime.datetime, gmt_offset: float) -> bool:
    here = seen_from(date, gmt_offset).date()
    return here == seen_from(now, gmt_offset).date() - datetime.timedelta(days=1)
