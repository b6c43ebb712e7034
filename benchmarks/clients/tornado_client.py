"""Tornado's simple client, or the one on libcurl: see client_load.py."""

import asyncio
import sys

import uvloop
from client_load import concurrency, load
from tornado.httpclient import AsyncHTTPClient


async def main():
    if "--curl" in sys.argv:
        sys.argv.remove("--curl")
        AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")
        sizes = {"max_body_size": 1 << 40}
    else:
        sizes = {"max_body_size": 1 << 40, "max_buffer_size": 1 << 30}
    client = AsyncHTTPClient(force_instance=True, max_clients=concurrency(), **sizes)

    async def fetch(url):
        return (await client.fetch(url)).body

    async def download(url):
        # There is no way to hold it back, so what comes is counted at once.
        pieces = asyncio.Queue()
        fetch = asyncio.ensure_future(
            client.fetch(url, streaming_callback=pieces.put_nowait, request_timeout=600)
        )
        fetch.add_done_callback(lambda _: pieces.put_nowait(b""))
        while piece := await pieces.get():
            yield piece
        await fetch

    await load(fetch, download)


if "--curl" in sys.argv:
    asyncio.run(main())  # uvloop closes descriptors that libcurl has closed before
else:
    uvloop.run(main())
