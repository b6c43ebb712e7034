"""One request of a fetch in memory, and its answer: what HTTPRequest can say, done without a
network.

This file asks a MemoryConnection and hands what comes to whoever takes it. Which request comes
next is decided by `_memory_client`.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from ostro.httpclient import HTTPRequest, HTTPStreamClosedError, ResponseReceiver
from ostro.httpclient.parts import Hop
from ostro.httputil import HTTPHeaders, HTTPServerConnectionDelegate
from ostro.iostream import StreamClosedError

from ._memory_connection import MemoryConnection
from ._memory_response import MemoryResponse, Sink

__all__ = ["Body", "Exchange", "body_of"]

Body = bytes | AsyncIterable[bytes]


class Exchange(NamedTuple):
    """A request that is ready to be sent, and who takes the answer.

    `start_time` is that of the whole fetch; `is_followed` tells of an answer, by its code and its
    fields, whether it is a redirect that nobody but the client gets to see.
    """

    application: HTTPServerConnectionDelegate
    connection: MemoryConnection
    request: HTTPRequest
    url: str
    headers: HTTPHeaders
    body: Body
    start_time: float
    is_followed: Callable[[int, HTTPHeaders], bool]

    async def run(self, receiver: ResponseReceiver | None) -> MemoryResponse:
        """Ask the application, and return its answer.

        Raises HTTPStreamClosedError where there is no whole answer, and what `Sink` raises.
        """
        connection = self.connection
        sending = None
        try:
            # A task of its own where something has to happen meanwhile.
            if isinstance(self.body, bytes) and connection.window is None:
                await self._send()
            else:
                sending = asyncio.create_task(self._send())
            response = await self._receive(receiver)
            if sending is not None:
                await sending
        except StreamClosedError as error:
            if sending is not None and sending.done() and not sending.cancelled():
                sending.result()  # what the body raised, if that is why
            raise HTTPStreamClosedError(
                "the connection was closed before the response was whole"
            ) from error
        finally:
            if sending is not None:
                sending.cancel()
            connection.disconnect()  # whatever is left of it
        return response

    async def _send(self) -> None:
        await self.connection.send(self.application, self.headers, self.body)

    async def _receive(self, receiver: ResponseReceiver | None) -> MemoryResponse:
        connection = self.connection
        head = await connection.head()
        headers = connection.headers
        assert headers is not None  # they come with the head
        tell = self.request.informational_callback
        if tell is not None:
            for code, fields in connection.informational:
                tell(code, fields)
        buffer = io.BytesIO()
        response = MemoryResponse(
            self.request,
            head.code,
            headers.copy(),
            buffer,
            effective_url=self.url,
            reason=head.reason,
            start_time=self.start_time,
            http_version="HTTP/1.1",
        )
        response.informational = connection.informational
        is_followed = self.is_followed(head.code, headers)
        sink = Sink(self.request, response, buffer, receiver, is_followed)
        await sink.begin()
        async for piece in connection:
            await sink.take(piece)
        sink.end()
        response.trailers = connection.trailers
        response.request_time = time.time() - self.start_time
        return response


def body_of(hop: Hop) -> Body:
    """Return the body of a request: bytes, or what gives its pieces."""
    producer = hop.producer
    if producer is None:
        return hop.body or b""
    if isinstance(producer, AsyncIterable):
        return producer
    return _produced(producer)


Write = Callable[[bytes], Awaitable[None]]


async def _produced(producer: Callable[[Write], Awaitable[object] | None]) -> AsyncIterator[bytes]:
    """Iterate over what a function writes; each write is done when the next piece is asked for."""
    pieces: asyncio.Queue[tuple[bytes, asyncio.Future[None]] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def write(piece: bytes) -> Awaitable[None]:
        taken: asyncio.Future[None] = loop.create_future()
        pieces.put_nowait((piece, taken))
        return taken

    async def produce() -> None:
        try:
            waits = producer(write)
            if waits is not None:
                await waits
        finally:
            pieces.put_nowait(None)

    task = asyncio.create_task(produce())
    try:
        while (item := await pieces.get()) is not None:
            piece, taken = item
            yield piece
            if not taken.done():
                taken.set_result(None)
        await task
    finally:
        task.cancel()
