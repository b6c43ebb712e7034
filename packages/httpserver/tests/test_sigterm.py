"""A program that ends gracefully on SIGTERM, as the README shows it."""

import asyncio
import os
import signal
import sys

import pytest

from ostro.ioloop import IOLoop

from .support import connected, responses, turns

PROGRAM = """
import asyncio, signal
from ostro import httpserver, ioloop, netutil

stopping = asyncio.Event()

async def answer(request):
    print("asked", flush=True)
    await stopping.wait()
    request.write("HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nlast")
    request.finish()

async def main():
    sockets = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(answer)
    server.add_sockets(sockets)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(sockets[0].getsockname()[1], flush=True)
    await stopping.wait()
    server.stop()
    print(await server.drain(timeout=30), flush=True)

ioloop.run(main)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to wait for")
async def test_a_program_told_to_end_finishes_what_is_in_flight(io_loop: IOLoop) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with connected(port) as idle, connected(port) as busy:
        busy.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await busy.writer.drain()
        assert await process.stdout.readline() == b"asked\n"

        process.send_signal(signal.SIGTERM)

        [response] = responses(await busy.rest())
        assert await idle.rest() == b""
    rest, _ = await process.communicate()
    assert response.body == b"last"
    assert rest == b"True\n"
    assert process.returncode == 0
    await turns()
