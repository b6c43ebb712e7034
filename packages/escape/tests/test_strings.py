"""Conversions between bytes and str."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import native_str, recursive_unicode, to_basestring, to_unicode, utf8


def test_utf8_encodes_text_and_leaves_bytes_and_none() -> None:
    octets = b"\xff"

    assert utf8("é") == b"\xc3\xa9"
    assert utf8(octets) is octets
    assert utf8(None) is None


@pytest.mark.parametrize("function", [to_unicode, native_str, to_basestring])
def test_text_functions_decode_bytes_and_leave_text_and_none(function: object) -> None:
    text = "é"
    assert callable(function)

    assert function(b"\xc3\xa9") == text
    assert function(text) is text
    assert function(None) is None


@pytest.mark.parametrize("function", [utf8, to_unicode, native_str, to_basestring])
@pytest.mark.parametrize("value", [1, ["a"], bytearray(b"a")])
def test_other_types_are_refused_by_name(function: object, value: object) -> None:
    assert callable(function)

    with pytest.raises(TypeError, match=f"str, bytes or None, got {type(value).__name__}"):
        function(value)


def test_bytes_that_are_not_utf8_are_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        to_unicode(b"\xff")


def test_a_lone_surrogate_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        utf8("\ud800")


@given(st.text())
def test_text_survives_the_way_through_bytes(text: str) -> None:
    assert to_unicode(utf8(text)) == text


def test_recursive_unicode_decodes_keys_and_values_at_every_depth() -> None:
    source = {b"a": [b"b", (b"\xc3\xa9", {"c": b"d"})], 1: None}

    assert recursive_unicode(source) == {"a": ["b", ("é", {"c": "d"})], 1: None}


def test_recursive_unicode_keeps_the_kinds_of_sequence_and_the_source() -> None:
    source = [(b"a",)]

    result = recursive_unicode(source)

    assert result == [("a",)]
    assert source == [(b"a",)]


STRINGS = st.text() | st.text().map(str.encode)
JSON_LIKE = st.recursive(
    st.none() | st.integers() | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=10,
)


def holds_bytes(value: object) -> bool:
    if isinstance(value, dict):
        return any(holds_bytes(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(map(holds_bytes, value))
    return isinstance(value, bytes)


@given(JSON_LIKE)
def test_recursive_unicode_leaves_no_bytes(value: object) -> None:
    assert not holds_bytes(recursive_unicode(value))
