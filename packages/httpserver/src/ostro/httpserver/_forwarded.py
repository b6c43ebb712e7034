"""The client's address and scheme as a reverse proxy reports them.

This file owns the reading of those headers, and knows no connection: it is given a context and
headers, and returns the context to use.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from ostro.httputil import ConnectionContext, HTTPHeaders

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(addresses: Iterable[str]) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(address, strict=False) for address in addresses)


def _valid_ip(text: str) -> bool:
    """Tell whether `text` is an IP address and nothing else; scope ids mean nothing on another
    machine.
    """
    if "%" in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _contains(networks: tuple[_Network, ...], text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # A socket that serves both families calls its IPv4 clients ::ffff:192.0.2.1.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


class ForwardedHeaders:
    """Reads `X-Real-Ip`, `X-Forwarded-For`, `X-Scheme` and `X-Forwarded-Proto`.

    `trusted_proxies`: addresses or networks ("10.0.0.0/8") whose connections may report another
    client; None trusts whoever connects, as is right when only the proxy can reach the server.
    `trusted_downstream`: further proxies, nearer to the client, which are skipped when
    `X-Forwarded-For` is read from its end.
    """

    __slots__ = ("_downstream", "_proxies")

    def __init__(
        self,
        trusted_proxies: Iterable[str] | None = None,
        trusted_downstream: Iterable[str] = (),
    ) -> None:
        self._proxies = None if trusted_proxies is None else _networks(trusted_proxies)
        self._downstream = _networks(trusted_downstream) + (self._proxies or ())

    def apply(self, context: ConnectionContext, headers: HTTPHeaders) -> ConnectionContext:
        """Return the context that the headers describe, or `context` itself where they add nothing.

        What does not look like an IP address, or like one of the two schemes, is ignored.
        """
        if self._proxies is not None and not _contains(self._proxies, context.remote_ip):
            return context
        remote_ip = self._remote_ip(headers) or context.remote_ip
        protocol = self._protocol(headers) or context.protocol
        return ConnectionContext(remote_ip, protocol, context.address, context.secure)

    def _remote_ip(self, headers: HTTPHeaders) -> str | None:
        real = headers.get("X-Real-Ip")
        if real is not None and _valid_ip(real.strip()):
            return real.strip()
        for part in reversed(headers.get("X-Forwarded-For", "").split(",")):
            candidate = part.strip()
            if not _contains(self._downstream, candidate):
                return candidate if _valid_ip(candidate) else None
        return None

    def _protocol(self, headers: HTTPHeaders) -> str | None:
        reported = headers.get("X-Scheme") or headers.get("X-Forwarded-Proto") or ""
        scheme = reported.rpartition(",")[2].strip().lower()
        return scheme if scheme in ("http", "https") else None
