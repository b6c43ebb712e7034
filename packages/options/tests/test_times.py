"""Points in time and spans of time on the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.options import InvalidValueError

from .support import parse, parser_with


def read(kind: type, text: str) -> object:
    options = parser_with(type=kind)
    parse(options, f"--x={text}")
    value: object = options.x
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-05-31", datetime(2024, 5, 31)),
        ("20240531", datetime(2024, 5, 31)),
        (" 2024-05-31 ", datetime(2024, 5, 31)),
        ("2024-05-31 23:59", datetime(2024, 5, 31, 23, 59)),
        ("2024-05-31T23:59", datetime(2024, 5, 31, 23, 59)),
        ("20240531 23:59:58", datetime(2024, 5, 31, 23, 59, 58)),
        ("2024-05-31 23:59:58.5", datetime(2024, 5, 31, 23, 59, 58, 500_000)),
        ("2024-05-31T23:59Z", datetime(2024, 5, 31, 23, 59, tzinfo=UTC)),
        ("Fri May 31 23:59:58 2024", datetime(2024, 5, 31, 23, 59, 58)),
        ("23:59:58", datetime(1900, 1, 1, 23, 59, 58)),
        ("23:59", datetime(1900, 1, 1, 23, 59)),
    ],
)
def test_dates_are_read_in_several_forms(text: str, value: datetime) -> None:
    assert read(datetime, text) == value


@pytest.mark.parametrize("text", ["", "2024", "2024-13-01", "31.5.2024", "tomorrow", "24:00"])
def test_what_is_no_date_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"ISO 8601.*Fri May 31 23:59:58 2024"):
        read(datetime, text)


@given(st.datetimes())
def test_iso_dates_survive_the_way_through_text(value: datetime) -> None:
    assert read(datetime, value.isoformat()) == value
    assert read(datetime, str(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90", timedelta(seconds=90)),
        ("1.5", timedelta(seconds=1.5)),
        (".5", timedelta(seconds=0.5)),
        ("-5", timedelta(seconds=-5)),
        ("1e3", timedelta(seconds=1000)),
        ("1h 30m", timedelta(hours=1, minutes=30)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        (" 1 H  30 Min ", timedelta(hours=1, minutes=30)),
        ("2 days", timedelta(days=2)),
        ("-5min", timedelta(minutes=-5)),
        ("-1h 30m", timedelta(minutes=-30)),
        ("+1h -1s", timedelta(hours=1, seconds=-1)),
        ("1w 1d 1h 1m 1s 1ms 1us", timedelta(8, 3661, 1001)),
        ("1 week 2 hours 3 minutes 4 seconds", timedelta(7, 7384)),
        ("0", timedelta()),
    ],
)
def test_spans_are_sums_of_numbers_with_units(text: str, value: timedelta) -> None:
    assert read(timedelta, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "h",
        "1 2",
        "1h 2",
        "2 1h",
        "1x",
        "1:30",
        "1h,",
        "--5",
        "1..5",
        "1 fortnight",
        "\uff11",
    ],
)
def test_what_is_no_span_is_refused_with_the_units(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"units w, d, h, m .*'1h 30m'"):
        read(timedelta, text)


@pytest.mark.parametrize("text", ["1e9w", "1e999", "999999999d 999999999d"])
def test_a_span_beyond_measure_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="no more than 999999999 days"):
        read(timedelta, text)


@given(st.timedeltas())
def test_spans_survive_the_way_through_text(value: timedelta) -> None:
    text = f"{value.days}d {value.seconds}s {value.microseconds}us"

    assert read(timedelta, text) == value
