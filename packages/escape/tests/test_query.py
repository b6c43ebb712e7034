"""Query strings and urlencoded forms as bytes."""

from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import (
    DEFAULT_MAX_NUM_FIELDS,
    EscapeError,
    MalformedFieldError,
    TooManyFieldsError,
    parse_qs_bytes,
)


@pytest.mark.parametrize("qs", ["a=1&b=x+y%FF&a=2", b"a=1&b=x+y%FF&a=2"])
def test_values_stay_bytes_and_keep_their_order(qs: str | bytes) -> None:
    assert parse_qs_bytes(qs) == {"a": [b"1", b"2"], "b": [b"x y\xff"]}


@pytest.mark.parametrize("qs", ["", b"", "&&", "a=", "a", "=&"])
def test_empty_values_are_dropped(qs: str | bytes) -> None:
    assert parse_qs_bytes(qs) == {}


def test_empty_values_are_kept_when_asked_for() -> None:
    assert parse_qs_bytes("a=&b&&c=1&=", keep_blank_values=True) == {
        "a": [b""],
        "b": [b""],
        "c": [b"1"],
        "": [b""],
    }


def test_a_semicolon_does_not_separate() -> None:
    assert parse_qs_bytes("a=1;b=2&c=3") == {"a": [b"1;b=2"], "c": [b"3"]}


def test_only_the_first_equals_sign_separates() -> None:
    assert parse_qs_bytes("a=b=c") == {"a": [b"b=c"]}


def test_names_are_utf8_or_else_latin1() -> None:
    assert parse_qs_bytes(b"%C3%A9=1&%E9=2&n+m=3") == {"é": [b"1", b"2"], "n m": [b"3"]}


def test_strict_parsing_refuses_a_field_without_equals_sign() -> None:
    with pytest.raises(MalformedFieldError, match="the field b'b', expected name=value") as caught:
        parse_qs_bytes("a=1&b", strict_parsing=True)

    assert caught.value.field == b"b"
    assert isinstance(caught.value, EscapeError)


def test_a_long_malformed_field_is_quoted_in_part() -> None:
    with pytest.raises(MalformedFieldError) as caught:
        parse_qs_bytes("x" * 1_000_000, strict_parsing=True)

    assert len(str(caught.value)) < 120
    assert len(caught.value.field) == 1_000_000


def test_the_number_of_fields_is_limited() -> None:
    assert parse_qs_bytes("a=1&a=2", max_num_fields=2) == {"a": [b"1", b"2"]}

    with pytest.raises(TooManyFieldsError, match="3 fields, expected no more than 2") as caught:
        parse_qs_bytes("a=1&&", max_num_fields=2)

    assert (caught.value.count, caught.value.limit) == (3, 2)


def test_the_default_limit_holds_on_both_sides() -> None:
    at_limit = "&".join(["a=1"] * DEFAULT_MAX_NUM_FIELDS)

    assert len(parse_qs_bytes(at_limit)["a"]) == DEFAULT_MAX_NUM_FIELDS
    with pytest.raises(TooManyFieldsError):
        parse_qs_bytes(at_limit + "&a=1")
    assert len(parse_qs_bytes(at_limit + "&a=1", max_num_fields=None)["a"]) == (
        DEFAULT_MAX_NUM_FIELDS + 1
    )


def test_other_types_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="expected str or bytes, got NoneType"):
        parse_qs_bytes(None)  # type: ignore[arg-type]  # wrong on purpose


@given(st.lists(st.tuples(st.text(min_size=1), st.binary())))
def test_what_urlencode_writes_is_read_back(fields: list[tuple[str, bytes]]) -> None:
    parsed = parse_qs_bytes(urlencode(fields), keep_blank_values=True)

    expected: dict[str, list[bytes]] = {}
    for name, value in fields:
        expected.setdefault(name, []).append(value)
    assert parsed == expected


PIECES = st.sampled_from(["x", "y", "=", "&", "+", ";", "%", "%41", "%26"])


@given(st.lists(PIECES).map("".join), st.booleans())
def test_agrees_with_the_standard_library(qs: str, blank: bool) -> None:
    parsed = parse_qs_bytes(qs, blank)

    assert {
        name: [value.decode() for value in values] for name, values in parsed.items()
    } == parse_qs(qs, blank)
