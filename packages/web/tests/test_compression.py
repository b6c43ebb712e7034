"""Compressed responses: who gets them, in which coding, and with which headers."""

import asyncio
import gzip
import io
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.web import (
    Application,
    ChunkedTransferEncoding,
    Compression,
    ContentEncoding,
    GZipContentEncoding,
    OutputTransform,
    RequestHandler,
)

from .support import MemoryConnection, ask, connected, fetch, raw_get, read_answer, serving

brotli = pytest.importorskip("brotli", reason="pip install brotli")
zstd = pytest.importorskip("backports.zstd", reason="pip install backports.zstd")

TEXT = "All work and no play makes Jack a dull boy. " * 50
LARGE = ("0123456789abcdef" * 64).encode() * 1024  # 1 MiB

DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}


class Page(RequestHandler):
    """Answers with what it is told to."""

    def initialize(
        self,
        body: str | bytes = TEXT,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._body = body
        self.set_status(status)
        for name, value in (headers or {}).items():
            self.set_header(name, value)

    def get(self) -> None:
        self.write(self._body)

    head = get


def get(
    accept: str | None = "gzip",
    *,
    method: str = "GET",
    compress_response: object = True,
    asked: Mapping[str, str] | None = None,
    **options: object,
) -> MemoryConnection:
    app = Application([("/", Page, options)], compress_response=compress_response)
    headers = dict(asked or {})
    if accept is not None:
        headers["Accept-Encoding"] = accept
    return ask(app, method=method, headers=headers)


def coding(answer: MemoryConnection) -> str | None:
    return answer.headers.get("Content-Encoding")


@pytest.mark.parametrize("name", DECODERS)
def test_a_response_is_compressed_in_each_coding(name: str) -> None:
    answer = get(name)

    assert coding(answer) == name
    assert DECODERS[name](answer.body).decode() == TEXT
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert len(answer.body) < 200
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1, br;q=0.9", "gzip"),
        ("br;q=0.5, gzip;q=0.8, zstd;q=0", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "br"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("deflate", None),
        ("", None),
        (None, None),
        ("gzip;q=nonsense", None),
        ("gzip," * 1000, "gzip"),
    ],
)
def test_the_client_chooses_the_coding(accept: str | None, chosen: str | None) -> None:
    answer = get(accept)

    assert coding(answer) == chosen
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html; charset=UTF-8",
        "TEXT/PLAIN",
        "application/json",
        "application/ld+json",
        "application/atom+xml; charset=utf-8",
        "application/javascript",
        "image/svg+xml",
        "application/wasm",
    ],
)
def test_text_of_all_sorts_is_compressed(content_type: str) -> None:
    assert coding(get(headers={"Content-Type": content_type})) == "gzip"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "image/png"},
        {"Content-Type": "application/zip"},
        {"Content-Type": "text/event-stream"},
        {"Content-Type": "video/x+y+z"},
        {"Content-Type": ""},
        {"Content-Encoding": "aes128gcm"},
        {"Cache-Control": "public, No-Transform"},
    ],
)
def test_what_is_never_compressed_does_not_vary(headers: Mapping[str, str]) -> None:
    answer = get(headers=headers)

    assert coding(answer) == headers.get("Content-Encoding")
    assert answer.text == TEXT
    assert "Vary" not in answer.headers
    assert answer.headers["Etag"].startswith('"')


