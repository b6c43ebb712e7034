"""What comes of writing a message: something to await, which nobody has to.

A writer that does not wait may have any number of messages under way, so that each costs little
beside its bytes, and nobody is warned of those that could not be sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any

from ostro.iostream import StreamClosedError

from .errors import WebSocketClosedError


class Sending:
    """What the stream returned for a message that it has not sent yet, with the error of this
    package in place of the stream's.
    """

    __slots__ = ("_written",)

    def __init__(self, written: Awaitable[None]) -> None:
        self._written = written

    def __await__(self) -> Generator[Any, None, None]:  # Any: what the loop waits for
        try:
            yield from self._written.__await__()
        except StreamClosedError as error:
            raise WebSocketClosedError from error


def never_sent(error: StreamClosedError | None) -> Awaitable[None]:
    """Return an awaitable that raises WebSocketClosedError, because of `error`."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    closed = WebSocketClosedError()
    closed.__cause__ = error
    future.set_exception(closed)
    future.exception()
    return future
