"""Percent-encoding."""

from urllib.parse import unquote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import url_escape, url_unescape


@pytest.mark.parametrize("value", ["a b/c+é?&=", "a b/c+é?&=".encode()])
def test_escape_writes_the_form_of_a_query_or_of_a_path(value: str | bytes) -> None:
    assert url_escape(value) == "a+b%2Fc%2B%C3%A9%3F%26%3D"
    assert url_escape(value, plus=False) == "a%20b/c%2B%C3%A9%3F%26%3D"


@pytest.mark.parametrize("value", ["a+b%2B%C3%A9", b"a+b%2B%C3%A9"])
def test_unescape_returns_text_or_bytes(value: str | bytes) -> None:
    assert url_unescape(value) == "a b+é"
    assert url_unescape(value, plus=False) == "a+b+é"
    assert url_unescape(value, encoding=None) == b"a b+\xc3\xa9"
    assert url_unescape(value, encoding=None, plus=False) == b"a+b+\xc3\xa9"


@pytest.mark.parametrize("value", ["%E9", b"%E9", b"\xe9"])
def test_unescape_takes_the_encoding_of_the_bytes(value: str | bytes) -> None:
    assert url_unescape(value, "latin-1") == "é"
    assert url_unescape(value) == "\ufffd"


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "100%"])
def test_a_percent_sign_without_digits_stays(text: str) -> None:
    assert url_unescape(text) == text
    assert url_unescape(text, encoding=None) == text.encode()


def test_other_types_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="expected str or bytes, got int"):
        url_escape(1)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="expected str or bytes, got NoneType"):
        url_unescape(None)  # type: ignore[call-overload]  # wrong on purpose


def test_an_unknown_encoding_is_an_error() -> None:
    with pytest.raises(LookupError):
        url_unescape(b"%41", encoding="nosuch")


@given(st.text(), st.booleans())
def test_unescape_undoes_escape_for_text(text: str, plus: bool) -> None:
    escaped = url_escape(text, plus)

    assert escaped.isascii()
    assert url_unescape(escaped, plus=plus) == text
    assert url_unescape(escaped.encode(), plus=plus) == text


@given(st.binary(), st.booleans())
def test_unescape_undoes_escape_for_bytes(octets: bytes, plus: bool) -> None:
    assert url_unescape(url_escape(octets, plus), encoding=None, plus=plus) == octets


@given(st.text(alphabet="%+aF09é"))
def test_unescape_agrees_with_the_standard_library(text: str) -> None:
    assert url_unescape(text) == unquote_plus(text)
    assert url_unescape(text, plus=False) == unquote(text)
