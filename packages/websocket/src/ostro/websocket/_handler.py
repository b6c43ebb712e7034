"""WebSocketHandler: what an application subclasses to talk to browsers.

Second layer; see `_messages`. This one owns the handshake: the way from a request to an open
WebSocket, and what is settled before the first message.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from ostro.httputil import ByteStream, HTTPHeaders
from ostro.ioloop import COMPLETED, IOLoop
from ostro.stack_context import ExceptionStackContext
from ostro.web import HTTPError, RequestHandler, asynchronous

from ._compression import CompressionChoice, compression_options_of
from ._connection import Runner, WebSocketConnection, WebSocketRequestConnection
from ._deflate import DeflateAgreement, answer_offers
from ._draft76 import (
    Draft76Opening,
    Draft76Protocol,
    check_draft76_request,
    draft76_response_headers,
    is_draft76,
)
from ._frames import GOING_AWAY, INTERNAL_ERROR
from ._handshake import VERSION, check_request, requested_subprotocols, response_headers
from ._messages import MessageHandler
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE, WebSocketProtocol
from ._rfc6455 import DEFAULT_MAX_WRITE_BUFFER_SIZE, FramingProtocol, StreamWebSocket
from ._states import Role
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


class WebSocketHandler(MessageHandler):
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
    takes messages, and the methods that answer a request raise RuntimeError. `on_finish` is called
    after `on_close`.

    An exception of `open`, `on_message` or a callback is logged, and closes the WebSocket with
    1011. When the connection breaks, a coroutine that messages wait for is cancelled, unless the
    class says `cancel_on_disconnect = False`.

    Settings of the application: `websocket_ping_interval` (seconds between two pings; 0, the
    default, for none), `websocket_ping_timeout` (seconds after which a client that shows no sign of
    life is dropped; the interval if not set, 0 for never), `websocket_max_message_size` (bytes of a
    message; 10 MiB if not set) and `websocket_max_write_buffer_size` (bytes that may wait to be
    sent when another message is written, or the client is dropped; 16 MiB if not set).

    Spec: RFC 6455.
    """

    # Whether HTTP has ended.
    _upgraded = False
    # The handshake of the draft, while it waits for its last bytes.
    _opening: Draft76Opening | None = None

    # Any: a subclass states the arguments that its URL pattern passes.
    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Invoked when a new WebSocket is opened.

        The arguments are extracted from the `URLSpec` regular expression, just like those of
        `RequestHandler.get`. Where it is a coroutine, messages wait for its end.
        """

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
        host = origin.partition("://")[2].lower()
        return bool(host) and host == self.request.headers.get("Host", "").lower()

    def get_compression_options(self) -> CompressionChoice:
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
        `websocket_ping_timeout`, or else the interval; 0 for as long as it likes.
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

    @property
    def max_write_buffer_size(self) -> int:
        """Bytes that may wait to be sent when another message is written, or the client, which
        reads too slowly, is dropped: the setting `websocket_max_write_buffer_size`, or else 16 MiB.
        """
        size = self.settings.get("websocket_max_write_buffer_size")
        return DEFAULT_MAX_WRITE_BUFFER_SIZE if size is None else int(size)

    # The handshake

    @asynchronous
    def get(self, *args: Any, **kwargs: Any) -> Awaitable[None]:
        """Take the handshake; subclasses define `open`, where there is nothing to do before it.

        A subclass that does define `get`, to refuse or to look something up, ends it with
        `await super().get(*args, **kwargs)`.
        """
        opened = functools.partial(self.open, *args, **kwargs)
        try:
            if self.allow_draft76() and is_draft76(self.request.headers):
                self._take_draft76(opened)
            else:
                self._take_rfc6455(opened)
        except HandshakeError as error:
            self._refuse(error)
        return COMPLETED

    def _take_rfc6455(self, opened: Callable[[], object]) -> None:
        request = self.request
        http = request.connection
        accept = ""
        if not isinstance(http, WebSocketRequestConnection):
            accept = check_request(request.method, request.version, request.headers)
        self._check_origin()
        subprotocol = self._choose_subprotocol()
        extensions, deflate = self._choose_compression()
        headers = response_headers(accept, subprotocol, extensions)
        if isinstance(http, WebSocketRequestConnection):
            self._answer(headers)
            connection = http.accept_websocket(
                self,
                self._runner(),
                subprotocol=subprotocol,
                cancel_on_disconnect=self.cancel_on_disconnect,
            )
            self._begin_messages(connection, opened)
            return
        protocol = WebSocketProtocol(Role.SERVER, deflate, max_message_size=self.max_message_size)
        self._answer(headers)
        self._begin_stream(self._detach(), protocol, subprotocol, opened)

    def _take_draft76(self, opened: Callable[[], object]) -> None:
        request = self.request
        headers = request.headers
        numbers = check_draft76_request(request.method, headers)
        self._check_origin()
        subprotocol = self._choose_subprotocol()
        location = f"{self.get_websocket_scheme()}://{request.host}{request.uri}"
        self._answer(draft76_response_headers(headers["Origin"], location, subprotocol))
        self._upgraded = True
        stream = self._detach()
        protocol = Draft76Protocol(self.max_message_size)
        begin = functools.partial(
            self._begin_stream, stream, protocol, subprotocol, opened, pings=False
        )
        sweeper = IOLoop.current().sweeper
        self._opening = Draft76Opening(stream, numbers, sweeper, begin, self.on_finish)
        self._opening.start()

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
            raise ValueError(f"select_subprotocol returned {selected!r}, expected one proposed")
        return selected

    def _choose_compression(self) -> tuple[str | None, DeflateAgreement | None]:
        options = compression_options_of(self.get_compression_options())
        offers = self.request.headers.get("Sec-Websocket-Extensions")
        if options is not None and offers is not None:
            answer = answer_offers(offers, options)
            if answer is not None:
                return answer
        return None, None

    def _refuse(self, error: HandshakeError) -> None:
        general_log.debug("WebSocket handshake refused: %s", error)
        self.set_status(error.status)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        if error.status == 426:
            self.set_header("Sec-WebSocket-Version", VERSION)
            self.set_header("Upgrade", "websocket")
        self.finish(str(error))

    def _answer(self, headers: HTTPHeaders) -> None:
        """Send the head that ends HTTP here, with the headers and cookies of the handler."""
        self.set_status(101)
        self.clear_header("Content-Type")
        for name, value in headers.get_all():
            self.set_header(name, value)
        self.flush()

    def _begin_stream(
        self,
        stream: ByteStream,
        protocol: FramingProtocol,
        subprotocol: str | None,
        opened: Callable[[], object],
        *,
        pings: bool = True,
    ) -> None:
        connection = StreamWebSocket(
            stream,
            protocol,
            self,
            self._runner(),
            IOLoop.current().sweeper,
            subprotocol=subprotocol,
            ping_interval=self.ping_interval if pings else 0.0,
            ping_timeout=self.ping_timeout,
            max_write_buffer_size=self.max_write_buffer_size,
            cancel_on_disconnect=self.cancel_on_disconnect,
        )
        self._begin_messages(connection, opened)
        connection.start()

    def _begin_messages(
        self, connection: WebSocketConnection, opened: Callable[[], object]
    ) -> None:
        self.application.log_request(self)
        self._upgraded = True
        self._opening = None
        self._websocket = connection
        self.subprotocol = connection.subprotocol
        connection.begin(opened)

    def _detach(self) -> ByteStream:
        http = self.request.connection
        assert http is not None  # or there would be no handler
        return http.detach(self._server_ends)

    def _server_ends(self) -> None:
        """Learn that the server ends."""
        if self._websocket is not None:
            self._websocket.close(GOING_AWAY, "the server is going away")
        elif self._opening is not None:
            self._opening.eof_received()

    def _runner(self) -> Runner:
        """Return what runs the methods of this handler: in one Context, that of the request, in
        which exceptions of callbacks find their way here.
        """
        with ExceptionStackContext(self._on_callback_exception):
            context = copy_context()
        return context.run

    def _on_callback_exception(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> bool:
        """Take an exception of a callback that belongs to this handler; tell that it is dealt
        with.
        """
        if not isinstance(error, WebSocketClosedError):
            self.log_exception(kind, error, tb)
        if self._websocket is not None:
            self._websocket.close(INTERNAL_ERROR, "internal error")
        return True

    def async_callback(
        self, callback: Callable[..., Any] | None, *args: Any, **kwargs: Any
    ) -> Callable[..., Any] | None:
        """Return `callback` with the arguments filled in; an exception of it closes this
        WebSocket. Obsolete: exceptions find their way without it.
        """
        with ExceptionStackContext(self._on_callback_exception):
            filled = super().async_callback(callback, *args, **kwargs)
        return filled  # noqa: RET504 (for the type checker, the block may swallow)

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
