"""The same input to Tornado's public functions, where the two are meant to agree."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.httputil import (
    HTTPFile,
    HTTPHeaders,
    format_timestamp,
    parse_cookie,
    parse_multipart_form_data,
    parse_urlencoded,
    url_concat,
)

from .support import disposition, multipart

peer = pytest.importorskip("tornado.httputil", reason="pip install tornado")
peer_escape = pytest.importorskip("tornado.escape", reason="pip install tornado")

ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)


@settings(max_examples=300)
@given(st.text('abz=; "\\0137,', max_size=30))
def test_cookies_are_read_alike(header: str) -> None:
    assert parse_cookie(header) == peer.parse_cookie(header)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["a", "b", "=", "&", "+", "%41", "%", "%f", "%ff", ";"]), max_size=20)
)
def test_urlencoded_forms_are_read_alike(pieces: list[str]) -> None:
    body = "".join(pieces).encode()
    arguments: dict[str, list[bytes]] = {}

    parse_urlencoded(body, arguments)

    theirs = peer_escape.parse_qs_bytes(body, keep_blank_values=True)
    # Names that are not ASCII differ on purpose: ours are UTF-8 where they can be.
    assert {name: arguments[name] for name in arguments if name.isascii()} == {
        name: values for name, values in theirs.items() if name.isascii()
    }


PLAIN = st.text("abcXYZ019._- ;=,'", min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            PLAIN,
            st.one_of(st.none(), PLAIN),
            st.lists(st.sampled_from([b"\r\n", b"--", b"x", b"\0"])).map(b"".join),
        ),
        max_size=5,
    )
)
def test_well_formed_multipart_bodies_are_read_alike(
    parts: list[tuple[str, str | None, bytes]],
) -> None:
    body = multipart(
        *[
            (
                disposition(
                    f'name="{name}"' + (f'; filename="{file}"' if file else ""),
                    b"Content-Type: text/plain",
                ),
                content,
            )
            for name, file, content in parts
        ]
    )
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    their_arguments: dict[str, list[bytes]] = {}
    their_files: dict[str, list[dict[str, object]]] = {}

    parse_multipart_form_data(b"b0und", body, arguments, files)
    peer.parse_multipart_form_data(b"b0und", body, their_arguments, their_files)

    assert arguments == their_arguments
    assert {name: [dict(file) for file in each] for name, each in files.items()} == their_files


@settings(max_examples=100)
@given(st.lists(st.tuples(st.text("abC-9", min_size=1, max_size=6), st.text("xy,", max_size=4))))
def test_headers_are_kept_alike(pairs: list[tuple[str, str]]) -> None:
    ours, theirs = HTTPHeaders(), peer.HTTPHeaders()
    for name, value in pairs:
        ours.add(name, value)
        theirs.add(name, value)

    assert dict(ours) == dict(theirs)
    assert list(ours.get_all()) == list(theirs.get_all())
    assert str(ours) == str(theirs)


@given(
    st.sampled_from(["/p", "/p?", "/p?a=b", "/p?a=b&", "http://h/p?a=b#f", "/p?a"]),
    st.lists(st.tuples(ASCII, ASCII), max_size=3),
)
def test_urls_are_joined_alike(url: str, args: list[tuple[str, str]]) -> None:
    ours, theirs = urlsplit(url_concat(url, args)), urlsplit(peer.url_concat(url, args))

    assert parse_qsl(ours.query, keep_blank_values=True) == parse_qsl(
        theirs.query, keep_blank_values=True
    )
    assert (ours.path, ours.fragment) == (theirs.path, theirs.fragment)


@given(st.integers(0, 4_102_444_800))
def test_timestamps_are_formatted_alike(stamp: int) -> None:
    assert format_timestamp(stamp) == peer.format_timestamp(stamp)
