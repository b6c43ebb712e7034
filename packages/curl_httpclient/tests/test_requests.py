"""What goes out: methods, fields, bodies; and what is refused before anything does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.curl_httpclient import CurlError
from ostro.httpclient import ClientClosedError, CookieJar, HTTPRequest, HTTPStreamClosedError
from ostro.httputil import HTTPServerRequest
from ostro.ioloop import IOLoop

# The clock stands where the interface is.
from packages.httpclient.tests.conformance.clock import ClientClock

from .support import (
    EMPTY,
    OK,
    Server,
    Settings,
    answering,
    answering_each,
    curl_client,
    serving,
    talking,
)

Write = Callable[[bytes], Awaitable[None]]


async def sent(server: Server, **settings: Any) -> bytes:
    """The head of a request, as the server has seen it."""
    with curl_client() as client:
        await client.fetch(server.url, **settings)
    return server.heads[0]


async def test_a_plain_request_says_no_more_than_it_has_to(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as server:
        head = await sent(server, decompress_response=False, user_agent="")

    assert head == f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()


async def test_fields_go_out_as_they_are(io_loop: IOLoop) -> None:
    headers = {"X-A": "b, c", "X-Empty": "", "Accept": "text/html", "X-Latin": "h\xe9", "Host": "h"}
    async with answering(EMPTY) as server:
        head = await sent(server, headers=headers, user_agent="Me")

    for line in (b"X-A: b, c", b"X-Empty:", b"Accept: text/html", b"X-Latin: h\xe9", b"Host: h"):
        assert line + b"\r\n" in head
    assert b"User-Agent: Me\r\n" in head
    assert head.count(b"Host:") == 1


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "HEAD"])
async def test_methods_without_a_body(io_loop: IOLoop, method: str) -> None:
    async with answering(EMPTY) as server:
        head = await sent(server, method=method)

    assert head.startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert b"Content-Length" not in head


def echo(request: HTTPServerRequest) -> None:
    assert request.connection is not None
    body = f"{request.method} {request.headers.get('Content-Type')} ".encode() + request.body
    length = str(len(body))
    request.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode() + b"\r\n\r\n" + body)
    request.finish()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"method": "PUT", "body": b"abc"}, b"PUT None abc"),
        ({"method": "PATCH", "body": ""}, b"PATCH None "),
        ({"method": "POST", "body": ""}, b"POST application/x-www-form-urlencoded "),
        (
            {"method": "POST", "body": b"\x00\xff"},
            b"POST application/x-www-form-urlencoded \x00\xff",
        ),
        (
            {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}},
            b"POST application/json {}",
        ),
        (
            {"method": "GET", "body": "x", "allow_nonstandard_methods": True},
            b"GET None x",
        ),
        ({"method": "PURGE", "allow_nonstandard_methods": True}, b"PURGE None "),
        (
            {"method": "POST", "body": "abc", "headers": {"Content-Length": "3"}},
            b"POST application/x-www-form-urlencoded abc",
        ),
    ],
)
async def test_a_body_goes_out_with_its_method(
    io_loop: IOLoop, settings: Settings, expected: bytes
) -> None:
    async with serving(echo) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, **settings)

    assert response.body == expected


async def test_a_large_body_goes_out_unasked(io_loop: IOLoop) -> None:
    body = bytes(5_000_000)
    async with serving(echo) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, method="PUT", body=body)

    assert len(response.body) == len(b"PUT None ") + len(body)


async def test_a_body_waits_for_continue(io_loop: IOLoop) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Expect: 100-continue\r\n" in head
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(3), 0.05)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(3) == b"abc"
        writer.write(EMPTY)
        await reader.read()

    async with talking(talk) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url, method="PUT", body="abc", expect_100_continue=True
            )

    assert response.code == 200


async def test_the_first_byte_is_waited_for_when_the_body_is_out(io_loop: IOLoop) -> None:
    """The server does not know of 100 Continue, so that the body goes out late."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        clock.advance(10)
        assert await reader.readexactly(3) == b"abc"
        writer.write(EMPTY)
        await reader.read()

    def be_quick(curl: pycurl.Curl) -> None:
        curl.setopt(pycurl.EXPECT_100_TIMEOUT_MS, 1000)

    async with talking(talk) as server:
        with curl_client() as client:
            clock = ClientClock(client)
            response = await client.fetch(
                server.url,
                method="PUT",
                body="abc",
                expect_100_continue=True,
                first_byte_timeout=5,
                prepare_curl_callback=be_quick,
            )

    assert response.code == 200


async def test_a_refusal_instead_of_continue_is_the_response(io_loop: IOLoop) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    asked = False

    async def produce(write: Write) -> None:
        nonlocal asked
        asked = True

    async with answering(refusal) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url,
                method="PUT",
                body_producer=produce,
                expect_100_continue=True,
                raise_error=False,
            )

    assert response.code == 413
    assert not asked


