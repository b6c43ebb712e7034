"""The end of servers that tests have run."""

import asyncio

from ostro.httpserver import HTTPServer


async def ended(server: HTTPServer) -> None:
    """Stop listening, close all connections, and wait for clients that are still being told
    something: what a test leaves open is a warning in another one.
    """
    group = server._group
    server.stop()
    await server.close_all_connections()
    while group is not None and group.sweeper.members:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # transports that were closed end with the next turn
