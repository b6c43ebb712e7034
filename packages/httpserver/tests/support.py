"""What the tests share: a stream in memory, a clock, delegates that take notes, raw clients."""

import asyncio
import http.client
import io
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

from ostro.http1 import Limits
from ostro.httpserver import HTTPConnection, HTTPServer
from ostro.httpserver._callback import as_delegate
from ostro.httpserver._group import ConnectionGroup
from ostro.httpserver._settings import ServerSettings
from ostro.httputil import (
    HTTPConnection as MessageConnection,
)
from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, IOLoop
from ostro.iostream import IOStream, StreamClosedError
from ostro.netutil import bind_sockets
from packages.clocks import FakeClock
from packages.servers import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ostro.httputil import StreamReceiver

OK = ResponseStartLine("HTTP/1.1", 200, "OK")
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


# Streams in memory


class MemoryStream:
    """The part of `IOStream` that a connection uses, over lists instead of a socket.

    `room` is how many bytes the client takes before it stops reading; None takes all.
    """

    def __init__(self, io_loop: IOLoop) -> None:
        self.io_loop = io_loop
        self.sent = bytearray()
        self.room: int | None = None
        self.waiting = bytearray()
        self.bytes_sent = 0
        self._paused = False
        self.output_ended = False
        self.unread_data = b""
        self.looks = 0
        self._closed = False
        self._receiver: StreamReceiver | None = None
        self._eof = False
        self._arrived = bytearray()
        self._waiters: list[asyncio.Future[None]] = []

    def set_receiver(self, receiver: "StreamReceiver | None") -> None:
        self._receiver = receiver
        if receiver is not None and self._closed:
            self._report_lost(receiver)
        elif receiver is not None and self._eof:
            receiver.eof_received()

    def write(self, data: bytes, callback: Callable[[], object] | None = None) -> Awaitable[None]:
        if self._closed or self.output_ended:
            raise StreamClosedError
        self.waiting += data
        if callback is not None:
            self.io_loop.add_callback(callback)
        self._send()
        if not self.waiting:
            return COMPLETED
        future = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        return future

    def _send(self) -> None:
        size = len(self.waiting) if self.room is None else min(self.room, len(self.waiting))
        if self.room is not None:
            self.room -= size
        self.sent += self.waiting[:size]
        self.bytes_sent += size
        del self.waiting[:size]

    @property
    def write_buffer_size(self) -> int:
        return len(self.waiting)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.waiting.clear()
            receiver, self._receiver = self._receiver, None
            self._end_writes(StreamClosedError())
            if receiver is not None:
                self._report_lost(receiver)

    def _end_writes(self, error: StreamClosedError | None) -> None:
        for future in self._waiters:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
                future.exception()
        self._waiters.clear()

    def _report_lost(self, receiver: "StreamReceiver") -> None:
        asyncio.get_running_loop().call_soon(receiver.connection_lost, None)

    def closed(self) -> bool:
        return self._closed

    def shutdown_write(self) -> None:
        self.output_ended = True

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        if self._arrived:
            asyncio.get_running_loop().call_soon(self._deliver)

    def reading(self) -> bool:
        return not self._paused

    def unread(self, data: bytes) -> None:
        self.unread_data += data

    def expect_write(self) -> None:
        """Nothing can hide behind bytes in memory."""

    def look(self) -> None:
        self.looks += 1

    # The client's end

    def feed(self, data: bytes) -> None:
        """Let `data` come from the client; what is held back stays with the kernel."""
        self._arrived += data
        self._deliver()

    def _deliver(self) -> None:
        if self._receiver is not None and not self._paused and self._arrived:
            data = bytes(self._arrived)
            self._arrived.clear()
            self._receiver.data_received(data)

    def feed_eof(self) -> None:
        """Let the client say that it sends no more."""
        self._eof = True
        if self._receiver is not None:
            self._receiver.eof_received()

    def take(self, size: int | None = None) -> None:
        """Let the client read what waits for it, or `size` bytes of that."""
        self.room = size
        before = len(self.waiting)
        self._send()
        if before and not self.waiting:
            self._end_writes(None)
            if self._receiver is not None:
                self._receiver.drained()

    def reset(self, error: OSError) -> None:
        """Let the network break."""
        self._closed = True
        self._end_writes(StreamClosedError(error))
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.connection_lost(error)

    @property
    def ended(self) -> bool:
        """Whether the client has been told that no more comes."""
        return self._closed or self.output_ended


