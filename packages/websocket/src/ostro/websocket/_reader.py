"""Messages for whoever asks for them, one by one, instead of being called with them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

MAX_UNREAD_MESSAGES: Final = 16
"""Messages that are kept for a reader before the peer has to wait."""


class MessageQueue:
    """The messages that have come and were not asked for yet. For one reader at a time.

    `put` is a message callback: what it returns is done when there is room for more.
    """

    __slots__ = ("_ended", "_messages", "_reader", "_room")

    def __init__(self) -> None:
        self._messages: deque[str | bytes] = deque()
        # Whether no more messages come.
        self._ended = False
        # Who waits for a message, and what waits for room.
        self._reader: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def put(self, message: str | bytes) -> asyncio.Future[None] | None:
        """Keep a message; return what has to be waited for before the next one, or None."""
        self._messages.append(message)
        self._wake_reader()
        if len(self._messages) < MAX_UNREAD_MESSAGES:
            return None
        self._room = asyncio.get_running_loop().create_future()
        return self._room

    def end(self) -> None:
        """Let the reader know that no more messages come. Idempotent."""
        self._ended = True
        self._wake_reader()
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def get(self) -> str | bytes | None:
        """Return the next message, None after the last one.

        Cancelling it loses no message. Raises RuntimeError if somebody else is waiting already.
        """
        while not self._messages:
            if self._ended:
                return None
            if self._reader is not None:
                raise RuntimeError("another task is waiting for the next message already")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._messages.popleft()
        if self._room is not None and len(self._messages) <= MAX_UNREAD_MESSAGES // 2:
            room, self._room = self._room, None
            if not room.done():
                room.set_result(None)
        return message

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