# Bodies that are produced


async def pieces() -> AsyncIterator[bytes]:
    for piece in (b"ab", b"", b"cde"):
        yield piece


async def write_pieces(write: Write) -> None:
    async for piece in pieces():
        await write(piece)


def write_at_once(write: Write) -> None:
    write(b"abcde")


async def write_in_one_large_piece(write: Write) -> None:
    await write(b"abcde" * 100_000)


@pytest.mark.parametrize(
    ("producer", "size"),
    [(write_pieces, 5), (write_at_once, 5), (write_in_one_large_piece, 500_000)],
)
@pytest.mark.parametrize("with_length", [False, True])
async def test_a_producer_makes_the_body(
    io_loop: IOLoop,
    producer: Callable[[Write], Awaitable[None] | None],
    size: int,
    with_length: bool,
) -> None:
    headers = {"Content-Length": str(size)} if with_length else {}
    async with serving(echo) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url, method="PUT", body_producer=producer, headers=headers
            )

    assert response.body == b"PUT None " + (b"abcde" * 100_000)[:size]


async def test_an_iterator_makes_the_body(io_loop: IOLoop) -> None:
    async with serving(echo) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, method="PUT", body_producer=pieces())

    assert response.body == b"PUT None abcde"


async def test_a_producer_has_to_wait_for_the_server(io_loop: IOLoop) -> None:
    produced = 0
    begun, may_read = asyncio.Event(), asyncio.Event()

    async def produce(write: Write) -> None:
        nonlocal produced
        for _ in range(1000):
            await write(bytes(65536))
            produced += 65536
            begun.set()

    async def stands_still() -> None:
        before = -1
        while before != produced:
            before = produced
            for _ in range(200):
                await asyncio.sleep(0)

    async def drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await may_read.wait()
        left = b""
        while not left.endswith(b"\r\n0\r\n\r\n"):
            left = left[-7:] + await reader.read(1 << 20)
        writer.write(EMPTY)
        await reader.read()

    async with talking(drain) as server:
        with curl_client() as client:
            fetch = client.fetch(server.url, method="PUT", body_producer=produce)
            await begun.wait()
            await stands_still()
            assert produced < 1000 * 65536 / 2
            may_read.set()
            assert (await fetch).code == 200

    assert produced == 1000 * 65536


async def test_what_a_producer_raises_ends_the_fetch(io_loop: IOLoop) -> None:
    async def produce(write: Write) -> None:
        await write(b"abc")
        raise LookupError("of the application")

    async with answering(EMPTY) as server:
        with curl_client() as client, pytest.raises(LookupError):
            await client.fetch(server.url, method="PUT", body_producer=produce)


@pytest.mark.parametrize("length", [4, 6])
async def test_a_produced_body_has_the_length_that_was_promised(
    io_loop: IOLoop, length: int
) -> None:
    async with answering(EMPTY) as server:
        with curl_client() as client, pytest.raises(ValueError, match="Content-Length"):
            await client.fetch(
                server.url,
                method="PUT",
                body_producer=write_at_once,
                headers={"Content-Length": str(length)},
            )


async def test_a_producer_ends_with_the_fetch(io_loop: IOLoop) -> None:
    ended = asyncio.Event()

    async def produce(write: Write) -> None:
        try:
            await asyncio.Future()
        finally:
            ended.set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await reader.read()

    async with talking(talk) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url, method="PUT", body_producer=produce, raise_error=False
            )
            await ended.wait()

    assert response.code == 400


# Sent once more, or not


async def test_what_may_be_done_twice_is_sent_again_on_a_new_connection(io_loop: IOLoop) -> None:
    async with answering_each([[EMPTY, None], [EMPTY]]) as server:
        with curl_client() as client:
            await client.fetch(server.url)
            response = await client.fetch(server.url)

    assert response.code == 200
    assert server.connections == 2


@pytest.mark.parametrize("body", ["x", ""])
async def test_what_may_not_be_done_twice_is_sent_once(io_loop: IOLoop, body: str) -> None:
    async with answering_each([[EMPTY, None], [EMPTY]]) as server:
        with curl_client() as client:
            await client.fetch(server.url)
            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url, method="POST", body=body)

    assert len([head for head in server.heads if head.startswith(b"POST")]) == 1


async def test_a_body_that_is_produced_is_sent_once(io_loop: IOLoop) -> None:
    async with answering_each([[EMPTY, None], [EMPTY]]) as server:
        with curl_client() as client:
            await client.fetch(server.url)
            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url, method="PUT", body_producer=write_pieces)


