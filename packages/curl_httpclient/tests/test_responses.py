"""Responses as servers send them, good and bad."""

import asyncio
import gzip
import zlib

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.curl_httpclient import CurlError
from ostro.httpclient import (
    ContentDecodingError,
    HTTPClientError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    MalformedResponseError,
    RedirectError,
    ResponseTooLargeError,
    TooManyRedirectsError,
)
from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop

# The clock stands where the interface is.
from packages.httpclient.tests.conformance.clock import ClientClock

from .support import EMPTY, OK, Settings, answering, answering_each, curl_client, talking

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def with_length(body: bytes, more: bytes = b"") -> bytes:
    return OK + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def test_a_response_has_head_body_trailers_and_times(io_loop: IOLoop) -> None:
    answer = CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n"
    async with answering(answer) as server:
        with curl_client() as client:
            response = await client.fetch(server.url)

    assert (response.code, response.reason, response.http_version) == (200, "OK", "HTTP/1.1")
    assert response.body == b"abcde"
    assert response.buffer is not None
    assert response.buffer.read() == b"abcde"
    assert response.trailers is not None
    assert response.trailers["X-Sum"] == "7"
    assert response.effective_url == server.url
    assert response.error is None
    assert response.request_time is not None
    assert 0 < response.request_time < 10


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([with_length(b"hello")], id="whole"),
        pytest.param([bytes([byte]) for byte in with_length(b"hello")], id="byte by byte"),
        pytest.param([OK + b"\r\n", b"hel", b"lo", None], id="until close"),
        pytest.param([b"HTTP/1.0 200 OK\r\n\r\nhello", None], id="HTTP/1.0"),
        pytest.param(
            [bytes([byte]) for byte in CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n"], id="chunks"
        ),
    ],
)
async def test_a_body_is_read_however_it_comes(io_loop: IOLoop, pieces: list[bytes | None]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            if piece is None:
                return
            writer.write(piece)
            await asyncio.sleep(0)
        await reader.read()

    async with talking(talk) as server:
        with curl_client() as client:
            response = await client.fetch(server.url)

    assert response.body == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", id="304"),
    ],
)
async def test_a_body_that_cannot_be_is_not_waited_for(io_loop: IOLoop, answer: bytes) -> None:
    async with answering(answer) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, raise_error=False)

    assert response.body == b""


