"""HTML escaping, unescaping and whitespace."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import squeeze, xhtml_escape, xhtml_unescape


class Shouting(str):
    """A str whose own methods lie."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return False

    def replace(self, *args: object) -> str:
        return self

    def __str__(self) -> str:
        return "<b>"


def test_escapes_the_five_special_characters() -> None:
    assert xhtml_escape("""<a href="x">'&'</a>""") == (
        "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;"
    )


@pytest.mark.parametrize("character", ["&", "<", ">", '"', "'"])
def test_escapes_each_special_character_alone(character: str) -> None:
    assert xhtml_escape(f"a{character}b") == f"a{html.escape(character)}b"


def test_text_without_special_characters_is_returned_as_it_is() -> None:
    text = "plain"

    assert xhtml_escape(text) is text


def test_escape_decodes_bytes_as_utf8() -> None:
    assert xhtml_escape("é<".encode()) == "é&lt;"


def test_escape_does_not_trust_the_methods_of_a_subclass() -> None:
    escaped = xhtml_escape(Shouting("<i>"))

    assert escaped == "&lt;i&gt;"
    assert type(escaped) is str


@pytest.mark.parametrize("function", [xhtml_escape, xhtml_unescape, squeeze])
@pytest.mark.parametrize("value", [None, 1, ["a"], bytearray(b"a")])
def test_other_types_are_refused_by_name(function: object, value: object) -> None:
    assert callable(function)

    with pytest.raises(TypeError, match=f"expected str or bytes, got {type(value).__name__}"):
        function(value)


@given(st.text())
def test_escape_agrees_with_the_standard_library(text: str) -> None:
    assert xhtml_escape(text) == html.escape(text)


@given(st.text(alphabet=st.sampled_from("&<>\"'#;xamplt39 é")))
def test_unescape_undoes_escape(text: str) -> None:
    escaped = xhtml_escape(text)

    assert not set(escaped) & set("<>\"'")
    assert xhtml_unescape(escaped) == text


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&eacute;&copy;", "é©"),
        ("&#233;&#0233;", "éé"),
        ("&#xe9;&#XE9;", "éé"),
        ("&amp;lt;", "&lt;"),
        ("&nosuchname; & &; &#;", "&nosuchname; & &; &#;"),
        ("&copy", "©"),
        ("&#xD800;&#1114112;", "\ufffd\ufffd"),
        ("a&#39b", "a'b"),
    ],
)
def test_unescape_reads_references(escaped: str, text: str) -> None:
    assert xhtml_unescape(escaped) == text
    assert xhtml_unescape(escaped.encode()) == text


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("&#" + "9" * 10_000 + ";", "\ufffd"),
        ("&#" + "0" * 10_000 + "65;", "A"),
        ("&#" + "0" * 10_000 + ";", "\ufffd"),
        ("&#x" + "f" * 10_000 + ";", "\ufffd"),
    ],
    ids=["decimal", "leading zeros", "zeros", "hexadecimal"],
)
def test_a_reference_with_thousands_of_digits_is_no_error(reference: str, text: str) -> None:
    assert xhtml_unescape(reference) == text


@pytest.mark.parametrize(
    ("text", "squeezed"),
    [
        ("a  b\t\r\n c", "a b c"),
        ("  a ", "a"),
        ("\x00a\x1fb", "a b"),
        ("", ""),
        (" \n ", ""),
        ("a\xa0\xa0b", "a\xa0\xa0b"),
    ],
)
def test_squeeze_leaves_single_spaces_between_words(text: str, squeezed: str) -> None:
    assert squeeze(text) == squeezed
    assert squeeze(text.encode()) == squeezed


@given(st.text(alphabet=" \n\tab"))
def test_squeezing_twice_changes_nothing(text: str) -> None:
    once = squeeze(text)

    assert squeeze(once) == once
    assert once.split() == text.split()
