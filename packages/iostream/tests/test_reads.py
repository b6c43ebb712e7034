"""What the read methods give, over every kind of stream."""

import asyncio
import re
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import (
    ReadPendingError,
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
)

from .support import Channels, Options, arrived, turns, until

HEAD = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"


async def test_read_until_gives_everything_through_the_delimiter(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = channels.pair()

    writer.write(b"first\r\nsecond\r\nrest")

    assert await reader.read_until(b"\r\n") == b"first\r\n"
    assert await reader.read_until(b"\r\n") == b"second\r\n"
    assert await reader.read_bytes(4) == b"rest"


async def test_none_stands_for_the_default_sizes(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair(reader=Options(max_buffer_size=None, read_chunk_size=None))

    writer.write(HEAD)

    assert await reader.read_until(b"\r\n\r\n") == HEAD
    with pytest.raises(StreamClosedError, match="holds at most 104857600 bytes"):
        await reader.read_bytes(104857601)


async def test_read_until_regex_gives_everything_through_the_match(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = channels.pair()

    writer.write(b"one 12 two 345 end")

    assert await reader.read_until_regex(rb"\d+ ") == b"one 12 "
    assert await reader.read_until_regex(re.compile(rb"\d\d\d")) == b"two 345"


@pytest.mark.parametrize("split", range(1, len(HEAD) + 4))
async def test_reads_do_not_depend_on_how_the_bytes_arrive(
    channels: Channels, io_loop: IOLoop, split: int
) -> None:
    writer, reader = await channels.ready_pair()
    message = HEAD + b"body"
    line = reader.read_until(b"\r\n")

    await writer.write(message[:split])
    await turns()
    await writer.write(message[split:])

    assert await line == b"GET / HTTP/1.0\r\n"
    assert await reader.read_until_regex(rb"\r\n\r\n") == b"Host: a\r\n\r\n"
    assert await reader.read_bytes(4) == b"body"


async def test_dripped_bytes_arrive(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    head = reader.read_until(b"\r\n\r\n")

    for byte in HEAD:
        await writer.write(bytes([byte]))
        await turns(2)

    assert await head == HEAD


async def test_read_bytes_gives_that_many_bytes(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair()

    writer.write(b"abcdef")

    assert await reader.read_bytes(2) == b"ab"
    assert await reader.read_bytes(4) == b"cdef"


async def test_zero_bytes_are_read_at_once(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = channels.pair()

    assert reader.read_bytes(0).result() == b""
    assert reader.read_bytes(0, partial=True).result() == b""
    assert reader.read_into(bytearray()).result() == 0


async def test_partial_read_gives_what_is_there(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    pending = reader.read_bytes(1000, partial=True)

    await writer.write(b"abc")

    assert await pending == b"abc"
    await writer.write(b"defg")
    assert await reader.read_bytes(2, partial=True) == b"de"
    assert await reader.read_bytes(2, partial=True) == b"fg"


async def test_read_into_fills_the_buffer_of_the_caller(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    target = bytearray(10)
    pending = reader.read_into(target)

    await writer.write(b"01234")
    await turns()
    await writer.write(b"56789rest")

    assert await pending == 10
    assert target == b"0123456789"
    assert await reader.read_bytes(4) == b"rest"


async def test_partial_read_into_takes_what_is_there(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair()
    target = bytearray(10)

    writer.write(b"abc")

    assert await reader.read_into(memoryview(target), partial=True) == 3
    assert target[:3] == b"abc"


async def test_read_until_close_gives_everything(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair()
    everything = reader.read_until_close()

    await writer.write(b"one ")
    await writer.write(b"two")
    writer.close()

    assert await everything == b"one two"
    assert reader.closed()
    assert reader.error is None


async def test_read_until_close_of_a_closed_stream_gives_the_rest_and_then_nothing(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)
    await writer.write(b"1234")
    writer.close()

    assert await reader.read_bytes(1) == b"1"
    await closed.wait()

    assert reader.closed()
    assert await reader.read_until_close() == b"234"
    assert await reader.read_until_close() == b""


async def test_reads_of_a_closed_stream_are_satisfied_from_the_buffer(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)
    await writer.write(b"line\nbody")
    writer.close()
    await closed.wait()

    assert await reader.read_until(b"\n") == b"line\n"
    assert await reader.read_bytes(4) == b"body"
    with pytest.raises(StreamClosedError):
        await reader.read_bytes(1)


async def test_streamed_read_passes_chunks_on_and_ends_empty(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair(reader=Options(max_buffer_size=4))
    chunks: list[bytes] = []
    pending = reader.read_bytes(10, None, chunks.append)

    await writer.write(b"0123")
    await until(lambda: chunks)
    await writer.write(b"456789rest")

    assert await pending == b""
    assert b"".join(chunks) == b"0123456789"
    assert len(chunks) > 1
    assert await reader.read_bytes(4) == b"rest"


async def test_streamed_read_until_close_passes_chunks_on_and_ends_empty(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair(reader=Options(max_buffer_size=4))
    chunks: list[bytes] = []
    pending = reader.read_until_close(None, chunks.append)

    await writer.write(b"0123456789")
    writer.close()

    assert await pending == b""
    assert b"".join(chunks) == b"0123456789"


async def test_a_second_read_is_refused_and_the_first_goes_on(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    first = reader.read_until(b"\r\n")

    with pytest.raises(ReadPendingError, match=r"read_until\(b'\\r\\n'\)"):
        reader.read_bytes(1)

    assert reader.reading()
    await writer.write(b"x\r\n")
    assert await first == b"x\r\n"
    assert not reader.reading()


@pytest.mark.parametrize("kind", ["bytes", "into", "until", "streamed"])
async def test_a_cancelled_read_gives_its_place_free_and_loses_no_bytes(
    channels: Channels, io_loop: IOLoop, kind: str
) -> None:
    writer, reader = await channels.ready_pair()
    chunks: list[bytes] = []
    pending: asyncio.Future[bytes] | asyncio.Future[int]
    if kind == "bytes":
        pending = reader.read_bytes(100)
    elif kind == "into":
        pending = reader.read_into(bytearray(100))
    elif kind == "until":
        pending = reader.read_until(b"\n")
    else:
        pending = reader.read_bytes(100, None, chunks.append)
    await writer.write(b"abc")
    if kind == "streamed":
        await until(lambda: chunks)
    else:  # it may come before or after
        await turns()

    pending.cancel()
    await turns(1)

    assert not reader.reading()
    await writer.write(b"def")
    expected = b"def" if kind == "streamed" else b"abcdef"
    assert await reader.read_bytes(len(expected)) == expected


async def test_a_read_cancelled_before_its_bytes_arrive_leaves_them_to_the_next(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    reader.read_until(b"\n").cancel()

    await writer.write(b"line\n")
    await turns()

    assert await reader.read_until(b"\n") == b"line\n"


async def test_timeout_around_a_read_loses_no_bytes(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    await writer.write(b"abc")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await reader.read_bytes(6)

    await writer.write(b"def")
    assert await reader.read_bytes(6) == b"abcdef"


@pytest.mark.parametrize("max_bytes", [5, None], ids=["max_bytes", "max_buffer"])
async def test_delimiter_within_the_limit_is_found(
    channels: Channels, io_loop: IOLoop, max_bytes: int | None
) -> None:
    writer, reader = channels.pair(reader=Options(max_buffer_size=5))

    writer.write(b"1234\n1234\nmore")

    assert await reader.read_until(b"\n", max_bytes=max_bytes) == b"1234\n"
    assert await reader.read_until_regex(rb"\n", max_bytes=max_bytes) == b"1234\n"


@pytest.mark.parametrize("method", ["read_until", "read_until_regex"])
@pytest.mark.parametrize("data", [b"12345\n", b"12345"], ids=["beyond", "not there"])
async def test_delimiter_beyond_max_bytes_closes_the_stream(
    channels: Channels, io_loop: IOLoop, method: str, data: bytes
) -> None:
    writer, reader = channels.pair()

    writer.write(data)
    with pytest.raises(StreamClosedError) as caught:
        await getattr(reader, method)(b"\n", max_bytes=5)

    assert isinstance(caught.value.real_error, UnsatisfiableReadError)
    assert caught.value.real_error.max_bytes == 5
    assert reader.error is caught.value.real_error
    assert reader.closed()


@pytest.mark.parametrize("method", ["read_until", "read_until_regex"])
async def test_delimiter_beyond_max_buffer_size_closes_the_stream(
    channels: Channels, io_loop: IOLoop, method: str
) -> None:
    writer, reader = channels.pair(reader=Options(max_buffer_size=5))

    writer.write(b"12345\n")
    with pytest.raises(StreamClosedError) as caught:
        await getattr(reader, method)(b"\n")

    assert isinstance(caught.value.real_error, StreamBufferFullError)
    assert reader.closed()


async def test_read_bytes_up_to_max_buffer_size(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair(reader=Options(max_buffer_size=5))

    writer.write(b"1234567890")

    assert await reader.read_bytes(5) == b"12345"
    with pytest.raises(StreamClosedError) as caught:
        await reader.read_bytes(6)
    assert isinstance(caught.value.real_error, StreamBufferFullError)
    assert (caught.value.real_error.size, caught.value.real_error.limit) == (6, 5)


@pytest.mark.parametrize("size", [5, 6])
async def test_read_until_close_up_to_max_buffer_size(
    channels: Channels, io_loop: IOLoop, size: int
) -> None:
    writer, reader = await channels.ready_pair(reader=Options(max_buffer_size=5))
    everything = reader.read_until_close()

    await writer.write(b"x" * size)
    writer.close()

    if size == 5:
        assert await everything == b"xxxxx"
    else:
        with pytest.raises(StreamClosedError) as caught:
            await everything
        assert isinstance(caught.value.real_error, StreamBufferFullError)


async def test_impossible_arguments_are_refused(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = channels.pair()

    with pytest.raises(ValueError, match="empty"):
        reader.read_until(b"")
    with pytest.raises(ValueError, match="-1 bytes"):
        reader.read_bytes(-1)
    with pytest.raises(TypeError, match="writable"):
        reader.read_into(memoryview(b"constant"))

    assert not reader.reading()


async def test_text_is_no_delimiter_and_leaves_the_stream_as_it_was(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    text: Any = "\r\n"  # Any: what programs written for Python 2 pass

    with pytest.raises(TypeError, match=r"delimiter to read until is '\\r\\n', expected bytes"):
        reader.read_until(text)
    with pytest.raises(TypeError, match=r"expression to read until is '\\r\\n', expected bytes"):
        reader.read_until_regex(text)
    with pytest.raises(TypeError, match=r"cannot read '\\r\\n' bytes, expected an int"):
        reader.read_bytes(text)

    assert not reader.reading()
    await writer.write(b"a\r\nb\r\n")
    assert await reader.read_until(b"\r\n") == b"a\r\n"
    assert await reader.read_until_regex(b"\r\n") == b"b\r\n"


async def test_unread_bytes_come_first(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair()
    writer.write(b"abcdef")
    assert await reader.read_bytes(4) == b"abcd"

    reader.unread(b"cd")
    reader.unread(b"b")
    reader.unread(b"")

    assert await reader.read_bytes(5) == b"bcdef"


async def test_paused_reading_holds_a_read_back(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    reader.pause_reading()
    pending = reader.read_bytes(3)
    await writer.write(b"abc")
    await arrived(reader)
    await turns()
    assert not pending.done()

    reader.resume_reading()

    assert await pending == b"abc"
