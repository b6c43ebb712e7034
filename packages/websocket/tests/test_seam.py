"""A handler at a server that speaks the protocol itself and hands over messages, as with ASGI."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any

from ostro.httputil import (
    ByteStream,
    ConnectionContext,
    HTTPHeaders,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, IOLoop
from ostro.web import Application
from ostro.websocket import (
    WebSocketConnection,
    WebSocketDelegate,
    WebSocketHandler,
    WebSocketRequestConnection,
)

from .memory import turns


class Messages(WebSocketConnection):
    """A WebSocket whose messages are handed over as they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: those of the class below
        super().__init__(*args, **kwargs)
        self.sent: list[object] = []
        self.full: list[bool] = []
        self._closing = False

    @property
    def closing(self) -> bool:
        return self._closing

    def write_message(self, message: str | bytes) -> Awaitable[None]:
        self.sent.append(message)
        return COMPLETED

    def ping(self, data: bytes = b"") -> Awaitable[None]:
        raise NotImplementedError

    def close(self, code: int | None = None, reason: str = "") -> None:
        self._closing = True
        self.sent.append((code, reason))

    def set_nodelay(self, value: bool) -> None:
        """There is no socket."""

    def _room_changed(self) -> None:
        self.full.append(self._is_full)

    def receive(self, message: str | bytes) -> None:
        self._deliver(message)
        self.full.append(self._is_full)

    def end(self, code: int) -> None:
        self._after_messages(lambda: self._over(code, ""))


class Request(WebSocketRequestConnection):
    """A handshake that such a server has taken, and asks the application about."""

    def __init__(self) -> None:
        self.context = ConnectionContext("192.0.2.1", "https", None, secure=True)
        self.head: tuple[int, HTTPHeaders] | None = None
        self.websocket: Messages | None = None

    def accept_websocket(
        self,
        delegate: WebSocketDelegate,
        run: Callable[..., Any],
        *,
        subprotocol: str | None,
        cancel_on_disconnect: bool,
    ) -> WebSocketConnection:
        self.websocket = Messages(
            delegate, run, subprotocol=subprotocol, cancel_on_disconnect=cancel_on_disconnect
        )
        return self.websocket

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        self.head = (start_line.code, headers)
        return COMPLETED

    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        raise NotImplementedError

    def write(self, chunk: bytes) -> Awaitable[None]:
        raise NotImplementedError

    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        raise NotImplementedError

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        raise NotImplementedError

    def pause_reading(self) -> None:
        raise NotImplementedError

    def resume_reading(self) -> None:
        raise NotImplementedError

    def set_max_body_size(self, limit: int) -> None:
        raise NotImplementedError

    def set_body_timeout(self, seconds: float) -> None:
        raise NotImplementedError

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        raise NotImplementedError


class Chat(WebSocketHandler):
    """Answers, and can be made to wait."""

    gate: asyncio.Event

    def initialize(self, gate: asyncio.Event) -> None:
        self.gate = gate

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "chat"

    def prepare(self) -> None:
        self.set_cookie("seen", "1")

    async def on_message(self, message: str | bytes) -> None:
        await self.gate.wait()
        await self.write_message(f"got {message!s}")

    def on_close(self) -> None:
        self.settings["closed"].append(self.close_code)


def ask(application: Application, **fields: str) -> Request:
    """Ask whether to accept a WebSocket; there is no key and no upgrade in such a request."""
    request = Request()
    headers = HTTPHeaders({"Host": "example.com"})
    for name, value in fields.items():
        headers[name.replace("_", "-")] = value
    application.take_request(object(), request, "GET", "/", "HTTP/2", headers)
    return request


def chat(closed: list[int | None]) -> tuple[Application, asyncio.Event]:
    gate = asyncio.Event()
    return Application([("/", Chat, {"gate": gate})], closed=closed), gate


async def test_a_handler_needs_no_stream(io_loop: IOLoop) -> None:
    closed: list[int | None] = []
    application, gate = chat(closed)
    gate.set()

    request = ask(application, Sec_WebSocket_Protocol="superchat, chat")

    assert request.head is not None
    code, headers = request.head
    assert code == 101
    assert headers["Sec-WebSocket-Protocol"] == "chat"
    assert headers["Set-Cookie"].startswith("seen=1")
    websocket = request.websocket
    assert websocket is not None
    assert websocket.subprotocol == "chat"
    websocket.receive("Hello")
    await turns(5)
    assert websocket.sent == ["got Hello"]
    websocket.end(1000)
    assert closed == [1000]


async def test_messages_wait_and_are_counted_whoever_hands_them_over(io_loop: IOLoop) -> None:
    closed: list[int | None] = []
    application, gate = chat(closed)
    websocket = ask(application).websocket
    assert websocket is not None

    for number in range(18):
        websocket.receive(str(number))
    full = websocket.full[-3:]
    gate.set()
    await turns(60)

    assert full == [False, True, True]
    assert websocket.full[-1] is False
    assert websocket.sent == [f"got {number}" for number in range(18)]


async def test_other_origins_are_refused_there_too(io_loop: IOLoop) -> None:
    application, _ = chat([])

    request = ask(application, Origin="http://evil.example")

    assert request.websocket is None
    assert request.head is not None
    assert request.head[0] == 403
