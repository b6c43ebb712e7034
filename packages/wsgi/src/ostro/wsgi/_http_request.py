"""HTTPRequest: a request read from a WSGI environment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostro.httputil import HTTPConnection, HTTPServerRequest

from ._request import read_context, read_headers, read_start_line
from ._request_body import DEFAULT_MAX_BODY_SIZE, check_length, read_body

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["HTTPRequest"]


class HTTPRequest(HTTPServerRequest):
    """Mimics `httpserver.HTTPRequest` for WSGI applications.

    Parses the given WSGI environ, which stays available as `environ`, to construct the request; the
    body is read at once. `connection` is who takes the answer, if anybody does; `max_body_size` the
    most bytes that the body may have.

    Raises HTTPInputError for a request that is malformed or over the limit.

    Spec: PEP 3333.
    """

    def __init__(
        self,
        environ: WSGIEnvironment,
        connection: HTTPConnection | None = None,
        *,
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
    ) -> None:
        self.environ = environ
        start_line = read_start_line(environ)
        headers = read_headers(environ)
        length = check_length(environ, max_body_size)
        context = read_context(environ)
        super().__init__(
            start_line=start_line,
            headers=headers,
            body=b"".join(read_body(environ, length, max_body_size)),
            remote_ip=context.remote_ip,
            protocol=context.protocol,
            connection=connection,
        )
