"""A handler that notes what happens to it."""

import asyncio

from ostro.websocket import WebSocketHandler


class Noting(WebSocketHandler):
    """Notes what happens to it."""

    notes: "asyncio.Queue[tuple[object, ...]]"

    def initialize(self, notes: "asyncio.Queue[tuple[object, ...]]") -> None:
        self.notes = notes

    def open(self) -> None:
        self.notes.put_nowait(("open", self))

    def on_message(self, message: str | bytes) -> None:
        self.notes.put_nowait(("message", message))

    def on_close(self) -> None:
        self.notes.put_nowait(("close", self.close_code, self.close_reason))

    def on_finish(self) -> None:
        self.notes.put_nowait(("finish",))


async def opened(notes: "asyncio.Queue[tuple[object, ...]]") -> WebSocketHandler:
    name, handler = await notes.get()
    assert name == "open"
    assert isinstance(handler, WebSocketHandler)
    return handler


Notes = asyncio.Queue[tuple[object, ...]]
