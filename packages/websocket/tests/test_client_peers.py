"""The client with the servers of others."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import websocket_connect

from .servers import tornado_server, websockets_server

Running = AbstractAsyncContextManager[str]


@asynccontextmanager
async def plain_websockets() -> AsyncIterator[str]:
    async with websockets_server() as url:
        yield url


SERVERS: dict[str, Callable[[], Running]] = {
    "websockets": plain_websockets,
    "websockets, compressed": lambda: websockets_server("deflate"),
    "tornado": lambda: tornado_server(),
    "tornado, compressed": lambda: tornado_server(compression=True),
}

MESSAGES: list[str | bytes] = [
    "",
    "text ü€😀",
    b"",
    bytes(range(256)),
    "x" * 200_000,
    b"\0" * 200_000,
]


@pytest.mark.parametrize("server", SERVERS)
async def test_servers_of_others_echo(io_loop: IOLoop, server: str) -> None:
    async with SERVERS[server]() as url:
        connection = await websocket_connect(
            url, compression_options={}, subprotocols=["talk", "chat"], ping_interval=5
        )
        async with connection:
            for message in MESSAGES * 2:
                await connection.write_message(message, binary=isinstance(message, bytes))
                assert await connection.read_message() == message
            compressed = "Sec-Websocket-Extensions" in connection.headers

            assert connection.selected_subprotocol == "chat"
            assert compressed is ("compressed" in server)

    assert connection.close_code == 1000
