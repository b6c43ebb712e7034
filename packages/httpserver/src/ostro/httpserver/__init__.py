"""A non-blocking HTTP server.

`HTTPServer` serves requests to a callback or to an application; `HTTPRequest` is what a callback is
given.
"""

from ostro.httputil import HTTPServerRequest as HTTPRequest

from ._callback import CallbackDelegate
from ._connection import HTTPConnection
from ._forwarded import ForwardedHeaders
from ._server import HTTPServer

__all__ = ["CallbackDelegate", "ForwardedHeaders", "HTTPConnection", "HTTPRequest", "HTTPServer"]
