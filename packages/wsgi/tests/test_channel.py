"""The way of an answer from the thread of its application to the loop, at the client's pace."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPOutputError, ResponseStartLine
from ostro.ioloop import IOLoop
from ostro.wsgi import ClientGoneError, _channel
from ostro.wsgi._answer import Head
from ostro.wsgi._channel import HIGH_WATER, Channel

from .support import MemoryConnection

HEAD: Head = (ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders())


class Ended:
    """Counts how often an answer has ended."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def opened(connection: MemoryConnection) -> tuple[Channel, Ended]:
    ended = Ended()
    return Channel(connection, asyncio.get_running_loop(), ended), ended


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_comes_together_is_sent_together(io_loop: IOLoop) -> None:
    connection = MemoryConnection()
    channel, ended = opened(connection)

    channel.send(HEAD, b"one ", False)
    channel.send(None, b"two", False)
    channel.send(None, b"", True)
    await turns()

    assert (connection.statuses, connection.parts) == ([200], [b"one two"])
    assert (connection.ended, ended.times) == (True, 1)


async def test_parts_go_on_when_those_before_have_been_sent(io_loop: IOLoop) -> None:
    connection = MemoryConnection(io_loop.asyncio_loop.create_future())
    channel, ended = opened(connection)
    assert connection.sent is not None

    channel.send(HEAD, b"one", False)
    await turns()
    channel.send(None, b"two", False)
    channel.send(None, b"", True)
    await turns()
    assert connection.parts == [b"one"]
    connection.sent.set_result(None)
    await turns()

    assert connection.parts == [b"one", b"two"]
    assert ended.times == 1


async def test_a_thread_waits_above_the_high_water(io_loop: IOLoop) -> None:
    connection = MemoryConnection(io_loop.asyncio_loop.create_future())
    channel, _ = opened(connection)
    passed = threading.Event()
    assert connection.sent is not None

    def produce() -> None:
        channel.send(HEAD, b"x" * HIGH_WATER, False)
        passed.set()
        channel.send(None, b"y", False)

    with ThreadPoolExecutor(1) as executor:
        producing = asyncio.wrap_future(executor.submit(produce))
        assert await asyncio.to_thread(passed.wait, 30)
        while channel._room is None and not producing.done():
            await turns(1)
        assert not producing.done()
        connection.sent.set_result(None)
        await producing


@pytest.mark.parametrize("how", ["lost", "failed", "cancelled"])
async def test_a_thread_that_waits_learns_that_the_client_is_gone(
    io_loop: IOLoop, how: str
) -> None:
    connection = MemoryConnection(io_loop.asyncio_loop.create_future())
    channel, ended = opened(connection)
    assert connection.sent is not None

    with ThreadPoolExecutor(1) as executor:
        head: Any = HEAD  # Any: a thread is given its arguments untyped
        first = executor.submit(channel.send, head, b"x" * (HIGH_WATER + 1), False)
        while not connection.parts:  # the thread may take its time to begin
            await turns(1)
        if how == "lost":
            channel.lose()
        elif how == "failed":
            connection.sent.set_exception(ConnectionResetError())
        else:
            connection.sent.cancel()
        await asyncio.wrap_future(first)

    assert channel.gone
    assert ended.times == 1
    with pytest.raises(ClientGoneError):
        channel.send(None, b"y", False)
    channel.lose()
    assert ended.times == 1


async def test_what_was_put_in_before_the_client_left_is_dropped(io_loop: IOLoop) -> None:
    connection = MemoryConnection()
    channel, _ = opened(connection)

    channel.send(HEAD, b"x", True)
    channel.lose()
    await turns()

    assert connection.parts == []


async def test_an_answer_can_be_given_up(io_loop: IOLoop) -> None:
    connection = MemoryConnection()
    channel, ended = opened(connection)

    channel.send(HEAD, b"begun", False)
    await turns()
    channel.abort()
    await turns()

    assert (connection.closed, connection.ended, ended.times) == (True, False, 1)


async def test_what_cannot_be_sent_closes_the_connection(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(MemoryConnection):
        def write_headers(self, *args: object, **options: object) -> Any:
            raise HTTPOutputError("not like this")

    connection = Refusing()
    channel, ended = opened(connection)

    channel.send(HEAD, b"x", False)
    await turns()

    assert (connection.closed, ended.times) == (True, 1)
    assert "not like this" in caplog.text


def test_a_loop_that_stands_still_frees_a_thread_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_channel, "LOOK_AFTER", 0.001)
    loop = asyncio.new_event_loop()
    channel = Channel(MemoryConnection(), loop, Ended())

    with ThreadPoolExecutor(1) as executor:
        head: Any = HEAD  # Any: as above
        executor.submit(channel.send, head, b"x" * (HIGH_WATER + 1), False).result(timeout=30)

    with pytest.raises(ClientGoneError):
        channel.send(None, b"y", False)
    loop.close()


async def test_the_thread_of_the_loop_does_not_wait_for_itself(io_loop: IOLoop) -> None:
    connection = MemoryConnection(io_loop.asyncio_loop.create_future())
    channel, _ = opened(connection)

    for _ in range(3):
        channel.send(HEAD, b"x" * HIGH_WATER, False)

    assert not channel.gone
    await turns()
    assert len(connection.parts[0]) == 3 * HIGH_WATER


def test_a_loop_that_is_closed_takes_nothing() -> None:
    loop = asyncio.new_event_loop()
    channel = Channel(MemoryConnection(), loop, Ended())
    loop.close()

    channel.send(HEAD, b"x", False)

    assert channel.gone
