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
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin

from ostro.httpclient import (
    CookieJar,
    HTTPRequest,
    HTTPTimeoutError,
    RedirectError,
    ResponseReceiver,
    TooManyRedirectsError,
)
from ostro.httpclient.parts import URL, Hop, add_cookies, add_usual, parse_url
from ostro.httputil import (
    ConnectionContext,
    HTTPHeaders,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    encode_username_password,
)
from ostro.ioloop import IOLoop
from ostro.websocket import ClientHandshake, WebSocketClientConnection

from ._lifespan import Started
from ._memory_connection import MemoryConnection
from ._memory_exchange import Exchange, body_of
from ._memory_methods import MemoryMethods
from ._memory_response import MemoryResponse
from ._memory_stream import DEFAULT_WINDOW
from ._websockets import OpenedWebSockets

__all__ = ["MemoryClient"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"


class MemoryClient(MemoryMethods):
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
            context=self._context(parse_url(text)),
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
        request.url = _absolute(self.base_url, request.url)  # it is a copy, made for this
        hop = Hop.first(request)
        redirects = 0
        while True:
            exchange = self._exchange(request, hop, start_time, streams=receiver is not None)
            response = await exchange.run(receiver)
            answered = exchange.connection.headers
            assert answered is not None  # or it would have failed
            self._store_cookies(hop.text, answered)
            after = _redirected(request, hop, response.code, answered)
            if after is None:
                return response
            if redirects == request.max_redirects:
                message = f"more than {redirects} redirects"
                raise TooManyRedirectsError(response.code, message, response)
            redirects += 1
            hop = after

    def _exchange(
        self, request: HTTPRequest, hop: Hop, start_time: float, *, streams: bool
    ) -> Exchange:
        streams = streams or request.streaming_callback is not None
        connection = MemoryConnection(
            RequestStartLine(hop.method, hop.url.target, "HTTP/1.1"),
            context=self._context(hop.url),
            window=DEFAULT_WINDOW if streams else None,
            certificate=self._certificate,
        )

        def is_followed(code: int, answered: HTTPHeaders) -> bool:
            return _redirected(request, hop, code, answered) is not None

        return Exchange(
            self.application,
            connection,
            request,
            hop.text,
            self._fields(request, hop),
            body_of(hop),
            start_time,
            is_followed,
        )

    def _fields(self, request: HTTPRequest, hop: Hop) -> HTTPHeaders:
        """Return the fields of a request: those that are given, and what is usual."""
        fields = HTTPHeaders({"Host": hop.headers.get("Host") or hop.url.authority})
        for name, value in hop.headers.get_all():
            if name != "Host":
                fields.add(name, value)
        if request.decompress_response:
            fields.setdefault("Accept-Encoding", "gzip")
        add_usual(fields, request, hop)
        if hop.credentials is not None:
            fields.setdefault("Authorization", _authorization(request.auth_mode, *hop.credentials))
        if self._xsrf and hop.method not in _SAFE_METHODS:
            fields.setdefault("X-Xsrftoken", self.xsrf_token)
        add_cookies(fields, hop, self.cookies)
        return fields

    def _context(self, url: URL) -> ConnectionContext:
        address = (self._remote_ip, 0)
        return ConnectionContext(self._remote_ip, url.scheme, address, url.scheme == "https")


@functools.lru_cache(maxsize=256)  # tests ask for the same few paths again and again
def _absolute(base: str, path: str) -> str:
    """Return what a path, which may hold any character, is on the site."""
    return urljoin(base, quote(path, safe=_URL_CHARACTERS))


def _redirected(request: HTTPRequest, hop: Hop, code: int, answered: HTTPHeaders) -> Hop | None:
    """Return the request that follows an answer; None if that is the last.

    Raises RedirectError for a redirect to no URL of http or https.
    """
    if code not in _REDIRECTS or not request.follow_redirects or "Location" not in answered:
        return None
    try:
        after = hop.redirected(code, answered["Location"])
    except ValueError as error:
        raise RedirectError(code, f"a redirect that leads nowhere: {error}") from error
    return after if after is not None and after.url.host == hop.url.host else None


def _authorization(mode: str | None, username: str, password: str) -> str:
    if mode != "basic":
        raise ValueError(f"auth_mode is {mode!r}, expected 'basic' in memory")
    return f"Basic {base64.b64encode(encode_username_password(username, password)).decode()}"
