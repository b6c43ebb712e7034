"""Servers for the tests of the client: ours, those of others, and one that says what it is told."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket
import trustme
import websockets

from ostro.httpserver import HTTPServer
from ostro.netutil import bind_sockets
from ostro.web import Application, RequestHandler
from ostro.websocket import WebSocketHandler
from ostro.websocket._handshake import compute_accept
from packages.servers import ended

HOST = "127.0.0.1"
LARGE = "large" * 20_000


class Echo(WebSocketHandler):
    """Sends every message back; closes, pings and so on when it is told to."""

    def on_message(self, message: str | bytes) -> None:
        match message:
            case "close":
                self.close(4001, "as you like")
            case "both":
                for message in ("small", LARGE, "small"):
                    self.write_message(message)
            case "ping":
                self.ping(b"are you there")
            case _:
                self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        self.settings.get("closings", []).append((self.close_code, self.close_reason))

    def on_pong(self, data: bytes) -> None:
        self.write_message(f"pong {data.decode()}")


class Compressed(Echo):
    """The same, compressed."""

    def get_compression_options(self) -> dict[str, object]:
        return {}


class Chooser(Echo):
    """Takes the subprotocol that is liked least, and tells what it was asked."""

    def open(self) -> None:
        names = ("Authorization", "Cookie", "Origin", "Host", "Sec-Websocket-Extensions")
        headers = self.request.headers
        self.write_message({name: headers[name] for name in names if name in headers})
        self.write_message({"uri": self.request.uri})

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1]

    def check_origin(self, origin: str) -> bool:
        return True


class Moved(RequestHandler):
    """Is somewhere else."""

    def get(self) -> None:
        self.redirect("/echo")


class Large(RequestHandler):
    """Refuses at length."""

    def get(self) -> None:
        self.set_status(503)
        self.write("x" * 100_000)


HANDLERS = [
    ("/echo", Echo),
    ("/deflate", Compressed),
    ("/choose.*", Chooser),
    ("/moved", Moved),
    ("/large", Large),
]


@asynccontextmanager
async def our_server(
    ssl_options: ssl.SSLContext | None = None, **settings: Any
) -> AsyncIterator[str]:
    """Run our server; give where it listens, HOST:PORT."""
    (sock,) = bind_sockets(0, HOST)
    server = HTTPServer(Application(HANDLERS, **settings), ssl_options=ssl_options)
    server.add_sockets([sock])
    try:
        yield f"{HOST}:{sock.getsockname()[1]}"
    finally:
        await ended(server)


@asynccontextmanager
async def websockets_server(compression: str | None = None) -> AsyncIterator[str]:
    """Run the echo server of another library; give its URL."""

    async def echo(connection: websockets.ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with websockets.serve(
        echo, HOST, 0, compression=compression, subprotocols=[websockets.Subprotocol("chat")]
    ) as server:
        yield f"ws://{HOST}:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def tornado_server(compression: bool = False) -> AsyncIterator[str]:
    """Run the echo server of the other framework; give its URL."""

    class TornadoEcho(tornado.websocket.WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message(message, binary=isinstance(message, bytes))

        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            return "chat" if "chat" in subprotocols else None

        def get_compression_options(self) -> dict[str, Any] | None:
            return {} if compression else None

    sockets = tornado.netutil.bind_sockets(0, HOST)
    server = tornado.httpserver.HTTPServer(tornado.web.Application([("/", TornadoEcho)]))
    server.add_sockets(sockets)
    try:
        yield f"ws://{HOST}:{sockets[0].getsockname()[1]}/"
    finally:
        server.stop()
        await server.close_all_connections()


Answer = Callable[[str], bytes]
"""From the Sec-WebSocket-Accept that would be right to the bytes of a whole answer."""


def accepting(accept: str, *fields: str) -> bytes:
    """Return a right answer, with more fields."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Accept: {accept}", *fields, "", ""]
    return "\r\n".join(lines).encode()


class RawServer:
    """Answers a handshake with bytes that it is given, and keeps what comes then."""

    def __init__(self, answer: Answer, *, pieces: int = 0, close: bool = False) -> None:
        self._answer = answer
        self._pieces = pieces
        self._close = close
        self.request = b""
        self.connected = asyncio.Event()
        self.ended = asyncio.Event()
        """The client has sent all that it will."""
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.lost = asyncio.Event()
        self.received = bytearray()
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "RawServer":
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        if self.writer is not None:
            self.writer.close()
            await self.lost.wait()
            with suppress(ConnectionError):
                await self.writer.wait_closed()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"ws://{HOST}:{self._server.sockets[0].getsockname()[1]}/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.connected.set()
        try:
            self.request = await reader.readuntil(b"\r\n\r\n")
            await self._send_answer(writer)
            if self._close:
                writer.close()
            while data := await reader.read(65536):
                self.received += data
            self.ended.set()
            await self.may_close.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.lost.set()

    async def _send_answer(self, writer: asyncio.StreamWriter) -> None:
        key = re.search(rb"Sec-Websocket-Key: (\S+)", self.request, re.IGNORECASE)
        data = self._answer(compute_accept(key[1].decode() if key else ""))
        step = self._pieces or max(1, len(data))
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            if self._pieces:
                await asyncio.sleep(0)


def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context for HOST and that of a client who trusts it."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client
