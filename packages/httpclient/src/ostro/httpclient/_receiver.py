"""The seam between a client and whoever takes a response while it arrives."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ._response import HTTPResponse

__all__ = ["ResponseReceiver"]


class ResponseReceiver(Protocol):
    """Takes a response as it comes: the head, once, then the pieces of the body.

    It hears of the response that counts, not of redirects that are followed and the like. What a
    method returns, if it is an awaitable, is awaited before anything more is read, so that the
    server has to wait. An exception that one of them raises ends the fetch with it.
    """

    def head_received(self, response: HTTPResponse) -> Awaitable[object] | None:
        """Take the response without its body: what comes later is filled in by the client."""
        ...

    def data_received(self, chunk: bytes) -> Awaitable[object] | None:
        """Take the next piece of the body, decompressed, never empty."""
        ...
