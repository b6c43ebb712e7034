"""What both roles share: receiving heads and bodies, sending bodies, going on to the next message.

Owns the receive buffer and the state of both directions. What a head means is the business of
`_server` and `_client`. There is no I/O here: `receive` takes what came from the network, `send_*`
return what goes there.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final

from ostro.httputil import HTTPHeaders

from ._bodies import BodyReader, ChunkedReader, CountedReader, UntilCloseReader
from ._buffer import ReceiveBuffer
from ._encoding import encode_trailers
from ._events import END_OF_MESSAGE, PAUSED, EndOfMessage, Event, RequestHead
from ._fields import explain_fields
from ._limits import DEFAULT_LIMITS, Limits
from ._states import Receiving, Sending
from .errors import IncompleteMessage, LocalProtocolError, RemoteProtocolError

_HEAD: Final = Receiving.HEAD
_BODY: Final = Receiving.BODY
_DONE: Final = Receiving.DONE
_SWITCHED: Final = Receiving.SWITCHED
_FAILED: Final = Receiving.FAILED
_IDLE: Final = Sending.IDLE
_COUNTED: Final = Sending.COUNTED
_CHUNKED: Final = Sending.CHUNKED
_UNTIL_CLOSE: Final = Sending.UNTIL_CLOSE
_SWALLOWED: Final = Sending.SWALLOWED
_EMPTY: Final = Sending.EMPTY
_RAW: Final = Sending.RAW
_SENT: Final = Sending.SENT

# RFC 8446 section 5.1: the type of the first record of a connection.
_TLS_HANDSHAKE: Final = 22


class Connection(ABC):
    """One HTTP/1.1 connection, seen from one end. Use `ServerCodec` or `ClientCodec`.

    Feed what arrives to `receive`, then call `next_event` until it returns `NEED_DATA` or `PAUSED`.
    Send what the `send_*` methods return, in order. When both messages of an exchange are complete,
    `start_next_cycle` begins another on the same connection, where `can_keep_alive` permits.

    Not thread-safe.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_empty_lines",
        "_error",
        "_keep_alive",
        "_length",
        "_limits",
        "_max_body",
        "_receiving",
        "_request",
        "_sending",
        "_small_head",
        "_start_line_seen",
        "_unsent",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        # A head of no more bytes than this is within every limit.
        self._small_head = min(limits.max_start_line_bytes, limits.max_head_bytes)

        # Receiving.
        self._buffer = ReceiveBuffer()
        self._receiving = _HEAD
        self._body: BodyReader | None = None
        self._max_body = limits.max_body_bytes
        self._error: RemoteProtocolError | None = None
        # Of a head that comes in parts: CRLFs before it, and whether its first line has been
        # accepted.
        self._empty_lines = 0
        self._start_line_seen = False

        # Sending.
        self._sending = _IDLE
        self._length = 0
        self._unsent = 0

        # The exchange at hand, and whether another may follow it.
        self._request: RequestHead | None = None
        self._keep_alive = True

    # Receiving

    def receive(self, data: bytes) -> None:
        """Take the next bytes from the peer; `b""` says that the peer will send no more.

        `data` is kept by reference, not copied, where nothing is unread. Raises LocalProtocolError
        for bytes after the end.
        """
        buffer = self._buffer
        if data and not buffer.data and not buffer.at_eof:
            buffer.data = data
        else:
            self._receive_more(data)

    def next_event(self) -> Event:
        """Return what has been received next, `NEED_DATA`, or `PAUSED`.

        Raises RemoteProtocolError when the peer breaks the protocol or a limit; from then on every
        call raises the same error again.
        """
        receiving = self._receiving
        try:
            if receiving is _HEAD:
                return self._read_head()
            if receiving is _BODY:
                body = self._body
                event = END_OF_MESSAGE if body is None else body.read(self._buffer)
                if isinstance(event, EndOfMessage):
                    self._receiving = _DONE
                return event
        except RemoteProtocolError as error:
            self._fail(error)
            raise
        if self._error is not None:
            raise self._error.with_traceback(None)
        return PAUSED

    def set_max_body(self, limit: int) -> None:
        """Set how many bytes the body of the message at hand may have, in place of the limit of the
        codec.

        Call it after the head, before the next event: a body that is too large by its
        Content-Length is refused before a byte of it is read.
        """
        self._max_body = limit
        if self._body is not None:
            self._body.max_body = limit

    @property
    def body_bytes_received(self) -> int:
        """Bytes of the body of the message at hand that have been reported."""
        return 0 if self._body is None else self._body.received

    @property
    def body_bytes_missing(self) -> int | None:
        """Bytes of the body of the message at hand that have not been received; None while a body
        of unknown length is not over.
        """
        return 0 if self._body is None else self._body.missing(self._buffer)

    @property
    def unread_size(self) -> int:
        """Bytes that were received and not yet reported."""
        buffer = self._buffer
        return len(buffer.data) - buffer.position

    def take_unread(self) -> bytes:
        """Return the bytes after the message, and leave HTTP: for an upgrade, a tunnel, a detached
        connection.

        May be called again for bytes received later. Raises LocalProtocolError while a message is
        arriving.
        """
        if self._receiving is not _DONE and self._receiving is not _SWITCHED:
            raise LocalProtocolError(
                "take_unread before the end of the message that is being received"
            )
        self._receiving = _SWITCHED
        self._keep_alive = False
        return self._buffer.take(len(self._buffer))

    # Sending

    def send_data(self, data: bytes) -> bytes:
        """Return the next part of the body as it goes on the wire; `data` itself where it needs no
        framing.

        Returns nothing in answer to a HEAD request. Raises LocalProtocolError for more bytes than
        Content-Length said, for any where the message has no body, and where no body is open.
        """
        sending = self._sending
        if sending is _COUNTED:
            size = len(data)
            if size > self._unsent:
                raise self._wrong_length(self._length - self._unsent + size)
            self._unsent -= size
            return data
        if sending is _CHUNKED:
            return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        if sending is _UNTIL_CLOSE:
            return data
        if sending is _SWALLOWED:
            return b""
        if sending is _EMPTY:
            if data:
                raise LocalProtocolError(f"{len(data)} bytes of body in a message that has none")
            return b""
        raise LocalProtocolError(f"send_data where {sending.value} is expected")

    def send_end(self, trailers: HTTPHeaders | None = None) -> bytes:
        """Return what ends the message. `trailers` go with a chunked body, and are left out of any
        other.

        Raises LocalProtocolError when fewer bytes were sent than Content-Length said, and where no
        body is open; ValueError for trailers that cannot be sent.

        Spec: RFC 9112 section 7.1.2.
        """
        sending = self._sending
        if sending is _IDLE or sending is _SENT or sending is _RAW:
            raise LocalProtocolError(f"send_end where {sending.value} is expected")
        ending = b""
        if sending is _COUNTED:
            if self._unsent:
                raise self._wrong_length(self._length - self._unsent)
        elif sending is _CHUNKED:
            ending = b"0\r\n\r\n" if trailers is None else b"0\r\n" + encode_trailers(trailers)
        self._sending = _SENT
        return ending

    # The exchange

    @property
    def can_keep_alive(self) -> bool:
        """Whether another message may follow on this connection, as far as is known now."""
        return self._keep_alive

    def close_after_response(self) -> None:
        """Make the exchange at hand, or the next one, the last: its head says `Connection: close`.

        Once that head has been sent the peer is not told, but `start_next_cycle` is refused all the
        same.
        """
        self._keep_alive = False

    def start_next_cycle(self) -> None:
        """Begin the next exchange. What was received ahead is then read.

        Raises LocalProtocolError when either message is incomplete, or the connection must be
        closed.
        """
        if self._receiving is not _DONE or self._sending is not _SENT or not self._keep_alive:
            raise LocalProtocolError(
                "start_next_cycle on a connection that cannot go on: "
                f"received {self._receiving.name}, sent {self._sending.name}, "
                f"keep-alive {self._keep_alive}"
            )
        self._receiving = _HEAD
        self._sending = _IDLE
        self._request = None
        self._body = None
        self._max_body = self._limits.max_body_bytes
        self._empty_lines = 0

    # What the roles fill in

    @abstractmethod
    def _read_head(self) -> Event:
        """Return the event for the head that comes next."""

    @abstractmethod
    def _check_start_line(self, line: str) -> None:
        """Accept a start line, apart from the rest of its head. Raises RemoteProtocolError."""

    # What the roles use

    def _take_head(self, pattern: re.Pattern[bytes], max_empty_lines: int) -> str | None:
        """Read a head off the buffer, without its last two CRLFs; None while it is not whole."""
        buffer = self._buffer
        data = buffer.data
        if not data:
            return None
        start = buffer.position
        if buffer.scanned > start:
            return self._take_cut_head(pattern, max_empty_lines)
        # Mostly a head comes in one piece: one expression finds its end and validates it.
        match = pattern.match(data, start)
        if match is None:
            return self._take_cut_head(pattern, max_empty_lines)
        end = match.end()
        if end - start > self._small_head:
            self._check_head_size(end - start)
        if end == len(data):
            buffer.data = b""
            buffer.position = buffer.scanned = 0
        else:
            buffer.position = end
        return data[start : end - 4].decode("latin-1")

    def _open_body(self, length: int | None, chunked: bool, until_close: bool = False) -> None:
        """Expect a body with this framing next."""
        if chunked:
            self._body = ChunkedReader(self._limits, self._max_body)
        elif length:
            self._body = CountedReader(length, self._max_body)
        elif length is None and until_close:
            self._body = UntilCloseReader(self._max_body)
        self._receiving = _BODY

    def _send_with_head(self, head: bytes, body: bytes | None, end: bool) -> bytes:
        """Return `head` followed by `body` as it goes on the wire, and by the end of the message if
        `end`.
        """
        if end and self._sending is _COUNTED:
            # The caller has compared the size of the body with its Content-Length.
            self._sending = _SENT
            return head + body if body else head
        if body:
            head += self.send_data(body)
        return head + self.send_end() if end and self._sending is not _SENT else head

    def _wrong_length(self, size: int) -> LocalProtocolError:
        return LocalProtocolError(f"body of {size} bytes, Content-Length said {self._length}")

    # Private to this class

    def _receive_more(self, data: bytes) -> None:
        """Take the end of input, or bytes that do not simply become the buffer."""
        buffer = self._buffer
        if not data:
            buffer.at_eof = True
        elif buffer.at_eof:
            raise LocalProtocolError("receive after the end of input")
        elif self._receiving is not _FAILED:
            buffer.append(data)

    def _fail(self, error: RemoteProtocolError) -> None:
        self._error = error
        self._receiving = _FAILED
        self._keep_alive = False
        self._buffer.advance(len(self._buffer.data))

    def _take_cut_head(self, pattern: re.Pattern[bytes], max_empty_lines: int) -> str | None:
        """Read a head that came in parts, or has something before it, or is not valid."""
        buffer = self._buffer
        while buffer.data[buffer.position : buffer.position + 2] == b"\r\n":
            self._empty_lines += 1
            if self._empty_lines > max_empty_lines:
                raise RemoteProtocolError(
                    f"{self._empty_lines} empty lines before a start line, "
                    f"expected no more than {max_empty_lines}"
                )
            buffer.advance(buffer.position + 2)
        if not buffer.data:
            return None
        if buffer.data[buffer.position] == _TLS_HANDSHAKE:
            raise RemoteProtocolError("a TLS handshake on a connection that speaks plain HTTP")
        searched = buffer.scanned
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self._check_cut_head(searched)
            return None
        start = buffer.position
        self._check_head_size(end + 4 - start)
        text = buffer.data[start:end].decode("latin-1")
        if pattern.match(buffer.data, start) is None:
            raise self._explain_head(text)
        self._start_line_seen = False
        buffer.advance(end + 4)
        return text

    def _explain_head(self, text: str) -> RemoteProtocolError:
        """Return the error that says what is wrong with a head that the grammar refused."""
        line, *fields = text.split("\r\n")
        try:
            self._check_start_line(line)
        except RemoteProtocolError as error:
            return error
        return explain_fields(fields)

    def _check_cut_head(self, searched: int) -> None:
        """Refuse the beginning of a head as soon as it cannot become a good one.

        Before index `searched` no line end was found, while the start line has not been seen.
        """
        buffer = self._buffer
        limits = self._limits
        size = len(buffer)
        if not self._start_line_seen:
            start = buffer.position
            end = buffer.data.find(b"\r\n", max(start, searched - 1))
            if end > start + limits.max_start_line_bytes or (
                end < 0 and size > limits.max_start_line_bytes + 1
            ):
                raise self._long_start_line()
            if end >= 0:
                self._check_start_line(buffer.data[start:end].decode("latin-1"))
                self._start_line_seen = True
        if size >= limits.max_head_bytes:
            raise self._large_head(size + 1)
        if buffer.at_eof:
            raise IncompleteMessage(f"connection closed after {size} bytes of a head")

    def _check_head_size(self, size: int) -> None:
        """Accept a whole head of `size` bytes. Raises RemoteProtocolError (414, 431)."""
        start = self._buffer.position
        limits = self._limits
        line_end = self._buffer.data.find(b"\r\n", start, start + limits.max_start_line_bytes + 2)
        if line_end < 0:
            raise self._long_start_line()
        if size > limits.max_head_bytes:
            raise self._large_head(size)

    def _long_start_line(self) -> RemoteProtocolError:
        limit = self._limits.max_start_line_bytes
        return RemoteProtocolError(f"start line of more than {limit} bytes", 414)

    def _large_head(self, size: int) -> RemoteProtocolError:
        limit = self._limits.max_head_bytes
        return RemoteProtocolError(f"head of {size} bytes, expected no more than {limit}", 431)
