"""The body of a request on its way to a WSGI application: in memory, or in a file once it is large.

An application reads its input whenever it likes, in a thread of its own. Waiting there for a slow
client would take a thread for each upload, so a body is received whole first.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Awaitable
from typing import IO

__all__ = ["DEFAULT_SPOOL_SIZE", "BodySpool"]

DEFAULT_SPOOL_SIZE = 262144
"""Bytes of a body that are kept in memory. Forms and JSON stay below; more would add up over many
connections."""


class BodySpool:
    """Collects a body; `max_memory` bytes of it are in memory at most, besides the last part."""

    __slots__ = ("_closed", "_file", "_held", "_max_memory", "_parts", "_writing", "size")

    def __init__(self, max_memory: int) -> None:
        self._max_memory = max_memory
        self._parts: list[bytes] = []
        self._held = 0
        # Made when there is more than may be in memory; it has no name, and goes when it is closed.
        self._file: IO[bytes] | None = None
        self._writing = False
        self._closed = False
        self.size = 0

    def add(self, data: bytes) -> Awaitable[None] | None:
        """Take the next part; the one after it waits for what is returned, if anything is."""
        self._parts.append(data)
        self._held += len(data)
        self.size += len(data)
        return None if self._held <= self._max_memory else self._move()

    async def _move(self) -> None:
        """Move what is in memory to the file, in a thread: disks are slow."""
        self._writing = True
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._store)
        finally:
            self._writing = False
            if self._closed:
                self._close_file()

    def _store(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        parts, self._parts = self._parts, []
        self._held = 0
        self._file.write(b"".join(parts))

    def open(self) -> IO[bytes]:
        """Return the whole body, to be read from its start. It may block on the disk."""
        if self._file is None:
            return io.BytesIO(b"".join(self._parts))
        self._store()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Let go of the body; idempotent."""
        self._closed = True
        self._parts = []
        if not self._writing:
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
