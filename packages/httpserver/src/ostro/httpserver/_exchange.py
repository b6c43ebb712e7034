"""One request's way back to its client over HTTP/1.1.

An exchange lives for one request. Once it is over, it lets go of its connection, so that a handler
which holds on to it cannot write into the answer of the next request. What the bytes look like is
the codec's business, when they are sent the stream's, and what comes next the connection's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import IO, TYPE_CHECKING

from ostro.http1 import LocalProtocolError
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

from ._decompress import DecompressingDelegate
from ._file_pieces import PieceReader

if TYPE_CHECKING:
    from ._connection import HTTPConnection as ServerConnection

JOIN_LIMIT = 65536
"""Bytes of body up to which head and body are joined into one send; above it, copying costs more.
"""


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
        "_sending_file",
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
        # Whether the body is being fed from a file.
        self._sending_file = False

    # The answer

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        try:
            data = conn.codec.send_informational(code, headers)
        except LocalProtocolError as error:
            raise HTTPOutputError(str(error)) from error
        return conn.send(data) if data else COMPLETED

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
        try:
            data = conn.codec.send_head(start_line.code, start_line.reason, headers, chunk, end)
        except LocalProtocolError as error:
            raise HTTPOutputError(str(error)) from error
        if not end:
            return conn.send(data)
        conn.send_soon(data)
        self._end(conn)
        return COMPLETED

    def _write_large(
        self,
        conn: ServerConnection,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes,
        end: bool,
    ) -> Awaitable[None]:
        """Send head and body one after the other; everything is checked before anything leaves."""
        if end and "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            headers = headers.copy()
            headers["Content-Length"] = str(len(chunk))
        codec = conn.codec
        try:
            head = codec.send_head(start_line.code, start_line.reason, headers)
        except LocalProtocolError as error:
            raise HTTPOutputError(str(error)) from error
        try:
            data = codec.send_data(chunk)
            last = codec.send_end() if end else b""
        except LocalProtocolError as error:
            # A codec that has given out a head does not take it back.
            conn.close()
            raise HTTPOutputError(str(error)) from error
        sent = conn.send(head)
        if data:
            sent = conn.send(data)
        if last:
            sent = conn.send(last)
        if end:
            self._end(conn)
        return sent

    def write(self, chunk: bytes) -> Awaitable[None]:
        self._check_no_file()
        return self._write(chunk)

    def _write(self, chunk: bytes) -> Awaitable[None]:
        conn = self._conn
        if conn is None or conn.stream.closed():
            return _failed()
        try:
            data = conn.codec.send_data(chunk)
        except LocalProtocolError as error:
            raise HTTPOutputError(str(error)) from error
        return conn.send(data) if data else COMPLETED

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        self._check_no_file()
        if self._conn is None:
            return _failed()
        self._sending_file = True
        task = asyncio.ensure_future(self._send_file(file, offset, count))
        task.add_done_callback(_take_note)
        return task

    def _check_no_file(self) -> None:
        if self._sending_file:
            raise HTTPOutputError("send_file has not ended yet; await it before going on")

    async def _send_file(self, file: IO[bytes], offset: int, count: int) -> None:
        reader = PieceReader(file)
        sent = 0
        try:
            while sent < count:
                piece = await reader.read(offset + sent, count - sent)
                if not piece:
                    self.close()
                    raise HTTPOutputError(
                        f"the file ended after {sent} of the {count} bytes announced"
                    )
                sent += len(piece)
                await self._write(piece)
        finally:
            self._sending_file = False

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        self._check_no_file()
        conn = self._conn
        if conn is None or conn.stream.closed():
            return
        try:
            last = conn.codec.send_end(trailers)
        except LocalProtocolError as error:
            if conn.codec.response_started:
                # The client was promised more than it got: only a closed connection tells it so.
                conn.close()
            raise HTTPOutputError(str(error)) from error
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
        try:
            conn.codec.send_raw()
        except LocalProtocolError as error:
            raise HTTPOutputError(str(error)) from error
        return conn.send(data, callback)

    def finish_raw(self) -> None:
        """End the answer that `write_raw` sent."""
        conn = self._conn
        if conn is not None and not conn.stream.closed():
            try:
                conn.codec.send_raw_end()
            except LocalProtocolError as error:
                raise HTTPOutputError(str(error)) from error
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
        if isinstance(self.delegate, DecompressingDelegate):
            self.delegate.set_max_size(limit)

    def set_body_timeout(self, seconds: float) -> None:
        if self._conn is not None:
            self._conn.set_body_timeout(seconds)

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        return None if self._conn is None else self._conn.get_ssl_certificate(binary_form)

    # The connection

    @property
    def stream(self) -> IOStream:
        """The stream below; raises StreamClosedError when the exchange is over."""
        if self._conn is None:
            raise StreamClosedError
        # What is written there must not overtake the answers to earlier requests.
        self._conn.send_outgoing()
        return self._conn.stream

    @property
    def address(self) -> object:
        """The client's address as the socket gave it."""
        return self.context.address

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Call `callback` when the client goes away before the answer is finished."""
        self._close_callback = None if callback is None else wrap(callback)

    def take_close_callback(self) -> Callable[[], object] | None:
        """Return the close callback, if one is set, and forget it: it is called once."""
        callback, self._close_callback = self._close_callback, None
        return callback

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        if self._conn is None:
            raise HTTPOutputError("the exchange is over; there is no stream to detach")
        return self._conn.detach(on_drain)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()

    def _end(self, conn: ServerConnection) -> None:
        self._conn = None
        self.delegate = None
        self._close_callback = None
        conn.response_ended(self)

    def let_go(self) -> None:
        """Let go of the connection; called by it when nothing more of the answer can be sent."""
        self._conn = None


def _take_note(task: asyncio.Future[None]) -> None:
    """Look at how a task ended, so that nobody is warned where the caller did not."""
    if not task.cancelled():
        task.exception()
