"""What can go wrong with a fetch.

```text
HTTPClientError (HTTPError)      the server answered with a code other than 2xx, and the root of all
├── RedirectError                a redirect that cannot be followed; `code` is that of the redirect
│   └── TooManyRedirectsError
├── NoResponseError              no response, or no whole one; `code` is 599
│   ├── HTTPTimeoutError         (also TimeoutError) a deadline came first
│   ├── HTTPStreamClosedError    (also ConnectionError) the server closed the connection too early
│   ├── HTTPConnectError         (also ConnectionError) there is no connection to the server
│   │   ├── HTTPTLSError         TLS failed: a certificate that is not trusted, for one
│   │   └── ProxyError           the proxy does not connect to the server
│   ├── MalformedResponseError   what the server sent is not HTTP/1.1
│   │   └── ContentDecodingError what the server sent is not in the coding that it names
│   └── ResponseTooLargeError    a limit of this client was exceeded
└── ClientClosedError            (also RuntimeError) the client has been closed
```

What is wrong with a request itself (a URL that is none, CR or LF in a header, a body where none
belongs) is a plain ValueError. An exception that a callback of the request raises ends the fetch as
it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostro.httputil import responses

if TYPE_CHECKING:
    from ._response import HTTPResponse

__all__ = [
    "NO_RESPONSE",
    "ClientClosedError",
    "ContentDecodingError",
    "HTTPClientError",
    "HTTPConnectError",
    "HTTPError",
    "HTTPStreamClosedError",
    "HTTPTLSError",
    "HTTPTimeoutError",
    "MalformedResponseError",
    "NoResponseError",
    "ProxyError",
    "RedirectError",
    "ResponseTooLargeError",
    "TooManyRedirectsError",
]

NO_RESPONSE = 599
"""The code where there is no response."""


class HTTPClientError(Exception):
    """A fetch was not successful. Its other documented name is `HTTPError`.

    Args:
        code: The status code of the response; 599 where there is none.
        message: What happened; the reason phrase that belongs to the code if None.
        response: The response, if there is one.
    """

    def __init__(
        self, code: int, message: str | None = None, response: HTTPResponse | None = None
    ) -> None:
        super().__init__(code, message, response)
        self.code = code
        self.message = message or responses.get(code, "Unknown")
        self.response = response

    def __str__(self) -> str:
        return f"HTTP {self.code}: {self.message}"

    def __repr__(self) -> str:
        # Without the response, which has no place in a log.
        return f"{type(self).__name__}({self.code}, {self.message!a})"


HTTPError = HTTPClientError


class RedirectError(HTTPClientError):
    """The server redirects to what is no URL of http or https, or wants a body again that cannot be
    produced again. `response` is the redirect.
    """


class TooManyRedirectsError(RedirectError):
    """One redirect more than `max_redirects`. `response` is that redirect."""


class NoResponseError(HTTPClientError):
    """There is no response, or no whole one. `code` is 599.

    `response` has what is known all the same, such as `time_info`, but neither headers nor a body.
    """

    def __init__(self, message: str, response: HTTPResponse | None = None) -> None:
        super().__init__(NO_RESPONSE, message, response)
        self.args = (message, response)


class HTTPTimeoutError(NoResponseError, TimeoutError):
    """A deadline came before the response was whole. `message` says which, and during what."""


class HTTPStreamClosedError(NoResponseError, ConnectionError):
    """The connection was closed, or lost, before the response was whole."""


class HTTPConnectError(NoResponseError, ConnectionError):
    """No connection to the server could be made: its name, its addresses, its port."""


class HTTPTLSError(HTTPConnectError):
    """The connection stands, but TLS does not: an untrusted certificate, a wrong name."""


class ProxyError(HTTPConnectError):
    """The proxy refuses to connect to the server. `status` is the code of its answer."""

    def __init__(
        self, message: str, response: HTTPResponse | None = None, *, status: int | None = None
    ) -> None:
        super().__init__(message, response)
        self.status = status


class MalformedResponseError(NoResponseError):
    """The server breaks HTTP/1.1; nothing that it sent after that was looked at."""


class ContentDecodingError(MalformedResponseError):
    """The body is not what `Content-Encoding` says, or it is cut off."""


class ResponseTooLargeError(NoResponseError):
    """The head, the body or the decompressed body of the response exceeds a limit of the client."""


class ClientClosedError(HTTPClientError, RuntimeError):
    """The client was closed before the fetch, or during it. `code` is 599."""

    def __init__(self, message: str = "the client is closed") -> None:
        super().__init__(NO_RESPONSE, message)
        self.args = (message,)
