"""Deadlines of the simple client, by its clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    HTTPClientError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
)
from ostro.ioloop import Alarm, IOLoop

from .conformance.clock import ClientClock, until
from .conformance.fixtures import MakeClient, MakeRaw
from .conformance.servers import OK, Peer, Site
from .support import silence, simple


async def test_a_deadline_is_kept_to_the_moment(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url, request_timeout=10)
    await server.asked()
    await clock.reach("before the first byte of the response")

    clock.advance(9.9)
    await asyncio.sleep(0)
    assert not fetch.done()
    clock.advance(0.1)

    with pytest.raises(HTTPTimeoutError, match=r"before the first byte of the response after 10"):
        await fetch


async def test_the_time_in_the_queue_counts(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = simple(make_client(max_clients=1))
    clock = ClientClock(client)
    server = await raw(silence)
    first, second = client.fetch(server.url), client.fetch(server.url)
    await server.asked()
    clock.now += 12
    first.cancel()
    await until(lambda: len(server.heads) == 2)

    clock.advance(8)

    with pytest.raises(HTTPTimeoutError, match=r"after 20\.0") as caught:
        await second
    assert caught.value.response is not None
    assert caught.value.response.time_info["queue"] == 12
    assert caught.value.response.time_info["total"] == 8


async def test_a_body_is_sent_after_a_second_without_a_word_of_the_server(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    bodies = []

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        bodies.append(await peer.body(head))
        await peer.send(OK)

    server = await raw(serve)
    fetch = client.fetch(server.url, method="POST", body="body", expect_100_continue=True)
    await server.asked()
    await until(lambda: any(isinstance(each, Alarm) for each in simple(client).sweeper.members))
    assert bodies == []

    clock.advance(1)

    assert (await fetch).body == b"ok"
    assert bodies == [b"body"]


async def test_the_deadline_of_the_first_byte_begins_after_the_body(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    sent = asyncio.Event()
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        sent.set()
        await go_on.wait()
        yield b"two"

    fetch = client.fetch(
        server.url, method="POST", body_producer=pieces(), first_byte_timeout=1, request_timeout=0
    )
    await sent.wait()
    clock.advance(100)
    go_on.set()
    await clock.reach("before the first byte of the response")

    clock.advance(1)

    with pytest.raises(HTTPTimeoutError, match="first byte"):
        await fetch


async def test_a_fetch_without_deadlines_is_not_looked_after(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url, request_timeout=0, connect_timeout=0)
    await server.asked()

    assert not simple(client).sweeper.members
    fetch.cancel()


async def test_a_deadline_that_comes_with_a_cancellation_is_a_cancellation(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: ClientClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url)
    await server.asked()

    clock.now += 20
    fetch.cancel()
    simple(client).sweeper.sweep()

    with pytest.raises(asyncio.CancelledError):
        await fetch


async def test_a_body_producer_that_breaks_off_ends_the_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)

    async def produce(write: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(HTTPStreamClosedError, match="broken off"):
        await client.fetch(server.url, method="POST", body_producer=produce)


async def test_an_error_of_a_callback_stays_as_it_is(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    mine = HTTPClientError(418)

    def fail(piece: bytes) -> None:
        raise mine

    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(f"{site.url}/echo", streaming_callback=fail)

    assert caught.value is mine
    assert mine.response is None
