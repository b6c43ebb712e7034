"""The web framework: applications, routes and request handlers.

A site is an `Application` of `RequestHandler`s:

    class MainHandler(RequestHandler):
        def get(self):
            self.write("Hello, world")

    Application([(r"/", MainHandler)]).listen(8888)
    IOLoop.instance().start()
"""

from ._application import Application
from ._builtin import ErrorHandler, FallbackHandler, RedirectHandler
from ._decorators import addslash, asynchronous, removeslash
from ._handler import RequestHandler
from ._routing import HandlerSpec, URLSpec, url
from ._signing import create_signed_value, decode_signed_value, get_signature_key_version
from ._transforms import ChunkedTransferEncoding, OutputTransform
from .errors import (
    Finish,
    HTTPError,
    MissingArgumentError,
    MissingSettingError,
    NotReversibleError,
    UnfinishedError,
    WebError,
)

__all__ = [
    "Application",
    "ChunkedTransferEncoding",
    "ErrorHandler",
    "FallbackHandler",
    "Finish",
    "HTTPError",
    "HandlerSpec",
    "MissingArgumentError",
    "MissingSettingError",
    "NotReversibleError",
    "OutputTransform",
    "RedirectHandler",
    "RequestHandler",
    "URLSpec",
    "UnfinishedError",
    "WebError",
    "addslash",
    "asynchronous",
    "create_signed_value",
    "decode_signed_value",
    "get_signature_key_version",
    "removeslash",
    "url",
]
