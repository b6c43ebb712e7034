"""SimpleAsyncHTTPClient: the client that needs no other library.

This file owns what all fetches of a client share. What each does is in `_fetch`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ostro.http1 import DEFAULT_MAX_HEAD_BYTES, DEFAULT_MAX_START_LINE_BYTES, Limits
from ostro.ioloop import Sweeper
from ostro.netutil import OverrideResolver, Resolver

from ._arrival import DEFAULT_MAX_BUFFER_SIZE, BodyLimits
from ._checks import check_least
from ._client import AsyncHTTPClient
from ._connector import Connector
from ._cookie_jar import CookieJar
from ._digest import DigestMemory
from ._pool import ConnectionPool
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from ._simple_fetch import SimpleFetch
from ._turns import DEFAULT_MAX_CLIENTS, Turns

__all__ = ["SimpleAsyncHTTPClient"]

DEFAULT_IDLE_TIMEOUT: Final = 15.0
"""Seconds that an idle connection is kept. Many servers close theirs sooner than a minute."""


class SimpleAsyncHTTPClient(AsyncHTTPClient):
    """An HTTP/1.1 client with a pool of connections, redirects, proxies, TLS and compression.

    Args:
        max_clients: Fetches that run at a time; others wait, and go in order of arrival.
        max_clients_per_host: Fetches that run at a time for one host; None for no bound of its own.
        max_idle_connections: Connections that are kept idle; None means `max_clients`.
        max_idle_connections_per_host: Those to one server, with the same TLS settings and proxy;
            None means `max_idle_connections`.
        idle_timeout: Seconds that a connection is kept idle; 0 keeps none.
        hostname_mapping: From host names to the addresses or names that stand for them, as
            `OverrideResolver` takes it.
        resolver: What looks up host names; None means `Resolver()`.
        max_header_size: Bytes of the head of a response.
        max_body_size: Bytes of the body of a response, as it is sent and decompressed; None means
            `max_buffer_size` where the body is kept, and no limit where it is streamed.
        max_buffer_size: Bytes of a body that is kept in memory.
        cookie_jar: Keeps the cookies of responses, and sends them; None for none.
        environment_proxies: Use the proxies that the variables `http_proxy`, `https_proxy`,
            `all_proxy` and `no_proxy` name, for requests that name none.
        defaults: See AsyncHTTPClient.

    Raises ValueError for a number that makes no sense.
    """

    # Any: what nobody knows goes to the base class, which refuses it.
    def initialize(
        self,
        *,
        max_clients: int = DEFAULT_MAX_CLIENTS,
        max_clients_per_host: int | None = None,
        max_idle_connections: int | None = None,
        max_idle_connections_per_host: int | None = None,
        idle_timeout: float = DEFAULT_IDLE_TIMEOUT,
        hostname_mapping: Mapping[Any, str | tuple[str, int]] | None = None,
        resolver: Resolver | None = None,
        max_header_size: int = DEFAULT_MAX_HEAD_BYTES,
        max_body_size: int | None = None,
        max_buffer_size: int = DEFAULT_MAX_BUFFER_SIZE,
        cookie_jar: CookieJar | None = None,
        environment_proxies: bool = False,
        defaults: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the arguments; the class itself calls this."""
        super().initialize(defaults=defaults, **kwargs)
        check_least(
            0,
            max_idle_connections=max_idle_connections,
            max_idle_connections_per_host=max_idle_connections_per_host,
            idle_timeout=idle_timeout,
        )
        check_least(1, max_header_size=max_header_size)
        if max_idle_connections is None:
            max_idle_connections = max_clients if idle_timeout > 0 else 0
        if max_idle_connections_per_host is None:
            max_idle_connections_per_host = max_idle_connections
        loop = self.io_loop.asyncio_loop
        # The clock of all deadlines and times.
        self.sweeper = Sweeper(self.io_loop)
        self.turns = Turns(max_clients, max_clients_per_host)
        self.pool = ConnectionPool(
            self.sweeper, max_idle_connections, max_idle_connections_per_host, idle_timeout
        )
        self.pool.close_with(loop)
        self._own_resolver = Resolver() if resolver is None else None
        resolver = self._own_resolver if resolver is None else resolver
        assert resolver is not None  # it is the own one then
        if hostname_mapping is not None:
            resolver = OverrideResolver(resolver, hostname_mapping)
        # What is known of servers and proxies with Digest authentication.
        self.digests = DigestMemory()
        limits = Limits(
            max_head_bytes=max_header_size,
            max_start_line_bytes=min(max_header_size, DEFAULT_MAX_START_LINE_BYTES),
        )
        self.connector = Connector(resolver, limits, self.sweeper.clock, self.digests)
        self.body_limits = BodyLimits(max_buffer_size, max_body_size)
        self.cookie_jar = cookie_jar
        self.environment_proxies = environment_proxies

    async def perform(
        self, request: HTTPRequest, receiver: ResponseReceiver | None = None
    ) -> HTTPResponse:
        """Carry out a request; see AsyncHTTPClient."""
        if request.prepare_curl_callback is not None:
            raise ValueError("prepare_curl_callback needs the client on libcurl")
        return await SimpleFetch(self, request, receiver).run()

    def close(self) -> None:
        """Close the client, see AsyncHTTPClient, and its idle connections."""
        super().close()
        if not self.io_loop.asyncio_loop.is_closed():
            self.pool.close()
            self.sweeper.stop()
        if self._own_resolver is not None:
            self._own_resolver.close()
