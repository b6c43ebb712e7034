"""The fixtures of the conformance tests, for the simple client, and its clock."""

from __future__ import annotations

import pytest

from ostro.httpclient import AsyncHTTPClient, SimpleAsyncHTTPClient

from .conformance.fixtures import certificates, client, make_client, proxy, raw, site, tls_site
from .support import FakeClock, simple

__all__ = ["certificates", "client", "make_client", "proxy", "raw", "site", "tls_site"]


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return SimpleAsyncHTTPClient


@pytest.fixture
def clock(client: AsyncHTTPClient) -> FakeClock:
    """The clock of the client."""
    fake = FakeClock()
    simple(client).sweeper.clock = fake
    return fake
