"""The client: a WebSocket connection to a server, and messages to read from it.

This file owns the queue of messages that wait to be read. What goes over the network, and in which
order messages come, is the business of `WebSocketConnection`, of which this is a delegate.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias, overload

from ostro.ioloop import COMPLETED, Completed, IOLoop, deliver
from ostro.netutil import Resolver
from ostro.stack_context import wrap

from ._compression import CompressionChoice, compression_options_of
from ._connector import Opened, open_stream
from ._messages import as_message
from ._opening import HeaderFields, OpeningRequest, SSLOptions, make_opening
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE, WebSocketProtocol
from ._reader import MAX_UNREAD_MESSAGES, MessageQueue, Read
from ._rfc6455 import DEFAULT_MAX_WRITE_BUFFER_SIZE, StreamWebSocket
from ._states import Role

app_log = logging.getLogger("ostro.application")

# Any: what a callback returns is awaited if it can be, or else ignored.
OnMessage: TypeAlias = Callable[[str | bytes | None], Any]


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How a connection is used, as `websocket_connect` describes it; 0 is no ping, no timeout.

    Raises ValueError for a number that has no meaning.
    """

    on_message_callback: OnMessage | None
    ping_interval: float
    ping_timeout: float
    max_message_size: int
    max_queue: int
    max_write_buffer_size: int

    def __post_init__(self) -> None:
        _check("ping_interval", self.ping_interval, 0, "seconds")
        _check("ping_timeout", self.ping_timeout, 0, "seconds")
        _check("max_message_size", self.max_message_size, 0, "bytes")
        _check("max_queue", self.max_queue, 1, "messages")
        _check("max_write_buffer_size", self.max_write_buffer_size, 0, "bytes")


def _check(name: str, value: float, least: int, unit: str) -> None:
    if value < least:
        raise ValueError(f"{name} is {value} {unit}, expected {least} or more")


