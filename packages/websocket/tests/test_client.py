"""The client and our server: messages, backpressure, pings, and the end."""

import asyncio
import contextlib
import gc
import logging
import socket
import weakref
from collections.abc import AsyncIterator, Callable

import pytest

from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext
from ostro.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from .servers import RawServer, accepting, our_server


@contextlib.asynccontextmanager
async def echoing(
    *, ping_interval: float | None = None, ping_timeout: float | None = None
) -> AsyncIterator[WebSocketClientConnection]:
    """Connect to our echo server."""
    async with (
        our_server() as where,
        await websocket_connect(
            f"ws://{where}/echo", ping_interval=ping_interval, ping_timeout=ping_timeout
        ) as connection,
    ):
        yield connection


# Messages


@pytest.mark.parametrize("message", ["", "text ü€😀", "x" * 125, "x" * 126, "x" * 70_000])
@pytest.mark.parametrize("binary", [False, True])
async def test_messages_come_back(io_loop: IOLoop, message: str, binary: bool) -> None:
    sent = message.encode() if binary else message
    async with echoing() as connection:
        await connection.write_message(sent, binary)

        assert await connection.read_message() == sent


@pytest.mark.parametrize(
    ("given", "binary", "sent"),
    [
        ({"a": [1]}, False, '{"a": [1]}'),
        (b"utf-8 \xc3\xa4", False, "utf-8 ä"),
        ("ä", True, b"\xc3\xa4"),
        (bytearray(b"ab"), True, b"ab"),
    ],
)
async def test_what_is_given_is_sent_as_what_was_asked_for(
    io_loop: IOLoop, given: str, binary: bool, sent: str | bytes
) -> None:
    async with echoing() as connection:
        connection.write_message(given, binary=binary)

        assert await connection.read_message() == sent


async def test_iterating_ends_with_the_connection(io_loop: IOLoop) -> None:
    async with echoing() as connection:
        for message in ("one", "two", "close"):
            connection.write_message(message)

        assert [message async for message in connection] == ["one", "two"]
        assert (connection.close_code, connection.close_reason) == (4001, "as you like")
        assert await connection.read_message() is None


async def test_messages_are_compressed_where_both_want_it(io_loop: IOLoop) -> None:
    async with our_server() as where:
        url = f"ws://{where}/deflate"
        async with await websocket_connect(url, compression_options={"mem_level": 9}) as connection:
            extensions = connection.headers["Sec-Websocket-Extensions"]
            await connection.write_message("a" * 100_000)

            assert await connection.read_message() == "a" * 100_000
    assert extensions.startswith("permessage-deflate")


async def test_the_server_sees_what_the_client_said(io_loop: IOLoop) -> None:
    async with our_server() as where:
        connection = await websocket_connect(
            f"ws://user:secret@{where}/choose?a=b",
            subprotocols=["first", "second"],
            headers={"Cookie": "c=d", "Origin": "http://elsewhere.example"},
        )
        async with connection:
            seen = await connection.read_message()
            uri = await connection.read_message()

    assert connection.selected_subprotocol == "second"
    assert isinstance(seen, str)
    assert '"Authorization": "Basic dXNlcjpzZWNyZXQ="' in seen
    assert '"Cookie": "c=d"' in seen
    assert '"Origin": "http://elsewhere.example"' in seen
    assert uri == '{"uri": "/choose?a=b"}'


async def test_a_message_over_the_limit_closes_with_1009(io_loop: IOLoop) -> None:
    async with our_server() as where:
        connection = await websocket_connect(f"ws://{where}/echo", max_message_size=1000)
        connection.write_message("x" * 1000)
        fits = await connection.read_message()
        connection.write_message("x" * 1001)

        assert fits == "x" * 1000
        assert await connection.read_message() is None
    assert connection.close_code == 1006


# Callbacks


