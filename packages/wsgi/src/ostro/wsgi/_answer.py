"""One answer of a WSGI application: `start_response`, `write`, and what may follow what.

This file knows the rules of PEP 3333 for responses, and no thread, loop or connection: where a
response goes is the business of a `Sink`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeAlias

from ostro.httputil import HTTPHeaders, ResponseStartLine, http_date_now, responses

from ._hop_by_hop import HOP_BY_HOP
from .errors import InvalidResponseError

__all__ = ["Answer", "Head", "Sink"]

Head: TypeAlias = tuple[ResponseStartLine, HTTPHeaders]

_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None
)

_STATUS = re.compile(r"([2-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
"""A status, with its reason phrase. Spec: RFC 9112 section 4; 1xx are not for applications."""

_LENGTH = re.compile(r"[0-9]{1,19}")
_BODILESS = frozenset({204, 304})
SERVER_NAME = "Ostro"


class Sink(Protocol):
    """Where an answer goes, in any thread."""

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """Send the head, the first time, and the next part of the body, which may be the last.

        Raises ClientGoneError when nothing can be sent any more.
        """

    def abort(self) -> None:
        """Close the connection, so that the client sees that the response is not whole."""


class Answer:
    """Takes what one WSGI application answers, and passes on what is right.

    `method` is that of the request.
    """

    __slots__ = (
        "_bodiless",
        "_head",
        "_remaining",
        "_sink",
        "_without_body",
        "ended",
        "head_sent",
    )

    def __init__(self, sink: Sink, method: str) -> None:
        self._sink = sink
        # Whether the client gets no body, whatever is written.
        self._without_body = method == "HEAD"
        self._bodiless = False
        # What start_response was given last.
        self._head: Head | None = None
        # Bytes that the body must still have; None where its length was not announced.
        self._remaining: int | None = None
        self.head_sent = False
        self.ended = False

    @property
    def status(self) -> int:
        """The status that was given last; 0 without one."""
        return 0 if self._head is None else self._head[0].code

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: _ExcInfo = None
    ) -> Callable[[bytes], None]:
        """Take the head of the response; be `start_response`.

        Raises the exception of `exc_info` once the head has been sent, InvalidResponseError for
        what the protocol forbids.
        """
        if exc_info is not None:
            try:
                if self.head_sent and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it would refer to this frame
        elif self._head is not None:
            raise InvalidResponseError("start_response was called a second time without exc_info")
        start_line = _start_line(status)
        fields, length = _headers(headers)
        self._head = (start_line, fields)
        self._bodiless = start_line.code in _BODILESS
        self._remaining = None if self._without_body or self._bodiless else length
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body now; be `write`.

        Raises as `send` does, and InvalidResponseError above the announced Content-Length.
        """
        if not self.send(data) and data:
            raise InvalidResponseError("the body is longer than its Content-Length")

    def send(self, data: bytes, end: bool = False) -> bool:
        """Send the next part of the body, the last one if `end`; tell whether there was room for
        all of it.

        What goes beyond the Content-Length is left out. Raises InvalidResponseError before the call
        of start_response.
        """
        if not isinstance(data, bytes):
            raise InvalidResponseError(f"a part of the body is {type(data).__name__}, not bytes")
        if self.ended:
            return not data
        if not data and not end:
            return True
        if self._head is None:
            raise InvalidResponseError("the body began before start_response was called")
        remaining = self._remaining
        fits = remaining is None or len(data) <= remaining
        if remaining is not None:
            data = data[:remaining]
            self._remaining = remaining - len(data)
            end = self._remaining == 0
        self._pass_on(b"" if self._bodiless else data, end)
        return fits

    def finish(self) -> None:
        """End the response.

        Raises InvalidResponseError when it was never started, or is shorter than its
        Content-Length.
        """
        if self.ended:
            return
        if self._head is None:
            raise InvalidResponseError("the application returned without calling start_response")
        if self._remaining:
            raise InvalidResponseError(
                f"the body ended {self._remaining} bytes before its Content-Length"
            )
        self._pass_on(b"", end=True)

    def _pass_on(self, data: bytes, end: bool) -> None:
        head = None if self.head_sent else self._head
        self.head_sent = True
        self.ended = end
        self._sink.send(head, data, end)


def _start_line(status: object) -> ResponseStartLine:
    found = _STATUS.fullmatch(status) if isinstance(status, str) else None
    if found is None:
        raise InvalidResponseError(f"status is {status!a}, expected text like '200 OK'")
    code = int(found[1])
    return ResponseStartLine("HTTP/1.1", code, found[2] or responses.get(code, "Unknown"))


def _headers(given: object) -> tuple[HTTPHeaders, int | None]:
    """Return the headers that an application gave, and the Content-Length among them."""
    if not isinstance(given, list):
        raise InvalidResponseError(f"headers are {type(given).__name__}, expected a list of pairs")
    headers = HTTPHeaders()
    try:
        for name, value in given:
            if name.lower() in HOP_BY_HOP:
                raise InvalidResponseError(f"header {name!a} is the server's to set")
            value.encode("latin-1")
            headers.add(name, value)
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidResponseError(f"a header cannot be sent: {error}") from error
    length = headers.get("Content-Length")
    if length is not None and _LENGTH.fullmatch(length) is None:
        raise InvalidResponseError(f"Content-Length is {length[:100]!a}, expected decimal digits")
    if "Date" not in headers:
        headers["Date"] = http_date_now()
    if "Server" not in headers:
        headers["Server"] = SERVER_NAME
    return headers, None if length is None else int(length)
