"""The proxies that the environment names, in the variables that other programs read too."""

from __future__ import annotations

import os

from ._route import Proxy
from ._url import URL, parse_url

__all__ = ["environment_proxy"]


def environment_proxy(url: URL) -> Proxy | None:
    """Return the proxy that the environment names for a URL, None if none.

    It is in `http_proxy` or `https_proxy`, else in `all_proxy`; capitals count where the variable
    is not set in lower case. `no_proxy` lists, with commas, the hosts that are reached directly:
    names, which mean the names below them too, addresses, each with a port or without; `*` is all.
    `HTTP_PROXY` does not count in a CGI program, where clients can set it (CVE-2016-5386).

    Raises ValueError for a proxy that is none of http.
    """
    named = _variable(f"{url.scheme}_proxy") or _variable("all_proxy")
    if not named or _is_excepted(url, _variable("no_proxy")):
        return None
    try:
        proxy = parse_url(named if "://" in named else f"http://{named}")
        if proxy.scheme != "http":
            raise ValueError("https between client and proxy is not known here")
    except ValueError as error:
        raise ValueError(f"the proxy of the environment for {url.scheme}: {error}") from error
    return Proxy(proxy.host, proxy.port, proxy.username, proxy.password or "", "basic")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in os.environ):
        value = os.environ.get(name.upper())
    return (value or "").strip()


def _is_excepted(url: URL, exceptions: str) -> bool:
    for entry in exceptions.lower().split(","):
        name = entry.strip()
        host, colon, port = name.rpartition(":")
        if colon and port.isdecimal() and (":" not in host or host.endswith("]")):
            if int(port) != url.port:
                continue
            name = host
        name = name.strip("[]").removeprefix(".")
        if name == "*" or name == url.host or (name and url.host.endswith(f".{name}")):
            return True
    return False
