"""WebSockets: the protocol without I/O, a request handler, and a client."""

from ._client import WebSocketClientConnection, websocket_connect
from ._client_handshake import ClientHandshake
from ._connection import (
    WebSocketConnection,
    WebSocketDelegate,
    WebSocketRequestConnection,
)
from ._deflate import CompressionOptions
from ._events import Close, Event, Failure, Ping, Pong
from ._handler import WebSocketHandler
from ._opening import OpeningRequest
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE, WebSocketProtocol
from ._states import Role
from .errors import (
    FragmentOrderError,
    HandshakeError,
    HandshakeRefusedError,
    HandshakeTimeoutError,
    WebSocketClosedError,
    WebSocketError,
)

__all__ = [
    "DEFAULT_MAX_MESSAGE_SIZE",
    "ClientHandshake",
    "Close",
    "CompressionOptions",
    "Event",
    "Failure",
    "FragmentOrderError",
    "HandshakeError",
    "HandshakeRefusedError",
    "HandshakeTimeoutError",
    "OpeningRequest",
    "Ping",
    "Pong",
    "Role",
    "WebSocketClientConnection",
    "WebSocketClosedError",
    "WebSocketConnection",
    "WebSocketDelegate",
    "WebSocketError",
    "WebSocketHandler",
    "WebSocketProtocol",
    "WebSocketRequestConnection",
    "websocket_connect",
]
