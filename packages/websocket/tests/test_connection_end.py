"""The end of a connection, whoever begins it."""

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import Role, WebSocketClosedError
from ostro.websocket._connection import MAX_HELD_MESSAGES
from ostro.websocket._rfc6455 import (
    CLOSE_TIMEOUT,
    LINGER_TIMEOUT,
)

from .memory import Gate, Talk, echo, turns
from .support import PING, TEXT, frame

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


async def test_what_is_written_before_a_close_in_one_go_does_not_prolong_it(
    io_loop: IOLoop,
) -> None:
    talk = Talk()
    talk.stream.slow = True

    def behave(message: str | bytes) -> None:
        talk.connection.write_message("bye")
        talk.connection.close()

    talk.delegate.behave = behave
    talk.feed(talk.peer.send_text("x"))
    talk.after(CLOSE_TIMEOUT)

    assert talk.answers() == [("text", "bye"), ("close", 1005, "")]
    assert talk.seen[-1] == ("closed", 1006, "")


async def test_a_peer_that_has_read_the_close_has_to_answer_it(io_loop: IOLoop) -> None:
    talk = Talk()
    talk.stream.slow = True
    talk.connection.close()

    talk.after(CLOSE_TIMEOUT - 1)
    talk.stream.take()
    talk.after(1)

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
