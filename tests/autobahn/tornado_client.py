"""The client on Tornado: `tornado_client.py URL AGENT`, for all cases."""

import asyncio
import contextlib
import sys

import tornado.websocket


async def main(url: str, agent: str) -> None:
    """Run each case that the suite has, and have its report written."""
    connect = tornado.websocket.websocket_connect
    connection = await connect(f"{url}/getCaseCount")
    count = int(await connection.read_message() or 0)
    for case in range(1, count + 1):
        where = f"{url}/runCase?case={case}&agent={agent}"
        connection = await connect(where, compression_options={}, max_message_size=1 << 26)
        with contextlib.suppress(tornado.websocket.WebSocketClosedError):
            while (message := await connection.read_message()) is not None:
                await connection.write_message(message, binary=isinstance(message, bytes))
        connection.close()
    connection = await connect(f"{url}/updateReports?agent={agent}")
    await connection.read_message()


asyncio.run(main(*sys.argv[1:]))
