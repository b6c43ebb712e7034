"""What the tests of the simple client share: a way to look inside, a server that is silent."""

from __future__ import annotations

from ostro.httpclient import AsyncHTTPClient, SimpleAsyncHTTPClient

from .conformance.servers import Peer


def simple(client: AsyncHTTPClient) -> SimpleAsyncHTTPClient:
    """Return a client as what it is."""
    assert isinstance(client, SimpleAsyncHTTPClient)
    return client


async def silence(peer: Peer) -> None:
    """Hear a request, and say nothing."""
    await peer.head()
    await peer.gone()
