"""Push mode: what a receiver is told, over every kind of stream."""

import asyncio

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, ReadPendingError, StreamClosedError

from .support import Channels, Notes, arrived, plain_pair, reset, turns, until_stuck


async def test_bytes_are_pushed_as_they_arrive(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = channels.pair()
    notes = Notes()
    reader.set_receiver(notes)
    assert reader.reading()

    writer.write(b"one")
    await notes.until_received(3)
    await writer.write(b"two")
    await notes.until_received(6)

    assert notes.data == b"onetwo"
    assert notes.events == ["data"]


async def test_end_of_the_peer_is_told_and_the_stream_stays_open(
    sockets: Channels, io_loop: IOLoop
) -> None:
    near, far = await sockets.ready_pair()
    notes = Notes()
    far.set_receiver(notes)

    await near.write(b"all")
    near.shutdown_write()
    await notes.until("eof")

    assert not far.closed()
    await far.write(b"answer")
    far.close()
    assert await near.read_until_close() == b"answer"
    await notes.until("lost")
    assert notes.events == ["data", "eof", "lost"]
    assert notes.errors == [None]


async def test_close_is_told_outside_the_call(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = await channels.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)
    reason = RuntimeError()

    reader.close(reason)
    reader.close()

    assert notes.events == []
    await turns()
    assert notes.events == ["lost"]
    assert notes.errors == [reason]


async def test_a_reset_is_told_with_its_error(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    notes = Notes()
    near.set_receiver(notes)

    reset(far.socket)
    await notes.until("lost")

    assert notes.events == ["lost"]
    assert isinstance(notes.errors[0], ConnectionResetError)
    far.close()


@pytest.mark.parametrize("size", [10, 65536, 3_000_000])
async def test_a_reset_behind_unread_data_is_told(io_loop: IOLoop, size: int) -> None:
    near, far = plain_pair(io_loop)
    notes = Notes()
    written = far.write(b"x" * size)
    taken = b""
    while not written.done():  # the kernel does not keep all of it
        taken += await near.read_bytes(65536, partial=True)
    near.unread(taken)
    reset(far.socket)

    near.set_receiver(notes)
    await notes.until("lost")

    assert notes.events == ["data", "lost"]
    assert isinstance(notes.errors[0], ConnectionResetError)
    far.close()


async def test_drained_is_told_after_a_write_that_had_to_wait(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    notes = Notes()
    writer.set_receiver(notes)

    writer.write(b"at once")
    await turns()
    assert notes.events == []
    writer.write(b"x" * 10_000_000)
    await reader.read_bytes(10_000_007)
    await notes.until("drained")

    assert notes.events == ["drained"]


async def test_bytes_already_buffered_are_pushed_inside_the_call(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = channels.pair()
    writer.write(b"head\nrest")
    assert await reader.read_until(b"\n") == b"head\n"
    notes = Notes()

    reader.set_receiver(notes)

    assert notes.data == b"rest"


async def test_a_receiver_cannot_be_set_while_a_read_is_pending(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    pending = reader.read_bytes(5)

    with pytest.raises(ReadPendingError, match=r"read_bytes\(5\)"):
        reader.set_receiver(Notes())

    pending.cancel()
    notes = Notes()
    reader.set_receiver(notes)
    await writer.write(b"x")
    await notes.until("data")


async def test_a_read_is_refused_in_push_mode(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = channels.pair()
    reader.set_receiver(Notes())

    with pytest.raises(ReadPendingError, match="push mode"):
        reader.read_bytes(1)


async def test_without_a_receiver_bytes_are_pulled_again(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = channels.pair()
    notes = Notes()
    reader.set_receiver(notes)
    writer.write(b"pushed")
    await notes.until_received(6)

    reader.set_receiver(None)
    await writer.write(b"pulled")

    assert await reader.read_bytes(6) == b"pulled"
    reader.close()
    await turns()
    assert notes.events == ["data"]


async def test_paused_reading_pushes_nothing(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)

    reader.pause_reading()
    reader.pause_reading()
    await writer.write(b"abc")
    await arrived(reader)
    await turns()
    assert notes.events == []
    reader.resume_reading()
    reader.resume_reading()

    await notes.until("data")
    assert notes.data == b"abc"


async def test_pausing_holds_the_peer_back(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)
    reader.pause_reading()

    written = writer.write(b"x" * 20_000_000)
    await until_stuck(writer)

    assert not written.done()
    reader.resume_reading()
    await written
    await notes.until_received(20_000_000)


async def test_pausing_before_the_handshake(sockets: Channels, io_loop: IOLoop) -> None:
    writer, reader = sockets.pair()
    notes = Notes()
    reader.set_receiver(notes)
    reader.pause_reading()
    writer.write(b"early")
    writer.shutdown_write()
    await turns(50)

    assert notes.events == []
    reader.resume_reading()
    await notes.until("eof")
    assert notes.data == b"early"


class Pausing(Notes):
    """A receiver that takes one chunk and pauses."""

    stream: IOStream | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        assert self.stream is not None
        self.stream.pause_reading()


async def test_the_end_that_came_with_the_data_waits_for_a_pause_to_end(
    sockets: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await sockets.ready_pair()
    notes = Pausing()
    assert isinstance(reader, IOStream)
    notes.stream = reader
    writer.write(b"last words")
    writer.shutdown_write()
    await arrived(reader)
    reader.set_receiver(notes)
    await notes.until("data")
    await turns()

    assert notes.events == ["data"]
    reader.resume_reading()
    await notes.until("eof")


async def test_unread_bytes_come_back_through_the_loop(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)

    reader.unread(b"two ")
    reader.unread(b"one ")
    await writer.write(b"three")
    assert notes.events == []

    await notes.until_received(13)
    assert notes.data == b"one two three"


async def test_unread_bytes_come_before_the_end(sockets: Channels, io_loop: IOLoop) -> None:
    writer, reader = await sockets.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)
    reader.pause_reading()
    reader.unread(b"rest")
    writer.shutdown_write()
    await turns()

    reader.resume_reading()
    await notes.until("eof")

    assert notes.events == ["data", "eof"]


class HandingOver(Notes):
    """A receiver that hands the stream, and the bytes after the first line, to another one."""

    stream: IOStream | None = None
    successor: Notes

    def data_received(self, data: bytes) -> None:
        line, _, rest = data.partition(b"\n")
        super().data_received(line)
        assert self.stream is not None
        self.stream.unread(rest)
        self.stream.set_receiver(self.successor)


@pytest.mark.parametrize("rest", [b"rest", b""])
async def test_the_stream_is_handed_over_with_its_unread_bytes(
    sockets: Channels, io_loop: IOLoop, rest: bytes
) -> None:
    writer, reader = await sockets.ready_pair()
    first, second = HandingOver(), Notes()
    assert isinstance(reader, IOStream)
    first.stream, first.successor = reader, second
    reader.set_receiver(first)

    await writer.write(b"line\n" + rest)
    writer.shutdown_write()
    await second.until("eof")
    reader.close()
    await second.until("lost")

    assert first.data == b"line"
    assert first.events == ["data"]
    assert second.data == rest


async def test_a_successor_is_told_the_end_again(sockets: Channels, io_loop: IOLoop) -> None:
    writer, reader = await sockets.ready_pair()
    first, second = Notes(), Notes()
    reader.set_receiver(first)
    writer.shutdown_write()
    await first.until("eof")

    reader.set_receiver(second)

    assert second.events == ["eof"]


async def test_pulling_after_the_end_closes_the_stream(sockets: Channels, io_loop: IOLoop) -> None:
    writer, reader = await sockets.ready_pair()
    notes = Notes()
    reader.set_receiver(notes)
    writer.shutdown_write()
    await notes.until("eof")
    reader.set_receiver(None)
    reader.unread(b"left")

    assert await reader.read_bytes(4) == b"left"
    assert not reader.closed()
    with pytest.raises(StreamClosedError):
        await reader.read_bytes(1)
    assert reader.closed()


async def test_a_receiver_of_a_closed_stream_gets_the_rest_and_the_loss(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    closed = asyncio.Event()
    reader.set_close_callback(closed.set)
    await writer.write(b"rest")
    writer.close()
    await closed.wait()
    notes = Notes()

    reader.set_receiver(notes)

    assert notes.events == ["data"]
    await notes.until("lost")
    assert notes.data == b"rest"
    assert notes.errors == [None]


async def test_no_receiver_of_a_closed_stream(channels: Channels, io_loop: IOLoop) -> None:
    _, reader = channels.pair()
    reader.close()

    reader.set_receiver(None)
    reader.pause_reading()
    reader.resume_reading()

    assert not reader.reading()


class Failing(Notes):
    """A receiver that fails at one event."""

    fails_at: str

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def _note(self, event: str) -> None:
        super()._note(event)
        if event == self.fails_at:
            raise self.error(event)


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
@pytest.mark.parametrize("event", ["data", "buffered", "eof", "drained", "lost"])
async def test_exceptions_of_a_receiver_are_logged_and_close_the_stream(
    sockets: Channels,
    io_loop: IOLoop,
    caplog: pytest.LogCaptureFixture,
    event: str,
    error: type[BaseException],
) -> None:
    near, far = await sockets.ready_pair()
    notes = Failing(error)
    notes.fails_at = "data" if event == "buffered" else event
    if event == "buffered":
        near.unread(b"before")
    near.set_receiver(notes)

    if event == "data":
        await far.write(b"x")
    elif event == "eof":
        far.shutdown_write()
    elif event == "drained":
        near.write(b"x" * 10_000_000)
        await far.read_bytes(10_000_000)
    elif event == "lost":
        near.close()
    await notes.until("lost")

    assert near.closed()
    assert len(notes.errors) == 1
    if event != "lost":
        assert isinstance(notes.errors[0], error)
    assert [record.name for record in caplog.records] == ["ostro.application"]
    assert "Failing" in caplog.text


class Replying(Notes):
    """A receiver that closes the stream from within."""

    stream: IOStream | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        assert self.stream is not None
        self.stream.write(b"bye")
        self.stream.close()


async def test_a_receiver_may_close_the_stream_inside_its_methods(
    sockets: Channels, io_loop: IOLoop
) -> None:
    near, far = await sockets.ready_pair()
    notes = Replying()
    assert isinstance(near, IOStream)
    notes.stream = near
    near.set_receiver(notes)

    await far.write(b"hello")

    assert await far.read_until_close() == b"bye"
    await notes.until("lost")
    assert notes.events == ["data", "lost"]


async def test_waking_up_for_nothing_does_no_harm(sockets: Channels, io_loop: IOLoop) -> None:
    near, far = await sockets.ready_pair()
    notes = Notes()
    near.set_receiver(notes)
    near.write(b"x" * 10_000_000)

    for _ in range(10):  # as a loop may do that reports what another reader has taken
        near._on_readable()
        near._on_writable()

    assert len(await far.read_bytes(10_000_000)) == 10_000_000
    await far.write(b"answer")
    await notes.until_received(6)
    assert not near.closed()


async def test_an_announced_write_spares_the_look_for_a_reset(
    sockets: Channels, io_loop: IOLoop
) -> None:
    near, far = await sockets.ready_pair()

    class Announcing(Notes):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            near.expect_write()
            io_loop.add_callback(near.write, b"answer")

    near.set_receiver(Announcing())
    await far.write(b"question")

    assert await far.read_bytes(6) == b"answer"


async def test_a_receiver_may_close_the_stream_when_it_is_drained(
    sockets: Channels, io_loop: IOLoop
) -> None:
    near, far = sockets.pair()

    class Closing(Notes):
        def drained(self) -> None:
            super().drained()
            near.close()

    notes = Closing()
    near.set_receiver(notes)
    near.write(b"x" * 10_000_000)  # for TLS, this is before the handshake

    assert len(await far.read_until_close()) == 10_000_000
    await notes.until("lost")
    assert notes.errors == [None]


async def test_looking_finds_the_reset_that_an_announced_write_would_have(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)

    class Announcing(Notes):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            near.expect_write()

    notes = Announcing()
    await far.write(b"question")
    reset(far.socket)
    near.set_receiver(notes)
    await notes.until("data")

    near.look()
    await notes.until("lost")

    assert isinstance(notes.errors[0], ConnectionResetError)
    far.close()


async def test_a_reset_that_came_with_pulled_data_is_pushed(io_loop: IOLoop) -> None:
    near, far = plain_pair(io_loop)
    notes = Notes()
    await far.write(b"head\nrest")
    reset(far.socket)
    assert await near.read_until(b"\n") == b"head\n"

    near.set_receiver(notes)
    await notes.until("lost")

    assert notes.data == b"rest"
    assert isinstance(notes.errors[0], ConnectionResetError)
    far.close()
