"""The HTTP/1.1 codec without I/O: strict, fast, for servers and clients."""

from ._client import ClientCodec
from ._connection import Connection
from ._events import (
    END_OF_MESSAGE,
    NEED_DATA,
    PAUSED,
    Data,
    EndOfMessage,
    Event,
    NeedData,
    Paused,
    RequestHead,
    ResponseHead,
    TargetForm,
)
from ._limits import (
    DEFAULT_LIMITS,
    DEFAULT_MAX_BODY_BYTES,
    DEFAULT_MAX_CHUNK_EXTENSION_BYTES,
    DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES,
    DEFAULT_MAX_EMPTY_LINES,
    DEFAULT_MAX_FIELDS,
    DEFAULT_MAX_HEAD_BYTES,
    DEFAULT_MAX_INFORMATIONAL,
    DEFAULT_MAX_START_LINE_BYTES,
    DEFAULT_MAX_TRAILER_BYTES,
    DEFAULT_MAX_TRAILER_FIELDS,
    Limits,
)
from ._server import ServerCodec
from .errors import (
    HTTP1Error,
    IncompleteMessage,
    LocalProtocolError,
    RemoteProtocolError,
)

__all__ = [
    "DEFAULT_LIMITS",
    "DEFAULT_MAX_BODY_BYTES",
    "DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES",
    "DEFAULT_MAX_CHUNK_EXTENSION_BYTES",
    "DEFAULT_MAX_EMPTY_LINES",
    "DEFAULT_MAX_FIELDS",
    "DEFAULT_MAX_HEAD_BYTES",
    "DEFAULT_MAX_INFORMATIONAL",
    "DEFAULT_MAX_START_LINE_BYTES",
    "DEFAULT_MAX_TRAILER_BYTES",
    "DEFAULT_MAX_TRAILER_FIELDS",
    "END_OF_MESSAGE",
    "NEED_DATA",
    "PAUSED",
    "ClientCodec",
    "Connection",
    "Data",
    "EndOfMessage",
    "Event",
    "HTTP1Error",
    "IncompleteMessage",
    "Limits",
    "LocalProtocolError",
    "NeedData",
    "Paused",
    "RemoteProtocolError",
    "RequestHead",
    "ResponseHead",
    "ServerCodec",
    "TargetForm",
]
