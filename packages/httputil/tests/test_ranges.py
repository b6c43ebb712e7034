"""Range and Content-Range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import get_content_range, parse_request_range, satisfiable_range

from .support import within


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=1-2", (1, 3)),
        ("bytes=0-0", (0, 1)),
        ("bytes=6-", (6, None)),
        ("bytes=-6", (-6, None)),
        ("bytes=-0", (None, 0)),
        ("bytes=0-", (0, None)),
        ("BYTES=1-2", (1, 3)),
        ("bytes= 1-2 ", (1, 3)),
        ("bytes=007-8", (7, 9)),
        ("bytes=0-999999999999999999", (0, 10**18)),
    ],
)
def test_one_range_is_read(header: str, expected: tuple[int | None, int | None]) -> None:
    assert parse_request_range(header) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "foo=1-2", "bytes=2-1", "bytes=1-2,6-10", "bytes=1-2,1-2",
     "bytes=1", "bytes=+1-2", "bytes=1_0-20", "bytes=0x1-2", "bytes=--5", "bytes=1-2-3",
     "bytes=\u0661-\u0662", "bytes=1 -2", "bytes =1-2", "bytes=a-b", "bytes=1-2\n",
     "bytes=0-1000000000000000000"],
)  # fmt: skip
def test_what_is_not_one_range_of_bytes_is_ignored(header: str) -> None:
    assert parse_request_range(header) is None


def test_thousands_of_overlapping_ranges_cost_nothing() -> None:
    header = "bytes=" + ",".join(["0-"] * 100_000)

    assert within(0.5, lambda: parse_request_range(header)) is None
    assert within(0.5, lambda: parse_request_range("bytes=" + "9" * 1_000_000 + "-")) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=2-", (2, 10)),
        ("bytes=9-9", (9, 10)),
        ("bytes=9-100", (9, 10)),
        ("bytes=10-", None),
        ("bytes=10-20", None),
        ("bytes=-3", (7, 10)),
        ("bytes=-10", (0, 10)),
        ("bytes=-11", (0, 10)),
        ("bytes=-999999999999999999", (0, 10)),
        ("bytes=-0", None),
    ],
)
def test_a_range_is_fitted_to_the_file(header: str, expected: tuple[int, int] | None) -> None:
    request_range = parse_request_range(header)

    assert request_range is not None
    assert satisfiable_range(request_range, 10) == expected


def test_an_empty_file_satisfies_no_range() -> None:
    assert satisfiable_range((0, None), 0) is None
    assert satisfiable_range((-5, None), 0) is None


@given(
    st.one_of(st.none(), st.integers(-20, 20)), st.one_of(st.none(), st.integers(0, 20)),
    st.integers(0, 15),
)  # fmt: skip
def test_a_satisfiable_range_lies_in_the_file(
    start: int | None, end: int | None, size: int
) -> None:
    fitted = satisfiable_range((start, end), size)

    assert fitted is None or 0 <= fitted[0] < fitted[1] <= size


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, 1, "bytes 0-0/4"),
        (1, 3, "bytes 1-2/4"),
        (1, None, "bytes 1-3/4"),
        (None, None, "bytes 0-3/4"),
    ],
)
def test_content_range_names_the_last_byte(
    start: int | None, end: int | None, expected: str
) -> None:
    assert get_content_range(start, end, 4) == expected
