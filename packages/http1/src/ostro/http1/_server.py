"""The server's end of a connection: requests come in, responses go out."""

from __future__ import annotations

from typing import Final

from ostro.httputil import REASONS, HTTPHeaders

from ._bodies import CountedReader
from ._encoding import (
    CODING,
    CONNECTION,
    LENGTH,
    encode_head,
    known_status_lines,
    lines_without,
    read_fields,
    status_line,
)
from ._events import NEED_DATA, Event, RequestHead
from ._grammar import REQUEST_HEAD
from ._limits import DEFAULT_LIMITS, Limits
from ._outgoing import (
    announce_connection,
    frame_body,
    frame_for_head_request,
    frame_without_body,
    own_length,
)
from ._repeated import RequestReceiver
from ._request import check_request_line, parse_request_head
from ._states import Receiving, Sending
from .errors import LocalProtocolError

_BODY: Final = Receiving.BODY
_DONE: Final = Receiving.DONE
_SWITCHED: Final = Receiving.SWITCHED
_IDLE: Final = Sending.IDLE
_UNTIL_CLOSE: Final = Sending.UNTIL_CLOSE
_RAW: Final = Sending.RAW
_SENT: Final = Sending.SENT

_METHODS_WITHOUT_BODY: Final = frozenset({"HEAD", "CONNECT"})
_CODES_WITHOUT_BODY: Final = frozenset({*range(100, 200), 204, 304})
"""What has responses without a body, always or at times."""


