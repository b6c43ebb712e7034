"""CurlAsyncHTTPClient: the client on libcurl.

This file owns what all fetches of a client share. What each does is in `_fetch`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ostro.httpclient import (
    AsyncHTTPClient,
    ClientClosedError,
    CookieJar,
    HTTPRequest,
    HTTPResponse,
    ResponseReceiver,
)
from ostro.httpclient.parts import (
    DEFAULT_MAX_BUFFER_SIZE,
    DEFAULT_MAX_CLIENTS,
    BodyLimits,
    Turns,
    check_least,
)
from ostro.ioloop import Sweeper

from ._engine import Engine
from ._fetch import CurlFetch

__all__ = ["CurlAsyncHTTPClient"]

DEFAULT_MAX_HEADER_SIZE: Final = 65536
"""Bytes of the head of a response: as much as the simple client takes."""

DEFAULT_IDLE_TIMEOUT: Final = 15.0
"""Seconds that an idle connection is kept. Many servers close theirs sooner than a minute."""


class CurlAsyncHTTPClient(AsyncHTTPClient):
    """An HTTP client on libcurl, which brings HTTP/2, more kinds of proxies, interfaces by name.

    It takes the same requests as the simple client, and gives the same responses and errors.

    Args:
        max_clients: Fetches that run at a time; others wait, and go in order of arrival.
        max_clients_per_host: Fetches that run at a time for one host; None for no bound of its own.
        max_idle_connections: Connections that are kept idle; None means `max_clients`.
        idle_timeout: Seconds that a connection may have been idle to be used again; 0 keeps none.
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
        idle_timeout: float = DEFAULT_IDLE_TIMEOUT,
        max_header_size: int = DEFAULT_MAX_HEADER_SIZE,
        max_body_size: int | None = None,
        max_buffer_size: int = DEFAULT_MAX_BUFFER_SIZE,
        cookie_jar: CookieJar | None = None,
        environment_proxies: bool = False,
        defaults: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the arguments; the class itself calls this."""
        super().initialize(defaults=defaults, **kwargs)
        check_least(0, max_idle_connections=max_idle_connections, idle_timeout=idle_timeout)
        check_least(1, max_header_size=max_header_size)
        if max_idle_connections is None:
            max_idle_connections = max_clients
        # The clock of all deadlines and times.
        self.sweeper = Sweeper(self.io_loop)
        self.turns = Turns(max_clients, max_clients_per_host)
        self.engine = Engine(self.io_loop, max_idle_connections, max_clients)
        # Seconds that a connection may have been idle, to be used again; 0 if none is to be.
        self.idle_timeout = idle_timeout if max_idle_connections > 0 else 0.0
        self.max_header_size = max_header_size
        self.body_limits = BodyLimits(max_buffer_size, max_body_size)
        self.cookie_jar = cookie_jar
        self.environment_proxies = environment_proxies

    async def perform(
        self, request: HTTPRequest, receiver: ResponseReceiver | None = None
    ) -> HTTPResponse:
        """Carry out a request; see AsyncHTTPClient."""
        if self.engine.abandoned:
            raise ClientClosedError("the client belongs to the process that this was forked from")
        return await CurlFetch(self, request, receiver).run()

    def close(self) -> None:
        """Close the client, see AsyncHTTPClient, and its connections."""
        super().close()
        self.engine.close()
        self.sweeper.stop()
