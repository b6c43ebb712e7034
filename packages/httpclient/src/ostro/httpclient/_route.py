"""Where a request goes: to the server, through a proxy, into a unix socket; with TLS or without.

Two requests with equal routes may use the same connection, and no others. Nothing here connects.
"""

from __future__ import annotations

import re
import ssl
from typing import Final, NamedTuple

from ostro.netutil import is_valid_ip

from ._request import HTTPRequest
from ._tls import context_of
from ._url import URL, parse_url

__all__ = ["Proxy", "Route", "proxy_of", "route_of"]


_is_more_than_a_host: Final = re.compile(r"[/?#@\\]").search
"""What would end the host in a URL, or stand before it."""


class Proxy(NamedTuple):
    """An HTTP proxy, and who asks it. `username` is None where it wants to know nobody."""

    host: str
    port: int
    username: str | None
    password: str
    auth_mode: str


class Route(NamedTuple):
    """The way to a server.

    With a proxy and plain HTTP, `host` and `port` are the proxy's, since any server is reached on
    one connection; `proxy` says how to ask. `tls` is None for plain HTTP.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    proxy: Proxy | None
    ipv6: bool
    source_ip: str | None
    unix_socket: str | None

    @property
    def tunnelled(self) -> bool:
        """Whether the proxy only passes bytes on."""
        return self.proxy is not None and self.tls is not None


def route_of(request: HTTPRequest, url: URL, proxy: Proxy | None) -> Route:
    """Return the way to a URL.

    Raises ValueError for a network interface that is no address, for a `prepare_curl_callback`,
    for TLS settings that are not accepted; OSError for files that cannot be read.
    """
    source_ip = request.network_interface
    if source_ip is not None and not is_valid_ip(source_ip):
        raise ValueError(
            f"network_interface is {source_ip!a:.100}, expected an IP address; the client on "
            "libcurl takes names too"
        )
    tls = context_of(request) if url.scheme == "https" else None
    host, port = url.host, url.port
    if proxy is not None and tls is None:
        host, port = proxy.host, proxy.port
    ipv6 = request.allow_ipv6 is not False
    return Route(host, port, tls, proxy, ipv6, source_ip, request.unix_socket)


def proxy_of(request: HTTPRequest) -> Proxy | None:
    """Return the proxy that a request names."""
    host = request.proxy_host
    if host is None or request.unix_socket is not None:
        return None
    if _is_more_than_a_host(host) is not None:
        # What it is may have a password in it.
        raise ValueError("proxy_host is a URL or the like, expected a host name or an IP address")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    named = parse_url(f"http://{host}:{request.proxy_port}")
    return Proxy(
        named.host,
        named.port,
        request.proxy_username,
        request.proxy_password or "",
        request.proxy_auth_mode or "basic",
    )
