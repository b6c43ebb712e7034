"""Parts by themselves, where a server would not bring them so far."""

import asyncio
import random
import zlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.curl_httpclient._binding import check_libcurl
from ostro.curl_httpclient._engine import Engine, _forget_all
from ostro.curl_httpclient._transfer import Transfer
from ostro.curl_httpclient._upload import ProducedUpload, WholeUpload
from ostro.curl_httpclient.errors import CurlMalformedResponseError, CurlStreamClosedError
from ostro.httpclient import (
    ClientClosedError,
    HTTPClientError,
    HTTPStreamClosedError,
    MalformedResponseError,
)
from ostro.ioloop import IOLoop

from .support import EMPTY, OK, answering, curl_client, talking

place: ContextVar[str] = ContextVar("place", default="elsewhere")

Write = Callable[[bytes], Awaitable[None]]


def nothing(*_: object) -> None:
    pass


def test_a_libcurl_that_is_too_old_is_refused() -> None:
    check_libcurl(0x075000)
    with pytest.raises(ImportError, match=r"libcurl 7\.79\.1, expected 7\.80\.0"):
        check_libcurl(0x074F01)


def test_a_body_that_is_there_can_be_read_again() -> None:
    sent: list[bool] = []
    upload = WholeUpload(b"abcde", lambda: sent.append(True))

    assert [upload.read(3), upload.read(3)] == [b"abc", b"de"]
    assert upload.seek(1, 0) == pycurl.SEEKFUNC_OK
    assert upload.read(9) == b"bcde"
    assert sent == [True, True]
    upload.stop()


async def test_a_body_that_is_produced_cannot_be_read_again(io_loop: IOLoop) -> None:
    upload = ProducedUpload(lambda write: write(b"abc"), None, nothing, nothing, nothing)

    assert upload.seek(0, 0) == pycurl.SEEKFUNC_CANTSEEK


async def test_a_producer_does_not_begin_when_the_fetch_is_over(io_loop: IOLoop) -> None:
    begun: list[bool] = []

    async def produce(write: Write) -> None:
        begun.append(True)

    upload = ProducedUpload(produce, None, nothing, nothing, nothing)
    assert upload.read(10) == pycurl.READFUNC_PAUSE
    upload.stop()
    for _ in range(3):
        await asyncio.sleep(0)

    assert begun == []


async def test_a_producer_runs_where_the_fetch_was_called(io_loop: IOLoop) -> None:
    seen: list[str] = []

    async def produce(write: Write) -> None:
        seen.append(place.get())
        async with answering(EMPTY) as other:
            # It may fetch, too, since it does not run inside libcurl.
            seen.append(str((await client.fetch(other.url)).code))
        await write(b"abc")

    async with talking(read_all) as server:
        with curl_client() as client:
            token = place.set("here")
            fetch = client.fetch(server.url, method="PUT", body_producer=produce)
            place.reset(token)
            await fetch

    assert seen == ["here", "200"]


async def test_a_producer_may_write_without_waiting(io_loop: IOLoop) -> None:
    def produce(write: Write) -> None:
        for _ in range(3):
            write(bytes(10_000_000))

    async with talking(read_all) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, method="PUT", body_producer=produce)

    assert response.code == 200


async def read_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    left = b""
    while not left.endswith(b"\r\n0\r\n\r\n"):
        left = left[-7:] + await reader.read(65536)
    writer.write(EMPTY)
    await reader.read()


async def test_both_directions_may_rest_at_a_time(io_loop: IOLoop) -> None:
    """The response is there before the request is: who reads it waits for who writes that."""
    body = bytes(1_000_000)
    holding_back, produced, taken = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await reader.read()

    async def produce(write: Write) -> None:
        await holding_back.wait()
        for _ in range(5):
            await write(b"abc")
            for _ in range(20):
                await asyncio.sleep(0)
        produced.set()
        await taken.wait()

    size = 0

    async def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        for _ in range(100):
            await asyncio.sleep(0)
        holding_back.set()
        await produced.wait()
        if size == len(body):
            taken.set()

    async with talking(talk) as server:
        with curl_client() as client:
            await client.fetch(
                server.url, method="PUT", body_producer=produce, streaming_callback=take
            )

    assert size == len(body)


