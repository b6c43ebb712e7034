"""Our server, and the clients of others: `websockets` and Tornado."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.websocket import WebSocketClientConnection as TornadoConnection
from tornado.websocket import websocket_connect as tornado_connect
from websockets.asyncio.client import connect as websockets_connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from ostro.httpserver import HTTPServer
from ostro.ioloop import IOLoop
from ostro.netutil import bind_sockets
from ostro.web import Application
from ostro.websocket import CompressionOptions, WebSocketHandler
from ostro.websocket._compression import CompressionChoice
from packages.servers import ended

from .browser import HOST, serving
from .servers import certificates

# Through no proxy of the environment, and as slowly as the machine is.
connect = functools.partial(websockets_connect, proxy=None, open_timeout=None, ping_interval=None)

MESSAGES: list[str | bytes] = ["", "Hello", b"\x00\xff", "\u20ac" * 50000, bytes(1 << 20), b""]


class Echo(WebSocketHandler):
    """Sends everything back; closes when it is told to."""

    compression: CompressionChoice = None

    def initialize(self, compression: CompressionChoice = None) -> None:
        self.compression = compression

    def get_compression_options(self) -> CompressionChoice:
        return self.compression

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1]

    def on_message(self, message: str | bytes) -> None:
        if message == "close":
            self.close(4001, "told to")
        elif message == "fail":
            raise ZeroDivisionError
        else:
            self.write_message(message, binary=isinstance(message, bytes))


@asynccontextmanager
async def echo(options: CompressionChoice = None) -> AsyncIterator[str]:
    async with serving(Echo, kwargs={"compression": options}) as (_, port):
        yield f"ws://{HOST}:{port}/"


COMPRESSIONS: list[CompressionChoice] = [
    None,
    {},
    CompressionOptions(server_no_context_takeover=True, client_no_context_takeover=True),
    CompressionOptions(server_max_window_bits=9, client_max_window_bits=9, level=1, mem_level=1),
]


@pytest.mark.parametrize("options", COMPRESSIONS)
async def test_websockets_sends_and_gets_messages(
    options: CompressionChoice, io_loop: IOLoop
) -> None:
    async with echo(options) as url, connect(url, max_size=None) as client:
        for message in MESSAGES * 2:
            await client.send(message)
            assert await client.recv() == message
        await client.send(["frag", "ments"])
        assert await client.recv() == "fragments"
        await (await client.ping())
        assert bool(client.protocol.extensions) is (options is not None)


async def test_websockets_and_the_handler_agree_on_the_end(io_loop: IOLoop) -> None:
    async with echo() as url:
        async with connect(url, subprotocols=[Subprotocol("a"), Subprotocol("b")]) as client:
            assert client.subprotocol == "b"
            await client.send("close")
            await client.wait_closed()
            assert (client.close_code, client.close_reason) == (4001, "told to")
        async with connect(url) as client:
            await client.send("fail")
            with pytest.raises(ConnectionClosedError, match="1011"):
                await client.recv()


async def test_websockets_from_another_origin_is_refused(io_loop: IOLoop) -> None:
    async with echo() as url:
        with pytest.raises(InvalidStatus, match="403"):
            await connect(url, additional_headers={"Origin": "http://evil.example"})


async def test_websockets_speaks_over_tls(io_loop: IOLoop) -> None:
    server_context, client_context = certificates()
    (sock,) = bind_sockets(0, HOST)
    server = HTTPServer(Application([("/", Echo)]), ssl_options=server_context)
    server.add_sockets([sock])
    url = f"wss://{HOST}:{sock.getsockname()[1]}/"
    try:
        async with connect(url, ssl=client_context, max_size=None) as client:
            for message in MESSAGES:
                await client.send(message)
                assert await client.recv() == message
    finally:
        await ended(server)


async def tornado_answers(client: TornadoConnection, message: str | bytes) -> Any:
    await client.write_message(message, binary=isinstance(message, bytes))
    return await client.read_message()


@pytest.mark.parametrize("options", [None, {}])
async def test_tornado_sends_and_gets_messages(
    options: dict[str, Any] | None, io_loop: IOLoop
) -> None:
    async with echo(options) as url:
        client = await tornado_connect(
            url,
            compression_options=options,
            subprotocols=["a", "b"],
        )
        assert client.selected_subprotocol == "b"
        for message in MESSAGES * 2:
            assert await tornado_answers(client, message) == message
        client.close(4000, "bye")
        assert await client.read_message() is None


async def test_tornado_and_the_handler_agree_on_the_end(io_loop: IOLoop) -> None:
    async with echo() as url:
        client = await tornado_connect(url)
        await client.write_message("close")
        assert await client.read_message() is None
        assert (client.close_code, client.close_reason) == (4001, "told to")
        client.close()


async def test_many_clients_talk_at_once(io_loop: IOLoop) -> None:
    async def talk(url: str, number: int) -> None:
        async with connect(url) as client:
            for count in range(20):
                await client.send(f"{number} {count}")
                assert await client.recv() == f"{number} {count}"

    async with echo({}) as url:
        await asyncio.gather(*(talk(url, number) for number in range(30)))