# Refused


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://127.0.0.1/\r\nX: y"},
        {"url": "http://127.0.0.1/ HTTP/1.1"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "file:///etc/passwd"},
        {"method": "GET\r\nX: y"},
        {"user_agent": "a\r\nX: y"},
        {"auth_username": "a\r\nX: y", "auth_mode": "digest"},
        {"auth_username": "a", "auth_password": "\x00", "auth_mode": "digest"},
        {"proxy_host": "127.0.0.1\r\nX: y", "proxy_port": 80},
        {"proxy_host": "127.0.0.1", "proxy_port": 80, "proxy_username": "\n"},
        {"proxy_host": "127.0.0.1", "proxy_port": 80, "proxy_username": "", "proxy_password": "\n"},
        {"network_interface": "lo\n"},
        {"unix_socket": "/tmp/a\x00b"},
        {"method": "POST", "body": "abc", "headers": {"Content-Length": "4"}},
        {"method": "POST", "body": "abc", "headers": {"Content-Length": "+3"}},
        {"headers": {"Content-Length": "4"}},
        {"method": "POST", "body": "abc", "headers": {"Transfer-Encoding": "chunked"}},
        {"method": "HEAD", "body": "abc", "allow_nonstandard_methods": True},
        {"connect_timeout": -1},
    ],
    ids=repr,
)
async def test_what_cannot_be_sent_is_a_value_error(io_loop: IOLoop, settings: Settings) -> None:
    request = HTTPRequest(**{"url": "http://127.0.0.1:9/", **settings})
    with curl_client() as client, pytest.raises(ValueError):
        await client.fetch(request)


# The rest of libcurl


async def test_any_option_of_libcurl_can_be_set(io_loop: IOLoop) -> None:
    async with answering(EMPTY, EMPTY) as server:
        with curl_client() as client:
            await client.fetch(
                server.url,
                prepare_curl_callback=lambda curl: curl.setopt(pycurl.REFERER, "http://from/"),
            )
            await client.fetch(server.url)

    assert b"Referer: http://from/\r\n" in server.heads[0]
    assert b"Referer" not in server.heads[1]


async def test_what_libcurl_keeps_for_a_handle_does_not_outlive_the_request(
    io_loop: IOLoop,
) -> None:
    setting = OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with answering(setting, EMPTY) as server:
        with curl_client() as client:
            await client.fetch(
                server.url, prepare_curl_callback=lambda curl: curl.setopt(pycurl.COOKIEFILE, "")
            )
            await client.fetch(server.url)

    assert b"Cookie" not in server.heads[1]


async def test_the_secrets_of_a_preparation_do_not_go_to_another_origin(io_loop: IOLoop) -> None:
    def prepare(curl: pycurl.Curl) -> None:
        curl.setopt(pycurl.USERPWD, "me:secret")
        curl.setopt(pycurl.COOKIE, "session=secret")
        curl.setopt(pycurl.HTTPHEADER, ["X-Token: secret"])

    moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
    async with answering(EMPTY) as other:
        elsewhere = moved + other.url.encode() + b"\r\n\r\n"
        async with answering(moved + b"/here\r\n\r\n", elsewhere) as server:
            with curl_client() as client:
                await client.fetch(
                    server.url, prepare_curl_callback=prepare, headers={"X-Kept": "a"}
                )

    for head in server.heads[:2]:
        assert b"Authorization: Basic" in head
        assert b"Cookie: session=secret" in head
        assert b"X-Token: secret" in head
    assert b"X-Kept: a" in other.heads[0]
    for secret in (b"Authorization", b"Cookie", b"secret"):
        assert secret not in other.heads[0]


async def test_the_preparation_may_close_the_client(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as server:
        with curl_client() as client, pytest.raises(ClientClosedError):
            await client.fetch(server.url, prepare_curl_callback=lambda curl: client.close())

    assert server.connections == 0


async def test_what_the_preparation_raises_ends_the_fetch(io_loop: IOLoop) -> None:
    def prepare(curl: object) -> None:
        raise LookupError("of the application")

    with curl_client() as client, pytest.raises(LookupError):
        await client.fetch("http://127.0.0.1:9/", prepare_curl_callback=prepare)


async def test_a_failure_without_a_name_has_a_number(io_loop: IOLoop) -> None:
    async with answering(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") as server:
        with curl_client() as client, pytest.raises(CurlError) as caught:
            await client.fetch(
                server.url,
                prepare_curl_callback=lambda curl: curl.setopt(pycurl.FAILONERROR, 1),
            )

    assert type(caught.value) is CurlError
    assert caught.value.errno == pycurl.E_HTTP_RETURNED_ERROR
    assert caught.value.code == 599


async def test_a_cookie_jar_keeps_cookies(io_loop: IOLoop) -> None:
    setting = OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with answering(setting, EMPTY, EMPTY) as server:
        with curl_client(cookie_jar=CookieJar()) as client:
            await client.fetch(server.url)
            await client.fetch(server.url)
            await client.fetch(server.url, headers={"Cookie": "c=d"})

    assert b"Cookie" not in server.heads[0]
    assert b"Cookie: a=b\r\n" in server.heads[1]
    assert b"Cookie: c=d; a=b\r\n" in server.heads[2]
