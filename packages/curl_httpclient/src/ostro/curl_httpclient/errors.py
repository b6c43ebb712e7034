"""What libcurl's failures are called.

```text
CurlError (NoResponseError)          the root of all, and what has no name of its own
├── CurlTimeoutError                 (HTTPTimeoutError)
├── CurlStreamClosedError            (HTTPStreamClosedError)
├── CurlConnectError                 (HTTPConnectError)
│   ├── CurlTLSError                 (HTTPTLSError)
│   └── CurlProxyError               (ProxyError)
├── CurlMalformedResponseError       (MalformedResponseError)
└── CurlResponseTooLargeError        (ResponseTooLargeError)
```

Each is the error of `ostro.httpclient` that stands beside it in parentheses, which is the one to
catch in a program that may run on either client. What both clients find out without libcurl, such
as a redirect that leads nowhere, is an error of `ostro.httpclient` alone.
"""

from __future__ import annotations

from ostro.httpclient import (
    HTTPConnectError,
    HTTPResponse,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    HTTPTLSError,
    MalformedResponseError,
    NoResponseError,
    ProxyError,
    ResponseTooLargeError,
)

__all__ = [
    "CurlConnectError",
    "CurlError",
    "CurlMalformedResponseError",
    "CurlProxyError",
    "CurlResponseTooLargeError",
    "CurlStreamClosedError",
    "CurlTLSError",
    "CurlTimeoutError",
]


class CurlError(NoResponseError):
    """A transfer failed. `code` is 599, as for every fetch without a response.

    Args:
        errno: libcurl's number of the failure, one of `pycurl.E_...`.
        message: What libcurl says about it.
        response: What is known all the same, its `time_info` for one.
    """

    def __init__(self, errno: int, message: str, response: HTTPResponse | None = None) -> None:
        NoResponseError.__init__(self, message, response)
        self.args = (errno, message, response)
        # As it is declared in OSError, which some of the classes below are too.
        self.errno: int | None = errno


class CurlTimeoutError(CurlError, HTTPTimeoutError):
    """A deadline came first."""


class CurlStreamClosedError(CurlError, HTTPStreamClosedError):
    """The connection was closed before the response was whole."""


class CurlConnectError(CurlError, HTTPConnectError):
    """There is no connection to the server."""


class CurlTLSError(CurlConnectError, HTTPTLSError):
    """TLS failed."""


class CurlProxyError(CurlConnectError, ProxyError):
    """The proxy does not connect to the server. `status` is the code of its answer, if there is
    one.
    """

    def __init__(
        self,
        errno: int,
        message: str,
        response: HTTPResponse | None = None,
        *,
        status: int | None = None,
    ) -> None:
        CurlError.__init__(self, errno, message, response)
        self.status = status


class CurlMalformedResponseError(CurlError, MalformedResponseError):
    """The server breaks HTTP."""


class CurlResponseTooLargeError(CurlError, ResponseTooLargeError):
    """A limit of libcurl was exceeded."""
