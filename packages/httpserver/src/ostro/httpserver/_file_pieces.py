"""Reading a file piece by piece, never waiting for the disk on the loop.

What the kernel has in memory is read at once, where it can tell (Linux: RWF_NOWAIT); all else, in
an executor. Going through a thread costs as much again as reading a piece and sending it: a
download of 1 GiB took 370 ms of CPU instead of 530.
"""

from __future__ import annotations

import asyncio
import os
from io import FileIO
from typing import IO, Final

PIECE_SIZE: Final = 262144
"""Bytes of a file that are in memory at a time."""

_NO_WAIT: Final[int] = getattr(os, "RWF_NOWAIT", 0)


class PieceReader:
    """Reads one file, in pieces."""

    __slots__ = ("_buffer", "_can_tell", "_file")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        # Whether the kernel says if it has a part in memory. Objects with a buffer of their own may
        # know more of the file than it does.
        self._can_tell = type(file) is FileIO and bool(_NO_WAIT)
        self._buffer: bytearray | None = None

    async def read(self, position: int, size: int) -> bytes:
        """Return up to `size` bytes from byte `position` on, and no more than `PIECE_SIZE`; none
        at the end of the file.

        Others of the loop have their turn meanwhile.
        """
        size = min(size, PIECE_SIZE)
        piece = self.read_cached(position, size)
        if piece is None:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, _read_piece, self._file, position, size)
        await asyncio.sleep(0)
        return piece

    def read_cached(self, position: int, size: int) -> bytes | None:
        """Return up to `size` bytes that are in memory; None where they would have to be waited
        for, and at the end of the file.
        """
        if not self._can_tell:
            return None
        if self._buffer is None:
            self._buffer = bytearray(PIECE_SIZE)
        with memoryview(self._buffer) as view, view[:size] as part:
            try:
                found = os.preadv(self._file.fileno(), [part], position, _NO_WAIT)
            except OSError as error:
                # Not now, or never: not all file systems know.
                self._can_tell = isinstance(error, BlockingIOError)
                return None
            return bytes(part[:found]) if found else None


def _read_piece(file: IO[bytes], position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)
