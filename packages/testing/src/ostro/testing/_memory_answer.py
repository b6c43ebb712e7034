"""An answer in memory, as the application gives it: the half of a MemoryConnection that it sees.

This file owns what was written and not read yet, who waits for whom, and how the answer ended. Who
reads it, and the request, are `_memory_connection`'s.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from enum import Enum
from typing import IO, ParamSpec, TypeVar

from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED
from ostro.iostream import StreamClosedError

from ._memory_framing import check_informational, check_trailers, frame
from ._memory_stream import MemoryStream

__all__ = ["DEFAULT_MAX_BODY_SIZE", "AnswerPhase", "MemoryAnswer"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

DEFAULT_MAX_BODY_SIZE = 104857600
"""Bytes that a request may have unless its handler says otherwise: as with HTTPServer."""

FILE_PIECE = 65536
"""Bytes of a file that are read at a time."""


class AnswerPhase(Enum):
    """How far the answer is."""

    AWAITED = "awaited"
    BODY = "in its body"
    ENDED = "ended"
    DETACHED = "given up for a stream"
    LOST = "lost"


class MemoryAnswer(HTTPConnection):
    """The application's side of a MemoryConnection, which see."""

    def __init__(
        self,
        request: RequestStartLine,
        *,
        context: ConnectionContext | None = None,
        window: int | None = None,
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
        certificate: Mapping[str, object] | bytes | None = None,
    ) -> None:
        if context is None:
            context = ConnectionContext("127.0.0.1", "http", ("127.0.0.1", 0), secure=False)
        self.context = context
        self.request = request
        # The answer
        self.phase = AnswerPhase.AWAITED
        self.informational: list[tuple[int, HTTPHeaders]] = []
        self.start_line: ResponseStartLine | None = None
        self.headers: HTTPHeaders | None = None
        self.trailers: HTTPHeaders | None = None
        self.error: BaseException | None = None
        # What was written of its body and not read yet; bytes to come; whether any count.
        self._pieces: deque[bytes] = deque()
        self._unread = 0
        self._missing: int | None = None
        self._silent = False
        self.window = window
        self._sending_file = False
        # Writes that wait for the client; the client, waiting for anything to happen.
        self._unsent: deque[asyncio.Future[None]] = deque()
        self._changed: asyncio.Future[None] | None = None
        self._when_over: Callable[[], object] | None = None
        # The request: who takes it, in which Context; what the application says of its body.
        self.delegate: HTTPMessageDelegate | None = None
        self.request_complete = False
        self.max_body_size = max_body_size
        self.body_timeout = 0.0
        self._resumed: asyncio.Future[None] | None = None
        self._context = Context()
        self._close_reported = False
        # The streams, once they take the place of HTTP.
        self.client_stream: MemoryStream | None = None
        self._certificate = certificate

    def run(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call the application in the Context of this request."""
        return self._context.run(step, *args, **kwargs)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of the answer."""
        return self.phase not in (AnswerPhase.AWAITED, AnswerPhase.BODY)

    def _note_change(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _let_writers_go(self) -> None:
        unsent, self._unsent = self._unsent, deque()
        for future in unsent:
            if not future.done():
                future.set_result(None)

    # Its end

    def half_close(self) -> None:
        """Say that nothing more is sent. A request that is complete may still be answered."""
        delegate = self.delegate
        if delegate is not None and not self._close_reported and not self.over:
            self._close_reported = True
            self._notify(delegate.on_connection_close)

    def _lose(self, error: BaseException | None) -> None:
        delegate = self.delegate
        self.half_close()
        self.error = error
        unsent, self._unsent = self._unsent, deque()
        for future in unsent:
            if not future.done():
                future.set_exception(StreamClosedError(error))
                future.exception()  # nobody has to look at it
        self._be_over(AnswerPhase.LOST)
        if delegate is not None:
            self._notify(delegate.on_connection_lost, error)

    def _be_over(self, phase: AnswerPhase) -> None:
        self.phase = phase
        self.delegate = None
        self.resume_reading()
        self._note_change()
        when_over, self._when_over = self._when_over, None
        if when_over is not None:
            when_over()

    def _notify(self, function: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
        # A copy of the Context: the application may be running in the Context itself.
        self._context.copy().run(function, *args, **kwargs)

    # The application's side: the answer

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        if self.over:
            return _failed()
        check_informational(code, headers)
        if self.phase is not AnswerPhase.AWAITED:
            raise HTTPOutputError("an interim response after the head")
        if self.request.version != "HTTP/1.0":
            self.informational.append((code, headers.copy()))
            self._note_change()
        return COMPLETED

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        if self.over:
            return _failed()
        if self.phase is not AnswerPhase.AWAITED:
            raise HTTPOutputError("a second head")
        chunk = chunk or b""
        framed = frame(self.request, start_line, headers, len(chunk), end)
        if start_line.code == 101 and not self.request_complete:
            raise HTTPOutputError("a 101 response before the end of the request")
        self.start_line, self.headers = start_line, framed.headers
        self._missing, self._silent = framed.missing, framed.silent
        self.phase = AnswerPhase.BODY
        self._note_change()
        sent = self._take(chunk)
        if end:
            self._end()
        return sent

    def write(self, chunk: bytes) -> Awaitable[None]:
        self._check_no_file()
        return self._write(chunk)

    def _write(self, chunk: bytes) -> Awaitable[None]:
        if self.over:
            return _failed()
        if self.phase is not AnswerPhase.BODY:
            raise HTTPOutputError("a body before the head")
        return self._take(chunk)

    def _take(self, chunk: bytes) -> Awaitable[None]:
        if not chunk:
            return COMPLETED
        missing = self._missing
        if missing is not None:
            if len(chunk) > missing and not self._silent:
                raise HTTPOutputError(f"{len(chunk)} bytes, where {missing} were left of the body")
            self._missing = max(0, missing - len(chunk))
        if self._silent:
            return COMPLETED
        self._pieces.append(bytes(chunk))
        self._unread += len(chunk)
        self._note_change()
        if self.window is None or self._unread <= self.window:
            return COMPLETED
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsent.append(future)
        return future

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        self._check_no_file()
        if self.over:
            return _failed()
        self._sending_file = True
        task = asyncio.ensure_future(self._send_file(file, offset, count))
        task.add_done_callback(_look_at)
        return task

    async def _send_file(self, file: IO[bytes], offset: int, count: int) -> None:
        sent = 0
        try:
            while sent < count:
                file.seek(offset + sent)
                piece = file.read(min(FILE_PIECE, count - sent))
                if not piece:
                    self.close()
                    raise HTTPOutputError(f"the file ended after {sent} of {count} bytes")
                sent += len(piece)
                await self._write(piece)
        finally:
            self._sending_file = False

    def _check_no_file(self) -> None:
        if self._sending_file:
            raise HTTPOutputError("send_file has not ended yet; await it before going on")

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        self._check_no_file()
        if self.over:
            return
        if self.phase is AnswerPhase.AWAITED:
            raise HTTPOutputError("the end of an answer that has no head")
        if trailers is not None:
            check_trailers(trailers)
        if self._missing and not self._silent:
            missing = self._missing
            self._lose(None)
            raise HTTPOutputError(f"{missing} bytes of the body are missing")
        if trailers is not None and self._missing is None and not self._silent:
            self.trailers = trailers.copy()
        self._end()

    def _end(self) -> None:
        self._be_over(AnswerPhase.ENDED)

    def close(self) -> None:
        if not self.over:
            self._lose(None)

    # The application's side: the request

    def pause_reading(self) -> None:
        if self._resumed is None and not self.over:
            self._resumed = asyncio.get_running_loop().create_future()

    def resume_reading(self) -> None:
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.done():
            resumed.set_result(None)

    def set_max_body_size(self, limit: int) -> None:
        self.max_body_size = limit

    def set_body_timeout(self, seconds: float) -> None:
        self.body_timeout = seconds

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        if self.over:
            raise HTTPOutputError("the exchange is over; there is no stream to detach")
        if not self.request_complete or (self.phase is AnswerPhase.BODY and self._missing != 0):
            raise HTTPOutputError("detach amid a request or an answer")
        self.client_stream, server_stream = MemoryStream.pair()
        self._be_over(AnswerPhase.DETACHED)
        return server_stream

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        return self._certificate


def _failed() -> Awaitable[None]:
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    failed.set_exception(StreamClosedError())
    failed.exception()  # nobody has to look at it
    return failed


def _look_at(task: asyncio.Future[None]) -> None:
    if not task.cancelled():
        task.exception()
