"""What a client asks for: from a URL or a request object to all that the handshake needs.

This file checks everything that the caller gives, before any socket is opened: what is wrong here
is a ValueError. It knows no stream; `_connector` sends what it makes.

Spec: RFC 6455 sections 3 and 4.1.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import SplitResult, quote, unquote, urlsplit

from ostro.httputil import HTTPHeaders, encode_username_password

from ._deflate import CompressionOptions
from ._handshake import make_key, request_headers, requested_subprotocols

DEFAULT_CONNECT_TIMEOUT: Final = 20.0
"""Seconds until a TCP connection, and TLS over it, must stand."""

DEFAULT_OPENING_TIMEOUT: Final = 20.0
"""Seconds until the whole opening must be over, the server's answer included."""

_PORTS: Final = {"ws": 80, "wss": 443}

_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f]")
"""What must not stand in a URL. `urlsplit` would drop some of it in silence."""

_OWN_FIELDS: Final = (
    "Upgrade",
    "Connection",
    "Sec-Websocket-Key",
    "Sec-Websocket-Version",
    "Sec-Websocket-Extensions",
    "Sec-Websocket-Accept",
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
)
"""Fields that the handshake sets itself, and those of a body, which it does not have."""

SSLOptions = Mapping[str, object] | ssl.SSLContext
"""Settings for TLS: those of the documented dict (`ca_certs`, ...), or a context."""

HeaderFields = Mapping[str, str] | HTTPHeaders


class OpeningRequest(Protocol):
    """What may stand in the place of a URL: an HTTP client's request, which has these attributes.

    `headers` may be None or hold fields of the opening request. `connect_timeout` and
    `request_timeout` are seconds, None for the defaults, 0 for no limit. `auth_username` and
    `auth_password` are sent by the Basic scheme, and `user_agent` as User-Agent, unless `headers`
    has that field. The four from `validate_cert` on set up TLS as `HTTPRequest` has them;
    `ssl_options`, if not None, takes their place.

    What an opening handshake cannot do is refused: a `method` other than GET, an `auth_mode` other
    than "basic", a proxy, an interface, a socket of Unix.
    """

    url: str
    method: str
    headers: HeaderFields | None
    user_agent: str | None
    auth_username: str | None
    auth_password: str | None
    auth_mode: Literal["basic", "digest"] | None
    proxy_host: str | None
    network_interface: str | None
    unix_socket: str | None
    connect_timeout: float | None
    request_timeout: float | None
    validate_cert: bool | None
    ca_certs: str | None
    client_key: str | None
    client_cert: str | None
    ssl_options: SSLOptions | None


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening handshake that is ready to be sent.

    `host` and `port` are where to connect to, `target` and `headers` what to ask for; `key`,
    `subprotocols` and `compression` are what the answer is compared with. `connect_timeout` and
    `timeout` are in seconds, None for no limit.
    """

    host: str
    port: int
    target: str
    headers: HTTPHeaders
    key: str
    subprotocols: Sequence[str]
    compression: CompressionOptions | None
    ssl_options: SSLOptions | None
    connect_timeout: float | None
    timeout: float | None


def make_opening(
    url: str | OpeningRequest,
    *,
    headers: HeaderFields | None = None,
    subprotocols: Iterable[str] | None = None,
    compression: CompressionOptions | None = None,
    ssl_options: SSLOptions | None = None,
    connect_timeout: float | None = None,
    timeout: float | None = None,
) -> Opening:
    """Check what a caller wants and turn it into an Opening.

    What is given beside a request object comes before what the object says; headers add up. Raises
    ValueError for a URL that is none of a WebSocket, for fields that cannot be sent or are the
    handshake's own, for times below zero.
    """
    fields = HTTPHeaders()
    if not isinstance(url, str):
        fields.update(_fields_of(url))
        connect_timeout = url.connect_timeout if connect_timeout is None else connect_timeout
        timeout = url.request_timeout if timeout is None else timeout
        ssl_options = _ssl_options_of(url) if ssl_options is None else ssl_options
        url = url.url
    fields.update(headers or {})
    parts = _split(url)
    proposed = _proposed(fields, subprotocols)
    key = make_key()
    opening = request_headers(key, proposed, compression)
    _check_fields(fields)
    fields.update(opening)
    if "Host" not in fields:
        fields["Host"] = _host_field(parts)
    if parts.username is not None and "Authorization" not in fields:
        fields["Authorization"] = _basic(
            unquote(parts.username or ""), unquote(parts.password or "")
        )
    secure = parts.scheme == "wss"
    return Opening(
        host=_ascii_host(parts),
        port=parts.port or _PORTS[parts.scheme],
        target=_target(parts),
        headers=fields,
        key=key,
        subprotocols=proposed,
        compression=compression,
        ssl_options=({} if ssl_options is None else ssl_options) if secure else None,
        connect_timeout=_seconds("connect_timeout", connect_timeout, DEFAULT_CONNECT_TIMEOUT),
        timeout=_seconds("timeout", timeout, DEFAULT_OPENING_TIMEOUT),
    )


# The URL


def _split(url: str) -> SplitResult:
    if _UNSAFE.search(url):
        raise ValueError(f"the URL {url[:200]!a} has a space or a control character in it")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError(f"the URL {url[:200]!a} does not begin with ws:// or wss://")
    if not parts.hostname:
        raise ValueError(f"the URL {url[:200]!a} names no host")
    if parts.fragment:
        raise ValueError(f"the URL {url[:200]!a} has a fragment, which a WebSocket cannot have")
    if parts.port == 0:
        raise ValueError(f"the URL {url[:200]!a} has the port 0")
    return parts


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _host_field(parts: SplitResult) -> str:
    host = _ascii_host(parts)
    name = f"[{host}]" if ":" in host else host
    if parts.port is None or parts.port == _PORTS[parts.scheme]:
        return name
    return f"{name}:{parts.port}"


def _target(parts: SplitResult) -> str:
    """Return path and query; what is not ASCII is escaped, the rest sent as it is."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return target if target.isascii() else quote(target, safe="%/:?#[]@!$&'()*+,;=-._~")


