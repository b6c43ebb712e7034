"""PipeIOStream: a stream over one end of a pipe."""

import errno
import os

from ostro.ioloop import IOLoop

from ._base import DEFAULT_MAX_BUFFER_SIZE, DEFAULT_READ_CHUNK_SIZE, BaseIOStream


class PipeIOStream(BaseIOStream):
    """Write to or read from a pipe without blocking; not on Windows.

    With the writing end, `shutdown_write` closes the stream after all is sent.

    Args:
        fd: One end, as `os.pipe` gives them; the stream makes it non-blocking, and closes it.
        io_loop: See `IOStream`.
        max_buffer_size: See `IOStream`.
        read_chunk_size: See `IOStream`.
        max_write_buffer_size: See `IOStream`.
    """

    __slots__ = ("_write_only",)

    def __init__(
        self,
        fd: int,
        io_loop: IOLoop | None = None,
        max_buffer_size: int | None = DEFAULT_MAX_BUFFER_SIZE,
        read_chunk_size: int | None = DEFAULT_READ_CHUNK_SIZE,
        *,
        max_write_buffer_size: int | None = None,
    ) -> None:
        import fcntl  # does not exist on Windows, where the rest of this package works

        super().__init__(
            fd,
            io_loop,
            max_buffer_size,
            read_chunk_size,
            max_write_buffer_size=max_write_buffer_size,
        )
        os.set_blocking(fd, False)
        self._write_only = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY

    def read_from_fd(self, limit: int) -> bytes | None:
        """Read up to `limit` bytes: b"" at the end, None when there is nothing now."""
        if self._write_only:
            # Such an end becomes readable only when there is nobody left to read the other.
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        try:
            return os.read(self._fd, limit)
        except (BlockingIOError, InterruptedError):
            return None

    def write_to_fd(self, data: bytes | memoryview) -> int:
        """Send what can be sent now, and return how many bytes that were."""
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            return 0

    def close_fd(self) -> None:
        """Close this end of the pipe."""
        os.close(self._fd)

    def _end_output(self) -> None:
        self.close()
