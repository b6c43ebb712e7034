"""The pool: what is kept, for how long, how many."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ostro.http1 import NEED_DATA, EndOfMessage, Limits
from ostro.httpclient._connection import ClientConnection
from ostro.httpclient._pool import LOOK_AFTER, ConnectionPool
from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop, Sweeper
from ostro.iostream import IOStream, StreamClosedError
from packages.clocks import FakeClock

from .conformance.clock import until


class Pair:
    """A connection whose exchange is over, and the server's end of it."""

    def __init__(self, key: object) -> None:
        here, self.there = socket.socketpair()
        self.connection = ClientConnection(IOStream(here), key, Limits())

    async def exchange(
        self, response: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    ) -> None:
        codec = self.connection.codec
        codec.send_request("GET", "/", HTTPHeaders({"Host": "h"}), end=True)
        self.there.sendall(response)
        while not isinstance(event := codec.next_event(), EndOfMessage):
            if event is NEED_DATA:
                codec.receive(await self.connection.receive())

    @property
    def open(self) -> bool:
        return not self.connection.stream.closed()


class Fixture:
    def __init__(self, io_loop: IOLoop, most: int, most_per_key: int, timeout: float) -> None:
        self.clock = FakeClock()
        self.sweeper = Sweeper(io_loop, self.clock)
        self.pool = ConnectionPool(self.sweeper, most, most_per_key, timeout)
        self.pairs: list[Pair] = []

    async def put(self, key: object) -> Pair:
        pair = Pair(key)
        self.pairs.append(pair)
        await pair.exchange()
        self.pool.put(pair.connection)
        return pair

    def end(self) -> None:
        self.pool.close()
        self.sweeper.stop()
        for pair in self.pairs:
            pair.connection.close()
            pair.there.close()


@asynccontextmanager
async def pool_of(
    io_loop: IOLoop, most: int = 10, most_per_key: int = 10, idle: float = 15.0
) -> AsyncIterator[Fixture]:
    fixture = Fixture(io_loop, most, most_per_key, idle)
    try:
        yield fixture
    finally:
        fixture.end()


