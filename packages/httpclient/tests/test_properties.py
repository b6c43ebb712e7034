"""Whatever servers and callers send: parsers answer or refuse, and do nothing else."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from ostro.httpclient import ContentDecodingError, CookieJar
from ostro.httpclient._challenges import parse_challenges
from ostro.httpclient._cookie_dates import parse_cookie_date
from ostro.httpclient._decoding import decoder_for
from ostro.httpclient._hop import Hop
from ostro.httpclient._request import HTTPRequest
from ostro.httpclient._url import join, parse_url

FIELD_VALUES = st.text(st.characters(codec="latin-1"), max_size=200)
COOKIES = st.from_regex(
    r"\A(__host-|__Secure-)?[a-z]{0,3}=?[a-z]{0,3}(; ?"
    r"(path|domain|expires|max-age|secure|httponly)(=[/.a-z0-9 :-]{0,20})?){0,4}\Z"
)


@given(st.one_of(st.text(max_size=100), st.from_regex(r"\Ahttps?://[^\n]{0,60}\Z")))
def test_a_url_is_taken_apart_or_refused(text: str) -> None:
    try:
        url = parse_url(text)
    except ValueError:
        return

    assert url.scheme in ("http", "https")
    assert url.host.isascii()
    assert url.target.isascii()
    assert url.target.startswith("/")
    assert not set("\r\n\0 #") & set(url.target + url.authority)
    assert parse_url(url.absolute).origin == url.origin


@given(FIELD_VALUES)
def test_a_location_leads_somewhere_or_nowhere(location: str) -> None:
    hop = Hop.first(HTTPRequest("http://a.example/b?c#d"))

    try:
        after = hop.redirected(302, location)
    except ValueError:
        return

    assert after is not None
    assert after.url == parse_url(join("http://a.example/b?c#d", location))


@given(st.lists(FIELD_VALUES, max_size=3))
def test_challenges_are_read_whatever_they_are(values: list[str]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme
        assert challenge.scheme == challenge.scheme.lower()


@given(st.lists(st.one_of(FIELD_VALUES, COOKIES), max_size=5))
def test_cookies_are_taken_or_left_out(cookies: list[str]) -> None:
    jar = CookieJar()

    jar.store("https://www.example.com/dir/page", cookies)

    header = jar.header_for("https://www.example.com/dir/page")
    assert not set("\r\n\0") & set(header)
    assert len(jar) == len(list(jar)) <= len(cookies)
    assert jar.header_for("https://other.example/") == ""
    assert jar.header_for("https://com/") == ""


@given(st.one_of(st.text(max_size=60), st.from_regex(r"\A[0-9:a-z, -]{0,40}\Z")))
def test_a_cookie_date_is_read_or_not(text: str) -> None:
    seconds = parse_cookie_date(text)

    assert seconds is None or seconds >= -11644473600


@given(st.binary(max_size=2000), st.lists(st.integers(1, 50), max_size=20))
def test_what_was_compressed_comes_out_however_it_is_cut(data: bytes, sizes: list[int]) -> None:
    for coding, coded in (("gzip", gzip.compress(data)), ("deflate", zlib.compress(data))):
        decoder = decoder_for(coding, None)
        assert decoder is not None
        found = b""
        for size in [*sizes, len(coded)]:
            found += b"".join(decoder.decode(coded[:size]))
            coded = coded[size:]
        decoder.finish()

        assert found == data


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(max_size=200))
def test_what_is_not_compressed_is_refused_or_decoded(coding: str, data: bytes) -> None:
    decoder = decoder_for(coding, 1_000_000)
    if decoder is None:
        return  # the library is not installed

    try:
        for _ in decoder.decode(data):
            """Some bytes happen to mean something."""
        decoder.finish()
    except ContentDecodingError:
        """Most do not."""
