"""Gzip request bodies, decompressed on their way to the delegate, with a cap on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Iterator

from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

PIECE_SIZE = 65536
"""Bytes of decompressed body that are in memory at a time."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class DecompressingDelegate(HTTPMessageDelegate):
    """Passes a message on to `delegate`, with a body in gzip coding decompressed.

    The delegate sees `X-Consumed-Content-Encoding: gzip` in place of `Content-Encoding` and
    `Content-Length`. A body that is not gzip, or is cut off, raises `HTTPInputError`; one of more
    than `max_size` bytes when decompressed raises it with status 413.

    Spec: RFC 9110 section 8.4.1.3, RFC 1952.
    """

    __slots__ = ("_delegate", "_max_size", "_size", "_unzip")

    def __init__(self, delegate: HTTPMessageDelegate, max_size: int) -> None:
        self._delegate = delegate
        self._max_size = max_size
        self._size = 0
        self._unzip: zlib._Decompress | None = None

    def set_max_size(self, limit: int) -> None:
        """Replace the most bytes that the body may have when decompressed."""
        self._max_size = limit

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip"):
            self._unzip = zlib.decompressobj(_GZIP_WINDOW)
            headers["X-Consumed-Content-Encoding"] = headers["Content-Encoding"]
            del headers["Content-Encoding"]
            headers.pop("Content-Length", None)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._unzip is None:
            return self._delegate.data_received(chunk)
        pieces = self._pieces(chunk)
        for piece in pieces:
            waits = self._delegate.data_received(piece)
            if waits is not None:
                return self._pass_on(waits, pieces)
        return None

    async def _pass_on(self, waits: Awaitable[None], pieces: Iterator[bytes]) -> None:
        await waits
        for piece in pieces:
            further = self._delegate.data_received(piece)
            if further is not None:
                await further

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` decompresses to; a body may consist of several gzip members."""
        data = chunk
        piece = b""
        # A full piece means that zlib may hold more, even when it has taken all of its input.
        while data or len(piece) == PIECE_SIZE:
            if self._unzip is None or (self._unzip.eof and data):
                self._unzip = zlib.decompressobj(_GZIP_WINDOW)
            try:
                piece = self._unzip.decompress(data, PIECE_SIZE)
            except zlib.error as error:
                raise HTTPInputError(f"the request body is not valid gzip: {error}") from error
            self._size += len(piece)
            if self._size > self._max_size:
                raise HTTPInputError(
                    f"the request body decompresses to more than {self._max_size} bytes", status=413
                )
            if piece:
                yield piece
            data = self._unzip.unconsumed_tail or self._unzip.unused_data

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        self._delegate.trailers_received(trailers)

    def finish(self) -> None:
        if self._unzip is not None and not self._unzip.eof:
            raise HTTPInputError("the gzip request body ends before its end marker")
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()

    def on_connection_lost(self, error: BaseException | None) -> None:
        self._delegate.on_connection_lost(error)
