"""What the tests here share: an application asked in memory, and one that listens on a socket.

`MemoryConnection` is the second producer of the HTTP message seam: it drives an application without
a socket, a codec or (for handlers that need none) a loop, and keeps what was answered.
"""

import asyncio
import contextlib
import contextvars
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import IO, Any, ParamSpec, TypeVar

from ostro.httpserver import HTTPServer
from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED
from ostro.iostream import StreamClosedError
from ostro.netutil import bind_sockets
from packages.servers import ended

_P = ParamSpec("_P")
_T = TypeVar("_T")

CLIENT_IP = "192.0.2.1"


class MemoryConnection(HTTPConnection):
    """One request of a client that lives in memory, and the answer to it.

    With `slow`, nothing counts as sent until `take_all` is called; without `short_cut`, the
    application gets the request in several calls, though it would take it in one.
    """

    def __init__(
        self, start_line: RequestStartLine, *, slow: bool = False, short_cut: bool = True
    ) -> None:
        self.context = ConnectionContext(CLIENT_IP, "http", (CLIENT_IP, 4711), secure=False)
        self.start_line = start_line
        # What was answered.
        self.informational: list[int] = []
        self.status = 0
        self.reason = ""
        self.headers = HTTPHeaders()
        self.chunks: list[bytes] = []
        self.chunked = False
        # How it ended: as it should, or with the connection closed.
        self.ended = False
        self.closed = False
        # What the answer still has to have, where its length was announced.
        self._missing: int | None = None
        # What the application allows the body.
        self.max_body_size: int | None = None
        self.body_timeout: float | None = None
        self._slow = slow
        self._short_cut = short_cut
        self._unsent: list[asyncio.Future[None]] = []
        self._over = asyncio.Event()
        self._delegate: HTTPMessageDelegate | None = None
        # What sends the rest of a body that had to wait.
        self._sending: asyncio.Task[None] | None = None
        self._context = contextvars.Context()
        self._close_reported = False

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        return self.body.decode()

    def _run(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call the application in the Context of this request, where it may already be."""
        try:
            return self._context.run(step, *args, **kwargs)
        except RuntimeError as error:
            if "already entered" not in str(error):
                raise
            return step(*args, **kwargs)

    # The client's side

    def ask(
        self, application: HTTPServerConnectionDelegate, headers: HTTPHeaders, body: list[bytes]
    ) -> None:
        """Send the request; in one piece, if it has no body and the application takes that."""
        if not body and self._short_cut and application.takes_requests:
            taken = self._run(application.take_request, self, self, *self.start_line, headers)
            if taken is not None and not self.ended:
                self._delegate = taken
                if self.closed:  # before there was anybody to tell
                    self._report_loss(None)
            return
        self._run(self._send, application, headers, body)

    def _send(
        self, application: HTTPServerConnectionDelegate, headers: HTTPHeaders, body: list[bytes]
    ) -> None:
        delegate = self._delegate = application.start_request(self, self)
        steps = self._steps(delegate, headers, body)
        for waits in steps:
            if waits is not None:
                loop = asyncio.get_running_loop()
                self._sending = loop.create_task(self._go_on(waits, steps), context=self._context)
                return

    def _steps(
        self, delegate: HTTPMessageDelegate, headers: HTTPHeaders, body: list[bytes]
    ) -> Iterator[Awaitable[None] | None]:
        yield delegate.headers_received(self.start_line, headers)
        for chunk in body:
            yield delegate.data_received(chunk)
        delegate.finish()

    async def _go_on(self, waits: Awaitable[None], steps: Iterator[Awaitable[None] | None]) -> None:
        await waits
        while not (self.ended or self.closed):
            further = next(steps, COMPLETED)
            if further is COMPLETED:
                return
            if further is not None:
                await further

    async def over(self) -> None:
        """Wait until the answer has ended, well or badly."""
        await self._over.wait()

    def take_all(self) -> None:
        """Let everything written so far be sent."""
        unsent, self._unsent = self._unsent, []
        for future in unsent:
            future.set_result(None)

    def half_close(self) -> None:
        """Say that nothing more is sent."""
        if self._delegate is not None and not self._close_reported:
            self._close_reported = True
            self._run(self._delegate.on_connection_close)

    def lose(self, error: BaseException | None = None) -> None:
        """Break the connection."""
        if self.closed:
            return
        self.closed = True
        unsent, self._unsent = self._unsent, []
        for future in unsent:
            future.set_exception(StreamClosedError(error))
            future.exception()
        self._report_loss(error)
        self._over.set()

    def _report_loss(self, error: BaseException | None) -> None:
        self.half_close()
        delegate, self._delegate = self._delegate, None
        if delegate is not None:
            self._run(delegate.on_connection_lost, error)

    # The application's side

    def _sent(self) -> Awaitable[None]:
        if not self._slow:
            return COMPLETED
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsent.append(future)
        return future

    def _failed(self) -> Awaitable[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(StreamClosedError())
        future.exception()
        return future

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        self.informational.append(code)
        return self._sent()

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        if self.closed:
            return self._failed()
        if self.status:
            raise HTTPOutputError("a second head")
        for line in (start_line.reason, *headers.lines()):
            line.encode("latin-1")
            assert not set("\r\n\0") & set(line)
        body = chunk or b""
        headers = headers.copy()
        bodiless = start_line.code in (204, 304)
        if bodiless:
            if body:
                raise HTTPOutputError(f"{len(body)} bytes of body in a {start_line.code} response")
        elif "Content-Length" in headers:
            self._missing = int(headers["Content-Length"])
            if not self._is_head:
                self._count(body)
                if end and self._missing:
                    raise HTTPOutputError(f"{self._missing} bytes missing")
        elif end:
            headers["Content-Length"] = str(len(body))
        else:
            self.chunked = self.start_line.version == "HTTP/1.1"
        self.status, self.reason = start_line.code, start_line.reason
        self.headers = headers
        self._take(body)
        if end:
            self._end()
        return self._sent()

    def write(self, chunk: bytes) -> Awaitable[None]:
        if self.closed:
            return self._failed()
        self._count(chunk)
        self._take(chunk)
        return self._sent()

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        if self.closed:
            return
        if self._missing and not self._is_head:
            self.lose()
            raise HTTPOutputError(f"{self._missing} bytes missing")
        self._end()

    @property
    def _is_head(self) -> bool:
        return self.start_line.method == "HEAD"

    def _count(self, chunk: bytes) -> None:
        if self._missing is not None and not self._is_head:
            if len(chunk) > self._missing:
                raise HTTPOutputError(f"{len(chunk)} bytes, where {self._missing} were announced")
            self._missing -= len(chunk)

    def _take(self, chunk: bytes) -> None:
        if chunk and not self._is_head:
            self.chunks.append(chunk)

    def _end(self) -> None:
        assert not self.ended
        self.ended = True
        self._delegate = None
        self._over.set()

    def close(self) -> None:
        self.lose()

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        file.seek(offset)
        data = file.read(count)
        if len(data) < count:
            self.close()
            raise HTTPOutputError(f"the file ended after {len(data)} of {count} bytes")
        return self.write(data)

    def pause_reading(self) -> None:
        raise NotImplementedError

    def resume_reading(self) -> None:
        raise NotImplementedError

    def set_max_body_size(self, limit: int) -> None:
        self.max_body_size = limit

    def set_body_timeout(self, seconds: float) -> None:
        self.body_timeout = seconds

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        raise NotImplementedError

    def get_ssl_certificate(self, binary_form: bool = False) -> dict[str, object] | bytes | None:
        return None


def ask(
    application: HTTPServerConnectionDelegate,
    target: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | list[bytes] = b"",
    version: str = "HTTP/1.1",
    slow: bool = False,
    short_cut: bool = True,
) -> MemoryConnection:
    """Send a request; the answer is there at once, unless the handler takes its time."""
    connection = MemoryConnection(
        RequestStartLine(method, target, version), slow=slow, short_cut=short_cut
    )
    given = HTTPHeaders({"Host": "example.com"})
    given.update(headers or {})
    chunks = body if isinstance(body, list) else [body] if body else []
    connection.ask(application, given, chunks)
    return connection


async def fetch(
    application: HTTPServerConnectionDelegate,
    target: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> MemoryConnection:
    """Send a request, and wait for the end of its answer."""
    connection = ask(application, target, method=method, headers=headers, body=body)
    await connection.over()
    return connection


def as_form(text: str) -> dict[str, Any]:  # Any: each argument has its type
    """The arguments of `ask` that post a form."""
    return {
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": text.encode(),
    }


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """Give a port for a server of the test to listen on, and for nobody else meanwhile.

    It is bound and does not listen: who connects before the server listens, or after it, is refused
    by the kernel, which gives the port to none of the other programs that ask it for one.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        if sys.platform != "linux":  # others let nobody listen beside it
            sock.close()
        yield port


@contextlib.asynccontextmanager
async def serving(
    application: HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], object],
    send_buffer: int | None = None,
) -> AsyncIterator[int]:
    """Serve an application on a port of this machine, and give the port.

    `send_buffer` is how many bytes the kernel holds for each connection, about; None for as many as
    it likes.
    """
    server = HTTPServer(application)
    (sock,) = bind_sockets(0, "127.0.0.1")
    if send_buffer is not None:  # the connections inherit it
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    server.add_sockets([sock])
    port: int = sock.getsockname()[1]
    try:
        yield port
    finally:
        await ended(server)


@contextlib.asynccontextmanager
async def connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw client of the server on `port`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def raw_post(target: str, body: bytes, *fields: str, method: str = "POST") -> bytes:
    """A request with a body as it goes over the wire."""
    return raw_get(target, f"Content-Length: {len(body)}", *fields, method=method) + body


def raw_get(target: str = "/", *fields: str, method: str = "GET") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", "Host: example.com", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, HTTPHeaders, bytes]:
    """Read one answer with a Content-Length: its status line, headers and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, _, block = head.partition("\r\n")
    headers = HTTPHeaders.parse(block)
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return status_line, headers, body
