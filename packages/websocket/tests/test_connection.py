"""A connection between a stream and a delegate: order, backpressure, pings, and the end."""

import asyncio
from collections.abc import Awaitable, Generator

import pytest

from ostro.ioloop import COMPLETED, IOLoop
from ostro.websocket import Role, WebSocketClosedError
from ostro.websocket._connection import MAX_HELD_MESSAGES
from ostro.websocket._deflate import DeflateAgreement
from ostro.websocket._rfc6455 import (
    CLOSE_TIMEOUT,
    HIGH_WATER,
    LINGER_TIMEOUT,
    WRITE_TIMEOUT,
)

from .memory import Talk, turns
from .support import PING, TEXT, frame


def echo(talk: Talk) -> None:
    """Send every message back, without waiting for anything."""

    def behave(message: str | bytes) -> None:
        talk.connection.write_message(message)

    talk.delegate.behave = behave


class Gate:
    """Something for a delegate to wait for, one message at a time."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def wait(self, message: str | bytes) -> Awaitable[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return future

    async def open(self) -> None:
        self.waiting.pop(0).set_result(None)
        await turns(4)


# Messages in, messages out


async def test_messages_go_both_ways(io_loop: IOLoop) -> None:
    talk = Talk()
    echo(talk)

    talk.feed(talk.peer.send_text("a"), talk.peer.send_binary(b"b"), talk.peer.send_ping(b"?"))
    sent = talk.connection.ping(b"!")

    assert talk.seen == [("text", "a"), ("binary", b"b"), ("ping", b"?")]
    assert talk.answers() == [("text", "a"), ("binary", b"b"), ("pong", b"?"), ("ping", b"!")]
    assert sent is COMPLETED
    assert talk.connection.subprotocol == "chat"


async def test_the_answers_to_what_came_together_leave_together(io_loop: IOLoop) -> None:
    talk = Talk()
    echo(talk)

    talk.feed(*(talk.peer.send_text("x") for _ in range(50)))

    assert len(talk.stream.sent) == 1
    assert len(talk.answers()) == 50


async def test_no_more_than_some_answers_are_gathered(io_loop: IOLoop) -> None:
    talk = Talk()
    echo(talk)

    talk.feed(
        *(talk.peer.send_text("x") for _ in range(200)),
        talk.peer.send_text("y" * 5000),
        talk.peer.send_text("z"),
    )

    assert 2 < len(talk.stream.sent) < 10
    assert [len(str(text)) for _, text in talk.answers()][-2:] == [5000, 1]


async def test_a_pong_is_reported(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.feed(talk.peer.send_pong(b"x"))

    assert talk.seen == [("pong", b"x")]
    assert talk.answers() == []


async def test_nagle_can_be_switched_off(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.connection.set_nodelay(True)

    assert talk.stream.nodelay is True


# Order, and waiting for the delegate


async def test_a_message_waits_for_the_one_before_it(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait

    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))
    talk.feed(talk.peer.send_text("3"))

    assert talk.seen == [("text", "1")]
    await gate.open()
    assert talk.seen == [("text", "1"), ("text", "2")]
    await gate.open()
    await gate.open()
    talk.feed(talk.peer.send_text("4"))
    assert talk.seen[-2:] == [("text", "3"), ("text", "4")]


async def test_a_coroutine_that_does_not_wait_holds_nothing_back(io_loop: IOLoop) -> None:
    talk = Talk()

    async def behave(message: str | bytes) -> None:
        await talk.connection.write_message(message)

    talk.delegate.behave = behave
    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))
    await turns()

    assert talk.answers() == [("text", "1"), ("text", "2")]


async def test_pings_are_answered_while_a_message_waits(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait

    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"), talk.peer.send_ping(b"?"))

    assert talk.answers() == [("pong", b"?")]
    await gate.open()
    await gate.open()
    assert [seen[0] for seen in talk.seen] == ["text", "ping", "text"]


async def test_the_peer_has_to_wait_for_a_busy_delegate(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(talk.peer.send_text("busy"))

    for _ in range(MAX_HELD_MESSAGES - 1):
        talk.feed(talk.peer.send_text("held"))
    before = talk.stream.reading
    talk.feed(talk.peer.send_text("one too many"))

    assert (before, talk.stream.reading) == (True, False)
    await gate.open()
    assert talk.stream.reading


async def test_messages_that_are_held_are_delivered_before_a_close(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait

    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"), talk.peer.send_close(1000))

    assert ("closed", 1000, "") not in talk.seen
    await gate.open()
    assert talk.seen == [("text", "1"), ("text", "2"), ("closed", 1000, "")]


async def test_a_close_does_not_wait_for_the_message_that_is_being_dealt_with(
    io_loop: IOLoop,
) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait

    talk.feed(talk.peer.send_text("1"), talk.peer.send_close(1000))

    assert talk.seen == [("text", "1"), ("closed", 1000, "")]
    assert not gate.waiting[0].cancelled()
    await gate.open()


async def test_an_exception_closes_the_connection_and_is_logged(io_loop: IOLoop) -> None:
    talk = Talk()
    error = ZeroDivisionError()

    def fail(message: str | bytes) -> None:
        raise error

    talk.delegate.behave = fail
    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))

    assert talk.seen == [("text", "1")]
    assert talk.delegate.errors == [error]
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_an_exception_after_a_while_does_too_and_what_waits_is_dropped(
    io_loop: IOLoop,
) -> None:
    talk, gate = Talk(), Gate()

    async def fail(message: str | bytes) -> None:
        await gate.wait(message)
        raise ZeroDivisionError

    talk.delegate.behave = fail
    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"), talk.peer.send_close(4000))
    await turns()
    await gate.open()

    assert talk.seen == [("text", "1"), ("closed", 4000, "")]
    assert len(talk.delegate.errors) == 1
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_an_exception_drops_the_messages_that_waited(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()

    def behave(message: str | bytes) -> Awaitable[None]:
        if message == "2":
            raise ZeroDivisionError
        return gate.wait(message)

    talk.delegate.behave = behave
    talk.feed(*(talk.peer.send_text(text) for text in "1234"))
    await gate.open()

    assert talk.seen == [("text", "1"), ("text", "2")]
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_an_exception_after_the_end_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    talk, gate = Talk(), Gate()

    async def fail(message: str | bytes) -> None:
        await gate.wait(message)
        raise ZeroDivisionError

    talk.delegate.behave = fail
    talk.feed(talk.peer.send_text("1"), talk.peer.send_close(1000))
    await turns()
    await gate.open()

    assert "after the end of a WebSocket" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert talk.delegate.errors == []


class Handmade:
    """Something to wait for that is neither a coroutine nor a future."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __await__(self) -> Generator[object, None, None]:
        return self._gate.wait("").__await__()


