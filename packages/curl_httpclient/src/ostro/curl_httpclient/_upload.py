"""Bodies that libcurl asks for piece by piece, at its pace."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable
from contextvars import copy_context
from typing import Final, Protocol

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient.parts import BodyProducer, check_piece

__all__ = ["ProducedUpload", "Upload", "WholeUpload"]

MAX_WAITING_BYTES: Final = 65536
"""Bytes that a producer may be ahead of libcurl before it has to wait."""

_PAUSE: Final[int] = pycurl.READFUNC_PAUSE
_CANNOT_SEEK: Final[int] = pycurl.SEEKFUNC_CANTSEEK
_SEEK_OK: Final[int] = pycurl.SEEKFUNC_OK


class Upload(Protocol):
    """Where a body comes from."""

    paused: bool

    def read(self, size: int, /) -> bytes | int:
        """Give libcurl the next bytes, none at the end; READFUNCTION."""
        ...

    def seek(self, offset: int, origin: int, /) -> int:
        """Go back to where libcurl wants to send from; SEEKFUNCTION."""
        ...

    def stop(self) -> None:
        """End what makes the body."""
        ...


class WholeUpload:
    """Gives libcurl a body that is there.

    Args:
        body: The body.
        sent: Called when libcurl has got all.
    """

    def __init__(self, body: bytes, sent: Callable[[], object]) -> None:
        self._body = body
        self._sent = sent
        self._position = 0
        self.paused = False

    def read(self, size: int) -> bytes:
        """Give libcurl the next bytes; READFUNCTION."""
        start = self._position
        piece = self._body[start : start + size]
        self._position += len(piece)
        if self._position == len(self._body):
            self._sent()
        return piece

    def seek(self, offset: int, origin: int) -> int:
        """Go back, always counted from the beginning; SEEKFUNCTION."""
        self._position = offset
        return _SEEK_OK

    def stop(self) -> None:
        """Do nothing: there is nothing to end."""


class ProducedUpload:
    """Has a producer make a body, from when libcurl first asks for it.

    It is made once: libcurl, which may want to send it again on another connection, is refused.

    Args:
        producer: The `body_producer` of a request.
        length: Bytes that the headers promise; None for as many as there are.
        resume: Called when libcurl, which had to wait, should ask again.
        fail: Called with what the producer raises, or is blamed for.
        sent: Called when libcurl has got all.
    """

    def __init__(
        self,
        producer: BodyProducer,
        length: int | None,
        resume: Callable[[], object],
        fail: Callable[[BaseException], object],
        sent: Callable[[], object],
    ) -> None:
        self._producer = producer
        self._length = length
        self._resume = resume
        self._fail = fail
        self._sent = sent
        # The producer runs in the Context of the fetch, and in a task of its own from when libcurl
        # asks for the body.
        self._context = copy_context()
        self._begun = self._stopped = False
        self._task: asyncio.Task[None] | None = None
        # What libcurl has not taken, and who waits until it has.
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._produced = 0
        self._ended = False
        # Libcurl waits for more.
        self.paused = False

    # What libcurl calls

    def read(self, size: int) -> bytes | int:
        """Give libcurl the next bytes; READFUNCTION."""
        if not self._begun:
            self._begun = True
            # Not here, in a callback of libcurl, where a task that starts at once would run.
            asyncio.get_running_loop().call_soon(self._begin, context=self._context)
        if not self._pieces:
            if self._ended:
                self._sent()
                return b""
            self.paused = True
            return _PAUSE
        piece = self._pieces.popleft()
        if len(piece) > size:
            self._pieces.appendleft(piece[size:])
            piece = piece[:size]
        self._waiting_bytes -= len(piece)
        if not self._pieces and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return piece

    def seek(self, offset: int, origin: int) -> int:
        """Tell libcurl that there is no way back; SEEKFUNCTION."""
        return _CANNOT_SEEK

    # What the producer calls

    def _begin(self) -> None:
        if not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._produce())

    async def _produce(self) -> None:
        producer = self._producer
        try:
            if isinstance(producer, AsyncIterable):
                async for piece in producer:
                    await self._write(piece)
            else:
                done = producer(self._write)
                if inspect.isawaitable(done):
                    await done
            self._check_end()
        except Exception as error:  # noqa: BLE001 - whatever the producer raises ends the fetch
            self._fail(error)
            return
        self._ended = True
        self._go_on()

    def _write(self, data: bytes) -> Awaitable[None]:
        """Take the next piece."""
        check_piece(data)
        loop = asyncio.get_running_loop()
        if self._waiter is None or self._waiter.done():
            self._waiter = loop.create_future()
        waiter = self._waiter
        self._produced += len(data)
        if self._length is not None and self._produced > self._length:
            raise ValueError(
                f"the body has {self._produced} bytes or more, Content-Length says {self._length}"
            )
        if data:
            self._pieces.append(bytes(data))
            self._waiting_bytes += len(data)
            self._go_on()
        if self._waiting_bytes < MAX_WAITING_BYTES and not waiter.done():
            waiter.set_result(None)
        return waiter

    def _check_end(self) -> None:
        if self._length is not None and self._produced < self._length:
            raise ValueError(
                f"the body has {self._produced} bytes, Content-Length says {self._length}"
            )

    def _go_on(self) -> None:
        if self.paused:
            self.paused = False
            self._resume()

    def stop(self) -> None:
        """Have the producer end, if it has not."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
