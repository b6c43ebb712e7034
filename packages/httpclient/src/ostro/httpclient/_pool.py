"""The connections that are idle, by what they may be reused for."""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections import OrderedDict
from contextvars import Context
from typing import Final

from ostro.ioloop import Sweeper

from ._connection import ClientConnection

__all__ = ["ConnectionPool"]

LOOK_AFTER: Final = 0.1
"""Seconds after which an idle connection is looked at. Under load it is in use again by then, which
shows as much."""


class ConnectionPool:
    """Keeps connections between requests.

    A connection leaves the pool when it is taken, when the server ends it or says something
    unasked, when it has been idle too long, and when there are too many: the one that has been
    idle longest goes first.

    Args:
        sweeper: Looks after those that have been idle too long.
        max_idle: Connections in all.
        max_idle_per_key: Connections for each key.
        idle_timeout: Seconds that a connection may be idle.
    """

    def __init__(
        self, sweeper: Sweeper, max_idle: int, max_idle_per_key: int, idle_timeout: float
    ) -> None:
        self._sweeper = sweeper
        self._max_idle = max_idle
        self._max_idle_per_key = max_idle_per_key
        self._idle_timeout = idle_timeout
        # All that are idle, the one that has been so longest first; and by key, the same way.
        self._idle: OrderedDict[ClientConnection, None] = OrderedDict()
        self._by_key: dict[object, list[ClientConnection]] = {}
        # The timer for looking at those that the loop may say nothing of: `IOStream.expect_write`.
        self._looking: asyncio.TimerHandle | None = None
        # Their sockets, and what closes them when the loop is gone.
        self._sockets: set[socket.socket] = set()
        self._closed = False
        self._finalizer: weakref.finalize[..., object] | None = None

    def __len__(self) -> int:
        return len(self._idle)

    def close_with(self, owner: object) -> None:
        """Have the sockets closed when `owner`, the loop, is gone, or the program ends."""
        self._finalizer = weakref.finalize(owner, _close_all, self._sockets)

    def take(self, key: object, *, certainly: bool = False) -> ClientConnection | None:
        """Return the connection that was used last, None if there is none.

        Args:
            key: What it must be good for.
            certainly: Look first whether the server has closed it in this very moment.
        """
        while (connections := self._by_key.get(key)) is not None:
            connection = connections[-1]
            if certainly and not connection.look():
                continue  # it has left the pool
            self._remove(connection)
            connection.take_up()
            return connection
        return None

    def put(self, connection: ClientConnection) -> None:
        """Take back a connection whose exchange is over, or close it if nothing may follow."""
        wanted = self._max_idle and self._max_idle_per_key and not self._closed
        deadline = self._sweeper.clock() + self._idle_timeout
        if not wanted or not connection.rest(self._remove, deadline):
            connection.close()
            return
        key = connection.key
        alike = self._by_key.get(key)
        if alike is not None and len(alike) >= self._max_idle_per_key:
            self._close(alike[0])
            alike = self._by_key.get(key)
        elif len(self._idle) >= self._max_idle:
            self._close(next(iter(self._idle)))
            alike = self._by_key.get(key)
        if alike is None:
            alike = self._by_key[key] = []
        alike.append(connection)
        self._idle[connection] = None
        self._sockets.add(connection.stream.socket)
        self._sweeper.watch(connection)
        if self._looking is None:
            loop = connection.stream.io_loop.asyncio_loop
            self._looking = loop.call_later(LOOK_AFTER, self._look, context=Context())

    def _look(self) -> None:
        """Look at those that are here, as far as they have not been looked at."""
        self._looking = None
        for connection in list(self._idle):
            connection.look_if_unseen()

    def close(self) -> None:
        """Close all connections, and those that are still in use when they are put back."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._finalizer is not None:
            self._finalizer.detach()
        for connection in list(self._idle):
            self._close(connection)

    def _close(self, connection: ClientConnection) -> None:
        self._remove(connection)
        connection.take_up()
        connection.close()

    def _remove(self, connection: ClientConnection) -> None:
        del self._idle[connection]
        self._sweeper.forget(connection)
        self._sockets.discard(connection.stream.socket)
        connections = self._by_key[connection.key]
        if connections[-1] is connection:  # mostly, and there may be many before it
            connections.pop()
        else:
            connections.remove(connection)
        if not connections:
            del self._by_key[connection.key]


def _close_all(sockets: set[socket.socket]) -> None:
    for each in sockets:
        each.close()
