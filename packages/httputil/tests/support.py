"""An in-memory producer of the message seam, and what the tests share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import IO, TypeVar

from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)

T = TypeVar("T")


class Done:
    """An awaitable that is done, and needs no loop."""

    def __await__(self) -> Generator[None, None, None]:
        return iter_nothing()


def iter_nothing() -> Generator[None, None, None]:
    yield from ()


class MemoryConnection(HTTPConnection):
    """One request's way back, into lists."""

    def __init__(self, context: ConnectionContext) -> None:
        self.context = context
        self.informational: list[int] = []
        self.start_line: ResponseStartLine | None = None
        self.headers: HTTPHeaders | None = None
        self.body = b""
        self.trailers: HTTPHeaders | None = None
        self.finished = False
        self.closed = False
        self.reading_paused = False
        self.max_body_size: int | None = None
        self.body_timeout: float | None = None
        self.raw = b""

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        self.informational.append(code)
        return Done()

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        if self.start_line is not None:
            raise HTTPOutputError("the head was already written")
        self.start_line = start_line
        self.headers = headers
        self.body = chunk or b""
        if end:
            self.finish()
        return Done()

    def write(self, chunk: bytes) -> Awaitable[None]:
        if self.finished:
            raise HTTPOutputError("the response is finished")
        self.body += chunk
        return Done()

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        file.seek(offset)
        data = file.read(count)
        if len(data) < count:
            self.close()
            raise HTTPOutputError(f"file ended after {len(data)} bytes, expected {count}")
        return self.write(data)

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        assert self.headers is not None
        expected = self.headers.get("Content-Length")
        if expected is not None and int(expected) != len(self.body):
            raise HTTPOutputError(f"wrote {len(self.body)} bytes, expected {expected}")
        self.trailers = trailers
        self.finished = True

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False

    def set_max_body_size(self, limit: int) -> None:
        self.max_body_size = limit

    def set_body_timeout(self, seconds: float) -> None:
        self.body_timeout = seconds

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        raise HTTPOutputError("this connection has no stream of bytes")

    def close(self) -> None:
        self.closed = True

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        if not self.context.secure:
            return None
        return b"DER" if binary_form else {"subject": "client"}


class RawMemoryConnection(MemoryConnection):
    """A connection that takes raw bytes as well."""

    def write_raw(self, data: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        self.raw += data
        if callback is not None:
            callback()
        return Done()

    def finish_raw(self) -> None:
        self.finished = True


def memory_connection(*, remote_ip: str = "192.0.2.7", secure: bool = False) -> MemoryConnection:
    protocol = "https" if secure else "http"
    return MemoryConnection(ConnectionContext(remote_ip, protocol, (remote_ip, 4711), secure))


class MemoryProducer:
    """Speaks the producer's half of the seam to an application, for one connection."""

    def __init__(self, application: HTTPServerConnectionDelegate) -> None:
        self.application = application
        self.delegate: HTTPMessageDelegate | None = None

    async def request(
        self,
        start_line: RequestStartLine,
        headers: HTTPHeaders,
        *chunks: bytes,
        trailers: HTTPHeaders | None = None,
    ) -> MemoryConnection:
        """Deliver a request, each part after the consumer is done with the one before."""
        connection = memory_connection()
        self.delegate = delegate = self.application.start_request(self, connection)
        await _finished(delegate.headers_received(start_line, headers))
        for chunk in chunks:
            await _finished(delegate.data_received(chunk))
        if trailers is not None:
            delegate.trailers_received(trailers)
        delegate.finish()
        return connection

    def lose(self, error: BaseException | None = None) -> None:
        """Let the client go away."""
        assert self.delegate is not None
        self.delegate.on_connection_close()
        self.delegate.on_connection_lost(error)
        self.application.on_close(self)


async def _finished(awaitable: Awaitable[None] | None) -> None:
    if awaitable is not None:
        await awaitable


MEASUREMENTS = 50
"""How often a cost is measured at most, before it is believed to be too high."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Fail when the cost of `work(size)` grows with the square of `size`.

    It is compared with that of a 64th: so far apart, the square stands out against a step that the
    cost takes somewhere between, where memory comes from the system and no longer from the heap.
    The cost is the least CPU time of several measurements, of both in turn, so that it is that of
    the code: whatever else the machine does only adds to some of them.
    """
    small = large = 1e9
    for _ in range(MEASUREMENTS):
        small = min(small, _seconds(work, size // 64))
        large = min(large, _seconds(work, size))
        if large < 1024 * max(small, 1e-6):  # 64 when linear, 4096 when quadratic
            return
    raise AssertionError(f"{large:.4f} s of CPU time for {size}, {small:.4f} s for a 64th")


def _seconds(work: Callable[[int], object], size: int) -> float:
    start = time.process_time()
    work(size)
    return time.process_time() - start


def disposition(parameters: str, *more: bytes) -> bytes:
    """Return the head of a part whose Content-Disposition has `parameters`."""
    first = f"Content-Disposition: form-data; {parameters}".encode()
    return b"\r\n".join((first, *more))


def multipart(*parts: tuple[bytes, bytes], boundary: bytes = b"b0und") -> bytes:
    """Return a multipart body made of (head, content) pairs."""
    body = b"".join(
        b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return body + b"--" + boundary + b"--\r\n"
