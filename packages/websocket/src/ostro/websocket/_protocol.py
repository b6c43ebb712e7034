"""The WebSocket protocol without I/O: bytes in, events out, and messages to bytes.

This file owns the sending half and the whole; receiving is in `_receiving`. Neither knows a socket,
a loop or a clock, and neither answers anything by itself: whoever has the connection sends the
pong, the echo of a close, the close frame after a failure. So the order of what is sent is always
the order in which events were dealt with.

Theory of operation: docs/design/websocket.md. Spec: RFC 6455 and RFC 7692.
"""

from __future__ import annotations

from typing import Final

from ._deflate import DeflateAgreement, Deflator
from ._frames import MAX_CONTROL_PAYLOAD, close_payload, frame, header_and_payload
from ._masking import SHORT, MaskSource
from ._receiving import FrameReceiver
from ._states import (
    BINARY,
    CLOSE,
    COMPRESSED,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
    TRANSITIONS,
    Phase,
    Role,
)
from .errors import FragmentOrderError, WebSocketClosedError

DEFAULT_MAX_MESSAGE_SIZE: Final = 10 * 1024 * 1024
"""Bytes of a message, decompressed: 10 MiB, as has always been documented."""

_MESSAGE: Final = Phase.MESSAGE
_CLOSED: Final = Phase.CLOSED

_TEXT_HEADERS: Final = tuple(bytes((FIN | TEXT, size)) for size in range(SHORT + 1))
_BINARY_HEADERS: Final = tuple(bytes((FIN | BINARY, size)) for size in range(SHORT + 1))


class WebSocketProtocol(FrameReceiver):
    """One end of a WebSocket connection, after the handshake.

    `role`: which end this is. `deflate`: what the handshake agreed on, None for no compression.
    `max_message_size`: the most bytes that a message of the peer may have, decompressed; a longer
    one fails with 1009 as soon as it is announced.

    Not thread-safe. An idle one costs a few hundred bytes.
    """

    __slots__ = ("_deflator", "_masks", "_sending", "_sends_text")

    def __init__(
        self,
        role: Role,
        deflate: DeflateAgreement | None = None,
        *,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        server = role is Role.SERVER
        inflator = None if deflate is None else deflate.inflator(role)
        super().__init__(server, inflator, max_message_size)
        self._sending = _MESSAGE
        # Whether the fragments that are being sent are text.
        self._sends_text = False
        # Masks of frames that are sent; a server has none.
        self._masks: MaskSource | None = None if server else MaskSource()
        self._deflator: Deflator | None = None if deflate is None else deflate.deflator(role)

    @property
    def close_sent(self) -> bool:
        """Whether this end has sent its close frame: it can send nothing more."""
        return self._sending is _CLOSED

    def send_text(self, text: str) -> bytes:
        """Return the bytes of a text message.

        Raises as `send_binary`, and UnicodeEncodeError for text with lone surrogates.
        """
        payload = text.encode()
        if self._sending is _MESSAGE and self._masks is None and self._deflator is None:
            size = len(payload)
            if size <= SHORT:
                return _TEXT_HEADERS[size] + payload
        return self._message_frame(TEXT, payload)

    def send_binary(self, data: bytes) -> bytes:
        """Return the bytes of a binary message.

        Raises WebSocketClosedError after `send_close`, FragmentOrderError while a fragmented
        message is being sent.
        """
        if self._sending is _MESSAGE and self._masks is None and self._deflator is None:
            size = len(data)
            if size <= SHORT:
                return _BINARY_HEADERS[size] + data
        return self._message_frame(BINARY, data)

    def send_apart(self, message: str | bytes) -> tuple[bytes, bytes]:
        """Return the bytes of a message in two parts, to be sent one after the other: so a large
        one is not copied.

        Raises as `send_text`.
        """
        if isinstance(message, str):
            return self._message_parts(TEXT, message.encode())
        return self._message_parts(BINARY, message)

    def _message_frame(self, opcode: int, payload: bytes) -> bytes:
        header, payload = self._message_parts(opcode, payload)
        return header + payload

    def _message_parts(self, opcode: int, payload: bytes) -> tuple[bytes, bytes]:
        first = FIN | opcode
        self._advance(first)
        if self._deflator is not None:
            first |= COMPRESSED
            payload = self._deflator.deflate(payload)
        return header_and_payload(first, payload, self._masks)

    def send_fragment(self, data: str | bytes, final: bool) -> bytes:
        """Return the bytes of the next fragment of a message; `final` says that it is the last.

        The first one begins the message, and its type is that of the message: give text for text,
        bytes for binary. Pings, pongs and a close may be sent between fragments. A character may
        not be divided.

        Raises as `send_binary`, and TypeError for a fragment of the other type.
        """
        text = isinstance(data, str)
        payload = data.encode() if isinstance(data, str) else data
        opcode = TEXT if text else BINARY
        if self._sending is Phase.FRAGMENT:
            if text is not self._sends_text:
                raise TypeError("the fragments of a message have to be all text or all bytes")
            opcode = CONTINUATION
        first = opcode | FIN if final else opcode
        self._advance(first)
        self._sends_text = text
        if self._deflator is not None:
            payload = self._deflator.deflate(payload, final)
            if opcode != CONTINUATION:
                first |= COMPRESSED
        return frame(first, payload, self._masks)

    def send_ping(self, data: bytes = b"") -> bytes:
        """Return the bytes of a ping; `data`, at most 125 bytes, comes back in the pong.

        Raises WebSocketClosedError after `send_close`, ValueError for more data.
        """
        return self._control_frame(FIN | PING, data)

    def send_pong(self, data: bytes = b"") -> bytes:
        """Return the bytes of a pong: of the answer to a ping with this data, or unasked.

        Raises as `send_ping`.
        """
        return self._control_frame(FIN | PONG, data)

    def send_close(self, code: int | None = None, reason: str = "") -> bytes:
        """Return the bytes of the close frame: nothing can be sent after it.

        `code` None gives no reason for closing; else it is 1000 to 1003, 1007 to 1014 or 3000 to
        4999. `reason` has at most 123 bytes of UTF-8.

        Raises WebSocketClosedError if it was called before, ValueError for another code, a longer
        reason, or a reason without a code.
        """
        return self._control_frame(FIN | CLOSE, close_payload(code, reason))

    def _control_frame(self, first: int, payload: bytes) -> bytes:
        if len(payload) > MAX_CONTROL_PAYLOAD:
            raise ValueError(
                f"a control frame of {len(payload)} bytes, expected at most {MAX_CONTROL_PAYLOAD}"
            )
        self._advance(first)
        return frame(first, payload, self._masks)

    def _advance(self, first: int) -> None:
        """Note that a frame is sent; `first` is its first byte without reserved bits."""
        following = TRANSITIONS[self._sending].get(first)
        if following is None:
            if self._sending is _CLOSED:
                raise WebSocketClosedError
            raise FragmentOrderError("a fragmented message is being sent")
        self._sending = following
