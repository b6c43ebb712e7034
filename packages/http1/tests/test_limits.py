"""Each limit on both sides: what is within it passes, one more is refused, however it is cut."""

from __future__ import annotations

import dataclasses

import pytest

from ostro.http1 import (
    DEFAULT_LIMITS,
    DEFAULT_MAX_BODY_BYTES,
    DEFAULT_MAX_CHUNK_EXTENSION_BYTES,
    DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES,
    DEFAULT_MAX_EMPTY_LINES,
    DEFAULT_MAX_FIELDS,
    DEFAULT_MAX_HEAD_BYTES,
    DEFAULT_MAX_INFORMATIONAL,
    DEFAULT_MAX_START_LINE_BYTES,
    DEFAULT_MAX_TRAILER_BYTES,
    DEFAULT_MAX_TRAILER_FIELDS,
    Limits,
    RemoteProtocolError,
    ServerCodec,
)

from .support import cuts, run

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

AT_THE_LIMIT = {
    "start_line": ("max_start_line_bytes", 14, GET, 414),
    "head": ("max_head_bytes", len(GET), GET, 431),
    "fields": ("max_fields", 3, GET[:-2] + b"A: 1\r\nB: 2\r\n\r\n", 431),
    "empty_lines": ("max_empty_lines", 2, b"\r\n\r\n" + GET, 400),
    "chunk_extension": ("max_chunk_extension_bytes", 4, CHUNKED + b"1;a=b\r\nx\r\n0\r\n\r\n", 400),
    "chunk_extensions": (
        "max_chunk_extensions_bytes",
        6,
        CHUNKED + b"1;a\r\nx\r\n1;b\r\nx\r\n0;c\r\n\r\n",
        400,
    ),
    "trailer_bytes": ("max_trailer_bytes", 8, CHUNKED + b"0\r\nA: b\r\n\r\n", 431),
    "trailer_fields": ("max_trailer_fields", 2, CHUNKED + b"0\r\nA: b\r\nC: d\r\n\r\n", 431),
}


@pytest.mark.parametrize(
    ("name", "limit", "data", "status"), AT_THE_LIMIT.values(), ids=AT_THE_LIMIT
)
def test_a_limit_is_what_is_just_accepted(name: str, limit: int, data: bytes, status: int) -> None:
    within = dataclasses.replace(DEFAULT_LIMITS, **{name: limit})
    beyond = dataclasses.replace(DEFAULT_LIMITS, **{name: limit - 1})

    for pieces in cuts(data):
        assert run(ServerCodec(within), pieces)[-1][0] == "end"
        assert run(ServerCodec(beyond), pieces)[-1] == ("error", status)


@pytest.mark.parametrize(
    ("before", "drip", "status", "most"),
    [
        (b"", b"A", 414, DEFAULT_MAX_START_LINE_BYTES + 2),
        (b"GET /", b"a", 414, DEFAULT_MAX_START_LINE_BYTES + 2),
        (GET[:-2], b"A", 431, DEFAULT_MAX_HEAD_BYTES),
        (GET[:-2], b"A: b\r\n", 431, DEFAULT_MAX_HEAD_BYTES),
        (CHUNKED + b"1;", b"a", 400, DEFAULT_MAX_CHUNK_EXTENSION_BYTES + 20),
        (CHUNKED + b"0\r\n", b"A", 431, DEFAULT_MAX_TRAILER_BYTES + 1),
        (CHUNKED + b"0\r\n", b"A: b\r\n", 431, DEFAULT_MAX_TRAILER_BYTES + 1),
    ],
)
def test_what_never_ends_is_refused_at_the_limit(
    before: bytes, drip: bytes, status: int, most: int
) -> None:
    codec = ServerCodec()
    seen = run(codec, [before] if before else [])
    sent = 0 if before.startswith(CHUNKED) else len(before)
    while ("error", status) not in seen:
        seen = run(codec, [drip])
        sent += len(drip)
        assert sent <= most + len(drip)

    assert sent > most / 2


def test_endless_empty_chunk_extensions_are_refused() -> None:
    limit = DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES
    chunk = b"1;" + b"a" * 1000 + b"\r\nx\r\n"

    seen = run(ServerCodec(), [CHUNKED, *[chunk] * (limit // 1001 + 1)])

    assert seen[-1] == ("error", 400)


def test_a_start_line_at_the_limit_may_come_with_its_cr_only() -> None:
    codec = ServerCodec(Limits(max_start_line_bytes=14))

    assert run(codec, [b"GET / HTTP/1.1\r"]) == []
    assert run(codec, [b"\nHost: a\r\n\r\n"])[-1] == ("end", None)


def test_a_long_start_line_is_told_from_a_long_head() -> None:
    for line, head, status in ((20, 100, 414), (100, 20, 431)):
        codec = ServerCodec(Limits(max_start_line_bytes=line, max_head_bytes=head))
        codec.receive(b"GET /aaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(RemoteProtocolError) as caught:
            codec.next_event()

        assert caught.value.status == status


def test_an_error_names_the_value_and_the_limit() -> None:
    codec = ServerCodec(Limits(max_fields=1))
    codec.receive(GET[:-2] + b"A: 1\r\n\r\n")

    with pytest.raises(RemoteProtocolError, match="2 header fields, expected no more than 1"):
        codec.next_event()


def test_a_pipelined_request_has_limits_of_its_own() -> None:
    codec = ServerCodec(Limits(max_head_bytes=len(GET), max_start_line_bytes=14, max_empty_lines=1))

    seen = run(codec, [b"\r\n" + GET] * 20 + [(b"\r\n" + GET) * 20])

    assert [kind for kind, *_ in seen] == ["request", "end"] * 40


def test_the_defaults_are_the_named_ones() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert dataclasses.astuple(DEFAULT_LIMITS) == (
        DEFAULT_MAX_START_LINE_BYTES,
        DEFAULT_MAX_HEAD_BYTES,
        DEFAULT_MAX_FIELDS,
        DEFAULT_MAX_BODY_BYTES,
        DEFAULT_MAX_CHUNK_EXTENSION_BYTES,
        DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES,
        DEFAULT_MAX_TRAILER_BYTES,
        DEFAULT_MAX_TRAILER_FIELDS,
        DEFAULT_MAX_EMPTY_LINES,
        DEFAULT_MAX_INFORMATIONAL,
    )


def test_a_negative_limit_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_fields is -1, expected 0 or more"):
        Limits(max_fields=-1)


def test_a_default_head_holds_128_fields_and_no_more() -> None:
    for count, last in ((127, ("end", None)), (128, ("error", 431))):
        data = GET[:-2] + b"A: 1\r\n" * count + b"\r\n"

        assert run(ServerCodec(), [data])[-1] == last
