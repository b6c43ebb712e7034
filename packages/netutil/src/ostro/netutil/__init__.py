"""Listening sockets, TCP servers and clients, name resolution."""

from ostro.iostream import ssl_options_to_context

from ._accept import add_accept_handler
from ._addresses import is_valid_ip
from ._resolver import OverrideResolver, Resolver
from ._sockets import bind_sockets, bind_unix_socket
from ._tcpclient import TCPClient
from ._tcpserver import TCPServer
from .errors import (
    BindError,
    ConnectError,
    ConnectTimeoutError,
    NetutilError,
    NotASocketError,
    ResolveError,
    ServerStateError,
)

__all__ = [
    "BindError",
    "ConnectError",
    "ConnectTimeoutError",
    "NetutilError",
    "NotASocketError",
    "OverrideResolver",
    "ResolveError",
    "Resolver",
    "ServerStateError",
    "TCPClient",
    "TCPServer",
    "add_accept_handler",
    "bind_sockets",
    "bind_unix_socket",
    "is_valid_ip",
    "ssl_options_to_context",
]
