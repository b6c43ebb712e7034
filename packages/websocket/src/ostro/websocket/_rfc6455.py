"""RFC 6455 over a stream of bytes, for both ends.

This file owns the stream: what is sent when, who has to wait, the pings, and the end. Bytes are
understood by `_protocol`; the order of messages is kept by `_connection`.

Spec: RFC 6455 section 7 for the end.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable
from contextvars import Context
from enum import Enum
from typing import Final, Protocol

from ostro.httputil import ByteStream
from ostro.ioloop import COMPLETED, NEVER, Sweeper
from ostro.iostream import StreamClosedError

from ._connection import Runner, WebSocketConnection, WebSocketDelegate
from ._events import Close, Event, Failure, Ping
from ._frames import ABNORMAL_CLOSURE, NO_STATUS
from ._sending import Sending, never_sent
from .errors import WebSocketClosedError

general_log = logging.getLogger("ostro.general")

CLOSE_TIMEOUT: Final = 10.0
"""Seconds without progress that the peer has to answer a close."""

LINGER_TIMEOUT: Final = 2.0
"""Seconds that the peer has, once all is said, to close the stream. Closing it at once would reset
it if something of the peer's is still on its way, and the close frame could be lost with it."""

WRITE_TIMEOUT: Final = 60.0
"""Seconds without progress that a peer may take to read what waits to be sent."""

DEFAULT_MAX_WRITE_BUFFER_SIZE: Final = 16 * 1024 * 1024
"""Bytes that may wait to be sent when another message is written: 16 MiB. Whoever awaits what
`write_message` returns never has more than a message there."""

HIGH_WATER: Final = 65536
"""Bytes that wait to be sent above which nothing more is read: a peer that asks and does not take
the answers has to wait."""

FAILURE_DELAY: Final = 1.0
"""Seconds that a reader has to answer the messages before the one that breaks the protocol."""

_GATHER_SIZE: Final = 4096
"""The largest frame that is sent together with others."""

_LARGE: Final = 65536
"""Length of a message from which on its header is sent apart."""

_GATHER_COUNT: Final = 64
"""Frames that are sent together at most."""


