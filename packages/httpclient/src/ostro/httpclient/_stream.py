"""StreamedResponse: a response that is iterated over while it arrives.

A task carries the request out; what it reads is handed over piece by piece, each when the one
before has been taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from ostro.httputil import HTTPHeaders

from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from .errors import HTTPClientError, ResponseTooLargeError

__all__ = ["DEFAULT_MAX_READ_BYTES", "StreamedResponse"]

DEFAULT_MAX_READ_BYTES = 104857600
"""Bytes that `StreamedResponse.read` takes at most: 100 MiB, as where the whole body is kept."""

Perform = Callable[[ResponseReceiver], Coroutine[Any, Any, HTTPResponse]]


class StreamedResponse:
    """A response whose body is read piece by piece; `AsyncHTTPClient.stream` makes it.

    It is used in `async with`, which gives it when the head is there. `async for` gives the pieces
    of the body, decompressed, none of them empty, of no particular size.
    """

    def __init__(self, request: HTTPRequest, perform: Perform, raise_error: bool) -> None:
        self.request = request
        self._perform = perform
        self._raise_error = raise_error
        # What carries the request out; whether the block has been left.
        self._task: asyncio.Task[HTTPResponse] | None = None
        self._left = False
        self._response: HTTPResponse | None = None
        # The piece that waits to be taken; who waits for one; who waits for it to be taken.
        self._chunk: bytes | None = None
        self._reader: asyncio.Future[None] | None = None
        self._taken: asyncio.Future[None] | None = None

    # What is known of the response

    @property
    def head(self) -> HTTPResponse:
        """The response without its body. What comes last, `trailers` and the times, is there after
        the last piece.

        Raises RuntimeError outside of `async with`.
        """
        if self._response is None:
            raise RuntimeError("a streamed response is used in `async with`")
        return self._response

    @property
    def code(self) -> int:
        """The status code."""
        return self.head.code

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self.head.reason

    @property
    def headers(self) -> HTTPHeaders:
        """The fields of the response."""
        return self.head.headers

    @property
    def effective_url(self) -> str:
        """Where the response came from, after redirects."""
        return self.head.effective_url

    # Reading

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError("a streamed response is used once; ask `stream` for another")
        self._task = asyncio.create_task(self._perform(self))
        self._task.add_done_callback(self._wake)
        try:
            await self._wait()
        except BaseException:
            self._task.cancel()
            raise
        if self._response is None:
            self._response = self._task.result()
        self._response.request = self.request
        error = self._response.error
        if self._raise_error and isinstance(error, HTTPClientError):
            await self._end()
            raise error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._end()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        task = self._task
        if task is None:
            raise RuntimeError("a streamed response is used in `async with`")
        if self._reader is not None:
            raise RuntimeError("another task is reading this streamed response")
        self._let_go()
        if self._chunk is None and not task.done():
            await self._wait()
        chunk, self._chunk = self._chunk, None
        if chunk is not None:
            return chunk
        if self._left and task.cancelled():
            raise RuntimeError("a streamed response is read inside of its `async with`")
        task.result()
        raise StopAsyncIteration

    async def read(self, max_bytes: int = DEFAULT_MAX_READ_BYTES) -> bytes:
        """Return the rest of the body.

        Raises ResponseTooLargeError if it has more than `max_bytes`.
        """
        pieces = []
        size = 0
        async for chunk in self:
            size += len(chunk)
            if size > max_bytes:
                raise ResponseTooLargeError(f"body of more than {max_bytes} bytes")
            pieces.append(chunk)
        return b"".join(pieces)

    # What the client tells, in its task

    def head_received(self, response: HTTPResponse) -> Awaitable[object] | None:
        """Take the head, and let the block begin."""
        self._response = response
        return self._hand_over()

    def data_received(self, chunk: bytes) -> Awaitable[object] | None:
        """Take a piece, which the next step of the iteration takes on."""
        self._chunk = chunk
        return self._hand_over()

    def _hand_over(self) -> asyncio.Future[None]:
        self._taken = asyncio.get_running_loop().create_future()
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)
        return self._taken

    def _let_go(self) -> None:
        """Have the client go on, if what it handed over has been taken."""
        taken = self._taken
        if taken is not None and self._chunk is None:
            self._taken = None
            if not taken.done():
                taken.set_result(None)

    # Waiting for the client

    async def _wait(self) -> None:
        """Wait until the client hands something over, or has ended."""
        reader = self._reader = asyncio.get_running_loop().create_future()
        try:
            await reader
        finally:
            self._reader = None

    def _wake(self, task: asyncio.Task[HTTPResponse]) -> None:
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    async def _end(self) -> None:
        task = self._task
        if task is None:
            return
        self._left = True
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it was raised where it came up, or nobody read that far
