"""Messages for whoever asks for them, one by one, instead of being called with them.

This file knows no connection: that puts messages in, and is given something to wait for while there
are too many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

MAX_UNREAD_MESSAGES: Final = 16
"""Messages that are kept for a reader before the peer has to wait."""

MAX_UNREAD_SIZE: Final = 4 * 1024 * 1024
"""Bytes, or characters, of such messages; the one that exceeds it is kept as well."""

Read: TypeAlias = "asyncio.Future[str | bytes | None]"
"""What comes of reading: a message, or None at the end."""


class MessageQueue:
    """The messages that have come and were not asked for yet.

    `put` is a message callback: what it returns is done when there is room for more, which is at
    half of `max_messages`, so that reading does not stop and go for each of them; or at half of
    `MAX_UNREAD_SIZE`, where messages are large.
    """

    __slots__ = (
        "_ended",
        "_loop",
        "_max_messages",
        "_messages",
        "_on_idle",
        "_reads",
        "_room",
        "_size",
    )

    def __init__(self, max_messages: int = MAX_UNREAD_MESSAGES) -> None:
        self._loop = asyncio.get_running_loop()
        self._max_messages = max_messages
        # Messages that nobody has read, or reads that no message has come for: never both.
        self._messages: deque[str | bytes] = deque()
        self._size = 0  # of all of them
        self._reads: deque[Read] = deque()
        # Whether no more messages come.
        self._ended = False
        # What waits for room.
        self._room: asyncio.Future[None] | None = None
        # What is to be called when all messages have been dealt with.
        self._on_idle: Callable[[], None] | None = None

    def put(self, message: str | bytes) -> asyncio.Future[None] | None:
        """Keep a message; return what has to be waited for before the next one, or None."""
        while self._reads:
            read = self._reads.popleft()
            if not read.done():  # cancelled, that is
                read.set_result(message)
                return None
        self._messages.append(message)
        self._size += len(message)
        if len(self._messages) < self._max_messages and self._size < MAX_UNREAD_SIZE:
            return None
        if self._room is None:
            self._room = self._loop.create_future()
        return self._room

    def read(self) -> Read:
        """Return a future of the next message, or of None after the last one.

        Several may be pending, and get their messages in order. Cancelling one that is pending
        loses no message.
        """
        read: Read = self._loop.create_future()
        if self._messages:
            read.set_result(self._pop())
            if (
                len(self._messages) <= self._max_messages // 2
                and self._size <= MAX_UNREAD_SIZE // 2
            ):
                self._make_room()
        elif self._ended:
            read.set_result(None)
        else:
            self._reads.append(read)
            on_idle, self._on_idle = self._on_idle, None
            if on_idle is not None:
                on_idle()
        return read

    async def get(self) -> str | bytes | None:
        """Return the next message, None after the last one. Cancelling it loses no message."""
        read = self.read()
        try:
            return await read
        except asyncio.CancelledError:
            if not read.cancelled():
                self._put_back(read.result())
            raise

    def _put_back(self, message: str | bytes | None) -> None:
        """Take back what a task had been given when it was cancelled."""
        if message is not None:
            self._messages.appendleft(message)
            self._size += len(message)
            while self._reads and self._messages:
                read = self._reads.popleft()
                if not read.done():
                    read.set_result(self._pop())

    def _pop(self) -> str | bytes:
        message = self._messages.popleft()
        self._size -= len(message)
        return message

    def end(self) -> None:
        """Let readers know that no more messages come. Idempotent."""
        self._ended = True
        self._on_idle = None
        while self._reads:
            read = self._reads.popleft()
            if not read.done():
                read.set_result(None)
        self._make_room()

    @property
    def is_idle(self) -> bool:
        """Whether somebody waits for a message: those before have been dealt with."""
        return any(not read.done() for read in self._reads)

    def when_idle(self, action: Callable[[], None]) -> None:
        """Call `action` once the reader has dealt with all that came so far, and asks for more; not
        after `end`.
        """
        self._on_idle = action

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
