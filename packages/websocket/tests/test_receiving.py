"""Frames that are as they should be, in both roles, cut everywhere."""

import pytest

from ostro.websocket import Close, Failure, Ping, Pong, Role, WebSocketProtocol

from .support import (
    BINARY,
    BOTH_ROLES,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Seen,
    events,
    frame,
    seen_in_every_cut,
)

both_roles = pytest.mark.parametrize("role", BOTH_ROLES)

EURO = "\u20ac".encode()


def stream(to: Role, *parts: tuple[int, bytes, bool]) -> bytes:
    return b"".join(frame(opcode, payload, to=to, fin=fin) for opcode, payload, fin in parts)


@pytest.mark.parametrize(
    ("role", "data", "expected"),
    [
        pytest.param(Role.CLIENT, "810548656c6c6f", ("text", "Hello"), id="a text message"),
        pytest.param(
            Role.SERVER, "818537fa213d7f9f4d5158", ("text", "Hello"), id="a masked text message"
        ),
        pytest.param(Role.CLIENT, "010348656c80026c6f", ("text", "Hello"), id="a fragmented one"),
        pytest.param(Role.CLIENT, "890548656c6c6f", ("ping", b"Hello"), id="a ping"),
        pytest.param(Role.SERVER, "8a8537fa213d7f9f4d5158", ("pong", b"Hello"), id="a pong"),
    ],
)
def test_the_examples_of_the_rfc_are_understood(role: Role, data: str, expected: Seen) -> None:
    assert seen_in_every_cut(bytes.fromhex(data), role) == [expected]


@both_roles
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128])
def test_messages_of_every_size_around_the_short_header_are_understood(
    size: int, role: Role
) -> None:
    payload = bytes(range(65, 65 + 26)) * 5
    data = stream(role, (BINARY, payload[:size], True), (TEXT, payload[:size], True))

    assert seen_in_every_cut(data, role) == [
        ("binary", payload[:size]),
        ("text", payload[:size].decode()),
    ]


@both_roles
@pytest.mark.parametrize("size", [65535, 65536, 200000])
def test_large_messages_are_understood_in_whatever_pieces(size: int, role: Role) -> None:
    text = "Grüße, " * (size // 9) + "x" * (size % 9)
    data = frame(TEXT, text.encode(), to=role) + frame(BINARY, text.encode(), to=role)

    for step in (len(data), 65536, 4093):
        protocol = WebSocketProtocol(role)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        assert events(protocol, *pieces) == [("text", text), ("binary", text.encode())]


@both_roles
def test_control_frames_may_come_between_fragments(role: Role) -> None:
    data = stream(
        role,
        (TEXT, b"a", False),
        (PING, b"1", True),
        (CONTINUATION, b"", False),
        (PONG, b"2", True),
        (CONTINUATION, b"b", True),
        (BINARY, b"", False),
        (CONTINUATION, b"", True),
        (CLOSE, b"", True),
    )

    assert seen_in_every_cut(data, role) == [
        ("ping", b"1"),
        ("pong", b"2"),
        ("text", "ab"),
        ("binary", b""),
        ("close", 1005, ""),
    ]


@both_roles
def test_many_messages_in_one_read_come_in_order(role: Role) -> None:
    protocol = WebSocketProtocol(role)
    data = b"".join(frame(TEXT, str(number).encode(), to=role) for number in range(1000))

    assert events(protocol, data) == [("text", str(number)) for number in range(1000)]


@both_roles
def test_a_character_may_be_divided_between_frames(role: Role) -> None:
    data = stream(
        role,
        (TEXT, EURO[:1], False),
        (CONTINUATION, EURO[1:2], False),
        (CONTINUATION, EURO[2:], True),
    )

    assert seen_in_every_cut(data, role) == [("text", "\u20ac")]


@both_roles
def test_text_keeps_its_line_ends_and_its_nul(role: Role) -> None:
    payload = b"a\r\nb\rc\n\0"
    data = stream(role, (TEXT, payload[:3], False), (CONTINUATION, payload[3:], True))

    assert seen_in_every_cut(data, role) == [("text", payload.decode())]


@both_roles
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
def test_a_close_gives_its_code_and_its_reason(code: int, role: Role) -> None:
    protocol = WebSocketProtocol(role)
    reason = "auf Wiedersehen, \u20ac"

    seen = events(protocol, frame(CLOSE, code.to_bytes(2, "big") + reason.encode(), to=role))

    assert seen == [("close", code, reason)]
    assert protocol.close_received
    assert (protocol.close_code, protocol.close_reason) == (code, reason)


@both_roles
def test_nothing_after_a_close_is_looked_at(role: Role) -> None:
    data = frame(CLOSE, to=role) + frame(TEXT, b"late", to=role) + b"\xff\xff\xff"

    assert seen_in_every_cut(data, role) == [("close", 1005, "")]


@both_roles
def test_before_a_close_the_code_is_that_of_a_connection_that_broke(role: Role) -> None:
    protocol = WebSocketProtocol(role)
    protocol.receive(frame(TEXT, b"Hello", to=role))

    assert not protocol.close_received
    assert (protocol.close_code, protocol.close_reason) == (1006, "")


@both_roles
def test_a_close_may_come_amid_a_fragmented_message(role: Role) -> None:
    data = stream(role, (TEXT, b"a", False), (CLOSE, b"\x03\xe8", True))

    assert seen_in_every_cut(data, role) == [("close", 1000, "")]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Ping(b"a"), "Ping(b'a')"),
        (Pong(b"a"), "Pong(b'a')"),
        (Close(1000, "a"), "Close(1000, 'a')"),
        (Failure(1002, "a"), "Failure(1002, 'a')"),
    ],
)
def test_events_show_what_they_hold(event: object, text: str) -> None:
    assert repr(event) == text
