"""HTTP headers, requests, cookies, URLs, form bodies; the seam of server and application."""

from ._bodies import parse_body_arguments
from ._connection import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    StreamReceiver,
)
from ._cookies import parse_cookie, parse_cookies
from ._dates import format_timestamp, http_date_now, parse_date
from ._file import HTTPFile
from ._headers import HTTPHeaders
from ._names import canonical_name
from ._raw import RawConnection
from ._request import HTTPServerRequest
from ._startline import (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
)
from ._status import REASONS, responses
from ._urlencoded import parse_qs_bytes, parse_urlencoded, qs_to_qsl
from ._urls import encode_username_password, split_host_and_port, url_concat
from .errors import HTTPInputError, HTTPOutputError, HTTPUtilError

__all__ = [
    "REASONS",
    "ByteStream",
    "ConnectionContext",
    "HTTPConnection",
    "HTTPFile",
    "HTTPHeaders",
    "HTTPInputError",
    "HTTPMessageDelegate",
    "HTTPOutputError",
    "HTTPServerConnectionDelegate",
    "HTTPServerRequest",
    "HTTPUtilError",
    "RawConnection",
    "RequestStartLine",
    "ResponseStartLine",
    "StreamReceiver",
    "canonical_name",
    "encode_username_password",
    "format_timestamp",
    "http_date_now",
    "parse_body_arguments",
    "parse_cookie",
    "parse_cookies",
    "parse_date",
    "parse_qs_bytes",
    "parse_request_start_line",
    "parse_response_start_line",
    "parse_urlencoded",
    "qs_to_qsl",
    "responses",
    "split_host_and_port",
    "url_concat",
]
