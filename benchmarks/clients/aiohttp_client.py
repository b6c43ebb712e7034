"""aiohttp's client: see client_load.py."""

import aiohttp
import uvloop
from client_load import concurrency, load


async def main():
    connector = aiohttp.TCPConnector(limit=concurrency())
    async with aiohttp.ClientSession(connector=connector) as session:

        async def fetch(url):
            async with session.get(url) as response:
                return await response.read()

        async def download(url):
            async with session.get(url, timeout=aiohttp.ClientTimeout()) as response:
                async for piece in response.content.iter_any():
                    yield piece

        await load(fetch, download)


uvloop.run(main())
