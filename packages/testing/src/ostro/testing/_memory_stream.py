"""A stream of bytes between two ends in memory: what is left of a connection once HTTP is done.

This file knows no protocol. What one end writes, the other gets through the loop, never inside the
call that wrote it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from contextvars import Context
from typing import Self

from ostro.httputil import StreamReceiver
from ostro.ioloop import COMPLETED
from ostro.iostream import StreamClosedError

__all__ = ["DEFAULT_WINDOW", "MemoryStream"]

DEFAULT_WINDOW = 65536
"""Bytes that are on their way, as in the buffers of a kernel, before a writer has to wait."""


class MemoryStream:
    """One end of a stream in memory: a `ByteStream` of the message seam. `pair` makes two."""

    __slots__ = (
        "_arrived",
        "_closed",
        "_delivering",
        "_eof",
        "_eof_reported",
        "_loop",
        "_paused",
        "_peer",
        "_receiver",
        "_unread",
        "_waiting",
        "_window",
    )

    _peer: Self  # the other end; `pair` sets it

    def __init__(self, window: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._window = window
        self._receiver: StreamReceiver | None = None
        # What has arrived and was not taken yet, and how many bytes that is.
        self._arrived: deque[bytes] = deque()
        self._unread = 0
        # The peer sends nothing more; the receiver knows.
        self._eof = False
        self._eof_reported = False
        self._paused = False
        self._closed = False
        # A delivery is under way through the loop.
        self._delivering = False
        # Writes of this end that wait until the peer has taken more.
        self._waiting: deque[asyncio.Future[None]] = deque()

    @classmethod
    def pair(cls, window: int = DEFAULT_WINDOW) -> tuple[Self, Self]:
        """Return the two ends of a stream.

        Args:
            window: Bytes on their way above which a write is not done until some are taken.
        """
        one, other = cls(window), cls(window)
        one._peer, other._peer = other, one
        return one, other

    # Reading

    def set_receiver(self, receiver: StreamReceiver | None) -> None:
        """Deliver what arrives to `receiver`, what is already there at once."""
        self._receiver = receiver
        self._deliver()

    def unread(self, data: bytes) -> None:
        """Put bytes back, for whoever reads next."""
        if data:
            self._arrived.appendleft(data)
            self._unread += len(data)

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`; idempotent."""
        self._paused = True

    def resume_reading(self) -> None:
        """Undo `pause_reading`; idempotent."""
        if self._paused:
            self._paused = False
            self._deliver_soon()

    def _deliver_soon(self) -> None:
        if not self._delivering:
            self._delivering = True
            self._loop.call_soon(self._deliver_now, context=Context())

    def _deliver_now(self) -> None:
        self._delivering = False
        self._deliver()

    def _deliver(self) -> None:
        taken = False
        while self._arrived and (receiver := self._ready()) is not None:
            data = self._arrived.popleft()
            self._unread -= len(data)
            taken = True
            receiver.data_received(data)
        if taken:
            self._peer._peer_has_taken(self._unread)
        if self._eof and not self._arrived and not self._eof_reported:
            receiver = self._ready()
            if receiver is not None:
                self._eof_reported = True
                receiver.eof_received()

    def _ready(self) -> StreamReceiver | None:
        """Return who takes bytes now."""
        return None if self._paused or self._closed else self._receiver

    # Writing

    @property
    def write_buffer_size(self) -> int:
        """Bytes written that are not on their way yet: those above the window."""
        return max(0, self._peer._unread - self._window)

    def write(self, data: bytes) -> Awaitable[None]:
        """Send `data` after all that was written before."""
        peer = self._peer
        if self._closed:
            return self._failed()
        if peer._closed:
            self._lose(BrokenPipeError("the other end is closed"))
            return self._failed()
        if data:
            peer._arrived.append(bytes(data))
            peer._unread += len(data)
            peer._deliver_soon()
        if peer._unread <= self._window:
            return COMPLETED
        sent = self._loop.create_future()
        self._waiting.append(sent)
        return sent

    def _peer_has_taken(self, unread: int) -> None:
        if unread > self._window or not self._waiting:
            return
        waiting, self._waiting = self._waiting, deque()
        for sent in waiting:
            if not sent.done():
                sent.set_result(None)
        if self._receiver is not None and not self._closed:
            self._receiver.drained()

    def _failed(self) -> Awaitable[None]:
        failed: asyncio.Future[None] = self._loop.create_future()
        failed.set_exception(StreamClosedError())
        failed.exception()  # nobody has to look at it
        return failed

    def shutdown_write(self) -> None:
        """Tell the peer, after what was written, that no more comes; reading goes on."""
        if not self._peer._eof:
            self._peer._eof = True
            self._peer._deliver_soon()

    def set_nodelay(self, value: bool) -> None:
        """Do nothing: there is no network."""

    # The end

    def close(self) -> None:
        """Close at once. The peer gets what was written, and then the end."""
        self._lose(None)

    def closed(self) -> bool:
        """Tell whether the stream is closed."""
        return self._closed

    def reset(self) -> None:
        """Break the connection, as a reset of the network would: both ends are closed."""
        error = ConnectionResetError("the connection was reset")
        self._lose(error)
        self._peer._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        if self._closed:
            return
        self._closed = True
        self.shutdown_write()
        self._arrived.clear()
        self._unread = 0
        self._peer._peer_has_taken(0)
        for sent in self._waiting:
            if not sent.done():
                sent.set_exception(StreamClosedError(error))
                sent.exception()
        self._waiting.clear()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            self._loop.call_soon(receiver.connection_lost, error, context=Context())
