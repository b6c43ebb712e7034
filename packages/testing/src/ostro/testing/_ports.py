"""Ports that nobody uses."""

from __future__ import annotations

import socket

from ostro.netutil import bind_sockets

__all__ = ["bind_unused_port", "get_unused_port"]


def bind_unused_port(
    reuse_port: bool = False, address: str = "127.0.0.1"
) -> tuple[socket.socket, int]:
    """Listen on a port that the system chooses; return the socket and the port.

    The socket does not block, and belongs to the caller: `HTTPServer.add_sockets` takes it.

    Args:
        reuse_port: Set SO_REUSEPORT, so that others may bind the same port.
        address: An address of this machine; a name is looked up, and its first address taken.
    """
    first, *others = bind_sockets(0, address, reuse_port=reuse_port)
    for other in others:
        other.close()
    return first, first.getsockname()[1]


def get_unused_port() -> int:
    """Return the number of a port that is (hopefully) unused.

    Others may take it before it is bound: where that can be done at once, `bind_unused_port` is the
    safer way.
    """
    sock, port = bind_unused_port()
    sock.close()
    return port
