"""HTTPRequest: all that can be said about one fetch. It holds, and does nothing."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, Final, Literal, Self, TypeAlias

from ostro.httputil import HTTPHeaders, format_timestamp

__all__ = ["DEFAULTS", "BodyProducer", "HTTPRequest", "HeaderFields", "SSLOptions", "Write"]

SSLOptions: TypeAlias = Mapping[str, object] | ssl.SSLContext
"""Settings for TLS: those of the documented dict (`ca_certs`, ...), or a context."""

HeaderFields: TypeAlias = Mapping[str, str] | HTTPHeaders

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Takes the next piece of a body; what it returns is done when more can be taken."""

BodyProducer: TypeAlias = Callable[[Write], Awaitable[object] | None] | AsyncIterable[bytes]
"""Where a body comes from piece by piece: it writes the pieces, or it is iterated over."""

Body: TypeAlias = bytes | bytearray | memoryview | str

AuthMode: TypeAlias = Literal["basic", "digest"]

DEFAULTS: Final[Mapping[str, object]] = {
    "connect_timeout": 20.0,
    "request_timeout": 20.0,
    "follow_redirects": True,
    "max_redirects": 5,
    "decompress_response": True,
    "proxy_password": "",
    "allow_nonstandard_methods": False,
    "validate_cert": True,
    "allow_ipv6": True,
    "auth_mode": "basic",
    "proxy_auth_mode": "basic",
    "user_agent": "Ostro",
}
"""What counts where neither the request nor the client says anything."""


