"""Cookies, as browsers send them."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.httputil import Cookies, format_set_cookie, parse_cookie

from .support import assert_linear


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a=b", {"a": "b"}),
        ("a=b; c=d", {"a": "b", "c": "d"}),
        ("a=b;c=d;", {"a": "b", "c": "d"}),
        (" a = b \t;\tc=d", {"a": "b", "c": "d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=", {"a": ""}),
        ("a=b; a=c", {"a": "c"}),
        ("alone", {"": "alone"}),
        ("=b", {"": "b"}),
        ("", {}),
        ("; ;=;", {}),
        ("a=b, c=d", {"a": "b, c=d"}),
        ("a[0]=x; {}=y; a:b=z", {"a[0]": "x", "{}": "y", "a:b": "z"}),
        ("path=/x; expires=1", {"path": "/x", "expires": "1"}),
        ('a="b c"', {"a": "b c"}),
        ('a="b;c"', {"a": '"b', "": 'c"'}),
        ('a="', {"a": '"'}),
        ('a=""', {"a": ""}),
        (r'a="\"q\" \\ \073 \054"', {"a": '"q" \\ ; ,'}),
        (r'a="\400\x\8"', {"a": "400x8"}),
        (r"a=b\073", {"a": r"b\073"}),
        (r'a="\342\202\254"', {"a": "€"}),
        (r'a="\351"', {"a": "é"}),
        ("a=\u00e2\u0082\u00ac", {"a": "€"}),
        ("a=caf\u00e9", {"a": "café"}),
        ("a=€", {"a": "€"}),
    ],
)
def test_a_cookie_header_is_read(header: str, expected: dict[str, str]) -> None:
    assert parse_cookie(header) == expected


def test_cookies_are_morsels() -> None:
    cookies = Cookies('a="b c"; path=/x')

    assert isinstance(cookies["a"], Morsel)
    assert (cookies["a"].key, cookies["a"].value) == ("a", "b c")
    assert cookies["a"].coded_value == '"b c"'
    assert cookies["path"].value == "/x"
    assert cookies["a"] is cookies["a"]


def test_cookies_are_a_mapping() -> None:
    cookies = Cookies("a=b; c=d; a=e")

    assert (len(cookies), list(cookies)) == (2, ["a", "c"])
    assert "a" in cookies
    assert "b" not in cookies
    assert cookies.get("b") is None
    assert {name: morsel.value for name, morsel in cookies.items()} == {"a": "e", "c": "d"}
    with pytest.raises(KeyError):
        cookies["b"]
    assert dict(Cookies()) == {}


def test_repr_has_names_and_no_values() -> None:
    assert repr(Cookies("a\x1b=secret; b\xe9=secret")) == "Cookies(['b\\xe9'])"


def test_a_nameless_cookie_has_no_morsel() -> None:
    assert list(Cookies("alone; =b; c=d; ")) == ["c"]


@pytest.mark.parametrize("header", [r'a="\015\012"; b=c', "a=\x01; b=c", "a\x7f=x; b=c"])
def test_a_cookie_with_control_characters_has_no_morsel(header: str) -> None:
    assert list(Cookies(header)) == ["b"]


@pytest.mark.parametrize(
    "piece", ['"', "\\", '\\"', ";", "=", '";', 'a="', r"\07", " ", "a=b; ", 'a="\\', "\t;"]
)
def test_a_hostile_header_takes_linear_time(piece: str) -> None:
    assert_linear(lambda size: parse_cookie(piece * size), 50_000)
    assert_linear(lambda size: Cookies('a="' + piece * size + '"'), 50_000)


@settings(max_examples=300)
@given(st.text('ab=;" \\012\t,é\x00\r€', max_size=30))
def test_it_never_raises(header: str) -> None:
    assert isinstance(parse_cookie(header), dict)
    assert all(name == morsel.key for name, morsel in Cookies(header).items())


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=";")))
def test_what_is_set_is_read_back(value: str) -> None:
    pair = format_set_cookie("name", value, path=None)

    assert pair.isascii()
    assert parse_cookie(pair) == {"name": value}
    assert Cookies(pair)["name"].value == value


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32)))
def test_what_http_cookies_sets_is_read_back(value: str) -> None:
    cookies = SimpleCookie()
    cookies["name"] = value

    assert parse_cookie(cookies.output(header="")) == {"name": value}


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32, exclude_characters=";")))
def test_values_are_quoted_as_http_cookies_does_it(value: str) -> None:
    cookies = SimpleCookie()
    cookies["name"] = value

    assert format_set_cookie("name", value, path=None) == cookies.output(header="").strip()
