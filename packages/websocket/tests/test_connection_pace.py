"""A connection whose peer, or whose delegate, is slow: backpressure, pings, deadlines."""

import asyncio
import os

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import WebSocketClosedError
from ostro.websocket._connection import MAX_HELD_MESSAGES
from ostro.websocket._deflate import DeflateAgreement
from ostro.websocket._rfc6455 import (
    CLOSE_TIMEOUT,
    HIGH_WATER,
    WRITE_TIMEOUT,
)

from .memory import Gate, Talk, echo, turns

# Compressed messages, a few at a time


async def test_what_inflates_to_much_is_dealt_with_a_part_at_a_time(io_loop: IOLoop) -> None:
    talk = Talk(deflate=DeflateAgreement())
    text = "x" * 600_000

    talk.feed(*(talk.peer.send_text(text) for _ in range(5)))
    first = len(talk.seen), talk.stream.reading
    await turns(10)

    assert first == (2, False)
    assert talk.seen == [("text", text)] * 5
    assert talk.stream.reading


async def test_the_rest_of_them_waits_for_a_busy_delegate(io_loop: IOLoop) -> None:
    talk, gate = Talk(deflate=DeflateAgreement()), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(talk.peer.send_text("busy"))
    for _ in range(MAX_HELD_MESSAGES - 2):
        talk.feed(talk.peer.send_text("held"))

    talk.feed(*(talk.peer.send_text("x" * 600_000) for _ in range(5)))
    await turns(10)
    seen = len(talk.seen)
    while gate.waiting:
        await gate.open()

    assert seen == 1
    assert len(talk.seen) == MAX_HELD_MESSAGES - 1 + 5
    assert talk.stream.reading


async def test_the_rest_of_them_is_forgotten_when_the_connection_is_lost(io_loop: IOLoop) -> None:
    talk = Talk(deflate=DeflateAgreement())

    talk.feed(*(talk.peer.send_text("x" * 600_000) for _ in range(5)))
    talk.stream.lose()
    await turns(10)

    assert [seen[0] for seen in talk.seen] == ["text", "text", "closed"]


async def test_the_rest_of_them_waits_for_a_peer_that_does_not_take_the_answers(
    io_loop: IOLoop,
) -> None:
    talk = Talk(deflate=DeflateAgreement())
    talk.stream.slow = True
    noise = os.urandom(2 * HIGH_WATER)

    def answer_at_length(message: str | bytes) -> None:
        talk.connection.write_message(noise)

    talk.delegate.behave = answer_at_length

    talk.feed(*(talk.peer.send_text("x" * 600_000) for _ in range(5)))
    await turns(10)
    before = len(talk.seen), talk.stream.reading
    while talk.stream.write_buffer_size:
        talk.stream.take()
        await turns(10)

    assert before == (2, False)
    assert len(talk.seen) == 5
    assert talk.stream.reading


async def test_the_rest_of_them_does_not_keep_a_close_from_being_answered(io_loop: IOLoop) -> None:
    talk, gate = Talk(deflate=DeflateAgreement()), Gate()
    talk.delegate.behave = gate.wait
    messages = [talk.peer.send_text("x" * 600_000) for _ in range(MAX_HELD_MESSAGES + 10)]
    talk.feed(*messages[: MAX_HELD_MESSAGES + 1])
    await turns(20)
    talk.feed(*messages[MAX_HELD_MESSAGES + 1 :])
    await turns(20)
    before = talk.stream.reading

    talk.connection.close(1000)
    await turns(20)

    assert (before, talk.stream.reading) == (False, True)
    talk.feed(talk.peer.send_close(1000))
    assert talk.seen[-1] == ("closed", 1000, "")


# A peer that does not read


