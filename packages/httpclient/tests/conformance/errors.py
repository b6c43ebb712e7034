"""Servers that break the rules, or off: each gives an error with a name, and spoils nothing."""

from __future__ import annotations

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    HTTPClientError,
    HTTPConnectError,
    HTTPStreamClosedError,
    MalformedResponseError,
    NoResponseError,
    ResponseTooLargeError,
)
from ostro.ioloop import IOLoop

from .fixtures import MakeRaw
from .servers import OK, Behaviour, Peer, Site, answers

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "no HTTP": b"hello, I am no HTTP server\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "version": b"HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n",
    "small letters": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/3.0": b"HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "code of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "code of letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "two spaces": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "control in reason": b"HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nContent-Length 0\r\n\r\n",
    "empty name": b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "name no token": b"HTTP/1.1 200 OK\r\nX@: y\r\nContent-Length: 0\r\n\r\n",
    "NUL in value": b"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 0\r\n\r\n",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n" + b"x" * 100,
    "obs-fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space first": b"HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n",
    "length with sign": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "length in hex": b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
    "length with _": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "long length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "length and coding": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: cheese\r\n\r\nok",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "coding on HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size with sign": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "empty chunk size": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "chunk size of 17 digits": (CHUNKED + b"00000000000000002\r\nok\r\n0\r\n\r\n"),
    "LF after chunk size": CHUNKED + b"2\nok\r\n0\r\n\r\n",
    "no CRLF after chunk": CHUNKED + b"2\r\nokXX0\r\n\r\n",
    "unasked 101": b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "17 interim responses": b"HTTP/1.1 100 Continue\r\n\r\n" * 17 + OK,
}


@pytest.mark.parametrize("response", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_response_is_an_error_and_its_connection_is_closed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, response: bytes
) -> None:
    server = await raw(answers(response, stay=True), answers(OK))

    with pytest.raises(MalformedResponseError) as caught:
        await client.fetch(server.url)

    assert caught.value.code == 599
    assert (await client.fetch(server.url)).body == b"ok"
    assert len(server.peers) == 2


CUT_OFF = {
    "nothing": b"",
    "status line": b"HTTP/1.1 200 OK\r\n",
    "head": b"HTTP/1.1 200 OK\r\nContent-Length: 2",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
    "chunk": CHUNKED + b"3\r\nok",
    "last chunk": CHUNKED + b"2\r\nok\r\n",
    "trailers": CHUNKED + b"0\r\nX: y\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("response", CUT_OFF.values(), ids=CUT_OFF)
async def test_a_response_that_is_cut_off_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, response: bytes
) -> None:
    server = await raw(answers(response))

    with pytest.raises(HTTPStreamClosedError) as caught:
        await client.fetch(server.url)

    assert caught.value.code == 599
    assert isinstance(caught.value, ConnectionError)


async def test_a_connection_that_is_reset_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        peer.reset()

    server = await raw(serve)

    with pytest.raises(HTTPStreamClosedError):
        await client.fetch(server.url)


async def test_a_head_of_any_length_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(40):
            await peer.send(b"X: " + b"y" * 8000 + b"\r\n")
        await peer.gone()

    server = await raw(serve)

    with pytest.raises(ResponseTooLargeError):
        await client.fetch(server.url)


async def test_a_port_where_nobody_listens_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPConnectError) as caught:
        await client.fetch("http://localhost:1/")

    assert caught.value.code == 599
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.response is not None
    assert caught.value.response.request_time is not None


async def test_a_name_that_does_not_exist_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPConnectError):
        await client.fetch("http://does-not-exist.invalid/")


async def test_a_unix_socket_that_does_not_exist_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPConnectError):
        await client.fetch("http://localhost/", unix_socket="/nowhere/socket")


# A connection that dies between two requests


def dies_when_asked_again(reply: bytes = b"") -> Behaviour:
    async def behave(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        head = await peer.head()
        await peer.body(head)
        await peer.send(reply)
        peer.close()

    return behave


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_request_that_may_be_repeated_survives_a_dead_connection(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, method: str
) -> None:
    body = "body" if method == "PUT" else None
    server = await raw(dies_when_asked_again(), answers(OK))

    await client.fetch(server.url)
    response = await client.fetch(server.url, method=method, body=body)

    assert response.code == 200
    assert len(server.peers) == 2


async def test_it_is_repeated_once(io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw) -> None:
    server = await raw(dies_when_asked_again(), answers(b""))

    await client.fetch(server.url)
    with pytest.raises(HTTPStreamClosedError):
        await client.fetch(server.url)

    assert len(server.peers) == 2


async def test_a_post_is_not_repeated(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(dies_when_asked_again(), answers(OK))

    await client.fetch(server.url)
    with pytest.raises(HTTPStreamClosedError):
        await client.fetch(server.url, method="POST", body="once")

    assert len(server.peers) == 1


async def test_a_request_that_has_begun_to_be_answered_is_not_repeated(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(dies_when_asked_again(b"HTTP/1.1 200 OK\r\nContent-Le"), answers(OK))

    await client.fetch(server.url)
    with pytest.raises(HTTPStreamClosedError):
        await client.fetch(server.url)

    assert len(server.peers) == 1


async def test_an_error_spoils_no_other_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, site: Site
) -> None:
    broken = await raw(answers(b"nonsense\r\n\r\n", stay=True))

    for _ in range(3):
        with pytest.raises(NoResponseError):
            await client.fetch(broken.url)
        with pytest.raises(HTTPClientError):
            await client.fetch(f"{site.url}/echo?status=500")
        assert (await client.fetch(f"{site.url}/echo")).code == 200
