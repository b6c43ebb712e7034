"""The web framework: applications, routes and request handlers.

A site is an `Application` of `RequestHandler`s:

    class MainHandler(RequestHandler):
        def get(self):
            self.write("Hello, world")

    Application([(r"/", MainHandler)]).listen(8888)
    IOLoop.instance().start()
"""

from ._application import Application
from ._builtin import ErrorHandler, RedirectHandler
from ._compression import Compression, ContentEncoding, GZipContentEncoding
from ._converters import Converter, register_converter
from ._cors import CORS
from ._decorators import (
    addslash,
    asynchronous,
    authenticated,
    removeslash,
    stream_request_body,
)
from ._handler import RequestHandler
from ._handover import FallbackHandler
from ._observing import RequestObserver, RequestOutcome
from ._request_id import RequestIdFilter, RequestIds, current_request_id
from ._router import HandlerSpec, Mount, Router
from ._signing import create_signed_value, decode_signed_value, get_signature_key_version
from ._static import StaticFileHandler
from ._transforms import ChunkedTransferEncoding, OutputTransform
from ._ui_modules import UIModule
from ._uploaded_file import UploadedFile
from ._uploads import UploadHandler
from ._urlspec import URLSpec, url
from .errors import (
    Finish,
    HTTPError,
    JSONBodyError,
    MissingArgumentError,
    MissingSettingError,
    NotReversibleError,
    StartupError,
    UnfinishedError,
    WebError,
)

__all__ = [
    "CORS",
    "Application",
    "ChunkedTransferEncoding",
    "Compression",
    "ContentEncoding",
    "Converter",
    "ErrorHandler",
    "FallbackHandler",
    "Finish",
    "GZipContentEncoding",
    "HTTPError",
    "HandlerSpec",
    "JSONBodyError",
    "MissingArgumentError",
    "MissingSettingError",
    "Mount",
    "NotReversibleError",
    "OutputTransform",
    "RedirectHandler",
    "RequestHandler",
    "RequestIdFilter",
    "RequestIds",
    "RequestObserver",
    "RequestOutcome",
    "Router",
    "StartupError",
    "StaticFileHandler",
    "UIModule",
    "URLSpec",
    "UnfinishedError",
    "UploadHandler",
    "UploadedFile",
    "WebError",
    "addslash",
    "asynchronous",
    "authenticated",
    "create_signed_value",
    "current_request_id",
    "decode_signed_value",
    "get_signature_key_version",
    "register_converter",
    "removeslash",
    "stream_request_body",
    "url",
]
