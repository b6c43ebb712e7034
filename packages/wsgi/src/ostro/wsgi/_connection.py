"""The way back from a request handler to a WSGI server.

A response that is finished in one go becomes what the application callable returns. One that is
sent in parts goes through the `write` callable of PEP 3333, which hands each part to the network
before it returns: a response of any length takes the memory of one part.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import IO, TYPE_CHECKING, ClassVar

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
from ostro.iostream import StreamClosedError

from ._hop_by_hop import HOP_BY_HOP
from ._thread_loop import run_in_thread
from .errors import ResponseAbortedError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["WSGIConnection"]

FILE_PIECE_SIZE = 262144
"""Bytes of a file that are in memory at a time."""

_BODILESS = frozenset({204, 304})

_NO_STREAM = (
    "a WSGI server does not give its stream of bytes away (WebSocket, CONNECT); serve this handler "
    "with ostro.httpserver"
)


class _Failed:
    """An awaitable that raises, needs no loop, and warns nobody who does not await it."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def __await__(self) -> Generator[None, None, None]:
        yield from ()
        raise StreamClosedError(self._error)


class WSGIConnection(HTTPConnection):
    """One request below a WSGI server; `environ` is what the server said about it.

    Interim responses are dropped, pauses and deadlines of the body left to the server. Trailers
    have no place in WSGI.
    """

    __slots__ = (
        "_aborted",
        "_body",
        "_failure",
        "_head_sent",
        "_in_loop",
        "_remaining",
        "_silent",
        "_start_response",
        "_write",
        "context",
        "delegate",
        "environ",
        "finished",
        "max_body_size",
    )

    loopless: ClassVar[bool] = True

    def __init__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        context: ConnectionContext,
        max_body_size: int,
    ) -> None:
        self.environ = environ
        self.context = context
        self.max_body_size = max_body_size
        # Who is told when the client goes away.
        self.delegate: HTTPMessageDelegate | None = None
        # How far the response has come, and whether it was given up.
        self._head_sent = False
        self.finished = False
        self._aborted = False
        # What the server raised when it was given a part of the response.
        self._failure: Exception | None = None
        # The whole body, where it came in one go.
        self._body = b""
        # Whether the client gets no body, whatever is written.
        self._silent = environ.get("REQUEST_METHOD") == "HEAD"
        # Bytes that the body must still have; None where its length was not announced.
        self._remaining: int | None = None
        self._start_response = start_response
        self._write: Callable[[bytes], object] | None = None
        self._in_loop = False

    # The response

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        return COMPLETED

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        if self._aborted or self._failure is not None:
            return self._gone()
        if self._head_sent:
            raise HTTPOutputError("a second head: the response has begun already")
        if start_line.code < 200:  # what a WebSocket handler begins with
            raise HTTPOutputError(_NO_STREAM)
        fields = self._frame(start_line.code, headers, chunk, end)
        status = f"{start_line.code} {start_line.reason}"
        for text in (status, *(value for _, value in fields)):
            text.encode("latin-1")  # PEP 3333: text that stands for bytes
        self._head_sent = True
        try:
            self._write = self._start_response(status, fields)
        except Exception as error:
            # It may have taken the head; a second one is not to be offered.
            self._failure = error
            raise
        body = b"" if self._silent else chunk or b""
        if end:
            self._body = body
            self.finished = True
            return COMPLETED
        return self._send(body)

    def _frame(
        self, code: int, headers: HTTPHeaders, chunk: bytes | None, end: bool
    ) -> list[tuple[str, str]]:
        """Return the fields of the head, checked against the body as far as that is there."""
        bodiless = code in _BODILESS
        if bodiless and chunk:
            raise HTTPOutputError(
                f"{len(chunk)} bytes of body in a {code} response, which has none"
            )
        fields = [pair for pair in headers.get_all() if pair[0].lower() not in HOP_BY_HOP]
        announced = headers.get("Content-Length")
        if announced is not None:
            if not (announced.isascii() and announced.isdigit()):
                raise HTTPOutputError(f"Content-Length is {announced[:100]!a}, expected digits")
            if not (self._silent or bodiless):
                self._remaining = int(announced)
                self._count(len(chunk or b""))
                if end and self._remaining:
                    raise self._too_short()
        elif end and not bodiless and chunk is not None:
            fields.append(("Content-Length", str(len(chunk))))
        self._silent = self._silent or bodiless
        return fields

    def write(self, chunk: bytes) -> Awaitable[None]:
        if self._aborted or self._failure is not None:
            return self._gone()
        if not self._head_sent or self.finished:
            raise HTTPOutputError("a part of a body outside of a response")
        if self._silent:
            return COMPLETED
        self._count(len(chunk))
        return self._send(chunk)

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        file.seek(offset)
        left = count
        while left:
            piece = file.read(min(left, FILE_PIECE_SIZE))
            if not piece:
                self.close()
                raise HTTPOutputError(
                    f"the file ended after {count - left} of the {count} bytes announced"
                )
            left -= len(piece)
            sent = self.write(piece)
            if sent is not COMPLETED:
                return sent
        return COMPLETED

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        if self._aborted or self._failure is not None:
            return
        if not self._head_sent or self.finished:
            raise HTTPOutputError("the end of a body outside of a response")
        if self._remaining:
            self.close()
            raise self._too_short()
        self.finished = True

    def _count(self, size: int) -> None:
        if self._remaining is not None:
            if size > self._remaining:
                raise HTTPOutputError(
                    f"{size} bytes of body, where {self._remaining} remain of the Content-Length"
                )
            self._remaining -= size

    def _too_short(self) -> HTTPOutputError:
        return HTTPOutputError(f"the body ends {self._remaining} bytes before its Content-Length")

    def _send(self, data: bytes) -> Awaitable[None]:
        assert self._write is not None
        try:
            self._write(data)
        except Exception as error:  # noqa: BLE001 - each server has its own for a lost client
            self.lose(error)
            return self._gone()
        return COMPLETED

    def _gone(self) -> Awaitable[None]:
        """Tell that nothing can be sent: a coroutine by what it awaits, plain code at once, since
        it has no other way to learn of it and may be producing without an end.
        """
        if self._in_loop:
            return _Failed(self._failure)
        raise StreamClosedError(self._failure)

    # The end

    def lose(self, error: Exception) -> None:
        """Take note that the client is gone, and tell who is answering it."""
        self._failure = error
        self.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Tell who is answering that nothing can be sent any more, whatever the reason."""
        delegate, self.delegate = self.delegate, None
        if delegate is not None:
            delegate.on_connection_close()
            delegate.on_connection_lost(error)

    def close(self) -> None:
        if not self.finished:
            self._aborted = True
            self.delegate = None

    @property
    def over(self) -> bool:
        """Whether nothing more can become of this response."""
        return self.finished or self._aborted or self._failure is not None

    @property
    def head_sent(self) -> bool:
        """Whether the server has been given a head."""
        return self._head_sent

    def result(self) -> list[bytes]:
        """Return what the application callable is to return.

        Raises what the server raised when it was given the response, and ResponseAbortedError where
        the application gave it up.
        """
        if self._failure is not None:
            raise self._failure
        if self._aborted or not self.finished:
            raise ResponseAbortedError("the response was given up before its end")
        return [self._body] if self._body else []

    # Waiting

    def run_on_loop(self, main: Callable[[], Awaitable[object]]) -> None:
        self._in_loop = True
        try:
            run_in_thread(main)
        finally:
            self._in_loop = False

    # The request

    def pause_reading(self) -> None:
        """Do nothing: the body is read when it is asked for."""

    def resume_reading(self) -> None:
        """Do nothing, as above."""

    def set_max_body_size(self, limit: int) -> None:
        self.max_body_size = limit

    def set_body_timeout(self, seconds: float) -> None:
        """Do nothing: deadlines are the server's."""

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        raise HTTPOutputError(_NO_STREAM)

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        return None