async def test_the_connection_that_was_used_last_is_taken(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        first, second = await fixture.put("a"), await fixture.put("a")

        assert fixture.pool.take("a") is second.connection
        assert fixture.pool.take("a") is first.connection
        assert fixture.pool.take("a") is None


async def test_another_key_gets_nothing(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        await fixture.put("a")

        assert fixture.pool.take("b") is None
        assert len(fixture.pool) == 1


async def test_the_oldest_goes_when_there_are_too_many_for_a_key(io_loop: IOLoop) -> None:
    async with pool_of(io_loop, most_per_key=1) as fixture:
        first, second = await fixture.put("a"), await fixture.put("a")

        assert not first.open
        assert second.open
        assert len(fixture.pool) == 1


async def test_the_oldest_goes_when_there_are_too_many_in_all(io_loop: IOLoop) -> None:
    async with pool_of(io_loop, most=2) as fixture:
        pairs = [await fixture.put(key) for key in "abc"]

        assert [pair.open for pair in pairs] == [False, True, True]


@pytest.mark.parametrize(("most", "most_per_key"), [(0, 1), (1, 0)])
async def test_nothing_is_kept_where_nothing_is_to_be_kept(
    io_loop: IOLoop, most: int, most_per_key: int
) -> None:
    async with pool_of(io_loop, most, most_per_key) as fixture:
        pair = await fixture.put("a")

        assert not pair.open


async def test_a_connection_that_is_idle_too_long_is_closed(io_loop: IOLoop) -> None:
    async with pool_of(io_loop, idle=15.0) as fixture:
        early = await fixture.put("a")
        fixture.clock.now += 10
        late = await fixture.put("b")
        fixture.clock.now += 5

        fixture.sweeper.sweep()

        assert (early.open, late.open) == (False, True)
        assert fixture.pool.take("a") is None


async def test_a_connection_in_use_is_not_closed_for_being_idle(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = await fixture.put("a")
        fixture.pool.take("a")
        fixture.clock.now += 1000

        fixture.sweeper.sweep()

        assert pair.open


def server_closes(pair: Pair) -> None:
    pair.there.close()


def server_ends(pair: Pair) -> None:
    pair.there.shutdown(socket.SHUT_WR)


def it_is_lost(pair: Pair) -> None:
    pair.connection.stream.close(ConnectionResetError())


def server_speaks(pair: Pair) -> None:
    pair.there.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")


@pytest.mark.parametrize("act", [server_closes, server_ends, server_speaks, it_is_lost])
async def test_a_connection_that_the_server_ends_leaves_the_pool(
    io_loop: IOLoop, act: Callable[[Pair], None]
) -> None:
    async with pool_of(io_loop) as fixture:
        pair = await fixture.put("a")

        act(pair)

        await until(lambda: not len(fixture.pool))
        assert not pair.open


@pytest.mark.parametrize("act", [server_closes, server_ends, server_speaks])
async def test_a_connection_that_has_ended_this_very_moment_is_not_taken_for_certain(
    io_loop: IOLoop, act: Callable[[Pair], None]
) -> None:
    async with pool_of(io_loop) as fixture:
        older, newer = await fixture.put("a"), await fixture.put("a")

        act(newer)

        assert fixture.pool.take("a", certainly=True) is older.connection
        assert fixture.pool.take("a", certainly=True) is None


async def test_idle_connections_are_looked_at_after_a_while(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:

        def unseen() -> list[bool]:
            return [pair.connection._unseen for pair in fixture.pairs]

        await fixture.put("a")
        assert unseen() == [True]
        await fixture.put("b")
        assert unseen()[1]
        await asyncio.sleep(1.5 * LOOK_AFTER)
        assert unseen() == [False, False]
        await fixture.put("c")
        await asyncio.sleep(1.5 * LOOK_AFTER)

        assert unseen() == [False, False, False]
        assert len(fixture.pool) == 3


async def test_closing_the_pool_closes_what_is_in_it(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pairs = [await fixture.put(key) for key in "aab"]

        fixture.pool.close()

        assert not any(pair.open for pair in pairs)
        assert len(fixture.pool) == 0


async def test_sockets_are_closed_when_the_owner_is_gone(io_loop: IOLoop) -> None:
    class Owner:
        """Stands for a loop that nobody has closed."""

    async with pool_of(io_loop) as fixture:
        owner = Owner()
        fixture.pool.close_with(owner)
        pair = await fixture.put("a")

        del owner
        gc.collect()

        assert pair.connection.stream.socket.fileno() == -1
        fixture.pool.close()


# What makes a connection unfit


async def test_a_connection_with_unread_bytes_is_not_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        await pair.exchange()
        server_speaks(pair)
        await asyncio.sleep(0.001)
        await until(lambda: pair.connection.heard)
        await asyncio.sleep(0.001)

        fixture.pool.put(pair.connection)

        assert not pair.open


async def test_a_connection_that_has_failed_is_not_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        await pair.exchange()
        pair.connection.fail(ValueError("it is of no use"))
        pair.connection.fail(ValueError("the first reason counts"))

        fixture.pool.put(pair.connection)

        assert not pair.open
        with pytest.raises(ValueError, match="of no use"):
            await pair.connection.receive()


async def test_a_connection_whose_response_is_not_over_is_not_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        codec = pair.connection.codec
        codec.send_request("GET", "/", HTTPHeaders({"Host": "h"}), end=True)

        fixture.pool.put(pair.connection)

        assert not pair.open


async def test_a_connection_that_was_closed_a_moment_ago_is_not_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        await pair.exchange()
        pair.connection.close()

        fixture.pool.put(pair.connection)

        assert len(fixture.pool) == 0


async def test_a_connection_whose_exchange_is_not_over_is_not_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        pair.connection.codec.send_request("POST", "/", HTTPHeaders({"Host": "h"}))

        fixture.pool.put(pair.connection)

        assert not pair.open


# Reading


async def test_what_arrives_while_nobody_reads_makes_the_server_wait(io_loop: IOLoop) -> None:
    pair = Pair("a")
    try:
        pair.there.setblocking(False)
        pair.there.send(b"x")
        await until(lambda: pair.connection.heard)
        sent = 1
        for _ in range(1000):
            try:
                sent += pair.there.send(bytes(100_000))
            except BlockingIOError:
                break
            await asyncio.sleep(0)
        assert sent < 5_000_000

        received = 0
        while received < sent:
            received += len(await pair.connection.receive())
        assert received == sent
    finally:
        pair.connection.close()
        pair.there.close()


async def test_a_read_that_is_cancelled_loses_nothing(io_loop: IOLoop) -> None:
    pair = Pair("a")
    try:
        read = asyncio.create_task(pair.connection.receive())
        await asyncio.sleep(0)
        pair.there.sendall(b"data")
        read.cancel()
        await asyncio.wait([read])

        assert await pair.connection.receive() == b"data"
    finally:
        pair.connection.close()
        pair.there.close()


async def test_the_end_is_read_again_and_again_and_a_lost_connection_is_an_error(
    io_loop: IOLoop,
) -> None:
    pair = Pair("a")
    pair.there.close()

    assert await pair.connection.receive() == b""
    assert await pair.connection.receive() == b""
    assert "in use" in repr(pair.connection)

    other = Pair("a")
    other.connection.close()
    with pytest.raises(StreamClosedError):
        await other.connection.receive()
    assert "lost" in repr(other.connection)
    other.there.close()
    pair.connection.close()


async def test_an_idle_connection_says_so(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = await fixture.put("a")

        assert "idle" in repr(pair.connection)


async def test_a_connection_whose_reading_was_held_back_is_kept(io_loop: IOLoop) -> None:
    async with pool_of(io_loop) as fixture:
        pair = Pair("a")
        fixture.pairs.append(pair)
        codec = pair.connection.codec
        codec.send_request("GET", "/", HTTPHeaders({"Host": "h"}), end=True)
        pair.there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await until(lambda: pair.connection.heard)
        codec.receive(await pair.connection.receive())
        while not codec.response_complete:
            codec.next_event()

        fixture.pool.put(pair.connection)
        assert pair.open
        pair.there.close()

        await until(lambda: not len(fixture.pool))
