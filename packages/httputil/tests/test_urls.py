"""url_concat, host and port, credentials."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import encode_username_password, split_host_and_port, url_concat
from ostro.httputil._urls import ArgumentValue


@pytest.mark.parametrize(
    ("url", "args", "expected"),
    [
        ("http://example.com/foo?a=b", {"c": "d"}, "http://example.com/foo?a=b&c=d"),
        ("/path", {"y": "y", "z": "z"}, "/path?y=y&z=z"),
        ("/path?", {"y": "y"}, "/path?y=y"),
        ("/path?x", {"y": "y"}, "/path?x&y=y"),
        ("/path?x&", {"y": "y"}, "/path?x&y=y"),
        ("/path", [("y", "1"), ("y", "2")], "/path?y=1&y=2"),
        ("/path", {"y": ["1", "2"], "z": ("3",)}, "/path?y=1&y=2&z=3"),
        ("/path", {"y": None, "z": ""}, "/path?z="),
        ("/path", {"y": 5, "z": 1.5}, "/path?y=5&z=1.5"),
        ("/path", {"a b": "c&d=e/é", "f": b"\xff"}, "/path?a+b=c%26d%3De%2F%C3%A9&f=%FF"),
        ("/path#frag", {"y": "y"}, "/path?y=y#frag"),
        ("/path?x=1#frag?z", {"y": "y"}, "/path?x=1&y=y#frag?z"),
        ("/path?r=%41&s=a+b", {"y": "y"}, "/path?r=%41&s=a+b&y=y"),
        ("/path", {}, "/path"),
        ("/path#f", [], "/path#f"),
        ("/path?", {"y": None}, "/path?"),
        ("/path?x", {"y": []}, "/path?x"),
        ("/path", None, "/path"),
    ],
)
def test_arguments_are_added_to_a_url(
    url: str,
    args: dict[str, ArgumentValue] | list[tuple[str, ArgumentValue]] | None,
    expected: str,
) -> None:
    assert url_concat(url, args) == expected


@given(
    st.lists(st.tuples(st.text(min_size=1), st.text())),
    st.sampled_from(["/p", "/p?", "/p?a=b", "/p?a=b&", "//h/p?a=b#f", "/p#?x"]),
)
def test_what_is_added_is_read_back_behind_what_was_there(
    pairs: list[tuple[str, str]], url: str
) -> None:
    before = urlsplit(url)

    after = urlsplit(url_concat(url, pairs))

    assert parse_qsl(after.query, keep_blank_values=True, max_num_fields=None) == [
        *parse_qsl(before.query),
        *pairs,
    ]
    assert (after.path, after.fragment, after.netloc) == (
        before.path,
        before.fragment,
        before.netloc,
    )


@pytest.mark.parametrize(
    ("netloc", "expected"),
    [
        ("example.com:8080", ("example.com", 8080)),
        ("example.com", ("example.com", None)),
        ("[::1]:8888", ("[::1]", 8888)),
        ("[::1]", ("[::1]", None)),
        ("example.com:", ("example.com", None)),
        ("[::1]:", ("[::1]", None)),
        (":", (":", None)),
        (":80", (":80", None)),
        ("example.com:\u0668\u0660", ("example.com:\u0668\u0660", None)),
        ("example.com:123456", ("example.com:123456", None)),
        ("", ("", None)),
    ],
)
def test_host_and_port_are_split(netloc: str, expected: tuple[str, int | None]) -> None:
    assert split_host_and_port(netloc) == expected


def test_credentials_are_utf8_in_nfc() -> None:
    assert encode_username_password("e\u0301", "p:w") == "\u00e9:p:w".encode()
    assert encode_username_password(b"\xff", b"") == b"\xff:"
