"""WebSocketHandler: what an application subclasses to talk to browsers.

This file owns the life of a handler: its handshake as a request, then its messages. The end of the
protocol's is in `_rfc6455`, and in `_draft76` for the one that came before.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

from ostro.escape import json_encode
from ostro.httputil import ByteStream, HTTPHeaders
from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext
from ostro.web import HTTPError, RequestHandler, asynchronous

from ._connection import Runner, WebSocketConnection
from ._deflate import CompressionOptions, answer_offers
from ._handshake import check_request, requested_subprotocols, response_headers
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE, WebSocketProtocol
from ._reader import MessageQueue
from ._rfc6455 import StreamWebSocket
from ._states import Role
from ._sweeper import sweeper_of
from .errors import HandshakeError, WebSocketClosedError

general_log = logging.getLogger("ostro.general")

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _before_upgrade(
    method: Callable[Concatenate[Any, _P], _R],  # Any: the class is not there yet
) -> Callable[Concatenate[Any, _P], _R]:
    """Return a method of RequestHandler that refuses to work once HTTP has ended."""

    @functools.wraps(method)
    def checked(self: Any, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        self._check_http(method.__name__)
        return method(self, *args, **kwargs)

    return checked


class WebSocketHandler(RequestHandler):
    """Subclass this class to create a basic WebSocket handler.

    Override `on_message` to take messages, or read them: `async for message in self`, in `open`.
    `open`, `on_message` and `on_close` may be coroutines; the next message waits for the one before
    it, and the client waits if it sends more than that.

        class EchoWebSocket(WebSocketHandler):
            def open(self):
                print("WebSocket opened")

            def on_message(self, message):
                self.write_message("You said: " + message)

            def on_close(self):
                print("WebSocket closed")

    A WebSocket is no HTTP connection: its handshake is a GET request, in which headers, arguments,
    cookies, `prepare` and `current_user` work as in every handler. From `open` on it sends and
    takes messages, and the methods that answer a request raise RuntimeError.

    Settings of the application: `websocket_ping_interval` (seconds between two pings; 0, the
    default, for none), `websocket_ping_timeout` (seconds after which a client that shows no sign of
    life is dropped; the interval if not set) and `websocket_max_message_size` (bytes of a message;
    10 MiB if not set).

    Spec: RFC 6455.
    """

    # Class-level defaults: a handler that is not open yet does not pay for them.
    _upgraded = False
    _websocket: WebSocketConnection | None = None
    _queue: MessageQueue | None = None
    _closing: asyncio.Task[None] | None = None
    close_code: int | None = None
    """Once closed: the code that the client gave, 1005 if it gave none, 1006 if the connection
    broke."""
    close_reason: str | None = None
    """Once closed: the reason that the client gave, None if it gave none."""

    # What subclasses define

    # Any: a subclass states the arguments that its URL pattern passes.
    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Invoked when a new WebSocket is opened.

        The arguments are extracted from the `URLSpec` regular expression, just like those of
        `RequestHandler.get`. Where it is a coroutine, messages wait for its end.
        """

    def on_message(self, message: str | bytes) -> Any:
        """Handle incoming messages on the WebSocket: str for text, bytes for binary data.

        This method must be overridden, unless messages are read.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define on_message")

    def on_close(self) -> Any:
        """Invoked once when the WebSocket is closed, however that came about.

        `close_code` and `close_reason` say why.
        """

    def on_ping(self, data: bytes) -> Any:
        """Invoked when the client has sent a ping; it is answered already."""

    def on_pong(self, data: bytes) -> Any:
        """Invoked when the client has answered a ping."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Invoked when a new WebSocket requests specific subprotocols.

        `subprotocols` is a list of strings identifying the subprotocols proposed by the client.
        Return one of them to select it, or None to select none; the client may close then.
        """
        return None

    def check_origin(self, origin: str) -> bool:
        """Override to allow pages of other sites to connect; by default only those of this host.

        `origin` is the value of the Origin header, which browsers send; without one there is
        nothing to protect, and this is not called. Return whether to accept; otherwise the answer
        is 403. Cookies come with a connection from whatever site, so do not return True for all if
        they mean anything.
        """
        return urlsplit(origin).netloc.lower() == self.request.headers.get("Host", "").lower()

    def get_compression_options(self) -> Mapping[str, Any] | None:
        """Override to return options for the compression of messages; None (default) disables it.

        An empty dictionary means the defaults; the keys are the fields of `CompressionOptions`,
        and `compression_level` is another name of `level`. Compression costs memory: some 300 KiB
        for a connection that has sent and received something.
        """
        return None

    def allow_draft76(self) -> bool:
        """Override to enable support for the older "draft76" protocol.

        It is disabled by default due to security concerns, and does not support `binary=True` for
        `write_message`.
        """
        return False

    def get_websocket_scheme(self) -> str:
        """Return the URL scheme used for this request, either "ws" or "wss".

        This is normally decided by HTTPServer, but applications may wish to override this if they
        are using a TLS proxy that does not provide the X-Scheme header as understood by
        HTTPServer. Only the draft76 protocol uses it.
        """
        return "wss" if self.request.protocol == "https" else "ws"

    @property
    def ping_interval(self) -> float:
        """Seconds between two pings, 0 for none: the setting `websocket_ping_interval`."""
        return float(self.settings.get("websocket_ping_interval") or 0.0)

    @property
    def ping_timeout(self) -> float:
        """Seconds that a client has to show, after a ping, that it is alive: the setting
        `websocket_ping_timeout`, or else the interval.
        """
        timeout = self.settings.get("websocket_ping_timeout")
        return self.ping_interval if timeout is None else float(timeout)

    @property
    def max_message_size(self) -> int:
        """The most bytes that a message of the client may have, decompressed: the setting
        `websocket_max_message_size`, or else 10 MiB.
        """
        size = self.settings.get("websocket_max_message_size")
        return DEFAULT_MAX_MESSAGE_SIZE if size is None else int(size)

    # Output

    # Any: a dictionary is sent as JSON, whatever json takes
    def write_message(
        self, message: str | bytes | Mapping[str, Any], binary: bool = False
    ) -> Awaitable[None]:
        """Send the given message to the client of this WebSocket.

        The message may be a string or a dict (which will be encoded as JSON). If `binary` is false
        it is sent as text, bytes then have to be UTF-8; in binary mode any bytes are allowed.

        Returns an awaitable that is done when the network has taken the message: await it to slow
        down to the client's pace. Raises WebSocketClosedError if the WebSocket is closed, and so
        does the awaitable if it closes before; TypeError for another type, ValueError for text that
        is not Unicode.
        """
        connection = self._websocket
        if connection is None:
            raise WebSocketClosedError
        if type(message) is str and not binary:
            return connection.write_message(message)
        return connection.write_message(_as_message(message, binary))

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
            if code is None and reason is not None:
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

    subprotocol: str | None = None
    """The subprotocol that `select_subprotocol` chose, None if none."""

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
            self._websocket.set_message_callback(self._queue.put)
        return self._queue

    # The handshake

    @asynchronous
    def get(self, *args: Any, **kwargs: Any) -> None:
        """Take the handshake; subclasses define `open` instead of this."""
        try:
            accept = self._check_handshake()
            self._check_origin()
            subprotocol = self._choose_subprotocol()
            self._accept(accept, subprotocol, args, kwargs)
        except HandshakeError as error:
            self._refuse(error)

    def _check_handshake(self) -> str:
        request = self.request
        return check_request(request.method, request.version, request.headers)

    def _check_origin(self) -> None:
        headers = self.request.headers
        origin = headers.get("Origin")
        if origin is None:
            origin = headers.get("Sec-Websocket-Origin")  # the drafts' name
        if origin is not None and not self.check_origin(origin):
            raise HTTPError(403, "Cross origin websockets not allowed")

    def _choose_subprotocol(self) -> str | None:
        proposed = requested_subprotocols(self.request.headers)
        if not proposed:
            return None
        selected = self.select_subprotocol(proposed)
        if selected is not None and selected not in proposed:
            raise ValueError(
                f"select_subprotocol returned {selected!r}, expected one of {proposed}"
            )
        return selected

    def _refuse(self, error: HandshakeError) -> None:
        general_log.debug("WebSocket handshake refused: %s", error)
        self.set_status(error.status)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        if error.status == 426:
            self.set_header("Sec-WebSocket-Version", "13")
            self.set_header("Upgrade", "websocket")
        self.finish(str(error))

    def _accept(
        self, accept: str, subprotocol: str | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        options = self._compression()
        offer = self.request.headers.get("Sec-Websocket-Extensions")
        answer = None
        if options is not None and offer is not None:
            answer = answer_offers(offer, options)
        protocol = WebSocketProtocol(
            Role.SERVER,
            None if answer is None else answer[1],
            max_message_size=self.max_message_size,
        )
        self._answer(response_headers(accept, subprotocol, None if answer is None else answer[0]))
        connection = StreamWebSocket(
            self._detach(),
            protocol,
            self,
            self._runner(),
            sweeper_of(IOLoop.current().asyncio_loop),
            subprotocol=subprotocol,
            ping_interval=self.ping_interval,
            ping_timeout=self.ping_timeout,
            cancel_on_disconnect=self.cancel_on_disconnect,
        )
        self._open(connection, args, kwargs)
        connection.start()

    def _compression(self) -> CompressionOptions | None:
        given = self.get_compression_options()
        if given is None:
            return None
        options = dict(given)
        if "compression_level" in options:
            options["level"] = options.pop("compression_level")
        return CompressionOptions(**options)

    def _answer(self, headers: HTTPHeaders) -> None:
        """Send the head that ends HTTP here, with the headers and cookies of the handler."""
        self.set_status(101)
        self.clear_header("Content-Type")
        for name, value in headers.get_all():
            self.set_header(name, value)
        self.flush()

    def _detach(self) -> ByteStream:
        http = self.request.connection
        assert http is not None  # or there would be no handler
        return http.detach()

    def _runner(self) -> Runner:
        """Return what runs the methods of this handler: in one Context, that of the request, in
        which exceptions of callbacks find their way here.
        """
        with ExceptionStackContext(self._on_callback_exception):
            context = copy_context()
        return context.run

    def _open(
        self, connection: WebSocketConnection, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.application.log_request(self)
        self._upgraded = True
        self._websocket = connection
        self.subprotocol = connection.subprotocol
        connection.begin(functools.partial(self.open, *args, **kwargs))

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

    def _on_callback_exception(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> bool:
        """Take an exception of a callback that belongs to this handler; tell that it is dealt
        with.
        """
        if not isinstance(error, WebSocketClosedError):
            self.log_exception(kind, error, tb)
        self.close(1011, "internal error")
        return True

    def async_callback(
        self, callback: Callable[..., Any] | None, *args: Any, **kwargs: Any
    ) -> Callable[..., Any] | None:
        """Return `callback` with the arguments filled in; an exception of it closes this
        WebSocket. Obsolete: exceptions find their way without it.
        """
        with ExceptionStackContext(self._on_callback_exception):
            filled = super().async_callback(callback, *args, **kwargs)
        return filled  # noqa: RET504 (the type checker takes the block for one that may swallow)

    # What is of no use after the upgrade

    write = _before_upgrade(RequestHandler.write)
    flush = _before_upgrade(RequestHandler.flush)
    finish = _before_upgrade(RequestHandler.finish)
    redirect = _before_upgrade(RequestHandler.redirect)
    set_status = _before_upgrade(RequestHandler.set_status)
    set_header = _before_upgrade(RequestHandler.set_header)
    add_header = _before_upgrade(RequestHandler.add_header)
    clear_header = _before_upgrade(RequestHandler.clear_header)

    # Any: as in RequestHandler
    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send the given HTTP error code; raises RuntimeError on an open WebSocket."""
        self._check_http("send_error")
        super().send_error(status_code, **kwargs)

    # Any: the arguments are those of RequestHandler.set_cookie
    def set_cookie(self, name: str, value: str | bytes, *args: Any, **kwargs: Any) -> None:
        """Set a cookie with the handshake; raises RuntimeError on an open WebSocket."""
        self._check_http("set_cookie")
        super().set_cookie(name, value, *args, **kwargs)

    def _check_http(self, name: str) -> None:
        if self._upgraded:
            raise RuntimeError(
                f"{name}() is for HTTP; on an open WebSocket use write_message() and close()"
            )


def _as_message(message: object, binary: bool) -> str | bytes:
    """Return what `write_message` was given as a message of the kind that was asked for."""
    if isinstance(message, Mapping):
        message = json_encode(message)
    if isinstance(message, str):
        return message.encode() if binary else message
    if isinstance(message, (bytes, bytearray, memoryview)):
        data = bytes(message)
        return data if binary else data.decode()
    raise TypeError(f"a message is str, bytes or dict, not {type(message).__name__}")