class FramingProtocol(Protocol):
    """What cuts bytes into messages: `WebSocketProtocol`, or the draft's."""

    close_code: int
    close_reason: str
    has_more: bool

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes, return what they mean."""

    def send_text(self, text: str) -> bytes:
        """Return the bytes of a text message."""

    def send_binary(self, data: bytes) -> bytes:
        """Return the bytes of a binary message."""

    def send_apart(self, message: str | bytes) -> tuple[bytes, bytes]:
        """Return the bytes of a message in two parts."""

    def send_ping(self, data: bytes = b"") -> bytes:
        """Return the bytes of a ping."""

    def send_pong(self, data: bytes = b"") -> bytes:
        """Return the bytes of a pong."""

    def send_close(self, code: int | None = None, reason: str = "") -> bytes:
        """Return the bytes of a close."""


class Phase(Enum):
    """How far the connection is."""

    OPEN = "open"
    CLOSING = "waiting for the peer to close"
    LINGERING = "waiting for the peer to close the stream"
    CLOSED = "closed"


_OPEN: Final = Phase.OPEN


class StreamWebSocket(WebSocketConnection):
    """A WebSocket over a stream, after the handshake.

    `stream`: its bytes are those after the handshake. `protocol`: in the role of this end.
    `ping_interval`: seconds between two pings, 0 for none; `ping_timeout`: seconds that the peer
    has to show that it is alive, or the connection is dropped, 0 for no limit.
    `max_write_buffer_size`: a message that is written while more bytes than these wait to be sent
    ends the connection. `sweeper`: keeps the deadlines.

    Call `start` to begin. See `WebSocketConnection` for the other arguments.
    """

    __slots__ = (
        "_alive",
        "_bytes_left",
        "_bytes_written",
        "_gathering",
        "_gone",
        "_max_write_buffer_size",
        "_outgoing",
        "_phase",
        "_ping_due",
        "_ping_interval",
        "_ping_timeout",
        "_pong_due",
        "_progress_due",
        "_protocol",
        "_reading",
        "_stream",
        "_sweeper",
        "_taking_more",
        "_unsent",
        "deadline",
    )

    def __init__(
        self,
        stream: ByteStream,
        protocol: FramingProtocol,
        delegate: WebSocketDelegate,
        run: Runner,
        sweeper: Sweeper,
        *,
        subprotocol: str | None = None,
        ping_interval: float = 0.0,
        ping_timeout: float = 0.0,
        max_write_buffer_size: int = DEFAULT_MAX_WRITE_BUFFER_SIZE,
        cancel_on_disconnect: bool = False,
    ) -> None:
        super().__init__(
            delegate, run, subprotocol=subprotocol, cancel_on_disconnect=cancel_on_disconnect
        )
        self._stream = stream
        self._protocol = protocol
        # Done when the stream is closed; made when somebody waits for that.
        self._gone: asyncio.Future[None] | None = None
        self._sweeper = sweeper
        self._phase = Phase.OPEN
        # Frames that leave together, when what has come is dealt with.
        self._outgoing: list[bytes] = []
        self._gathering = False
        # Whether something waits in the stream to be sent; how much was given to it, and how much
        # had left at the last look; until when more of it has to leave, or, at the end, the peer
        # has to do its part.
        self._unsent = False
        self._max_write_buffer_size = max_write_buffer_size
        self._bytes_written = 0
        self._bytes_left = 0
        self._progress_due = NEVER
        # Whether the stream may read; whether what the protocol has kept back is soon to be taken.
        self._reading = True
        self._taking_more = False
        # The pings: whether anything has come since the last one, when the next is due, and until
        # when something has to come.
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._alive = False
        self._ping_due = NEVER
        self._pong_due = NEVER
        # When `expire` is due, on the sweeper's clock.
        self.deadline = NEVER

    def start(self) -> None:
        """Begin to read; what the peer has sent already is delivered at once."""
        if self._ping_interval > 0:
            self._ping_due = self._sweeper.clock() + self._ping_interval
            self._set_deadline()
        self._stream.set_receiver(self)

    # What a delegate does

    @property
    def closing(self) -> bool:
        return self._phase is not _OPEN

    def write_message(self, message: str | bytes) -> Awaitable[None]:
        if self._phase is not _OPEN:
            raise WebSocketClosedError
        if self._unsent and self._stream.write_buffer_size > self._max_write_buffer_size:
            return self._give_up()
        if len(message) >= _LARGE:
            return self._send_large(*self._protocol.send_apart(message))
        if isinstance(message, str):
            return self._send(self._protocol.send_text(message))
        return self._send(self._protocol.send_binary(message))

    def ping(self, data: bytes = b"") -> Awaitable[None]:
        if self._phase is not _OPEN:
            raise WebSocketClosedError
        return self._send(self._protocol.send_ping(data))

    def close(self, code: int | None = None, reason: str = "") -> None:
        if self._phase is not _OPEN:
            return
        self._send(self._protocol.send_close(code, reason))
        self._phase = Phase.CLOSING
        self._drop_messages()
        self._await_progress(CLOSE_TIMEOUT)
        self._update_reading()

    def set_nodelay(self, value: bool) -> None:
        self._stream.set_nodelay(value)

    # Sending

    def _send(self, data: bytes) -> Awaitable[None]:
        if self._gathering and len(data) <= _GATHER_SIZE:
            outgoing = self._outgoing
            if len(outgoing) < _GATHER_COUNT:
                outgoing.append(data)
                return COMPLETED
        if self._outgoing:
            self._send_gathered()
        return self._write(data)

    def _send_large(self, header: bytes, payload: bytes) -> Awaitable[None]:
        """Send a frame in two parts: another system call costs less than a large copy."""
        if self._outgoing:
            self._send_gathered()
        self._write(header)
        return self._write(payload)

    def _send_gathered(self) -> None:
        outgoing = self._outgoing
        data = outgoing[0] if len(outgoing) == 1 else b"".join(outgoing)
        outgoing.clear()
        self._write(data)

    def _write(self, data: bytes) -> Awaitable[None]:
        self._bytes_written += len(data)
        try:
            written = self._stream.write(data)
        except StreamClosedError as error:
            return never_sent(error)  # that it is closed, its receiver learns by itself
        if written is COMPLETED:
            return COMPLETED
        if not self._unsent:
            self._unsent = True
            if self._phase is _OPEN:
                self._await_progress(WRITE_TIMEOUT)
            self._update_reading()
        return Sending(written)

    def _give_up(self) -> Awaitable[None]:
        """End the connection, as too much waits to be sent; return what fails.

        The delegate is told a little later: whoever writes may be the delegate itself, or go
        through a list of them.
        """
        general_log.warning(
            "The peer of a WebSocket does not read as fast as it is written to, and over "
            "%d bytes wait; closing",
            self._max_write_buffer_size,
        )
        self._phase = Phase.CLOSING
        self._stream.close()
        return never_sent(None)

    def _bytes_sent(self) -> int:
        return self._bytes_written - self._stream.write_buffer_size

    def drained(self) -> None:
        """Learn that all that was written has left."""
        self._unsent = False
        if self._phase is _OPEN:
            self._progress_due = NEVER
        self._update_reading()

    # Receiving

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._alive = True
        if self._phase is Phase.LINGERING:
            return
        self._gathering = True
        try:
            self._deal_with(self._protocol.receive(data))
        finally:
            self._gathering = False
            if self._outgoing:
                self._send_gathered()
        if self._protocol.has_more:
            self._update_reading()

    def _take_more(self) -> None:
        """Take what the protocol has kept back."""
        self._taking_more = False
        if self._phase is Phase.CLOSED:
            return
        if not self._has_to_wait():
            self.data_received(b"")
        self._update_reading()

    def _deal_with(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, (str, bytes)):
                if self._phase is _OPEN:
                    self._deliver(event)
            elif isinstance(event, Ping):
                self._on_ping(event.data)
            elif isinstance(event, Close):
                self._after_messages(self._on_close)
            elif isinstance(event, Failure):
                self._after_messages(functools.partial(self._on_failure, event))
            else:
                self._pong_due = NEVER
                assert self._delegate is not None  # nothing is read after the end
                self._call(self._delegate.on_pong, event.data)
        if self._unsent or self._held is not None or not self._reading:
            self._update_reading()

    def _on_ping(self, data: bytes) -> None:
        if self._phase is _OPEN:
            self._send(self._protocol.send_pong(data))
            assert self._delegate is not None  # as above
            self._call(self._delegate.on_ping, data)

    def _room_changed(self) -> None:
        self._update_reading()

    def _has_to_wait(self) -> bool:
        """Tell whether the peer has to wait: for the delegate, or for what it has not read."""
        if self._phase is not _OPEN:
            return False
        return self._is_full or (self._unsent and self._stream.write_buffer_size > HIGH_WATER)

    def _update_reading(self) -> None:
        """Read, unless the peer has to wait; but first take what the protocol has kept back."""
        reading = not self._has_to_wait()
        if reading and self._protocol.has_more:
            reading = False
            if not self._taking_more:
                self._taking_more = True
                asyncio.get_running_loop().call_soon(self._take_more, context=Context())
        if reading is not self._reading and self._phase is not Phase.CLOSED:
            self._reading = reading
            if reading:
                if self._pong_due < NEVER:
                    # What has been waiting to be read is no fault of the peer's.
                    self._pong_due = self._sweeper.clock() + self._ping_timeout
                self._stream.resume_reading()
            else:
                self._stream.pause_reading()

    # The end

    def _on_close(self) -> None:
        """Deal with the peer's close: echo it, unless this end has closed before.

        Spec: RFC 6455 section 5.5.1.
        """
        protocol = self._protocol
        code = protocol.close_code
        if self._phase is _OPEN:
            self._send(protocol.send_close(None if code == NO_STATUS else code))
        self._farewell()
        self._over(code, protocol.close_reason)

    def _on_failure(self, failure: Failure) -> None:
        """Fail the connection, once a reader has answered what came before.

        Spec: RFC 6455 section 7.1.7.
        """
        queue = self._queue
        if queue is None or queue.is_idle:
            self._fail(failure)
            return

        def fail() -> None:
            timer.cancel()
            if self._delegate is not None:
                self._fail(failure)

        timer = asyncio.get_running_loop().call_later(FAILURE_DELAY, fail, context=Context())
        queue.when_idle(fail)

    def _fail(self, failure: Failure) -> None:
        general_log.info("WebSocket failed: %s", failure.reason)
        if self._phase is _OPEN:
            self._send(self._protocol.send_close(failure.code, failure.reason))
        self._farewell()
        self._over(ABNORMAL_CLOSURE, "")

    def _farewell(self) -> None:
        """Close the stream, once what was written has left and the peer has seen it."""
        if self._outgoing:
            self._send_gathered()
        self._phase = Phase.LINGERING
        self._await_progress(LINGER_TIMEOUT)
        self._stream.shutdown_write()

    def eof_received(self) -> None:
        """Learn that the peer sends nothing more."""
        self._after_messages(self._on_eof)

    def _on_eof(self) -> None:
        self._stream.close()
        self._lost()

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn that the stream is closed."""
        self._lost()

    def _lost(self) -> None:
        self._phase = Phase.CLOSED
        self.deadline = NEVER
        self._sweeper.forget(self)
        self._over(ABNORMAL_CLOSURE, "")
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    async def wait_lost(self) -> None:
        """Wait until the stream is closed: after the end, for as long as the peer takes to close
        it, LINGER_TIMEOUT at most.
        """
        if self._phase is Phase.CLOSED:
            return
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._gone)

    # Deadlines

    def _set_deadline(self) -> None:
        """Have `expire` called when the first of all deadlines is due."""
        if self._phase is _OPEN:
            self.deadline = min(self._progress_due, self._ping_due, self._pong_due)
        else:
            self.deadline = self._progress_due
        self._sweeper.watch(self)

    def _await_progress(self, seconds: float) -> None:
        """Give the peer that much time to read on; or, if it has read all, to do its part."""
        self._bytes_left = self._bytes_sent()
        self._progress_due = self._sweeper.clock() + seconds
        self._set_deadline()

    def expire(self, now: float) -> None:
        """Act on a deadline that has passed."""
        if self._progress_due <= now and not self._makes_progress():
            self._drop("does not read" if self._unsent else "does not close")
        elif self._pong_due <= now and not self._alive and self._reading:
            self._drop("does not answer a ping")
        else:
            self._keep_alive(now)
            self._set_deadline()

    def _makes_progress(self) -> bool:
        """Tell whether some of what waited to be sent has left; more has to leave then."""
        if not self._unsent or self._bytes_sent() == self._bytes_left:
            return False
        self._await_progress(WRITE_TIMEOUT if self._phase is _OPEN else CLOSE_TIMEOUT)
        return True

    def _keep_alive(self, now: float) -> None:
        """Send a ping that is due."""
        if self._pong_due <= now:
            self._pong_due = NEVER  # the peer has shown in another way that it is alive
        if self._phase is _OPEN and self._ping_due <= now:
            self._alive = False
            self._ping_due = now + self._ping_interval
            if self._ping_timeout > 0:
                self._pong_due = min(self._pong_due, now + self._ping_timeout)
            self._send(self._protocol.send_ping())

    def _drop(self, why: str) -> None:
        general_log.info("The peer of a WebSocket %s; closing", why)
        self._stream.close()
        self._lost()