class HTTPRequest:
    """A request for an HTTP client.

    All parameters but `url` are optional, and attributes of the same name. Where None means "what
    the client says", the client has it from its `defaults`, and those are: timeouts of 20 seconds,
    5 redirects, certificates validated, bodies decompressed, IPv6, Basic authentication.

    Args:
        url: The URL to fetch, of http or https. A user name and a password in it count as
            `auth_username` and `auth_password` where those are None.
        method: GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS.
        headers: More fields to send. They are copied if they are no HTTPHeaders.
        body: POST, PUT and PATCH need one, which may be empty, or a `body_producer`; the other
            methods have none. Text is sent in UTF-8; a bytearray or memoryview is copied.
        auth_username: The user name to authenticate with, when the server asks (Digest) or right
            away (Basic).
        auth_password: The password to it; None counts as an empty one.
        connect_timeout: Seconds until the connection, over TLS and proxies too, must stand; 0 for
            no limit.
        request_timeout: Seconds until the whole response must be there, counted from `fetch`, so
            that waiting in the queue and redirects are part of it; 0 for no limit.
        if_modified_since: Sent as If-Modified-Since: a datetime (without a time zone it is UTC) or
            a unix timestamp.
        follow_redirects: Fetch what 301, 302, 303, 307 and 308 lead to, or give these back.
        max_redirects: How many are followed.
        user_agent: The User-Agent to send.
        use_gzip: The older name of `decompress_response`, which comes before it.
        network_interface: Where to connect from: an IP address of this machine; with libcurl the
            name of an interface also.
        streaming_callback: Called with each piece of the body as it comes, decompressed; `body` and
            `buffer` of the response are empty then. When it returns an awaitable, that is awaited
            before the next piece is read, so that the server has to wait.
        header_callback: Called with each header line of the response, the status line first and an
            empty one last, all with their CRLF; `headers` of the response are empty then. Redirects
            that are followed are left out.
        prepare_curl_callback: Called with the `pycurl.Curl` by the client on libcurl, to set
            more of its options. The simple client refuses it.
        proxy_host: A proxy to send the request through. `proxy_port` is needed too.
        proxy_port: The port of the proxy.
        proxy_username: The user name to authenticate with at the proxy.
        proxy_password: The password to it.
        allow_nonstandard_methods: Any method, with a body or without.
        validate_cert: Whether the certificate of the server is verified. Never without, on a
            network.
        ca_certs: The name of a PEM file with the certificate authorities to trust in place of the
            system's.
        allow_ipv6: Whether to connect to IPv6 addresses too.
        client_key: The name of the PEM file with the key of `client_cert`.
        client_cert: The name of the PEM file with a certificate of the client.
        auth_mode: "basic" or "digest".
        body_producer: Where a large body comes from: called with a function that takes the pieces,
            whose result is awaited to hold the pace of the server; it returns an awaitable that is
            done with the body. Or an async iterable of bytes. The body goes out in chunks, unless
            `headers` say its Content-Length.
        expect_100_continue: Send `Expect: 100-continue`, and the body only when the server answers
            that it wants it, or does not answer for a second.
        decompress_response: Ask for a compressed response, and decompress it.
        proxy_auth_mode: "basic" or "digest".
        ssl_options: Settings of TLS as a whole, a dict or an SSLContext, in place of
            `validate_cert`, `ca_certs`, `client_key` and `client_cert`.
        unix_socket: The path of a unix socket to connect to, wherever the URL points.
        first_byte_timeout: Seconds between the end of the request and the first byte of the answer;
            None or 0 for no limit but `request_timeout`.
        max_body_size: Bytes of the response body, decompressed, that are taken at most. None means
            what the client says, and no limit where the body is streamed.
        informational_callback: Called with code and headers of each interim response (1xx).

    Raises ValueError for a header that cannot be sent, TypeError for a body that is neither bytes
    nor text.
    """

    url: str
    _headers: HTTPHeaders
    _body: bytes | None

    def __init__(
        self,
        url: str,
        method: str = "GET",
        headers: HeaderFields | None = None,
        body: Body | None = None,
        auth_username: str | None = None,
        auth_password: str | None = None,
        connect_timeout: float | None = None,
        request_timeout: float | None = None,
        if_modified_since: float | datetime.datetime | None = None,
        follow_redirects: bool | None = None,
        max_redirects: int | None = None,
        user_agent: str | None = None,
        use_gzip: bool | None = None,
        network_interface: str | None = None,
        streaming_callback: Callable[[bytes], object] | None = None,
        header_callback: Callable[[str], object] | None = None,
        # Any: a pycurl.Curl, which only the client on libcurl knows.
        prepare_curl_callback: Callable[[Any], object] | None = None,
        proxy_host: str | None = None,
        proxy_port: int | None = None,
        proxy_username: str | None = None,
        proxy_password: str | None = None,
        allow_nonstandard_methods: bool | None = None,
        validate_cert: bool | None = None,
        ca_certs: str | None = None,
        allow_ipv6: bool | None = None,
        client_key: str | None = None,
        client_cert: str | None = None,
        *,
        auth_mode: AuthMode | None = None,
        body_producer: BodyProducer | None = None,
        expect_100_continue: bool = False,
        decompress_response: bool | None = None,
        proxy_auth_mode: AuthMode | None = None,
        ssl_options: SSLOptions | None = None,
        unix_socket: str | None = None,
        first_byte_timeout: float | None = None,
        max_body_size: int | None = None,
        informational_callback: Callable[[int, HTTPHeaders], object] | None = None,
    ) -> None:
        # What to ask for
        self.url = url
        self.method = method
        self.headers = headers
        if if_modified_since is not None:
            self._headers = self._headers.copy()
            self._headers["If-Modified-Since"] = format_timestamp(if_modified_since)
        self.user_agent = user_agent
        self.allow_nonstandard_methods = allow_nonstandard_methods

        # The body of the request
        self.body = body
        self.body_producer = body_producer
        self.expect_100_continue = expect_100_continue

        # Who asks
        self.auth_username = auth_username
        self.auth_password = auth_password
        self.auth_mode = auth_mode

        # How long it may take, how large it may be
        self.connect_timeout = connect_timeout
        self.request_timeout = request_timeout
        self.first_byte_timeout = first_byte_timeout
        self.max_body_size = max_body_size

        # What becomes of the response
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.decompress_response = use_gzip if decompress_response is None else decompress_response
        self.streaming_callback = streaming_callback
        self.header_callback = header_callback
        self.informational_callback = informational_callback

        # The way to the server
        self.network_interface = network_interface
        self.allow_ipv6 = allow_ipv6
        self.unix_socket = unix_socket
        self.proxy_host = proxy_host
        self.proxy_port = proxy_port
        self.proxy_username = proxy_username
        self.proxy_password = proxy_password
        self.proxy_auth_mode = proxy_auth_mode
        self.prepare_curl_callback = prepare_curl_callback

        # TLS
        self.validate_cert = validate_cert
        self.ca_certs = ca_certs
        self.client_key = client_key
        self.client_cert = client_cert
        self.ssl_options = ssl_options

        # When the request was made, a unix timestamp.
        self.start_time = time.time()

    def __repr__(self) -> str:
        # Not the URL as it is: there may be a password in it.
        shown = self.url.partition("?")[0].rpartition("@")[2]
        return f"<{type(self).__name__} {self.method} {shown!a}>"

    @property
    def headers(self) -> HTTPHeaders:
        """The fields to send besides those that the client adds. Raises ValueError, when they are
        set, for what cannot be sent.
        """
        return self._headers

    @headers.setter
    def headers(self, value: HeaderFields | None) -> None:
        self._headers = value if isinstance(value, HTTPHeaders) else HTTPHeaders(value)

    @property
    def body(self) -> bytes | None:
        """The body to send; None for none. Text that is set is encoded in UTF-8. Raises TypeError,
        when it is set, for anything else but bytes.
        """
        return self._body

    @body.setter
    def body(self, value: Body | None) -> None:
        if value is None or isinstance(value, bytes):
            self._body = value
        elif isinstance(value, str):
            self._body = value.encode()
        elif isinstance(value, (bytearray, memoryview)):
            self._body = bytes(value)
        else:
            raise TypeError(
                f"the body is a {type(value).__name__}, expected bytes or text; what comes in "
                "pieces is a body_producer"
            )

    @property
    def use_gzip(self) -> bool | None:
        """The older name of `decompress_response`."""
        return self.decompress_response

    @use_gzip.setter
    def use_gzip(self, value: bool | None) -> None:
        self.decompress_response = value

    def completed(self, defaults: Mapping[str, object]) -> Self:
        """Return a copy in which `defaults` stand where this says None."""
        copy = object.__new__(type(self))
        values = copy.__dict__
        values.update(self.__dict__)
        for name, value in defaults.items():
            if values[name] is None:
                values[name] = value
        return copy
