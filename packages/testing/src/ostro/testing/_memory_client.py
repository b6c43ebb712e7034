"""MemoryClient: an HTTP client that asks an application without a socket.

It is an AsyncHTTPClient like the others, and what those can do besides the network it can do:
redirects, cookies, streaming, deadlines. This file owns the way from one request of a fetch to the
next; each of them is `_memory_exchange`'s.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ostro.httpclient import (
    CookieJar,
    HTTPRequest,
    HTTPResponse,
    HTTPTimeoutError,
    RedirectError,
    ResponseReceiver,
    TooManyRedirectsError,
)
from ostro.httputil import (
    ConnectionContext,
    HTTPHeaders,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    encode_username_password,
    url_concat,
)
from ostro.ioloop import IOLoop
from ostro.websocket import ClientHandshake, WebSocketClientConnection

from ._lifespan import Started
from ._memory_connection import MemoryConnection
from ._memory_exchange import Body, Exchange, body_of
from ._memory_identity import MemoryIdentity
from ._memory_response import MemoryResponse
from ._memory_stream import DEFAULT_WINDOW
from ._request_bodies import NO_JSON, Fields, Files, encode_body
from ._websockets import OpenedWebSockets

__all__ = ["MemoryClient"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FORM_TYPE = "application/x-www-form-urlencoded"
_TARGET_CHARACTERS = "%/:?[]@!$&'()*+,;=-._~"


class MemoryClient(MemoryIdentity):
    """An HTTP client that asks an application in memory, without a socket.

        async with MemoryClient(application) as client:
            response = await client.post("/login", form={"name": "Ada"})
            assert response.code == 200
            assert response.json() == {"ok": True}

    It is an AsyncHTTPClient: `fetch` and `stream` take what they always take, and a URL may be a
    path. `get`, `post` and the others are shorter, and give the response whatever its code. Cookies
    are kept, in `cookies`. Redirects are followed as long as they stay on the same host. In `async
    with`, the application is started up, if it has the setting `lifespan`, and shut down.

    Of a request, what concerns the network has no effect. Responses are not compressed, unless
    `decompress_response` asks for that. Digest authentication is not there.

    Args:
        application: Who answers: an Application, or another HTTPServerConnectionDelegate.
        base_url: What paths are relative to; its host is what the application sees.
        io_loop: The loop to run on; None means `IOLoop.current()`.
        defaults: Values for parameters of `HTTPRequest` that a request leaves at None.
        remote_ip: The IP address that the requests come from.
        certificate: What `get_ssl_certificate` of the requests returns.
        xsrf: Send the XSRF token with each request that needs one, as a page of the site would.
    """

    def __new__(
        cls,
        application: HTTPServerConnectionDelegate,
        *,
        base_url: str = "http://localhost",
        io_loop: IOLoop | None = None,
        defaults: Mapping[str, object] | None = None,
        remote_ip: str = "127.0.0.1",
        certificate: Mapping[str, object] | bytes | None = None,
        xsrf: bool = False,
    ) -> Self:
        client = super().__new__(cls, io_loop, force_instance=True, defaults=defaults)
        client.application = application
        client.base_url = base_url
        client.cookies = CookieJar()
        client._remote_ip = remote_ip
        client._certificate = certificate
        client._xsrf = xsrf
        client._started = Started(application)
        client._websockets = OpenedWebSockets()
        return client

    _remote_ip: str
    _certificate: Mapping[str, object] | bytes | None
    _xsrf: bool
    _started: Started
    _websockets: OpenedWebSockets

    # Any: as in the base class
    def initialize(self, *, defaults: Mapping[str, object] | None = None, **kwargs: Any) -> None:
        """Take the arguments; the class itself calls this."""
        super().initialize(defaults={"decompress_response": False, **(defaults or {})}, **kwargs)

    async def __aenter__(self) -> Self:
        await self._started.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client and its WebSockets, and shut down what it has started up. Idempotent."""
        await self._websockets.close()
        self.close()
        await self._started.end()

    # Asking

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

    # Any: the arguments of ClientHandshake
    async def ws_connect(self, path: str, **kwargs: Any) -> WebSocketClientConnection:
        """Open a WebSocket to the application, in memory too.

        Args:
            path: A path.
            **kwargs: What `ClientHandshake` of `ostro.websocket` takes: `headers`, `subprotocols`
                and so on.

        Raises HandshakeRefusedError where the application answers otherwise, and HandshakeError.
        """
        text = _absolute(self.base_url, path)
        handshake = ClientHandshake(f"ws{text.removeprefix('http')}", **kwargs)
        headers = handshake.headers.copy()
        self._add_cookies(text, headers)
        connection = MemoryConnection(
            RequestStartLine("GET", handshake.target, "HTTP/1.1"),
            context=self._context(urlsplit(text)),
            certificate=self._certificate,
        )
        await connection.send(self.application, headers)
        answer = await connection.head()
        fields = connection.headers
        assert fields is not None  # they come with the head
        self._store_cookies(text, fields)
        body = b"" if answer.code == 101 else await connection.body()
        handshake.check(answer.code, fields, body)
        websocket = handshake.accept(fields, await connection.detached())
        self._websockets.add(websocket)
        return websocket

    # What AsyncHTTPClient asks for

    async def perform(
        self, request: HTTPRequest, receiver: ResponseReceiver | None = None
    ) -> MemoryResponse:
        """Carry out a request; called by `fetch` and `stream`."""
        timeout = request.request_timeout
        try:
            async with asyncio.timeout(timeout or None) as limit:
                return await self._follow(request, receiver)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise HTTPTimeoutError(f"timed out after {timeout} seconds") from error

    async def _follow(
        self, request: HTTPRequest, receiver: ResponseReceiver | None
    ) -> MemoryResponse:
        start_time = time.time()
        text = _absolute(self.base_url, request.url)
        method, headers, body = request.method, request.headers, body_of(request)
        streams = receiver is not None or request.streaming_callback is not None
        redirects = 0
        while True:
            exchange = self._exchange(
                request, text, method, headers, body, start_time, streams=streams
            )
            response = await exchange.run(receiver)
            answered = exchange.connection.headers
            assert answered is not None  # or it would have failed
            self._store_cookies(text, answered)
            if not exchange.is_followed(response.code, answered):
                return response
            if redirects == request.max_redirects:
                message = f"more than {redirects} redirects"
                raise TooManyRedirectsError(response.code, message, response)
            redirects += 1
            text = urljoin(text, answered["Location"])
            if response.code == 303 or (response.code in (301, 302) and method == "POST"):
                method = "HEAD" if method == "HEAD" else "GET"
                body = b""
                headers = _without_body_fields(headers)

    def _exchange(
        self,
        request: HTTPRequest,
        text: str,
        method: str,
        headers: HTTPHeaders,
        body: Body,
        start_time: float,
        *,
        streams: bool,
    ) -> Exchange:
        url = urlsplit(text)
        connection = MemoryConnection(
            RequestStartLine(method, _target(url), "HTTP/1.1"),
            context=self._context(url),
            window=DEFAULT_WINDOW if streams else None,
            certificate=self._certificate,
        )

        def is_followed(code: int, answered: HTTPHeaders) -> bool:
            location = answered.get("Location")
            if not request.follow_redirects or code not in _REDIRECTS or location is None:
                return False
            target = urlsplit(urljoin(text, location))
            if target.scheme not in ("http", "https"):
                raise RedirectError(code, f"a redirect to {location!a:.100}")
            return target.hostname == url.hostname

        fields = self._fields(request, text, url, method, headers)
        return Exchange(
            self.application, connection, request, text, fields, body, start_time, is_followed
        )

    def _fields(
        self, request: HTTPRequest, text: str, url: SplitResult, method: str, given: HTTPHeaders
    ) -> HTTPHeaders:
        """Return the fields of a request: those that are given, and what is usual."""
        fields = HTTPHeaders()
        fields["Host"] = url.netloc.rpartition("@")[2]
        fields.update(given)
        if request.user_agent:
            fields.setdefault("User-Agent", request.user_agent)
        if request.decompress_response:
            fields.setdefault("Accept-Encoding", "gzip")
        if method == "POST":
            fields.setdefault("Content-Type", _FORM_TYPE)
        if request.auth_username is not None:
            fields.setdefault("Authorization", _authorization(request))
        if self._xsrf and method not in _SAFE_METHODS:
            fields.setdefault("X-Xsrftoken", self.xsrf_token)
        self._add_cookies(text, fields)
        return fields

    def _context(self, url: SplitResult) -> ConnectionContext:
        address = (self._remote_ip, 0)
        return ConnectionContext(self._remote_ip, url.scheme, address, url.scheme == "https")


_absolute = functools.lru_cache(maxsize=256)(urljoin)
"""Tests ask for the same few paths again and again."""


def _target(url: SplitResult) -> str:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return quote(target, safe=_TARGET_CHARACTERS)


def _authorization(request: HTTPRequest) -> str:
    if request.auth_mode != "basic":
        raise ValueError(f"auth_mode is {request.auth_mode!r}, expected 'basic' in memory")
    pair = encode_username_password(request.auth_username or "", request.auth_password or "")
    return f"Basic {base64.b64encode(pair).decode()}"


def _without_body_fields(headers: HTTPHeaders) -> HTTPHeaders:
    kept = headers.copy()
    for name in ("Content-Type", "Content-Length", "Content-Encoding"):
        kept.pop(name, None)
    return kept
