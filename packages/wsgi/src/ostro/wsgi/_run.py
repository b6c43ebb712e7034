"""Running a WSGI application for one request, whichever thread it is in. Spec: PEP 3333."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from typing import TYPE_CHECKING

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPServerRequest,
    ResponseStartLine,
    http_date_now,
    responses,
)
from ostro.ioloop import COMPLETED

from ._answer import Answer, Head, Sink
from ._channel import write_part
from .errors import ClientGoneError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from wsgiref.types import WSGIApplication, WSGIEnvironment

__all__ = ["CLIENT_CLOSED_REQUEST", "InlineSink", "fail", "log_access", "steps"]

access_log = logging.getLogger("ostro.access")
app_log = logging.getLogger("ostro.application")

CLIENT_CLOSED_REQUEST = 499
"""What stands in the log for an answer that had not begun when its client went away, as in web."""


class InlineSink:
    """Sends an answer from the loop's own thread; `sent` is done when the network has taken it."""

    __slots__ = ("_connection", "sent")

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self.sent: Awaitable[None] = COMPLETED

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """Send a part of the response."""
        self.sent = write_part(self._connection, head, data, end)

    def abort(self) -> None:
        """Close the connection."""
        self._connection.close()


def steps(
    application: WSGIApplication, environ: WSGIEnvironment, answer: Answer
) -> Generator[None, None, None]:
    """Run an application to the end of its answer, with a stop after each part of it.

    What it returned is closed in the end, also where the generator is closed before. Raises what
    the application raises, and as `Answer` does.
    """
    result = application(environ, answer.start_response)
    try:
        # The length of such a body is known without a Content-Length.
        whole = isinstance(result, (list, tuple)) and len(result) == 1
        for part in result:
            if not answer.send(part, end=whole):
                app_log.warning("The body is longer than its Content-Length; the rest is left out")
                break
            yield
        answer.finish()
        yield
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def fail(request: HTTPServerRequest, answer: Answer, sink: Sink, error: BaseException) -> int:
    """Log what an application raised, and answer in its place if that is still possible.

    Returns the status that the client got.
    """
    app_log.error("Uncaught exception in a WSGI application answering %r", request, exc_info=error)
    if answer.head_sent:
        if not answer.ended:
            sink.abort()
        return answer.status
    headers = HTTPHeaders({"Date": http_date_now(), "Content-Type": "text/plain; charset=utf-8"})
    head = ResponseStartLine("HTTP/1.1", 500, responses[500]), headers
    with contextlib.suppress(ClientGoneError):
        sink.send(head, f"{responses[500]}\n".encode(), end=True)
    return 500


def log_access(request: HTTPServerRequest, status: int) -> None:
    """Log a request that has been answered, as web.Application does."""
    level = (
        logging.INFO
        if status < 400 or status == CLIENT_CLOSED_REQUEST
        else logging.WARNING
        if status < 500
        else logging.ERROR
    )
    if access_log.isEnabledFor(level):
        target = f"{request.method} {request.uri} ({request.remote_ip})"
        milliseconds = 1000.0 * request.request_time()
        access_log.log(level, "%d %s %.2fms", status, ascii(target)[1:-1], milliseconds)
