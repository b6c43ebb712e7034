"""The WebSocket protocol without I/O: bytes in, events out, and messages to bytes.

This file owns the state of both directions and the cutting of bytes into frames. It knows no
socket, no loop and no clock, and answers nothing by itself: whoever has the connection sends the
pong, the echo of a close, the close frame after a failure. So the order of what is sent is always
the order in which events were dealt with.

Theory of operation: docs/design/websocket.md. Spec: RFC 6455 and RFC 7692.
"""

from __future__ import annotations

from typing import Final

from ._deflate import DeflateAgreement, Deflator, Inflator
from ._events import Close, Event, Failure, Ping, Pong
from ._frames import (
    ABNORMAL_CLOSURE,
    INVALID_DATA,
    MAX_CONTROL_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    close_payload,
    frame,
    is_sendable_close_code,
)
from ._masking import KEEP, REPEAT, SHORT, MaskSource, apply_mask, rotate_mask
from ._message import INVALID_UTF8, Message, decode
from ._states import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
    TRANSITIONS,
    Phase,
    Role,
)
from .errors import FragmentOrderError, ProtocolViolation, WebSocketClosedError

DEFAULT_MAX_MESSAGE_SIZE: Final = 10 * 1024 * 1024
"""Bytes of a message, decompressed: 10 MiB, as has always been documented."""

INFLATE_BUDGET: Final = 1024 * 1024
"""Bytes that one call of `receive` decompresses before it leaves further messages for the next: a
KiB on the wire may be a MiB of messages."""

_MESSAGE: Final = Phase.MESSAGE
_CLOSED: Final = Phase.CLOSED

_FIN_TEXT: Final = FIN | TEXT
_FIN_BINARY: Final = FIN | BINARY
_FIN_CLOSE: Final = FIN | CLOSE
_FIN_PING: Final = FIN | PING
_RSV: Final = 0x70
_COMPRESSED: Final = 0x40
"""RSV1. Spec: RFC 7692 section 6."""

_CONTROL: Final = 0x08
_OPCODE: Final = 0x0F
_FIN_AND_OPCODE: Final = 0x8F

_TEXT_HEADERS: Final = tuple(bytes((_FIN_TEXT, size)) for size in range(SHORT + 1))
_BINARY_HEADERS: Final = tuple(bytes((_FIN_BINARY, size)) for size in range(SHORT + 1))


