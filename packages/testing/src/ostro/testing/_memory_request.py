"""The request of a client in memory, on its way to the application: each step in its turn.

This file makes the calls of the message seam, waits where it is told to, and answers for what the
application raises. The answer is `_memory_connection`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    responses,
)
from ostro.ioloop import COMPLETED

if TYPE_CHECKING:
    from ._memory_connection import MemoryConnection

__all__ = ["RequestSender"]

app_log = logging.getLogger("ostro.application")


class RequestSender:
    """Sends one request. It is the `server_conn` that the application sees."""

    def __init__(
        self, connection: MemoryConnection, application: HTTPServerConnectionDelegate
    ) -> None:
        self._connection = connection
        self._application = application

    async def send(
        self,
        headers: HTTPHeaders,
        body: bytes | AsyncIterable[bytes],
        trailers: HTTPHeaders | None,
    ) -> None:
        """Send the request; see `MemoryConnection.send`."""
        headers = headers.copy()
        if not isinstance(body, bytes):
            if "Content-Length" not in headers:
                headers["Transfer-Encoding"] = "chunked"
        elif body and "Content-Length" not in headers:
            headers["Content-Length"] = str(len(body))
        connection = self._connection
        try:
            if body == b"" and trailers is None and self._application.takes_requests:
                self._send_at_once(headers)
            else:
                await self._send_in_steps(headers, body, trailers)
        except _DelegateError as failure:
            error = failure.error
            if isinstance(error, HTTPInputError):
                connection.reject(error.status, str(error))
                return
            app_log.error("Uncaught exception in the delegate of a request", exc_info=error)
            connection.reject(500, responses[500])
        except BaseException:
            connection.disconnect()
            raise

    def close(self) -> None:
        """Tell the application that the connection is over."""
        self._application.on_close(self)

    def _send_at_once(self, headers: HTTPHeaders) -> None:
        connection = self._connection
        connection.request_complete = True
        request = connection.request
        try:
            taken = connection.run(
                self._application.take_request, self, connection, *request, headers
            )
        except Exception as error:
            raise _DelegateError(error) from error
        self._keep(taken)

    def _keep(self, delegate: HTTPMessageDelegate | None) -> None:
        """Remember who is to hear of a lost connection, unless the answer is there already."""
        connection = self._connection
        if delegate is None:
            return
        if not connection.over:
            connection.delegate = delegate
        elif connection.phase.value == "lost":
            connection.report_early_loss(delegate)

    async def _send_in_steps(
        self,
        headers: HTTPHeaders,
        body: bytes | AsyncIterable[bytes],
        trailers: HTTPHeaders | None,
    ) -> None:
        connection = self._connection
        try:
            delegate = connection.run(self._application.start_request, self, connection)
        except Exception as error:
            raise _DelegateError(error) from error
        self._keep(delegate)
        await self._step(delegate.headers_received, connection.request, headers)
        if not await self._send_body_in_time(delegate, headers, body):
            return
        if trailers is not None:
            await self._step(delegate.trailers_received, trailers)
        connection.request_complete = True
        await self._step(delegate.finish)

    async def _send_body_in_time(
        self,
        delegate: HTTPMessageDelegate,
        headers: HTTPHeaders,
        body: bytes | AsyncIterable[bytes],
    ) -> bool:
        """Send the body; tell whether it was sent to its end."""
        try:
            async with asyncio.timeout(self._connection.body_timeout or None) as limit:
                return await self._send_body(delegate, headers, body)
        except TimeoutError:
            if not limit.expired():
                raise
            self._connection.reject(408, "the body of the request did not come in time")
        return False

    async def _send_body(
        self,
        delegate: HTTPMessageDelegate,
        headers: HTTPHeaders,
        body: bytes | AsyncIterable[bytes],
    ) -> bool:
        connection = self._connection
        announced = int(headers.get("Content-Length", "0"))
        if announced > connection.max_body_size:
            self._refuse(announced)
        sent = 0
        async with aclosing(_pieces(body)) as pieces:
            async for piece in pieces:
                await connection.reading()
                if connection.over:
                    return False
                sent += len(piece)
                if sent > connection.max_body_size:
                    self._refuse(sent)
                if piece:
                    await self._step(delegate.data_received, piece)
        await connection.reading()
        return not connection.over

    def _refuse(self, size: int) -> None:
        limit = self._connection.max_body_size
        raise _DelegateError(
            HTTPInputError(f"body of {size} bytes, expected no more than {limit}", 413)
        )

    async def _step(self, step: Callable[..., Awaitable[None] | None], *args: object) -> None:
        """Run a step of the application in the Context of the request, to its end."""
        if self._connection.over:
            return
        try:
            waits = self._connection.run(step, *args)
            if waits is None or waits is COMPLETED:
                return
            task = self._connection.run(asyncio.ensure_future, waits)
        except Exception as error:
            raise _DelegateError(error) from error
        await asyncio.wait([task])
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        if failure is not None:
            raise _DelegateError(failure)


class _DelegateError(Exception):
    """What the application has raised, as opposed to whoever sends."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _pieces(body: bytes | AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes):
        yield body
    else:
        async for piece in body:
            yield piece