def test_reading_may_be_told_by_a_callback(io_loop: IOLoop) -> None:
    got: list[str | bytes | None] = []

    def got_one(message: str | bytes | None) -> None:
        got.append(message)
        io_loop.stop()

    server = our_server()
    where = io_loop.run_sync(server.__aenter__)
    connection = io_loop.run_sync(lambda: websocket_connect(f"ws://{where}/echo"))
    connection.write_message("hello")
    connection.read_message(got_one)
    assert got == []
    io_loop.start()
    connection.close()
    io_loop.run_sync(connection.wait_closed)
    io_loop.run_sync(lambda: server.__aexit__(None, None, None))

    assert got == ["hello"]


async def test_a_message_callback_gets_all_messages_and_the_end(io_loop: IOLoop) -> None:
    got: list[str | bytes | None] = []
    async with our_server() as where:
        connection = await websocket_connect(f"ws://{where}/echo", on_message_callback=got.append)
        for message in ("one", "two", "close"):
            connection.write_message(message)
        await connection.wait_closed()

        with pytest.raises(RuntimeError, match="on_message_callback"):
            connection.read_message()
        with pytest.raises(RuntimeError, match="on_message_callback"):
            await anext(connection)

    assert got == ["one", "two", None]


async def test_a_message_waits_for_the_callback_of_the_one_before(io_loop: IOLoop) -> None:
    steps: list[str] = []
    done = asyncio.Event()

    async def slow(message: str | bytes | None) -> None:
        steps.append(f"begin {message!r}")
        await asyncio.sleep(0)
        steps.append(f"end {message!r}")
        if message == "two":
            done.set()

    async with (
        our_server() as where,
        await websocket_connect(f"ws://{where}/echo", on_message_callback=slow) as connection,
    ):
        connection.write_message("one")
        connection.write_message("two")
        await done.wait()

    assert steps[:4] == ["begin 'one'", "end 'one'", "begin 'two'", "end 'two'"]


async def test_a_callback_that_is_a_coroutine_is_told_the_end(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    async def take(message: str | bytes | None) -> None:
        if message is None:
            await asyncio.sleep(0)
            ended.set()
            raise ZeroDivisionError("at the end")

    async with our_server() as where:
        connection = await websocket_connect(f"ws://{where}/echo", on_message_callback=take)
        connection.close()
        await ended.wait()
        await asyncio.sleep(0)

    assert "at the end" in caplog.text


def fail(message: str | bytes | None) -> None:
    if message is not None:
        raise ZeroDivisionError("in the callback")


async def test_a_callback_that_fails_closes_with_1011_and_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async with our_server() as where:
        connection = await websocket_connect(f"ws://{where}/echo", on_message_callback=fail)
        connection.write_message("hello")
        await connection.wait_closed()

    assert connection.close_code == 1011
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.name for record in errors] == ["ostro.application"]
    assert "in the callback" in caplog.text


async def test_an_exception_of_a_callback_goes_to_its_stack_context(io_loop: IOLoop) -> None:
    caught: asyncio.Queue[BaseException] = asyncio.Queue()

    def take(kind: type[BaseException], error: BaseException, tb: object) -> bool:
        caught.put_nowait(error)
        return True

    async with our_server() as where:
        with ExceptionStackContext(take):
            connecting = websocket_connect(f"ws://{where}/echo", on_message_callback=fail)
        async with await connecting as connection:
            await connection.write_message("hello")

            assert type(await caught.get()) is ZeroDivisionError


# Pings


def listen_for_pongs(connection: WebSocketClientConnection) -> "asyncio.Queue[bytes]":
    """Return where the pongs of a connection are noted from now on."""
    pongs: asyncio.Queue[bytes] = asyncio.Queue()

    class Listening(WebSocketClientConnection):
        __slots__ = ()

        def on_pong(self, data: bytes) -> None:
            pongs.put_nowait(data)

    connection.__class__ = Listening
    return pongs


async def test_a_ping_is_answered_and_reported(io_loop: IOLoop) -> None:
    async with echoing() as connection:
        pongs = listen_for_pongs(connection)
        await connection.ping(b"one")
        await connection.ping("two")

        assert [await pongs.get(), await pongs.get()] == [b"one", b"two"]


async def test_a_ping_of_the_server_is_answered(io_loop: IOLoop) -> None:
    async with echoing() as connection:
        connection.write_message("ping")

        assert await connection.read_message() == "pong are you there"