class Probe:
    """Sees the sweeper pass by."""

    def __init__(self) -> None:
        self.deadline = 0.0
        self.seen = asyncio.Event()

    def expire(self, now: float) -> None:
        self.seen.set()


async def swept(group: ConnectionGroup) -> None:
    """Wait until the sweeper has looked at every deadline, at the time that it is now."""
    for _ in range(2):
        probe = Probe()
        group.sweeper.watch(probe)
        await probe.seen.wait()
        group.sweeper.forget(probe)


async def turns(number: int = 6) -> None:
    """Let what was put off to later turns of the loop happen."""
    for _ in range(number):
        await asyncio.sleep(0)


class Client:
    """One connection in memory, and its server's end."""

    def __init__(
        self,
        io_loop: IOLoop,
        application: HTTPServerConnectionDelegate | Callable[[Any], object],
        settings: ServerSettings | None = None,
        clock: Callable[[], float] | None = None,
        group: ConnectionGroup | None = None,
        address: object = ("192.0.2.1", 5000),
    ) -> None:
        self.group = group or ConnectionGroup(
            as_delegate(application),
            settings or ServerSettings(),
            io_loop,
            clock or FakeClock(),
            0.001,
        )
        self.stream = MemoryStream(io_loop)
        # The stream in memory has the part of the interface that is used.
        self.connection = HTTPConnection(cast(IOStream, self.stream), address, group=self.group)

    @property
    def sent(self) -> bytes:
        return bytes(self.stream.sent)

    async def send(self, *pieces: bytes) -> None:
        """Let pieces arrive one after the other, and what follows from them happen."""
        for piece in pieces:
            if not self.stream.closed():
                self.stream.feed(piece)
        await turns()

    async def ended(self) -> None:
        """Hang up, as a client does that has read everything."""
        if not self.stream.closed():
            self.stream.feed_eof()
        await turns()


# Applications


@dataclass
class Request:
    """A request as a delegate saw it."""

    method: str = ""
    target: str = ""
    headers: HTTPHeaders = field(default_factory=HTTPHeaders)
    body: bytes = b""
    trailers: HTTPHeaders | None = None
    events: list[str] = field(default_factory=list)


