"""One request's way back to its client over HTTP/1.1.

An exchange lives for one request. Once it is over, it lets go of its connection, so that a handler
which holds on to it cannot write into the answer of the next request. What the bytes look like is
the codec's business, when they are sent the stream's, and what comes next the connection's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import IO, TYPE_CHECKING

from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED
from ostro.iostream import IOStream, StreamClosedError
from ostro.stack_context import wrap

if TYPE_CHECKING:
    from ._connection import HTTPConnection as ServerConnection

JOIN_LIMIT = 65536
"""Bytes of body up to which head and body are joined into one send; above it, copying costs more.
"""

FILE_PIECE_SIZE = 262144
"""Bytes of a file that are in memory at a time."""


def _failed() -> Awaitable[None]:
    """Return an awaitable that raises StreamClosedError, and warns nobody if not awaited."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(StreamClosedError())
    future.exception()
    return future


class Exchange(HTTPConnection):
    """The `HTTPConnection` that a server gives to applications."""

    __slots__ = (
        "_close_callback",
        "_conn",
        "closed_reported",
        "context",
        "delegate",
        "headers_taken",
        "keep_alive",
        "run",
    )

    def __init__(
        self, conn: ServerConnection, context: ConnectionContext, keep_alive: bool
    ) -> None:
        self._conn: ServerConnection | None = conn
        self.context = context
        # Whether the client can take another answer after this one; raw answers have nothing else
        # to go by.
        self.keep_alive = keep_alive
        # Runs a function in the contextvars Context of this request alone.
        self.run = Context().run
        # Who takes the request; None again when the exchange is over, which breaks the cycle
        # between the two.
        self.delegate: HTTPMessageDelegate | None = None
        # Whether the delegate is done with the headers.
        self.headers_taken = False
        # Whether the end of the client's stream has been reported.
        self.closed_reported = False
        self._close_callback: Callable[[], object] | None = None

    # The answer

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        return conn.send(conn.codec.send_informational(code, headers))

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        conn.before_head(end)
        if chunk is not None and len(chunk) > JOIN_LIMIT:
            return self._write_large(conn, start_line, headers, chunk, end)
        data = conn.codec.send_head(start_line.code, start_line.reason, headers, chunk, end)
        if end:
            conn.send_soon(data)
            self._end(conn)
            return COMPLETED
        return conn.send(data)

    def _write_large(
        self,
        conn: ServerConnection,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes,
        end: bool,
    ) -> Awaitable[None]:
        if end and "Content-Length" not in headers:
            headers = headers.copy()
            headers["Content-Length"] = str(len(chunk))
        conn.send(conn.codec.send_head(start_line.code, start_line.reason, headers))
        sent = self.write(chunk)
        if end:
            self.finish()
        return sent

    def write(self, chunk: bytes) -> Awaitable[None]:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        data = conn.codec.send_data(chunk)
        return conn.send(data) if data else COMPLETED

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        return asyncio.ensure_future(self._send_file(file, offset, count))

    async def _send_file(self, file: IO[bytes], offset: int, count: int) -> None:
        loop = asyncio.get_running_loop()
        remaining = count
        position = offset
        while remaining:
            piece = await loop.run_in_executor(
                None, _read_piece, file, position, min(remaining, FILE_PIECE_SIZE)
            )
            if not piece:
                self.close()
                raise HTTPOutputError(
                    f"the file ended after {count - remaining} of the {count} bytes announced"
                )
            position += len(piece)
            remaining -= len(piece)
            await self.write(piece)

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return
        try:
            last = conn.codec.send_end(trailers)
        except HTTPOutputError:
            # The client was promised more than it got: only a closed connection tells it so.
            conn.stream.close()
            raise
        if last:
            conn.send(last)
        self._end(conn)

    # The 2.3 style: the callback composes the whole answer itself, head included

    def write_raw(self, data: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        """Send `data` as it is; `callback` runs through the loop once it has left.

        The application vouches for the framing: a Content-Length or chunks, or `no_keep_alive`.
        """
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        conn.codec.send_raw()
        return conn.send(data, callback)

    def finish_raw(self) -> None:
        """End the answer that `write_raw` sent."""
        conn = self._conn
        if conn is not None and not conn.stream.closed():
            conn.codec.send_raw_end()
            self._end(conn)

    # The request

    def pause_reading(self) -> None:
        if self._conn is not None:
            self._conn.pause_body()

    def resume_reading(self) -> None:
        if self._conn is not None:
            self._conn.resume_body()

    def set_max_body_size(self, limit: int) -> None:
        if self._conn is not None:
            self._conn.codec.set_max_body(limit)

    def set_body_timeout(self, seconds: float) -> None:
        if self._conn is not None:
            self._conn.set_body_timeout(seconds)

    def get_ssl_certificate(self, binary_form: bool = False) -> dict[str, object] | bytes | None:
        return None if self._conn is None else self._conn.get_ssl_certificate(binary_form)

    # The connection

    @property
    def stream(self) -> IOStream:
        """The stream below; raises StreamClosedError when the exchange is over."""
        if self._conn is None:
            raise StreamClosedError
        return self._conn.stream

    @property
    def address(self) -> object:
        """The client's address as the socket gave it."""
        return self.context.address

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Call `callback` when the client goes away before the answer is finished."""
        self._close_callback = None if callback is None else wrap(callback)

    def notify_closed(self) -> None:
        """Tell whoever wants to know that the client sends nothing more."""
        callback, self._close_callback = self._close_callback, None
        if self.delegate is not None:
            self.delegate.on_connection_close()
        if callback is not None:
            callback()

    def detach(self) -> ByteStream:
        if self._conn is None:
            raise HTTPOutputError("the exchange is over; there is no stream to detach")
        return self._conn.detach()

    def close(self) -> None:
        if self._conn is not None:
            self._conn.stream.close()

    def _end(self, conn: ServerConnection) -> None:
        self._conn = None
        self.delegate = None
        self._close_callback = None
        conn.response_ended(self)

    def abandon(self) -> None:
        """Let go of the connection; called by it when the answer can no longer be sent."""
        self._conn = None
        self.delegate = None
        self._close_callback = None


def _read_piece(file: IO[bytes], position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)
