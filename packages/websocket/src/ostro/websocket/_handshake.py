"""The opening handshake, for both ends: what the two HTTP messages have to say.

Whoever speaks HTTP sends and receives them; this file makes and checks header fields.

Spec: RFC 6455 sections 1.3, 4.1 and 4.2.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from typing import Final, NamedTuple

from ostro.httputil import HTTPHeaders

from ._deflate import CompressionOptions, DeflateAgreement, make_offer, read_answer
from ._grammar import COMMA, KEY, TOKEN
from .errors import HandshakeError

VERSION: Final = "13"
"""The version of the protocol that RFC 6455 describes. Spec: section 4.1."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def make_key() -> str:
    """Return a new Sec-WebSocket-Key: sixteen random bytes in base64.

    Spec: RFC 6455 section 4.1.
    """
    return base64.b64encode(os.urandom(16)).decode()


def compute_accept(key: str) -> str:
    """Return the Sec-WebSocket-Accept that belongs to a key. Spec: RFC 6455 section 4.2.2."""
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


# The server's half


def check_request(method: str, version: str, headers: HTTPHeaders) -> str:
    """Check the opening request of a client, and return the Sec-WebSocket-Accept to answer with.

    `version` is HTTP's ("HTTP/1.1"). Raises HandshakeError: with `status` 426 if only the version
    of the protocol is another (answer with `Sec-WebSocket-Version: 13`), else 400.
    Spec: RFC 6455 section 4.2.1.
    """
    if method != "GET":
        raise HandshakeError("a WebSocket handshake is a GET request")
    if version != "HTTP/1.1":
        raise HandshakeError("a WebSocket handshake needs HTTP/1.1")
    if not _has_token(headers, "Upgrade", "websocket"):
        raise HandshakeError('Can "Upgrade" only to "WebSocket".')
    if not _has_token(headers, "Connection", "upgrade"):
        raise HandshakeError('"Connection" must be "Upgrade".')
    if headers.get("Sec-Websocket-Version") != VERSION:
        raise HandshakeError(f"only version {VERSION} of WebSocket is spoken here", 426)
    key = headers.get("Sec-Websocket-Key", "")
    if KEY.fullmatch(key) is None:
        raise HandshakeError("Sec-WebSocket-Key is not sixteen bytes in base64")
    return compute_accept(key)


def requested_subprotocols(headers: HTTPHeaders) -> list[str]:
    """Return the subprotocols that a client proposes, in its order of preference.

    Raises HandshakeError if one is no token. Spec: RFC 6455 section 4.2.1 item 8.
    """
    field = headers.get("Sec-Websocket-Protocol", "").strip(" \t")
    subprotocols = [text for text in COMMA.split(field) if text]
    for text in subprotocols:
        if TOKEN.fullmatch(text) is None:
            raise HandshakeError("Sec-WebSocket-Protocol is malformed")
    return subprotocols


def response_headers(
    accept: str, subprotocol: str | None = None, extensions: str | None = None
) -> HTTPHeaders:
    """Return the header of the 101 response with which a server accepts.

    `accept` is what `check_request` returned, `extensions` what `answer_offers` did.
    Raises ValueError for a subprotocol that is no token. Spec: RFC 6455 section 4.2.2.
    """
    headers = HTTPHeaders()
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-Websocket-Accept"] = accept
    if subprotocol is not None:
        headers["Sec-Websocket-Protocol"] = _checked(subprotocol)
    if extensions is not None:
        headers["Sec-Websocket-Extensions"] = extensions
    return headers


# The client's half


class Agreement(NamedTuple):
    """What a server has chosen of what a client offered; None where it chose nothing."""

    subprotocol: str | None
    deflate: DeflateAgreement | None


def request_headers(
    key: str,
    subprotocols: Iterable[str] = (),
    compression: CompressionOptions | None = None,
) -> HTTPHeaders:
    """Return the fields that make a GET request, HTTP/1.1, with Host, an opening handshake.

    `key` comes from `make_key`; `compression` None offers none. Raises ValueError for a subprotocol
    that is no token, or named twice. Spec: RFC 6455 section 4.1.
    """
    headers = HTTPHeaders()
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-Websocket-Key"] = key
    headers["Sec-Websocket-Version"] = VERSION
    names = [_checked(name) for name in subprotocols]
    if len(set(names)) < len(names):
        raise ValueError(f"a subprotocol is named twice in {names!r}")
    if names:
        headers["Sec-Websocket-Protocol"] = ", ".join(names)
    if compression is not None:
        headers["Sec-Websocket-Extensions"] = make_offer(compression)
    return headers


def check_response(
    code: int,
    headers: HTTPHeaders,
    key: str,
    subprotocols: Iterable[str] = (),
    compression: CompressionOptions | None = None,
) -> Agreement:
    """Check a server's answer to the request that `request_headers` made of the same arguments.

    Raises HandshakeError if it does not accept, or accepts what was not offered. A redirect or a
    401 is for the caller to look at before. Spec: RFC 6455 section 4.1.
    """
    if code != 101:
        raise HandshakeError(f"the server answered {code}, expected 101")
    if not _has_token(headers, "Upgrade", "websocket"):
        raise HandshakeError("the server's answer does not upgrade to WebSocket")
    if not _has_token(headers, "Connection", "upgrade"):
        raise HandshakeError('the server\'s answer has no "Connection: Upgrade"')
    if headers.get("Sec-Websocket-Accept", "").strip(" \t") != compute_accept(key):
        raise HandshakeError("the server's Sec-WebSocket-Accept does not fit the key")
    subprotocol = headers.get("Sec-Websocket-Protocol")
    if subprotocol is not None and subprotocol not in tuple(subprotocols):
        raise HandshakeError("the server chose a subprotocol that was not offered")
    deflate = read_answer(headers.get("Sec-Websocket-Extensions"), compression)
    return Agreement(subprotocol, deflate)


def _has_token(headers: HTTPHeaders, name: str, token: str) -> bool:
    field = headers.get(name, "")
    return any(part.strip(" \t").lower() == token for part in field.split(","))


def _checked(subprotocol: str) -> str:
    if TOKEN.fullmatch(subprotocol) is None:
        raise ValueError(f"subprotocol {subprotocol[:64]!a} is no token")
    return subprotocol