async def test_a_message_can_be_awaited(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True

    sent = asyncio.ensure_future(talk.connection.write_message("x"))
    await turns()
    before = sent.done()
    talk.stream.take()

    await sent
    assert not before


async def test_a_message_that_cannot_be_sent_any_more_raises(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True
    sent = [talk.connection.write_message("x") for _ in range(3)]

    talk.stream.lose()

    with pytest.raises(WebSocketClosedError):
        await sent[0]
    await turns()  # nobody is warned of the others


async def test_a_stream_that_is_closed_meanwhile_fails_the_message(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.close()

    sent = talk.connection.write_message("x")
    with pytest.raises(WebSocketClosedError):
        await sent

    await turns()
    assert talk.seen == [("closed", 1006, "")]


async def test_a_peer_that_does_not_take_the_answers_has_to_wait(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True
    echo(talk)
    text = "x" * (HIGH_WATER // 4)

    reading = []
    for _ in range(5):
        talk.feed(talk.peer.send_text(text))
        reading.append(talk.stream.reading)
        await turns()

    assert reading == [True, True, True, False, False]
    talk.stream.take()
    assert talk.stream.reading


async def test_a_delegate_that_returns_what_it_wrote_takes_no_more_before_that_has_left(
    io_loop: IOLoop,
) -> None:
    talk = Talk()
    talk.stream.slow = True
    talk.delegate.behave = talk.connection.write_message

    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))
    await turns()
    talk.stream.take()
    await turns()

    assert talk.seen == [("text", "1"), ("text", "2")]


async def test_a_peer_that_does_not_read_at_all_is_dropped(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True
    talk.connection.write_message("1")
    talk.connection.write_message("2")

    talk.after(WRITE_TIMEOUT - 1)
    talk.stream.take(1)
    talk.after(WRITE_TIMEOUT)
    before = list(talk.seen)
    talk.after(WRITE_TIMEOUT)

    assert before == []
    assert talk.seen == [("closed", 1006, "")]
    assert talk.stream.closed()


async def test_a_peer_is_dropped_when_a_message_is_written_and_too_much_waits(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk(max_write_buffer_size=1000)
    talk.stream.slow = True
    sent = [talk.connection.write_message("x" * 5000) for _ in range(2)]
    seen = list(talk.seen)

    with pytest.raises(WebSocketClosedError):
        await sent[1]
    with pytest.raises(WebSocketClosedError):
        talk.connection.write_message("x")
    await turns()

    assert seen == []  # whoever wrote is not told in the middle of that
    assert talk.seen == [("closed", 1006, "")]
    assert talk.stream.closed()
    assert "over 1000 bytes wait" in caplog.text


async def test_a_message_of_any_size_may_be_written_where_nothing_waits(io_loop: IOLoop) -> None:
    talk = Talk(max_write_buffer_size=1000)
    talk.stream.slow = True

    for _ in range(3):
        talk.connection.write_message("x" * 70_000)
        talk.stream.take()

    assert talk.seen == []
    assert len(talk.answers()) == 3


async def test_a_peer_that_has_read_all_has_all_the_time_it_wants(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True
    talk.connection.write_message("1")
    talk.stream.take()

    talk.after(100 * WRITE_TIMEOUT)

    assert talk.seen == []


# Pings


async def test_a_ping_is_sent_each_interval(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=5)

    for _ in range(3):
        talk.after(9.5)
        assert talk.answers() == []
        talk.after(0.5)
        assert talk.answers() == [("ping", b"")]
        talk.feed(talk.peer.send_pong())

    assert talk.seen == [("pong", b"")] * 3


async def test_a_peer_that_answers_no_ping_is_dropped(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=5)

    talk.after(10)
    talk.after(4.9)
    before = list(talk.seen)
    talk.after(0.1)

    assert before == []
    assert talk.seen == [("closed", 1006, "")]
    assert talk.stream.closed()


async def test_any_sign_of_life_answers_a_ping(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=5)
    large = talk.peer.send_text("x" * 100)

    talk.after(10)
    talk.feed(large[:20])
    talk.after(5)

    assert talk.seen == []
    talk.after(5)
    assert talk.answers() == [("ping", b"")] * 2


async def test_a_timeout_longer_than_the_interval_spans_several_pings(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=25)

    for _ in range(3):
        talk.after(10)
        assert talk.seen == []
    talk.after(5)

    assert talk.seen == [("closed", 1006, "")]


async def test_a_peer_is_not_dropped_for_what_was_not_read(io_loop: IOLoop) -> None:
    talk, gate = Talk(ping_interval=10, ping_timeout=5), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(*(talk.peer.send_text("x") for _ in range(MAX_HELD_MESSAGES + 1)))
    assert not talk.stream.reading

    talk.after(10)
    talk.after(5)
    talk.after(10)
    await gate.open()  # reads again, and finds the pong a little later
    talk.after(1)
    talk.feed(talk.peer.send_pong())
    talk.after(10)

    assert ("closed", 1006, "") not in talk.seen


async def test_with_a_timeout_of_zero_a_silent_peer_is_kept(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=0)

    for _ in range(5):
        talk.after(10)

    assert talk.answers() == [("ping", b"")] * 5
    assert talk.seen == []


async def test_there_are_no_pings_after_a_close(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=1, ping_timeout=1)
    talk.connection.close(1000)

    talk.after(CLOSE_TIMEOUT - 1)

    assert talk.answers() == [("close", 1000, "")]
    with pytest.raises(WebSocketClosedError):
        talk.connection.ping()


async def test_pings_go_on_beside_what_is_not_sent_yet(io_loop: IOLoop) -> None:
    talk = Talk(ping_interval=10, ping_timeout=100)
    talk.stream.slow = True
    talk.connection.write_message("x")

    talk.after(10)
    talk.stream.take(1)
    talk.after(WRITE_TIMEOUT)
    talk.stream.take()

    assert talk.seen == []
    assert ("ping", b"") in talk.answers()
