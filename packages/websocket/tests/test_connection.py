"""A connection between a stream and a delegate: messages, and their order."""

import asyncio
from collections.abc import Awaitable, Generator

import pytest

from ostro.ioloop import COMPLETED, IOLoop
from ostro.websocket._connection import MAX_HELD_MESSAGES, MAX_HELD_SIZE, MAX_TASKS

from .memory import Gate, Talk, echo, turns

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


async def test_the_peer_has_to_wait_for_a_busy_delegate_when_messages_are_large(
    io_loop: IOLoop,
) -> None:
    talk, gate = Talk(), Gate()
    talk.delegate.behave = gate.wait
    large = bytes(MAX_HELD_SIZE // 2)

    reading = []
    for _ in range(3):
        talk.feed(talk.peer.send_binary(large))
        reading.append(talk.stream.reading)
    await gate.open()

    assert reading == [True, True, False]
    assert talk.stream.reading
    while gate.waiting:
        await gate.open()
    assert len(talk.seen) == 3


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


async def test_a_coroutine_for_a_ping_runs_beside_the_messages(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, gate = Talk(), Gate()

    async def slow(data: bytes) -> None:
        await gate.wait(data)
        raise ZeroDivisionError

    monkeypatch.setattr(talk.delegate, "on_ping", slow)
    talk.feed(talk.peer.send_ping(), talk.peer.send_ping(), talk.peer.send_text("1"))
    before = list(talk.seen), talk.answers()
    await turns()
    await gate.open()

    assert before == ([("text", "1")], [("pong", b""), ("pong", b"")])
    assert len(talk.delegate.errors) == 1
    assert talk.answers() == [("close", 1011, "internal error")]


async def test_a_peer_has_to_wait_for_the_coroutines_of_its_pings(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, gate = Talk(), Gate()

    async def slow(data: bytes) -> None:
        await gate.wait(data)

    monkeypatch.setattr(talk.delegate, "on_ping", slow)
    reading = []
    for _ in range(2):
        talk.feed(*[talk.peer.send_ping()] * (MAX_TASKS // 2))
        reading.append(talk.stream.reading)
    await turns()
    await gate.open()

    assert reading == [True, False]
    assert talk.stream.reading
    while gate.waiting:
        await gate.open()


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
