"""What all connections of one server share: who answers, the settings, the sweeper, and the way to
an end.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING

from ostro.httputil import HTTPServerConnectionDelegate
from ostro.ioloop import NEVER, IOLoop, RegularSweeper
from ostro.iostream import IOStream

from ._settings import ServerSettings

if TYPE_CHECKING:
    from ._connection import HTTPConnection
    from ._output import ConnectionOutput


class ConnectionGroup:
    """The open connections of one server, and what they have in common."""

    __slots__ = (
        "_empty",
        "_gather_context",
        "_gathered",
        "connections",
        "decompress",
        "delegate",
        "detached",
        "draining",
        "forwarded",
        "idle_timeout",
        "io_loop",
        "last_answers",
        "settings",
        "sweeper",
        "takes_requests",
    )

    def __init__(
        self,
        delegate: HTTPServerConnectionDelegate,
        settings: ServerSettings,
        io_loop: IOLoop,
        clock: Callable[[], float],
        sweep_interval: float,
    ) -> None:
        self.delegate = delegate
        self.settings = settings
        self.io_loop = io_loop
        self.sweeper = RegularSweeper(io_loop, sweep_interval, clock)
        self.connections: set[HTTPConnection] = set()
        # Streams that were given away, and who wants to be told of the end.
        self.detached: dict[IOStream, Callable[[], object]] = {}
        # Of the delegate and the settings, what every request asks for.
        self.takes_requests = delegate.takes_requests
        self.forwarded = settings.forwarded
        self.decompress = settings.decompress_request
        self.idle_timeout = settings.idle_connection_timeout or NEVER
        # Whether the answers that are given now end their connections.
        self.last_answers = settings.no_keep_alive
        # Connections whose answers leave at the end of this turn of the loop.
        self._gathered: list[ConnectionOutput] = []
        self._gather_context = Context()
        # Whether no further request is taken on the connections that are open.
        self.draining = False
        # Set when the last connection closes; made by whoever waits for that.
        self._empty: asyncio.Event | None = None

    def add(self, connection: HTTPConnection) -> None:
        """Take in a connection that has just been opened."""
        self.connections.add(connection)
        self.sweeper.watch(connection)

    def remove(self, connection: HTTPConnection) -> None:
        """Forget a connection that is closed or detached; idempotent."""
        self.connections.discard(connection)
        self.sweeper.forget(connection)
        self._look_if_empty()

    def add_detached(self, stream: IOStream, on_drain: Callable[[], object]) -> None:
        """Remember a stream that was given away, until it is closed: see `drain`."""
        self.detached[stream] = on_drain
        stream.set_close_callback(functools.partial(self._detached_closed, stream))
        if self.draining:
            self.io_loop.add_callback(on_drain)

    def _detached_closed(self, stream: IOStream) -> None:
        self.detached.pop(stream, None)
        self._look_if_empty()

    def _look_if_empty(self) -> None:
        if self._empty is not None and not self.connections and not self.detached:
            self._empty.set()

    def gather(self, connection: ConnectionOutput) -> None:
        """Call `connection.send_outgoing` at the end of this turn of the loop."""
        if not self._gathered:
            self.io_loop.asyncio_loop.call_soon(self._send_gathered, context=self._gather_context)
        self._gathered.append(connection)

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        for connection in gathered:
            connection.send_outgoing()

    async def drain(self, timeout: float | None) -> bool:  # noqa: ASYNC109 - the bound is the point
        """Close idle connections now and busy ones after their answer, ask who has taken a stream
        over to close it; return whether all ended in time.

        Those that are left after `timeout` seconds (None waits without limit) are closed as they
        are.
        """
        self.draining = self.last_answers = True
        for connection in list(self.connections):
            connection.close_when_idle()
        for on_drain in self.detached.values():
            self.io_loop.add_callback(on_drain)
        if not self.connections and not self.detached:
            return True
        if self._empty is None:
            self._empty = asyncio.Event()
        self._empty.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            self.close_all()
            return False
        return True

    def close_all(self) -> None:
        """Close every connection at once, finished or not."""
        for connection in list(self.connections):
            connection.close()
        for stream in list(self.detached):
            stream.close()
