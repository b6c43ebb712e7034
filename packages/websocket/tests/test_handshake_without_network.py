"""`ClientHandshake`: the opening of a WebSocket by whoever speaks HTTP by other means."""

import pytest

from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop
from ostro.websocket import ClientHandshake, HandshakeError, HandshakeRefusedError, Role
from ostro.websocket._handshake import compute_accept, response_headers

from .memory import MemoryStream
from .support import TEXT, frame


def accepted(handshake: ClientHandshake, subprotocol: str | None = None) -> HTTPHeaders:
    return response_headers(compute_accept(handshake.headers["Sec-Websocket-Key"]), subprotocol)


def test_it_says_what_to_ask_for() -> None:
    handshake = ClientHandshake(
        "ws://example.com/chat?room=1", headers={"Origin": "http://example.com"}, subprotocols=["a"]
    )

    assert handshake.target == "/chat?room=1"
    assert handshake.headers["Host"] == "example.com"
    assert handshake.headers["Origin"] == "http://example.com"
    assert handshake.headers["Upgrade"] == "websocket"
    assert handshake.headers["Sec-Websocket-Protocol"] == "a"


async def test_messages_go_over_the_stream_that_was_detached(io_loop: IOLoop) -> None:
    handshake = ClientHandshake("ws://example.com/", subprotocols=["a"])
    stream = MemoryStream()

    connection = handshake.accept(accepted(handshake, "a"), stream)
    await connection.write_message("to the server")
    assert stream.receiver is not None
    stream.receiver.data_received(frame(TEXT, b"to the client", to=Role.CLIENT))

    assert connection.selected_subprotocol == "a"
    assert await connection.read_message() == "to the client"
    assert b"".join(stream.sent)[:2] == bytes((0x81, 0x80 | len("to the server")))


async def test_messages_may_go_to_a_callback(io_loop: IOLoop) -> None:
    messages: list[str | bytes | None] = []
    handshake = ClientHandshake(
        "ws://example.com/", on_message_callback=messages.append, ping_timeout=3
    )
    stream = MemoryStream()

    handshake.accept(accepted(handshake), stream)
    assert stream.receiver is not None
    stream.receiver.data_received(frame(TEXT, b"hello", to=Role.CLIENT))

    assert messages == ["hello"]


def test_an_answer_that_refuses_is_told_as_it_is() -> None:
    handshake = ClientHandshake("ws://example.com/")

    with pytest.raises(HandshakeRefusedError) as refused:
        handshake.check(403, HTTPHeaders({"X-Why": "not you"}), b"no")

    assert refused.value.code == 403
    assert refused.value.headers["X-Why"] == "not you"
    assert refused.value.body == b"no"


def test_an_answer_to_another_key_is_not_accepted() -> None:
    handshake = ClientHandshake("ws://example.com/")

    handshake.check(101, accepted(handshake))
    with pytest.raises(HandshakeError, match="does not fit the key"):
        handshake.check(101, response_headers("something else"))


def test_what_cannot_be_asked_for_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="does not begin with ws://"):
        ClientHandshake("http://example.com/")
    with pytest.raises(ValueError, match="max_queue"):
        ClientHandshake("ws://example.com/", max_queue=0)
