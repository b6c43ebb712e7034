"""The client without libcurl and its errors, under the name that they have always had."""

from ._simple import SimpleAsyncHTTPClient
from .errors import HTTPStreamClosedError, HTTPTimeoutError

__all__ = ["HTTPStreamClosedError", "HTTPTimeoutError", "SimpleAsyncHTTPClient"]
