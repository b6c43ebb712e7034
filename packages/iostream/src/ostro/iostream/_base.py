"""BaseIOStream: the methods that pull bytes out of a stream.

Each makes a read object (`_reads`) and gives it to the reading half (`_reading`).
"""

import asyncio
import re
from collections.abc import Callable
from contextvars import Context
from typing import Final, TypeVar, overload

from ostro.ioloop import COMPLETED, Completed, IOLoop
from ostro.stack_context import wrap

from ._reading import ReadingStream
from ._reads import (
    AtMost,
    Exactly,
    Into,
    Read,
    Streamed,
    StreamedUntilClose,
    UntilClose,
    UntilDelimiter,
    UntilRegex,
)

T = TypeVar("T")

BytesCallback = Callable[[bytes], object]

DEFAULT_MAX_BUFFER_SIZE: Final = 104857600
"""Bytes that a read may make the stream keep: 100 MiB, as it has always been documented."""

DEFAULT_READ_CHUNK_SIZE: Final = 65536
"""Bytes read by one system call: more of them gain nothing (measured), fewer cost calls."""


class BaseIOStream(ReadingStream):
    """What all streams have in common.

    A stream is used in one of two ways at a time: its bytes are *pulled* by the `read_` methods,
    one read after the other, or *pushed* to a `Receiver`, given to `set_receiver`.

    A method without a callback returns a future. Given a callback, it returns something that is
    done already and carries nothing; the callback is called through the loop, with the
    contextvars and the stack_context of the call, and not at all if the stream closes first: then
    the close callback is. A cancelled read gives its place free, and no bytes are lost, unless it
    was complete already when it was cancelled.

    A subclass for another kind of file descriptor gives the non-blocking descriptor to `__init__`
    and implements `read_from_fd`, `write_to_fd`, `close_fd` and `_end_output`.

    Nothing here is thread-safe: a stream belongs to the thread of its loop.

    Args:
        fd: The file descriptor.
        io_loop: The loop to run on; None means `IOLoop.current()`.
        max_buffer_size: Bytes that a read may make the stream keep; None means 100 MiB.
        read_chunk_size: Bytes that are read by one system call at most; None means 64 KiB.
        max_write_buffer_size: Bytes that may wait to be sent; None sets no limit.
    """

    __slots__ = ()

    def __init__(
        self,
        fd: int,
        io_loop: IOLoop | None = None,
        max_buffer_size: int | None = DEFAULT_MAX_BUFFER_SIZE,
        read_chunk_size: int | None = DEFAULT_READ_CHUNK_SIZE,
        *,
        max_write_buffer_size: int | None = None,
    ) -> None:
        if max_buffer_size is None:
            max_buffer_size = DEFAULT_MAX_BUFFER_SIZE
        if read_chunk_size is None:
            read_chunk_size = DEFAULT_READ_CHUNK_SIZE
        super().__init__(fd, io_loop, max_buffer_size, read_chunk_size, max_write_buffer_size)

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once (True) or let the kernel gather them (False).

        Does nothing on streams that are not over TCP, or closed.
        """

    @overload
    def read_until(
        self, delimiter: bytes, callback: None = None, *, max_bytes: int | None = None
    ) -> asyncio.Future[bytes]: ...
    @overload
    def read_until(
        self, delimiter: bytes, callback: BytesCallback, *, max_bytes: int | None = None
    ) -> Completed[None]: ...
    def read_until(
        self,
        delimiter: object,
        callback: BytesCallback | None = None,
        *,
        max_bytes: int | None = None,
    ) -> asyncio.Future[bytes] | Completed[None]:
        """Read through the first occurrence of `delimiter`, which is part of the result.

        Args:
            delimiter: At least one byte.
            callback: Called through the loop with the result.
            max_bytes: The most that the result may have; when the delimiter is not within that,
                the stream is closed and `error` is an UnsatisfiableReadError. None means
                `max_buffer_size`, and StreamBufferFullError.

        Raises:
            ReadPendingError: If a read is pending, or the stream is in push mode.
            StreamClosedError: If the stream has closed and its buffer does not hold the delimiter;
                from the future, if it closes before the delimiter arrives.
            TypeError: If the delimiter is not bytes.
            ValueError: If the delimiter is empty.
        """
        if not isinstance(delimiter, (bytes, bytearray, memoryview)):
            raise TypeError(f"the delimiter to read until is {delimiter!r:.100}, expected bytes")
        if not delimiter:
            raise ValueError("the delimiter to read until is empty")
        read = UntilDelimiter(self._max_buffer_size, bytes(delimiter), max_bytes)
        return self._start(read, callback)

    @overload
    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        callback: None = None,
        *,
        max_bytes: int | None = None,
    ) -> asyncio.Future[bytes]: ...
    @overload
    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        callback: BytesCallback,
        *,
        max_bytes: int | None = None,
    ) -> Completed[None]: ...
    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        callback: BytesCallback | None = None,
        *,
        max_bytes: int | None = None,
    ) -> asyncio.Future[bytes] | Completed[None]:
        """Read through the first match of a regular expression, which is part of the result.

        The expression is tried, after each arrival, on all that has come, so give `max_bytes`
        where the peer is not trusted.

        Args:
            regex: A bytes expression, compiled or not.
            callback: Called through the loop with the result.
            max_bytes: See `read_until`.

        Raises:
            ReadPendingError: See `read_until`.
            StreamClosedError: See `read_until`.
            TypeError: If the expression is one for text.
        """
        pattern = re.compile(regex)
        if not isinstance(pattern.pattern, bytes):
            raise TypeError(f"the expression to read until is {regex!r:.100}, expected bytes")
        read = UntilRegex(self._max_buffer_size, pattern, max_bytes)
        return self._start(read, callback)

    @overload
    def read_bytes(
        self,
        num_bytes: int,
        callback: None = None,
        streaming_callback: BytesCallback | None = None,
        *,
        partial: bool = False,
    ) -> asyncio.Future[bytes]: ...
    @overload
    def read_bytes(
        self,
        num_bytes: int,
        callback: BytesCallback,
        streaming_callback: BytesCallback | None = None,
        *,
        partial: bool = False,
    ) -> Completed[None]: ...
    def read_bytes(
        self,
        num_bytes: object,
        callback: BytesCallback | None = None,
        streaming_callback: BytesCallback | None = None,
        *,
        partial: bool = False,
    ) -> asyncio.Future[bytes] | Completed[None]:
        """Read `num_bytes` bytes; zero are read at once.

        Args:
            num_bytes: More than `max_buffer_size` closes the stream with StreamBufferFullError.
            callback: Called through the loop with the result.
            streaming_callback: Called through the loop with each chunk as it arrives; the result
                is empty then, and `max_buffer_size` does not limit `num_bytes`.
            partial: Read at least one byte and at most `num_bytes`.

        Raises:
            ReadPendingError: See `read_until`.
            StreamClosedError: If the stream has closed and fewer bytes are left; from the future,
                if it closes before they arrive.
            TypeError: If `num_bytes` is not an int.
            ValueError: If `num_bytes` is negative.
        """
        if not isinstance(num_bytes, int):
            raise TypeError(f"cannot read {num_bytes!r:.100} bytes, expected an int")
        if num_bytes < 0:
            raise ValueError(f"cannot read {num_bytes} bytes")
        limit = self._max_buffer_size
        read: Read[bytes]
        if streaming_callback is not None:
            read = Streamed(limit, num_bytes, wrap(streaming_callback))
        elif partial:
            read = AtMost(limit, num_bytes)
        else:
            read = Exactly(limit, num_bytes)
        return self._start(read, callback)

    @overload
    def read_into(
        self, buf: bytearray | memoryview, callback: None = None, *, partial: bool = False
    ) -> asyncio.Future[int]: ...
    @overload
    def read_into(
        self,
        buf: bytearray | memoryview,
        callback: Callable[[int], object],
        *,
        partial: bool = False,
    ) -> Completed[None]: ...
    def read_into(
        self,
        buf: bytearray | memoryview,
        callback: Callable[[int], object] | None = None,
        *,
        partial: bool = False,
    ) -> asyncio.Future[int] | Completed[None]:
        """Fill `buf`, a writable buffer, and give the number of bytes read.

        Args:
            buf: It belongs to the stream until the read is over.
            callback: Called through the loop with the number of bytes.
            partial: Be content as soon as anything has been read.

        Raises:
            ReadPendingError: See `read_until`.
            StreamClosedError: See `read_bytes`.
            TypeError: If the buffer is read-only.
        """
        target = memoryview(buf).cast("B")
        if target.readonly:
            raise TypeError("read_into needs a writable buffer")
        read = Into(target, partial)
        result = self._start(read, callback)
        if read.future is not None and self._read is read:
            # The bytes must be back in the stream before the cancelled task goes on.
            read.future.add_done_callback(lambda _: self._drop_read(read), context=Context())
        return result

    @overload
    def read_until_close(
        self, callback: None = None, streaming_callback: BytesCallback | None = None
    ) -> asyncio.Future[bytes]: ...
    @overload
    def read_until_close(
        self, callback: BytesCallback, streaming_callback: BytesCallback | None = None
    ) -> Completed[None]: ...
    def read_until_close(
        self,
        callback: BytesCallback | None = None,
        streaming_callback: BytesCallback | None = None,
    ) -> asyncio.Future[bytes] | Completed[None]:
        """Read everything until the stream closes, for whatever reason: see `error`.

        On a closed stream this gives what is left in the buffer.

        Args:
            callback: Called through the loop with the result.
            streaming_callback: Called through the loop with each chunk as it arrives; the result
                is empty then. Without it `max_buffer_size` is the limit.

        Raises:
            ReadPendingError: See `read_until`.
            StreamClosedError: From the future, if the limit is exceeded; the real error is a
                StreamBufferFullError then.
        """
        limit = self._max_buffer_size
        read: Read[bytes]
        if streaming_callback is not None:
            read = StreamedUntilClose(limit, wrap(streaming_callback))
        else:
            read = UntilClose(limit)
        return self._start(read, callback)

    def _start(
        self, read: Read[T], callback: Callable[[T], object] | None
    ) -> asyncio.Future[T] | Completed[None]:
        read.run = self._run_later
        if callback is not None:
            read.callback = wrap(callback)
            self._begin(read)
            return COMPLETED
        future: asyncio.Future[T] = self._loop.create_future()
        read.future = future
        self._begin(read)
        return future
