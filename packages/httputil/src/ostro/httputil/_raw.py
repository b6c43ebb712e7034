"""The raw way out of a request, as the callback style of the API has it: head included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class RawConnection(Protocol):
    """A connection that takes the bytes of a whole response, head and body, as the application
    wrote them.

    An `HTTPConnection` over a byte stream has these methods as well; others (ASGI) need not.
    """

    def write_raw(self, data: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        """Send `data` as it is; `callback` runs when it has been handed to the network."""

    def finish_raw(self) -> None:
        """End the response; the connection closes when the framing that was written demands it."""
