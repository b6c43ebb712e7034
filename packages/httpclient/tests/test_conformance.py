"""The simple client does what every client does."""

from __future__ import annotations

import pytest

from ostro.httpclient import AsyncHTTPClient, SimpleAsyncHTTPClient

from .conformance import suite


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return SimpleAsyncHTTPClient


suite.install(globals())
