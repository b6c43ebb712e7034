"""httpx: see client_load.py."""

import httpx
import uvloop
from client_load import concurrency, load


async def main():
    most = concurrency()
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def fetch(url):
            return (await client.get(url)).content

        async def download(url):
            async with client.stream("GET", url) as response:
                async for piece in response.aiter_bytes():
                    yield piece

        await load(fetch, download)


uvloop.run(main())
