"""The head of a response, from the lines that libcurl hands over, and read strictly.

Libcurl takes some things for HTTP/1.1 that are none. What it frames a message by is looked at here
once more, so that nobody is led to see another message than the next one on the way does.

Spec: RFC 9112 sections 4 and 5; RFC 9113 section 8.3.2.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ostro.httpclient import MalformedResponseError, ResponseTooLargeError
from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    parse_response_start_line,
    responses,
)

__all__ = ["DEFAULT_MAX_FIELDS", "Head", "HeadReader"]

DEFAULT_MAX_FIELDS: Final = 128
"""Fields of a head, or of a trailer section."""

MAX_INTERIM: Final = 16
"""Interim responses before one that is final. A server sends one or two."""

_NEWER_STATUS_LINE: Final = re.compile(rb"HTTP/([23]) ([1-9][0-9]{2}) ?\r\n").fullmatch
"""What libcurl makes of the :status of HTTP/2 and HTTP/3, which have no status line."""

_is_length: Final = re.compile(r"[0-9]{1,18}").fullmatch
"""A Content-Length, which libcurl takes for unknown where it is longer."""


class Head(NamedTuple):
    """The head of a response.

    `version` is "HTTP/1.1", say, or "HTTP/2". `has_body` says that a body may follow.
    """

    version: str
    code: int
    reason: str
    headers: HTTPHeaders
    has_body: bool

    @property
    def interim(self) -> bool:
        """Whether the response itself is still to come."""
        return self.code < 200

    @property
    def content_length(self) -> int | None:
        """The Content-Length, if there is one."""
        values = self.headers.get_list("Content-Length")
        return int(values[0]) if values else None


class HeadReader:
    """Puts lines together to heads, and to trailers.

    Args:
        max_bytes: Bytes of one head, and of the trailers.
        bodiless: Whether no response has a body, as after HEAD.

    Raises MalformedResponseError, and ResponseTooLargeError.
    """

    __slots__ = ("_bodiless", "_complete", "_interim", "_lines", "_max_bytes", "_size")

    def __init__(self, max_bytes: int, *, bodiless: bool = False) -> None:
        self._max_bytes = max_bytes
        self._bodiless = bodiless
        self._lines: list[bytes] = []
        self._size = 0
        # Whether a head that is not interim is complete: what comes then are trailers.
        self._complete = False
        self._interim = 0

    def feed(self, line: bytes) -> Head | None:
        """Take a line; return the head that it completes."""
        if self._complete and line.startswith(b"HTTP/"):
            self._restart()
        self._lines.append(line)
        self._size += len(line)
        if self._size > self._max_bytes:
            raise ResponseTooLargeError(f"response head of more than {self._max_bytes} bytes")
        if line[-2:] != b"\r\n":
            raise MalformedResponseError("a line of the response head ends without CRLF")
        if line != b"\r\n" or self._complete:
            return None
        head = _parse(self._lines, bodiless=self._bodiless)
        self._lines = []
        self._size = 0
        if head.interim:
            self._count_interim(head)
        else:
            self._complete = True
        return head

    def trailers(self) -> HTTPHeaders | None:
        """Return the fields that came after the head that is complete, if any did."""
        fields = [line for line in self._lines if line != b"\r\n"]
        return _fields(fields) if fields else None

    def _restart(self) -> None:
        """Begin a response: the first, or the one to the same request with credentials."""
        self._lines = []
        self._size = 0
        self._complete = False

    def _count_interim(self, head: Head) -> None:
        if head.code == 101:
            raise MalformedResponseError("the server switches to a protocol nobody asked for")
        self._interim += 1
        if self._interim > MAX_INTERIM:
            raise MalformedResponseError(f"more than {MAX_INTERIM} interim responses")


def _parse(lines: list[bytes], *, bodiless: bool) -> Head:
    version, code, reason = _status(lines[0])
    headers = _fields(lines[1:-1])
    lengths, coding = headers.get_list("Content-Length"), headers.get("Transfer-Encoding")
    if lengths and (_is_length(lengths[0]) is None or len(set(lengths)) > 1):
        raise MalformedResponseError(f"the Content-Length {','.join(lengths)!a:.50}")
    if coding is not None:
        if lengths:
            raise MalformedResponseError("both Transfer-Encoding and Content-Length")
        if version == "HTTP/1.0" or coding.lower() != "chunked":
            raise MalformedResponseError(f"the Transfer-Encoding {coding!a:.50} in {version}")
    has_body = not bodiless and code >= 200 and code not in (204, 304)
    return Head(version, code, reason, headers, has_body)


def _status(line: bytes) -> tuple[str, int, str]:
    newer = None if line.startswith(b"HTTP/1") else _NEWER_STATUS_LINE(line)
    if newer is not None:
        code = int(newer[2])
        return f"HTTP/{newer[1].decode()}", code, responses.get(code, "Unknown")
    try:
        return parse_response_start_line(line[:-2].decode("latin-1"))
    except HTTPInputError as error:
        raise MalformedResponseError(str(error)) from error


def _fields(lines: list[bytes]) -> HTTPHeaders:
    if len(lines) > DEFAULT_MAX_FIELDS:
        raise ResponseTooLargeError(f"more than {DEFAULT_MAX_FIELDS} header fields")
    headers = HTTPHeaders()
    try:
        for line in lines:
            headers.parse_line(line.decode("latin-1"))
    except HTTPInputError as error:
        raise MalformedResponseError(str(error)) from error
    return headers
