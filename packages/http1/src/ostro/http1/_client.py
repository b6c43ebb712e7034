"""The client's end of a connection: requests go out, responses come in."""

from __future__ import annotations

from typing import Final

from ostro.httputil import HTTPHeaders

from ._connection import Connection
from ._encoding import (
    CONNECTION,
    HOST,
    UPGRADE,
    encode_head,
    lines_without,
    read_fields,
    request_line,
)
from ._events import NEED_DATA, Event, RequestHead
from ._grammar import RESPONSE_HEAD
from ._limits import DEFAULT_LIMITS, Limits
from ._outgoing import announce_connection, frame_request
from ._repeated import ResponseMemory
from ._response import check_status_line, parse_response_head
from ._states import Receiving, Sending
from .errors import IncompleteMessage, LocalProtocolError, RemoteProtocolError

_DONE: Final = Receiving.DONE
_SWITCHED: Final = Receiving.SWITCHED
_IDLE: Final = Sending.IDLE
_SENT: Final = Sending.SENT


class ClientCodec(Connection):
    """An HTTP/1.1 connection as a client sees it.

    The order of calls for each exchange, besides `receive` and `next_event`: `send_request`,
    `send_data*`, `send_end`, `start_next_cycle`. Events are a `ResponseHead` for each informational
    response, one for the final response, then `Data*` and `EndOfMessage`. A response may be
    complete before its request is; the connection is then of no further use.

    Requests are not pipelined: bytes after a response, or before a request, were not asked for, and
    end the use of the connection.

    Spec: RFC 9112.
    """

    __slots__ = ("_informational", "_memory", "_response_started")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        # Of the exchange at hand: 1xx responses so far, and whether the final one has begun.
        self._informational = 0
        self._response_started = False
        self._memory = ResponseMemory()

    # State

    @property
    def request_complete(self) -> bool:
        """Whether the request has been sent to its end."""
        return self._sending is _SENT

    @property
    def response_started(self) -> bool:
        """Whether the head of the final response has been reported."""
        return self._response_started

    @property
    def response_complete(self) -> bool:
        """Whether the final response has been reported to its end."""
        return self._receiving is _DONE or self._receiving is _SWITCHED

    @property
    def can_keep_alive(self) -> bool:
        """Whether another request may follow on this connection, as far as is known now.

        False as well once the server has closed its side, or has sent what belongs to no request.
        """
        buffer = self._buffer
        idle = self._receiving is _DONE or self._request is None
        return self._keep_alive and not buffer.at_eof and not (idle and buffer.data)

    # Sending

    def send_request(
        self,
        method: str,
        target: str,
        headers: HTTPHeaders,
        body: bytes | None = None,
        end: bool = False,
    ) -> bytes:
        """Return the head of a request, with the first part of its body, or with `end` the whole.

        `target` is sent as it is: a path with its query, a whole URL to a proxy, host:port with
        CONNECT, "*" with OPTIONS. `headers` need a Host field and are not changed. The framing is
        chosen from what is known: the Content-Length in `headers`; else, with `end`, the size of
        `body`, which goes unsaid where there is none and the method does not expect any; else
        chunks. A CONNECT request is whole with its head.

        Raises LocalProtocolError for a second request in one cycle, without Host, for a body that
        differs from the Content-Length; ValueError for a method, target or fields that cannot be
        sent. Nothing has changed then.

        Spec: RFC 9112 sections 3 and 6.3.
        """
        if self._sending is not _IDLE:
            raise LocalProtocolError(f"send_request where {self._sending.value} is expected")
        start_line = request_line(method, target)
        found, lines = read_fields(headers)
        host = headers["Host"] if found & HOST else ""
        if not found & HOST or "," in host:
            raise LocalProtocolError("a request needs one Host field")
        size = len(body) if body else 0
        sending, length, extra, dropped = frame_request(method, headers, found, size, end)
        keep_alive = self._keep_alive
        if found & CONNECTION or not keep_alive:
            keep_alive, line, more_dropped = announce_connection(headers, found, keep_alive, False)
            extra += line
            dropped |= more_dropped
        if dropped:
            lines = lines_without(lines, dropped)
        head = encode_head(start_line, lines, extra)

        request = RequestHead(method, target, "HTTP/1.1", headers, host)
        if found & UPGRADE:
            request.upgrade = headers["Upgrade"]
        self._request = request
        self._keep_alive = keep_alive
        self._length = self._unsent = length
        self._sending = sending
        return self._send_with_head(head, body, end) if body or end else head

    # What the base class asks for

    def start_next_cycle(self) -> None:
        self._keep_alive = self.can_keep_alive
        Connection.start_next_cycle(self)
        self._informational = 0
        self._response_started = False

    def _read_head(self) -> Event:
        request = self._request
        buffer = self._buffer
        if request is None:
            if buffer.data:
                raise RemoteProtocolError(f"{len(buffer)} bytes from the server before a request")
            return NEED_DATA
        text = self._take_head(RESPONSE_HEAD, 0)
        if text is None:
            if buffer.at_eof:
                raise IncompleteMessage("connection closed before a response")
            return NEED_DATA
        head = self._memory.recall(text, request.method)
        if head is None:
            head = parse_response_head(text, self._limits, request)
            self._memory.note(text, request.method, head)
        if head.informational:
            self._count_informational()
            return head
        if head.code == 101 and not request.upgrade:
            raise RemoteProtocolError("a 101 response to a request without Upgrade")
        self._response_started = True
        if not head.keep_alive:
            self._keep_alive = False
        if head.has_body:
            self._open_body(head.content_length, head.chunked, head.until_close)
        else:
            self._open_body(None, False)
        return head

    def _check_start_line(self, line: str) -> None:
        check_status_line(line)

    # Private to this class

    def _count_informational(self) -> None:
        self._informational += 1
        limit = self._limits.max_informational
        if self._informational > limit:
            raise RemoteProtocolError(f"more than {limit} informational responses to one request")
