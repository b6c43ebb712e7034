"""What an idle WebSocket costs, but for what the kernel and the loop keep of it."""

import gc
import socket
import tracemalloc

from ostro.ioloop import IOLoop

from .browser import HOST, opening, serving
from .memory import turns
from .test_interop import Echo

CONNECTIONS = 200
LIMIT = 7 * 1024
"""Bytes of Python objects for each, the test's own socket included; it is to stay below 8 KiB with
all that is not seen here."""

REQUEST = opening(
    User_Agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    Accept_Language="en-US,en;q=0.5",
    Origin="http://example.com",
)


async def test_an_idle_connection_is_small(io_loop: IOLoop) -> None:
    async with serving(Echo, websocket_ping_interval=30) as (server, port):
        clients: list[socket.socket] = []

        async def connect() -> None:
            client = socket.socket()
            client.setblocking(False)
            clients.append(client)
            await io_loop.asyncio_loop.sock_connect(client, (HOST, port))
            await io_loop.asyncio_loop.sock_sendall(client, REQUEST)
            answer = await io_loop.asyncio_loop.sock_recv(client, 4096)
            assert b" 101 " in answer

        for _ in range(20):
            await connect()
        gc.collect()
        tracemalloc.start()
        for _ in range(CONNECTIONS):
            await connect()
        await turns()
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        for client in clients:
            client.close()

    assert server.connection_count == 0
    assert taken / CONNECTIONS < LIMIT
