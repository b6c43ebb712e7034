"""A connection to a server or a proxy: a stream in push mode, and the codec of its HTTP.

Whoever uses it reads from it: `receive` gives what has arrived. What arrives while nobody reads
makes the server wait; what arrives while the connection is idle ends it.

This file knows bytes and the order of things, not what they mean.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from ostro.http1 import ClientCodec, Limits
from ostro.ioloop import NEVER
from ostro.iostream import IOStream, StreamClosedError

__all__ = ["ClientConnection"]


class ClientConnection:
    """One connection, in use or idle.

    Args:
        stream: Connected; the connection takes it over.
        key: What it may be reused for.
        limits: The bounds of the codec.
    """

    __slots__ = (
        "_arrived",
        "_end",
        "_ended",
        "_failure",
        "_loop",
        "_lost",
        "_on_idle_end",
        "_paused",
        "_reader",
        "_unseen",
        "_wanted",
        "codec",
        "deadline",
        "heard",
        "key",
        "stream",
        "used",
    )

    def __init__(self, stream: IOStream, key: object, limits: Limits) -> None:
        self.stream = stream
        self.key: Final = key
        self.codec = ClientCodec(limits)
        # When it is closed for being idle.
        self.deadline = NEVER
        # Whether an exchange on it is over, and whether anything came in the one at hand.
        self.used = False
        self.heard = False

        self._loop = stream.io_loop.asyncio_loop
        # What has arrived and was not read; whether the stream is held back for that.
        self._arrived: deque[bytes] = deque()
        self._paused = False
        # Whether more is wanted, and who waits for it.
        self._wanted = False
        self._reader: asyncio.Future[None] | None = None
        # Whether something may lie behind the bytes that came last: see `IOStream.expect_write`.
        self._unseen = False
        # The server sends no more; the connection is gone; why reading is of no use any more.
        self._ended = False
        self._lost = False
        self._failure: BaseException | None = None
        # Who hears of the end of an idle connection; None while it is in use.
        self._on_idle_end: Callable[[ClientConnection], object] | None = None
        stream.set_receiver(self)

    def __repr__(self) -> str:
        state = "lost" if self._lost else "idle" if self._on_idle_end is not None else "in use"
        return f"<{type(self).__name__} {state} on {self.stream!r}>"

    # Reading

    async def receive(self) -> bytes:
        """Return what has arrived, or will; b"" when the server has sent all that it will.

        A call that is cancelled loses nothing. Raises what `fail` was given, and StreamClosedError
        when the connection was lost.
        """
        while not self._arrived:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            if self._lost:
                raise StreamClosedError(self.stream.error)
            self._wanted = True
            if self._paused:
                self._paused = False
                self.stream.resume_reading()
            if self._unseen:
                # Not before: mostly the response is whole, and a request follows.
                self._unseen = False
                self.stream.look()
                continue
            reader = self._reader = self._loop.create_future()
            try:
                await reader
            finally:
                self._reader = None
        return self._arrived.popleft()

    def fail(self, error: BaseException) -> None:
        """Have whoever reads get an error, after what has arrived."""
        if self._failure is None:
            self._failure = error
            self._wake()

    def _wake(self) -> None:
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    # What the stream tells

    def data_received(self, data: bytes) -> None:
        """Take the next bytes."""
        self.heard = True
        self._arrived.append(data)
        if self._on_idle_end is not None:
            self._end_idle()
            return
        if self._wanted:
            self._wanted = False
            self._unseen = True
            self.stream.expect_write()
        else:
            self._paused = True
            self.stream.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Learn that the server sends no more."""
        self._ended = True
        if self._on_idle_end is not None:
            self._end_idle()
        self._wake()

    def drained(self) -> None:
        """Learn that all was sent."""

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn that the connection is gone."""
        self._lost = True
        if self._on_idle_end is not None:
            self._end_idle()
        self._wake()

    # Idle and in use

    def rest(self, on_end: Callable[[ClientConnection], object], deadline: float) -> bool:
        """Become idle, if another request may follow; say whether it is so.

        Args:
            on_end: Called when the connection is of no use any more.
            deadline: When it is closed.
        """
        codec = self.codec
        if self._lost or self._ended or self._arrived or self._failure is not None:
            return False
        if not codec.can_keep_alive or not codec.request_complete or not codec.response_complete:
            return False
        if self.stream.closed() or self.stream.writing():
            return False
        codec.start_next_cycle()
        self._wanted = False
        if self._paused:
            self._paused = False
            self.stream.resume_reading()
        self.used = True
        self._on_idle_end = on_end
        self.deadline = deadline
        return True

    def take_up(self) -> None:
        """Be in use again."""
        self._on_idle_end = None
        self.deadline = NEVER
        self.heard = False
        self._unseen = False  # what is written now shows it

    def look(self) -> bool:
        """See whether an idle connection still stands, as far as can be known now."""
        self._unseen = False
        self.stream.look()
        return self._on_idle_end is not None

    def look_if_unseen(self) -> None:
        """See whether an idle connection still stands, unless that is known."""
        if self._unseen:
            self.look()

    def expire(self, now: float) -> None:
        """Be closed for having been idle too long."""
        self._end_idle()

    def _end_idle(self) -> None:
        on_end, self._on_idle_end = self._on_idle_end, None
        self.close()
        assert on_end is not None  # or the connection would be in use
        on_end(self)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self.stream.close()
