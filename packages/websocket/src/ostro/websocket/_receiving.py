"""The receiving half of the protocol: bytes to frames, frames to messages.

This file owns the state of what the peer sends. It answers nothing: see `_protocol`.

Spec: RFC 6455 sections 5 and 8.1, RFC 7692 section 7.2.2.
"""

from __future__ import annotations

from typing import Final

from ._deflate import Inflator
from ._events import Close, Event, Failure, Ping, Pong
from ._frames import (
    ABNORMAL_CLOSURE,
    INVALID_DATA,
    MAX_CONTROL_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    is_sendable_close_code,
)
from ._masking import KEEP, REPEAT, SHORT, apply_mask, rotate_mask
from ._message import INVALID_UTF8, Message, decode
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
)
from .errors import ProtocolViolation

INFLATE_BUDGET: Final = 1024 * 1024
"""Bytes that one call of `receive` decompresses before it leaves further messages for the next: a
KiB on the wire may be a MiB of messages."""

_MESSAGE: Final = Phase.MESSAGE
_CLOSED: Final = Phase.CLOSED
_FAILED: Final = Phase.FAILED

_FIN_TEXT: Final = FIN | TEXT
_FIN_BINARY: Final = FIN | BINARY
_FIN_CLOSE: Final = FIN | CLOSE
_FIN_PING: Final = FIN | PING
_RSV: Final = 0x70
_CONTROL: Final = 0x08
_OPCODE: Final = 0x0F
_FIN_AND_OPCODE: Final = 0x8F


class FrameReceiver:
    """What the peer sends, as far as it has come.

    `masked`: whether its frames have to be masked. `inflator`: decompresses, where that was agreed
    on. `max_message_size`: bytes.
    """

    __slots__ = (
        "_budget",
        "_held",
        "_inflator",
        "_key",
        "_mask",
        "_mask_bit",
        "_message",
        "_missing",
        "_overhead",
        "_receiving",
        "_short",
        "close_code",
        "close_reason",
        "has_more",
        "max_message_size",
    )

    def __init__(self, masked: bool, inflator: Inflator | None, max_message_size: int) -> None:
        if max_message_size < 0:
            raise ValueError(f"max_message_size is {max_message_size} bytes, expected 0 or more")
        self.max_message_size = max_message_size
        self._receiving = _MESSAGE
        # Why the peer has closed: 1005 where it gave no code, 1006 where it has not closed.
        # RFC 6455 sections 7.1.5 and 7.1.6.
        self.close_code = ABNORMAL_CLOSURE
        self.close_reason = ""
        # What frames of the peer look like: the mask bit of their second byte, the bytes of a short
        # header, and the most payload with which such a frame takes the shortest way.
        self._mask_bit = 0x80 if masked else 0
        self._overhead = 6 if masked else 2
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
        self._inflator = inflator

    @property
    def close_received(self) -> bool:
        """Whether the peer's close frame has come."""
        return self._receiving is _CLOSED

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
        if self._receiving is _CLOSED or self._receiving is _FAILED:
            self.has_more = False
            return events
        self._budget = INFLATE_BUDGET
        self.has_more = False
        try:
            start = self._take_payload(data, 0, events) if self._missing else 0
            self._take_frames(data, start, events)
        except ProtocolViolation as violation:
            self._fail(violation.code, violation.reason, events)
        except UnicodeDecodeError:
            self._fail(INVALID_DATA, INVALID_UTF8, events)
        return events

    def _fail(self, code: int, reason: str, events: list[Event]) -> None:
        self._receiving = _FAILED
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
            reserved != COMPRESSED
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
            compressed = bool(first & COMPRESSED)
        if length > self.max_message_size and not compressed:
            raise ProtocolViolation(MESSAGE_TOO_BIG, "message too big")

    def _whole(self, first: int, payload: bytes) -> str | bytes:
        """Return the message that a single frame is."""
        if first & COMPRESSED:
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
            self.close_code = NO_STATUS
            return Close(NO_STATUS, "")
        if len(payload) == 1:
            raise ProtocolViolation(PROTOCOL_ERROR, "a close frame of one byte")
        code = payload[0] << 8 | payload[1]
        if not is_sendable_close_code(code):
            raise ProtocolViolation(PROTOCOL_ERROR, "an invalid close code")
        self.close_reason = decode(payload[2:])
        self.close_code = code
        self._message = None
        return Close(code, self.close_reason)

    # Data frames that come in part, or belong to a fragmented message

    def _begin_frame(
        self, data: bytes, first: int, start: int, length: int, mask: bytes, events: list[Event]
    ) -> int:
        opcode = first & _OPCODE
        if opcode != CONTINUATION:
            self._message = Message(opcode == TEXT, bool(first & COMPRESSED))
        self._key = first & _FIN_AND_OPCODE
        self._mask = mask
        self._missing = length
        return self._take_payload(data, start, events)

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