async def test_a_length_may_be_said_twice(io_loop: IOLoop) -> None:
    async with answering(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok") as server:
        with curl_client() as client:
            assert (await client.fetch(server.url)).body == b"ok"


async def test_no_body_is_waited_for_after_head(io_loop: IOLoop) -> None:
    async with answering(OK + b"Content-Length: 50\r\nContent-Encoding: gzip\r\n\r\n") as server:
        with curl_client() as client:
            response = await client.fetch(server.url, method="HEAD", max_body_size=10)

    assert response.headers["Content-Length"] == "50"
    assert response.body == b""


# Malformed


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", id="bare LF after the status"),
        pytest.param(OK + b"A: b\nContent-Length: 0\r\n\r\n", id="bare LF after a field"),
        pytest.param(OK + b"A: b\rc\r\nContent-Length: 0\r\n\r\n", id="bare CR"),
        pytest.param(OK + b"A: b\x00c\r\nContent-Length: 0\r\n\r\n", id="NUL"),
        pytest.param(OK + b"A: b\x01c\r\nContent-Length: 0\r\n\r\n", id="control character"),
        pytest.param(OK + b"Abc\r\nContent-Length: 0\r\n\r\n", id="no colon"),
        pytest.param(OK + b"A : b\r\nContent-Length: 0\r\n\r\n", id="space before the colon"),
        pytest.param(OK + b" A: b\r\nContent-Length: 0\r\n\r\n", id="space before the field"),
        pytest.param(OK + b"Content-Length: +4\r\n\r\nabcd", id="signed length"),
        pytest.param(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na", id="two lengths"),
        pytest.param(
            OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            id="chunks in HTTP/1.0",
        ),
        pytest.param(OK + b"Transfer-Encoding: foo\r\n\r\n", id="unknown transfer coding"),
        pytest.param(CHUNKED + b"+1\r\na\r\n0\r\n\r\n", id="signed chunk size"),
        pytest.param(CHUNKED + b"1\r\nab\r\n0\r\n\r\n", id="chunk too long"),
        pytest.param(CHUNKED + b"0" * 40 + b"1\r\na\r\n0\r\n\r\n", id="endless chunk size"),
        pytest.param(b"hello\r\n\r\n", id="HTTP/0.9"),
        pytest.param(b"HTTP/3.1 200 OK\r\n\r\n", id="unknown version"),
        pytest.param(b"HTTP/1.1 099 OK\r\n\r\n", id="code of two digits"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="unasked upgrade"),
        pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n" * 40, id="endless interim responses"),
    ],
)
async def test_a_malformed_response_has_a_named_error(io_loop: IOLoop, answer: bytes) -> None:
    async with answering(answer) as server:
        with curl_client() as client, pytest.raises(MalformedResponseError) as caught:
            await client.fetch(server.url)

    assert caught.value.code == 599
    assert caught.value.response is not None
    assert caught.value.response.time_info["total"] > 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(b"", pycurl.E_GOT_NOTHING, id="nothing"),
        pytest.param(OK[:9], pycurl.E_GOT_NOTHING, id="half a status line"),
        pytest.param(
            OK + b"Content-Length: 10\r\n\r\nabc", pycurl.E_PARTIAL_FILE, id="half a body"
        ),
        pytest.param(CHUNKED + b"5\r\nabc", pycurl.E_PARTIAL_FILE, id="half a chunk"),
    ],
)
async def test_a_connection_that_is_closed_too_early_has_a_named_error(
    io_loop: IOLoop, answer: bytes, code: int
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with talking(talk) as server:
        with curl_client() as client, pytest.raises(CurlError) as caught:
            await client.fetch(server.url)

    assert caught.value.errno == code
    assert isinstance(caught.value, (HTTPStreamClosedError, MalformedResponseError))


# Limits


async def test_a_head_up_to_the_limit_is_taken(io_loop: IOLoop) -> None:
    answer = EMPTY.replace(b"\r\n\r\n", b"\r\nX-Fill: \r\n\r\n")
    room = 200 - len(answer)
    fits = answer.replace(b"X-Fill: ", b"X-Fill: " + b"x" * room)
    too_large = answer.replace(b"X-Fill: ", b"X-Fill: " + b"x" * (room + 1))

    async with answering_each([[fits], [too_large]]) as server:
        with curl_client(max_header_size=200, idle_timeout=0) as client:
            assert (await client.fetch(server.url)).code == 200
            with pytest.raises(ResponseTooLargeError, match="more than 200 bytes"):
                await client.fetch(server.url)


async def test_a_head_beyond_what_libcurl_takes_is_too_large_too(io_loop: IOLoop) -> None:
    async with answering(OK + b"A: " + b"x" * 400_000 + b"\r\n\r\n") as server:
        client = curl_client(max_header_size=1 << 20)
        with client as opened, pytest.raises(ResponseTooLargeError) as caught:
            await opened.fetch(server.url)

    assert isinstance(caught.value, CurlError)
    assert caught.value.errno == 100
    assert str(caught.value)


async def test_more_fields_than_the_limit_are_refused(io_loop: IOLoop) -> None:
    field = b"X-A: b\r\n"
    fits, too_many = OK + field * 127, OK + field * 128
    end = b"Content-Length: 0\r\n\r\n"

    async with answering_each([[fits + end], [too_many + end]]) as server:
        with curl_client(idle_timeout=0) as client:
            assert (await client.fetch(server.url)).code == 200
            with pytest.raises(ResponseTooLargeError, match="more than 128 header fields"):
                await client.fetch(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(with_length(b"x" * 6), id="length"),
        pytest.param(CHUNKED + b"6\r\nxxxxxx\r\n", id="chunks"),
        pytest.param(
            with_length(gzip.compress(b"x" * 6), b"Content-Encoding: gzip\r\n"), id="gzip"
        ),
    ],
)
async def test_a_body_over_the_limit_is_refused(io_loop: IOLoop, answer: bytes) -> None:
    async with answering(answer) as server:
        with curl_client(max_body_size=5) as client, pytest.raises(ResponseTooLargeError):
            await client.fetch(server.url)


async def test_a_body_up_to_the_limit_is_taken(io_loop: IOLoop) -> None:
    async with answering(*[with_length(b"x" * 6)] * 3) as server:
        with curl_client(max_buffer_size=5) as client:
            allowed = await client.fetch(server.url, max_body_size=6)
            streamed: list[bytes] = []
            await client.fetch(server.url, streaming_callback=streamed.append)

    assert allowed.body == b"xxxxxx"
    assert b"".join(streamed) == b"xxxxxx"


async def test_a_small_body_that_becomes_huge_is_stopped(io_loop: IOLoop) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    async with answering(with_length(bomb, b"Content-Encoding: gzip\r\n")) as server:
        client = curl_client(max_body_size=1_000_000)
        with client as opened, pytest.raises(ResponseTooLargeError, match="decompressed"):
            await opened.fetch(server.url)


