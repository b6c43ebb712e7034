"""A WSGI environ as a request: its target, its headers, who asks.

This file owns the reading of what a WSGI server says about a request, all but the body. What does
not make sense raises HTTPInputError; servers differ in how much they let through.

Spec: PEP 3333, RFC 3875 section 4.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from ostro.httputil import ConnectionContext, HTTPHeaders, HTTPInputError, RequestStartLine

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["read_context", "read_headers", "read_start_line"]

UNIX_SOCKET_IP = "127.0.0.1"
"""What stands for the address of a client on a unix socket, which has none."""

_PATH_SAFE = "/:@!$&'()*+,;=~"
"""What a path holds as it is, besides letters and digits. Spec: RFC 3986 section 3.3."""

_QUERY_SAFE = "".join(map(chr, range(0x21, 0x7F)))
_TARGET = re.compile(r"[!-\"$-~]+")
_HOST = re.compile(r"(?:[\w.~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?", re.ASCII)
"""A host and its port. Spec: RFC 9110 section 7.2; commas are left out, as in HTTPServer."""

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(r"HTTP/([0-9])(?:\.([0-9]))?")
_STANDARD_PORTS = {"http": "80", "https": "443"}
_NOT_IN_PREFIX = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"})
"""These two come without HTTP_; with it they are another field, spelt with underscores."""


def read_start_line(environ: WSGIEnvironment) -> RequestStartLine:
    """Return the request line. The path is that of the whole URL, SCRIPT_NAME included.

    Raises HTTPInputError for a method that is no token, and for a path that holds more than bytes.
    """
    method = str(environ.get("REQUEST_METHOD", "GET"))
    if _METHOD.fullmatch(method) is None:
        raise HTTPInputError(f"method {method[:100]!a} is not a token")
    return RequestStartLine(method, _target(environ), _version(environ))


def _target(environ: WSGIEnvironment) -> str:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = str(environ.get("QUERY_STRING", ""))
    try:
        as_sent = _target_as_sent(environ, path, query)
        if as_sent is not None:
            return as_sent
        if path != "*":
            path = quote(path.encode("latin-1"), _PATH_SAFE)
            path = path if path[:1] == "/" else "/" + path
        if query:
            path += "?" + quote(query.encode("latin-1"), _QUERY_SAFE)
    except UnicodeEncodeError:
        raise HTTPInputError("the WSGI server gave a URL that does not consist of bytes") from None
    return path


def _target_as_sent(environ: WSGIEnvironment, path: str, query: str) -> str | None:
    """Return the target as the client sent it, where the server tells and nobody rewrote it.

    PATH_INFO is decoded and cannot tell "%2F" from "/".
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not isinstance(target, str) or target[:1] != "/" or _TARGET.fullmatch(target) is None:
        return None
    sent_path, _, sent_query = target.partition("?")
    same = sent_query == query and unquote_to_bytes(sent_path) == path.encode("latin-1")
    return target if same else None


def _version(environ: WSGIEnvironment) -> str:
    """Return HTTP/1.0 or HTTP/1.1: that is what matters to an application."""
    found = _VERSION.fullmatch(str(environ.get("SERVER_PROTOCOL", "")))
    if found is None or found[1] == "0" or (found[1] == "1" and found[2] in (None, "0")):
        return "HTTP/1.0"
    return "HTTP/1.1"


def read_headers(environ: WSGIEnvironment) -> HTTPHeaders:
    """Return the headers. A Host is always among them, that of the server where none was sent.

    Raises HTTPInputError for a name that is no token, a value with control characters, and a host
    that cannot stand in a URL.
    """
    headers = HTTPHeaders()
    try:
        for key, value in environ.items():
            if key[:5] == "HTTP_":
                if key not in _NOT_IN_PREFIX:
                    headers.add(key[5:].replace("_", "-"), value)
            elif value and key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                headers.add(key.replace("_", "-"), value)
    except ValueError as error:
        raise HTTPInputError(str(error)) from None
    host = headers.get("Host")
    if not host:
        headers["Host"] = _server_host(environ)
    elif _HOST.fullmatch(host) is None:
        raise HTTPInputError(f"Host is {host[:100]!a}, expected a host and perhaps a port")
    return headers


def _server_host(environ: WSGIEnvironment) -> str:
    name = str(environ.get("SERVER_NAME") or UNIX_SOCKET_IP)
    port = str(environ.get("SERVER_PORT") or "")
    if ":" in name and name[:1] != "[":
        name = f"[{name}]"
    standard = _STANDARD_PORTS.get(environ.get("wsgi.url_scheme", "http"))
    host = name if not port or port == standard else f"{name}:{port}"
    return host if _HOST.fullmatch(host) else UNIX_SOCKET_IP


def read_context(environ: WSGIEnvironment) -> ConnectionContext:
    """Return what the server says about the client."""
    remote_ip = str(environ.get("REMOTE_ADDR") or UNIX_SOCKET_IP)
    port = str(environ.get("REMOTE_PORT") or "")
    address = (remote_ip, int(port) if port.isascii() and port.isdigit() else 0)
    scheme = "https" if environ.get("wsgi.url_scheme") == "https" else "http"
    return ConnectionContext(remote_ip, scheme, address, secure=scheme == "https")
