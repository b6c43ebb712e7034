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

if TYPE_CHECKING:
    from ._application import Application
    from ._handler import RequestHandler

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
            self._handler._connection_lost()


class RequestDelegate(HandlerDelegate):
    """Collects one request, and hands it to its handler."""

    __slots__ = ("_application", "_chunks", "_connection", "_request", "_server_conn")

    def __init__(
        self, application: Application, server_conn: object, connection: HTTPConnection
    ) -> None:
        super().__init__(None)
        self._application = application
        self._server_conn = server_conn
        self._connection = connection
        self._request: HTTPServerRequest | None = None
        self._chunks: list[bytes] | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        method, target, version = start_line
        self._request = HTTPServerRequest(
            method,
            target,
            version,
            headers,
            connection=self._connection,
            server_connection=self._server_conn,
        )
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._chunks is None:
            self._chunks = [chunk]
        else:
            self._chunks.append(chunk)
        return None

    def finish(self) -> None:
        request = self._request
        assert request is not None
        if self._chunks is not None:
            request.body = b"".join(self._chunks)
            self._chunks = None
        application = self._application
        match = application._find(request)
        # Before it runs: it may lose its connection while it does.
        self._handler = handler = application._make_handler(match.spec, request)
        if self._connection.loopless:
            run_without_loop(handler, match)
        else:
            handler._execute(match)
