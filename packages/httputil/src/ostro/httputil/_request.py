"""HTTPServerRequest: one request with its body, as an application sees it.

One is made for every request, so its constructor only stores; whatever a handler may not ask for is
computed when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from ._bodies import parse_body_arguments
from ._cookies import Cookies
from ._file import HTTPFile
from ._headers import HTTPHeaders
from ._limits import DEFAULT_BODY_LIMITS, BodyLimits
from ._raw import RawConnection
from ._startline import RequestStartLine
from ._urlencoded import merge_arguments, parse_fields
from ._urls import split_host_and_port
from .errors import HTTPInputError, HTTPOutputError

if TYPE_CHECKING:
    from ._connection import HTTPConnection

_MAX_REPR_PATH = 200
"""Characters of the path that `repr` shows."""


class HTTPServerRequest:
    """A single HTTP request.

    `method`, `uri` (the request target), `path` and `query` (its two parts, as they were sent),
    `version` ("HTTP/1.1"), `headers`, `host` (as the Host header has it), `body` (bytes),
    `connection` (who takes the answer), `server_connection` (the same object for all requests of
    one connection). With `start_line`, `method`, `uri` and `version` come from it.

    `body_limits` bounds what the form parsers accept; set it before the first look at the
    arguments. `start_time` and `finish_time` (None until `finish`) are readings of
    `time.monotonic()`, in seconds.
    """

    __slots__ = (
        "__dict__",  # applications hang things of their own on requests
        "__weakref__",
        "_arguments",
        "_body",
        "_body_arguments",
        "_body_error",
        "_cookies",
        "_files",
        "_host_name",
        "_protocol",
        "_query_arguments",
        "_remote_ip",
        "body_limits",
        "connection",
        "finish_time",
        "headers",
        "host",
        "method",
        "path",
        "query",
        "server_connection",
        "start_time",
        "uri",
        "version",
    )

    def __init__(
        self,
        method: str | None = None,
        uri: str | None = None,
        version: str = "HTTP/1.0",
        headers: HTTPHeaders | None = None,
        body: bytes | None = None,
        remote_ip: str | None = None,
        protocol: str | None = None,
        host: str | None = None,
        files: dict[str, list[HTTPFile]] | None = None,
        connection: HTTPConnection | None = None,
        start_line: RequestStartLine | None = None,
        server_connection: object = None,
    ) -> None:
        if start_line is not None:
            method, uri, version = start_line
        self.method: str = method or "GET"
        self.uri: str = uri or "/"
        self.version: str = version
        self.headers: HTTPHeaders = HTTPHeaders() if headers is None else headers
        self.host: str = host or self.headers.get("Host") or "127.0.0.1"
        self.connection: HTTPConnection | None = connection
        self.server_connection: object = server_connection
        self.path: str
        self.query: str
        self.path, _, self.query = self.uri.partition("?")
        if self.path[:1] != "/":
            self.path = _path_of_target(self.path)
        self.body_limits: BodyLimits = DEFAULT_BODY_LIMITS
        self.start_time: float = time.monotonic()
        self.finish_time: float | None = None
        # None until asked for, in what follows.
        self._remote_ip: str | None = remote_ip
        self._protocol: str | None = protocol
        self._host_name: str | None = None
        self._body: bytes = body or b""
        self._query_arguments: dict[str, list[bytes]] | None = None
        self._body_arguments: dict[str, list[bytes]] | None = None
        self._body_error: HTTPInputError | None = None
        self._arguments: dict[str, list[bytes]] | None = None
        self._files: dict[str, list[HTTPFile]] | None = files
        self._cookies: Cookies | None = None

    @property
    def start_line(self) -> RequestStartLine:
        """The request line."""
        return RequestStartLine(self.method, self.uri, self.version)

    @property
    def remote_ip(self) -> str:
        """The client's IP address, from the connection's context; "" when neither is known."""
        if self._remote_ip is None:
            self._remote_ip = "" if self.connection is None else self.connection.context.remote_ip
        return self._remote_ip

    @remote_ip.setter
    def remote_ip(self, value: str) -> None:
        self._remote_ip = value

    @property
    def protocol(self) -> str:
        """The scheme, "http" or "https", from the connection's context; "http" without one."""
        if self._protocol is None:
            self._protocol = "http" if self.connection is None else self.connection.context.protocol
        return self._protocol

    @protocol.setter
    def protocol(self, value: str) -> None:
        self._protocol = value

    @property
    def host_name(self) -> str:
        """The host in lower case, without its port, and without the dot that may end a name
        (RFC 1034, section 3.1): `example.com.` is the same host as `example.com`.
        """
        if self._host_name is None:
            self._host_name = split_host_and_port(self.host.lower())[0].removesuffix(".")
        return self._host_name

    @host_name.setter
    def host_name(self, value: str) -> None:
        self._host_name = value

    @property
    def body(self) -> bytes:
        """The body. Setting it forgets the arguments and files read from the one before."""
        return self._body

    @body.setter
    def body(self, value: bytes) -> None:
        self._body = value
        self._body_arguments = None
        self._body_error = None
        self._arguments = None
        self._files = None

    def set_form(self, arguments: dict[str, list[bytes]], files: dict[str, list[HTTPFile]]) -> None:
        """Take what a form body holds from somebody who has read it, piece by piece, as it came."""
        self._body_arguments = arguments
        self._body_error = None
        self._arguments = None
        self._files = files

    @property
    def query_arguments(self) -> dict[str, list[bytes]]:
        """The arguments in the query string: all values, in order, for each name.

        Raises HTTPInputError when there are more of them than `body_limits` allows.
        """
        if self._query_arguments is None:
            self._query_arguments = parse_fields(
                self.query.encode("utf-8", "replace"), self.body_limits.max_fields
            )
        return self._query_arguments

    @property
    def body_arguments(self) -> dict[str, list[bytes]]:
        """The arguments in a form body, urlencoded or multipart: all values, in order, for each
        name.

        Raises HTTPInputError when the body is malformed or over a limit.
        """
        if self._body_arguments is None:
            return self._parse_body()
        return self._body_arguments

    @property
    def arguments(self) -> dict[str, list[bytes]]:
        """The arguments in the query string and the body, those of the query string first.

        Raises HTTPInputError as `query_arguments` and `body_arguments` do.
        """
        if self._arguments is None:
            merged: dict[str, list[bytes]] = {}
            merge_arguments(merged, self.query_arguments)
            merge_arguments(merged, self.body_arguments)
            self._arguments = merged
        return self._arguments

    @property
    def files(self) -> dict[str, list[HTTPFile]]:
        """The uploaded files: all of them, in order, for each form field.

        Raises HTTPInputError when the body is malformed or over a limit.
        """
        if self._files is None:
            self._parse_body()
        assert self._files is not None
        return self._files

    @property
    def cookies(self) -> Cookies:
        """The cookies, each a `http.cookies.Morsel`. What is malformed in them is passed over.

        Several Cookie fields, which HTTP/2 allows and proxies pass on, are one list.

        Spec: RFC 9113 section 8.2.3.
        """
        if self._cookies is None:
            # Not by the comma that joins other fields: it may be a part of a value.
            self._cookies = Cookies("; ".join(self.headers.get_list("Cookie")))
        return self._cookies

    def supports_http_1_1(self) -> bool:
        """Tell whether this request supports HTTP/1.1 semantics."""
        return self.version == "HTTP/1.1"

    def full_url(self) -> str:
        """Reconstruct the full URL of this request.

        `OPTIONS *` and CONNECT have neither path nor query in it (RFC 9112, section 3.3).
        """
        if self.uri[:1] == "/":
            return f"{self.protocol}://{self.host}{self.uri}"
        if self.path[:1] != "/":  # it would become a part of the host's name
            return f"{self.protocol}://{self.host}"
        query = f"?{self.query}" if self.query else ""
        return f"{self.protocol}://{self.host}{self.path}{query}"

    def request_time(self) -> float:
        """Return the seconds that this request has taken: until it was finished, or until now."""
        end = time.monotonic() if self.finish_time is None else self.finish_time
        return end - self.start_time

    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        """Return the client's certificate, or None without one.

        A dict as `ssl.SSLSocket.getpeercert` has it, or with `binary_form` the DER bytes. The
        server must have been told to ask for it (`cert_reqs`).
        """
        if self.connection is None:
            return None
        return self.connection.get_ssl_certificate(binary_form)

    def write(
        self, chunk: str | bytes, callback: Callable[[], None] | None = None
    ) -> Awaitable[None]:
        """Send `chunk` to the client as it is: the application writes the status line and headers,
        too.

        Raises HTTPOutputError when the connection takes no raw bytes (ASGI, WSGI).
        """
        data = chunk.encode("utf-8") if isinstance(chunk, str) else chunk
        return self._raw_connection().write_raw(data, callback)

    def finish(self) -> None:
        """End the response that `write` sent.

        Raises HTTPOutputError when the connection takes no raw bytes.
        """
        self._raw_connection().finish_raw()
        self.finish_time = time.monotonic()

    def __repr__(self) -> str:
        path = self.path[:_MAX_REPR_PATH]
        return (
            f"{type(self).__name__}(protocol={self.protocol!a}, host={self.host!a}, "
            f"method={self.method!a}, path={path!a}, version={self.version!a}, "
            f"remote_ip={self.remote_ip!a})"
        )

    def _raw_connection(self) -> RawConnection:
        connection: object = self.connection
        if not isinstance(connection, RawConnection):
            raise HTTPOutputError(
                "this request's connection takes no raw bytes; answer through the request handler"
            )
        return connection

    def _parse_body(self) -> dict[str, list[bytes]]:
        """Read arguments and files from the body; an error is found once, and raised each time."""
        if self._body_error is not None:
            raise HTTPInputError(self._body_error.message, self._body_error.status)
        arguments: dict[str, list[bytes]] = {}
        files: dict[str, list[HTTPFile]] = {}
        if self._body:
            content_type = self.headers.get("Content-Type", "")
            try:
                parse_body_arguments(
                    content_type,
                    self._body,
                    arguments,
                    files,
                    self.headers,
                    limits=self.body_limits,
                )
            except HTTPInputError as error:
                self._body_error = error
                raise
        self._body_arguments = arguments
        if self._files is None:
            self._files = files
        return arguments


def _path_of_target(target: str) -> str:
    """Return the path of a request target in absolute form; of another form ("*"), all of it.

    Spec: RFC 9112 section 3.2.2.
    """
    scheme, separator, rest = target.partition("://")
    if not separator or not scheme.isalnum():
        return target
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"
