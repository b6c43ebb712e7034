"""A request as a WSGI environment.

What a client can name is kept apart from what the server says: a header reaches the environment
under HTTP_ alone, and one with an underscore in its name not at all, since it would pass for
another one ("X_Real_Ip" for "X-Real-Ip").

Spec: PEP 3333, RFC 3875 section 4.1.
"""

from __future__ import annotations

import io
import sys
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from ostro.httputil import HTTPServerRequest, split_host_and_port

from ._file_wrapper import FileWrapper

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["set_input", "wsgi_environ"]

_DEFAULT_PORTS = {"http": 80, "https": 443}

_NOT_PASSED_ON = frozenset({"content-length", "content-type", "proxy", "transfer-encoding"})
"""Headers that do not go under HTTP_: two have names of their own; the body comes decoded; and
"Proxy" would be taken for the address of a proxy (CVE-2016-5385 and its like)."""


def wsgi_environ(request: HTTPServerRequest) -> WSGIEnvironment:
    """Return the environment of a request that is complete, body included."""
    host, port = split_host_and_port(request.host)
    path = request.path if request.path[:1] == "/" else ""  # "*" and the like have none
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "REQUEST_URI": request.uri,
        "RAW_URI": request.uri,
        "REMOTE_ADDR": request.remote_ip,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or _DEFAULT_PORTS.get(request.protocol, 80)),
        "SERVER_PROTOCOL": request.version,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.protocol,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if request.protocol == "https":
        environ["HTTPS"] = "on"
    connection = request.connection
    address = None if connection is None else connection.context.address
    if isinstance(address, tuple) and len(address) >= 2 and address[0] == request.remote_ip:
        environ["REMOTE_PORT"] = str(address[1])
    _add_headers(environ, request)
    set_input(environ, io.BytesIO(request.body), len(request.body))
    return environ


def _add_headers(environ: WSGIEnvironment, request: HTTPServerRequest) -> None:
    headers = request.headers
    content_type = headers.get("Content-Type")
    if content_type is not None:
        environ["CONTENT_TYPE"] = content_type
    for name in headers:
        if "_" in name or name.lower() in _NOT_PASSED_ON:
            continue
        separator = "; " if name == "Cookie" else ","
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = separator.join(headers.get_list(name))


def set_input(environ: WSGIEnvironment, body: IO[bytes], size: int) -> None:
    """Put the body of `size` bytes into an environment. Its length is told, chunked or not."""
    environ["wsgi.input"] = body
    environ["wsgi.input_terminated"] = True
    if size:
        environ["CONTENT_LENGTH"] = str(size)
