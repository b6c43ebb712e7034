"""The response side of a request handler: status, headers, the buffered body, and how they leave.

First of the layers that make up `RequestHandler` (`_output`, `_input`, `_cookies`, `_identity`,
`_xsrf`, `_language`, `_pages`, `_hooks`, `_routed`, `_handler`), each a class on top of the one
before. This one owns what is to be sent, and must not know how a request is routed or read.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from ostro.escape import json_encode
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPServerRequest,
    ResponseStartLine,
    format_timestamp,
    http_date_now,
    responses,
)
from ostro.ioloop import COMPLETED, Completed, deliver

from ._pieces import PIECE_SIZE, has_loop, send_pieces
from ._preconditions import ENTITY_TAG
from ._transforms import OutputTransform

if TYPE_CHECKING:
    from ._application import Application

__all__ = ["HeaderValue", "Output"]

HeaderValue: TypeAlias = str | bytes | float | datetime
"""What a header can be set to; a datetime is formatted as HTTP wants it, everything else as text.
"""

_REASON = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

SERVER_NAME = "Ostro"
HTML_TYPE = "text/html; charset=UTF-8"
JSON_TYPE = "application/json; charset=UTF-8"

_START_LINES = {
    code: ResponseStartLine("HTTP/1.1", code, reason) for code, reason in responses.items()
}

_hash = functools.partial(hashlib.sha1, usedforsecurity=False)

BODILESS = frozenset((204, 304))
"""The statuses whose responses have no body."""

CLIENT_CLOSED_REQUEST = 499
"""What stands in the log for a response that nobody was there to get; nginx has the same."""

_REPRESENTATION_HEADERS = ("Content-Encoding", "Content-Language", "Content-Length", "Content-Type")


class Output:
    """Holds the response of one request until it is sent. The public methods are those of
    RequestHandler.
    """

    SUPPORTED_METHODS: tuple[str, ...] = (
        "GET",
        "HEAD",
        "POST",
        "DELETE",
        "PATCH",
        "PUT",
        "OPTIONS",
    )
    """The methods that this handler may be asked for; others get 405 before anything of it runs."""

    def __init__(
        self, application: Application, request: HTTPServerRequest, **kwargs: Any
    ) -> None:  # Any: initialize has the signature that the application chooses
        connection = request.connection
        if connection is None:
            raise ValueError("the request has no connection to answer on")
        self.application = application
        self.request = request
        self._connection: HTTPConnection = connection
        # The head of the response.
        self._status_code = 200
        self._reason: str | None = None
        # Set-Cookie headers by cookie name, made when the first one is set.
        self._new_cookies: dict[str, str] | None = None
        # What has been written and not flushed.
        self._write_buffer: list[bytes] = []
        self._flush_callback: Callable[[], None] | None = None
        # What runs the request where that takes time; asyncio itself holds its tasks only weakly.
        self._task: asyncio.Task[None] | Completed[None] | None = None
        # Made with the first flush where the application has transforms.
        self._transforms: list[OutputTransform] | None = None
        # How far the response has come.
        self._headers_written = False
        self._finished = False
        # Whether it was finished by the client's going away.
        self._gone = False
        # Whether the request ends when its method returns.
        self._auto_finish = True
        self._headers = _default_headers()
        self.set_default_headers()
        self.initialize(**kwargs)

    # Any: a subclass states the arguments that its URLSpec passes.
    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Override to take the arguments of the URLSpec."""

    def set_default_headers(self) -> None:
        """Override to set headers at the start of each request, and again after an error reset
        them.
        """

    def on_finish(self) -> None:
        """Override for work after the response has been sent: cleaning up, logging. It cannot write
        any more.
        """

    @property
    def settings(self) -> dict[str, Any]:  # Any: an application keeps what it likes there
        """An alias for `self.application.settings`."""
        return self.application.settings

    # The head

    def clear(self) -> None:
        """Reset all headers and content for this response."""
        self._headers = _default_headers()
        self.set_default_headers()
        self._write_buffer.clear()
        self._status_code = 200
        self._reason = None

    def set_status(self, status_code: int, reason: str | None = None) -> None:
        """Set the status code for our response; `reason` replaces its usual reason phrase.

        Raises ValueError for a code outside 200 to 599 (101 is WebSocket's), and for a reason with
        line breaks or control characters.
        """
        if not (200 <= status_code <= 599 or status_code == 101):
            raise ValueError(
                f"status code {status_code} is not one of a final response (200 to 599)"
            )
        if reason is not None and not is_reason_phrase(reason):
            raise ValueError(
                f"reason phrase {reason[:200]!a} has a control or non-latin-1 character"
            )
        self._status_code = status_code
        self._reason = reason

    def get_status(self) -> int:
        """Return the status code for our response."""
        return self._status_code

    def set_header(self, name: str, value: HeaderValue) -> None:
        """Set a response header, replacing the values that it had.

        A datetime is formatted as the HTTP specification wants it, what is not text is converted to
        text, and text is sent as UTF-8. Raises ValueError for a name that is no token and for a
        value with line breaks or other control characters, TypeError for None.
        """
        self._headers[name] = _header_text(value)

    def add_header(self, name: str, value: HeaderValue) -> None:
        """Add a value to a response header that may have several. Raises as `set_header` does."""
        self._headers.add(name, _header_text(value))

    def clear_header(self, name: str) -> None:
        """Remove a response header; nothing happens if it is not set. Has no effect on cookies."""
        self._headers.pop(name, None)

    # The body

    # Any: a dictionary is written as JSON, whatever json takes
    def write(self, chunk: str | bytes | Mapping[str, Any]) -> None:
        """Write the given chunk to the output buffer.

        Text is encoded as UTF-8. A dictionary is written as JSON, and the Content-Type becomes
        application/json (to send JSON under another type, call `set_header` after `write`). Lists
        are refused, because some browsers run a JSON list from another site as a script: wrap them
        in a dictionary.

        Raises RuntimeError after `finish`, TypeError for any other type. Once the client is gone,
        what is written is dropped.
        """
        if self._finished:
            if self._gone:
                return
            raise RuntimeError("write() was called after finish()")
        data: object = chunk
        if isinstance(data, str):
            self._write_buffer.append(data.encode())
        elif isinstance(data, bytes):
            self._write_buffer.append(data)
        elif isinstance(data, Mapping):
            self.set_header("Content-Type", JSON_TYPE)
            self._write_buffer.append(json_encode(data).encode())
        else:
            hint = "; wrap a list in a dictionary" if isinstance(data, list) else ""
            raise TypeError(f"write() takes bytes, str and dict, not {type(data).__name__}{hint}")

    def flush(
        self, include_footers: bool = False, callback: Callable[[], None] | None = None
    ) -> Awaitable[None]:
        """Send what has been written so far, with the headers if this is the first time.

        Returns an awaitable that is done when the network has taken it all, for flow control;
        `callback` is the older way to the same; a callback that has not run by the next flush is
        discarded. `include_footers` tells transforms that nothing follows.
        """
        chunk = b"".join(self._write_buffer)
        self._write_buffer.clear()
        if self._gone:
            sent = self._connection.write(b"")
        elif not self._headers_written:
            sent = self._send_head(chunk, include_footers, end=False)
        else:
            chunk = self._transform(chunk, include_footers)
            sent = self._connection.write(chunk) if chunk else COMPLETED
        if callback is None:
            self._flush_callback = None
            return sent
        # An object of its own for each flush, even if the callback is the same.
        self._flush_callback = functools.partial(callback)
        deliver(sent, functools.partial(self._flushed, self._flush_callback))
        return COMPLETED

    def _flushed(self, callback: Callable[[], None], _: None) -> None:
        if self._flush_callback is callback:
            self._flush_callback = None
            callback()

    # Any: as for write
    def finish(self, chunk: str | bytes | Mapping[str, Any] | None = None) -> Awaitable[None]:
        """Finish this response, ending the HTTP request; `chunk` is written first.

        Returns an awaitable that is done when the network has taken it all. Raises RuntimeError
        when called twice.
        """
        if self._finished:
            if self._gone:
                return self._connection.write(b"")
            raise RuntimeError("finish() was called twice")
        if chunk is not None:
            self.write(chunk)
        if self._headers_written:
            sent = self.flush(include_footers=True)
            self._connection.finish()
        else:
            sent = self._finish_whole()
        self._finished = True
        try:
            self._log()
        finally:
            self.on_finish()
        return sent

    def _finish_whole(self) -> Awaitable[None]:
        """Send a response that has been written whole before its head: the usual case."""
        buffer = self._write_buffer
        if self._status_code == 200 and self.request.method in ("GET", "HEAD"):
            self.set_etag_header()
            if self.check_etag_header():
                buffer.clear()
                self.set_status(304)
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        buffer.clear()
        return self._send_head(body, finishing=True, end=True)

    def _send_head(self, chunk: bytes, finishing: bool, end: bool) -> Awaitable[None]:
        headers = self._headers
        status = self._status_code
        if self.application.transforms:
            if end and len(chunk) > PIECE_SIZE and self._is_slow(len(chunk)):
                return self._finish_in_pieces(chunk)
            status, headers, chunk = self._transform_first(status, headers, chunk, finishing)
        body: bytes | None = chunk
        if status in BODILESS:
            _drop_representation(status, headers, chunk)
            body = None  # to HEAD, b"" would be announced as a length of 0
        if self._new_cookies is not None:
            for cookie in self._new_cookies.values():
                headers.add("Set-Cookie", cookie)
            self._new_cookies = None
        if self._reason is None and status in _START_LINES:
            start_line = _START_LINES[status]
        else:
            start_line = ResponseStartLine("HTTP/1.1", status, self._reason or "Unknown")
        sent = self._connection.write_headers(start_line, headers, body, end=end)
        self._headers_written = True
        return sent

    def _is_slow(self, size: int) -> bool:
        """Tell whether changing a body on its way out would take the loop too long."""
        self._transforms = [factory(self.request) for factory in self.application.transforms]
        arguments = self._status_code, self._headers, size
        if not any(transform.is_slow(*arguments) for transform in self._transforms):
            return False
        # A loop that runs below a WSGI server ends with the method.
        return has_loop() and not self._connection.loopless

    def _finish_in_pieces(self, body: bytes) -> Awaitable[None]:
        self._headers["Content-Length"] = str(len(body))  # for the transforms to know
        self._send_head(body[:PIECE_SIZE], finishing=False, end=False)
        return send_pieces(self._connection, self._transform, body)

    def _transform_first(
        self, status: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        if self._transforms is None:
            self._transforms = [factory(self.request) for factory in self.application.transforms]
        for transform in self._transforms:
            status, headers, chunk = transform.transform_first_chunk(
                status, headers, chunk, finishing
            )
        self._status_code = status
        return status, headers, chunk

    def _transform(self, chunk: bytes, finishing: bool) -> bytes:
        for transform in self._transforms or ():
            chunk = transform.transform_chunk(chunk, finishing)
        return chunk

    def _log(self) -> None:
        """Write the completed request to the log; RequestHandler does that."""

    # Etags

    def compute_etag(self) -> str | None:
        """Return the Etag header to be used for this response: by default a hash of what has been
        written; None in answer to HEAD if nothing has.

        Override it to compute it in another way, or to return None for no Etag.
        """
        buffer = self._write_buffer
        body = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        if not body and self.request.method == "HEAD":
            return None  # what GET would write, only the handler knows
        return f'"{_hash(body).hexdigest()}"'

    def set_etag_header(self) -> None:
        """Set the Etag header from `compute_etag`, unless the handler has set one; called for every
        finished 200 response to GET and HEAD.
        """
        if "Etag" in self._headers:
            return
        etag = self.compute_etag()
        if etag is not None:
            self._headers["Etag"] = etag

    def check_etag_header(self) -> bool:
        """Tell whether the client already has what the Etag header stands for.

        Spec: RFC 9110 section 13.1.2: the comparison is weak.
        """
        known = self.request.headers.get("If-None-Match")
        if not known:
            return False
        etag = self._headers.get("Etag")
        if not etag:
            return False
        if known.strip(" \t") == "*":
            return True
        etag = etag.removeprefix("W/")
        return any(entry.removeprefix("W/") == etag for entry in ENTITY_TAG.findall(known))


def _default_headers() -> HTTPHeaders:
    return HTTPHeaders.from_parsed(
        {"Server": SERVER_NAME, "Content-Type": HTML_TYPE, "Date": http_date_now()}
    )


def _drop_representation(status: int, headers: HTTPHeaders, body: bytes) -> None:
    if body:
        raise RuntimeError(
            f"a response with status {status} has no body; {len(body)} bytes were written"
        )
    for name in _REPRESENTATION_HEADERS:
        headers.pop(name, None)


def is_reason_phrase(text: str) -> bool:
    """Tell whether `text` can stand in a status line. Spec: RFC 9112 section 4."""
    return _REASON.fullmatch(text) is not None


def _header_text(value: object) -> str:
    """Return a header value as Latin-1 text: each of its characters stands for a byte."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8").decode("latin-1")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, datetime):
        return format_timestamp(value)
    if value is None:
        raise TypeError("a header value cannot be None; clear_header() removes a header")
    return _header_text(str(value))
