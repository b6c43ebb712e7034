"""The client of the `websockets` package: `websockets_client.py URL AGENT`, for all cases."""

import asyncio
import contextlib
import sys

import websockets


async def main(url: str, agent: str) -> None:
    """Run each case that the suite has, and have its report written."""
    async with websockets.connect(f"{url}/getCaseCount") as connection:
        count = int(await connection.recv())
    for case in range(1, count + 1):
        where = f"{url}/runCase?case={case}&agent={agent}"
        with contextlib.suppress(websockets.WebSocketException):
            async with websockets.connect(where, max_size=None) as connection:
                async for message in connection:
                    await connection.send(message)
    async with websockets.connect(f"{url}/updateReports?agent={agent}"):
        pass


asyncio.run(main(*sys.argv[1:]))