class Recorder(HTTPServerConnectionDelegate):
    """Takes notes of all requests, and answers those that are complete by `answer`."""

    def __init__(
        self, answer: Callable[[MessageConnection, Request], object] | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.connections: list[MessageConnection] = []
        self.delegates: list[RecordingDelegate] = []
        self.closed = 0
        self.answer = answer or answer_with_target

    def start_request(
        self, server_conn: object, request_conn: MessageConnection
    ) -> HTTPMessageDelegate:
        request = Request()
        self.requests.append(request)
        self.connections.append(request_conn)
        delegate = self.make_delegate(request_conn, request)
        self.delegates.append(delegate)
        return delegate

    def make_delegate(self, conn: MessageConnection, request: Request) -> "RecordingDelegate":
        return RecordingDelegate(conn, request, self.answer)

    def on_close(self, server_conn: object) -> None:
        self.closed += 1

    @property
    def targets(self) -> list[str]:
        """What was asked for by the requests that arrived whole."""
        return [request.target for request in self.requests if "finish" in request.events]


class RecordingDelegate(HTTPMessageDelegate):
    def __init__(
        self,
        conn: MessageConnection,
        request: Request,
        answer: Callable[[MessageConnection, Request], object],
    ) -> None:
        self.conn = conn
        self.request = request
        self.answer = answer

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self.request.method = start_line.method
        self.request.target = start_line.path
        self.request.headers = headers
        self.request.events.append("headers")
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.request.body += chunk
        return None

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        self.request.trailers = trailers

    def finish(self) -> None:
        self.request.events.append("finish")
        self.answer(self.conn, self.request)

    def on_connection_close(self) -> None:
        self.request.events.append("close")

    def on_connection_lost(self, error: BaseException | None) -> None:
        if isinstance(error, HTTPInputError):
            self.request.events.append(f"refused {error.status}")
        else:
            self.request.events.append("lost" if error is None else f"lost: {error}")


class WithDelegate(Recorder):
    """Serves requests with delegates of a class that a test gives."""

    def __init__(
        self,
        kind: Callable[
            [MessageConnection, Request, Callable[[MessageConnection, Request], object]],
            RecordingDelegate,
        ],
        answer: Callable[[MessageConnection, Request], object] | None = None,
    ) -> None:
        super().__init__(answer)
        self.kind = kind

    def make_delegate(self, conn: MessageConnection, request: Request) -> RecordingDelegate:
        return self.kind(conn, request, self.answer)


def answer_with_target(conn: MessageConnection, request: Request) -> None:
    """Answer 200 with what was asked for."""
    conn.write_headers(OK, HTTPHeaders(), request.target.encode(), end=True)


def no_answer(conn: MessageConnection, request: Request) -> None:
    """Leave the request without an answer, for the test to give it."""


def respond(conn: MessageConnection, body: bytes = b"ok", code: int = 200) -> Awaitable[None]:
    """Give a whole answer."""
    return conn.write_headers(
        ResponseStartLine("HTTP/1.1", code, "Whatever"), HTTPHeaders(), body, end=True
    )


# Responses


@dataclass
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class _Socket:
    """What http.client takes for a socket."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def makefile(self, mode: str) -> IO[bytes]:
        return self._file


class _Unclosable(io.BytesIO):
    def close(self) -> None:
        """Stay open for the next response."""


def responses(data: bytes, *methods: str) -> list[Response]:
    """Read all responses off `data`, as Python's own client does; nothing may be left over.

    `methods` are those of the requests, GET where they are not given.
    """
    file = _Unclosable(data)
    found: list[Response] = []
    while file.tell() < len(data):
        method = methods[len(found)] if len(found) < len(methods) else "GET"
        response = http.client.HTTPResponse(cast(socket.socket, _Socket(file)), method=method)
        response.begin()
        found.append(Response(response.status, response.headers, response.read()))
    return found


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield `data` whole, in two at every byte, and byte by byte."""
    yield [data]
    for index in range(1, len(data)):
        yield [data[:index], data[index:]]
    yield [data[index : index + 1] for index in range(len(data))]


# Logs


@contextmanager
def logged(name: str) -> Iterator[list[str]]:
    """Collect what is logged to `name`, which goes nowhere else."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.getLogger(name)
    collector = Collector()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(collector)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield lines
    finally:
        logger.removeHandler(collector)
        logger.setLevel(level)
        logger.propagate = propagate


# Real sockets


class RawClient:
    """A client of bytes over a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def response(self, method: str = "GET") -> Response:
        """Read one response, with its Content-Length."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        [response] = responses_of_head(head)
        if method == "HEAD" or response.status in (204, 304):
            return response
        length = int(response.headers["Content-Length"] or "0")
        response.body = await self.reader.readexactly(length)
        return response

    async def rest(self) -> bytes:
        """Read until the server ends the connection."""
        return await self.reader.read()

    def close(self) -> None:
        self.writer.close()


def responses_of_head(head: bytes) -> list[Response]:
    """Read a response that ends with its head."""
    file = _Unclosable(head)
    response = http.client.HTTPResponse(cast(socket.socket, _Socket(file)), method="HEAD")
    response.begin()
    return [Response(response.status, response.headers, b"")]


@asynccontextmanager
async def serving(server: HTTPServer) -> "AsyncIterator[int]":
    """Listen on a port of the system's choice; afterwards nothing is left open."""
    [sock] = bind_sockets(0, "127.0.0.1")
    server.add_sockets([sock])
    port: int = sock.getsockname()[1]
    try:
        yield port
    finally:
        await ended(server)
        await turns()


@asynccontextmanager
async def connected(port: int, **options: Any) -> "AsyncIterator[RawClient]":
    """A connection to a server on this machine.  (Any: what asyncio takes.)"""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
    try:
        yield RawClient(reader, writer)
    finally:
        await hung_up(writer)


async def hung_up(writer: asyncio.StreamWriter) -> None:
    """Close the client's end; over TLS, that takes an answer of the server."""
    writer.close()
    with suppress(OSError):  # what the test has seen already, or has caused
        await writer.wait_closed()


def small_settings(**changes: Any) -> ServerSettings:
    """Settings with small limits.  (Any: mixed as in the class.)"""
    limits = Limits(max_head_bytes=2048, max_start_line_bytes=512, max_body_bytes=100)
    return ServerSettings(limits=limits, **changes)
