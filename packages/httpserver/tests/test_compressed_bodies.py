"""Gzip request bodies: decompressed if so asked, with a cap, and errors instead of loops."""

import asyncio
import contextlib
import gzip
import random
from collections.abc import Awaitable

import pytest

from ostro.http1 import Limits
from ostro.httpserver._decompress import PIECE_SIZE, DecompressingDelegate
from ostro.httpserver._settings import ServerSettings
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop

from .support import Client, Recorder, RecordingDelegate, Request, cuts, logged, responses, turns

SETTINGS = ServerSettings(decompress_request=True, limits=Limits(max_body_bytes=1000))
TEXT = b"hello, hello, hello"


def post(body: bytes, fields: bytes = b"Content-Encoding: gzip\r\n") -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n" % (fields, len(body))
    return head + body


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"GZIP"])
async def test_a_body_is_decompressed_wherever_it_is_cut(coding: bytes, io_loop: IOLoop) -> None:
    data = post(gzip.compress(TEXT), b"Content-Encoding: " + coding + b"\r\n")
    for pieces in cuts(data):
        app = Recorder()
        client = Client(io_loop, app, SETTINGS)

        await client.send(*pieces)

        [request] = app.requests
        assert request.body == TEXT
        assert request.headers["X-Consumed-Content-Encoding"] == coding.decode()
        assert "Content-Encoding" not in request.headers
        assert "Content-Length" not in request.headers
        assert responses(client.sent)[0].status == 200


async def test_chunks_are_decompressed_and_trailers_kept(io_loop: IOLoop) -> None:
    app = Recorder()
    body = gzip.compress(TEXT)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"

    await Client(io_loop, app, SETTINGS).send(
        head + b"\r\n\r\n%x\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(body), body)
    )

    [request] = app.requests
    assert request.body == TEXT
    assert request.trailers is not None


async def test_several_members_are_one_body(io_loop: IOLoop) -> None:
    app = Recorder()

    await Client(io_loop, app, SETTINGS).send(post(gzip.compress(b"ab") + gzip.compress(b"cd")))

    assert app.requests[0].body == b"abcd"


@pytest.mark.parametrize("fields", [b"", b"Content-Encoding: br\r\n"])
async def test_other_bodies_are_left_as_they_are(fields: bytes, io_loop: IOLoop) -> None:
    app = Recorder()

    await Client(io_loop, app, SETTINGS).send(post(b"plain", fields))

    assert app.requests[0].body == b"plain"


async def test_bodies_are_left_as_they_are_unless_so_asked(io_loop: IOLoop) -> None:
    app = Recorder()
    body = gzip.compress(TEXT)

    await Client(io_loop, app).send(post(body))

    assert app.requests[0].body == body
    assert app.requests[0].headers["Content-Encoding"] == "gzip"


BOMB = gzip.compress(bytes(1_000_000))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"this is not gzip", 400, id="not gzip"),
        pytest.param(gzip.compress(TEXT)[:-1], 400, id="cut off"),
        pytest.param(gzip.compress(TEXT)[:12], 400, id="cut off early"),
        pytest.param(gzip.compress(TEXT) + b"x", 400, id="garbage behind"),
        pytest.param(gzip.compress(TEXT)[:-8] + bytes(8), 400, id="wrong checksum"),
        pytest.param(BOMB[:900], 413, id="bomb"),
    ],
)
async def test_bad_compressed_bodies_are_refused_wherever_they_are_cut(
    body: bytes, status: int, io_loop: IOLoop
) -> None:
    data = post(body)
    for pieces in list(cuts(data))[:: max(1, len(data) // 100)]:
        app = Recorder()
        client = Client(io_loop, app, SETTINGS)

        with logged("ostro.general") as lines:
            await client.send(*pieces)

        assert [response.status for response in responses(client.sent)] == [status]
        assert len(lines) == 1
        assert app.targets == []
        assert len(app.requests[0].body) <= 1000
        assert client.stream.output_ended


async def test_the_cap_is_exact(io_loop: IOLoop) -> None:
    for size, status in ((1000, 200), (1001, 413)):
        client = Client(io_loop, Recorder(), SETTINGS)

        with logged("ostro.general"):
            await client.send(post(gzip.compress(b"x" * size)))

        assert responses(client.sent)[0].status == status


@pytest.mark.parametrize(("limit", "status"), [(2000, 200), (500, 413)])
async def test_the_cap_of_one_request_holds_for_what_comes_out(
    limit: int, status: int, io_loop: IOLoop
) -> None:
    class Limiting(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> None:
            self.conn.set_max_body_size(limit)
            super().headers_received(start_line, headers)

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Limiting(conn, request, self.answer)

    client = Client(io_loop, App(), SETTINGS)

    with logged("ostro.general"):
        await client.send(post(gzip.compress(b"x" * 1500)))

    assert responses(client.sent)[0].status == status


async def test_a_slow_delegate_gets_a_long_body_piece_by_piece(io_loop: IOLoop) -> None:
    gates: list[asyncio.Event] = []

    async def wait() -> None:
        gates.append(asyncio.Event())
        await gates[-1].wait()

    class Slow(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            super().data_received(chunk)
            assert len(chunk) <= PIECE_SIZE
            return wait() if len(self.request.body) != PIECE_SIZE * 3 else None

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Slow(conn, request, self.answer)

    app = App()
    size = PIECE_SIZE * 5
    client = Client(io_loop, app, ServerSettings(decompress_request=True))
    await client.send(post(gzip.compress(bytes(size))))

    rounds = 0
    while not app.targets:
        rounds += 1
        assert rounds < 20
        gates[-1].set()
        await turns()

    assert app.requests[0].body == bytes(size)


async def test_the_end_of_a_connection_is_passed_on(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app, SETTINGS)
    await client.send(post(gzip.compress(TEXT))[:-3])

    client.stream.reset(ConnectionResetError("reset"))

    assert app.requests[0].events == ["headers", "close", "lost: reset"]


class Sink(HTTPMessageDelegate):
    def __init__(self) -> None:
        self.size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)


def unzip(body: bytes, limit: int, step: int) -> int:
    """Return how many bytes come out of `body` when it comes in steps."""
    sink = Sink()
    delegate = DecompressingDelegate(sink, limit)
    line = RequestStartLine("POST", "/", "HTTP/1.1")
    delegate.headers_received(line, HTTPHeaders({"Content-Encoding": "gzip"}))
    for index in range(0, len(body), step):
        delegate.data_received(body[index : index + step])
    delegate.finish()
    return sink.size


@pytest.mark.parametrize("size", [PIECE_SIZE - 1, PIECE_SIZE, PIECE_SIZE + 1, PIECE_SIZE * 3])
def test_sizes_around_a_piece_come_out_whole(size: int) -> None:
    body = gzip.compress(random.Random(size).randbytes(size), 1)

    for step in (1000, len(body)):
        assert unzip(body, size, step) == size


def test_very_many_members_take_linear_time() -> None:
    body = gzip.compress(b"") * 50_000

    assert unzip(body, 1000, PIECE_SIZE) == 0


def test_any_corruption_is_an_input_error_or_harmless() -> None:
    body = gzip.compress(TEXT * 10)
    for index in range(len(body)):
        for bit in range(8):
            spoilt = bytearray(body)
            spoilt[index] ^= 1 << bit
            with contextlib.suppress(HTTPInputError):
                assert unzip(bytes(spoilt), 1000, 7) <= 1000
