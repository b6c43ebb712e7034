"""The fixtures of the conformance tests, for the simple client."""

from __future__ import annotations

import pytest

from ostro.httpclient import AsyncHTTPClient, SimpleAsyncHTTPClient

from .conformance.fixtures import (
    certificates,
    client,
    clock,
    make_client,
    proxy,
    raw,
    site,
    tls_site,
)

__all__ = ["certificates", "client", "clock", "make_client", "proxy", "raw", "site", "tls_site"]


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return SimpleAsyncHTTPClient
