"""An HTTP client on libcurl, in place of the simple one of `ostro.httpclient`.

    AsyncHTTPClient.configure("ostro.curl_httpclient.CurlAsyncHTTPClient")

`CurlError` is what goes wrong in libcurl; its kinds are in `ostro.curl_httpclient.errors`.
"""

from ._client import CurlAsyncHTTPClient
from .errors import CurlError

__all__ = ["CurlAsyncHTTPClient", "CurlError"]
