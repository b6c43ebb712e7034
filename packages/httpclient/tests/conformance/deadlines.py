"""Every fetch ends: by its deadlines, when it is cancelled, when the client is closed."""

from __future__ import annotations

import asyncio

import pytest

from ostro.httpclient import AsyncHTTPClient, ClientClosedError, HTTPRequest, HTTPTimeoutError
from ostro.httpclient.parts import Write
from ostro.ioloop import IOLoop

from .clock import ClientClock
from .fixtures import MakeClient, MakeRaw
from .servers import OK, Peer, Site, answers

SOON = 0.05
"""Seconds that the tests wait for what does not come."""


async def silence(peer: Peer) -> None:
    await peer.head()
    await peer.gone()


async def test_a_server_that_does_not_answer_is_not_waited_for(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url, request_timeout=5)
    await server.asked()

    clock.advance(5)

    with pytest.raises(HTTPTimeoutError) as caught:
        await fetch
    assert caught.value.code == 599
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.response is not None
    assert caught.value.response.request_time == 5
    await server.all_gone()


async def test_a_response_that_drips_ends_at_the_deadline_of_the_whole(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def drip(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not peer.writer.is_closing():
            await peer.send(b"x")
            await asyncio.sleep(0.001)

    server = await raw(drip)

    with pytest.raises(HTTPTimeoutError):
        await client.fetch(server.url, request_timeout=SOON)


async def test_the_first_byte_has_a_deadline_of_its_own(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)

    with pytest.raises(HTTPTimeoutError, match="first byte"):
        await client.fetch(server.url, first_byte_timeout=SOON)


async def test_the_deadline_of_the_first_byte_ends_with_it(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    go_on = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        await go_on.wait()
        await peer.send(b"Content-Length: 2\r\n\r\nok")

    server = await raw(slow)
    fetch = client.fetch(server.url, first_byte_timeout=5)
    await clock.reach("during the response")

    clock.advance(10)
    go_on.set()

    assert (await fetch).body == b"ok"


async def test_the_deadline_of_the_first_byte_ends_after_100_continue_too(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    answered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> None:
        head = await peer.head()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await peer.body(head)
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await go_on.wait()
        await peer.send(b"k")

    server = await raw(slow)
    fetch = client.fetch(
        server.url,
        method="POST",
        body="body",
        expect_100_continue=True,
        first_byte_timeout=5,
        header_callback=lambda line: answered.set(),
    )
    await answered.wait()

    clock.advance(10)
    go_on.set()

    assert (await fetch).body == b"ok"


async def test_the_first_byte_may_come_before_the_end_of_the_request(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    answered, sent, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def eager(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await peer.reader.readuntil(b"\r\n0\r\n\r\n")
        sent.set()
        await go_on.wait()
        await peer.send(b"k")

    async def produce(write: Write) -> None:
        await write(b"half ")
        await answered.wait()
        await write(b"of it")

    server = await raw(eager)
    fetch = client.fetch(
        server.url,
        method="POST",
        body_producer=produce,
        first_byte_timeout=5,
        header_callback=lambda line: answered.set(),
    )
    await sent.wait()

    clock.advance(10)
    go_on.set()

    assert (await fetch).body == b"ok"


async def test_connecting_has_a_deadline_of_its_own(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def no_tls(peer: Peer) -> None:
        await peer.gone()

    server = await raw(no_tls)

    with pytest.raises(HTTPTimeoutError, match="connect"):
        await client.fetch(f"https://127.0.0.1:{server.port}/", connect_timeout=SOON)

    await server.all_gone()


async def test_the_queue_is_part_of_the_deadline(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_clients=1)
    server = await raw(silence)
    first = client.fetch(server.url)
    await server.asked()

    with pytest.raises(HTTPTimeoutError, match="queue"):
        await client.fetch(server.url, request_timeout=SOON)

    assert not first.done()
    assert len(server.peers) == 1
    first.cancel()


@pytest.mark.parametrize("seconds", [0, float("inf")])
async def test_a_timeout_of_zero_or_for_ever_sets_no_limit(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, seconds: float
) -> None:
    response = await client.fetch(
        f"{site.url}/echo",
        request_timeout=seconds,
        connect_timeout=seconds,
        first_byte_timeout=seconds,
    )

    assert response.code == 200


@pytest.mark.parametrize("name", ["request_timeout", "connect_timeout", "first_byte_timeout"])
async def test_a_timeout_below_zero_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, name: str
) -> None:
    request = HTTPRequest("http://localhost/")
    setattr(request, name, -1)

    with pytest.raises(ValueError, match=name):
        await client.fetch(request)


async def test_a_fetch_that_is_cancelled_frees_its_socket(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    fetch = client.fetch(f"{site.url}/never")
    await site.asked.wait()

    fetch.cancel()

    await site.gone.wait()
    with pytest.raises(asyncio.CancelledError):
        await fetch


async def test_a_fetch_that_is_cancelled_in_the_queue_takes_no_turn(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_clients=1)
    server = await raw(silence, answers(OK))
    first, second, third = [client.fetch(server.url) for _ in range(3)]
    await server.asked()

    second.cancel()
    await asyncio.sleep(0)
    first.cancel()

    assert (await third).body == b"ok"
    assert len(server.heads) == 2


async def test_asyncio_timeout_works_around_a_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url)
    await server.asked()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await fetch

    await server.all_gone()


async def test_closing_the_client_ends_its_fetches(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_clients=1)
    server = await raw(silence)
    running, waiting = client.fetch(server.url), client.fetch(server.url)
    await server.asked()

    client.close()

    for fetch in (running, waiting):
        with pytest.raises(ClientClosedError):
            await fetch
    await server.all_gone()


async def test_a_client_that_is_closed_begins_no_fetch(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client()
    server = await raw(silence)
    fetch = client.fetch(server.url)

    client.close()

    with pytest.raises(ClientClosedError):
        await fetch
    assert server.peers == []


async def test_a_fetch_ends_when_its_own_callback_closes_the_client(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK, stay=True))

    with pytest.raises(ClientClosedError):
        await client.fetch(server.url, streaming_callback=lambda piece: client.close())

    await server.all_gone()


async def test_closing_the_client_closes_idle_connections(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK, stay=True))
    await client.fetch(server.url)

    client.close()

    await server.all_gone()
