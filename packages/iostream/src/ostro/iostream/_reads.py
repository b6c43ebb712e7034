"""The pending reads of pull mode: each class knows one way in which a buffer satisfies a read.

Nothing here knows a socket or a loop. A stream feeds its read buffer to the pending read after
each arrival; the read takes what is its own and says whether it is complete.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from .errors import StreamBufferFullError, StreamError, UnsatisfiableReadError

T = TypeVar("T")

Run: TypeAlias = Callable[..., None]
"""Run a callback, with arguments, through the loop (`BaseIOStream._run_later`)."""


def take(buffer: bytearray, size: int) -> bytes:
    """Cut the first `size` bytes off the buffer, copying them once."""
    if size == len(buffer):
        data = bytes(buffer)
        buffer.clear()
        return data
    view = memoryview(buffer)
    data = bytes(view[:size])
    view.release()
    del buffer[:size]
    return data


class Pending(ABC):
    """A pending read as the stream sees it, whatever its result is."""

    __slots__ = ()

    @abstractmethod
    def feed(self, buffer: bytearray) -> bool:
        """Take from the buffer what belongs to the read, and say whether it is complete.

        Raises UnsatisfiableReadError, StreamBufferFullError: it can never be completed.
        """

    def finish(self, buffer: bytearray) -> bool:
        """Complete the read at the end of the stream, or say False when it cannot be."""
        return False

    @abstractmethod
    def fail(self, error: StreamError) -> None:
        """Hand over the failure; a callback is not called, the close callback reports it."""

    @abstractmethod
    def abandoned(self) -> bool:
        """Say whether the awaiting side was cancelled."""

    def take_back(self) -> bytes:
        """Return, after a cancellation, the bytes that the read has taken already."""
        return b""


class Read(Pending, Generic[T]):
    """A pending read with a result of some type.

    The result goes to `future`, or to `callback` through the loop: the stream sets one of them.
    """

    __slots__ = ("callback", "future", "run")

    def __init__(self) -> None:
        self.future: asyncio.Future[T] | None = None
        self.callback: Callable[[T], object] = _ignore
        self.run: Run = _ignore

    def fail(self, error: StreamError) -> None:
        """Hand over the failure; a callback is not called, the close callback reports it."""
        future = self.future
        if future is not None and not future.done():
            future.set_exception(error)
            future.exception()  # nobody is warned of a read that was not awaited

    def abandoned(self) -> bool:
        """Say whether the awaiting side was cancelled."""
        future = self.future
        return future is not None and future.cancelled()

    def _deliver(self, value: T) -> None:
        future = self.future
        if future is not None:
            future.set_result(value)
        else:
            self.run(self.callback, value)


def _ignore(*args: object) -> None:
    """Stand for a callback until one is set."""


class BytesRead(Read[bytes]):
    """What the reads with a bytes result share."""

    __slots__ = ("_max_buffer",)

    def __init__(self, max_buffer: int) -> None:
        super().__init__()
        self._max_buffer = max_buffer

    def _check_buffer(self, size: int) -> None:
        if size > self._max_buffer:
            raise StreamBufferFullError("read", size, self._max_buffer)


class UntilDelimiter(BytesRead):
    """Read through the first occurrence of a delimiter."""

    __slots__ = ("_delimiter", "_max_bytes", "_searched")

    def __init__(
        self,
        max_buffer: int,
        delimiter: bytes,
        max_bytes: int | None,
    ) -> None:
        super().__init__(max_buffer)
        self._delimiter = delimiter
        self._max_bytes = max_bytes
        self._searched = 0  # where the next search starts: dripped bytes cost linear time

    def __repr__(self) -> str:
        return f"read_until({self._delimiter[:100]!r})"

    def feed(self, buffer: bytearray) -> bool:
        """Complete the read when the delimiter is in the buffer."""
        found = buffer.find(self._delimiter, self._searched)
        if found < 0:
            self._check(len(buffer) + 1)
            self._searched = max(0, len(buffer) - len(self._delimiter) + 1)
            return False
        end = found + len(self._delimiter)
        self._check(end)
        self._deliver(take(buffer, end))
        return True

    def _check(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise UnsatisfiableReadError(self._delimiter, self._max_bytes)
        self._check_buffer(size)


class UntilRegex(BytesRead):
    """Read through the first match of a regular expression."""

    __slots__ = ("_max_bytes", "_pattern")

    def __init__(
        self,
        max_buffer: int,
        pattern: re.Pattern[bytes],
        max_bytes: int | None,
    ) -> None:
        super().__init__(max_buffer)
        self._pattern = pattern
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"read_until_regex({self._pattern.pattern[:100]!r})"

    def feed(self, buffer: bytearray) -> bool:
        """Complete the read when the expression matches somewhere in the buffer."""
        match = self._pattern.search(buffer)
        if match is None:
            self._check(len(buffer) + 1)
            return False
        end = match.end()
        self._check(end)
        self._deliver(take(buffer, end))
        return True

    def _check(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise UnsatisfiableReadError(self._pattern.pattern, self._max_bytes)
        self._check_buffer(size)


class Exactly(BytesRead):
    """Read a number of bytes."""

    __slots__ = ("_size",)

    def __init__(self, max_buffer: int, size: int) -> None:
        super().__init__(max_buffer)
        self._size = size

    def __repr__(self) -> str:
        return f"read_bytes({self._size})"

    def feed(self, buffer: bytearray) -> bool:
        """Complete the read when enough bytes are in the buffer."""
        if len(buffer) < self._size:
            self._check_buffer(self._size)
            return False
        self._deliver(take(buffer, self._size))
        return True


class AtMost(BytesRead):
    """Read what is there, up to a number of bytes."""

    __slots__ = ("_size",)

    def __init__(self, max_buffer: int, size: int) -> None:
        super().__init__(max_buffer)
        self._size = size

    def __repr__(self) -> str:
        return f"read_bytes({self._size}, partial=True)"

    def feed(self, buffer: bytearray) -> bool:
        """Complete the read when anything is in the buffer."""
        if not buffer and self._size:
            return False
        self._deliver(take(buffer, min(self._size, len(buffer))))
        return True


class Streamed(BytesRead):
    """Pass a number of bytes on as they come; the result itself is empty."""

    __slots__ = ("_chunk_callback", "_remaining")

    def __init__(
        self,
        max_buffer: int,
        size: int,
        chunk_callback: Callable[[bytes], object],
    ) -> None:
        super().__init__(max_buffer)
        self._remaining = size
        self._chunk_callback = chunk_callback

    def __repr__(self) -> str:
        return f"read_bytes with a streaming callback, {self._remaining} bytes to come"

    def feed(self, buffer: bytearray) -> bool:
        """Pass on what is in the buffer; complete after the last byte."""
        if buffer and self._remaining:
            chunk = take(buffer, min(self._remaining, len(buffer)))
            self._remaining -= len(chunk)
            self.run(self._chunk_callback, chunk)
        if self._remaining:
            return False
        self._deliver(b"")
        return True


class UntilClose(BytesRead):
    """Read everything until the stream closes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "read_until_close()"

    def feed(self, buffer: bytearray) -> bool:
        """Wait for more, within the size of the buffer."""
        self._check_buffer(len(buffer))
        return False

    def finish(self, buffer: bytearray) -> bool:
        """Deliver all that is left."""
        self._deliver(take(buffer, len(buffer)))
        return True


