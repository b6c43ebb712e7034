"""Who asks: the Authorization and Proxy-Authorization of a request, and the answer to a refusal."""

from __future__ import annotations

import base64

from ostro.http1 import ResponseHead
from ostro.httputil import encode_username_password

from ._digest import Credentials, DigestMemory, DigestRequest, learn
from ._route import Proxy
from ._url import URL

__all__ = [
    "basic_credentials",
    "learn_from_proxy",
    "learn_from_server",
    "proxy_authorization",
    "server_authorization",
]


def basic_credentials(username: str, password: str) -> str:
    """Return the field value of the Basic scheme. Spec: RFC 7617."""
    return "Basic " + base64.b64encode(encode_username_password(username, password)).decode()


def server_authorization(
    url: URL,
    credentials: Credentials,
    mode: str | None,
    request: DigestRequest,
    digests: DigestMemory,
) -> str | None:
    """Return the value of Authorization; None where the server has to ask first."""
    if mode == "digest":
        return digests.authorization(url.origin, request, credentials)
    return basic_credentials(*credentials)


def learn_from_server(
    url: URL,
    credentials: Credentials | None,
    mode: str | None,
    head: ResponseHead,
    request: DigestRequest,
    digests: DigestMemory,
) -> bool:
    """Take note of what a 401 asks; say whether the request can be sent again with the answer."""
    if head.code != 401 or credentials is None or mode != "digest":
        return False
    asked = head.headers.get_list("Www-Authenticate")
    return learn(digests, url.origin, asked, request, credentials.username)


def proxy_authorization(proxy: Proxy, request: DigestRequest, digests: DigestMemory) -> str | None:
    """Return the value of Proxy-Authorization; None where the proxy has to ask first, or not to
    know.
    """
    if proxy.username is None:
        return None
    if proxy.auth_mode == "digest":
        return digests.authorization(_place(proxy), request, _credentials(proxy))
    return basic_credentials(*_credentials(proxy))


def learn_from_proxy(
    proxy: Proxy, head: ResponseHead, request: DigestRequest, digests: DigestMemory
) -> bool:
    """Take note of what a 407 asks; say whether the request can be sent again with the answer."""
    if head.code != 407 or proxy.username is None or proxy.auth_mode != "digest":
        return False
    asked = head.headers.get_list("Proxy-Authenticate")
    return learn(digests, _place(proxy), asked, request, proxy.username)


def _place(proxy: Proxy) -> tuple[str, str, int]:
    return "proxy", proxy.host, proxy.port


def _credentials(proxy: Proxy) -> Credentials:
    return Credentials(proxy.username or "", proxy.password)