# Codings


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param(b"gzip", gzip.compress(b"hello"), id="gzip"),
        pytest.param(b"x-gzip", gzip.compress(b"hello"), id="x-gzip"),
        pytest.param(b"deflate", zlib.compress(b"hello"), id="deflate"),
        pytest.param(b"gzip, gzip", gzip.compress(gzip.compress(b"hello")), id="twice"),
        pytest.param(b"identity", b"hello", id="identity"),
    ],
)
async def test_a_coding_is_undone(io_loop: IOLoop, coding: bytes, body: bytes) -> None:
    answer = with_length(body, b"Content-Encoding: %b\r\n" % coding)
    async with answering(answer) as server:
        with curl_client() as client:
            response = await client.fetch(server.url)

    assert response.body == b"hello"
    assert b"Accept-Encoding: gzip, deflate" in server.heads[0]


async def test_a_coding_stays_where_none_was_asked_for(io_loop: IOLoop) -> None:
    body = gzip.compress(b"hello")
    async with answering(with_length(body, b"Content-Encoding: gzip\r\n")) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, decompress_response=False)

    assert response.body == body
    assert response.headers["Content-Encoding"] == "gzip"
    assert b"Accept-Encoding" not in server.heads[0]


async def test_a_coded_part_of_a_body_stays_as_it_is(io_loop: IOLoop) -> None:
    part = b"HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    async with answering(part) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, headers={"Range": "bytes=0-2"})

    assert response.body == b"abc"
    assert b"Accept-Encoding" not in server.heads[0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(b"hello")[:-6], id="cut off"),
        pytest.param(b"not gzip at all", id="something else"),
    ],
)
async def test_a_body_that_is_not_in_its_coding_has_a_named_error(
    io_loop: IOLoop, body: bytes
) -> None:
    async with answering(with_length(body, b"Content-Encoding: gzip\r\n")) as server:
        with curl_client() as client, pytest.raises(ContentDecodingError):
            await client.fetch(server.url)


# Callbacks and streams


async def test_callbacks_hear_of_interim_head_and_body_in_order(io_loop: IOLoop) -> None:
    heard: list[object] = []

    def interim(code: int, headers: HTTPHeaders) -> None:
        heard.append((code, dict(headers)))

    async def piece(data: bytes) -> None:
        await asyncio.sleep(0)
        heard.append(data)

    async def line(text: str) -> None:
        await asyncio.sleep(0)
        heard.append(text)

    answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + with_length(b"abc", b"X-A: b\r\n")
    async with answering(answer) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url,
                informational_callback=interim,
                header_callback=line,
                streaming_callback=piece,
            )

    assert heard == [
        (103, {"Link": "</a>"}),
        "HTTP/1.1 200 OK\r\n",
        "X-A: b\r\n",
        "Content-Length: 3\r\n",
        "\r\n",
        b"abc",
    ]
    assert len(response.headers) == 0
    assert response.body == b""


async def test_interim_responses_are_passed_over_where_nobody_listens(io_loop: IOLoop) -> None:
    async with answering(b"HTTP/1.1 102 Processing\r\n\r\n" + EMPTY) as server:
        with curl_client() as client:
            assert (await client.fetch(server.url)).code == 200


@pytest.mark.parametrize(
    "name", ["streaming_callback", "header_callback", "informational_callback"]
)
async def test_what_a_callback_raises_ends_the_fetch(io_loop: IOLoop, name: str) -> None:
    def fail(*_: object) -> None:
        raise LookupError("of the application")

    answer = b"HTTP/1.1 102 Processing\r\n\r\n" + with_length(b"abc")
    async with answering(answer) as server:
        with curl_client() as client, pytest.raises(LookupError):
            await client.fetch(server.url, **Settings({name: fail}))


async def test_a_response_is_iterated_over_while_it_comes(io_loop: IOLoop) -> None:
    seen = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED + b"3\r\nabc\r\n")
        await seen.wait()
        writer.write(b"3\r\ndef\r\n0\r\n\r\n")
        await reader.read()

    async with talking(talk) as server:
        with curl_client() as client:
            async with client.stream(server.url) as response:
                pieces = []
                async for piece in response:
                    pieces.append(piece)
                    seen.set()

    assert pieces == [b"abc", b"def"]


async def test_the_server_has_to_wait_for_a_slow_reader(io_loop: IOLoop) -> None:
    total = 64 * 1024 * 1024
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % total)
        while sent < total:
            writer.write(bytes(65536))
            sent += 65536
            await writer.drain()
        await reader.read()

    async def stands_still() -> None:
        before = -1
        while before != sent:
            before = sent
            for _ in range(200):
                await asyncio.sleep(0)

    async with talking(talk) as server:
        with curl_client() as client:
            async with client.stream(server.url) as response:
                first = await anext(aiter(response))
                await stands_still()
                assert sent < total / 2
                rest = 0
                async for piece in response:
                    rest += len(piece)

    assert len(first) + rest == total


