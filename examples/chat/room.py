"""What has been said in the room, and who waits for more."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TypedDict

REMEMBERED = 200
"""How many messages the room remembers."""

MAX_LENGTH = 500
"""The characters of the longest message."""


class Message(TypedDict):
    """One message; its number is higher than those of all before, also before a restart."""

    number: int
    name: str
    text: str


class Room:
    """A room where everybody hears everything."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=REMEMBERED)
        # Pages outlive the room: its numbers go on above all that it has given before.
        self._count = time.time_ns() // 1_000_000
        self._more = asyncio.Event()
        self._listeners: list[Callable[[Message], None]] = []

    def say(self, name: str, text: str) -> None:
        """Add a message. What is too long is cut; what is empty is not said."""
        name, text = name.strip()[:40] or "Somebody", text.strip()[:MAX_LENGTH]
        if not text:
            return
        self._count += 1
        message = Message(number=self._count, name=name, text=text)
        self._messages.append(message)
        more, self._more = self._more, asyncio.Event()
        more.set()
        for listener in list(self._listeners):
            listener(message)

    def since(self, number: int) -> list[Message]:
        """Return the messages after the one with this number, as far as they are remembered."""
        return [message for message in self._messages if message["number"] > number]

    async def wait_for_more(self, number: int) -> list[Message]:
        """Return the messages after the one with this number, at least one."""
        while not (messages := self.since(number)):
            await self._more.wait()
        return messages

    def listen(self, listener: Callable[[Message], None]) -> None:
        """Call `listener` with every message from now on."""
        self._listeners.append(listener)

    def leave(self, listener: Callable[[Message], None]) -> None:
        self._listeners.remove(listener)


def number_in(text: str) -> int | None:
    """Read the number of a message, as a page sends it; None if it is none."""
    return int(text) if text.isdecimal() and len(text) < 20 else None
