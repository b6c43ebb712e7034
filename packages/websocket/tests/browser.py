"""A client for the tests of handlers: the protocol in the client's role over asyncio streams, with
every byte of the handshake in the hands of the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ostro.httpserver import HTTPServer
from ostro.netutil import bind_sockets
from ostro.web import Application, RequestHandler
from ostro.websocket import Close, Failure, Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement
from packages.servers import ended

from .support import Seen, describe

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HOST = "127.0.0.1"


@asynccontextmanager
async def serving(
    handler: type[RequestHandler],
    pattern: str = "/.*",
    kwargs: dict[str, Any] | None = None,  # Any: what initialize takes
    **settings: Any,  # Any: what an application keeps
) -> AsyncIterator[tuple[HTTPServer, int]]:
    """Serve one handler; give the server and its port."""
    (sock,) = bind_sockets(0, HOST)
    server = HTTPServer(Application([(pattern, handler, kwargs or {})], **settings))
    server.add_sockets([sock])
    try:
        yield server, sock.getsockname()[1]
    finally:
        await ended(server)


def opening(path: str = "/", **fields: str | None) -> bytes:
    """Return a handshake; fields that are None are left out, others added or replaced."""
    header: dict[str, str | None] = {
        "Host": "example.com",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"{name}: {value}" for name, value in header.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


class Browser:
    """One end of a connection to a handler."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.protocol = WebSocketProtocol(Role.CLIENT)
        self.head = ""
        self._seen: list[Seen] = []

    async def open(self, request: bytes, deflate: DeflateAgreement | None = None) -> int:
        """Send a handshake; return the status of the answer."""
        self.protocol = WebSocketProtocol(Role.CLIENT, deflate)
        self.writer.write(request)
        self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        return int(self.head.split()[1])

    def fields(self) -> dict[str, str]:
        """Return the header of the answer, names in lower case."""
        pairs = [line.split(": ", 1) for line in self.head.split("\r\n")[1:] if line]
        return {name.lower(): value for name, value in pairs}

    async def body(self) -> str:
        """Return the body of an answer that is no acceptance."""
        return (await self.reader.readexactly(int(self.fields()["content-length"]))).decode()

    def send(self, *messages: str | bytes) -> None:
        for message in messages:
            if isinstance(message, str):
                self.writer.write(self.protocol.send_text(message))
            else:
                self.writer.write(self.protocol.send_binary(message))

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send a close frame."""
        self.writer.write(self.protocol.send_close(code, reason))

    async def next(self) -> Seen:
        """Return the next thing that the handler sends; ("end",) when nothing comes any more."""
        while not self._seen:
            data = await self.reader.read(65536)
            if not data:
                return ("end",)
            for event in self.protocol.receive(data):
                assert not isinstance(event, Failure)
                self._seen.append(describe(event))
                if isinstance(event, Close) and not self.protocol.close_sent:
                    self.close(None if event.code == 1005 else event.code)
        return self._seen.pop(0)

    async def text(self) -> str:
        kind, text = await self.next()
        assert kind == "text"
        assert isinstance(text, str)
        return text

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Browser]:
    """Connect to a port, and say nothing."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield Browser(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def talking(
    port: int, path: str = "/", deflate: DeflateAgreement | None = None, **fields: str | None
) -> AsyncIterator[Browser]:
    """Connect to a port, and open a WebSocket."""
    async with connected(port) as browser:
        assert await browser.open(opening(path, **fields), deflate) == 101, browser.head
        yield browser
