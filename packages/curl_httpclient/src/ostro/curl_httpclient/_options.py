"""From a request to the options of a handle: whom to connect to, and what to send.

Everything that reaches libcurl as text is looked at first: a line end or a NUL in it is refused,
since libcurl would send it.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import CookieJar, HTTPRequest
from ostro.httpclient.parts import LARGE_BODY, URL, Hop, Proxy, add_cookies, add_usual
from ostro.httputil import HTTPHeaders, encode_username_password

from ._binding import HTTP2, SUPPRESS_CONNECT_HEADERS, Curl
from ._tls import set_tls

__all__ = ["goes_in_pieces", "set_for_another_origin", "set_options"]

_EXPECT_TIMEOUT_MS: Final = 1000
"""Milliseconds that a server has for `100 Continue`."""

_BUFFER_BYTES: Final = 65536
"""Bytes that libcurl receives, and hands over, at a time."""

_MAX_MS: Final = 2**31 - 1
"""The longest time that libcurl takes, in milliseconds: 24 days."""

_PROTOCOLS: Final[int] = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS

_MIXES_INTERFACES: Final[bool] = pycurl.version_info()[2] < 0x081700
"""Whether this libcurl may take a connection of another interface, as it did before 8.23."""

_MIXES_LOGINS: Final[bool] = pycurl.version_info()[2] < 0x081300
"""Whether this libcurl may take a tunnel through the same proxy, opened with the credentials of
another request, as it did before 8.19."""

_find_control: Final = re.compile(r"[\x00-\x1f\x7f]").search
_is_address: Final = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?").fullmatch
_is_length: Final = re.compile(r"[0-9]{1,18}").fullmatch

_METHODS_WITH_BODY: Final = ("POST", "PUT", "PATCH")
"""Methods of which a server expects to hear that there is no body. RFC 9110 section 8.6."""

_NOT_OF_LIBCURL: Final = ("Accept", "Expect", "User-Agent", "Content-Type", "Proxy-Connection")
"""Fields that libcurl would add by itself."""


def set_options(
    curl: Curl,
    request: HTTPRequest,
    hop: Hop,
    proxy: Proxy | None,
    cookie_jar: CookieJar | None,
    idle_timeout: float,
) -> int | None:
    """Set what a request says; return the Content-Length of a body that is produced, if the headers
    say one.

    Args:
        curl: Where nothing is set.
        request: For what stays the same when a redirect is followed.
        hop: For what does not.
        proxy: The proxy, None for none.
        cookie_jar: Has the cookies that are sent, None for none.
        idle_timeout: Seconds that a connection may have been idle; 0 takes and leaves none.

    Raises ValueError for what cannot be sent.
    """
    _set_ground(curl, request)
    _set_sharing(curl, request, proxy, idle_timeout)
    _set_way(curl, request, hop, proxy)
    if hop.url.scheme == "https":
        set_tls(curl, request)
    return _set_message(curl, request, hop, proxy, cookie_jar)


def set_for_another_origin(
    curl: Curl, request: HTTPRequest, hop: Hop, proxy: Proxy | None, cookie_jar: CookieJar | None
) -> None:
    """Take away the secrets that somebody else has set for another server, after `set_options`.

    What is sent is set once more: the headers of somebody else are not told from their secrets.
    """
    curl.unsetopt(pycurl.USERPWD)
    curl.unsetopt(pycurl.COOKIE)
    curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_NONE)
    _set_message(curl, request, hop, proxy, cookie_jar)


def goes_in_pieces(request: HTTPRequest, body: bytes) -> bool:
    """Say whether libcurl asks for a body that is there, so that one knows when it has got all."""
    return len(body) > LARGE_BODY or request.expect_100_continue


def _set_ground(curl: Curl, request: HTTPRequest) -> None:
    """Set what is the same for all requests.

    What libcurl does by itself is not said again: it follows no redirect, keeps no cookies, reads
    no .netrc, and tells a proxy nothing of the header fields that are for the server.
    """
    set_ = curl.setopt
    set_(pycurl.NOSIGNAL, 1)
    set_(pycurl.PROTOCOLS, _PROTOCOLS)
    set_(pycurl.REDIR_PROTOCOLS, _PROTOCOLS)
    set_(pycurl.PATH_AS_IS, 1)
    set_(pycurl.HTTP_VERSION, HTTP2)
    set_(pycurl.BUFFERSIZE, _BUFFER_BYTES)
    # It would be 300 seconds, where nothing is said.
    set_(pycurl.CONNECTTIMEOUT_MS, _milliseconds(request.connect_timeout) or _MAX_MS)


def _set_sharing(
    curl: Curl, request: HTTPRequest, proxy: Proxy | None, idle_timeout: float
) -> None:
    """Set whether a connection that is there may be taken, and this one be left."""
    if (
        not idle_timeout
        or (_MIXES_INTERFACES and request.network_interface is not None)
        or (_MIXES_LOGINS and proxy is not None and proxy.username is not None)
    ):
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
    else:
        curl.setopt(pycurl.MAXAGE_CONN, math.ceil(idle_timeout))


def _milliseconds(seconds: float | None) -> int:
    return round(min(max(1, seconds * 1000), _MAX_MS)) if seconds else 0


# The way to the server


def _set_way(curl: Curl, request: HTTPRequest, hop: Hop, proxy: Proxy | None) -> None:
    curl.setopt(pycurl.URL, _url_text(hop.url))
    if request.allow_ipv6 is False:
        curl.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V4)
    if request.network_interface is not None:
        _set_interface(curl, _checked("network_interface", request.network_interface))
    if request.unix_socket is not None:
        curl.setopt(pycurl.UNIX_SOCKET_PATH, _checked("unix_socket", request.unix_socket))
    _set_proxy(curl, proxy)
    told = "Proxy-Authorization" in hop.headers and hop.url.scheme == "http"
    if proxy is not None and proxy.username is not None and not told:
        _set_proxy_credentials(curl, proxy, proxy.username)


def _set_interface(curl: Curl, interface: str) -> None:
    # A name might be looked up as a host otherwise.
    kind = "host" if _is_address(interface) else "if"
    curl.setopt(pycurl.INTERFACE, f"{kind}!{interface}")


def _url_text(url: URL) -> str:
    """Return the URL for libcurl: as it is sent, but with the zone of an IPv6 address."""
    address, percent, zone = url.host.partition("%")
    if not percent:
        return url.absolute
    return f"{url.scheme}://[{address}%25{zone}]:{url.port}{url.target}"


def _set_proxy(curl: Curl, proxy: Proxy | None) -> None:
    if proxy is None:
        # Libcurl looks into the environment otherwise.
        curl.setopt(pycurl.PROXY, "")
        return
    curl.setopt(pycurl.NOPROXY, "")
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    curl.setopt(pycurl.PROXY, f"http://{host}:{proxy.port}")
    curl.setopt(SUPPRESS_CONNECT_HEADERS, 1)


def _set_proxy_credentials(curl: Curl, proxy: Proxy, username: str) -> None:
    digest = proxy.auth_mode == "digest"
    curl.setopt(pycurl.PROXYAUTH, pycurl.HTTPAUTH_DIGEST if digest else pycurl.HTTPAUTH_BASIC)
    _set_text(curl, pycurl.PROXYUSERNAME, "proxy_username", username)
    _set_text(curl, pycurl.PROXYPASSWORD, "proxy_password", proxy.password)


# What is sent


def _set_message(
    curl: Curl, request: HTTPRequest, hop: Hop, proxy: Proxy | None, cookie_jar: CookieJar | None
) -> int | None:
    fields = _fields(request, hop, proxy, cookie_jar)
    _set_credentials(curl, request, hop, fields)
    length = _set_method(curl, request, hop, fields)
    _set_fields(curl, fields)
    return length


def _fields(
    request: HTTPRequest, hop: Hop, proxy: Proxy | None, cookie_jar: CookieJar | None
) -> HTTPHeaders:
    fields = hop.headers.copy()
    if not fields.get("Host"):
        fields.pop("Host", None)  # libcurl says the one of the URL, unless it is given any
    add_usual(fields, request, hop)
    add_cookies(fields, hop, cookie_jar)
    if request.expect_100_continue and (hop.body is not None or hop.producer is not None):
        fields["Expect"] = "100-continue"
    if proxy is None or hop.url.scheme == "https":
        # It is for the next hop, which is the server itself then.
        fields.pop("Proxy-Authorization", None)
    return fields


def _set_credentials(curl: Curl, request: HTTPRequest, hop: Hop, fields: HTTPHeaders) -> None:
    credentials = hop.credentials
    if credentials is None or "Authorization" in fields:
        return
    if request.auth_mode == "digest":
        curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST)
        _set_text(curl, pycurl.USERNAME, "auth_username", credentials[0])
        _set_text(curl, pycurl.PASSWORD, "auth_password", credentials[1])
    else:
        encoded = base64.b64encode(encode_username_password(*credentials)).decode()
        fields["Authorization"] = f"Basic {encoded}"


def _set_method(curl: Curl, request: HTTPRequest, hop: Hop, fields: HTTPHeaders) -> int | None:
    """Set the method, and the body if it is there; see `set_options` for what is returned."""
    length = _content_length(fields)
    if "Transfer-Encoding" in fields:
        raise ValueError("Transfer-Encoding is the client's to say")
    has_body = hop.body is not None or hop.producer is not None
    if hop.method == "HEAD":
        if has_body:
            raise ValueError("libcurl cannot send HEAD with a body")
        curl.setopt(pycurl.NOBODY, 1)
    elif hop.body is not None:
        if length is not None and length != len(hop.body):
            raise ValueError(f"the body has {len(hop.body)} bytes, Content-Length says {length}")
        if goes_in_pieces(request, hop.body):
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.INFILESIZE_LARGE, len(hop.body))
        else:
            curl.setopt(pycurl.POSTFIELDS, hop.body)
    elif hop.producer is not None:
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.INFILESIZE_LARGE, -1 if length is None else length)
    elif length:
        raise ValueError(f"there is no body, Content-Length says {length}")
    elif hop.method in _METHODS_WITH_BODY:
        curl.setopt(pycurl.POSTFIELDS, b"")
    if has_body:
        curl.setopt(pycurl.EXPECT_100_TIMEOUT_MS, _EXPECT_TIMEOUT_MS)
    if hop.method not in ("GET", "HEAD") or has_body:
        curl.setopt(pycurl.CUSTOMREQUEST, hop.method)
    return length


def _content_length(fields: HTTPHeaders) -> int | None:
    """Take the Content-Length out of the fields, since libcurl says it by itself."""
    text = fields.pop("Content-Length", None)
    if text is None:
        return None
    if _is_length(text) is None:
        raise ValueError(f"Content-Length is {text!a:.50}, expected a number of bytes")
    return int(text)


def _set_fields(curl: Curl, fields: HTTPHeaders) -> None:
    lines = [_line(name, value) for name, value in fields.get_all()]
    lines += [f"{name}:".encode() for name in _NOT_OF_LIBCURL if name not in fields]
    curl.setopt(pycurl.HTTPHEADER, lines)


def _line(name: str, value: str) -> bytes:
    # A field without a value would mean one that libcurl is not to send.
    line = f"{name}: {value}" if value else f"{name};"
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"the header {name} has a character beyond latin-1") from error


def _set_text(curl: Curl, option: int, name: str, value: str) -> None:
    curl.setopt(option, _checked(name, value).encode())


def _checked(name: str, value: str) -> str:
    if _find_control(value) is not None:
        raise ValueError(f"{name} has a control character in it")
    return value
