"""A WebSocketHandler once it is open: its messages, and its end.

First of two layers, each a class on top of the one before: `_handler` adds the handshake.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from typing import Any, Self

from ostro.escape import json_encode
from ostro.web import RequestHandler

from ._connection import WebSocketConnection
from ._reader import MessageQueue
from .errors import WebSocketClosedError


class MessageHandler(RequestHandler):
    """A request handler whose request has become a WebSocket. The public methods are those of
    WebSocketHandler.
    """

    # Defaults of the class: a handler that is not open yet does not pay for them.
    _websocket: WebSocketConnection | None = None
    _queue: MessageQueue | None = None
    _closing: asyncio.Task[None] | None = None

    subprotocol: str | None = None
    """The subprotocol that `select_subprotocol` chose, None if none."""

    close_code: int | None = None
    """Once closed: the code that the client gave, 1005 if it gave none, 1006 if the connection
    broke."""

    close_reason: str | None = None
    """Once closed: the reason that the client gave, None if it gave none."""

    # What subclasses define

    # Any: a subclass may return nothing, or whatever its own decorators make of it.
    def on_message(self, message: str | bytes) -> Any:
        """Handle incoming messages on the WebSocket: str for text, bytes for binary data.

        This method must be overridden, unless messages are read.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define on_message")

    # Any: as for on_message
    def on_close(self) -> Any:
        """Invoked once when the WebSocket is closed, however that came about.

        `close_code` and `close_reason` say why. Not invoked if `open` was not.
        """

    # Any: as for on_message
    def on_ping(self, data: bytes) -> Any:
        """Invoked when the client has sent a ping; it is answered already."""

    # Any: as for on_message
    def on_pong(self, data: bytes) -> Any:
        """Invoked when the client has answered a ping."""

    # Output

    # Any: a dictionary is sent as JSON, whatever json takes
    def write_message(
        self, message: str | bytes | Mapping[str, Any], binary: bool = False
    ) -> Awaitable[None]:
        """Send the given message to the client of this WebSocket.

        The message may be a string or a dict (which will be encoded as JSON). If `binary` is false
        it is sent as text, bytes then have to be UTF-8; in binary mode any bytes are allowed.

        Returns an awaitable that is done when the network has taken the message: await it to slow
        down to the client's pace. Where it is not awaited, and more than `max_write_buffer_size`
        bytes wait already, the client is dropped.

        Raises WebSocketClosedError if the WebSocket is closed or closing, and so does the awaitable
        if it closes before; TypeError for another type, ValueError for text that is not Unicode.
        """
        connection = self._websocket
        if connection is None:
            raise WebSocketClosedError
        if type(message) is str and not binary:
            return connection.write_message(message)
        return connection.write_message(as_message(message, binary))

    def ping(self, data: str | bytes = b"") -> Awaitable[None]:
        """Send a ping with at most 125 bytes of data; `on_pong` is called with them.

        Raises WebSocketClosedError if the WebSocket is closed, ValueError for more data.
        """
        if self._websocket is None:
            raise WebSocketClosedError
        return self._websocket.ping(data.encode() if isinstance(data, str) else data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close this WebSocket.

        What was written before is sent. `code` is 1000 to 1003, 1007 to 1014, or 3000 to 4999 for
        an application's own; `reason` is text of at most 123 bytes. Once the close handshake is
        successful the socket is closed, and `on_close` is called. Nothing happens if it is closed
        already. Raises ValueError for another code, and for a longer reason.
        """
        if self._websocket is not None:
            if code is None and reason:
                code = 1000  # a reason needs a code
            self._websocket.close(code, reason or "")

    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once (True), or let the kernel gather them to save packets.

        Raises WebSocketClosedError if the WebSocket is closed.
        """
        if self._websocket is None:
            raise WebSocketClosedError
        self._websocket.set_nodelay(value)

    @property
    def ws_connection(self) -> WebSocketConnection | None:
        """The connection while the WebSocket is open, else None."""
        return self._websocket

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that `select_subprotocol` chose, None if none."""
        return self.subprotocol

    # Reading

    def __aiter__(self) -> Self:
        """Read the messages that come from now on, until the WebSocket closes.

        `on_message` is not called any more. One task may read at a time.
        """
        self._reading_queue()
        return self

    async def __anext__(self) -> str | bytes:
        message = await self.read_message()
        if message is None:
            raise StopAsyncIteration
        return message

    async def read_message(self) -> str | bytes | None:
        """Return the next message, None once the WebSocket is closed.

        `on_message` is not called any more once this was. One task may read at a time.
        """
        queue = self._reading_queue()
        return None if queue is None else await queue.get()

    def _reading_queue(self) -> MessageQueue | None:
        """Return the messages to be read, from now on; None if none can come."""
        if self._queue is None and self._websocket is not None:
            self._queue = MessageQueue()
            self._websocket.set_queue(self._queue)
        return self._queue

    # The end

    def connection_closed(self, code: int, reason: str) -> None:
        """Take the end of the connection; called once, by it."""
        self._websocket = None
        self.close_code = code
        self.close_reason = reason or None
        if self._queue is not None:
            self._queue.end()
        try:
            result = self.on_close()
            if inspect.isawaitable(result):
                self._closing = asyncio.ensure_future(self._finish_closing(result))
        finally:
            self.on_finish()

    async def _finish_closing(self, closing: Awaitable[object]) -> None:
        try:
            await closing
        except Exception as error:  # noqa: BLE001 - whatever a subclass raises
            self.log_exception(type(error), error, error.__traceback__)
        finally:
            self._closing = None


def as_message(message: object, binary: bool) -> str | bytes:
    """Return what `write_message` was given as a message of the kind that was asked for."""
    if isinstance(message, Mapping):
        message = json_encode(message)
    if isinstance(message, str):
        return message.encode() if binary else message
    if isinstance(message, (bytes, bytearray, memoryview)):
        data = bytes(message)
        return data if binary else data.decode()
    raise TypeError(f"a message is str, bytes or dict, not {type(message).__name__}")
