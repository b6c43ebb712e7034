"""The writing half of a stream: send at once what the kernel takes, queue the rest.

This file owns the write queue and the end of the output. What a file descriptor of some kind does
with bytes is the subclass's: `write_to_fd` and `_end_output`.
"""

import asyncio
from abc import abstractmethod
from asyncio import CancelledError
from collections.abc import Callable
from typing import overload

from ostro.ioloop import COMPLETED, Completed, IOLoop
from ostro.stack_context import wrap

from ._core import CLOSED, OPEN, StreamCore
from ._writes import WriteQueue
from .errors import StreamBufferFullError, StreamClosedError

Written = asyncio.Future[None] | Completed[None]
"""What `write` returns: something to await, done already when all bytes went out at once."""


class WritingStream(StreamCore):
    """A stream that bytes can be written to."""

    __slots__ = (
        "_backlog",
        "_bytes_sent",
        "_max_write_buffer_size",
        "_output_ended",
        "_writes",
    )

    def __init__(self, io_loop: IOLoop | None, fd: int, max_write_buffer_size: int | None) -> None:
        super().__init__(io_loop, fd)
        self._max_write_buffer_size = max_write_buffer_size
        self._writes: WriteQueue | None = None  # only there while something is to be sent
        # Bytes that the layer below has taken from the queue and not sent yet (TLS records).
        self._backlog = 0
        self._bytes_sent = 0
        self._output_ended = False  # shutdown_write() was called

    # The hooks of the kinds of file descriptors

    @abstractmethod
    def write_to_fd(self, data: bytes | memoryview) -> int:
        """Send what can be sent now, and return how many bytes that were; 0 means: later.

        Raises:
            OSError: When the connection is broken.
        """

    @abstractmethod
    def _end_output(self) -> None:
        """Tell the peer that no more comes."""

    @abstractmethod
    def _read_once(self) -> bool:
        """Read what is there now, and say whether it was anything."""

    # Writing

    @property
    def write_buffer_size(self) -> int:
        """The number of bytes accepted and not sent yet."""
        queue = self._writes
        return self._backlog if queue is None else queue.size + self._backlog

    @property
    def bytes_sent(self) -> int:
        """The number of bytes that the kernel has taken since the stream was made.

        It never falls; whether it grows tells whether the peer reads. Over TLS the bytes of the
        records are counted, those of the handshake included.
        """
        return self._bytes_sent

    def writing(self) -> bool:
        """Say whether bytes are still to be sent."""
        return self.write_buffer_size > 0

    @overload
    def write(self, data: bytes | bytearray | memoryview) -> Written: ...
    @overload
    def write(
        self, data: bytes | bytearray | memoryview, callback: Callable[[], object] | None
    ) -> Written: ...
    def write(
        self,
        data: bytes | bytearray | memoryview,
        callback: Callable[[], object] | None = None,
    ) -> Written:
        """Send bytes, in the order of the calls.

        What the kernel does not take at once is kept, and sent as the peer reads; await the
        result, or look at `write_buffer_size`, to hold back. Several writes may be outstanding,
        each with a result of its own. While the stream is still connecting, everything is kept.

        Args:
            data: A bytearray or memoryview may be changed again after the call.
            callback: Called through the loop, without arguments, when all that was written so far
                has been sent. A later callback takes the place of one that has not been called
                yet. If the stream closes before, it is not called; the close callback is.

        Returns:
            Something to await: done when `data` has been sent.

        Raises:
            StreamClosedError: If the stream or its writing side is closed; from the result, if the
                stream closes before all is sent.
            StreamBufferFullError: If `max_write_buffer_size` would be exceeded; then nothing of
                `data` is sent.
            TypeError: If `data` is text, or anything else than bytes.
        """
        if type(data) is not bytes:
            data = _bytes_view(data)
        size = len(data)
        if self._phase is CLOSED or self._output_ended:
            raise StreamClosedError(self.error)
        limit = self._max_write_buffer_size
        if limit is not None and self.write_buffer_size + size > limit:
            raise StreamBufferFullError("write", self.write_buffer_size + size, limit)
        queue = self._writes
        if queue is None:
            if self._phase is OPEN:
                try:
                    sent = self.write_to_fd(data)
                except OSError as error:
                    return self._refuse(data, error)
                if sent:
                    self._bytes_sent += sent
                    self._doubtful = False  # a connection that was reset takes nothing
                if sent == size and not self._backlog:
                    if callback is not None:
                        self._run_later(_wrapped(callback))
                    return COMPLETED
                if sent:
                    data = memoryview(data)[sent:]
                self._watch_writes(self._on_writable)
            elif not size and callback is None:
                return COMPLETED
            queue = self._writes = WriteQueue()
        queue.append(_frozen(data))
        if callback is not None:
            queue.callback = _wrapped(callback)
            return COMPLETED
        return self._wait_for_sending(queue)

    def _wait_for_sending(self, queue: WriteQueue) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self._loop.create_future()
        queue.wait(future)
        return future

    def expect_write(self) -> None:
        """Say that something will be written before long.

        A receiver that answers a little later calls this in `data_received`: writing shows whether
        the connection still stands, and the stream does not look for itself. If the answer takes
        its time after all, call `look`.
        """
        self._doubtful = False

    def shutdown_write(self) -> None:
        """Send what is buffered and then tell the peer that no more comes. Idempotent.

        Reading goes on; `close` is still needed. Does nothing on a closed stream. Over TLS the
        alert `close_notify` says it, and the socket stays open both ways until `close`.
        """
        if self._output_ended or self._phase is CLOSED:
            return
        self._output_ended = True
        if self._writes is None and self._phase is OPEN:
            self._end_output()

    # Sending what was kept

    def _on_writable(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Send from the queue as much as the kernel takes."""
        queue = self._writes
        assert queue is not None  # or else nothing would be watched
        try:
            blocked = self._send_from(queue)
        except OSError as error:
            self._write_failed(error)
            return
        if not self._backlog:
            queue.release()
        if blocked:
            self._watch_writes(self._on_writable)
        else:
            self._all_sent(queue)

    def _send_from(self, queue: WriteQueue) -> bool:
        """Send pieces until one does not go out whole; say whether anything is left."""
        while queue.size:
            if not self._backlog:
                queue.release()  # the peer may never read what follows
            view = queue.first()
            try:
                sent = self.write_to_fd(view)
                whole = sent == len(view)
            finally:
                view.release()
            queue.advance(sent)
            self._bytes_sent += sent
            if not whole:
                return True
        return self._backlog > 0

    def _all_sent(self, queue: WriteQueue) -> None:
        self._writes = None
        self._stop_watching_writes()
        callback = queue.callback
        if callback is not None:
            self._run_later(callback)
        if self._output_ended:
            self._end_output()
        receiver = self._receiver
        if receiver is not None:
            try:
                receiver.drained()
            except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever a receiver raises
                self._receiver_failed(receiver, error)

    # Failing

    def _refuse(self, data: bytes | memoryview, error: OSError) -> Written:
        queue = self._writes = WriteQueue()  # what is written from here on joins this one
        queue.append(data)
        self._write_failed(error)
        return self._wait_for_sending(queue)

    def _write_failed(self, error: OSError) -> None:
        """Close the stream in a moment, after what the peer had sent before it went away.

        A server that refuses a long upload answers first and closes then: the answer is what the
        user of the stream needs to see, not the broken pipe.
        """
        self._stop_watching_writes()
        self.error = error  # from here on the end of file says no more than that
        self._call_soon(self._close_after_write_error)

    def _close_after_write_error(self) -> None:
        for _ in range(READS_AFTER_WRITE_ERROR):
            if not self._read_once():
                break
        self._lose(None)

    def _fail_writes(self, error: BaseException | None) -> None:
        queue, self._writes = self._writes, None
        self._backlog = 0
        if queue is not None:
            queue.fail(StreamClosedError(error))


READS_AFTER_WRITE_ERROR = 16
"""How many chunks are still read at most from a connection that cannot be written to any more."""


def _wrapped(callback: Callable[[], object]) -> Callable[[], object]:
    return wrap(callback)


def _bytes_view(data: bytes | bytearray | memoryview) -> memoryview:
    """Return a flat view of bytes; refuse what is none."""
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"cannot write {type(data).__name__}, expected bytes") from None
    if not view.c_contiguous:
        return memoryview(view.tobytes())  # every second byte of something, say
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def _frozen(data: bytes | memoryview) -> bytes | memoryview:
    """Return the data in a form that nobody can change while it waits to be sent."""
    if isinstance(data, memoryview) and not isinstance(data.obj, bytes):
        return bytes(data)
    return data
