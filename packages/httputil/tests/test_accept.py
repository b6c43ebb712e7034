"""Accept and its like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import AcceptItem, parse_accept

from .support import assert_linear


def values(header: str) -> list[str]:
    return [item.value for item in parse_accept(header)]


def test_the_best_comes_first_and_equals_keep_their_order() -> None:
    assert values("de;q=0.5, EN, fr;q=0.9, it") == ["en", "it", "fr", "de"]


def test_parameters_are_kept_and_quality_is_a_number() -> None:
    header = 'text/html;Level="1,2";q=0.25'

    assert parse_accept(header) == [AcceptItem("text/html", 0.25, {"level": "1,2"})]


def test_quality_zero_is_kept_because_it_says_no() -> None:
    assert parse_accept("gzip;q=0, *") == [AcceptItem("*", 1.0, {}), AcceptItem("gzip", 0.0, {})]


@pytest.mark.parametrize("q", ["2", "-1", "1.1", "0.1234", ".5", "a", "", "\u0660", "1e0", "nan"])
def test_an_element_with_a_malformed_quality_is_left_out(q: str) -> None:
    assert values(f"a;q={q}, b") == ["b"]


@pytest.mark.parametrize("header", ["", " ", ",,,", ";q=1", "a;b", '"', 'a;b="', ';"'])
def test_malformed_elements_are_left_out(header: str) -> None:
    assert values(header) == []


def test_elements_up_to_the_limit_are_read() -> None:
    assert len(parse_accept(",".join(["a"] * 64))) == 64
    assert len(parse_accept(",".join(["a"] * 65))) == 64
    assert len(parse_accept("a,b,c", max_items=2)) == 2


@pytest.mark.parametrize("piece", [",", '"', "a;", 'a;b="c', '\\"', "a,", 'a"b",', ";"])
def test_a_hostile_header_takes_linear_time(piece: str) -> None:
    assert_linear(lambda size: parse_accept(piece * size), 100_000)


@given(st.text('ab;,q="=\\.01 *\t', max_size=40))
def test_it_never_raises(header: str) -> None:
    items = parse_accept(header)

    assert all(0 <= item.quality <= 1 for item in items)
    assert items == sorted(items, key=lambda item: -item.quality)
