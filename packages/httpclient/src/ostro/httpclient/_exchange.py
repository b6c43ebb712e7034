"""One request and its response, on one connection.

This file owns the order of the two; what the response leads to is the business of `_fetch`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable
from typing import Final

from ostro.http1 import (
    NEED_DATA,
    Data,
    EndOfMessage,
    HTTP1Error,
    IncompleteMessage,
    LocalProtocolError,
    RemoteProtocolError,
    ResponseHead,
)
from ostro.httputil import HTTPHeaders
from ostro.ioloop import Sweeper
from ostro.iostream import StreamClosedError

from ._connection import ClientConnection
from ._decoding import Decoder
from ._request import BodyProducer
from ._upload import LARGE_BODY, Upload
from .errors import (
    HTTPClientError,
    HTTPStreamClosedError,
    MalformedResponseError,
    ResponseTooLargeError,
)

__all__ = ["DRAINED_BYTES", "Exchange", "named"]

DRAINED_BYTES: Final = 65536
"""Bytes of a body that nobody wants which are read to keep the connection. More cost more than a
new connection does."""

_STRETCH: Final = 1 << 21
"""What reading a body may cost, by bytes and the figures below, before the loop has its turn: some
milliseconds. So deadlines come, and others are served, however fast a server sends, and however
little it sends for how much."""

_COST_OF_PIECE: Final = 1 << 16
"""What a piece counts for, however short: it may be made of thousands of chunks of one byte."""

_COST_OF_CODED_BYTE: Final = 16
"""What a byte counts for that is to be decoded, besides what comes out of it."""

Interim = Callable[[int, HTTPHeaders], object]
Take = Callable[[bytes], object]


def named(error: HTTP1Error | StreamClosedError) -> HTTPClientError:
    """Return the error of this package for one of the layers below it."""
    if isinstance(error, IncompleteMessage):
        return HTTPStreamClosedError(str(error))
    if isinstance(error, RemoteProtocolError):
        if error.status in (413, 414, 431):
            return ResponseTooLargeError(str(error))
        return MalformedResponseError(str(error))
    return HTTPStreamClosedError("the connection was lost before the end of the response")


class Exchange:
    """A request, and the response to it.

    Args:
        connection: In use for this exchange.
        sweeper: For the wait for `100 Continue`.
    """

    __slots__ = ("_sweeper", "_upload", "connection", "trailers")

    def __init__(self, connection: ClientConnection, sweeper: Sweeper) -> None:
        self.connection = connection
        self.trailers: HTTPHeaders | None = None
        self._sweeper = sweeper
        self._upload: Upload | None = None

    def send(
        self,
        method: str,
        target: str,
        fields: HTTPHeaders,
        body: bytes | BodyProducer | None,
        on_sent: Callable[[], object],
        *,
        expect_continue: bool = False,
    ) -> None:
        """Send a request, or begin to; `on_sent` is called when that is done.

        Raises ValueError for what cannot be sent, StreamClosedError where the connection is gone.
        """
        codec = self.connection.codec
        streamed = body is not None and (
            not isinstance(body, bytes) or len(body) > LARGE_BODY or expect_continue
        )
        try:
            if not streamed:
                whole = body if isinstance(body, bytes) else None
                self.connection.stream.write(
                    codec.send_request(method, target, fields, whole, end=True)
                )
                on_sent()
                return
            assert body is not None  # or it would not be streamed
            if isinstance(body, bytes) and "Content-Length" not in fields:
                fields["Content-Length"] = str(len(body))
            if expect_continue:
                fields["Expect"] = "100-continue"
            self.connection.stream.write(codec.send_request(method, target, fields))
        except LocalProtocolError as error:
            raise ValueError(f"the request cannot be sent: {error}") from error
        self._upload = Upload(
            self.connection, body, on_sent, self._sweeper, expect_continue=expect_continue
        )

    async def wait_for_first_byte(self) -> None:
        """Wait until the response begins."""
        connection = self.connection
        connection.codec.receive(await connection.receive())

    async def read_head(self, interim: Interim | None) -> ResponseHead:
        """Return the head of the final response; `interim` is told of those before it."""
        connection = self.connection
        codec = connection.codec
        while True:
            event = codec.next_event()
            if event is NEED_DATA:
                codec.receive(await connection.receive())
                continue
            assert isinstance(event, ResponseHead)
            if not event.informational:
                return event
            if event.code == 100 and self._upload is not None:
                self._upload.go_on()
            if interim is not None:
                interim(event.code, event.headers)

    async def read_body(self, take: Take, decoder: Decoder | None, limit: int | None) -> None:
        """Read the body to its end.

        Args:
            take: Called with each piece; if it returns an awaitable, that is awaited.
            decoder: Undoes the codings.
            limit: Bytes of the body as it is sent, None for no limit.
        """
        connection = self.connection
        codec = connection.codec
        codec.set_max_body(_NO_LIMIT if limit is None else limit)
        cost = 0
        while True:
            event = codec.next_event()
            if event is NEED_DATA:
                codec.receive(await connection.receive())
            elif isinstance(event, Data):
                if decoder is None:
                    pieces: Iterable[bytes] = (event.data,)
                else:
                    pieces = decoder.decode(event.data)
                    cost += _COST_OF_CODED_BYTE * len(event.data)
                for piece in pieces:
                    taken = take(piece)
                    if taken is not None and inspect.isawaitable(taken):
                        await taken
                    cost += max(len(piece), _COST_OF_PIECE)
                    if cost >= _STRETCH:
                        cost = 0
                        await asyncio.sleep(0)
            else:
                assert isinstance(event, EndOfMessage)
                self.trailers = event.trailers
                break
        if decoder is not None:
            decoder.finish()

    async def drain(self) -> None:
        """Read a body that nobody wants, if it is small, or close the connection."""
        try:
            await self.read_body(_drop, None, DRAINED_BYTES)
        except (HTTP1Error, StreamClosedError):
            self.connection.close()

    async def end(self) -> None:
        """Stop sending what is not sent yet."""
        if self._upload is not None:
            await self._upload.end()


_NO_LIMIT: Final = (1 << 63) - 1


def _drop(data: bytes) -> None:
    """Take a piece of a body that nobody wants."""
