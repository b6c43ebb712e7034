"""HTTP clients: `AsyncHTTPClient` for programs with a loop, `HTTPClient` for those without.

`HTTPRequest` is what they carry out, `HTTPResponse` what comes of it, `HTTPError` what goes wrong.
"""

from ._blocking import HTTPClient
from ._client import AsyncHTTPClient
from ._cookie_jar import Cookie, CookieJar
from ._program import main
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from ._simple import SimpleAsyncHTTPClient
from ._stream import StreamedResponse
from .errors import (
    ClientClosedError,
    ContentDecodingError,
    HTTPClientError,
    HTTPConnectError,
    HTTPError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    HTTPTLSError,
    MalformedResponseError,
    NoResponseError,
    ProxyError,
    RedirectError,
    ResponseTooLargeError,
    TooManyRedirectsError,
)

AsyncHTTPClient2 = AsyncHTTPClient

__all__ = [
    "AsyncHTTPClient",
    "AsyncHTTPClient2",
    "ClientClosedError",
    "ContentDecodingError",
    "Cookie",
    "CookieJar",
    "HTTPClient",
    "HTTPClientError",
    "HTTPConnectError",
    "HTTPError",
    "HTTPRequest",
    "HTTPResponse",
    "HTTPStreamClosedError",
    "HTTPTLSError",
    "HTTPTimeoutError",
    "MalformedResponseError",
    "NoResponseError",
    "ProxyError",
    "RedirectError",
    "ResponseReceiver",
    "ResponseTooLargeError",
    "SimpleAsyncHTTPClient",
    "StreamedResponse",
    "TooManyRedirectsError",
    "main",
]
