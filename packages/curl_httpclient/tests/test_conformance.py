"""The client on libcurl does what every client does."""

from __future__ import annotations

import pytest

from ostro.curl_httpclient import CurlAsyncHTTPClient
from ostro.httpclient import AsyncHTTPClient

# The suite stands where the interface is.
from packages.httpclient.tests.conformance import suite


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return CurlAsyncHTTPClient


suite.install(globals())
