"""From a route to a connection: TCP or a unix socket, through a proxy if need be, TLS on top.

Whatever goes wrong here, a cancellation included, leaves nothing behind, and has a name below
HTTPConnectError.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ostro.http1 import NEED_DATA, HTTP1Error, Limits, ResponseHead
from ostro.httputil import HTTPHeaders
from ostro.iostream import IOStream, SSLIOStream, StreamClosedError
from ostro.netutil import Resolver, TCPClient

from ._authorization import learn_from_proxy, proxy_authorization
from ._connection import ClientConnection
from ._digest import DigestMemory, DigestRequest
from ._route import Proxy, Route
from ._timing import Timing
from ._url import URL
from .errors import HTTPConnectError, HTTPTLSError, ProxyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connector"]

Address = tuple[int, Any]  # Any: each family has its own form of address

_TUNNEL_LIMITS = Limits(max_body_bytes=65536)
"""The answer to CONNECT may have a page of explanation, where it is a refusal."""


class Connector:
    """Makes connections.

    Args:
        resolver: Looks up host names.
        limits: The bounds of each connection's codec.
        clock: For timing.
        digests: What is known of proxies that ask for Digest authentication.
    """

    def __init__(
        self, resolver: Resolver, limits: Limits, clock: Callable[[], float], digests: DigestMemory
    ) -> None:
        self._resolver = resolver
        self._limits = limits
        self._clock = clock
        self._digests = digests

    async def connect(self, route: Route, url: URL, timing: Timing) -> ClientConnection:
        """Connect. Raises HTTPConnectError and those below it."""
        proxy = route.proxy
        if route.unix_socket is not None:
            stream = await self._connect_unix(route.unix_socket)
        elif proxy is not None:
            stream = await self._connect_tcp(proxy.host, proxy.port, route, timing)
        else:
            stream = await self._connect_tcp(route.host, route.port, route, timing)
        timing.connected = self._clock()
        try:
            if proxy is not None and route.tunnelled:
                stream = await self._tunnel(stream, proxy, route, url, timing)
            if route.tls is not None:
                stream = await _secure(stream, route.tls, url.host)
                timing.secured = self._clock()
            return ClientConnection(stream, route, self._limits)
        except BaseException:
            stream.close()
            raise

    async def _connect_tcp(self, host: str, port: int, route: Route, timing: Timing) -> IOStream:
        family = socket.AF_UNSPEC if route.ipv6 else socket.AF_INET
        resolver = _NotingResolver(self._resolver, timing, self._clock)
        try:
            return await TCPClient(resolver).connect(host, port, family, source_ip=route.source_ip)
        except OSError as error:
            raise HTTPConnectError(str(error)) from error

    async def _connect_unix(self, path: str) -> IOStream:
        stream = IOStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            await stream.connect(path)
        except StreamClosedError as error:
            reason = error.real_error or error
            raise HTTPConnectError(f"cannot connect to {path!a:.200}: {reason}") from reason
        except BaseException:
            stream.close()
            raise
        return stream

    # Proxies

    async def _tunnel(
        self, stream: IOStream, proxy: Proxy, route: Route, url: URL, timing: Timing
    ) -> IOStream:
        """Have a proxy connect to the server, and return the stream that leads there."""
        request = DigestRequest("CONNECT", url.tunnel, None)
        connection = ClientConnection(stream, route, _TUNNEL_LIMITS)
        try:
            with _as_proxy_error(proxy):
                head = await _ask_for_tunnel(
                    connection, url, proxy_authorization(proxy, request, self._digests)
                )
                if learn_from_proxy(proxy, head, request, self._digests):
                    connection = await self._once_more(connection, proxy, route, timing)
                    head = await _ask_for_tunnel(
                        connection, url, proxy_authorization(proxy, request, self._digests)
                    )
                if not 200 <= head.code < 300:
                    raise ProxyError(
                        f"the proxy {proxy.host} answers {head.code} {head.reason!a:.100}",
                        status=head.code,
                    )
                await _pass_over_body(connection)  # there is none after this answer
                early = connection.codec.take_unread()
            connection.stream.set_receiver(None)
            connection.stream.unread(early)
        except BaseException:
            connection.close()
            raise
        return connection.stream

    async def _once_more(
        self, connection: ClientConnection, proxy: Proxy, route: Route, timing: Timing
    ) -> ClientConnection:
        """Return a connection on which the proxy can be asked again."""
        codec = connection.codec
        try:
            await _pass_over_body(connection)
            if codec.can_keep_alive:
                codec.start_next_cycle()
                return connection
        except (HTTP1Error, StreamClosedError):
            """Another connection does as well."""
        connection.close()
        stream = await self._connect_tcp(proxy.host, proxy.port, route, timing)
        return ClientConnection(stream, route, _TUNNEL_LIMITS)


class _NotingResolver(Resolver):
    """Asks another resolver, and takes note of when the answer came."""

    def initialize(self, resolver: Resolver, timing: Timing, clock: Callable[[], float]) -> None:
        self._resolver = resolver
        self._timing = timing
        self._clock = clock

    async def resolve(
        self,
        host: str,
        port: int,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[list[Address]], object] | None = None,
    ) -> list[Address]:
        found = await self._resolver.resolve(host, port, family)
        self._timing.looked_up = self._clock()
        return found


async def _ask_for_tunnel(
    connection: ClientConnection, url: URL, authorization: str | None
) -> ResponseHead:
    """Send CONNECT and return the head of the answer."""
    headers = HTTPHeaders({"Host": url.tunnel})
    if authorization is not None:
        headers["Proxy-Authorization"] = authorization
    codec = connection.codec
    connection.stream.write(codec.send_request("CONNECT", url.tunnel, headers, end=True))
    while True:
        event = codec.next_event()
        if event is NEED_DATA:
            codec.receive(await connection.receive())
        elif isinstance(event, ResponseHead) and not event.informational:
            return event


async def _pass_over_body(connection: ClientConnection) -> None:
    codec = connection.codec
    while not codec.response_complete:
        if codec.next_event() is NEED_DATA:
            codec.receive(await connection.receive())


@contextlib.contextmanager
def _as_proxy_error(proxy: Proxy) -> Iterator[None]:
    try:
        yield
    except HTTP1Error as error:
        raise ProxyError(f"the answer of the proxy {proxy.host} is malformed: {error}") from error
    except StreamClosedError as error:
        raise ProxyError(f"the proxy {proxy.host} closed the connection") from error


async def _secure(stream: IOStream, context: ssl.SSLContext, host: str) -> IOStream:
    """Begin TLS. A name for SNI and the certificate has no dot at its end."""
    name = host.removesuffix(".").partition("%")[0]
    try:
        handshake = stream.start_tls(False, context, server_hostname=name)
        try:
            return await asyncio.shield(handshake)
        except asyncio.CancelledError:
            # The stream that does the handshake is not known before its end, but its socket is.
            with contextlib.suppress(OSError):
                stream.socket.shutdown(socket.SHUT_RDWR)
            handshake.add_done_callback(_close_result)
            raise
    except StreamClosedError as error:
        reason = error.real_error
        what = "the connection was closed" if reason is None else str(reason)
        raise HTTPTLSError(f"TLS with {host} failed: {what}") from (reason or error)
    except (OSError, ValueError) as error:
        raise HTTPTLSError(f"TLS with {host} failed: {error}") from error


def _close_result(handshake: asyncio.Future[SSLIOStream]) -> None:
    if handshake.exception() is None:
        handshake.result().close()
