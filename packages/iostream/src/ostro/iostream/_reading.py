"""The reading half of a stream: who gets what arrives.

This file owns the read buffer and hands what arrives to the receiver (push mode), to the pending
read (pull mode), or keeps it. What satisfies a read is in `_reads`, the methods that start one are
in `_base`.
"""

import errno
from abc import abstractmethod
from asyncio import CancelledError
from typing import Final

from ostro.ioloop import IOLoop

from ._core import CLOSED, OPEN, general_log
from ._reads import Pending
from ._receiver import Receiver
from ._writing import WritingStream
from .errors import ReadPendingError, StreamClosedError, StreamError

READ_AHEAD: Final = 65536
"""Bytes that are read while nobody reads, to notice the end of the connection behind them."""

READS_PER_EVENT: Final = 8
"""How many chunks are read in a row at most before other streams get their turn."""


class ReadingStream(WritingStream):
    """A stream that bytes can be read from, pushed or pulled."""

    __slots__ = (
        "_buffer",
        "_eof",
        "_eof_due",
        "_max_buffer_size",
        "_paused",
        "_pump_scheduled",
        "_read",
        "_read_chunk_size",
    )

    def __init__(
        self,
        fd: int,
        io_loop: IOLoop | None,
        max_buffer_size: int,
        read_chunk_size: int,
        max_write_buffer_size: int | None,
    ) -> None:
        super().__init__(io_loop, fd, max_write_buffer_size)
        self._max_buffer_size = max_buffer_size
        self._read_chunk_size = read_chunk_size
        self._buffer: bytearray | None = None  # bytes that arrived and nobody has taken yet
        self._read: Pending | None = None  # the pending read of pull mode
        self._paused = False  # pause_reading() was called
        self._eof = False  # the peer sends no more
        self._eof_due = False  # and the receiver has not been told so
        self._pump_scheduled = False  # _pump() is on its way through the loop

    # The hook of the kinds of file descriptors

    @abstractmethod
    def read_from_fd(self, limit: int) -> bytes | None:
        """Read up to `limit` bytes: b"" at the end, None when there is nothing now.

        Raises:
            OSError: When the connection is broken.
        """

    # Events

    def _on_readable(self) -> None:
        if not self._wants_data():
            self._stop_listening()  # left on from the last read, in case another one followed
        elif self._read_once() and self._doubtful:
            self._read_on()

    def _read_on(self) -> None:
        """Read until it is certain that the loop tells when there is more, or nobody wants more.

        The number of rounds is bounded, so that the other streams get their turn.
        """
        for _ in range(READS_PER_EVENT):
            if not self._doubtful or not self._listening or not self._wants_data():
                return
            if not self._read_once():
                return
        self._call_soon(self._read_on)

    def look(self) -> None:
        """See whether the connection still stands; the other half of `expect_write`."""
        self._doubtful = True
        self._read_on()

    def _read_once(self) -> bool:
        if not self._wants_bytes():
            return False
        try:
            data = self.read_from_fd(self._read_chunk_size)
        except OSError as error:
            self._read_failed(error)
            return False
        if data:
            self._doubtful = True
            self._on_data(data)
            return True
        if data is None:
            self._doubtful = False
        else:
            self._on_eof()
        return False

    def _on_data(self, data: bytes) -> None:
        buffer = self._buffer
        receiver = self._receiver
        if receiver is not None and buffer is None and not self._paused:
            try:
                receiver.data_received(data)
            except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever a receiver raises
                self._receiver_failed(receiver, error)
            return
        if buffer is None:
            self._buffer = bytearray(data)
        else:
            buffer += data
        if receiver is not None:
            self._pump()
        else:
            self._feed_pending()

    def _on_eof(self) -> None:
        self._eof = True
        if self._receiver is None or self.error is not None:
            self._lose(None)
        else:
            self._stop_listening()
            self._eof_due = True
            self._pump()

    def _read_failed(self, error: OSError) -> None:
        if error.errno == errno.ENOTCONN and self._read is None and self._receiver is None:
            self._stop_listening()  # a socket that is yet to be connected
        else:
            self._lose(error)

    def _wants_bytes(self) -> bool:
        """Say whether bytes may be read now, for somebody or for the buffer."""
        return self._phase is OPEN and not self._eof and not self._paused

    def _wants_data(self) -> bool:
        """Say whether somebody waits for bytes, or for the end behind them."""
        if self._eof or self._paused or self._phase is not OPEN:
            return False
        if self._receiver is not None:
            return True
        read = self._read
        if read is not None:
            if not read.abandoned():
                return True
            self._drop_read(read)
        return self._close_callback is not None and self._buffered() < READ_AHEAD

    def _buffered(self) -> int:
        return 0 if self._buffer is None else len(self._buffer)

    def _fail_pending(self, error: BaseException | None) -> None:
        read = self._read
        if read is not None and not self._finish(read):
            read.fail(StreamClosedError(error))
        self._fail_writes(error)

    # Push mode

    def set_receiver(self, receiver: Receiver | None) -> None:
        """Push what arrives to `receiver`, beginning, inside this call, with what is buffered.

        A receiver may be replaced at any time, for handing the stream over; the one that is
        replaced hears no more. On a closed stream, the receiver gets what is left and is told soon
        that the connection is lost.

        Args:
            receiver: None goes back to pull mode.

        Raises:
            ReadPendingError: If a read is pending.
        """
        read = self._read
        if read is not None:
            if not read.abandoned():
                raise ReadPendingError(repr(read))
            self._drop_read(read)
        self._receiver = receiver
        self._eof_due = self._eof
        if receiver is not None and (self._buffer is not None or self._eof):
            self._pump()
        if self._phase is CLOSED:
            if receiver is not None and self._receiver is receiver:
                self._receiver = None
                self._call_soon(self._report_lost, receiver)
        else:
            self._update_listening()

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`, so that the peer has to wait. Idempotent."""
        self._paused = True
        if self._listening:
            self._update_listening()

    def resume_reading(self) -> None:
        """Take up reading again after `pause_reading`. Idempotent."""
        self._paused = False
        if self._receiver is not None and (self._buffer is not None or self._eof_due):
            self._schedule_pump()
        if not self._listening:
            self._update_listening()

    def unread(self, data: bytes) -> None:
        """Put bytes back before those that are buffered, for whoever reads next.

        With a receiver set, they are delivered to it on the next turn of the loop.
        """
        if not data:
            return
        buffer = bytearray(data)
        if self._buffer is not None:
            buffer += self._buffer
        self._buffer = buffer
        if self._receiver is not None:
            self._schedule_pump()

    def _schedule_pump(self) -> None:
        if not self._pump_scheduled:
            self._pump_scheduled = True
            self._call_soon(self._pump_scheduled_before)

    def _pump_scheduled_before(self) -> None:
        self._pump_scheduled = False
        self._pump()

    def _pump(self) -> None:
        """Pass to the receiver what is buffered, and the end behind it, as far as it takes them."""
        receiver = self._receiver
        if receiver is None or self._paused:
            return
        try:
            buffer = self._buffer
            if buffer is not None:
                self._buffer = None
                receiver.data_received(bytes(buffer))
            if self._eof_due and self._receiver is receiver and self._takes_eof():
                self._eof_due = False
                receiver.eof_received()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever a receiver raises
            self._receiver_failed(receiver, error)

    def _takes_eof(self) -> bool:
        return self._buffer is None and not self._paused and self._phase is not CLOSED

    # Pull mode

    def reading(self) -> bool:
        """Say whether somebody is reading: a read is pending, or a receiver is set."""
        if self._receiver is not None:
            return True
        return self._read is not None and not self._read.abandoned()

    def _begin(self, read: Pending) -> None:
        """Satisfy a read from the buffer, or make it the pending one."""
        pending = self._read
        if pending is not None:
            if not pending.abandoned():
                raise ReadPendingError(repr(pending))
            self._drop_read(pending)
        if self._receiver is not None:
            raise ReadPendingError("the stream is in push mode")
        self._read = read
        if self._feed(read):
            if self._close_callback is not None:
                self._update_listening()  # there may be room again for reading ahead
        elif self._phase is CLOSED:
            if not self._finish(read):
                raise StreamClosedError(self.error)
        elif self._eof:
            self._lose(None)
        else:
            self._update_listening()

    def _feed_pending(self) -> None:
        """Feed the buffer to the pending read, if there is one."""
        read = self._read
        if read is not None and not read.abandoned():
            self._feed(read)

    def _feed(self, read: Pending) -> bool:
        buffer = self._buffer
        if buffer is None:
            buffer = bytearray()
        try:
            settled = read.feed(buffer)
        except StreamError as error:
            general_log.info("%r: %s", self, error)
            self._read = None
            read.fail(StreamClosedError(error))
            self.close(error)
            return True
        if settled:
            self._read = None
        if not buffer:
            self._buffer = None
        return settled

    def _finish(self, read: Pending) -> bool:
        """Complete the pending read at the end of the stream, if it can be."""
        self._read = None
        buffer, self._buffer = self._buffer, None
        if read.finish(bytearray() if buffer is None else buffer):
            return True
        self._buffer = buffer
        return False

    def _drop_read(self, read: Pending) -> None:
        """Forget a read whose caller was cancelled, without losing bytes."""
        if self._read is read:
            self._read = None
            self.unread(read.take_back())
