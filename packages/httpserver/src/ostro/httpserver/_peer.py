"""What a socket knows of the other end while nobody reads from it.

A loop tells of the end of a connection to whoever reads. This file asks the system instead; it
knows no stream and no HTTP.
"""

from __future__ import annotations

import os
import select
import socket
from enum import Enum


class Peer(Enum):
    """What is known of the other end."""

    THERE = "nothing to the contrary is known"
    ENDED = "it sends no more; what it has sent may lie unread"


_ENDED = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0)
"""What `poll` has for the end; nothing on Windows, where only a reset is seen."""


def state_of_peer(sock: socket.socket) -> Peer | OSError:
    """Return what is known of the other end of `sock`; the error if the connection is broken."""
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        return OSError(error, os.strerror(error))
    if not _ENDED:  # pragma: no cover - Windows
        return Peer.THERE
    poll = select.poll()
    poll.register(sock, _ENDED)
    return Peer.ENDED if poll.poll(0) else Peer.THERE
