"""StreamedResponse: the order of things in `async with` and `async for`."""

from __future__ import annotations

import asyncio

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    ClientClosedError,
    HTTPRequest,
    HTTPResponse,
    HTTPTimeoutError,
    ResponseReceiver,
)
from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop

from .conformance.clock import ClientClock, until
from .conformance.fixtures import MakeRaw
from .conformance.servers import Peer, Site


async def endless(peer: Peer) -> None:
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not peer.writer.is_closing():
        await peer.send(b"x" * 100)
        await asyncio.sleep(0.001)


async def test_nothing_is_known_outside_of_the_block(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = client.stream(f"{site.url}/echo")

    with pytest.raises(RuntimeError, match="async with"):
        response.code  # noqa: B018 - reading it is what fails
    with pytest.raises(RuntimeError, match="async with"):
        await response.read()


async def test_the_request_is_the_one_that_was_given(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    request = HTTPRequest(f"{site.url}/echo")

    async with client.stream(request) as response:
        assert response.request is request
        assert response.head.request is request


async def test_a_step_that_is_cancelled_loses_nothing(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    go_on = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        await go_on.wait()
        await peer.send(b"body")

    server = await raw(serve)

    async with client.stream(server.url) as response:
        step = asyncio.ensure_future(response.__anext__())
        await asyncio.sleep(0)
        step.cancel()
        await asyncio.wait([step])
        go_on.set()
        await until(lambda: response._chunk is not None)
        assert await response.read() == b"body"


async def test_a_piece_that_came_to_a_cancelled_step_goes_to_the_next(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(endless)

    async with client.stream(server.url) as response:
        step = asyncio.ensure_future(response.__anext__())
        await until(lambda: response._chunk is not None)
        step.cancel()
        await asyncio.wait([step])

        assert await response.__anext__()


async def test_entering_may_be_cancelled(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def enter() -> None:
        async with client.stream(f"{site.url}/never"):
            pytest.fail("the block is not entered")

    task = asyncio.create_task(enter())
    await site.asked.wait()

    task.cancel()

    await site.gone.wait()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_deadline_of_the_whole_counts_for_streams_too(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    server = await raw(endless)

    async with client.stream(server.url, request_timeout=5) as response:
        clock.advance(5)
        with pytest.raises(HTTPTimeoutError):
            await response.read()


async def test_closing_the_client_ends_a_stream(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(endless)

    async with client.stream(server.url) as response:
        await response.__anext__()
        client.close()
        with pytest.raises(ClientClosedError):
            await response.read()
    with pytest.raises(ClientClosedError):
        client.stream(server.url)


async def test_a_request_that_cannot_be_sent_is_refused_when_the_block_is_entered(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(ValueError, match="method"):
        async with client.stream("http://a/", method="G T"):
            pytest.fail("the block is not entered")


async def test_a_block_that_was_left_may_be_left_again(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = client.stream(f"{site.url}/echo")
    await response.__aexit__(None, None, None)
    async with response:
        await response.read()
    await response.__aexit__(None, None, None)

    assert response.code == 200


async def test_a_client_need_not_tell_of_the_head(io_loop: IOLoop) -> None:
    class Silent(AsyncHTTPClient):
        async def perform(
            self, request: HTTPRequest, receiver: ResponseReceiver | None = None
        ) -> HTTPResponse:
            return HTTPResponse(request, 204, HTTPHeaders({"X-A": "1"}), body=b"")

    async with Silent().stream("http://a/") as response:
        assert response.headers["X-A"] == "1"
        assert await response.read() == b""


async def test_a_streamed_response_is_used_once(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = client.stream(f"{site.url}/echo")
    async with response:
        await response.read()

    with pytest.raises(RuntimeError, match="used once"):
        await response.__aenter__()
    assert await response.read() == b""


async def test_what_was_not_read_inside_of_the_block_is_not_there_outside(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(endless)
    async with client.stream(server.url) as response:
        pass

    with pytest.raises(RuntimeError, match="inside of its"):
        await response.read()


async def test_two_tasks_do_not_read_at_a_time(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def begin(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await peer.gone()

    server = await raw(begin)
    async with client.stream(server.url) as response:
        first = asyncio.create_task(response.read())
        await asyncio.sleep(0)

        with pytest.raises(RuntimeError, match="another task"):
            await response.read()
        first.cancel()
