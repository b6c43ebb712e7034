"""The echo server of the `websockets` package: `websockets_server.py PORT`."""

import asyncio
import sys

import websockets


async def echo(connection: websockets.ServerConnection) -> None:
    """Send every message back."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Serve until the process is ended."""
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1]), max_size=None) as server:
        await server.serve_forever()


asyncio.run(main())
