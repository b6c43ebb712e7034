"""What the tests of the protocol share: frames made by hand, and what a protocol makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ostro.websocket import Close, Event, Failure, Ping, Pong, Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement

Seen: TypeAlias = tuple[object, ...]
"""An event in a form that compares."""

MASK = b"\x37\xfa\x21\x3d"
"""The mask of RFC 6455 section 5.7."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

BOTH_ROLES = (Role.SERVER, Role.CLIENT)


def xor(data: bytes, mask: bytes) -> bytes:
    """Mask the way the RFC describes it, byte by byte."""
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    to: Role,
    fin: bool = True,
    rsv: int = 0,
    length: int | None = None,
    masked: bool | None = None,
    mask: bytes = MASK,
) -> bytes:
    """Return a frame for the end in the role `to`; whatever is asked for is made, legal or not.

    `length` is the number of bytes that the length takes: 1, 3 or 9. `rsv` holds the reserved bits,
    4 for RSV1.
    """
    size = len(payload)
    if masked is None:
        masked = to is Role.SERVER
    if length is None:
        length = 1 if size < 126 else 3 if size < 65536 else 9
    flag = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length == 1:
        head += bytes([flag | size])
    elif length == 3:
        head += bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([flag | 127]) + size.to_bytes(8, "big")
    return head + mask + xor(payload, mask) if masked else head + payload


def describe(event: Event) -> Seen:
    if isinstance(event, str):
        return ("text", event)
    if isinstance(event, bytes):
        return ("binary", event)
    if isinstance(event, Ping):
        return ("ping", event.data)
    if isinstance(event, Pong):
        return ("pong", event.data)
    assert isinstance(event, Close | Failure)
    return ("close" if isinstance(event, Close) else "failure", event.code, event.reason)


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield `data` whole, in two at every byte, and byte by byte."""
    yield [data]
    for index in range(1, len(data)):
        yield [data[:index], data[index:]]
    yield [data[index : index + 1] for index in range(len(data))]


def events(protocol: WebSocketProtocol, *pieces: bytes) -> list[Seen]:
    """Feed a protocol, as a connection does; return all that it reports."""
    seen: list[Seen] = []
    for piece in pieces:
        seen += map(describe, protocol.receive(piece))
        while protocol.has_more:
            seen += map(describe, protocol.receive(b""))
    return seen


def seen_in_every_cut(
    data: bytes,
    role: Role,
    deflate: DeflateAgreement | None = None,
    *,
    max_message_size: int = 1000000,
) -> list[Seen]:
    """Return what an end in that role makes of `data`, which is the same however it is cut."""

    def protocol() -> WebSocketProtocol:
        return WebSocketProtocol(role, deflate, max_message_size=max_message_size)

    whole = events(protocol(), data)
    for pieces in cuts(data):
        assert events(protocol(), *pieces) == whole, pieces
    return whole
