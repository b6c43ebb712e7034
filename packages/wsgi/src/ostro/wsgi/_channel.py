"""From the thread of a WSGI application to the loop of its connection, at the client's pace.

The thread puts parts of a response in, and waits while more than a bound is on its way. The loop
takes out whatever has come together, so that a short response is sent in one go.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from ostro.httputil import HTTPConnection
from ostro.ioloop import COMPLETED

from ._answer import Head
from .errors import ClientGoneError

__all__ = ["Channel", "write_part"]

app_log = logging.getLogger("ostro.application")

HIGH_WATER = 131072
"""Bytes on their way above which the application waits: two of its usual blocks."""

LOOK_AFTER = 1.0
"""Seconds after which a thread that waits looks whether the loop still runs."""

MAX_LOOKS = 3
"""Times in a row that a loop may be found at rest. An interrupted program leaves its loop so,
and could not end while a thread waits for it."""


class Channel:
    """Carries one response. `ended` is called on the loop when no more of it will be sent."""

    __slots__ = (
        "_closing",
        "_connection",
        "_ended",
        "_gone",
        "_head",
        "_last",
        "_lock",
        "_looks",
        "_loop",
        "_on_way",
        "_parts",
        "_room",
        "_scheduled",
        "_thread",
    )

    def __init__(
        self,
        connection: HTTPConnection,
        loop: asyncio.AbstractEventLoop,
        ended: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._ended = ended
        self._lock = threading.Lock()
        # What a thread waits on; few ever have to. How often it found the loop at rest.
        self._room: threading.Condition | None = None
        self._looks = 0
        # The loop's own thread, where an executor may run things too, and which must not wait.
        self._thread = threading.get_ident()
        # What is to be sent next.
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._last = False
        # Bytes that were put in and have not been taken by the network.
        self._on_way = 0
        # Whether the loop is at work on this, or is going to be.
        self._scheduled = False
        # Whether nothing can be sent any more, and whether the connection is to be closed.
        self._gone = False
        self._closing = False

    @property
    def gone(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._gone

    # The application's thread

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """Put in the next part of the response; wait until the client has read most of the others.

        Raises ClientGoneError when nothing can be sent any more.
        """
        with self._lock:
            if self._gone:
                raise ClientGoneError
            if head is not None:
                self._head = head
            if data:
                self._parts.append(data)
                self._on_way += len(data)
            self._last = end
            self._wake_loop()
            while not end and self._must_wait():
                self._wait()

    def _must_wait(self) -> bool:
        if self._on_way <= HIGH_WATER or self._gone:
            return False
        return threading.get_ident() != self._thread

    def _wait(self) -> None:
        if self._room is None:
            self._room = threading.Condition(self._lock)
        self._room.wait(LOOK_AFTER)
        self._looks = 0 if self._loop.is_running() else self._looks + 1
        if self._looks >= MAX_LOOKS:
            self._gone = True

    def abort(self) -> None:
        """Close the connection, so that the client sees that the response is not whole."""
        with self._lock:
            self._closing = True
            self._wake_loop()

    def _wake_loop(self) -> None:
        if self._scheduled:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop is closed, and with it the connection
            self._gone = True

    # The loop's thread

    def _deliver(self) -> None:
        with self._lock:
            head, self._head = self._head, None
            parts, self._parts = self._parts, []
            last = self._last
            closing = self._closing
        if self._gone:
            return
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            sent = write_part(self._connection, head, data, last)
        except Exception:  # noqa: BLE001 - what cannot be sent is logged, the rest goes on
            app_log.exception("Uncaught exception sending what a WSGI application answered")
            closing = True
        if closing:
            self._connection.close()
        if closing or last:
            self.lose()
        elif sent is COMPLETED:
            self._sent(len(data))
        else:
            waiting = asyncio.ensure_future(sent)
            waiting.add_done_callback(lambda future: self._sent_later(future, len(data)))

    def _sent_later(self, future: asyncio.Future[None], size: int) -> None:
        if future.cancelled() or future.exception() is not None:
            self.lose()
        else:
            self._sent(size)

    def _sent(self, size: int) -> None:
        with self._lock:
            self._on_way -= size
            more = self._head is not None or self._parts or self._last or self._closing
            self._scheduled = bool(more)
            self._wake_thread()
        if more:
            self._loop.call_soon(self._deliver)

    def lose(self) -> None:
        """Take note that nothing more is sent: the response has ended, well or badly."""
        with self._lock:
            if self._gone:
                return
            self._gone = True
            self._wake_thread()
        self._ended()

    def _wake_thread(self) -> None:
        if self._room is not None:
            self._room.notify_all()


def write_part(
    connection: HTTPConnection, head: Head | None, data: bytes, end: bool
) -> Awaitable[None]:
    """Send a part of a response, its head before the first one."""
    if head is not None:
        start_line, headers = head
        # To HEAD an empty body says nothing about the length of that to GET.
        return connection.write_headers(start_line, headers, data or None, end=end)
    sent = connection.write(data) if data else COMPLETED
    if end:
        connection.finish()
    return sent
