"""Read from and write to sockets, TLS connections and pipes without blocking."""

from ._base import BaseIOStream
from ._receiver import Receiver
from ._socket import IOStream
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
    "ReadPendingError",
    "Receiver",
    "StreamBufferFullError",
    "StreamBusyError",
    "StreamClosedError",
    "StreamError",
    "TLSOptionError",
    "UnsatisfiableReadError",
]
