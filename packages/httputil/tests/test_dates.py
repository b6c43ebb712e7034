"""HTTP dates, written and read."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import format_timestamp, http_date_now, parse_date

TEXT = "Sun, 27 Jan 2013 18:43:20 GMT"
STAMP = 1359312200


@pytest.mark.parametrize(
    "moment",
    [
        STAMP,
        float(STAMP),
        STAMP + 0.9,
        (2013, 1, 27, 18, 43, 20, 6, 27, 0),
        time.gmtime(STAMP),
        datetime(2013, 1, 27, 18, 43, 20),  # a naive one is in UTC
        datetime(2013, 1, 27, 18, 43, 20, tzinfo=UTC),
        datetime(2013, 1, 27, 19, 43, 20, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_every_kind_of_time_is_formatted(
    moment: float | tuple[int, ...] | time.struct_time | datetime,
) -> None:
    assert format_timestamp(moment) == TEXT


def test_what_is_no_time_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="expected a number"):
        format_timestamp("today")  # type: ignore[arg-type]  # the error is the point


@pytest.mark.parametrize("moment", [1e30, -1e12, 300_000_000_000, float("inf")])
def test_a_time_out_of_range_is_a_value_error(moment: float) -> None:
    with pytest.raises(ValueError, match="out of range"):
        format_timestamp(moment)


@pytest.mark.parametrize(
    "text",
    [TEXT, "Sunday, 27-Jan-13 18:43:20 GMT", "Sun Jan 27 18:43:20 2013"],
    ids=["IMF-fixdate", "rfc850-date", "asctime-date"],
)
def test_all_three_forms_are_read(text: str) -> None:
    assert parse_date(text) == datetime(2013, 1, 27, 18, 43, 20, tzinfo=UTC)


def test_asctime_pads_the_day_with_a_space() -> None:
    assert parse_date("Sun Jan  6 18:43:20 2013") == datetime(2013, 1, 6, 18, 43, 20, tzinfo=UTC)


def test_a_year_of_two_digits_is_at_most_fifty_years_ahead() -> None:
    for two_digits in range(100):
        before = datetime.now(UTC).year
        parsed = parse_date(f"Sunday, 27-Jan-{two_digits:02d} 18:43:20 GMT")
        after = datetime.now(UTC).year

        assert parsed is not None
        assert parsed.year % 100 == two_digits
        assert before - 49 <= parsed.year <= after + 50


def test_a_leap_second_is_the_second_before_it() -> None:
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(
        2016, 12, 31, 23, 59, 59, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    ["", "garbage", TEXT + " ", TEXT + "\n", TEXT.replace("GMT", "UTC"), TEXT.replace("27", "32"),
     TEXT.replace("18:", "24:"), TEXT.replace(":20", ":61"), TEXT.replace("2013", "0000"),
     TEXT.replace("2013", "\u0662013"), TEXT.lower(), "27 Jan 2013 18:43:20 GMT",
     "Sat, 30 Feb 2013 18:43:20 GMT"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@given(st.integers(min_value=-62135596800, max_value=253402300799))
def test_what_is_formatted_is_read_back(stamp: int) -> None:
    parsed = parse_date(format_timestamp(stamp))

    assert parsed == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=stamp)


def test_the_date_of_now_is_formatted_once_a_second() -> None:
    first = http_date_now(STAMP + 0.1)

    assert first == TEXT
    assert http_date_now(STAMP + 0.9) is first
    assert http_date_now(0.0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert http_date_now(-1.0) == "Wed, 31 Dec 1969 23:59:59 GMT"
    assert http_date_now(STAMP + 1.0) == TEXT.replace(":20", ":21")
    before = int(time.time())
    now = http_date_now()
    after = int(time.time())
    assert now in {format_timestamp(second) for second in range(before, after + 1)}
