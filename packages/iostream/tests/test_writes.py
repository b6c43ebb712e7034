"""What becomes of written bytes, over every kind of stream."""

import asyncio
import tracemalloc
from collections.abc import Awaitable
from typing import Any

import pytest

from ostro.ioloop import COMPLETED, IOLoop
from ostro.iostream import IOStream, StreamBufferFullError, StreamClosedError

from .support import Channels, Notes, Options, arrived, plain_pair, reset, turns

TEXT: Any = "text"  # Any, since the type checker rightly refuses it

BIG = bytes(range(256)) * 40_000  # 10 MB, more than any kernel buffer here


async def test_a_write_that_goes_out_at_once_makes_no_future(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()

    assert writer.write(b"abc") is COMPLETED

    assert not writer.writing()
    assert await reader.read_bytes(3) == b"abc"


async def test_outstanding_writes_arrive_in_order_and_each_has_its_end(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    ended: list[int] = []
    pieces = [BIG, b"", b"small", b"x" * 3000, b"tiny", b"y" * 2000, b"z" * 100_000]

    async def wait(number: int, written: Awaitable[None]) -> None:
        await written
        ended.append(number)

    waiting = [wait(number, writer.write(piece)) for number, piece in enumerate(pieces)]
    assert writer.writing()
    assert writer.write_buffer_size > 0
    received = await reader.read_bytes(sum(map(len, pieces)))
    await asyncio.gather(*waiting)

    assert received == b"".join(pieces)
    assert ended == list(range(len(pieces)))
    assert writer.write_buffer_size == 0
    assert not writer.writing()


async def test_an_early_write_ends_before_a_later_one_is_sent(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    first = writer.write(BIG)
    second = writer.write(BIG * 4)

    await reader.read_bytes(len(BIG))
    await first

    assert not second.done()
    writer.close()
    with pytest.raises(StreamClosedError):
        await second


async def test_very_many_small_writes_are_gathered(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    writer.write(BIG)

    for number in range(50_000):
        writer.write(b"%05d" % number)

    await reader.read_bytes(len(BIG))
    assert await reader.read_bytes(250_000) == b"".join(b"%05d" % n for n in range(50_000))


@pytest.mark.parametrize("kind", [bytearray, memoryview, "readonly", "words"])
async def test_other_buffers_may_be_changed_after_the_call(
    channels: Channels, io_loop: IOLoop, kind: object
) -> None:
    writer, reader = await channels.ready_pair()
    memory = bytearray(BIG)
    data: bytearray | memoryview
    if kind is bytearray:
        data = memory
    elif kind is memoryview:
        data = memoryview(memory)
    elif kind == "readonly":
        data = memoryview(BIG)
    else:
        data = memoryview(memory).cast("H")

    writer.write(data)
    memory[:] = bytes(len(memory))

    assert await reader.read_bytes(len(BIG)) == BIG


async def test_a_view_with_gaps_is_sent_without_them(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()

    writer.write(BIG)  # more than goes out at once: what follows has to wait
    writer.write(memoryview(BIG)[::2])
    writer.write(memoryview(b"abcdef").cast("B", (2, 3)))
    writer.write(memoryview(b"abcdef").cast("H")[::2])

    assert await reader.read_bytes(len(BIG)) == BIG
    assert await reader.read_bytes(len(BIG[::2])) == BIG[::2]
    assert await reader.read_bytes(10) == b"abcdef" + b"abef"


async def test_text_is_refused(channels: Channels, io_loop: IOLoop) -> None:
    writer, _ = channels.pair()

    with pytest.raises(TypeError, match="cannot write str, expected bytes"):
        writer.write(TEXT)


async def test_an_empty_write_is_done_when_what_was_before_it_is(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    assert writer.write(b"") is COMPLETED
    writer.write(BIG)

    empty = writer.write(b"")

    assert not empty.done()
    await reader.read_bytes(len(BIG))
    await empty


async def test_write_callback_runs_through_the_loop(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    calls: list[str] = []

    assert writer.write(b"abc", lambda: calls.append("sent")) is COMPLETED
    assert writer.write(b"", lambda: calls.append("nothing")) is COMPLETED

    assert calls == []
    assert await reader.read_bytes(3) == b"abc"
    await turns()
    assert calls == ["sent", "nothing"]


async def test_a_later_write_callback_takes_the_place_of_a_waiting_one(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    calls: list[str] = []
    sent = asyncio.Event()

    def on_second() -> None:
        calls.append("second")
        sent.set()

    writer.write(BIG, lambda: calls.append("first"))
    writer.write(BIG, on_second)
    await reader.read_bytes(2 * len(BIG))

    await sent.wait()
    assert calls == ["second"]


async def test_write_buffer_limit_refuses_the_write_whole(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair(writer=Options(max_write_buffer_size=100))

    await writer.write(b"x" * 100)
    with pytest.raises(StreamBufferFullError) as caught:
        writer.write(b"y" * 101)

    assert (caught.value.size, caught.value.limit) == (101, 100)
    await writer.write(b"z")
    assert await reader.read_bytes(101) == b"x" * 100 + b"z"


async def test_write_buffer_limit_counts_what_waits(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair(writer=Options(max_write_buffer_size=len(BIG) + 5))
    writer.write(BIG)
    room = len(BIG) + 5 - writer.write_buffer_size

    writer.write(b"x" * room)
    with pytest.raises(StreamBufferFullError):
        writer.write(b"x")

    assert len(await reader.read_bytes(len(BIG) + room)) == len(BIG) + room
    await writer.write(b"x")


async def test_writing_to_a_closed_stream_is_refused(channels: Channels, io_loop: IOLoop) -> None:
    writer, _ = channels.pair()

    writer.close()

    with pytest.raises(StreamClosedError):
        writer.write(b"x")
    assert writer.write_buffer_size == 0


async def test_close_drops_what_was_not_sent(channels: Channels, io_loop: IOLoop) -> None:
    writer, _ = await channels.ready_pair()
    calls: list[str] = []
    written = writer.write(BIG)
    abandoned = writer.write(BIG)
    assert isinstance(abandoned, asyncio.Future)
    abandoned.cancel()
    writer.write(BIG, lambda: calls.append("sent"))

    writer.close()

    with pytest.raises(StreamClosedError):
        await written
    assert writer.write_buffer_size == 0
    await turns()
    assert calls == []


async def test_a_cancelled_write_is_sent_nevertheless(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    written = writer.write(BIG)

    assert isinstance(written, asyncio.Future)
    written.cancel()

    assert await reader.read_bytes(len(BIG)) == BIG


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_reader_that_goes_away_fails_the_writes(
    channels: Channels, io_loop: IOLoop, when: str
) -> None:
    writer, reader = await channels.ready_pair()
    if when == "later":
        written = writer.write(BIG)
        reader.close()
    else:
        reader.close()
        while (written := writer.write(BIG)).done():
            pass
        assert not writer.closed()

    with pytest.raises(StreamClosedError) as caught:
        await written

    assert isinstance(caught.value.real_error, OSError)
    assert writer.error is caught.value.real_error
    assert writer.closed()


async def test_the_answer_is_read_before_a_failed_write_closes_the_stream(
    sockets: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await sockets.ready_pair()
    assert isinstance(reader, IOStream)
    await reader.write(b"413 too large")
    await writer.write(b"upload")
    await arrived(reader)

    reader.close()  # with unread data: a reset
    while not writer.closed():
        if writer.write_buffer_size == 0:
            writer.write(BIG)
        await turns(1)

    assert await writer.read_bytes(13) == b"413 too large"


async def test_the_answer_is_pushed_before_a_failed_write_closes_the_stream(
    io_loop: IOLoop,
) -> None:
    near, far = plain_pair(io_loop)
    notes = Notes()
    near.set_receiver(notes)
    await far.write(b"413 too large")
    near.pause_reading()
    reset(far.socket)
    near.resume_reading()

    written = near.write(BIG)

    with pytest.raises(StreamClosedError):
        await written
    assert notes.data == b"413 too large"
    assert notes.events == ["data", "lost"]
    assert isinstance(notes.errors[0], OSError)
    far.close()


async def test_what_is_read_after_a_failed_write_is_bounded(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop, Options(read_chunk_size=100))
    await far.write(b"x" * 10_000)
    reset(far.socket)

    with pytest.raises(StreamClosedError):
        await near.write(BIG)

    assert await near.read_until_close() == b"x" * 1600
    far.close()


async def test_a_failed_write_does_not_read_what_is_held_back(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    notes = Notes()
    near.set_receiver(notes)
    near.pause_reading()
    await far.write(b"answer")
    reset(far.socket)

    near.write(BIG)
    await notes.until("lost")

    assert notes.events == ["lost"]
    far.close()


@pytest.mark.parametrize("ready", [True, False])
async def test_shutdown_write_ends_the_output_behind_what_is_buffered(
    channels: Channels, io_loop: IOLoop, ready: bool
) -> None:
    writer, reader = await channels.ready_pair() if ready else channels.pair()
    writer.write(BIG)

    writer.shutdown_write()
    writer.shutdown_write()

    with pytest.raises(StreamClosedError):
        writer.write(b"more")
    assert await reader.read_until_close() == BIG
    assert reader.error is None
    writer.close()
    writer.shutdown_write()


@pytest.mark.parametrize("ready", [True, False])
async def test_shutdown_write_of_an_idle_stream(
    channels: Channels, io_loop: IOLoop, ready: bool
) -> None:
    writer, reader = await channels.ready_pair() if ready else channels.pair()

    writer.shutdown_write()

    assert await reader.read_until_close() == b""
    assert reader.error is None


async def test_reading_goes_on_after_shutdown_write(sockets: Channels, io_loop: IOLoop) -> None:
    near, far = await sockets.ready_pair()
    notes = Notes()
    far.set_receiver(notes)

    await near.write(b"question")
    near.shutdown_write()
    await notes.until("eof")
    await far.write(b"answer")
    far.close()

    assert notes.data == b"question"
    assert await near.read_until_close() == b"answer"
    assert near.error is None


async def test_shutdown_write_after_the_peer_has_gone(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    reset(far.socket)

    near.shutdown_write()

    with pytest.raises(StreamClosedError):
        await near.read_bytes(1)
    far.close()


async def test_a_long_transfer_takes_constant_memory(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair(reader=Options(max_buffer_size=1 << 20))
    chunk = bytes(1 << 16)
    rounds = 400
    received = 0

    async def send() -> None:
        for _ in range(rounds):
            await writer.write(chunk)
        writer.shutdown_write()

    tracemalloc.start()
    sending = asyncio.ensure_future(send())
    while received < rounds * len(chunk):
        received += len(await reader.read_bytes(1 << 16, partial=True))
    await sending
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert received == rounds * len(chunk)
    assert peak < 2 << 20