# The fields


def _fields_of(request: OpeningRequest) -> HTTPHeaders:
    """Return the fields that a request object asks for; raise ValueError for what it cannot have
    here.
    """
    if request.method != "GET":
        raise ValueError(f"the method {request.method!a:.60} opens no WebSocket, expected GET")
    if request.auth_mode not in (None, "basic"):
        raise ValueError(f"auth_mode {request.auth_mode!a:.60} has no place in a handshake")
    for name in ("proxy_host", "network_interface", "unix_socket"):
        if getattr(request, name) is not None:
            raise ValueError(f"{name} is not supported for a WebSocket")
    fields = HTTPHeaders()
    fields.update(request.headers or {})
    if request.user_agent is not None and "User-Agent" not in fields:
        fields["User-Agent"] = request.user_agent
    if request.auth_username is not None and "Authorization" not in fields:
        fields["Authorization"] = _basic(request.auth_username, request.auth_password or "")
    return fields


def _basic(username: str, password: str) -> str:
    pair = encode_username_password(username, password)
    return f"Basic {base64.b64encode(pair).decode()}"


def _proposed(fields: HTTPHeaders, subprotocols: Iterable[str] | None) -> Sequence[str]:
    """Return the subprotocols to propose; a field of that name is another way to give them."""
    if subprotocols is not None:
        if isinstance(subprotocols, str):
            raise ValueError(f"subprotocols is the text {subprotocols!a}, expected a list of names")
        fields.pop("Sec-Websocket-Protocol", None)
        return tuple(subprotocols)
    proposed = tuple(requested_subprotocols(fields))
    fields.pop("Sec-Websocket-Protocol", None)
    return proposed


def _check_fields(fields: HTTPHeaders) -> None:
    for name in _OWN_FIELDS:
        if name in fields:
            raise ValueError(f"the field {name} is set by the handshake, or has no place in it")


# TLS and times


def _ssl_options_of(request: OpeningRequest) -> SSLOptions | None:
    if request.ssl_options is not None:
        return request.ssl_options
    options: dict[str, object] = {}
    if request.validate_cert is False:
        options["cert_reqs"] = ssl.CERT_NONE
    if request.ca_certs is not None:
        options["ca_certs"] = request.ca_certs
    if request.client_cert is not None:
        options["certfile"] = request.client_cert
    if request.client_key is not None:
        options["keyfile"] = request.client_key
    return options


def _seconds(name: str, value: float | None, default: float) -> float | None:
    if value is None:
        return default
    if value < 0:
        raise ValueError(f"{name} is {value} seconds, expected 0 (no limit) or more")
    return value or None
