"""SimpleAsyncHTTPClient: the client without further dependencies."""

from __future__ import annotations

from ._client import AsyncHTTPClient

__all__ = ["SimpleAsyncHTTPClient"]


class SimpleAsyncHTTPClient(AsyncHTTPClient):
    """To come."""
