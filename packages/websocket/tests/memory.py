"""A WebSocket connection in memory: a stream, a clock and a delegate in the hands of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from ostro.httputil import StreamReceiver
from ostro.ioloop import COMPLETED, IOLoop, Sweeper
from ostro.iostream import StreamClosedError
from ostro.websocket import Event, Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement
from ostro.websocket._rfc6455 import DEFAULT_MAX_WRITE_BUFFER_SIZE, StreamWebSocket

from .support import Seen, describe


class MemoryStream:
    """A stream whose other end is the test. While `slow`, nothing leaves until `take`."""

    def __init__(self) -> None:
        self.receiver: StreamReceiver | None = None
        self.sent: list[bytes] = []
        self.slow = False
        self.reading = True
        self.ended = False
        self.nodelay: bool | None = None
        self.unread_data = b""
        self._closed = False
        self._unsent: list[tuple[int, asyncio.Future[None]]] = []

    # The connection's side

    @property
    def write_buffer_size(self) -> int:
        return sum(size for size, _ in self._unsent)

    def set_receiver(self, receiver: StreamReceiver | None) -> None:
        self.receiver = receiver

    def unread(self, data: bytes) -> None:
        self.unread_data = data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> Awaitable[None]:
        if self._closed:
            raise StreamClosedError
        self.sent.append(data)
        if not self.slow:
            return COMPLETED
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsent.append((len(data), future))
        return future

    def shutdown_write(self) -> None:
        self.ended = True

    def set_nodelay(self, value: bool) -> None:
        self.nodelay = value

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            asyncio.get_running_loop().call_soon(self.lose)

    def closed(self) -> bool:
        return self._closed

    # The test's side

    def take(self, count: int = 1000) -> None:
        """Let that many writes leave."""
        for _, future in self._unsent[:count]:
            future.set_result(None)
        del self._unsent[:count]
        if not self._unsent and self.receiver is not None:
            self.receiver.drained()

    def lose(self) -> None:
        """Break the connection."""
        self._closed = True
        for _, future in self._unsent:
            future.set_exception(StreamClosedError())
            future.exception()
        self._unsent.clear()
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.connection_lost(None)


class Recorder:
    """A delegate that notes what it is told, and does what `behave` does with each message."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.errors: list[BaseException | None] = []
        self.behave: Callable[[str | bytes], Any] = lambda message: None

    def on_message(self, message: str | bytes) -> Any:
        self.seen.append(describe(message))
        return self.behave(message)

    def on_ping(self, data: bytes) -> Any:
        self.seen.append(("ping", data))

    def on_pong(self, data: bytes) -> Any:
        self.seen.append(("pong", data))

    def connection_closed(self, code: int, reason: str) -> None:
        self.seen.append(("closed", code, reason))

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.errors.append(error)


class Talk:
    """A connection in the role of a server, its stream, its delegate, and a peer to talk to it."""

    def __init__(
        self,
        *,
        ping_interval: float = 0.0,
        ping_timeout: float = 0.0,
        max_write_buffer_size: int = DEFAULT_MAX_WRITE_BUFFER_SIZE,
        cancel_on_disconnect: bool = False,
        deflate: DeflateAgreement | None = None,
    ) -> None:
        self.now = 1000.0
        self.stream = MemoryStream()
        self.delegate = Recorder()
        self.peer = WebSocketProtocol(Role.CLIENT, deflate)
        self.connection = StreamWebSocket(
            self.stream,
            WebSocketProtocol(Role.SERVER, deflate),
            self.delegate,
            self._run,
            Sweeper(IOLoop.current(), lambda: self.now),
            subprotocol="chat",
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_write_buffer_size=max_write_buffer_size,
            cancel_on_disconnect=cancel_on_disconnect,
        )
        self.connection.start()

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    @property
    def seen(self) -> list[Seen]:
        return self.delegate.seen

    def feed(self, *frames: bytes) -> None:
        """Have the connection read these bytes, in one piece."""
        assert self.stream.receiver is not None
        self.stream.receiver.data_received(b"".join(frames))

    def end(self) -> None:
        """Have the peer send no more."""
        assert self.stream.receiver is not None
        self.stream.receiver.eof_received()

    def answers(self) -> list[Seen]:
        """Return what the connection has sent since the last look."""
        sent, self.stream.sent = self.stream.sent, []
        events: list[Event] = []
        for data in sent:
            events += self.peer.receive(data)
        return [describe(event) for event in events]

    def after(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self.connection.deadline <= self.now:
            self.connection.expire(self.now)


async def turns(count: int = 3) -> None:
    """Let the loop turn: what was to be called soon has been called then."""
    for _ in range(count):
        await asyncio.sleep(0)


def echo(talk: Talk) -> None:
    """Send every message back, without waiting for anything."""

    def behave(message: str | bytes) -> None:
        talk.connection.write_message(message)

    talk.delegate.behave = behave


class Gate:
    """Something for a delegate to wait for, one message at a time."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def wait(self, message: str | bytes) -> Awaitable[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return future

    async def open(self) -> None:
        self.waiting.pop(0).set_result(None)
        await turns(4)
