"""What the programs of the clients share: the load, and the figures about their own process.

Each is `X_client.py URL get REQUESTS CONCURRENCY` or `X_client.py URL download`, and prints the
number of requests (or bytes), the seconds, the CPU seconds, and by how many KiB its memory grew at
its most.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

WARMING_UP = 4
"""Requests of each worker that are not counted."""

Fetch = Callable[[str], Awaitable[bytes]]
Download = Callable[[str], AsyncIterator[bytes]]


def concurrency() -> int:
    """Return how many requests are to run at a time."""
    return int(sys.argv[4]) if len(sys.argv) > 4 else 1


async def load(fetch: Fetch, download: Download) -> None:
    """Do what the command line asks for, and print the figures."""
    url, what = sys.argv[1:3]
    if what == "get":
        await _get(fetch, url, int(sys.argv[3]), concurrency())
    else:
        await _download(download, url)


async def _get(fetch: Fetch, url: str, requests: int, workers: int) -> None:
    async def work(count: int) -> None:
        for _ in range(count):
            if not await fetch(url):
                raise SystemExit("an empty body")

    await asyncio.gather(*[work(WARMING_UP) for _ in range(workers)])
    before, started = _cpu(), time.perf_counter()
    await asyncio.gather(*[work(requests // workers) for _ in range(workers)])
    print(requests, time.perf_counter() - started, _cpu() - before, 0)


async def _download(download: Download, url: str) -> None:
    async for _ in download(url.replace("large", "small")):
        """Everything that is needed is loaded now."""
    rss, most, size = _rss_kib(), 0, 0
    before, started = _cpu(), time.perf_counter()
    async for piece in download(url):
        size += len(piece)
        if size % (1 << 24) < len(piece):
            most = max(most, _rss_kib())
    print(size, time.perf_counter() - started, _cpu() - before, most - rss)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rss_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
