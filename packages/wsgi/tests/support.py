"""What the tests here share: a WSGI server in memory, a server of ours on a socket, clients."""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from wsgiref.util import setup_testing_defaults

from ostro.httpserver import HTTPServer
from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPHeaders,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED
from ostro.netutil import bind_sockets
from ostro.wsgi import WSGIContainer
from packages.servers import ended

Environ = dict[str, Any]  # Any: PEP 3333 puts all kinds of things there
# Any: what start_response takes is described in PEP 3333, and the tests break it on purpose.
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

KERNEL_BUFFER_SIZE = 200_000
"""Bytes of an answer for which the kernel is asked; it takes twice as many."""


@dataclass
class Reply:
    """What a WSGI application answered."""

    status: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    # The parts that went through `write`.
    written: list[bytes] = field(default_factory=list)

    @property
    def code(self) -> int:
        return int(self.status.split()[0])

    @property
    def headers(self) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in self.fields:
            headers.add(name, value)
        return headers

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def text(self) -> str:
        return self.body.decode()


def environ(
    target: str = "/",
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | IO[bytes] | None = None,
    **variables: object,
) -> Environ:
    """The environment of a request, as a server makes it."""
    made: Environ = {}
    path, _, query = target.partition("?")
    made |= {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    made |= {"SCRIPT_NAME": "", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.1"}
    if isinstance(body, bytes):
        made["CONTENT_LENGTH"] = str(len(body))
    made["wsgi.input"] = io.BytesIO(body or b"") if not hasattr(body, "read") else body
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        made[key if key.startswith("CONTENT_") else "HTTP_" + key] = value
    setup_testing_defaults(made)
    made.update(variables)
    return made


def call(
    application: WSGIApp,
    target: str = "/",
    method: str = "GET",
    *,
    write: Callable[[bytes], object] | None = None,
    **options: Any,  # Any: those of `environ`
) -> Reply:
    """Call a WSGI application as a server does; `write` is what sends, if it is to do more."""
    reply = Reply()

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        assert not reply.status, "a second head"
        reply.status, reply.fields = status, headers
        return taken

    def taken(data: bytes) -> None:
        if write is not None:
            write(data)
        reply.parts.append(data)
        reply.written.append(data)

    result = application(environ(target, method, **options), start_response)
    try:
        reply.parts.extend(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    return reply


@contextlib.asynccontextmanager
async def serving(
    application: HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], object],
    **options: Any,  # Any: those of HTTPServer
) -> AsyncIterator[int]:
    """Serve an application on a port of this machine, and give the port."""
    server = HTTPServer(application, **options)
    (sock,) = bind_sockets(0, "127.0.0.1")
    # The connections inherit this. The kernel would keep megabytes of an answer otherwise.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_SIZE)
    server.add_sockets([sock])
    port: int = sock.getsockname()[1]
    try:
        yield port
    finally:
        await ended(server)


class Client:
    """A raw client on a connection of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(
        self, target: str = "/", *fields: str, method: str = "GET", body: bytes | None = None
    ) -> None:
        lines = [f"{method} {target} HTTP/1.1", "Host: example.com:8080", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    async def head(self) -> tuple[str, HTTPHeaders]:
        """Read the head of an answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, _, block = head.partition("\r\n")
        return status_line.removeprefix("HTTP/1.1 "), HTTPHeaders.parse(block)

    async def chunk(self) -> bytes:
        """Read a chunk of a body, b"" at its end."""
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def answer(self) -> tuple[str, HTTPHeaders, bytes]:
        """Read an answer to anything but HEAD: its status, headers and body."""
        status, headers = await self.head()
        if "Content-Length" in headers:
            return status, headers, await self.reader.readexactly(int(headers["Content-Length"]))
        body = b""
        if headers.get("Transfer-Encoding") == "chunked":
            while chunk := await self.chunk():
                body += chunk
        return status, headers, body

    async def ask(
        self, target: str = "/", *fields: str, method: str = "GET", body: bytes | None = None
    ) -> tuple[str, HTTPHeaders, bytes]:
        """Send a request and read its answer."""
        self.send(target, *fields, method=method, body=body)
        return await self.answer()


@contextlib.asynccontextmanager
async def connected(port: int, *, small_buffer: bool = False) -> AsyncIterator[Client]:
    """A client of the server on `port`; with `small_buffer`, one that holds little unread."""
    sock = socket.socket()
    if small_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096 if small_buffer else 65536)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ask(
    application: HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], object],
    target: str = "/",
    *fields: str,
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[str, HTTPHeaders, bytes]:
    """Serve an application for one request."""
    async with serving(application) as port, connected(port) as client:
        return await client.ask(target, *fields, method=method, body=body)


class MemoryConnection(HTTPConnection):
    """Keeps what is written; nothing counts as sent before `sent` is done, where there is one."""

    def __init__(self, sent: asyncio.Future[None] | None = None) -> None:
        self.context = ConnectionContext("192.0.2.1", "http", None, secure=False)
        self.sent = sent
        self.statuses: list[int] = []
        self.parts: list[bytes] = []
        self.ended = False
        self.closed = False

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        raise NotImplementedError

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        self.statuses.append(start_line.code)
        self.ended = end
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> Awaitable[None]:
        self.parts.append(chunk)
        return COMPLETED if self.sent is None else self.sent

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        raise NotImplementedError

    def pause_reading(self) -> None:
        raise NotImplementedError

    def resume_reading(self) -> None:
        raise NotImplementedError

    def set_max_body_size(self, limit: int) -> None:
        raise NotImplementedError

    def set_body_timeout(self, seconds: float) -> None:
        raise NotImplementedError

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        raise NotImplementedError

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        raise NotImplementedError


@contextlib.asynccontextmanager
async def container(
    application: Any,
    **options: Any,  # Any: both as WSGIContainer has them
) -> AsyncIterator[WSGIContainer]:
    """A container whose threads have ended when it is left."""
    made = WSGIContainer(application, **options)
    try:
        yield made
    finally:
        made.close()
        made.close()
        if made._own_executor is not None:
            await asyncio.to_thread(made._own_executor.shutdown)
