"""MemoryConnection: one request of a client in memory, and the answer to it.

A producer of the HTTP message seam without a socket or a codec. This file is the client's side of
it: asking, reading, going away. How the request is sent is `_memory_request`'s, and what the
application does `_memory_answer`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

from ostro.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
    responses,
)
from ostro.iostream import StreamClosedError

from ._memory_answer import AnswerPhase, MemoryAnswer
from ._memory_request import RequestSender
from ._memory_stream import MemoryStream

__all__ = ["MemoryConnection"]


class MemoryConnection(MemoryAnswer):
    """One request of a client in memory, and the answer to it.

    The application's side is that of every HTTPConnection. The client's side sends the request, and
    reads the answer:

        connection = MemoryConnection(RequestStartLine("GET", "/", "HTTP/1.1"))
        await connection.send(application, HTTPHeaders({"Host": "localhost"}))
        head = await connection.head()
        body = await connection.body()

    What came so far is in `informational` (codes and headers of interim responses), `start_line`,
    `headers` and `trailers`; None before. `phase` says how far it is.

    Args:
        request: The request line.
        context: Who asks; None for 127.0.0.1 over http.
        window: Bytes of the body that are on their way, as in the buffers of a network, before the
            application has to wait for the client to read; None for no limit.
        max_body_size: Bytes that the request may have.
        certificate: What `get_ssl_certificate` returns.
    """

    # Asking

    async def send(
        self,
        application: HTTPServerConnectionDelegate,
        headers: HTTPHeaders,
        body: bytes | AsyncIterable[bytes] = b"",
        trailers: HTTPHeaders | None = None,
    ) -> None:
        """Send the request; return when the application has it whole, or wants no more of it.

        Args:
            application: Who answers.
            headers: The fields of the request, Host included. Content-Length, or
                Transfer-Encoding for a body in pieces, is added.
            body: The body, whole or piece by piece, at the pace of the application.
            trailers: Fields after a body in pieces.

        What the application raises is logged and answered 500, as a server does it. What `body`
        raises breaks the connection, and is raised.
        """
        if self.phase is not AnswerPhase.AWAITED or self.delegate is not None:
            raise RuntimeError("a MemoryConnection is for one request")
        sender = RequestSender(self, application)
        self._when_over = sender.close
        await sender.send(headers, body, trailers)

    def report_early_loss(self, delegate: HTTPMessageDelegate) -> None:
        """Tell who has just taken the request that the connection was closed meanwhile."""
        self._notify(delegate.on_connection_close)
        self._notify(delegate.on_connection_lost, self.error)

    def reject(self, status: int, message: str) -> None:
        """Answer in the application's place, or break off the answer that it has begun."""
        if self.over:
            return
        if self.phase is AnswerPhase.BODY:
            self._lose(None)
            return
        delegate, self.delegate = self.delegate, None
        text = f"{message}\n".encode()
        fields = {"Content-Type": "text/plain; charset=UTF-8", "Connection": "close"}
        start_line = ResponseStartLine("HTTP/1.1", status, responses.get(status, "Unknown"))
        self.write_headers(start_line, HTTPHeaders(fields), text, end=True)
        if delegate is not None:
            if not self._close_reported:
                self._notify(delegate.on_connection_close)
            self._notify(delegate.on_connection_lost, None)

    async def reading(self) -> None:
        """Wait until the application wants more of the body. For whoever sends it."""
        while self._resumed is not None:
            await asyncio.shield(self._resumed)

    # Reading

    async def head(self) -> ResponseStartLine:
        """Wait for the head of the answer.

        Raises StreamClosedError if the connection was closed before.
        """
        while self.start_line is None:
            await self._change()
        return self.start_line

    async def read(self) -> bytes:
        """Return the next piece of the body, b"" at its end.

        Raises StreamClosedError if the connection was closed before its end.
        """
        while not self._pieces:
            if self.over and self.phase is not AnswerPhase.LOST:
                return b""
            await self._change()
        piece = self._pieces.popleft()
        self._unread -= len(piece)
        if self.window is not None and self._unread <= self.window:
            self._let_writers_go()
        return piece

    async def body(self) -> bytes:
        """Return the rest of the body. Raises as `read` does."""
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the pieces of the body."""
        while piece := await self.read():
            yield piece

    async def _change(self) -> None:
        """Wait until something happens. Raises StreamClosedError where nothing will."""
        if self.over:
            raise StreamClosedError(self.error)
        if self._changed is None or self._changed.done():
            self._changed = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._changed)

    async def detached(self) -> MemoryStream:
        """Return the client's end of the stream that takes the place of HTTP.

        Raises StreamClosedError if the connection was closed before.
        """
        while self.client_stream is None:
            await self._change()
        return self.client_stream

    # Going away

    def disconnect(self, error: BaseException | None = None) -> None:
        """Break the connection: the application learns of it, and what it writes fails.

        Args:
            error: What the network is said to have reported.
        """
        if self.client_stream is not None:
            self.client_stream.reset()
        if not self.over:
            self._lose(error)