class WebSocketProtocol:
    """One end of a WebSocket connection, after the handshake.

    `role`: which end this is. `deflate`: what the handshake agreed on, None for no compression.
    `max_message_size`: the most bytes that a message of the peer may have, decompressed; a longer
    one fails with 1009 as soon as it is announced.

    Not thread-safe. An idle one costs a few hundred bytes.
    """

    __slots__ = (
        "_budget",
        "_close_code",
        "_close_reason",
        "_deflator",
        "_held",
        "_inflator",
        "_key",
        "_mask",
        "_mask_bit",
        "_masks",
        "_message",
        "_missing",
        "_overhead",
        "_receiving",
        "_sending",
        "_sends_text",
        "_short",
        "has_more",
        "max_message_size",
    )

    def __init__(
        self,
        role: Role,
        deflate: DeflateAgreement | None = None,
        *,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        if max_message_size < 0:
            raise ValueError(f"max_message_size is {max_message_size} bytes, expected 0 or more")
        server = role is Role.SERVER
        self.max_message_size = max_message_size
        # Where the two directions stand.
        self._receiving = _MESSAGE
        self._sending = _MESSAGE
        # What the peer gave as the reason for closing.
        self._close_code = ABNORMAL_CLOSURE
        self._close_reason = ""
        # What frames of the peer look like: the mask bit of their second byte, the bytes of a short
        # header, and the most payload with which such a frame takes the shortest way.
        self._mask_bit = 0x80 if server else 0
        self._overhead = 6 if server else 2
        self._short = min(SHORT, max_message_size)
        # Bytes that are not a whole header or a whole control frame yet; or frames left for the
        # next call, where `has_more`.
        self._held = b""
        self.has_more = False
        # How much more this call of `receive` may decompress.
        self._budget = 0
        # The data frame that has come in part: the payload that is missing, its first byte without
        # the reserved bits, its mask for what comes next.
        self._missing = 0
        self._key = 0
        self._mask = b""
        # The message that has come in part.
        self._message: Message | None = None
        # Whether the fragments that are being sent are text.
        self._sends_text = False
        # Masks of frames that are sent; a server has none.
        self._masks: MaskSource | None = None if server else MaskSource()
        self._deflator: Deflator | None = None if deflate is None else deflate.deflator(role)
        self._inflator: Inflator | None = None if deflate is None else deflate.inflator(role)

    # Where the connection stands

    @property
    def close_sent(self) -> bool:
        """Whether this end has sent its close frame: it can send nothing more."""
        return self._sending is _CLOSED

    @property
    def close_received(self) -> bool:
        """Whether the peer's close frame has come."""
        return self._receiving is _CLOSED

    @property
    def receiving_ended(self) -> bool:
        """Whether further bytes are ignored: after the peer's close frame, or a failure."""
        return self._receiving is _CLOSED or self._receiving is Phase.FAILED

    @property
    def close_code(self) -> int:
        """The code that the peer has closed with: 1005 if it gave none, 1006 before it closes.

        Spec: RFC 6455 section 7.1.5.
        """
        return self._close_code

    @property
    def close_reason(self) -> str:
        """The reason that the peer has closed with, "" if none. Spec: RFC 6455 section 7.1.6."""
        return self._close_reason

    # Receiving

    def receive(self, data: bytes) -> list[Event]:
        """Take what came from the network; return what it means, in order.

        Text messages are `str`, binary ones `bytes`. After a Close or a Failure, which is the last
        event then, everything is ignored. While `has_more`, call it again with no data once these
        events have been dealt with.
        """
        events: list[Event] = []
        if self._held:
            data = self._held + data
            self._held = b""
        if self.receiving_ended:
            self.has_more = False
            return events
        self._budget = INFLATE_BUDGET
        self.has_more = False
        try:
            self._take_frames(data, self._take_rest(data, events) if self._missing else 0, events)
        except ProtocolViolation as violation:
            self._fail(violation.code, violation.reason, events)
        except UnicodeDecodeError:
            self._fail(INVALID_DATA, INVALID_UTF8, events)
        return events

    def _fail(self, code: int, reason: str, events: list[Event]) -> None:
        self._receiving = Phase.FAILED
        self._message = None
        self._missing = 0
        events.append(Failure(code, reason))

    def _take_frames(self, data: bytes, position: int, events: list[Event]) -> None:
        """Take all frames from `position` on; keep what is not enough of one."""
        size = len(data)
        mask_bit = self._mask_bit
        overhead = self._overhead
        short = self._short
        while size - position > 1:
            first = data[position]
            length = data[position + 1] ^ mask_bit
            start = position + overhead
            end = start + length
            if (
                length <= short
                and end <= size
                and (first == _FIN_TEXT or first == _FIN_BINARY)  # noqa: SIM109 (faster than `in`)
                and self._receiving is _MESSAGE
            ):
                # A short message in one frame: the commonest of all.
                if mask_bit:
                    # The mask and the payload, which are read as one number: the mask is its low 32
                    # bits, and falls out when these are shifted away.
                    number = int.from_bytes(data[start - 4 : end], "little")
                    key = (number & 0xFFFFFFFF) * REPEAT[(length + 7) >> 2]
                    number = (number ^ (key & KEEP[length + 4])) >> 32
                    payload = number.to_bytes(length, "little")
                else:
                    payload = data[start:end]
                events.append(payload.decode() if first == _FIN_TEXT else payload)
                position = end
                continue
            end = self._take_frame(data, position, events)
            if end < 0:
                break  # it has not come whole
            position = end
            if self._receiving is _CLOSED:
                return
            if self._budget <= 0 and position < size:
                self.has_more = True
                break
        if position < size:
            self._held = data[position:]

    def _take_frame(self, data: bytes, position: int, events: list[Event]) -> int:
        """Take the frame at `position`; return where it ends, -1 if more of it has to come first.

        Of a data frame, what has come of the payload is taken at once. Spec: RFC 6455 section 5.2.
        """
        first = data[position]
        self._check_first_byte(first)
        length = data[position + 1] ^ self._mask_bit
        if length > 127:
            raise ProtocolViolation(
                PROTOCOL_ERROR,
                "a frame without a mask" if self._mask_bit else "a frame with a mask",
            )
        if first & _CONTROL:
            return self._take_control(data, position, length, events)
        size = len(data)
        start = position + 2
        if length == 126:
            start += 2
            if size < start:
                return -1
            length = data[start - 2] << 8 | data[start - 1]
            if length < 126:
                raise ProtocolViolation(PROTOCOL_ERROR, "a length that is longer than need be")
        elif length == 127:
            start += 8
            if size < start:
                return -1
            length = int.from_bytes(data[start - 8 : start], "big")
            if length < 65536:
                raise ProtocolViolation(PROTOCOL_ERROR, "a length that is longer than need be")
            if length >> 63:
                raise ProtocolViolation(PROTOCOL_ERROR, "a length of more than 63 bits")
        self._check_size(first, length)
        mask = b""
        if self._mask_bit:
            start += 4
            if size < start:
                return -1
            mask = data[start - 4 : start]
        end = start + length
        if end <= size and self._receiving is _MESSAGE and first & FIN:
            payload = data[start:end]
            events.append(self._whole(first, apply_mask(payload, mask) if mask else payload))
            return end
        return self._begin_frame(data, first, start, length, mask, events)

    def _check_first_byte(self, first: int) -> None:
        if first & _FIN_AND_OPCODE not in TRANSITIONS[self._receiving]:
            raise ProtocolViolation(PROTOCOL_ERROR, self._objection(first))
        reserved = first & _RSV
        if reserved and (
            reserved != _COMPRESSED
            or self._inflator is None
            or first & _CONTROL
            or first & _OPCODE == CONTINUATION
        ):
            raise ProtocolViolation(PROTOCOL_ERROR, "a reserved bit that is set")

    def _objection(self, first: int) -> str:
        opcode = first & _OPCODE
        if opcode in (CLOSE, PING, PONG):
            return "a fragmented control frame"
        if opcode == CONTINUATION:
            return "a continuation of no message"
        if opcode in (TEXT, BINARY):
            return "a message within a fragmented message"
        return "a reserved opcode"

    def _check_size(self, first: int, length: int) -> None:
        """Refuse a message as soon as it is announced to be longer than may be.

        What a compressed one becomes is seen when it is decompressed.
        """
        message = self._message
        if first & _OPCODE == CONTINUATION:
            assert message is not None  # or the continuation would have been refused
            compressed = message.compressed
            length += message.size
        else:
            compressed = bool(first & _COMPRESSED)
        if length > self.max_message_size and not compressed:
            raise ProtocolViolation(MESSAGE_TOO_BIG, "message too big")

    def _whole(self, first: int, payload: bytes) -> str | bytes:
        """Return the message that a single frame is."""
        if first & _COMPRESSED:
            assert self._inflator is not None  # or the bit would have been refused
            payload = self._inflator.inflate(payload, True, self.max_message_size)
            self._budget -= len(payload)
        return decode(payload) if first & _OPCODE == TEXT else payload

    # Control frames

    def _take_control(self, data: bytes, position: int, length: int, events: list[Event]) -> int:
        """Take a control frame. Spec: RFC 6455 section 5.5."""
        if length > MAX_CONTROL_PAYLOAD:
            raise ProtocolViolation(PROTOCOL_ERROR, "a control frame of more than 125 bytes")
        start = position + self._overhead
        end = start + length
        if end > len(data):
            return -1
        payload = data[start:end]
        if self._mask_bit:
            payload = apply_mask(payload, data[start - 4 : start])
        first = data[position]
        self._receiving = TRANSITIONS[self._receiving][first]
        if first == _FIN_PING:
            events.append(Ping(payload))
        elif first == _FIN_CLOSE:
            events.append(self._close(payload))
        else:
            events.append(Pong(payload))
        return end

    def _close(self, payload: bytes) -> Close:
        """Read a close frame. Spec: RFC 6455 sections 5.5.1 and 7.4."""
        if not payload:
            self._close_code = NO_STATUS
            return Close(NO_STATUS, "")
        if len(payload) == 1:
            raise ProtocolViolation(PROTOCOL_ERROR, "a close frame of one byte")
        code = payload[0] << 8 | payload[1]
        if not is_sendable_close_code(code):
            raise ProtocolViolation(PROTOCOL_ERROR, "an invalid close code")
        self._close_reason = decode(payload[2:])
        self._close_code = code
        self._message = None
        return Close(code, self._close_reason)

    # Data frames that come in part, or belong to a fragmented message

    def _begin_frame(
        self, data: bytes, first: int, start: int, length: int, mask: bytes, events: list[Event]
    ) -> int:
        opcode = first & _OPCODE
        if opcode != CONTINUATION:
            self._message = Message(opcode == TEXT, bool(first & _COMPRESSED))
        self._key = first & _FIN_AND_OPCODE
        self._mask = mask
        self._missing = length
        return self._take_payload(data, start, events)

    def _take_rest(self, data: bytes, events: list[Event]) -> int:
        """Take what belongs to the frame that came in part; return where it ends."""
        return self._take_payload(data, 0, events)

    def _take_payload(self, data: bytes, start: int, events: list[Event]) -> int:
        """Take, from `start` on, as much of a frame's payload as has come; return where it ends."""
        message = self._message
        assert message is not None  # made when the frame began
        end = min(start + self._missing, len(data))
        payload = data[start:end]
        self._missing -= len(payload)
        if self._mask:
            payload = apply_mask(payload, self._mask)
            self._mask = rotate_mask(self._mask, len(payload))
        last = not self._missing and bool(self._key & FIN)
        if message.compressed:
            assert self._inflator is not None  # or the message would have been refused
            limit = self.max_message_size - message.size
            payload = self._inflator.inflate(payload, last, limit)
            self._budget -= len(payload)
        message.add(payload)
        if not self._missing:
            self._receiving = TRANSITIONS[self._receiving][self._key]
            if last:
                self._message = None
                events.append(message.finish())
        return end

    # Sending

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

    def _message_frame(self, opcode: int, payload: bytes) -> bytes:
        first = FIN | opcode
        self._advance(first)
        if self._deflator is not None:
            first |= _COMPRESSED
            payload = self._deflator.deflate(payload)
        return frame(first, payload, self._masks)

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
                first |= _COMPRESSED
        return frame(first, payload, self._masks)

    def send_ping(self, data: bytes = b"") -> bytes:
        """Return the bytes of a ping; `data`, at most 125 bytes, comes back in the pong.

        Raises WebSocketClosedError after `send_close`, ValueError for more data.
        """
        return self._control_frame(_FIN_PING, data)

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
        return self._control_frame(_FIN_CLOSE, close_payload(code, reason))

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
