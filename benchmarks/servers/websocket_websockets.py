"""The WebSocket echo server on websockets: `websocket_websockets.py PORT`."""

import asyncio
import sys

import uvloop
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def main():
    deflate = ServerPerMessageDeflateFactory(compress_settings={"level": 6, "memLevel": 8})
    async with serve(
        echo,
        "127.0.0.1",
        int(sys.argv[1]),
        max_size=2**24,
        compression=None,
        extensions=[deflate],
        ping_interval=None,
    ):
        await asyncio.Event().wait()


uvloop.run(main())
