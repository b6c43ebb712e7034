"""WSGI both ways.

`WSGIApplication` runs request handlers below any WSGI server, `WSGIAdapter` an Application that is
there already. `WSGIContainer` runs WSGI applications, such as those of Django and Flask, on
HTTPServer.
"""

from ._adapter import WSGIAdapter, WSGIApplication
from ._container import WSGIContainer
from ._http_request import HTTPRequest
from .errors import ClientGoneError, InvalidResponseError, ResponseAbortedError, WSGIError

__all__ = [
    "ClientGoneError",
    "HTTPRequest",
    "InvalidResponseError",
    "ResponseAbortedError",
    "WSGIAdapter",
    "WSGIApplication",
    "WSGIContainer",
    "WSGIError",
]
