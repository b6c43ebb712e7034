"""What a test says to a client in memory: a method for each method, and the bodies that it sends.

The second layer of MemoryClient. It makes requests, and leaves it to the client to carry them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from ostro.httpclient import HTTPRequest, HTTPResponse
from ostro.httputil import HTTPHeaders, url_concat

from ._memory_identity import MemoryIdentity
from ._memory_response import MemoryResponse
from ._request_bodies import NO_JSON, Fields, Files, encode_body

__all__ = ["MemoryMethods"]

_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class MemoryMethods(MemoryIdentity):
    """How a MemoryClient is asked; see there."""

    # Any: the arguments of HTTPRequest
    def fetch(
        self,
        request: HTTPRequest | str,
        callback: Callable[[HTTPResponse], object] | None = None,
        *,
        raise_error: bool = True,
        **kwargs: Any,
    ) -> asyncio.Task[MemoryResponse]:
        """Carry out a request: see `AsyncHTTPClient.fetch`."""
        task = super().fetch(request, callback, raise_error=raise_error, **kwargs)
        return cast("asyncio.Task[MemoryResponse]", task)  # `perform` returns no other

    # Any: as above
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Fields | None = None,
        json: object = NO_JSON,
        form: Fields | None = None,
        files: Files | None = None,
        raise_error: bool = False,
        **kwargs: Any,
    ) -> asyncio.Task[MemoryResponse]:
        """Carry out a request, with any method.

        Args:
            method: The method.
            path: A path, or a whole URL.
            params: Arguments to add to the query.
            json: What to send in JSON.
            form: Fields to send as a form.
            files: Files to send with the form.
            raise_error: Raise an HTTPClientError for a code outside of 200 to 299.
            **kwargs: Other arguments of HTTPRequest.

        Returns what `fetch` does.

        Raises ValueError for more than one body.
        """
        encoded = encode_body(json, form, files)
        if encoded is not None:
            if "body" in kwargs or "body_producer" in kwargs:
                raise ValueError("a request has one body: body, body_producer, json, or a form")
            headers = HTTPHeaders(kwargs.get("headers") or {})
            headers.setdefault("Content-Type", encoded[0])
            kwargs["headers"], kwargs["body"] = headers, encoded[1]
        elif method in _METHODS_WITH_BODY and "body_producer" not in kwargs:
            kwargs.setdefault("body", b"")
        kwargs.setdefault("allow_nonstandard_methods", True)
        url = url_concat(path, params)
        return self.fetch(url, method=method, raise_error=raise_error, **kwargs)

    # Any: the arguments of `request`
    def get(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """GET a path; see `request`."""
        return self.request("GET", path, **kwargs)

    def head(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """HEAD a path; see `request`."""
        return self.request("HEAD", path, **kwargs)

    def options(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """Ask for the OPTIONS of a path; see `request`."""
        return self.request("OPTIONS", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """POST to a path; see `request`."""
        return self.request("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """PUT to a path; see `request`."""
        return self.request("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """PATCH a path; see `request`."""
        return self.request("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> asyncio.Task[MemoryResponse]:
        """DELETE a path; see `request`."""
        return self.request("DELETE", path, **kwargs)
