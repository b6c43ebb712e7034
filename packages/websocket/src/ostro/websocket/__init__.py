"""WebSockets: the protocol without I/O, a request handler, and a client."""

from ._connection import (
    WebSocketConnection,
    WebSocketDelegate,
    WebSocketRequestConnection,
)
from ._deflate import CompressionOptions
from ._events import Close, Event, Failure, Ping, Pong
from ._handler import WebSocketHandler
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE, WebSocketProtocol
from ._states import Role
from .errors import (
    FragmentOrderError,
    HandshakeError,
    WebSocketClosedError,
    WebSocketError,
)

__all__ = [
    "DEFAULT_MAX_MESSAGE_SIZE",
    "Close",
    "CompressionOptions",
    "Event",
    "Failure",
    "FragmentOrderError",
    "HandshakeError",
    "Ping",
    "Pong",
    "Role",
    "WebSocketClosedError",
    "WebSocketConnection",
    "WebSocketDelegate",
    "WebSocketError",
    "WebSocketHandler",
    "WebSocketProtocol",
    "WebSocketRequestConnection",
]
