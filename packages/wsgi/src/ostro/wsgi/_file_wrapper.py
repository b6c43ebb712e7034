"""What applications wrap a file in that is to be sent. Spec: PEP 3333 (Platform-Specific File
Handling).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

__all__ = ["FileWrapper"]

MIN_BLOCK_SIZE = 65536
"""Bytes that are read at a time, whatever less an application suggests: each block is handed from
one thread to another."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class FileWrapper:
    """Iterates over a file in blocks; `block_size` is a suggestion of the application's.

    Closing it closes the file.
    """

    def __init__(self, file: _Readable, block_size: int = 8192) -> None:
        self.file = file
        self.block_size = max(block_size, MIN_BLOCK_SIZE)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.file.read(self.block_size):
            yield block

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.file, "close", None)
        if close is not None:
            close()