class ServerCodec(RequestReceiver):
    """An HTTP/1.1 connection as a server sees it.

    The order of calls for each exchange, besides `receive` and `next_event`: `send_informational*`,
    `send_head`, `send_data*`, `send_end`, `start_next_cycle`. A response may begin before its
    request is complete. After a RemoteProtocolError a response may still be sent, if none has
    begun; it is the last one.

    Spec: RFC 9112.
    """

    __slots__ = ("_continue_sent",)

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        self._continue_sent = False

    # State

    @property
    def request_complete(self) -> bool:
        """Whether the request has been reported to its end."""
        return self._receiving is _DONE or self._receiving is _SWITCHED

    @property
    def response_started(self) -> bool:
        """Whether the head of the final response has been sent."""
        return self._sending is not _IDLE

    @property
    def response_complete(self) -> bool:
        """Whether the response has been sent to its end."""
        return self._sending is _SENT

    @property
    def response_ends_with_connection(self) -> bool:
        """Whether nothing but the end of the connection will tell the client that the response that
        is being sent is whole.

        Spec: RFC 9112 section 6.3, item 8.
        """
        return self._sending is _UNTIL_CLOSE

    @property
    def waiting_for_continue(self) -> bool:
        """Whether the client holds its body back until `send_informational(100, ...)`.

        False again once that, or a final response, has been sent, or a byte of the body has come
        all the same; and for a body that is over the limit by its Content-Length: the next event is
        then a 413.

        Spec: RFC 9110 section 10.1.1.
        """
        request = self._request
        if request is None or not request.expect_continue:
            return False
        if self._continue_sent or self._sending is not _IDLE or self._buffer.data:
            return False
        body = self._body
        if isinstance(body, CountedReader) and body.length > body.max_body:
            return False
        return body is not None and not body.received

    # Sending

    def send_informational(self, code: int, headers: HTTPHeaders) -> bytes:
        """Return an interim response: 100, 102, 103. An HTTP/1.0 client gets nothing, as it knows
        none.

        Raises LocalProtocolError without a request to answer, once the final response has begun,
        and for framing fields; ValueError for 101 or a code outside of 1xx, and for fields that
        cannot be sent.

        Spec: RFC 9110 section 15.2.
        """
        if not 100 <= code < 200 or code == 101:
            raise ValueError(f"status code {code}, expected an informational one other than 101")
        request = self._request
        if request is None or self._sending is not _IDLE:
            raise LocalProtocolError(f"send_informational where {self._sending.value} is expected")
        found, lines = read_fields(headers)
        if found & (LENGTH | CODING):
            raise LocalProtocolError(f"a framing field in a {code} response")
        head = encode_head(status_line(code, REASONS.get(code, "")), lines, "")
        if request.version == "HTTP/1.0":
            return b""
        if code == 100:
            self._continue_sent = True
        return head

    def send_head(
        self,
        code: int,
        reason: str,
        headers: HTTPHeaders,
        body: bytes | None = None,
        end: bool = False,
    ) -> bytes:
        """Return the head of the final response, with the first part of its body, or with `end` the
        whole.

        The framing is chosen from what is known: the Content-Length in `headers`; else, with `end`,
        the size of `body`; else chunks, for HTTP/1.1 requests, or where `headers` ask for
        `Transfer-Encoding: chunked`; else the body lasts until the connection is closed. The fields
        that say so are added, and `Connection` where the client does not expect what will happen;
        `Connection: close` in `headers` is honoured. `headers` is not changed.

        The response to a HEAD request has the same fields and no body. One with status 204 or 304,
        and a 2xx to CONNECT, has none either, and giving it one is an error. 101 ends HTTP on this
        connection, and so does a 2xx to CONNECT: go on with `take_unread`.

        Raises LocalProtocolError for a second head, for a body that differs from the
        Content-Length, for 101 before the request is complete; ValueError for fields or a reason
        that cannot be sent. Nothing has changed then.

        Spec: RFC 9112 section 6.3.
        """
        if self._sending is not _IDLE:
            raise LocalProtocolError(f"send_head where {self._sending.value} is expected")
        start_line = known_status_lines.get((code, reason)) or status_line(code, reason)
        found, lines = read_fields(headers)
        request = self._request
        if (
            end
            and found <= LENGTH
            and self._keep_alive
            and request is not None
            and request.version == "HTTP/1.1"
            and request.method not in _METHODS_WITHOUT_BODY
            and code not in _CODES_WITHOUT_BODY
        ):
            # The usual response: whole, to a usual request, with nothing to decide.
            size = len(body) if body else 0
            extra = ""
            if not found:
                extra = f"Content-Length: {size}\r\n"
            elif headers["Content-Length"] != str(size):
                own_length(headers, size, end)
            head = encode_head(start_line, lines, extra)
            self._sending = _SENT
            return head + body if body else head
        # Without a request this answers what could not be read, or a silent client.
        keep_alive = self._keep_alive and request is not None
        http_1_0 = request is not None and request.version == "HTTP/1.0"
        if request is not None and request.method == "HEAD" and code >= 200 and code != 204:
            sending, length, extra, dropped = frame_for_head_request(
                code, headers, found, body, end, http_1_0
            )
        elif _has_no_body(code, request):
            sending, length, extra, dropped = frame_without_body(code, body)
        else:
            size = len(body) if body else 0
            sending, length, extra, dropped = frame_body(headers, found, size, end, http_1_0)
        if sending is _SENT:
            self._check_switch(code)
            keep_alive = False
        elif found & CONNECTION or http_1_0 or not keep_alive or sending is _UNTIL_CLOSE:
            keep_alive, line, more_dropped = announce_connection(
                headers, found, keep_alive and sending is not _UNTIL_CLOSE, http_1_0
            )
            extra += line
            dropped |= more_dropped
        if dropped:
            lines = lines_without(lines, dropped)
        head = encode_head(start_line, lines, extra)
        self._keep_alive = keep_alive
        self._length = self._unsent = length
        self._sending = sending
        return self._send_with_head(head, body, end) if body or end else head

    def send_raw(self) -> None:
        """Take note that the caller sends a response that it has composed itself, head included.

        May be called for every part. The caller vouches for the framing; whether the connection can
        be kept alive is left to the request and `close_after_response`.

        Raises LocalProtocolError without a request to answer, and once the response has begun in
        another way or has ended.
        """
        if self._request is None or (self._sending is not _IDLE and self._sending is not _RAW):
            raise LocalProtocolError(f"send_raw where {self._sending.value} is expected")
        self._sending = _RAW

    def send_raw_end(self) -> None:
        """Take note that the response of `send_raw` is complete.

        Raises LocalProtocolError where none has begun.
        """
        if self._sending is not _RAW:
            raise LocalProtocolError(f"send_raw_end where {self._sending.value} is expected")
        self._sending = _SENT

    # What the base class asks for

    def _read_head(self) -> Event:
        limits = self._limits
        text = self._take_head(REQUEST_HEAD, limits.max_empty_lines)
        if text is None:
            return NEED_DATA
        head = self._request = parse_request_head(text, limits, self._known_host)
        self._known_host = head.host
        self._continue_sent = False
        if not head.keep_alive:
            self._keep_alive = False
        if head.chunked or head.content_length:
            self._open_body(head.content_length, head.chunked)
        else:
            self._receiving = _BODY
        return head

    def _check_start_line(self, line: str) -> None:
        check_request_line(line)

    # Private to this class

    def _check_switch(self, code: int) -> None:
        """Accept the end of HTTP on this connection, which cannot be amid a request."""
        if not self.request_complete:
            raise LocalProtocolError(f"a {code} response before the end of the request")
        if code == 101 and not (self._request and self._request.upgrade):
            raise LocalProtocolError("a 101 response to a request that cannot be upgraded")


def _has_no_body(code: int, request: RequestHead | None) -> bool:
    """Tell whether a response has no body by its code. Spec: RFC 9112 section 6.3."""
    if code < 200:
        if code != 101:
            raise LocalProtocolError(f"send_head with informational status code {code}")
        return True
    if code in (204, 304):
        return True
    return request is not None and request.method == "CONNECT" and code < 300
