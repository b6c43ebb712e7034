"""What the tests of the simple client share: a clock, and a way to look inside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ostro.httpclient import AsyncHTTPClient, SimpleAsyncHTTPClient

from .conformance.servers import Peer


class FakeClock:
    """Time that moves when the test says so, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something is so."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come to be")


def simple(client: AsyncHTTPClient) -> SimpleAsyncHTTPClient:
    """Return a client as what it is."""
    assert isinstance(client, SimpleAsyncHTTPClient)
    return client


async def silence(peer: Peer) -> None:
    """Hear a request, and say nothing."""
    await peer.head()
    await peer.gone()