async def test_a_stream_that_breaks_off_gives_what_came_before(io_loop: IOLoop) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 10\r\n\r\nabc")

    pieces: list[bytes] = []
    async with talking(talk) as server:
        with curl_client() as client, pytest.raises(HTTPStreamClosedError):
            await client.fetch(server.url, streaming_callback=pieces.append)

    assert pieces == [b"abc"]


# Redirects


def redirect(code: int, location: str, body: bytes = b"") -> bytes:
    return (
        f"HTTP/1.1 {code} Moved\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def test_a_redirect_is_followed(io_loop: IOLoop) -> None:
    async with answering(redirect(302, "/there?a=b#c", b"gone"), with_length(b"ok")) as server:
        with curl_client() as client:
            response = await client.fetch(server.url)

    assert response.body == b"ok"
    assert response.effective_url == server.url + "there?a=b#c"
    assert server.heads[1].startswith(b"GET /there?a=b HTTP/1.1\r\n")
    assert response.time_info["redirect"] > 0
    assert response.time_info["starttransfer"] >= response.time_info["redirect"]
    assert server.connections == 1


async def test_a_redirect_with_a_large_body_costs_the_connection(io_loop: IOLoop) -> None:
    endless = redirect(302, "/there").replace(b"th: 0", b"th: 999999999") + bytes(400_000)
    async with answering_each([[endless], [with_length(b"ok")]]) as server:
        with curl_client() as client:
            assert (await client.fetch(server.url)).body == b"ok"

    assert server.connections == 2


async def test_too_many_redirects_are_an_error(io_loop: IOLoop) -> None:
    async with answering(*[redirect(302, "/")] * 4) as server:
        with curl_client() as client, pytest.raises(TooManyRedirectsError) as caught:
            await client.fetch(server.url, max_redirects=3)

    assert caught.value.response is not None
    assert caught.value.response.headers["Location"] == "/"
    assert len(server.heads) == 4


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "http://["])
async def test_a_redirect_elsewhere_than_http_is_refused(io_loop: IOLoop, location: str) -> None:
    async with answering(redirect(302, location)) as server:
        with curl_client() as client, pytest.raises(RedirectError):
            await client.fetch(server.url)


async def test_a_redirect_is_given_back_on_request(io_loop: IOLoop) -> None:
    async with answering(redirect(302, "/there")) as server:
        with curl_client() as client, pytest.raises(HTTPClientError) as caught:
            await client.fetch(server.url, follow_redirects=False)

    assert caught.value.code == 302


async def test_another_origin_gets_no_credentials(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as other, answering(redirect(302, other.url)) as server:
        with curl_client() as client:
            await client.fetch(
                server.url,
                auth_username="me",
                auth_password="secret",
                headers={"Cookie": "a=b", "X-Mine": "yes"},
            )

    assert b"Authorization: Basic" in server.heads[0]
    assert b"Cookie: a=b" in server.heads[0]
    assert b"Authorization" not in other.heads[0]
    assert b"Cookie" not in other.heads[0]
    assert b"X-Mine: yes" in other.heads[0]


# Deadlines


@pytest.mark.parametrize(
    ("answer", "settings", "doing"),
    [
        pytest.param(
            b"", {"first_byte_timeout": 5}, "before the first byte of the response", id="first byte"
        ),
        pytest.param(OK, {"request_timeout": 5}, "during the response", id="head"),
        pytest.param(
            OK + b"Content-Length: 9\r\n\r\na",
            {"request_timeout": 5},
            "during the response",
            id="body",
        ),
    ],
)
async def test_a_deadline_ends_a_fetch(
    io_loop: IOLoop, answer: bytes, settings: Settings, doing: str
) -> None:
    async with answering(answer) as server:
        with curl_client() as client:
            clock = ClientClock(client)
            fetch = client.fetch(server.url, **settings)
            await clock.reach(doing)
            clock.advance(5)
            with pytest.raises(HTTPTimeoutError, match=doing) as caught:
                await fetch

    assert isinstance(caught.value, CurlError)
    assert caught.value.errno == pycurl.E_OPERATION_TIMEDOUT


async def test_a_deadline_ends_what_a_callback_waits_for(io_loop: IOLoop) -> None:
    async with answering(with_length(b"abc")) as server:
        with curl_client() as client, pytest.raises(HTTPTimeoutError):
            await client.fetch(
                server.url, request_timeout=0.05, streaming_callback=lambda _: asyncio.Future()
            )


async def test_redirects_count_for_the_deadline(io_loop: IOLoop) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            heads.append(clock.now)
            clock.advance(3)
            writer.write(redirect(302, "/"))

    heads: list[float] = []
    async with talking(talk) as server:
        with curl_client() as client:
            clock = ClientClock(client)
            with pytest.raises(HTTPTimeoutError):
                await client.fetch(server.url, request_timeout=10, max_redirects=10)

    assert len(heads) == 4
