"""HTTP headers, requests, cookies, URLs, form bodies; the seam of server and application."""

from ._accept import AcceptItem, parse_accept
from ._bodies import parse_body_arguments
from ._connection import (
    ByteStream,
    ConnectionContext,
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    StreamReceiver,
)
from ._cookies import Cookies, parse_cookie
from ._dates import format_timestamp, http_date_now, parse_date
from ._file import HTTPFile
from ._headers import HTTPHeaders
from ._limits import DEFAULT_BODY_LIMITS, BodyLimits
from ._multipart import parse_multipart_form_data
from ._multipart_stream import (
    PART_END,
    MultipartEvent,
    MultipartParser,
    PartEnd,
    multipart_parser,
)
from ._names import canonical_name
from ._parameters import parse_parameters
from ._part_head import PartHead
from ._ranges import (
    DEFAULT_MAX_RANGES,
    get_content_range,
    parse_request_range,
    parse_request_ranges,
    satisfiable_range,
    satisfiable_ranges,
)
from ._raw import RawConnection
from ._request import HTTPServerRequest
from ._set_cookie import format_set_cookie
from ._startline import (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
)
from ._status import REASONS, responses
from ._urlencoded import parse_urlencoded, qs_to_qsl
from ._urls import encode_username_password, split_host_and_port, url_concat
from .errors import HTTPInputError, HTTPOutputError, HTTPUtilError

__all__ = [
    "DEFAULT_BODY_LIMITS",
    "DEFAULT_MAX_RANGES",
    "PART_END",
    "REASONS",
    "AcceptItem",
    "BodyLimits",
    "ByteStream",
    "ConnectionContext",
    "Cookies",
    "HTTPConnection",
    "HTTPFile",
    "HTTPHeaders",
    "HTTPInputError",
    "HTTPMessageDelegate",
    "HTTPOutputError",
    "HTTPServerConnectionDelegate",
    "HTTPServerRequest",
    "HTTPUtilError",
    "MultipartEvent",
    "MultipartParser",
    "PartEnd",
    "PartHead",
    "RawConnection",
    "RequestStartLine",
    "ResponseStartLine",
    "StreamReceiver",
    "canonical_name",
    "encode_username_password",
    "format_set_cookie",
    "format_timestamp",
    "get_content_range",
    "http_date_now",
    "multipart_parser",
    "parse_accept",
    "parse_body_arguments",
    "parse_cookie",
    "parse_date",
    "parse_multipart_form_data",
    "parse_parameters",
    "parse_request_range",
    "parse_request_ranges",
    "parse_request_start_line",
    "parse_response_start_line",
    "parse_urlencoded",
    "qs_to_qsl",
    "responses",
    "satisfiable_range",
    "satisfiable_ranges",
    "split_host_and_port",
    "url_concat",
]
