"""Bodies in both directions: streamed, compressed, too large."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    ContentDecodingError,
    HTTPClientError,
    HTTPRequest,
    HTTPStreamClosedError,
    ResponseTooLargeError,
)
from ostro.ioloop import IOLoop

from .clock import ClientClock
from .fixtures import MakeClient, MakeRaw
from .servers import OK, PIECE, Peer, Site, answers, echoed

Write = Callable[[bytes], Awaitable[None]]


def reply(body: bytes, *fields: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields, "", ""])
    return head.encode() + body


# Down, streamed


async def test_a_streaming_callback_gets_the_body(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    pieces: list[bytes] = []

    response = await client.fetch(f"{site.url}/pieces/20", streaming_callback=pieces.append)

    assert b"".join(pieces) == PIECE * 20
    assert len(pieces) > 1
    assert all(pieces)
    assert response.body == b""
    assert response.buffer is not None
    assert response.buffer.read() == b""


async def test_a_streaming_callback_that_is_a_coroutine_holds_the_server_back(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    size = 50_000_000
    sent = 0

    async def serve(peer: Peer) -> None:
        nonlocal sent
        await peer.head()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        while sent < size:
            await peer.send(bytes(100_000))
            sent += 100_000

    server = await raw(serve)
    first = asyncio.Event()
    go_on = asyncio.Event()
    received = 0

    async def take(piece: bytes) -> None:
        nonlocal received
        received += len(piece)
        first.set()
        await go_on.wait()

    fetch = client.fetch(server.url, streaming_callback=take)
    await first.wait()
    before = -1
    while sent != before:
        before = sent
        await asyncio.sleep(0.02)

    assert sent < size // 2
    go_on.set()
    await fetch
    assert received == size


async def test_what_a_streaming_callback_raises_ends_the_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    def fail(piece: bytes) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        await client.fetch(f"{site.url}/pieces/2", streaming_callback=fail)

    assert (await client.fetch(f"{site.url}/echo")).code == 200


async def test_redirects_are_not_streamed(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    pieces: list[bytes] = []

    await client.fetch(f"{site.url}/redirect/302?to=/echo", streaming_callback=pieces.append)

    assert b"elsewhere" not in b"".join(pieces)


async def test_a_streamed_response_is_iterated_over(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    size = 0
    async with client.stream(f"{site.url}/pieces/40") as response:
        assert (response.code, response.reason) == (200, "OK")
        assert "Content-Type" in response.headers
        assert response.effective_url == f"{site.url}/pieces/40"
        async for piece in response:
            size += len(piece)

    assert size == 40 * len(PIECE)
    assert response.head.time_info["total"] > 0
    assert (await client.fetch(f"{site.url}/echo")).time_info["connect"] == 0


async def test_the_rest_of_a_streamed_response_is_read(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async with client.stream(f"{site.url}/pieces/3") as response:
        body = await response.read()

    assert body == PIECE * 3


async def test_no_more_of_a_streamed_response_is_read_than_permitted(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async with client.stream(f"{site.url}/pieces/3") as response:
        with pytest.raises(ResponseTooLargeError):
            await response.read(len(PIECE))


async def test_a_streamed_response_that_is_left_early_closes_its_connection(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    gone = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nsome")
        await peer.gone()
        gone.set()

    server = await raw(serve)

    async with client.stream(server.url) as response:
        async for piece in response:
            assert piece == b"some"
            break

    await gone.wait()


async def test_a_streamed_response_without_success_is_an_error_unless_it_is_wanted(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    url = f"{site.url}/echo?status=500"

    with pytest.raises(HTTPClientError):
        async with client.stream(url):
            pytest.fail("the block is not entered")
    async with client.stream(url, raise_error=False) as response:
        body = await response.read()

    assert response.code == 500
    assert json.loads(body)["method"] == "GET"


async def test_a_streamed_response_that_is_cut_off_raises_where_it_is_read(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))

    async with client.stream(server.url) as response:
        with pytest.raises(HTTPStreamClosedError):
            await response.read()


async def test_a_streamed_fetch_that_fails_raises_when_the_block_is_entered(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPClientError):
        async with client.stream("http://localhost:1/"):
            pytest.fail("the block is not entered")


# Up, streamed


@pytest.mark.parametrize("length", [None, 5 * len(PIECE)], ids=["chunked", "counted"])
async def test_a_body_producer_writes_the_body(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, length: int | None
) -> None:
    async def produce(write: Write) -> None:
        for _ in range(5):
            await write(PIECE)

    headers = {} if length is None else {"Content-Length": str(length)}
    response = await client.fetch(
        f"{site.url}/count", method="POST", body_producer=produce, headers=headers
    )

    assert json.loads(response.body) == {"size": 5 * len(PIECE), "chunked": length is None}


async def test_a_body_may_be_iterated_over(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield PIECE

    response = await client.fetch(f"{site.url}/count", method="PUT", body_producer=pieces())

    assert json.loads(response.body)["size"] == 5 * len(PIECE)


async def test_a_large_body_arrives(io_loop: IOLoop, client: AsyncHTTPClient, site: Site) -> None:
    response = await client.fetch(f"{site.url}/count", method="POST", body=PIECE * 200)

    assert json.loads(response.body) == {"size": 200 * len(PIECE), "chunked": False}


async def test_a_body_producer_is_held_back_by_the_server(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    read_on = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        await read_on.wait()
        await peer.gone()

    server = await raw(serve)
    written = 0

    async def produce(write: Write) -> None:
        nonlocal written
        for _ in range(500):
            await write(bytes([1]) * 100_000)
            written += 100_000

    fetch = client.fetch(server.url, method="POST", body_producer=produce)
    before = -1
    while written != before or not written:
        before = written
        await asyncio.sleep(0.02)

    assert written < 40_000_000
    fetch.cancel()
    read_on.set()


async def test_what_a_body_producer_raises_ends_the_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def produce(write: Write) -> None:
        await write(b"some")
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await client.fetch(f"{site.url}/count", method="POST", body_producer=produce)


async def test_a_body_producer_that_writes_too_much_is_a_mistake(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def produce(write: Write) -> None:
        await write(b"too much")

    with pytest.raises(ValueError, match="Content-Length"):
        await client.fetch(
            f"{site.url}/count",
            method="POST",
            body_producer=produce,
            headers={"Content-Length": "3"},
        )


async def test_a_body_producer_gives_bytes(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def produce(write: Callable[[Any], Awaitable[None]]) -> None:
        await write("text")

    async def iterate() -> AsyncIterator[Any]:
        yield "text"

    for producer in (produce, iterate()):
        with pytest.raises(TypeError, match="gave a str, expected bytes"):
            await client.fetch(f"{site.url}/count", method="POST", body_producer=producer)


async def test_what_is_no_body_producer_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    pieces: Any = [b"a", b"b"]

    with pytest.raises(TypeError, match="body_producer is a list, expected a function"):
        await client.fetch("http://localhost/", method="POST", body_producer=pieces)


async def test_body_and_body_producer_exclude_each_other(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(ValueError, match="not both"):
        await client.fetch(
            "http://localhost/", method="POST", body="x", body_producer=lambda write: None
        )


async def test_a_server_that_answers_before_the_body_is_heard(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
        await peer.gone()

    server = await raw(serve)
    ended = asyncio.Event()

    async def produce(write: Write) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    response = await client.fetch(
        server.url, method="POST", body_producer=produce, raise_error=False
    )

    assert (response.code, response.body) == (413, b"no")
    await ended.wait()
    await server.all_gone()


async def test_a_server_that_breaks_off_during_the_body_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.reader.read(100)
        peer.reset()

    server = await raw(serve)

    async def produce(write: Write) -> None:
        while True:
            await write(bytes(100_000))

    with pytest.raises(HTTPStreamClosedError):
        await client.fetch(server.url, method="POST", body_producer=produce)


async def test_expect_100_continue_waits_for_the_server(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        head = await peer.head()
        assert b"Expect: 100-continue\r\n" in head
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await peer.body(head) == b"body"
        await peer.send(OK)

    server = await raw(serve)

    response = await client.fetch(server.url, method="POST", body="body", expect_100_continue=True)

    assert response.body == b"ok"


async def test_100_continue_may_come_unasked_and_twice(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        while head := await peer.head():
            await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)
            assert await peer.body(head) == b"body"
            await peer.send(OK)

    server = await raw(serve)

    async def produce(write: Write) -> None:
        await write(b"body")

    length = {"Content-Length": "4"}
    expected = await client.fetch(server.url, method="POST", body="body", expect_100_continue=True)
    produced = await client.fetch(server.url, method="POST", body_producer=produce, headers=length)
    plain = await client.fetch(server.url, method="POST", body="body")

    assert [response.body for response in (expected, produced, plain)] == [b"ok"] * 3


async def test_a_body_that_the_server_does_not_want_stays_here(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    bodies = []

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        bodies.append(await peer.reader.read())

    server = await raw(serve)

    response = await client.fetch(
        server.url, method="POST", body="body", expect_100_continue=True, raise_error=False
    )

    assert response.code == 417
    await server.all_gone()
    assert bodies == [b""]


# Compressed


async def test_a_compressed_body_is_asked_for_and_decompressed(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/text")

    assert response.body == b"compress me " * 1000
    assert "gzip" in site.requests[0].headers["Accept-Encoding"]
    assert "Content-Encoding" not in response.headers


async def test_no_compressed_body_is_asked_for_when_it_is_not_wanted(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    for name in ("use_gzip", "decompress_response"):
        request = HTTPRequest(f"{site.url}/echo")
        setattr(request, name, False)
        response = await client.fetch(request)

        assert "Accept-Encoding" not in echoed(response.body)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(PIECE)),
        ("x-gzip", gzip.compress(PIECE)),
        ("deflate", zlib.compress(PIECE)),
        ("identity", PIECE),
    ],
)
async def test_every_coding_is_undone(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    raw: MakeRaw,
    coding: str,
    coded: bytes,
    bytewise: bool,
) -> None:
    if bytewise:
        coded = coded if len(coded) < 2000 else coded[:0]
        if not coded:
            return
    server = await raw(answers(reply(coded, f"Content-Encoding: {coding}"), bytewise=bytewise))

    response = await client.fetch(server.url)

    assert response.body == PIECE


async def test_a_compressed_body_is_streamed_decompressed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(reply(gzip.compress(PIECE * 10), "Content-Encoding: gzip")))
    pieces: list[bytes] = []

    await client.fetch(server.url, streaming_callback=pieces.append)

    assert b"".join(pieces) == PIECE * 10


async def test_a_body_that_is_not_what_its_coding_says_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(reply(b"this is no gzip", "Content-Encoding: gzip")))

    with pytest.raises(ContentDecodingError):
        await client.fetch(server.url)


async def test_a_compressed_body_that_is_cut_off_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(reply(gzip.compress(PIECE)[:-4], "Content-Encoding: gzip")))

    with pytest.raises(ContentDecodingError):
        await client.fetch(server.url)


async def test_a_head_with_a_coding_has_no_body_to_decode(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n"
    server = await raw(answers(head, head.replace(b"100", b"0")))

    assert (await client.fetch(server.url, method="HEAD")).body == b""
    assert (await client.fetch(server.url)).body == b""


# Too large


@pytest.mark.parametrize("size", [100, 101])
@pytest.mark.parametrize("kind", ["counted", "chunked", "until close", "compressed"])
async def test_a_body_may_have_as_many_bytes_as_permitted(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, kind: str, size: int
) -> None:
    body = b"x" * size
    replies = {
        "counted": reply(body),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (size, body),
        "until close": b"HTTP/1.1 200 OK\r\n\r\n" + body,
        "compressed": reply(gzip.compress(body), "Content-Encoding: gzip"),
    }
    server = await raw(answers(replies[kind]))

    fetch = client.fetch(server.url, max_body_size=100)

    if size == 100:
        assert (await fetch).body == body
    else:
        with pytest.raises(ResponseTooLargeError):
            await fetch


async def test_the_limit_of_the_client_counts_where_the_request_says_nothing(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_body_size=100)
    server = await raw(answers(reply(bytes(101))))

    with pytest.raises(ResponseTooLargeError):
        await client.fetch(server.url)


async def test_a_limit_below_zero_is_refused(io_loop: IOLoop, client: AsyncHTTPClient) -> None:
    with pytest.raises(ValueError, match="max_body_size"):
        await client.fetch("http://localhost/", max_body_size=-1)


async def test_little_that_decompresses_to_very_much_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server = await raw(answers(reply(bomb, "Content-Encoding: gzip")))
    received = 0

    def take(piece: bytes) -> None:
        nonlocal received
        received += len(piece)

    with pytest.raises(ResponseTooLargeError):
        await client.fetch(server.url, max_body_size=1_000_000, streaming_callback=take)

    assert received <= 1_000_000
