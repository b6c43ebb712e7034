"""MemoryStream: two ends, bytes in order, flow control, and the end of it."""

import asyncio

import pytest

from ostro.httputil import ByteStream
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.testing import MemoryStream


class Receiver:
    """Notes what comes."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def data_received(self, data: bytes) -> None:
        self.events.append(data)

    def eof_received(self) -> None:
        self.events.append("eof")

    def drained(self) -> None:
        self.events.append("drained")

    def connection_lost(self, error: BaseException | None) -> None:
        self.events.append(("lost", error))


async def rounds() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def ends(window: int = 10) -> tuple[MemoryStream, MemoryStream, Receiver, Receiver]:
    one, other = MemoryStream.pair(window)
    at_one, at_other = Receiver(), Receiver()
    one.set_receiver(at_one)
    other.set_receiver(at_other)
    return one, other, at_one, at_other


async def test_what_one_end_writes_the_other_gets_but_not_at_once(io_loop: IOLoop) -> None:
    one, other, _, at_other = ends()
    as_the_seam_has_it: ByteStream = one
    as_the_seam_has_it.set_nodelay(True)

    await one.write(b"a")
    await one.write(b"")
    await one.write(b"b")
    assert at_other.events == []
    await rounds()

    assert at_other.events == [b"a", b"b"]
    assert not other.closed()


async def test_what_came_before_the_receiver_is_delivered_to_it(io_loop: IOLoop) -> None:
    one, other = MemoryStream.pair()
    await one.write(b"b")
    await rounds()
    other.unread(b"a")
    other.unread(b"")
    receiver = Receiver()

    other.set_receiver(receiver)

    assert receiver.events == [b"a", b"b"]


async def test_nothing_is_delivered_while_reading_is_paused(io_loop: IOLoop) -> None:
    one, other, _, at_other = ends()
    other.pause_reading()
    await one.write(b"a")
    one.shutdown_write()
    one.shutdown_write()
    await rounds()
    assert at_other.events == []

    other.resume_reading()
    other.resume_reading()
    await rounds()

    assert at_other.events == [b"a", "eof"]


async def test_a_writer_waits_for_a_reader(io_loop: IOLoop) -> None:
    one, other, at_one, _ = ends(window=10)
    other.pause_reading()
    await one.write(b"x" * 10)
    waiting = asyncio.ensure_future(one.write(b"y"))
    given_up = asyncio.ensure_future(one.write(b"z"))
    given_up.cancel()
    await rounds()
    assert one.write_buffer_size == 2
    assert not waiting.done()

    other.resume_reading()

    await waiting
    assert one.write_buffer_size == 0
    assert at_one.events == ["drained"]


async def test_who_pauses_amid_a_delivery_gets_no_more(io_loop: IOLoop) -> None:
    one, other = MemoryStream.pair(window=3)

    class Pausing(Receiver):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            other.pause_reading()

    receiver = Pausing()
    other.set_receiver(receiver)
    for data in (b"aa", b"bb", b"cccc"):
        one.write(data)
    await rounds()

    assert receiver.events == [b"aa"]
    assert one.write_buffer_size == 3


async def test_closing_ends_both_ways(io_loop: IOLoop) -> None:
    one, other, at_one, at_other = ends()
    await one.write(b"last words")

    one.close()
    one.close()
    await rounds()

    assert one.closed()
    assert at_one.events == [("lost", None)]
    assert at_other.events == [b"last words", "eof"]
    with pytest.raises(StreamClosedError):
        await one.write(b"more")
    with pytest.raises(StreamClosedError):
        await other.write(b"to nobody")
    await rounds()
    ((kind, error),) = at_other.events[2:]  # type: ignore[misc]  # it is a pair
    assert kind == "lost"  # type: ignore[has-type]  # as above
    assert isinstance(error, BrokenPipeError)  # type: ignore[has-type]  # as above


async def test_a_reset_ends_both_ends(io_loop: IOLoop) -> None:
    one, other, at_one, at_other = ends(window=0)
    other.pause_reading()
    waiting = asyncio.ensure_future(one.write(b"x"))
    given_up = asyncio.ensure_future(one.write(b"y"))
    given_up.cancel()
    await asyncio.sleep(0)

    one.reset()

    with pytest.raises(StreamClosedError):
        await waiting
    await rounds()
    assert one.closed()
    assert other.closed()
    assert [type(event[1]) for event in (*at_one.events, *at_other.events)] == [  # type: ignore[index]  # pairs
        ConnectionResetError,
        ConnectionResetError,
    ]


async def test_a_reader_that_goes_away_lets_its_writer_go(io_loop: IOLoop) -> None:
    one, other = MemoryStream.pair(window=0)
    waiting = asyncio.ensure_future(one.write(b"x"))
    await asyncio.sleep(0)

    other.close()

    await waiting
