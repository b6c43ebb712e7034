"""Frames that are sent, and what may not be."""

from collections.abc import Callable

import pytest

from ostro.websocket import (
    FragmentOrderError,
    Role,
    WebSocketClosedError,
    WebSocketProtocol,
)

from .support import BOTH_ROLES, Seen, events, xor

both_roles = pytest.mark.parametrize("role", BOTH_ROLES)


def peer_of(role: Role) -> WebSocketProtocol:
    return WebSocketProtocol(Role.CLIENT if role is Role.SERVER else Role.SERVER)


def test_a_server_sends_the_examples_of_the_rfc() -> None:
    server = WebSocketProtocol(Role.SERVER)

    assert server.send_text("Hello").hex() == "810548656c6c6f"
    assert server.send_fragment("Hel", final=False).hex() == "010348656c"
    assert server.send_fragment("lo", final=True).hex() == "80026c6f"
    assert server.send_ping(b"Hello").hex() == "890548656c6c6f"
    assert server.send_pong(b"Hello").hex() == "8a0548656c6c6f"
    assert server.send_binary(bytes(256))[:4].hex() == "827e0100"
    assert server.send_binary(bytes(65536))[:10].hex() == "827f0000000000010000"


def test_a_client_masks_each_frame_with_another_mask() -> None:
    client = WebSocketProtocol(Role.CLIENT)

    frames = [client.send_text("Hello") for _ in range(200)]

    assert all(frame[:2].hex() == "8185" for frame in frames)
    assert all(xor(frame[6:], frame[2:6]) == b"Hello" for frame in frames)
    assert len({frame[2:6] for frame in frames}) > 190


@both_roles
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 100000])
def test_messages_of_every_size_arrive(size: int, role: Role) -> None:
    sender = WebSocketProtocol(role)
    data = bytes(range(97, 123)) * (size // 26 + 1)

    sent = sender.send_binary(data[:size]) + sender.send_text(data[:size].decode())

    assert events(peer_of(role), sent) == [("binary", data[:size]), ("text", data[:size].decode())]


@both_roles
def test_control_frames_go_between_fragments(role: Role) -> None:
    sender = WebSocketProtocol(role)

    sent = [
        sender.send_fragment(b"a", final=False),
        sender.send_ping(b"1"),
        sender.send_fragment(b"", final=False),
        sender.send_pong(),
        sender.send_fragment(b"b", final=True),
        sender.send_fragment("c", final=True),
        sender.send_close(1001, "bye"),
    ]

    assert events(peer_of(role), *sent) == [
        ("ping", b"1"),
        ("pong", b""),
        ("binary", b"ab"),
        ("text", "c"),
        ("close", 1001, "bye"),
    ]


@both_roles
def test_no_other_message_goes_between_fragments(role: Role) -> None:
    sender = WebSocketProtocol(role)
    sender.send_fragment("a", final=False)

    with pytest.raises(FragmentOrderError):
        sender.send_text("b")
    with pytest.raises(FragmentOrderError):
        sender.send_binary(b"b")
    with pytest.raises(TypeError, match="all text or all bytes"):
        sender.send_fragment(b"b", final=True)
    assert events(peer_of(role), sender.send_fragment("c", final=True))[0][0] == "failure"
    sender.send_text("d")


@both_roles
def test_nothing_is_sent_after_a_close(role: Role) -> None:
    sender = WebSocketProtocol(role)
    before = sender.close_sent
    sender.send_close()

    assert (before, sender.close_sent) == (False, True)
    sends: list[Callable[[], bytes]] = [
        lambda: sender.send_text("a"),
        lambda: sender.send_binary(b"a"),
        lambda: sender.send_fragment("a", final=True),
        lambda: sender.send_ping(),
        lambda: sender.send_pong(),
        lambda: sender.send_close(),
    ]
    for send in sends:
        with pytest.raises(WebSocketClosedError, match="closed"):
            send()


@both_roles
def test_what_comes_is_still_understood_after_a_close_was_sent(role: Role) -> None:
    sender, peer = WebSocketProtocol(role), peer_of(role)
    sender.send_close(1000)

    assert events(sender, peer.send_text("late"), peer.send_close(1000)) == [
        ("text", "late"),
        ("close", 1000, ""),
    ]


@both_roles
@pytest.mark.parametrize(
    ("code", "reason", "seen"),
    [
        (None, "", ("close", 1005, "")),
        (1000, "", ("close", 1000, "")),
        (1011, "x" * 123, ("close", 1011, "x" * 123)),
        (3000, "\u20ac", ("close", 3000, "\u20ac")),
        (4999, "", ("close", 4999, "")),
    ],
)
def test_a_close_says_why(code: int | None, reason: str, seen: Seen, role: Role) -> None:
    assert events(peer_of(role), WebSocketProtocol(role).send_close(code, reason)) == [seen]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, -1, 65536])
def test_a_close_code_that_must_not_be_sent_is_refused(code: int) -> None:
    sender = WebSocketProtocol(Role.SERVER)

    with pytest.raises(ValueError, match=f"close code {code}, expected 1000 to 1003"):
        sender.send_close(code)
    sender.send_close(1000)  # nothing had been sent


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("x" * 124, "124 bytes, expected at most 123"),
        ("\u20ac" * 42, "126 bytes, expected at most 123"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_a_close_reason_that_cannot_be_sent_is_refused(reason: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WebSocketProtocol(Role.SERVER).send_close(1000, reason)


def test_a_close_reason_needs_a_code() -> None:
    with pytest.raises(ValueError, match="needs a close code"):
        WebSocketProtocol(Role.SERVER).send_close(None, "bye")


@both_roles
def test_a_ping_has_at_most_125_bytes(role: Role) -> None:
    sender = WebSocketProtocol(role)

    assert events(peer_of(role), sender.send_ping(b"x" * 125)) == [("ping", b"x" * 125)]
    with pytest.raises(ValueError, match="126 bytes, expected at most 125"):
        sender.send_ping(b"x" * 126)
    with pytest.raises(ValueError, match="126 bytes, expected at most 125"):
        sender.send_pong(b"x" * 126)


def test_text_with_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        WebSocketProtocol(Role.SERVER).send_text("\ud800")
