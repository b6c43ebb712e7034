"""Requests for a plain callback: collected whole, then handed over as an `HTTPRequest`."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.stack_context import ExceptionStackContext

app_log = logging.getLogger("ostro.application")

RequestCallback = Callable[[HTTPServerRequest], object]


def as_delegate(
    request_callback: HTTPServerConnectionDelegate | RequestCallback,
) -> HTTPServerConnectionDelegate:
    """Return `request_callback` itself if it is a delegate, else one that calls it."""
    if isinstance(request_callback, HTTPServerConnectionDelegate):
        return request_callback
    if not callable(request_callback):
        raise TypeError(
            "request_callback must be callable or an HTTPServerConnectionDelegate, "
            f"not {type(request_callback).__name__}"
        )
    return CallbackDelegate(request_callback)


class CallbackDelegate(HTTPServerConnectionDelegate):
    """Calls `callback(request)` for each request; it may be a coroutine function.

    What the callback raises, at once or in a callback of its own, is logged, and the connection is
    closed.
    """

    __slots__ = ("_callback",)

    def __init__(self, callback: RequestCallback) -> None:
        self._callback = callback

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Collect the request that is about to arrive."""
        return _CollectedRequest(self._callback, request_conn)


class _CollectedRequest(HTTPMessageDelegate):
    """One request on its way to the callback."""

    __slots__ = ("_callback", "_chunks", "_connection", "_lost", "_request", "_task")

    def __init__(self, callback: RequestCallback, connection: HTTPConnection) -> None:
        self._callback = callback
        self._connection = connection
        self._chunks: list[bytes] = []
        self._request: HTTPServerRequest | None = None
        # The running callback, where it is a coroutine function; asyncio itself holds it only
        # weakly.
        self._task: asyncio.Future[None] | None = None
        # Whether the client is gone, which cancels the task.
        self._lost = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self._request = HTTPServerRequest(
            start_line=start_line, headers=headers, connection=self._connection
        )
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._chunks.append(chunk)
        return None

    def finish(self) -> None:
        request = self._request
        assert request is not None
        request.body = b"".join(self._chunks)
        self._chunks.clear()
        try:
            with ExceptionStackContext(self._on_error):
                result = self._callback(request)
                if inspect.isawaitable(result):
                    self._task = asyncio.ensure_future(self._run(result))
        except asyncio.CancelledError as error:  # of something that the callback looked at
            self._on_error(type(error), error, error.__traceback__)

    async def _run(self, result: Awaitable[object]) -> None:
        try:
            await result
        except asyncio.CancelledError as error:
            if not self._lost:
                self._on_error(type(error), error, error.__traceback__)
            raise
        except Exception as error:  # noqa: BLE001 - whatever the callback raises
            self._on_error(type(error), error, error.__traceback__)

    def on_connection_lost(self, error: BaseException | None) -> None:
        self._lost = True
        if self._task is not None:
            self._task.cancel()

    def _on_error(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> bool:
        request = self._request
        app_log.error("Uncaught exception answering %r", request, exc_info=(kind, error, traceback))
        self._connection.close()
        return True