async def test_whatever_can_be_awaited_can_be_waited_for(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = lambda message: Handmade(gate)

    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))
    await turns()
    before = list(talk.seen)
    await gate.open()

    assert (before, talk.seen) == ([("text", "1")], [("text", "1"), ("text", "2")])


async def test_a_delegate_that_returns_nonsense_is_told(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.delegate.behave = lambda message: 42

    talk.feed(talk.peer.send_text("1"))

    assert "returned int, expected None or an awaitable" in str(talk.delegate.errors[0])
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_a_message_to_a_connection_that_has_closed_is_no_error_of_the_delegate(
    io_loop: IOLoop,
) -> None:
    talk, gate = Talk(), Gate()

    async def behave(message: str | bytes) -> None:
        await gate.wait(message)
        talk.connection.write_message("late")

    talk.delegate.behave = behave
    talk.feed(talk.peer.send_text("1"), talk.peer.send_close(1000))
    await turns()
    await gate.open()

    assert talk.delegate.errors == []


async def test_an_exception_of_on_ping_is_treated_like_that_of_a_message(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk()

    def fail(data: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(talk.delegate, "on_ping", fail)
    talk.feed(talk.peer.send_ping())

    assert len(talk.delegate.errors) == 1
    assert talk.answers() == [("pong", b""), ("close", 1011, "internal error")]


async def test_an_exception_at_the_end_is_logged(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk()

    def fail(code: int, reason: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(talk.delegate, "connection_closed", fail)
    talk.stream.lose()

    assert len(talk.delegate.errors) == 1


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


# The end


async def test_the_close_of_the_peer_is_echoed_and_the_stream_ended(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.feed(talk.peer.send_close(4000, "bye"))

    assert talk.seen == [("closed", 4000, "bye")]
    assert talk.answers() == [("close", 4000, "")]
    assert talk.stream.ended
    assert not talk.stream.closed()
    talk.end()
    assert talk.stream.closed()


async def test_a_close_without_a_reason_is_echoed_without_one(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.feed(talk.peer.send_close())

    assert talk.seen == [("closed", 1005, "")]
    assert talk.answers() == [("close", 1005, "")]


async def test_the_answers_to_earlier_messages_go_before_the_echo(io_loop: IOLoop) -> None:
    talk = Talk()
    echo(talk)

    talk.feed(talk.peer.send_text("last"), talk.peer.send_close(1000))

    assert talk.answers() == [("text", "last"), ("close", 1000, "")]


async def test_a_peer_that_does_not_close_the_stream_is_cut_off(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.feed(talk.peer.send_close())

    talk.feed(b"more, which nobody looks at")
    talk.after(LINGER_TIMEOUT - 0.1)
    before = talk.stream.closed()
    talk.after(0.1)

    assert (before, talk.stream.closed()) == (False, True)
    assert talk.seen == [("closed", 1005, "")]


async def test_closing_waits_for_the_peer(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.connection.close(1001, "away")
    talk.connection.close(1002)
    before = list(talk.seen), talk.stream.ended
    talk.feed(talk.peer.send_close(1001))

    assert before == ([], False)
    assert talk.answers() == [("close", 1001, "away")]
    assert talk.seen == [("closed", 1001, "")]
    assert talk.stream.ended


async def test_messages_and_pings_after_closing_are_dropped(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.connection.close()

    talk.feed(talk.peer.send_text("late"), talk.peer.send_ping(), talk.peer.send_close())

    assert talk.seen == [("closed", 1005, "")]
    assert talk.answers() == [("close", 1005, "")]


async def test_a_peer_that_does_not_answer_a_close_is_cut_off(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.connection.close()

    talk.after(CLOSE_TIMEOUT)

    assert talk.seen == [("closed", 1006, "")]
    assert talk.stream.closed()


async def test_a_slow_peer_has_time_to_read_what_was_sent_before_the_close(
    io_loop: IOLoop,
) -> None:
    talk = Talk()
    talk.stream.slow = True
    for _ in range(3):
        talk.connection.write_message("x" * 1000)
    talk.connection.close()

    for _ in range(3):
        talk.stream.take(1)
        talk.after(CLOSE_TIMEOUT)
    before = list(talk.seen)
    talk.after(CLOSE_TIMEOUT)

    assert before == []
    assert talk.seen == [("closed", 1006, "")]


async def test_nothing_is_sent_after_closing(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.connection.close()

    assert talk.connection.closing
    with pytest.raises(WebSocketClosedError):
        talk.connection.write_message("x")
    with pytest.raises(WebSocketClosedError):
        talk.connection.ping()


async def test_closing_drops_the_messages_that_wait_and_keeps_the_close_behind_them(
    io_loop: IOLoop,
) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"), talk.peer.send_close(4000))

    talk.connection.close(1000)
    await turns()

    assert talk.seen == [("text", "1"), ("closed", 4000, "")]


async def test_closing_a_connection_whose_peer_has_to_wait_reads_again(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(*(talk.peer.send_text("x") for _ in range(MAX_HELD_MESSAGES + 1)))
    before = talk.stream.reading

    talk.connection.close()

    assert (before, talk.stream.reading) == (False, True)


async def test_the_end_of_the_stream_without_a_close_is_abnormal(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.end()
    await turns()

    assert talk.seen == [("closed", 1006, "")]
    assert talk.stream.closed()


async def test_a_lost_connection_is_reported_once(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.connection.close()
    talk.stream.lose()
    talk.connection.connection_lost(None)

    assert talk.seen == [("closed", 1006, "")]


@pytest.mark.parametrize("cancelled", [True, False])
async def test_what_messages_wait_for_is_cancelled_when_the_connection_breaks_if_wished(
    cancelled: bool, io_loop: IOLoop
) -> None:
    talk, gate = Talk(cancel_on_disconnect=cancelled), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(talk.peer.send_text("1"))

    talk.stream.lose()
    await turns()

    assert gate.waiting[0].cancelled() is cancelled
    assert talk.delegate.errors == []


async def test_what_messages_wait_for_goes_on_when_the_peer_closes(io_loop: IOLoop) -> None:
    talk, gate = Talk(cancel_on_disconnect=True), Gate()
    talk.delegate.behave = gate.wait

    talk.feed(talk.peer.send_text("1"), talk.peer.send_close(1001))
    await turns()

    assert not gate.waiting[0].done()


@pytest.mark.parametrize("closed_before", [True, False])
async def test_a_violation_is_answered_and_ends_the_connection(
    closed_before: bool, io_loop: IOLoop
) -> None:
    talk = Talk()
    echo(talk)
    if closed_before:
        talk.connection.close(1000)

    talk.feed(talk.peer.send_text("x"), frame(PING, to=Role.SERVER, rsv=1), b"more")

    expected = ("close", 1002, "a reserved bit that is set")
    assert talk.answers() == ([("close", 1000, "")] if closed_before else [("text", "x"), expected])
    assert talk.seen[-1] == ("closed", 1006, "")
    assert talk.stream.ended


async def test_text_that_is_not_utf8_is_answered_1007(io_loop: IOLoop) -> None:
    talk = Talk()

    talk.feed(frame(TEXT, b"\xff", to=Role.SERVER))

    assert talk.answers() == [("close", 1007, "text that is not UTF-8")]


# What a delegate asks for before and between messages


async def test_messages_wait_for_the_beginning(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.connection.begin(lambda: gate.wait(""))

    talk.feed(talk.peer.send_text("1"))

    before = list(talk.seen)
    await gate.open()
    assert (before, talk.seen) == ([], [("text", "1")])


async def test_a_beginning_that_fails_closes_the_connection(io_loop: IOLoop) -> None:
    talk = Talk()

    def fail() -> None:
        raise ZeroDivisionError

    talk.connection.begin(fail)

    assert len(talk.delegate.errors) == 1
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_messages_can_go_elsewhere_and_do_not_wait_then(io_loop: IOLoop) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait
    talk.feed(talk.peer.send_text("1"), talk.peer.send_text("2"))
    taken: list[str | bytes] = []

    talk.connection.set_message_callback(taken.append)
    await turns()
    talk.feed(talk.peer.send_text("3"))

    assert (talk.seen, taken) == ([("text", "1")], ["2", "3"])
    await gate.open()  # the task goes on, and ends


async def test_nothing_happens_after_the_end(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.lose()

    talk.connection.set_message_callback(talk.delegate.on_message)
    talk.connection.begin(lambda: talk.delegate.on_message("x"))
    talk.connection.wait_for(asyncio.get_running_loop().create_future())
    talk.connection.close()

    assert talk.seen == [("closed", 1006, "")]
