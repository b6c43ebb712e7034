"""Read from and write to sockets, TLS connections and pipes without blocking."""

from ._base import BaseIOStream
from ._context import ssl_options_to_context
from ._iostream import IOStream
from ._pipeiostream import PipeIOStream
from ._receiver import Receiver
from ._ssliostream import SSLIOStream
from .errors import (
    ReadPendingError,
    StreamBufferFullError,
    StreamBusyError,
    StreamClosedError,
    StreamError,
    TLSOptionError,
    UnsatisfiableReadError,
)

__all__ = [
    "BaseIOStream",
    "IOStream",
    "PipeIOStream",
    "ReadPendingError",
    "Receiver",
    "SSLIOStream",
    "StreamBufferFullError",
    "StreamBusyError",
    "StreamClosedError",
    "StreamError",
    "TLSOptionError",
    "UnsatisfiableReadError",
    "ssl_options_to_context",
]
