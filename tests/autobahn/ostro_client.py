"""Our client: `ostro_client.py URL AGENT`, for all cases."""

import contextlib
import sys

import ostro.ioloop
from ostro.websocket import WebSocketClosedError, websocket_connect

MAX_MESSAGE_SIZE = 64 << 20


async def main(url: str, agent: str) -> None:
    """Run each case that the suite has, and have its report written."""
    async with await websocket_connect(f"{url}/getCaseCount") as connection:
        count = int(await connection.read_message() or 0)
    for case in range(1, count + 1):
        connection = await websocket_connect(
            f"{url}/runCase?case={case}&agent={agent}",
            compression_options={},
            max_message_size=MAX_MESSAGE_SIZE,
        )
        with contextlib.suppress(WebSocketClosedError):
            async for message in connection:
                await connection.write_message(message, binary=isinstance(message, bytes))
        await connection.wait_closed()
    async with await websocket_connect(f"{url}/updateReports?agent={agent}") as connection:
        await connection.read_message()


ostro.ioloop.run(main(*sys.argv[1:]))
