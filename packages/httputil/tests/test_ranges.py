"""Range and Content-Range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import (
    get_content_range,
    parse_request_range,
    parse_request_ranges,
    satisfiable_range,
    satisfiable_ranges,
)

from .support import assert_linear


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
    def overlapping(size: int) -> None:
        assert parse_request_range("bytes=" + ",".join(["0-"] * size)) is None

    def far(size: int) -> None:
        assert parse_request_range("bytes=" + "9" * size + "-") is None

    assert_linear(overlapping, 100_000)
    assert_linear(far, 1_000_000)


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


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=1-2", [(1, 3)]),
        ("bytes=1-2,6-", [(1, 3), (6, None)]),
        ("bytes= 1-2 ,\t-3", [(1, 3), (-3, None)]),
        ("bytes=,1-2,,3-4,", [(1, 3), (3, 5)]),
        ("bytes=0-1,0-1", [(0, 2), (0, 2)]),
    ],
)
def test_several_ranges_are_read(
    header: str, expected: list[tuple[int | None, int | None]]
) -> None:
    assert parse_request_ranges(header) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes=", "bytes=,", "bytes=1-2,x", "bytes=1-2,2-1", "foo=1-2,3-4", "bytes=1-2;3-4",
     "bytes=1-2,\u0661-\u0662", "bytes=1-2,-", "bytes=1-2,bytes=3-4"],
)  # fmt: skip
def test_several_ranges_with_a_fault_are_ignored(header: str) -> None:
    assert parse_request_ranges(header) is None


def test_ranges_up_to_the_limit_are_read() -> None:
    assert len(parse_request_ranges("bytes=" + ",".join(["0-1"] * 16)) or ()) == 16
    assert parse_request_ranges("bytes=" + ",".join(["0-1"] * 17)) is None
    assert parse_request_ranges("bytes=0-1,2-3", max_ranges=1) is None


def test_a_hundred_thousand_ranges_are_refused_at_once() -> None:
    def ask(size: int) -> None:
        assert parse_request_ranges("bytes=" + ",".join(["0-"] * size)) is None

    assert_linear(ask, 100_000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99,500-599", [(0, 100), (500, 600)]),
        ("bytes=500-599,0-99", [(500, 600), (0, 100)]),
        ("bytes=500-599,0-99,50-149", [(0, 150), (500, 600)]),
        ("bytes=0-,0-,0-", [(0, 1000)]),
        ("bytes=0-99,100-199", [(0, 200)]),
        ("bytes=0-99,179-199", [(0, 200)]),
        ("bytes=0-99,180-199", [(0, 100), (180, 200)]),
        ("bytes=0-999,5-9", [(0, 1000)]),
        ("bytes=-2000,2000-", [(0, 1000)]),
        ("bytes=1000-,2000-", []),
    ],
)
def test_ranges_that_overlap_or_nearly_do_are_joined(
    header: str, expected: list[tuple[int, int]]
) -> None:
    ranges = parse_request_ranges(header)

    assert ranges is not None
    assert satisfiable_ranges(ranges, 1000) == expected


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 20)), max_size=10))
def test_ranges_together_never_take_more_than_the_file(pairs: list[tuple[int, int]]) -> None:
    taken = satisfiable_ranges(pairs, 15)

    assert sum(end - start for start, end in taken) <= 15
