"""The draft before RFC 6455, "draft76" or "hixie-76": its handshake, and its framing without I/O.

Off by default, for it lets a page make a proxy believe what the page likes. There is text, and a
close without a reason; no binary data, no pings, no fragments.

Source: draft-hixie-thewebsocketprotocol-76, sections 1.2, 1.3, 5.2 and 5.3.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from typing import Final

from ostro.httputil import ByteStream, HTTPHeaders
from ostro.ioloop import NEVER, Sweeper

from ._events import Close, Event, Failure
from ._frames import ABNORMAL_CLOSURE, INVALID_DATA, MESSAGE_TOO_BIG, NO_STATUS, PROTOCOL_ERROR
from ._message import INVALID_UTF8
from .errors import HandshakeError, WebSocketClosedError

KEY3_SIZE: Final = 8
"""Bytes that follow the header of the request: the third part of the key."""

OPENING_TIMEOUT: Final = 10.0
"""Seconds that those bytes may take."""

_NOT_DIGITS: Final = re.compile(r"[^0-9]+")

_START: Final = 0x00
_END: Final = b"\xff"
_CLOSING: Final = b"\xff\x00"


# The handshake


def is_draft76(headers: HTTPHeaders) -> bool:
    """Tell whether a request is a handshake of the draft."""
    return "Sec-Websocket-Key1" in headers and "Sec-Websocket-Key2" in headers


def check_draft76_request(method: str, headers: HTTPHeaders) -> bytes:
    """Check the header of a handshake; return the first half of what the answer is a digest of.

    Raises HandshakeError.
    """
    if method != "GET":
        raise HandshakeError("a WebSocket handshake is a GET request")
    if headers.get("Upgrade", "").lower() != "websocket":
        raise HandshakeError('Can "Upgrade" only to "WebSocket".')
    if headers.get("Connection", "").lower() != "upgrade":
        raise HandshakeError('"Connection" must be "Upgrade".')
    if "Origin" not in headers:
        raise HandshakeError("Origin is missing")
    return _number(headers["Sec-Websocket-Key1"]) + _number(headers["Sec-Websocket-Key2"])


def _number(key: str) -> bytes:
    """Return the number that a key hides: its digits, divided by the number of its spaces."""
    digits = _NOT_DIGITS.sub("", key)
    spaces = key.count(" ")
    # Ten digits are what 32 bits and twelve spaces can need; more would only cost time.
    if not 0 < len(digits) <= 12 or not spaces or int(digits) % spaces:
        raise HandshakeError("a key of the WebSocket handshake is malformed")
    number = int(digits) // spaces
    if number >> 32:
        raise HandshakeError("a key of the WebSocket handshake is malformed")
    return number.to_bytes(4, "big")


def draft76_digest(numbers: bytes, key3: bytes) -> bytes:
    """Return the sixteen bytes that show that the server has understood the handshake."""
    return hashlib.md5(numbers + key3, usedforsecurity=False).digest()


def draft76_response_headers(origin: str, location: str, subprotocol: str | None) -> HTTPHeaders:
    """Return the header of the 101 response; `location` is the URL of this WebSocket."""
    headers = HTTPHeaders()
    headers["Upgrade"] = "WebSocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-Websocket-Origin"] = origin
    headers["Sec-Websocket-Location"] = location
    if subprotocol is not None:
        headers["Sec-Websocket-Protocol"] = subprotocol
    return headers


class Draft76Opening:
    """Waits for the eight bytes after the header; the header is answered already, as proxies hold
    them back until it is.

    Calls `opened` once the digest has been sent, with the stream ready to be read; `failed` if they
    do not come.
    """

    __slots__ = ("_failed", "_key3", "_numbers", "_opened", "_stream", "_sweeper", "deadline")

    def __init__(
        self,
        stream: ByteStream,
        numbers: bytes,
        sweeper: Sweeper,
        opened: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._numbers = numbers
        self._sweeper = sweeper
        self._opened = opened
        self._failed = failed
        self._key3 = b""
        self.deadline = sweeper.clock() + OPENING_TIMEOUT

    def start(self) -> None:
        """Begin to read."""
        self._sweeper.watch(self)
        self._stream.set_receiver(self)

    def data_received(self, data: bytes) -> None:
        """Take the next bytes of the key."""
        self._key3 += data
        if len(self._key3) < KEY3_SIZE:
            return
        self._end()
        stream = self._stream
        stream.set_receiver(None)
        stream.unread(self._key3[KEY3_SIZE:])
        stream.write(draft76_digest(self._numbers, self._key3[:KEY3_SIZE]))
        self._opened()

    def eof_received(self) -> None:
        """Give up: nothing more comes."""
        self._stream.close()

    def drained(self) -> None:
        """Nothing waits for that."""

    def connection_lost(self, error: BaseException | None) -> None:
        """Give up: the stream is closed."""
        self._end()
        self._failed()

    def expire(self, now: float) -> None:
        """Give up: it takes too long."""
        self._stream.close()

    def _end(self) -> None:
        self.deadline = NEVER
        self._sweeper.forget(self)


# The framing


class Draft76Protocol:
    """The server's end of a connection, with the methods of `WebSocketProtocol`."""

    __slots__ = (
        "_buffer",
        "_closing",
        "_ended",
        "_in_message",
        "close_code",
        "close_reason",
        "close_sent",
        "has_more",
        "max_message_size",
    )

    def __init__(self, max_message_size: int) -> None:
        self.max_message_size = max_message_size
        self.close_code = ABNORMAL_CLOSURE
        self.close_reason = ""
        self.close_sent = False
        self.has_more = False
        # Whether the peer has closed, or failed: further bytes are ignored.
        self._ended = False
        # A message that has come in part; and the first byte of a close, of which one is to come.
        self._buffer = BytesIO()
        self._in_message = False
        self._closing = False

    def receive(self, data: bytes) -> list[Event]:
        """Take what came from the network; see `WebSocketProtocol.receive`."""
        events: list[Event] = []
        position = 0
        while position < len(data) and not self._ended:
            if self._in_message:
                position = self._take_text(data, position, events)
            else:
                self._take_type(data[position], events)
                position += 1
        return events

    def _take_type(self, kind: int, events: list[Event]) -> None:
        """Take the first byte of a frame, or the second one of a close."""
        if self._closing and kind == _START:
            self._ended = True
            self.close_code = NO_STATUS
            events.append(Close(NO_STATUS, ""))
        elif kind == _START:
            self._in_message = True
        elif kind == _CLOSING[0] and not self._closing:
            self._closing = True
        else:
            self._fail(PROTOCOL_ERROR, "a frame of unknown type", events)

    def _take_text(self, data: bytes, position: int, events: list[Event]) -> int:
        end = data.find(_END, position)
        text = data[position:] if end < 0 else data[position:end]
        self._buffer.write(text)
        if self._buffer.tell() > self.max_message_size:
            self._fail(MESSAGE_TOO_BIG, "message too big", events)
        elif end >= 0:
            self._in_message = False
            message, self._buffer = self._buffer.getvalue(), BytesIO()
            try:
                events.append(message.decode())
            except UnicodeDecodeError:
                self._fail(INVALID_DATA, INVALID_UTF8, events)
        return len(data) if end < 0 else end + 1

    def _fail(self, code: int, reason: str, events: list[Event]) -> None:
        self._ended = True
        events.append(Failure(code, reason))

    def send_text(self, text: str) -> bytes:
        """Return the bytes of a text message. Raises as `WebSocketProtocol.send_text`."""
        self._check_open()
        return b"\x00" + text.encode() + _END

    def send_binary(self, data: bytes) -> bytes:
        """Raise ValueError: the draft has no binary messages."""
        raise ValueError("binary messages are not supported by this version of the protocol")

    def send_apart(self, message: str | bytes) -> tuple[bytes, bytes]:
        """Return the bytes of a message, and nothing: what is sent here is copied anyhow."""
        sending = self.send_text(message) if isinstance(message, str) else self.send_binary(message)
        return sending, b""

    def send_ping(self, data: bytes = b"") -> bytes:
        """Raise ValueError: the draft has no pings."""
        raise ValueError("pings are not supported by this version of the protocol")

    def send_pong(self, data: bytes = b"") -> bytes:
        """Raise ValueError: the draft has no pongs."""
        raise ValueError("pongs are not supported by this version of the protocol")

    def send_close(self, code: int | None = None, reason: str = "") -> bytes:
        """Return the bytes of the close, which gives no reason, whatever it is."""
        self._check_open()
        self.close_sent = True
        return _CLOSING

    def _check_open(self) -> None:
        if self.close_sent:
            raise WebSocketClosedError
