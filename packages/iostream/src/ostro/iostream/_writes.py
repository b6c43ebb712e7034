"""The bytes that a stream has accepted and not yet sent, and who waits for them to go.

Nothing here knows a socket or a loop. Large pieces are kept as they are and sent through
memoryviews; small ones are gathered, so that many short writes do not cost a system call each.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from .errors import StreamError

GATHER_BELOW = 2048
"""Pieces shorter than this many bytes are copied together rather than queued one by one."""

GATHERED_SIZE = 65536
"""A gathered piece does not grow beyond about this many bytes."""


class WriteQueue:
    """What is to be sent, in order."""

    __slots__ = ("_accepted", "_pieces", "_sent", "_sent_of_first", "_waiters", "callback", "size")

    def __init__(self) -> None:
        self._pieces: deque[bytes | bytearray | memoryview] = deque()
        self._sent_of_first = 0  # bytes of the first piece that are gone already
        self.size = 0  # bytes waiting
        self._accepted = 0  # bytes ever appended
        self._sent = 0  # bytes ever sent
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.callback: Callable[[], object] | None = None  # run when all is sent; the last one wins

    def append(self, data: bytes | memoryview) -> None:
        """Queue a piece, which must not change any more."""
        size = len(data)
        if not size:
            return
        self.size += size
        self._accepted += size
        if size >= GATHER_BELOW:
            self._pieces.append(data)
            return
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray) and len(last) < GATHERED_SIZE:
            last += data
        else:
            self._pieces.append(bytearray(data))

    def first(self) -> memoryview:
        """Return the unsent bytes of the first piece; release it before the queue changes."""
        view = memoryview(self._pieces[0])
        return view[self._sent_of_first :] if self._sent_of_first else view

    def advance(self, size: int) -> None:
        """Take note that `size` bytes of the first piece have been sent."""
        self.size -= size
        self._sent += size
        self._sent_of_first += size
        if self._sent_of_first == len(self._pieces[0]):
            self._pieces.popleft()
            self._sent_of_first = 0

    def wait(self, future: "asyncio.Future[None]") -> None:
        """Have the future completed when all that is queued now has been sent."""
        self._waiters.append((self._accepted, future))

    def release(self) -> None:
        """Complete the futures whose bytes have been sent."""
        waiters = self._waiters
        while waiters and waiters[0][0] <= self._sent:
            future = waiters.popleft()[1]
            if not future.done():
                future.set_result(None)

    def fail(self, error: StreamError) -> None:
        """Fail all futures and drop all bytes."""
        for _, future in self._waiters:
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody is warned of a write that was not awaited
        self._waiters.clear()
        self._pieces.clear()
        self.callback = None
        self.size = 0
