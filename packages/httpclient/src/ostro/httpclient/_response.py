"""HTTPResponse: what came of one fetch."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ostro.httputil import HTTPHeaders, responses

from ._request import HTTPRequest
from .errors import HTTPClientError

__all__ = ["HTTPResponse"]

TimeInfo: TypeAlias = Mapping[str, float] | Callable[[], Mapping[str, float]]


class HTTPResponse:
    """The response to a request.

    - `request`: the HTTPRequest, as it was given to `fetch`.
    - `code`, `reason`: of the status line; 599 where there is no response.
    - `headers`: the fields, empty with a `header_callback`.
    - `effective_url`: where the response came from in the end, after redirects.
    - `error`: what went wrong, None where nothing did. A code outside of 200 to 299 is an
      HTTPClientError, 304 for one.
    - `start_time`: the unix timestamp of the fetch; `request_time`: the seconds that it took.
    - `time_info`: seconds, in the words of libcurl and each counted from the start: `queue` (how
      long it waited for its turn, not part of the others), `namelookup`, `connect`, `appconnect`
      (TLS is there), `pretransfer`, `starttransfer` (the first byte of the response), `total`, and
      `redirect`, the seconds spent on redirects. A connection that was there already has 0 in the
      first four.
    - `trailers`: the fields after a body in chunks, if there were any.
    - `http_version`: "HTTP/1.1", say; "" without a response.

    `buffer` is None where there is no response.
    """

    __slots__ = (
        "__dict__",
        "_body",
        "_buffer",
        "_error_is_the_code",
        "_time_info",
        "code",
        "effective_url",
        "error",
        "headers",
        "http_version",
        "reason",
        "request",
        "request_time",
        "start_time",
        "trailers",
    )

    def __init__(
        self,
        request: HTTPRequest,
        code: int,
        headers: HTTPHeaders | None = None,
        buffer: io.BytesIO | None = None,
        effective_url: str | None = None,
        error: BaseException | None = None,
        request_time: float | None = None,
        time_info: Mapping[str, float] | None = None,
        reason: str | None = None,
        start_time: float | None = None,
        *,
        body: bytes | None = None,
        trailers: HTTPHeaders | None = None,
        http_version: str = "",
    ) -> None:
        self.request = request
        self.code = code
        self.reason = responses.get(code, "Unknown") if reason is None else reason
        self.headers = HTTPHeaders() if headers is None else headers
        self.effective_url = request.url if effective_url is None else effective_url
        self.request_time = request_time
        self.start_time = start_time
        self._time_info: TimeInfo = {} if time_info is None else time_info
        self.trailers = trailers
        self.http_version = http_version
        # The body, and the file made of it on demand: one comes from the other.
        self._body = body
        self._buffer = buffer
        # An error that only says which code it was is no failure of the fetch as such.
        self._error_is_the_code = error is None
        self.error = error
        if error is None and not 200 <= code < 300:
            self.error = HTTPClientError(code, self.reason, self)

    @property
    def buffer(self) -> io.BytesIO | None:
        """The body as a file, None where there is no response."""
        if self._buffer is None and self._body is not None:
            self._buffer = io.BytesIO(self._body)
        return self._buffer

    @property
    def body(self) -> bytes:
        """The body; empty where there is none, or where it was streamed."""
        if self._body is None:
            if self._buffer is None:
                return b""
            self._body = self._buffer.getvalue()
        return self._body

    @property
    def time_info(self) -> Mapping[str, float]:
        """What took how long; see the class."""
        if callable(self._time_info):
            self._time_info = self._time_info()
        return self._time_info

    @property
    def failed(self) -> bool:
        """Whether there is an error besides a code outside of 200 to 299."""
        return not self._error_is_the_code

    def finish(
        self,
        body: bytes,
        trailers: HTTPHeaders | None,
        request_time: float,
        time_info: TimeInfo,
    ) -> None:
        """Add what is known at the end of a fetch; a client calls this.

        `time_info` may be a function, which is called when somebody asks.
        """
        self._body = body
        self.trailers = trailers
        self.request_time = request_time
        self._time_info = time_info

    def rethrow(self) -> None:
        """Raise `error`, if there is one."""
        if self.error is not None:
            raise self.error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code} to {self.request!r}>"
