"""The client on libcurl does what every client does."""

from __future__ import annotations

import pytest

from ostro.curl_httpclient import CurlAsyncHTTPClient
from ostro.httpclient import AsyncHTTPClient

# The suite stands where the interface is.
from ...httpclient.tests.conformance import suite  # noqa: TID252 - tests are no package


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return CurlAsyncHTTPClient


suite.install(globals())
