"""The sending half of a connection: what leaves when, whether the client reads it, and the end.

This file owns the order of bytes on their way out and the deadline at hand. It knows nothing of
requests: what is sent is decided by `_exchange`, and what comes next by `_connection`.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping

from ostro.http1 import ServerCodec
from ostro.httputil import ConnectionContext, HTTPOutputError
from ostro.ioloop import COMPLETED, NEVER
from ostro.iostream import IOStream, SSLIOStream, StreamClosedError

from ._farewell import Farewell
from ._group import ConnectionGroup
from ._pace import WritePace
from ._phases import CLOSED, CLOSING, HEAD, Phase
from ._settings import GATHER_FROM, WRITE_HIGH_WATER

general_log = logging.getLogger("ostro.general")

_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: what is closed is reset."""

UNIX_SOCKET_IP = "127.0.0.1"
"""What stands for the address of a client on a unix socket, which has none."""


class ConnectionOutput(ABC):
    """One client's stream, seen from the sending side."""

    __slots__ = (
        "_context",
        "_outgoing",
        "_phase",
        "_write_pace",
        "address",
        "codec",
        "deadline",
        "group",
        "stream",
    )

    def __init__(self, stream: IOStream, address: object, group: ConnectionGroup) -> None:
        self.stream = stream
        self.address = address
        self.group = group
        self.codec = ServerCodec(group.settings.limits)
        # What requests are told of the client, unless a proxy knows better.
        self._context = _connection_context(stream, address, group.settings.protocol)
        self._phase: Phase = HEAD
        # When `expire` is due, on the sweeper's clock.
        self.deadline = group.sweeper.clock() + (group.settings.header_timeout or NEVER)
        # A whole answer that leaves at the end of this turn of the loop.
        self._outgoing = b""
        # How the answers leave; only there while something waits to be sent.
        self._write_pace: WritePace | None = None

    @abstractmethod
    def expire(self, now: float) -> None:
        """Act on a deadline that has passed."""

    @abstractmethod
    def _ended(self) -> None:
        """Do what is to be done once the connection is over."""

    # Sending

    def send(self, data: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        """Send bytes now, after all that has been written before."""
        self.send_outgoing()
        sent = self.stream.write(data, callback)
        if sent is not COMPLETED:
            self.unsent()
        return sent

    def send_soon(self, data: bytes) -> None:
        """Send a whole answer, at the end of this turn of the loop.

        The answers of all connections that were ready in this turn then leave together, and a
        proxy or a load generator on the same machine is woken once for all of them, not for each:
        measured, that is a third of what a small request costs. With few connections there is
        nothing to gather.
        """
        group = self.group
        if len(group.connections) < GATHER_FROM:
            self.send(data)
        elif self._outgoing:
            self._outgoing += data
            if len(self._outgoing) > WRITE_HIGH_WATER:
                self.send_outgoing()
        else:
            self._outgoing = data
            group.gather(self)

    def send_outgoing(self) -> None:
        """Send what `send_soon` has kept."""
        data = self._outgoing
        if data:
            self._outgoing = b""
            try:
                sent = self.stream.write(data)
            except StreamClosedError:
                return  # its receiver learns of that by itself
            if sent is not COMPLETED:
                self.unsent()

    # Deadlines

    def _set_deadline(self, seconds: float) -> None:
        self.deadline = self.group.sweeper.clock() + seconds if seconds else NEVER

    def unsent(self) -> None:
        """Watch that the client reads what could not be sent at once."""
        pace = self._write_pace
        if pace is None:
            timeout = self.group.settings.write_timeout
            if not timeout:
                return
            pace = WritePace(self.group.sweeper.clock(), timeout, self.stream.bytes_sent)
            self._write_pace = pace
        self.deadline = min(self.deadline, pace.next_check())

    def _client_reads(self, now: float) -> bool:
        """Tell whether something has left lately of what waits to be sent, if anything does."""
        pace = self._write_pace
        if pace is None or not pace.stalled(now, self.stream.bytes_sent):
            return True
        general_log.info("%s does not read its answer; closing", self._context.remote_ip)
        return False

    # Who reads

    def get_ssl_certificate(self, binary_form: bool) -> Mapping[str, object] | bytes | None:
        """Return the client's certificate, or None."""
        stream = self.stream
        return stream.get_ssl_certificate(binary_form) if isinstance(stream, SSLIOStream) else None

    # The end

    def _say_farewell(self, linger: bool) -> None:
        """Close once what has been written has left; see `Farewell` for `linger`."""
        self.send_outgoing()
        self._phase = CLOSED
        self.group.sweeper.forget(self)
        Farewell(
            self.stream,
            self.group.sweeper,
            self._ended,
            self._context.remote_ip,
            linger=linger,
            write_timeout=self.group.settings.write_timeout,
        )

    def close(self) -> None:
        """Close now, whatever is in progress; earlier answers that are complete are sent."""
        self.send_outgoing()
        if self._phase is not CLOSED:
            self._phase = CLOSING
        if self.codec.response_ends_with_connection:
            _reset(self.stream)
        else:
            self.stream.close()


def _reset(stream: IOStream) -> None:
    """Close amid a body that ends with the connection: a client of HTTP/1.0, nginx for one, would
    take what it got for the whole. Over TCP it gets a reset, over TLS no close_notify either; a
    unix socket has no way to say so.
    """
    with contextlib.suppress(OSError):  # closed already
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    stream.close(HTTPOutputError("the answer broke off"))


def _connection_context(
    stream: IOStream, address: object, protocol: str | None
) -> ConnectionContext:
    secure = isinstance(stream, SSLIOStream)
    remote_ip = str(address[0]) if isinstance(address, tuple) and address else UNIX_SOCKET_IP
    return ConnectionContext(
        remote_ip, protocol or ("https" if secure else "http"), address, secure
    )
