"""Where callbacks run, and what does not leak from one user of a stream to the next."""

import asyncio
import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import StackContext, is_active

from .support import Channels, Notes, turns, until

user = contextvars.ContextVar("user", default="nobody")


async def test_callbacks_run_in_the_context_of_the_call(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    seen: list[tuple[bytes, str]] = []
    done = asyncio.Event()

    def on_second(data: bytes) -> None:
        seen.append((data, user.get()))
        done.set()

    user.set("first")
    assert reader.read_bytes(1, lambda data: seen.append((data, user.get()))) is COMPLETED
    user.set("between")
    await writer.write(b"ab")
    await until(lambda: seen)
    user.set("second")
    reader.read_bytes(1, on_second)
    user.set("after")

    await done.wait()
    assert seen == [(b"a", "first"), (b"b", "second")]


async def test_callbacks_never_run_inside_the_frame_of_the_caller(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = channels.pair()
    writer.write(b"buffered")
    assert await reader.read_bytes(1) == b"b"
    seen: list[object] = []

    reader.read_bytes(1, seen.append)
    reader.read_bytes(1, seen.append, seen.append)
    reader.read_into(bytearray(1), seen.append)
    reader.read_until(b"e", seen.append)
    reader.read_until_regex(b"e", seen.append)

    assert seen == []
    await turns()
    assert seen == [b"u", b"f", b"", 1, b"e", b"re"]


async def test_no_stack_context_leaks_into_the_events_of_the_stream(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    entered: list[str] = []
    active: list[bool] = []

    @contextmanager
    def context() -> Iterator[None]:
        entered.append("in")
        yield

    class Watching(Notes):
        def data_received(self, data: bytes) -> None:
            active.append(is_active())
            active.append(user.get() != "nobody")
            super().data_received(data)

    notes = Watching()
    user.set("first user of the stream")
    with StackContext(context):
        reader.set_receiver(notes)
        reader.pause_reading()
        reader.resume_reading()
        reader.unread(b"unread")
    entered.clear()
    await writer.write(b"pushed")
    await notes.until_received(12)

    assert active == [False, False] * (len(active) // 2)
    assert entered == []


async def test_coroutine_callbacks_are_run(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    received: asyncio.Future[bytes] = asyncio.Future()

    async def on_data(data: bytes) -> None:
        await asyncio.sleep(0)
        received.set_result(data)

    reader.read_bytes(3, on_data)
    await writer.write(b"abc")

    assert await received == b"abc"
