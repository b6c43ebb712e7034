"""How a date is told, in English: each branch, on both sides of where it begins."""

import datetime
import math
import time

import pytest

from ostro.locale import InvalidDateError, LocaleError

from .support import NOW, english, teller

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 seconds ago"),
        (1, "1 second ago"),
        (1.9, "1 second ago"),
        (2, "2 seconds ago"),
        (49, "49 seconds ago"),
        (50, "1 minute ago"),
        (89, "1 minute ago"),
        (90, "2 minutes ago"),
        (50 * MINUTE - 1, "50 minutes ago"),
        (50 * MINUTE, "1 hour ago"),
        (90 * MINUTE, "2 hours ago"),
        (DAY - 1, "24 hours ago"),
        (DAY, "yesterday at 3:04 pm"),
        (DAY + 15 * HOUR, "yesterday at 12:04 am"),
        (DAY + 15 * HOUR + 5 * MINUTE, "Wednesday at 11:59 pm"),
        (2 * DAY, "Wednesday at 3:04 pm"),
        (5 * DAY - 1, "Sunday at 3:04 pm"),
        (5 * DAY, "May 12 at 3:04 pm"),
        (334 * DAY - 1, "June 18 at 3:04 pm"),
        (334 * DAY, "June 18, 2023 at 3:04 pm"),
        (20_000 * DAY, "August 14, 1969 at 3:04 pm"),
    ],
)
def test_relative(seconds: float, told: str) -> None:
    assert teller(english())(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (5, "5 seconds ago"),
        (DAY, "yesterday"),
        (2 * DAY, "Wednesday"),
        (5 * DAY, "May 12"),
        (334 * DAY, "June 18, 2023"),
    ],
)
def test_shorter_leaves_out_the_time_of_the_day(seconds: float, told: str) -> None:
    assert teller(english())(seconds, shorter=True) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (5, "3:04 pm"),
        (DAY - 1, "3:04 pm"),
        (DAY, "Thursday at 3:04 pm"),
        (5 * DAY, "May 12 at 3:04 pm"),
        (334 * DAY, "June 18, 2023 at 3:04 pm"),
    ],
)
def test_absolute(seconds: float, told: str) -> None:
    assert teller(english())(seconds, relative=False) == told


def test_absolute_and_shorter_is_still_the_time_for_today() -> None:
    tell = teller(english())

    assert tell(5, relative=False, shorter=True) == "3:04 pm"
    assert tell(DAY, relative=False, shorter=True) == "Thursday"


@pytest.mark.parametrize("seconds", [5, DAY, 400 * DAY, -5])
def test_full_format_is_told_in_any_case(seconds: float) -> None:
    tell = teller(english())
    date = NOW - datetime.timedelta(seconds=seconds)

    day = f"{date:%B} {date.day}, {date.year}"
    assert tell(seconds, full_format=True) == f"{day} at 3:04 pm"
    assert tell(seconds, full_format=True, shorter=True) == day


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 seconds ago"),
        (-60, "0 seconds ago"),
        (-61, "May 17, 2024 at 3:05 pm"),
        (-2 * DAY, "May 19, 2024 at 3:04 pm"),
    ],
)
def test_the_future_is_told_in_full_but_for_the_next_minute(seconds: float, told: str) -> None:
    assert teller(english())(seconds) == told


def test_the_future_has_no_absolute_time_without_its_day() -> None:
    tell = teller(english())

    assert tell(-1, relative=False) == "May 17, 2024 at 3:04 pm"
    assert tell(-1, relative=False, shorter=True) == "May 17, 2024"


@pytest.mark.parametrize(
    ("offset", "told"),
    [
        (0, "May 17, 2024 at 3:04 pm"),
        (240, "May 17, 2024 at 11:04 am"),
        (-330, "May 17, 2024 at 8:34 pm"),
        (-600, "May 18, 2024 at 1:04 am"),
    ],
)
def test_the_offset_is_how_far_gmt_is_ahead(offset: int, told: str) -> None:
    assert english().format_date(NOW, offset, True, False, True) == told


def test_yesterday_is_that_of_the_reader() -> None:
    date = NOW - datetime.timedelta(hours=39)  # Thursday 00:04 in London, Wednesday in New York

    assert english().format_date(date, 0, now=NOW) == "yesterday at 12:04 am"
    assert english().format_date(date, 240, now=NOW) == "Wednesday at 8:04 pm"


@pytest.mark.parametrize(
    ("hour", "told"), [(0, "12:30 am"), (11, "11:30 am"), (12, "12:30 pm"), (23, "11:30 pm")]
)
def test_the_day_has_two_halves_of_twelve_hours(hour: int, told: str) -> None:
    date = datetime.datetime(2024, 5, 17, hour, 30)

    assert english().format_date(date, relative=False, now=date) == told


def test_a_date_may_be_a_timestamp_or_have_a_time_zone() -> None:
    timestamp = NOW.replace(tzinfo=datetime.UTC).timestamp()
    in_delhi = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    aware = NOW.replace(tzinfo=datetime.UTC).astimezone(in_delhi)

    for date in (timestamp, int(timestamp), aware, NOW):
        told = english().format_date(date, full_format=True, now=timestamp)
        assert told == "May 17, 2024 at 3:04 pm"
        assert english().format_day(date) == "Friday, May 17"
        assert english().format_date(NOW, now=date) == "0 seconds ago"


def test_now_is_the_present_unless_it_is_given() -> None:
    assert english().format_date(time.time() - 1000) == "17 minutes ago"
    assert english().format_date(time.time() + 1000, shorter=True).count(",") == 1


def test_a_day() -> None:
    monday = datetime.datetime(2024, 1, 22, 1)

    assert english().format_day(monday) == "Monday, January 22"
    assert english().format_day(monday, 120) == "Sunday, January 21"
    assert english().format_day(monday, 0, False) == "January 22"


@pytest.mark.parametrize("gmt_offset", [0, 300, -840])
def test_a_day_without_a_time_is_the_same_for_every_reader(gmt_offset: float) -> None:
    assert english().format_day(datetime.date(2024, 1, 22), gmt_offset) == "Monday, January 22"
    assert english().format_day(datetime.date.max, gmt_offset, dow=False) == "December 31"


@pytest.mark.parametrize(
    "date",
    [
        math.nan,
        math.inf,
        1e20,
        -1e11,
        datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-1))),
    ],
)
def test_what_is_no_point_in_time_is_refused(date: float | datetime.datetime) -> None:
    with pytest.raises(InvalidDateError, match="is no date between the years 1 and 9999") as caught:
        english().format_date(date)

    assert isinstance(caught.value, ValueError | LocaleError)


@pytest.mark.parametrize("offset", [60, math.nan, 1e300])
def test_an_offset_that_leads_out_of_the_calendar_is_refused(offset: float) -> None:
    with pytest.raises(InvalidDateError):
        english().format_day(datetime.datetime.min, offset)


def test_the_ends_of_the_calendar_are_told() -> None:
    assert english().format_date(datetime.datetime.min, now=NOW) == "January 1, 1 at 12:00 am"
    assert english().format_date(datetime.datetime.max, now=NOW, shorter=True) == (
        "December 31, 9999"
    )
