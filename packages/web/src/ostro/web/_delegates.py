"""What a server connection tells of one request, and what becomes of it for its handler.

These stand between the message seam and `Application`: they know when a request is complete, and
never what it means.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)

from ._loopless import run_without_loop
from ._streaming import StreamedRequest

if TYPE_CHECKING:
    from ._application import Application
    from ._handler import RequestHandler
    from ._observing import Observed
    from ._urlspec import RouteMatch, URLSpec

__all__ = ["HandlerDelegate", "RequestDelegate"]


class HandlerDelegate(HTTPMessageDelegate):
    """Tells a handler of the end of its connection."""

    __slots__ = ("_handler",)

    def __init__(self, handler: RequestHandler | None) -> None:
        self._handler = handler

    def on_connection_close(self) -> None:
        if self._handler is not None:
            self._handler._connection_closed()

    def on_connection_lost(self, error: BaseException | None) -> None:
        if self._handler is not None:
            self._handler._connection_lost(error)


class RequestDelegate(HandlerDelegate):
    """Collects one request, and hands it to its handler."""

    __slots__ = (
        "_application",
        "_chunks",
        "_connection",
        "_match",
        "_request",
        "_server_conn",
        "_streamed",
    )

    def __init__(
        self, application: Application, server_conn: object, connection: HTTPConnection
    ) -> None:
        super().__init__(None)
        self._application = application
        self._server_conn = server_conn
        self._connection = connection
        # What is known when the headers have come.
        self._request: HTTPServerRequest | None = None
        self._match: RouteMatch | None = None
        # The body: collected here, unless the handler takes it as it comes.
        self._chunks: list[bytes] | None = None
        self._streamed: StreamedRequest | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        method, target, version = start_line
        request = self._request = HTTPServerRequest(
            method,
            target,
            version,
            headers,
            connection=self._connection,
            server_connection=self._server_conn,
        )
        application, root = self._application, ""
        match = self._match = application._find(request)
        handler_class = match.spec.handler_class
        passed: list[tuple[Application, URLSpec]] = []
        while behind := handler_class._look_through(match.spec, request, root):
            if match.spec.attended:
                if application._attendance.answers(match.spec, request, root):
                    return None
                passed.append((application, match.spec))
            application, match, root = behind
            handler_class = match.spec.handler_class
        if handler_class.max_body_size is not None:
            self._connection.set_max_body_size(handler_class.max_body_size)
        if handler_class.body_timeout is not None:
            self._connection.set_body_timeout(handler_class.body_timeout)
        if not handler_class._streams_body or self._connection.loopless:
            return None
        # Whoever hands over has nothing to do with the body: it goes to the last one at once.
        outside = _begin(passed, request)
        self._handler = handler = application._make_handler(match.spec, request, root)
        if outside is not None:
            handler._observed = outside.around(handler._observed)
            application._observed = True
        if root:
            handler._root = root
        self._streamed = StreamedRequest(handler)
        return self._streamed.begin(match)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._streamed is not None:
            return self._streamed.data_received(chunk)
        if self._chunks is None:
            self._chunks = [chunk]
        else:
            self._chunks.append(chunk)
        return None

    def finish(self) -> None:
        if self._streamed is not None:
            self._streamed.finish()
            return
        request, match = self._request, self._match
        assert request is not None
        assert match is not None
        if self._chunks is not None:
            request.body = b"".join(self._chunks)
            self._chunks = None
        application = self._application
        # Before it runs: it may lose its connection while it does.
        self._handler = handler = application._make_handler(match.spec, request)
        if self._connection.loopless:
            run_without_loop(handler, match)
        else:
            handler._execute(match)


def _begin(
    passed: list[tuple[Application, URLSpec]], request: HTTPServerRequest
) -> Observed | None:
    """Begin a request for the applications around the one that answers; return who observes it."""
    outside: Observed | None = None
    for application, spec in passed:
        observed = application._attendance.begin(spec, request)
        if observed is not None:
            outside = observed if outside is None else outside.around(observed)
    return outside
