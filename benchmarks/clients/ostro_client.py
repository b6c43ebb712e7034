"""Ostro's simple client, or the one on libcurl: see client_load.py."""

import sys
from collections.abc import AsyncIterator

from client_load import concurrency, load

from ostro.httpclient import AsyncHTTPClient
from ostro.ioloop import run


async def main() -> None:
    if "--curl" in sys.argv:
        sys.argv.remove("--curl")
        AsyncHTTPClient.configure("ostro.curl_httpclient.CurlAsyncHTTPClient")
    client = AsyncHTTPClient(force_instance=True, max_clients=concurrency())

    async def fetch(url: str) -> bytes:
        return (await client.fetch(url)).body

    async def download(url: str) -> AsyncIterator[bytes]:
        async with client.stream(url, request_timeout=0) as response:
            async for piece in response:
                yield piece

    await load(fetch, download)
    client.close()


run(main)