async def test_a_ping_of_more_than_125_bytes_is_a_value_error(io_loop: IOLoop) -> None:
    async with echoing() as connection:
        connection.ping(b"x" * 125)
        with pytest.raises(ValueError, match="126 bytes"):
            connection.ping(b"x" * 126)


async def test_a_server_that_does_not_answer_pings_is_dropped(io_loop: IOLoop) -> None:
    async with RawServer(accepting) as server:
        connection = await websocket_connect(server.url, ping_interval=0.02, ping_timeout=0.01)

        assert await connection.read_message() is None
        await server.lost.wait()
    assert connection.close_code == 1006


async def test_a_server_that_answers_pings_is_kept(io_loop: IOLoop) -> None:
    async with echoing(ping_interval=0.01, ping_timeout=60) as connection:
        pongs = listen_for_pongs(connection)
        for _ in range(5):
            assert await pongs.get() == b""
        connection.write_message("still there")

        assert await connection.read_message() == "still there"
    assert connection.close_code == 1000


# Backpressure


def keep_little(writer: asyncio.StreamWriter) -> None:
    """Let the kernel hold little of what goes over a connection, however much it would like to."""
    sock = writer.get_extra_info("socket")
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 65536)


async def test_a_server_has_to_wait_while_nobody_reads(io_loop: IOLoop) -> None:
    message = b"\x82\x7f" + (1 << 20).to_bytes(8, "big") + bytes(1 << 20)
    count = 64
    async with RawServer(accepting) as server:
        connection = await websocket_connect(server.url, max_queue=2)
        assert server.writer is not None
        keep_little(server.writer)
        for _ in range(count):
            server.writer.write(message)
        waiting = asyncio.ensure_future(server.writer.drain())
        _, pending = await asyncio.wait([waiting], timeout=0.3)
        held = server.writer.transport.get_write_buffer_size()

        got = [await connection.read_message() for _ in range(count)]
        await waiting

    assert pending == {waiting}
    assert held > (count - 32) * len(message)
    assert got == [bytes(1 << 20)] * count


async def test_a_writer_waits_for_a_server_that_does_not_read(io_loop: IOLoop) -> None:
    async with RawServer(accepting) as server:
        connection = await websocket_connect(server.url)
        assert server.writer is not None
        keep_little(server.writer)
        server.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport
        for _ in range(16):
            written = asyncio.ensure_future(connection.write_message(bytes(1 << 20), binary=True))
        _, pending = await asyncio.wait([written], timeout=0.1)
        server.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above

        await written
    assert pending == {written}


# The end


async def test_the_end_of_a_block_closes_with_1000(io_loop: IOLoop) -> None:
    closings: list[tuple[int, str | None]] = []
    async with (
        our_server(closings=closings) as where,
        await websocket_connect(f"ws://{where}/echo") as connection,
    ):
        pass

    assert closings == [(1000, None)]
    assert connection.close_code == 1000


async def test_the_end_is_waited_for_until_the_server_has_closed_the_socket(
    io_loop: IOLoop,
) -> None:
    async with RawServer(lambda accept: accepting(accept) + b"\x88\x02\x03\xe8") as server:
        server.may_close.clear()
        connection = await websocket_connect(server.url)
        assert await connection.read_message() is None
        waiting = [asyncio.ensure_future(connection.wait_closed()) for _ in range(2)]
        waiting[0].cancel()  # which is nothing to the other
        await server.ended.wait()
        assert connection.close_code == 1000
        assert not waiting[1].done()

        server.may_close.set()

        await waiting[1]
        await connection.wait_closed()


