"""What is particular to pipes."""

import asyncio
import os

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import PipeIOStream, StreamClosedError

from .support import Notes, pipe_pair, turns


async def test_the_descriptor_is_closed_with_the_stream(io_loop: IOLoop) -> None:
    writer, reader = pipe_pair(io_loop)
    descriptor = writer.fileno()

    writer.close()
    reader.close()

    assert writer.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


async def test_shutdown_write_closes_the_writing_end_after_all_is_sent(io_loop: IOLoop) -> None:
    writer, reader = pipe_pair(io_loop)
    written = writer.write(b"x" * 1_000_000)

    writer.shutdown_write()

    assert not writer.closed()
    assert len(await reader.read_until_close()) == 1_000_000
    await written
    assert writer.closed()


async def test_nodelay_means_nothing_to_a_pipe(io_loop: IOLoop) -> None:
    writer, reader = pipe_pair(io_loop)

    writer.set_nodelay(True)

    await writer.write(b"x")
    assert await reader.read_bytes(1) == b"x"
    writer.close()
    reader.close()


async def test_a_reader_that_goes_away_is_noticed_while_nothing_is_written(
    io_loop: IOLoop,
) -> None:
    writer, reader = pipe_pair(io_loop)
    notes = Notes()
    writer.set_receiver(notes)
    await turns()
    assert notes.events == []

    reader.close()
    await notes.until("lost")

    assert isinstance(notes.errors[0], BrokenPipeError)


async def test_the_wrong_end_fails(io_loop: IOLoop) -> None:
    writer, reader = pipe_pair(io_loop)

    with pytest.raises(StreamClosedError):
        await reader.write(b"x")
    with pytest.raises(StreamClosedError) as caught:
        await writer.read_bytes(1)

    assert isinstance(caught.value.real_error, BrokenPipeError)


async def test_a_pipe_to_a_process(io_loop: IOLoop) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec("echo", "hello", stdout=writing)
    os.close(writing)
    stream = PipeIOStream(reading, io_loop)

    assert await stream.read_until_close() == b"hello\n"

    await process.wait()