async def test_a_producer_that_fails_after_the_response_does_no_harm(io_loop: IOLoop) -> None:
    answered, failing = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await writer.drain()
        writer.close()

    async def produce(write: Write) -> None:
        write(b"abc")
        await answered.wait()
        write(b"abc")
        failing.set()
        raise LookupError("of the application")

    async def take(piece: bytes) -> None:
        answered.set()
        await failing.wait()
        for _ in range(10):  # that it has failed is known
            await asyncio.sleep(0)

    async with talking(talk) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url,
                method="PUT",
                body_producer=produce,
                streaming_callback=take,
                raise_error=False,
            )

    assert response.code == 400


async def test_what_libcurl_held_back_may_turn_out_to_be_wrong(io_loop: IOLoop) -> None:
    """Libcurl decodes, as it was told, what comes; it hears of the error when it goes on."""
    noise = random.Random(1).randbytes(300_000)
    body = zlib.compress(noise)[:-4] + b"nope"
    seen = 0

    async def take(piece: bytes) -> None:
        nonlocal seen
        seen += len(piece)
        for _ in range(50):
            await asyncio.sleep(0)

    def decode(curl: pycurl.Curl) -> None:
        curl.setopt(pycurl.ACCEPT_ENCODING, "deflate")

    answer = OK + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with answering(answer) as server:
        with curl_client() as client, pytest.raises(MalformedResponseError) as caught:
            await client.fetch(
                server.url,
                decompress_response=False,
                streaming_callback=take,
                prepare_curl_callback=decode,
            )

    assert isinstance(caught.value, CurlMalformedResponseError)
    assert seen > 262_144


async def test_an_error_that_a_callback_passes_on_is_left_alone(io_loop: IOLoop) -> None:
    def fail(piece: bytes) -> None:
        raise HTTPClientError(404, "of another fetch")

    async with answering(OK + b"Content-Length: 3\r\n\r\nabc") as server:
        with curl_client() as client, pytest.raises(HTTPClientError) as caught:
            await client.fetch(server.url, streaming_callback=fail)

    assert caught.value.code == 404
    assert caught.value.response is None


async def test_dead_sockets_stand_where_connections_were(io_loop: IOLoop) -> None:
    """What happens in the child of a fork, without one."""
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()

    async with talking(talk) as server:
        with curl_client() as client:
            fetch = client.fetch(server.url)
            await asked.wait()
            _forget_all()
            await gone.wait()
            fetch.cancel()
            await asyncio.wait([fetch])
            with pytest.raises(ClientClosedError, match="forked"):
                await client.fetch(server.url)


async def test_a_connection_that_breaks_while_sending_has_a_named_error(io_loop: IOLoop) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with talking(talk) as server:
        with curl_client() as client, pytest.raises(HTTPStreamClosedError) as caught:
            await client.fetch(server.url, method="POST", body=bytes(20_000_000))

    assert isinstance(caught.value, CurlStreamClosedError)


async def test_a_request_is_not_sent_again_on_a_connection_that_is_there(io_loop: IOLoop) -> None:
    """What libcurl may do on a connection of HTTP/2, where the server declines."""
    engine = Engine(io_loop, max_idle=1, max_handles=1)
    transfer = Transfer(
        engine,
        engine.take_handle(),
        1000,
        bodiless=False,
        login_codes=frozenset(),
        repeatable=False,
        proxied=False,
        on_sent=nothing,
        on_heard=nothing,
    )

    assert transfer._on_request("", "", 0, 0) == pycurl.PREREQFUNC_OK
    assert transfer._on_request("", "", 0, 0) == pycurl.PREREQFUNC_ABORT
    engine.close()