class WebSocketClientConnection:
    """A WebSocket connection to a server; `websocket_connect` makes it.

    Messages are read with `read_message`, or with `async for`, or they go to the callback that
    `websocket_connect` was given. Where nobody reads, `max_queue` messages are kept, and the server
    has to wait. `async with` closes the connection at the end of the block.

    - `headers`: the header of the server's answer to the handshake.
    - `close_code`, `close_reason`: why the connection is over, as the server said it; None before.
      The code is 1005 where the server gave none, 1006 where the connection was lost.

    Not thread-safe: it belongs to the thread of its loop.
    """

    __slots__ = (
        "__weakref__",
        "_connection",
        "_ending",
        "_on_message_callback",
        "_queue",
        "close_code",
        "close_reason",
        "headers",
    )

    def __init__(self, opened: Opened, options: ClientOptions) -> None:
        self.headers = opened.headers
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._on_message_callback = options.on_message_callback
        self._queue = MessageQueue(options.max_queue)
        # The callback at the end; asyncio itself holds its tasks only weakly.
        self._ending: asyncio.Task[None] | None = None
        self._connection = StreamWebSocket(
            opened.stream,
            WebSocketProtocol(
                Role.CLIENT,
                opened.agreement.deflate,
                max_message_size=options.max_message_size,
            ),
            self,
            _run,
            IOLoop.current().sweeper,
            subprotocol=opened.agreement.subprotocol,
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            max_write_buffer_size=options.max_write_buffer_size,
        )
        if options.on_message_callback is None:
            self._connection.set_queue(self._queue)
        self._connection.start()

    def __repr__(self) -> str:
        state = "open" if self.close_code is None else f"closed {self.close_code}"
        return f"<{type(self).__name__} {state}>"

    # What was agreed on

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that the server has chosen, None if none."""
        return self._connection.subprotocol

    # Reading

    @overload
    def read_message(self, callback: None = None) -> Read: ...
    @overload
    def read_message(self, callback: Callable[[str | bytes | None], object]) -> Completed[None]: ...
    def read_message(
        self, callback: Callable[[str | bytes | None], object] | None = None
    ) -> Read | Completed[None]:
        """Read the next message: text is str, binary data bytes, None is the end.

        Several reads may be pending, and get their messages in order. A cancelled one gives its
        place free. With a callback, that is called through the loop with the message.

        Raises RuntimeError where messages go to an `on_message_callback`.
        """
        self._check_readable()
        message = self._queue.read()
        if callback is None:
            return message
        deliver(message, callback, IOLoop.current())
        return COMPLETED

    def __aiter__(self) -> Self:
        """Iterate over the messages, until the connection is over."""
        return self

    async def __anext__(self) -> str | bytes:
        self._check_readable()
        message = await self._queue.get()
        if message is None:
            raise StopAsyncIteration
        return message

    def _check_readable(self) -> None:
        if self._on_message_callback is not None:
            raise RuntimeError("messages go to the on_message_callback, and cannot be read")

    # Writing

    def write_message(
        self, message: str | bytes | Mapping[str, Any], binary: bool = False
    ) -> Awaitable[None]:
        """Send a message.

        Args:
            message: Text, bytes, or a dict, which is sent as JSON.
            binary: Send it as binary data, even if it is text, which is encoded in UTF-8 then.
                Without it, bytes are sent as text, and have to be UTF-8.

        Returns something to await, done when the network has taken the message: so a writer is no
        faster than the server. Raises WebSocketClosedError if the connection is closed or closing;
        so does the awaitable if the connection breaks before.
        """
        return self._connection.write_message(as_message(message, binary))

    def ping(self, data: bytes | str = b"") -> Awaitable[None]:
        """Ask the server for a pong with the same data, at most 125 bytes; see `on_pong`."""
        return self._connection.ping(data.encode() if isinstance(data, str) else data)

    # The end

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection: say why, and wait a while for the server to do the same.

        What was written before is sent. Messages that the server sends meanwhile are dropped, and
        `read_message` gives None once the connection is over. Idempotent.

        Args:
            code: 1000 to 1003, 1007 to 1014, or 3000 to 4999; None gives no reason.
            reason: At most 123 bytes of UTF-8; needs a code, or else 1000 is sent.
        """
        if reason and code is None:
            code = 1000
        self._connection.close(code, reason or "")

    async def wait_closed(self) -> None:
        """Wait until the connection is over, whoever closes it, and its socket closed."""
        await self._connection.wait_lost()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close(1000 if error is None else 1001)
        await self.wait_closed()

    # What the connection tells

    def on_message(self, message: str | bytes) -> Awaitable[object] | None:
        """Take a message; what is returned holds back the next one."""
        assert self._on_message_callback is not None  # or messages would go to the queue
        return _awaitable(self._on_message_callback(message))

    def on_ping(self, data: bytes) -> None:
        """Learn of a ping of the server; it is answered already."""

    def on_pong(self, data: bytes) -> None:
        """Learn of a pong of the server."""

    def connection_closed(self, code: int, reason: str) -> None:
        """Learn that the connection is over: whoever waits gets None."""
        self.close_code = code
        self.close_reason = reason or None
        self._queue.end()
        if self._on_message_callback is not None:
            ending = _awaitable(self._on_message_callback(None))
            if ending is not None:
                self._ending = asyncio.ensure_future(self._finish(ending))

    async def _finish(self, ending: Awaitable[object]) -> None:
        try:
            await ending
        except Exception as error:  # noqa: BLE001 - whatever a callback raises
            self.log_exception(type(error), error, error.__traceback__)
        finally:
            self._ending = None

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what the callback raised."""
        app_log.error("Uncaught exception in %r", self, exc_info=error)


def websocket_connect(
    url: str | OpeningRequest,
    io_loop: IOLoop | None = None,
    callback: Callable[[WebSocketClientConnection], object] | None = None,
    connect_timeout: float | None = None,
    on_message_callback: OnMessage | None = None,
    compression_options: CompressionChoice = None,
    ping_interval: float | None = None,
    ping_timeout: float | None = None,
    max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    subprotocols: Iterable[str] | None = None,
    resolver: Resolver | None = None,
    *,
    headers: HeaderFields | None = None,
    ssl_options: SSLOptions | None = None,
    timeout: float | None = None,
    max_queue: int = MAX_UNREAD_MESSAGES,
    max_write_buffer_size: int = DEFAULT_MAX_WRITE_BUFFER_SIZE,
) -> asyncio.Task[WebSocketClientConnection]:
    """Connect to a WebSocket server.

    Args:
        url: Begins with `ws://` or `wss://`; a user name and password in it are sent by the Basic
            scheme. Or a request object, see `OpeningRequest`.
        io_loop: The loop to run on; None means `IOLoop.current()`.
        callback: Called through the loop with the connection; errors go to its stack context.
        connect_timeout: Seconds until the TCP connection, and TLS, must stand: 20 for None, 0 for
            no limit.
        on_message_callback: Called with each message as it comes, and with None at the end; what
            it returns is awaited before the next message. `read_message` is not used then.
        compression_options: None offers no compression; `{}`, or a dict with `compression_level`
            and `mem_level`, or `CompressionOptions`, offer permessage-deflate.
        ping_interval: Seconds between two pings that are sent; None or 0 for none.
        ping_timeout: Seconds that the server may take to show that it is alive after a ping, or
            the connection is dropped; None for `ping_interval`, 0 for no limit.
        max_message_size: Bytes of a message of the server, decompressed; a longer one closes the
            connection with 1009.
        subprotocols: Names to propose, the one liked most first.
        resolver: What looks host names up.
        headers: More fields of the request, such as Origin, Cookie or Authorization.
        ssl_options: For `wss`: a dict or a context; None verifies by the system's authorities.
        timeout: Seconds until the whole opening must be over: 20 for None, 0 for no limit.
        max_queue: Messages, 1 or more, that wait to be read before reading from the network pauses;
            it does as well for 4 MiB of them.
        max_write_buffer_size: Bytes that may wait to be sent when another message is written, or
            the connection is dropped: the server does not read.

    Returns a task that gives the connection; cancelling it closes what was begun.

    Raises, from the task: `ResolveError`, `ConnectError` and `ConnectTimeoutError` of
    `ostro.netutil`, or `ssl.SSLError`, where no connection stands; `HandshakeTimeoutError`;
    `HandshakeRefusedError` with the server's answer where that is no 101, a redirect for one;
    `HandshakeError` where the answer breaks the protocol or accepts what was not offered.
    At once: ValueError for a URL, a field or a number that is not acceptable.

    Spec: RFC 6455 section 4.1.
    """
    opening = make_opening(
        url,
        headers=headers,
        subprotocols=subprotocols,
        compression=compression_options_of(compression_options),
        ssl_options=ssl_options,
        connect_timeout=connect_timeout,
        timeout=timeout,
    )
    interval = ping_interval or 0.0
    options = ClientOptions(
        None if on_message_callback is None else wrap(on_message_callback),
        interval,
        interval if ping_timeout is None else ping_timeout,
        max_message_size,
        max_queue,
        max_write_buffer_size,
    )

    async def connect() -> WebSocketClientConnection:
        return WebSocketClientConnection(await open_stream(opening, resolver), options)

    loop = IOLoop.current() if io_loop is None else io_loop
    task = loop.asyncio_loop.create_task(connect())
    if callback is not None:
        deliver(task, callback, loop)
    return task


def _run(method: Callable[..., Any], *args: object) -> Any:  # Any: whatever the method returns
    return method(*args)


def _awaitable(result: object) -> Awaitable[object] | None:
    """Return what a callback wants to be waited for; many return something by chance."""
    return result if inspect.isawaitable(result) else None
