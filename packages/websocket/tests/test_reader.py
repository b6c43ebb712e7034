"""The queue between a connection and whoever reads messages."""

import asyncio

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket._reader import MAX_UNREAD_SIZE, MessageQueue


async def test_messages_are_read_in_their_order_and_then_none(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    queue.put("a")
    queue.put(b"b")
    queue.end()

    assert [await queue.get() for _ in range(4)] == ["a", b"b", None, None]


async def test_readers_get_messages_in_the_order_of_asking(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    reads = [queue.read() for _ in range(4)]

    queue.put("a")
    queue.put("b")
    queue.end()

    assert [await read for read in reads] == ["a", "b", None, None]


async def test_a_full_queue_makes_wait_until_half_of_it_is_read(io_loop: IOLoop) -> None:
    queue = MessageQueue(4)
    rooms = [queue.put(str(number)) for number in range(5)]
    full = rooms[-1]

    assert rooms[:3] == [None, None, None]
    assert full is not None
    assert rooms[3] is full
    for _ in range(2):
        await queue.get()
    assert not full.done()
    await queue.get()
    assert full.done()
    assert queue.put("5") is None


async def test_large_messages_fill_a_queue_before_there_are_many(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    large = bytes(MAX_UNREAD_SIZE // 4)

    rooms = [queue.put(large) for _ in range(4)]
    room = rooms[-1]
    assert room is not None
    await queue.read()
    before = room.done()
    await queue.read()

    assert rooms[:3] == [None] * 3
    assert (before, room.done()) == (False, True)


async def test_the_end_lets_go_of_who_waits_for_room(io_loop: IOLoop) -> None:
    queue = MessageQueue(1)
    room = queue.put("a")
    queue.end()
    queue.end()

    assert room is not None
    assert room.done()
    assert [await queue.get(), await queue.get()] == ["a", None]


async def test_room_that_nobody_waits_for_any_more_is_no_matter(io_loop: IOLoop) -> None:
    queue = MessageQueue(1)
    room = queue.put("a")
    assert room is not None
    room.cancel()

    assert await queue.get() == "a"


@pytest.mark.parametrize("end", [False, True])
async def test_a_cancelled_read_gives_its_place_free(io_loop: IOLoop, end: bool) -> None:
    queue = MessageQueue()
    first, second = queue.read(), queue.read()
    first.cancel()
    assert queue.is_idle

    if end:
        queue.end()
    else:
        queue.put("a")

    assert await second == (None if end else "a")
    assert not queue.is_idle


async def test_cancelling_a_reader_that_has_just_got_its_message_loses_none(
    io_loop: IOLoop,
) -> None:
    queue = MessageQueue()
    reader = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put("a")
    queue.put("b")

    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader

    assert [await queue.get(), await queue.get()] == ["a", "b"]


async def test_what_a_cancelled_reader_had_got_goes_to_the_next_one(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    reader = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put("a")
    given_up, next_read = queue.read(), queue.read()
    given_up.cancel()

    reader.cancel()

    assert await next_read == "a"
    assert reader.cancelled()


async def test_cancelling_a_reader_at_the_end_is_no_matter(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    reader = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.end()

    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader

    assert await queue.get() is None


async def test_a_pending_reader_that_is_cancelled_takes_no_message(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    reader = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)

    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    queue.put("a")

    assert await queue.get() == "a"


async def test_who_waits_for_idleness_is_called_when_the_reader_asks_for_more(
    io_loop: IOLoop,
) -> None:
    calls: list[str] = []
    queue = MessageQueue()
    queue.put("a")
    queue.when_idle(lambda: calls.append("idle"))

    queue.read()
    assert calls == []
    queue.read()
    assert calls == ["idle"]
    queue.read()
    assert calls == ["idle"]


async def test_nobody_is_called_for_idleness_after_the_end(io_loop: IOLoop) -> None:
    queue = MessageQueue()
    queue.when_idle(lambda: pytest.fail("called"))
    queue.end()

    assert await queue.get() is None
