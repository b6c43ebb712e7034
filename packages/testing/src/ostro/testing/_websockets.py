"""The WebSockets that a test has opened, and their end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ostro.websocket import WebSocketClientConnection

__all__ = ["close_websockets"]

CLOSE_TIMEOUT = 1.0
"""Seconds that the other ends have, when a test is over, to say goodbye."""


async def close_websockets(websockets: Iterable[WebSocketClientConnection]) -> None:
    """Close WebSockets, and do not wait long for who does not answer."""
    for websocket in websockets:
        websocket.close()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            for websocket in websockets:
                await websocket.wait_closed()
    except TimeoutError:
        pass  # the other end goes with its server