class StreamedUntilClose(BytesRead):
    """Pass everything on as it comes until the stream closes; the result itself is empty."""

    __slots__ = ("_chunk_callback",)

    def __init__(
        self,
        max_buffer: int,
        chunk_callback: Callable[[bytes], object],
    ) -> None:
        super().__init__(max_buffer)
        self._chunk_callback = chunk_callback

    def __repr__(self) -> str:
        return "read_until_close with a streaming callback"

    def feed(self, buffer: bytearray) -> bool:
        """Pass on what is in the buffer."""
        if buffer:
            self.run(self._chunk_callback, take(buffer, len(buffer)))
        return False

    def finish(self, buffer: bytearray) -> bool:
        """Pass on what is left and complete the read."""
        self.feed(buffer)
        self._deliver(b"")
        return True


class Into(Read[int]):
    """Read into a buffer of the caller's; the result is the number of bytes."""

    __slots__ = ("_filled", "_partial", "_target")

    def __init__(self, target: memoryview, partial: bool) -> None:
        super().__init__()
        self._target = target
        self._partial = partial
        self._filled = 0

    def __repr__(self) -> str:
        return f"read_into(a buffer of {len(self._target)} bytes)"

    def feed(self, buffer: bytearray) -> bool:
        """Copy what fits; complete when the target is full, or holds anything if partial."""
        size = min(len(buffer), len(self._target) - self._filled)
        end = self._filled + size
        view = memoryview(buffer)
        self._target[self._filled : end] = view[:size]
        view.release()
        del buffer[:size]
        self._filled = end
        if end < len(self._target) and not (self._partial and end):
            return False
        self._deliver(end)
        return True

    def take_back(self) -> bytes:
        """Return, after a cancellation, the bytes that went into the target."""
        data = bytes(self._target[: self._filled])
        self._filled = 0
        return data