@pytest.mark.parametrize(
    ("vary", "becomes"),
    [
        ("Cookie", "Cookie, Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("Cookie,Accept-Encoding", "Cookie,Accept-Encoding"),
        ("*", "*"),
    ],
)
def test_what_a_response_varies_with_already_is_kept(vary: str, becomes: str) -> None:
    assert get(headers={"Vary": vary}).headers["Vary"] == becomes


@pytest.mark.parametrize(
    ("options", "varies"),
    [
        ({"body": b"x" * 1023}, True),
        ({"status": 206, "headers": {"Content-Range": "bytes 0-2199/4000"}}, True),
        ({"status": 200, "headers": {"Content-Range": "bytes 0-2199/4000"}}, True),
        ({"status": 204, "body": b""}, False),
    ],
)
def test_what_is_not_compressed_this_time(options: Mapping[str, Any], varies: bool) -> None:
    answer = get(**options)

    assert coding(answer) is None
    assert ("Vary" in answer.headers) is varies


def test_a_body_of_the_least_length_is_compressed() -> None:
    assert coding(get(body=b"x" * 1024)) == "gzip"


@pytest.mark.parametrize("status", [200, 404, 500, 201])
def test_responses_of_any_status_are_compressed(status: int) -> None:
    assert coding(get(status=status)) == "gzip"


# Etags


def test_a_strong_etag_becomes_weak_and_still_matches() -> None:
    plain, compressed = get(None), get("gzip")

    assert compressed.headers["Etag"] == "W/" + plain.headers["Etag"]
    again = get("gzip", asked={"If-None-Match": compressed.headers["Etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Etag"] == compressed.headers["Etag"]
    assert again.headers["Vary"] == "Accept-Encoding"
    assert coding(again) is None


def test_the_304_of_a_client_that_takes_no_coding_has_the_strong_etag() -> None:
    plain = get(None)

    again = get(None, asked={"If-None-Match": plain.headers["Etag"]})

    assert (again.status, again.headers["Etag"]) == (304, plain.headers["Etag"])


def test_a_weak_etag_and_none_are_left_alone() -> None:
    assert get(headers={"Etag": 'W/"a"'}).headers["Etag"] == 'W/"a"'
    assert "Etag" not in get(status=404).headers


def test_ranges_of_what_is_compressed_are_not_offered() -> None:
    assert "Accept-Ranges" not in get(headers={"Accept-Ranges": "bytes"}).headers
    assert "Accept-Ranges" in get(None, headers={"Accept-Ranges": "bytes"}).headers


@pytest.mark.parametrize("name", ["Content-Digest", "Repr-Digest", "Digest", "Content-MD5"])
def test_a_digest_of_other_bytes_is_not_sent(name: str) -> None:
    assert name not in get(headers={name: "sha-256=:AAAA:"}).headers
    assert get(None, headers={name: "sha-256=:AAAA:"}).headers[name] == "sha-256=:AAAA:"


# HEAD


def test_head_gets_the_headers_that_get_would() -> None:
    by_get, by_head = get(), get(method="HEAD")

    assert by_head.body == b""
    for name in ("Content-Encoding", "Content-Length", "Vary", "Etag"):
        assert by_head.headers[name] == by_get.headers[name]


def test_head_without_the_body_keeps_the_length_that_it_states() -> None:
    answer = get(method="HEAD", body=b"", headers={"Content-Length": "2200"})

    assert (coding(answer), answer.headers["Content-Length"]) == (None, "2200")
    assert answer.headers["Vary"] == "Accept-Encoding"


# Streams


class Stream(RequestHandler):
    def initialize(self, headers: Mapping[str, str] | None = None) -> None:
        self._extra = headers or {}

    async def get(self) -> None:
        for name, value in self._extra.items():
            self.set_header(name, value)
        await self.flush()
        for word in ("one ", "two ", "three "):
            self.write(word * 100)
            await self.flush()
            await self.flush()


@pytest.mark.parametrize("name", DECODERS)
async def test_each_flush_can_be_read_at_once(io_loop: IOLoop, name: str) -> None:
    app = Application([("/", Stream)], compress_response=True)

    answer = await fetch(app, headers={"Accept-Encoding": name})

    assert coding(answer) == name
    decoders: Mapping[str, Callable[[], Callable[[bytes], bytes]]] = {
        "gzip": lambda: zlib.decompressobj(31).decompress,
        "br": lambda: brotli.Decompressor().process,
        "zstd": lambda: zstd.ZstdDecompressor().decompress,
    }
    decode = decoders[name]()
    texts = [decode(chunk).decode() for chunk in answer.chunks]
    assert texts[:3] == ["one " * 100, "two " * 100, "three " * 100]
    assert len(texts) == 4


@pytest.mark.parametrize(("length", "chosen"), [(1400, "gzip"), (0, None)])
async def test_a_stream_of_a_known_length_is_compressed_unless_it_is_short(
    io_loop: IOLoop, length: int, chosen: str | None
) -> None:
    class Counted(RequestHandler):
        async def get(self) -> None:
            self.set_header("Content-Length", str(length))
            await self.flush()
            self.write(b"x" * length)

    app = Application([("/", Counted)], compress_response=True)

    answer = await fetch(app, headers={"Accept-Encoding": "gzip"})

    assert coding(answer) == chosen
    assert (gzip.decompress(answer.body) if chosen else answer.body) == b"x" * length
    assert ("Content-Length" in answer.headers) is (chosen is None)


# Large bodies


@pytest.mark.parametrize("name", DECODERS)
async def test_a_large_body_is_compressed_in_pieces_beside_the_loop(
    io_loop: IOLoop, name: str
) -> None:
    app = Application([("/", Page, {"body": LARGE})], compress_response=True)

    answer = ask(app, headers={"Accept-Encoding": name})
    assert not answer.ended
    await answer.over()

    assert answer.headers["Etag"].startswith("W/")
    assert DECODERS[name](answer.body) == LARGE


async def test_a_large_body_goes_over_the_wire_at_the_pace_of_the_client(io_loop: IOLoop) -> None:
    app = Application([("/", Page, {"body": LARGE})], compress_response=True)
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/", "Accept-Encoding: gzip") + raw_get("/", "Connection: close"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head
        body = b""
        while size := int((await reader.readline()), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        _, headers, plain = await read_answer(reader)

    assert gzip.decompress(body) == LARGE == plain
    assert "Content-Encoding" not in headers


def test_a_large_body_is_compressed_on_the_spot_where_no_loop_runs() -> None:
    answer = get(body=LARGE)

    assert answer.ended
    assert gzip.decompress(answer.body) == LARGE
    assert answer.headers["Content-Length"] == str(len(answer.body))


async def test_a_large_body_for_a_client_that_takes_no_coding_is_sent_whole(
    io_loop: IOLoop,
) -> None:
    app = Application([("/", Page, {"body": LARGE})], compress_response=True)

    answer = ask(app)

    assert answer.ended
    assert answer.chunks == [LARGE]


async def test_a_large_body_that_no_transform_takes_long_for_is_sent_whole(io_loop: IOLoop) -> None:
    app = Application([("/", Page, {"body": LARGE})], transforms=[ChunkedTransferEncoding])

    assert ask(app).chunks == [LARGE]


async def test_a_client_that_goes_away_amid_a_large_body_is_no_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Awaitable[None]] = []

    class Keeping(Page):
        def get(self) -> None:
            sent.append(self.finish(self._body))

    app = Application([("/", Keeping, {"body": LARGE})], compress_response=True)

    answer = ask(app, headers={"Accept-Encoding": "gzip"})
    answer.lose()

    with pytest.raises(StreamClosedError):
        await sent[0]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_transform_that_fails_in_its_thread_closes_the_connection(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(OutputTransform):
        def is_slow(self, status_code: int, headers: HTTPHeaders, size: int) -> bool:
            return True

        def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
            raise ValueError("broken transform")

    app = Application([("/", Page, {"body": LARGE})], transforms=[Failing])

    answer = ask(app)
    await answer.over()
    await asyncio.sleep(0)

    assert (answer.ended, answer.closed) == (False, True)
    assert "ValueError: broken transform" in caplog.text


async def test_a_response_that_is_cancelled_amid_a_large_body_is_cut(io_loop: IOLoop) -> None:
    class Cancelling(Page):
        def get(self) -> None:
            sent = self.finish(self._body)
            assert isinstance(sent, asyncio.Task)
            asyncio.get_running_loop().call_soon(sent.cancel)

    app = Application([("/", Cancelling, {"body": LARGE})], compress_response=True)

    answer = ask(app, headers={"Accept-Encoding": "gzip"})
    await answer.over()

    assert (answer.ended, answer.closed) == (False, True)


async def test_pieces_that_vanish_in_a_transform_are_not_sent(io_loop: IOLoop) -> None:
    class Swallowing(OutputTransform):
        def is_slow(self, status_code: int, headers: HTTPHeaders, size: int) -> bool:
            return True

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            headers["Content-Length"] = "5"
            return status_code, headers, b""

        def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
            return b"short" if finishing else b""

    app = Application([("/", Page, {"body": LARGE})], transforms=[Swallowing])

    answer = await fetch(app)

    assert answer.chunks == [b"short"]


# Settings


def test_nothing_is_compressed_unasked() -> None:
    answer = ask(Application([("/", Page)]), headers={"Accept-Encoding": "gzip"})

    assert (coding(answer), "Vary" in answer.headers) == (None, False)


@pytest.mark.parametrize(
    "app",
    [
        Application([("/", Page)], gzip=True),
        Application([("/", Page)], transforms=[GZipContentEncoding]),
        Application([("/", Page)], transforms=[GZipContentEncoding], gzip=True),
        Application([("/", Page)], transforms=[GZipContentEncoding, ChunkedTransferEncoding]),
    ],
)
def test_gzip_alone_is_what_the_older_setting_means(app: Application) -> None:
    answer = ask(app, headers={"Accept-Encoding": "br, zstd, gzip;q=0.1"})

    assert coding(answer) == "gzip"
    assert gzip.decompress(answer.body).decode() == TEXT


def test_the_options_of_the_gzip_transform_are_class_attributes() -> None:
    class Stored(GZipContentEncoding):
        MIN_LENGTH = 10
        GZIP_LEVEL = 1

    app = Application([("/", Page, {"body": b"x" * 10})], transforms=[Stored])

    assert coding(ask(app, headers={"Accept-Encoding": "gzip"})) == "gzip"


def test_what_is_compressed_and_how_can_be_set() -> None:
    options = Compression(
        codings=["gzip", "br"],
        levels={"gzip": 1, "br": 11},
        min_length=10,
        types=["text/*", "application/x"],
        excluded=["text/csv"],
    )

    def sent(content_type: str, body: bytes = b"x" * 10, accept: str = "zstd, br, gzip") -> object:
        headers = {"Content-Type": content_type}
        return coding(get(accept, compress_response=options, headers=headers, body=body))

    assert options.codings == ("gzip", "br")
    assert sent("text/html") == "gzip"
    assert sent("text/html", accept="br") == "br"
    assert sent("text/html", accept="zstd") is None
    assert sent("application/x") == "gzip"
    assert sent("application/json") is None
    assert sent("text/csv") is None
    assert sent("text/html", b"x" * 9) is None


def test_levels_have_an_effect() -> None:
    text = "".join(f"{number * number} " for number in range(5000))

    def size(level: int) -> int:
        options = Compression(codings=["gzip"], levels={"gzip": level})
        return len(get(compress_response=options, body=text).body)

    assert size(9) < size(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codings": ["gzip", "lz4"]}, "'lz4', expected some of zstd, br, gzip"),
        ({"levels": {"gzip": 10}}, "level 10 of gzip, expected 1 to 9"),
        ({"levels": {"zstd": 20}}, "level 20 of zstd, expected 1 to 19"),
        ({"levels": {"br": 12}}, "level 12 of br, expected 0 to 11"),
        ({"codings": ["br"], "levels": {"gzip": 1}}, r"\['gzip'\]"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Compression(**options)


def test_gzip_is_all_there_is_without_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "brotli", None)
    monkeypatch.setitem(__import__("sys").modules, "backports.zstd", None)

    assert Compression().codings == ("gzip",)
    for name in ("br", "zstd"):
        with pytest.raises(ValueError, match=rf"'{name}' needs: pip install ostro-web\[{name}\]"):
            Compression(codings=[name])


def test_a_transform_can_be_used_by_hand() -> None:
    request = HTTPServerRequest("GET", "/", headers=HTTPHeaders({"Accept-Encoding": "gzip"}))
    transform = ContentEncoding(request)

    status, headers, chunk = transform.transform_first_chunk(
        200, HTTPHeaders({"Content-Type": "text/plain"}), b"a", False
    )

    with gzip.GzipFile(fileobj=io.BytesIO(chunk + transform.transform_chunk(b"b", True))) as file:
        assert file.read() == b"ab"
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
