"""What a client in memory answers with, and where the body of an answer goes meanwhile."""

from __future__ import annotations

import inspect
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

from ostro.httpclient import (
    ContentDecodingError,
    HTTPRequest,
    HTTPResponse,
    ResponseReceiver,
    ResponseTooLargeError,
)
from ostro.httputil import HTTPHeaders
from ostro.stack_context import wrap

__all__ = ["MemoryResponse", "Sink"]


class MemoryResponse(HTTPResponse):
    """The response to a request in memory.

    `informational` holds the interim responses before it: codes and headers.
    """

    informational: list[tuple[int, HTTPHeaders]]

    @property
    def text(self) -> str:
        """The body as text in UTF-8. Raises UnicodeDecodeError for what is none."""
        return self.body.decode()

    def json(self) -> Any:  # Any: whatever the application sends
        """Return what the body says in JSON. Raises ValueError for what is none."""
        return json.loads(self.body)


class Sink:
    """Takes one answer, as the request wants it taken.

    Args:
        request: What was asked for.
        response: Its head; the fields are changed to say what is left after decompression.
        buffer: Its buffer, for a body that nobody else takes.
        receiver: Takes the answer as it comes; None where the request says who does.
        is_followed: It is a redirect, and nobody wants it.
    """

    def __init__(
        self,
        request: HTTPRequest,
        response: MemoryResponse,
        buffer: io.BytesIO,
        receiver: ResponseReceiver | None,
        is_followed: bool,
    ) -> None:
        self._request = request
        self._response = response
        self._receiver = None if is_followed else receiver
        self._buffer = buffer
        self._take: Callable[[bytes], object] = buffer.write
        if not is_followed and receiver is not None:
            self._take = receiver.data_received
        elif not is_followed and request.streaming_callback is not None:
            self._take = wrap(request.streaming_callback)
        self._tells_headers = request.header_callback is not None and not is_followed
        self._size = 0
        self._gzip = self._decoder() if request.decompress_response else None

    def _decoder(self) -> zlib._Decompress | None:
        headers = self._response.headers
        encoding = headers.get("Content-Encoding", "")
        if encoding.lower() != "gzip" or self._response.code == 206:
            return None  # a part of a compressed body cannot be decompressed
        headers["X-Consumed-Content-Encoding"] = encoding
        del headers["Content-Encoding"]
        headers.pop("Content-Length", None)
        return zlib.decompressobj(31)

    async def begin(self) -> None:
        """Tell of the head."""
        response, tell = self._response, self._request.header_callback
        if self._receiver is not None:
            await _wait_for(self._receiver.head_received(response))
        if self._tells_headers and tell is not None:
            start = f"{response.http_version} {response.code} {response.reason}"
            for line in [start, *response.headers.lines(), ""]:
                await _wait_for(tell(f"{line}\r\n"))
            response.headers = HTTPHeaders()

    async def take(self, piece: bytes) -> None:
        """Take the next piece of the body.

        Raises ResponseTooLargeError, ContentDecodingError, and what a callback raises.
        """
        if self._gzip is not None:
            try:
                piece = self._gzip.decompress(piece)
            except zlib.error as error:
                raise ContentDecodingError(f"the body is not what it says: {error}") from error
        self._size += len(piece)
        limit = self._request.max_body_size
        if limit is not None and self._size > limit:
            raise ResponseTooLargeError(f"body of more than {limit} bytes")
        if piece:
            await _wait_for(self._take(piece))

    def end(self) -> None:
        """Learn that the body has ended. Raises ContentDecodingError if it is cut off."""
        if self._gzip is not None and self._size and not self._gzip.eof:
            raise ContentDecodingError("the body ends before what is compressed in it")
        self._buffer.seek(0)


async def _wait_for(result: object) -> None:
    if inspect.isawaitable(result):
        await result
