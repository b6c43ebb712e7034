"""Large messages, which are sent in two parts."""

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import (
    Event,
    Role,
    WebSocketClosedError,
    WebSocketProtocol,
    _message,
    websocket_connect,
)
from ostro.websocket._deflate import DeflateAgreement
from ostro.websocket._draft76 import Draft76Protocol

from .servers import LARGE, our_server

MESSAGES: list[str | bytes] = ["", b"", "text ü", b"\x00\xff", "ü" * 40_000, bytes(70_000)]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{type(message).__name__}")
@pytest.mark.parametrize("deflate", [None, DeflateAgreement()], ids=["plain", "deflate"])
@pytest.mark.parametrize("role", Role)
def test_the_parts_of_a_message_are_the_message(
    role: Role, deflate: DeflateAgreement | None, message: str | bytes
) -> None:
    peer = WebSocketProtocol(Role.CLIENT if role is Role.SERVER else Role.SERVER, deflate)

    header, payload = WebSocketProtocol(role, deflate).send_apart(message)

    assert peer.receive(header + payload) == [message]
    assert len(header) <= 14


def test_a_payload_that_is_not_masked_is_not_copied() -> None:
    message = bytes(70_000)

    assert WebSocketProtocol(Role.SERVER).send_apart(message)[1] is message


def test_no_part_is_sent_after_the_close() -> None:
    protocol = WebSocketProtocol(Role.SERVER)
    protocol.send_close()

    with pytest.raises(WebSocketClosedError):
        protocol.send_apart("late")


def test_the_draft_has_text_alone_in_parts_too() -> None:
    protocol = Draft76Protocol(max_message_size=1000)

    assert b"".join(protocol.send_apart("text")) == b"\x00text\xff"
    with pytest.raises(ValueError, match="binary messages are not supported"):
        protocol.send_apart(b"data")


@pytest.mark.parametrize("sizes", [[1] * 10, [5000] * 3, [1, 5000, 1, 1, 5000], [5000, 1, 0]])
def test_a_message_of_small_parts_and_large_ones_is_put_together(sizes: list[int]) -> None:
    client, server = WebSocketProtocol(Role.CLIENT), WebSocketProtocol(Role.SERVER)
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]

    frames = [client.send_fragment(part, part is parts[-1]) for part in parts]

    assert [event for frame in frames for event in server.receive(frame)] == [b"".join(parts)]


async def test_small_messages_before_a_large_one_are_sent_before_it(io_loop: IOLoop) -> None:
    async with (
        our_server() as where,
        await websocket_connect(f"ws://{where}/echo") as connection,
    ):
        connection.write_message("both")

        assert [await connection.read_message() for _ in range(3)] == ["small", LARGE, "small"]


def receive(message: bytes) -> Event:
    client, server = WebSocketProtocol(Role.CLIENT), WebSocketProtocol(Role.SERVER)
    sent = client.send_binary(message)
    half = len(sent) // 2
    assert server.receive(sent[:half]) == []
    (event,) = server.receive(sent[half:])
    return event


def test_a_buffer_that_is_used_again_holds_nothing_of_the_message_before() -> None:
    first, second = b"a" * 300_000, b"b" * 200_000

    assert receive(first) == first
    assert receive(second) == second
    assert receive(first) == first


def test_no_more_buffers_are_kept_than_a_few_and_none_that_is_very_large() -> None:
    _message._spare.clear()
    largest = _message.SPARE_SIZE[-1]
    assert receive(bytes(2 * largest)) == bytes(2 * largest)
    assert receive(b"small" * 10) == b"small" * 10
    assert _message._spare == []

    messages = [_message.Message(text=False, compressed=False) for _ in range(6)]
    for message in messages:
        message.add(bytes(100_000))
    for message in messages:
        assert message.finish() == bytes(100_000)

    assert len(_message._spare) == _message.SPARE_COUNT
