"""Content codings: undone piece by piece, whole or not, within bounds."""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterator

import pytest

from ostro.httpclient import ContentDecodingError, ResponseTooLargeError
from ostro.httpclient import _decoding as decoding
from ostro.httpclient._decoding import PIECE_SIZE, accepted_codings, decoder_for

TEXT = b"".join(b"line %d\n" % number for number in range(20_000)) + os.urandom(100_000)


def compressed(coding: str, data: bytes) -> bytes:
    if coding == "gzip":
        return gzip.compress(data)
    if coding == "deflate":
        return zlib.compress(data)
    if coding == "raw deflate":
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return compressor.compress(data) + compressor.flush()
    if coding == "br":
        brotli = pytest.importorskip("brotli", reason="pip install brotli")
        return bytes(brotli.compress(data, quality=5))
    zstd = pytest.importorskip("backports.zstd", reason="pip install backports.zstd")
    return bytes(zstd.compress(data))


each_coding = pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate", "br", "zstd"])


def decoded(coding: str, pieces: list[bytes], limit: int | None = None) -> bytes:
    decoder = decoder_for(coding.removeprefix("raw "), limit)
    assert decoder is not None
    found = [piece for data in pieces for piece in decoder.decode(data)]
    decoder.finish()
    assert all(found)
    return b"".join(found)


@each_coding
def test_a_body_is_decoded_whole(coding: str) -> None:
    assert decoded(coding, [compressed(coding, TEXT)]) == TEXT


@each_coding
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_body_is_decoded_wherever_it_is_cut(coding: str, size: int) -> None:
    text = TEXT[:3000]
    data = compressed(coding, text)

    assert decoded(coding, [data[i : i + size] for i in range(0, len(data), size)]) == text


@each_coding
def test_an_empty_body_is_decoded(coding: str) -> None:
    assert decoded(coding, [compressed(coding, b"")]) == b""
    assert decoded(coding, []) == b""


@each_coding
def test_pieces_are_of_bounded_size(coding: str) -> None:
    decoder = decoder_for(coding.removeprefix("raw "), None)
    assert decoder is not None

    sizes = [len(piece) for piece in decoder.decode(compressed(coding, bytes(3_000_000)))]

    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 2 * PIECE_SIZE


@each_coding
def test_a_size_within_the_limit_is_accepted_and_one_beyond_is_not(coding: str) -> None:
    assert decoded(coding, [compressed(coding, bytes(1000))], 1000) == bytes(1000)
    with pytest.raises(ResponseTooLargeError, match="1000 bytes"):
        decoded(coding, [compressed(coding, bytes(1001))], 1000)


@each_coding
def test_a_body_that_is_cut_off_is_an_error(coding: str) -> None:
    with pytest.raises(ContentDecodingError):
        decoded(coding, [compressed(coding, TEXT)[:-1]])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_something_else_is_an_error(coding: str) -> None:
    compressed(coding, b"")  # skips where the library is missing
    with pytest.raises(ContentDecodingError):
        decoded(coding, [b"\xff\xff something else"])


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_of_several_members_is_decoded(coding: str) -> None:
    data = compressed(coding, b"one") + compressed(coding, b"two")

    assert decoded(coding, [data]) == b"onetwo"
    assert decoded(coding, [data[i : i + 1] for i in range(len(data))]) == b"onetwo"


def test_nothing_may_follow_a_brotli_stream() -> None:
    data = compressed("br", b"one")

    with pytest.raises(ContentDecodingError):
        decoded("br", [data, b"more"])


@pytest.mark.parametrize("size", [PIECE_SIZE, 2 * PIECE_SIZE])
@each_coding
def test_a_body_that_fills_its_pieces_is_decoded(coding: str, size: int) -> None:
    assert decoded(coding, [compressed(coding, bytes(size))]) == bytes(size)


def test_codings_on_top_of_each_other_are_undone_in_their_order() -> None:
    data = compressed("deflate", compressed("gzip", TEXT))

    assert decoded("gzip, DEFLATE ,", [data]) == TEXT


def test_more_codings_than_are_sensible_are_left_alone() -> None:
    assert decoder_for("gzip, gzip, gzip", None) is not None
    assert decoder_for("gzip, gzip, gzip, gzip", None) is None


@pytest.mark.parametrize("coding", ["", "identity", "compress", "gzip, unknown", " , "])
def test_what_is_not_known_or_need_not_be_undone_is_left_alone(coding: str) -> None:
    assert decoder_for(coding, None) is None


@pytest.fixture
def fresh_codings() -> Iterator[None]:
    decoding._codings.cache_clear()
    accepted_codings.cache_clear()
    yield
    decoding._codings.cache_clear()
    accepted_codings.cache_clear()


def test_the_codings_that_are_there_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, fresh_codings: None
) -> None:
    assert accepted_codings().startswith("gzip, deflate")
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "brotli" else find(name)
    )
    decoding._codings.cache_clear()
    accepted_codings.cache_clear()

    assert accepted_codings() == "gzip, deflate"
    assert decoder_for("br", None) is None
    assert decoder_for("zstd", None) is None
