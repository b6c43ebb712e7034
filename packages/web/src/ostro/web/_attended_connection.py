"""A connection between a handler and its client's: it adds headers to the response, and counts.

Only requests of applications that want that have one.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import IO, Any, TypeAlias

from ostro.httputil import (
    ByteStream,
    HTTPConnection,
    HTTPHeaders,
    RawConnection,
    ResponseStartLine,
)

__all__ = ["AttendedConnection", "HeadWriter", "attended"]

HeadWriter: TypeAlias = Callable[[HTTPHeaders], None]
"""Changes the headers of a response as they leave."""


class AttendedConnection(HTTPConnection):
    """Passes everything on to `inner`."""

    def __init__(
        self,
        inner: HTTPConnection,
        is_head: bool,
        writers: Sequence[HeadWriter],
        cors: HeadWriter | None,
    ) -> None:
        self._inner = inner
        self._is_head = is_head
        self._writers = writers
        self._cors = cors
        self.context = inner.context
        # What has been sent: the status (0 before), the bytes of the body, the time of the head.
        self.status = 0
        self.body_bytes = 0
        self.head_at: float | None = None
        # Whether the response has ended, and who is to be told when it does.
        self.is_over = False
        self.on_end: Callable[[], None] | None = None
        # Called when somebody takes the connection away: a WebSocket.
        self.on_detach: Callable[[], None] | None = None

    def leave_cors(self) -> None:
        """Leave CORS to an application that is mounted in ours."""
        self._cors = None
        if isinstance(self._inner, AttendedConnection):
            self._inner.leave_cors()

    # Any: whatever else the connection has, such as the documented `stream`
    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def loopless(self) -> bool:  # type: ignore[override]  # what is fixed for a class, here is inner's
        """Whether `inner` is."""
        return self._inner.loopless

    def run_on_loop(self, main: Callable[[], Awaitable[object]]) -> None:
        self._inner.run_on_loop(main)

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        return self._inner.write_informational(code, headers)

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        if self._writers or self._cors is not None:
            headers = headers.copy()
            for writer in self._writers:
                writer(headers)
            if self._cors is not None:
                self._cors(headers)
        sent = self._inner.write_headers(start_line, headers, chunk, end=end)
        self.status = start_line.code
        self.head_at = time.monotonic()
        self._count(len(chunk or b""))
        if end:
            self._over()
        return sent

    def write(self, chunk: bytes) -> Awaitable[None]:
        sent = self._inner.write(chunk)
        self._count(len(chunk))
        return sent

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        sent = self._inner.send_file(file, offset, count)
        self._count(count)
        return sent

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        self._inner.finish(trailers)
        self._over()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def set_max_body_size(self, limit: int) -> None:
        self._inner.set_max_body_size(limit)

    def set_body_timeout(self, seconds: float) -> None:
        self._inner.set_body_timeout(seconds)

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        stream = self._inner.detach(on_drain)
        self.status = self.status or 101
        self._over()
        on_detach, self.on_detach = self.on_detach, None
        if on_detach is not None:
            on_detach()
        return stream

    def close(self) -> None:
        self._over()  # before the connection tells of its loss: this is no client's doing
        self._inner.close()

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        return self._inner.get_ssl_certificate(binary_form)

    def _count(self, size: int) -> None:
        if not self._is_head:
            self.body_bytes += size

    def _over(self) -> None:
        self.is_over = True
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end()


class AttendedRawConnection(AttendedConnection):
    """The same for a connection that also takes raw bytes; those are passed on as they are."""

    _inner: Any  # Any: an HTTPConnection and a RawConnection, which typing cannot say

    def write_raw(self, data: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        sent: Awaitable[None] = self._inner.write_raw(data, callback)
        return sent

    def finish_raw(self) -> None:
        self._inner.finish_raw()
        self._over()


def attended(
    inner: HTTPConnection, is_head: bool, writers: Sequence[HeadWriter], cors: HeadWriter | None
) -> AttendedConnection:
    """Return a connection in front of `inner`, which takes raw bytes if that does."""
    kind = _kind_for(type(inner))
    return kind(inner, is_head, writers, cors)


@functools.lru_cache(64)  # looking for the methods of a protocol takes longer than all the rest
def _kind_for(inner: type[HTTPConnection]) -> type[AttendedConnection]:
    return AttendedRawConnection if issubclass(inner, RawConnection) else AttendedConnection
