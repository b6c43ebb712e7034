"""The WebSockets that a test has opened, and their end with it."""

from __future__ import annotations

import asyncio

from ostro.websocket import WebSocketClientConnection

__all__ = ["OpenedWebSockets"]

CLOSE_TIMEOUT = 1.0
"""Seconds that the other ends have, when a test is over, to say goodbye."""


class OpenedWebSockets:
    """The connections of one test, or of one client."""

    def __init__(self) -> None:
        self._opened: list[WebSocketClientConnection] = []

    def add(self, connection: WebSocketClientConnection) -> None:
        """Remember a connection."""
        self._opened.append(connection)

    def add_soon(
        self, connecting: asyncio.Task[WebSocketClientConnection]
    ) -> asyncio.Task[WebSocketClientConnection]:
        """Remember a connection once it stands; return what was given."""
        connecting.add_done_callback(self._connected)
        return connecting

    def _connected(self, connecting: asyncio.Task[WebSocketClientConnection]) -> None:
        if not connecting.cancelled() and connecting.exception() is None:
            self.add(connecting.result())

    async def close(self) -> None:
        """Close them, and do not wait long for who does not answer. Idempotent."""
        opened, self._opened = self._opened, []
        for connection in opened:
            connection.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                for connection in opened:
                    await connection.wait_closed()
        except TimeoutError:
            pass  # the other end goes with its server
