"""How a stream ends, and who is told in which order, over every kind of stream."""

import asyncio
import gc
import sys

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, StreamClosedError
from ostro.stack_context import ExceptionStackContext

from .support import Channels, Notes, plain_pair, reset, turns, until, until_stuck


async def test_end_of_the_peer_fails_the_pending_read(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    pending = reader.read_until(b"\n")

    await writer.write(b"no newline")
    writer.close()

    with pytest.raises(StreamClosedError) as caught:
        await pending
    assert caught.value.real_error is None
    assert reader.closed()
    assert reader.fileno() == -1
    assert await reader.read_until_close() == b"no newline"


async def test_close_fails_the_pending_read_and_is_idempotent(
    channels: Channels, io_loop: IOLoop
) -> None:
    _, reader = await channels.ready_pair()
    pending = reader.read_bytes(1)

    reader.close()
    reader.close()

    assert repr(reader).endswith("closed>")
    with pytest.raises(StreamClosedError):
        await pending
    with pytest.raises(StreamClosedError):
        reader.read_bytes(1)


async def test_the_callback_of_a_read_that_fails_is_not_called(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    calls: list[bytes] = []
    reader.read_bytes(100, calls.append)
    await writer.write(b"too little")

    writer.close()
    await until(reader.closed)
    await turns()

    assert calls == []


async def test_nobody_is_warned_of_reads_and_writes_that_fail_unawaited(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    reported: list[object] = []
    io_loop.asyncio_loop.set_exception_handler(lambda loop, context: reported.append(context))
    reader.read_bytes(1)
    writer.write(b"x" * 10_000_000)

    reader.close()
    writer.close()
    await turns()
    gc.collect()  # futures complain when they are collected

    assert reported == []


async def test_close_callback_runs_through_the_loop_and_once(
    channels: Channels, io_loop: IOLoop
) -> None:
    _, reader = await channels.ready_pair()
    calls: list[str] = []
    reader.set_close_callback(lambda: calls.append("closed"))

    reader.close()

    assert calls == []
    await turns()
    reader.close()
    await turns()
    assert calls == ["closed"]


async def test_close_callback_set_on_a_closed_stream_is_called(
    channels: Channels, io_loop: IOLoop
) -> None:
    _, reader = channels.pair()
    reader.close()
    called = asyncio.Event()

    reader.set_close_callback(called.set)

    await called.wait()


async def test_close_callback_can_be_taken_back(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = await channels.ready_pair()
    calls: list[str] = []
    reader.set_close_callback(lambda: calls.append("closed"))

    reader.set_close_callback(None)
    reader.close()
    await turns()

    assert calls == []


async def test_close_callback_tells_the_end_while_nothing_is_read(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)

    await writer.write(b"unread")
    writer.close()

    await closed.wait()
    assert reader.error is None


async def test_close_callback_of_the_writing_end_tells_that_the_reader_has_gone(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    writer.set_close_callback(closed.set)
    await turns()

    reader.close()

    await closed.wait()
    assert writer.closed()


async def test_reading_ahead_for_the_close_callback_is_bounded(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    reader.set_close_callback(lambda: None)

    written = writer.write(b"x" * 20_000_000)
    await until_stuck(writer)

    assert not written.done()
    assert len(await reader.read_bytes(20_000_000)) == 20_000_000
    await written


async def test_close_callback_waits_for_callbacks_that_read_the_buffer_empty(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    order: list[str] = []
    closed = asyncio.Event()

    def on_first(data: bytes) -> None:
        order.append(data.decode())
        reader.read_bytes(1, on_second)

    def on_second(data: bytes) -> None:
        order.append(data.decode())
        reader.read_until_close(lambda rest: order.append(rest.decode()))

    def on_close() -> None:
        order.append("closed")
        closed.set()

    reader.set_close_callback(on_close)
    await writer.write(b"12345")
    writer.close()
    reader.read_bytes(1, on_first)

    await closed.wait()
    assert order == ["1", "2", "345", "closed"]


async def test_awaited_reads_of_the_buffer_come_before_the_close_callback(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    order: list[str] = []
    closed = asyncio.Event()

    def on_close() -> None:
        order.append("closed")
        closed.set()

    reader.set_close_callback(on_close)
    await writer.write(b"12")
    writer.close()

    order.append((await reader.read_bytes(1)).decode())
    order.append((await reader.read_bytes(1)).decode())

    await closed.wait()
    assert order == ["1", "2", "closed"]


async def test_close_in_a_read_callback(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)

    reader.read_bytes(1, lambda data: reader.close())
    await writer.write(b"123")

    await closed.wait()
    assert reader.error is None


@pytest.mark.parametrize("form", ["exception", "tuple", "flag", "flag without exception"])
async def test_close_takes_the_reason(channels: Channels, io_loop: IOLoop, form: str) -> None:
    _, reader = channels.pair()
    reason = RuntimeError("because")

    try:
        if form != "flag without exception":
            raise reason
    except RuntimeError as error:
        if form == "exception":
            reader.close(error)
        elif form == "tuple":
            reader.close(sys.exc_info())
        else:
            reader.close(True)
    else:
        reader.close(True)

    if form == "flag without exception":
        assert reader.error is None
    else:
        assert reader.error is reason
        with pytest.raises(StreamClosedError, match="because") as caught:
            reader.read_bytes(1)
        assert caught.value.real_error is reason


async def test_exception_in_a_callback_closes_the_stream_and_is_logged(
    channels: Channels, io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)

    def fail(data: bytes) -> None:
        raise ValueError("of the user")

    reader.read_bytes(1, fail)
    await writer.write(b"x")

    await closed.wait()
    assert isinstance(reader.error, ValueError)
    assert [record.name for record in caplog.records] == ["ostro.application"]
    assert "test_exception_in_a_callback" in caplog.text


async def test_exception_in_a_callback_goes_to_the_stack_context_of_the_call(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    caught: asyncio.Future[BaseException] = asyncio.Future()

    def handle(kind: object, value: BaseException, traceback: object) -> bool:
        caught.set_result(value)
        return True

    def fail(data: bytes) -> None:
        raise ValueError("of the user")

    with ExceptionStackContext(handle):
        reader.read_bytes(1, fail)
    await writer.write(b"x")

    assert isinstance(await caught, ValueError)
    assert not reader.closed()


async def test_a_reset_is_the_error_of_the_stream(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    pending = near.read_bytes(1)

    reset(far.socket)

    with pytest.raises(StreamClosedError) as caught:
        await pending
    assert isinstance(caught.value.real_error, ConnectionResetError)
    assert isinstance(near.error, ConnectionResetError)
    far.close()


async def test_a_reset_ends_read_until_close_with_what_came(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    await far.write(b"some")
    pending = near.read_until_close()
    await turns()

    reset(far.socket)

    assert await pending == b"some"
    assert isinstance(near.error, ConnectionResetError)
    far.close()


async def test_a_reset_that_came_with_data_fails_the_next_read(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    await far.write(b"data")
    reset(far.socket)
    assert await near.read_bytes(4) == b"data"

    with pytest.raises(StreamClosedError) as caught:
        await near.read_bytes(1)

    assert isinstance(caught.value.real_error, ConnectionResetError)
    far.close()


async def test_a_reset_that_came_with_data_is_told_to_a_later_close_callback(
    io_loop: IOLoop,
) -> None:
    near, far = plain_pair(io_loop)
    await far.write(b"data")
    reset(far.socket)
    assert await near.read_bytes(4) == b"data"
    closed = asyncio.Event()

    near.set_close_callback(closed.set)

    await closed.wait()
    assert isinstance(near.error, ConnectionResetError)
    far.close()


async def test_a_reset_is_noticed_while_nothing_is_read(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    closed = asyncio.Event()
    near.set_close_callback(closed.set)

    reset(far.socket)

    await closed.wait()
    assert isinstance(near.error, ConnectionResetError)
    far.close()


def test_a_stream_can_be_closed_after_its_loop(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    calls: list[str] = []
    near.set_close_callback(lambda: calls.append("closed"))
    near.read_until_close(lambda data: calls.append("read"))
    notes = Notes()
    far.set_receiver(notes)

    io_loop.close()
    near.close()
    far.close()
    far.set_close_callback(lambda: calls.append("closed"))

    assert near.closed()
    assert calls == []
    assert notes.events == []


def test_the_current_loop_is_the_default(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)

    assert IOStream(near.socket).io_loop is io_loop

    near.close()
    far.close()