async def test_an_exception_in_a_block_closes_with_1001(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(ZeroDivisionError):
            async with await websocket_connect(f"ws://{where}/echo") as connection:
                raise ZeroDivisionError

    assert connection.close_code == 1001


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (None, None, (1005, None)),
        (1000, None, (1000, None)),
        (None, "because", (1000, "because")),
        (4999, "ä" * 61, (4999, "ä" * 61)),
    ],
)
async def test_closing_says_why(
    io_loop: IOLoop, code: int | None, reason: str | None, expected: tuple[int, str | None]
) -> None:
    closings: list[tuple[int, str | None]] = []
    async with our_server(closings=closings) as where:
        connection = await websocket_connect(f"ws://{where}/echo")
        assert "open" in repr(connection)
        connection.close(code, reason)
        await asyncio.gather(connection.wait_closed(), connection.wait_closed())
        await connection.wait_closed()

    assert closings == [expected]
    assert connection.close_code == expected[0]
    assert f"closed {expected[0]}" in repr(connection)


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (999, ""), (5000, ""), (1000, "x" * 124)])
async def test_what_cannot_be_said_at_the_end_is_a_value_error(
    io_loop: IOLoop, code: int, reason: str
) -> None:
    async with echoing() as connection:
        with pytest.raises(ValueError, match=r"code|reason"):
            connection.close(code, reason)


async def test_nothing_can_be_sent_after_the_end(io_loop: IOLoop) -> None:
    async with echoing() as connection:
        connection.close()

        with pytest.raises(WebSocketClosedError):
            connection.write_message("late")
        await connection.wait_closed()
        with pytest.raises(WebSocketClosedError):
            connection.ping()
        connection.close()


async def test_readers_learn_that_the_connection_was_lost(io_loop: IOLoop) -> None:
    async with RawServer(accepting, close=True) as server:
        connection = await websocket_connect(server.url)
        reads = [connection.read_message() for _ in range(3)]
        reads[1].cancel()

        assert [await reads[0], await reads[2]] == [None, None]
    assert (connection.close_code, connection.close_reason) == (1006, None)


async def test_messages_before_the_close_can_be_read_after_it(io_loop: IOLoop) -> None:
    def answer(accept: str) -> bytes:
        return accepting(accept) + b"\x81\x01a\x81\x01b\x88\x02\x03\xe8"

    async with RawServer(answer) as server:
        connection = await websocket_connect(server.url)
        await connection.wait_closed()

        assert [message async for message in connection] == ["a", "b"]
    assert connection.close_code == 1000


BAD = b"\x81\x05hello\xf1\x00"
"""A message, and a frame with all of the reserved bits."""


def unmasked(frame: bytes) -> bytes:
    """Return the payload of a short client's frame."""
    mask, payload = frame[2:6], frame[6:]
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def test_what_came_before_a_violation_is_answered_before_the_close(io_loop: IOLoop) -> None:
    async with RawServer(lambda accept: accepting(accept) + BAD) as server:
        connection = await websocket_connect(server.url)
        with contextlib.suppress(WebSocketClosedError):
            async for message in connection:
                connection.write_message(message)
        await server.lost.wait()

    echo, close = bytes(server.received[:11]), bytes(server.received[11:])
    assert unmasked(echo) == b"hello"
    assert close[0] == 0x88
    assert unmasked(close)[:2] == (1002).to_bytes(2, "big")
    assert connection.close_code == 1006


async def test_a_violation_does_not_wait_long_for_a_reader(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostro.websocket._rfc6455.FAILURE_DELAY", 0.01)
    async with RawServer(lambda accept: accepting(accept) + BAD) as server:
        connection = await websocket_connect(server.url)
        await connection.wait_closed()
        await server.lost.wait()

        assert await connection.read_message() == "hello"
    assert unmasked(bytes(server.received))[:2] == (1002).to_bytes(2, "big")


async def test_a_violation_is_forgotten_where_the_connection_is_lost_before(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostro.websocket._rfc6455.FAILURE_DELAY", 0.05)
    async with RawServer(lambda accept: accepting(accept) + BAD, close=True) as server:
        connection = await websocket_connect(server.url)
        await connection.wait_closed()
        await asyncio.sleep(0.1)  # time in which it would be answered

    assert connection.close_code == 1006


def test_a_connection_that_is_over_is_not_kept(io_loop: IOLoop) -> None:
    async def come_and_go() -> "Callable[[], WebSocketClientConnection | None]":
        async with echoing() as connection:
            return weakref.ref(connection)

    reference = io_loop.run_sync(come_and_go)
    gc.collect()

    assert reference() is None
