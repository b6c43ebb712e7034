"""Static files that are kept in memory: their state, and the content of the small ones.

What is served from here is what the disk has: each time, the file is asked for its signature. Once
a second, an executor looks at it anew, so that the loop only asks for what the kernel still knows.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Hashable
from typing import Final

from ._static_files import StaticFile
from ._static_versions import signature_of

DEFAULT_MAX_MEMORY: Final = 16777216
"""Bytes of files that one process keeps: the scripts, styles and icons of most sites."""

_FRESH_SECONDS: Final = 1.0
_OVERHEAD: Final = 2048
"""Bytes that an entry takes beside the content, rather more than less."""


class FileMemory:
    """Files by the place that a request finds them at."""

    __slots__ = ("_files", "_lock", "_size")

    def __init__(self) -> None:
        # Only changed under the lock; reading needs none.
        self._files: dict[Hashable, StaticFile] = {}
        self._size = 0
        self._lock = threading.Lock()

    def fresh(self, key: Hashable) -> StaticFile | None:
        """Return a file that has been looked at within the last second, and is still the same."""
        file = self._files.get(key)
        if file is None or time.monotonic() - file.checked > _FRESH_SECONDS:
            return None
        try:
            status = os.stat(file.absolute_path)
        except OSError:
            return None
        return file if signature_of(status) == file.identity.signature else None

    def known(self, key: Hashable) -> StaticFile | None:
        """Return what was found the last time."""
        return self._files.get(key)

    def keep(self, key: Hashable, file: StaticFile, most: int) -> None:
        """Keep a file, and no more than `most` bytes in all; the oldest go first.

        A file that may still change without a sign of it is not kept.
        """
        if not file.is_settled:
            return
        weight = _weight(file)
        with self._lock:
            self._drop(key)
            while self._files and self._size + weight > most:
                self._drop(next(iter(self._files)))
            if weight <= most:
                self._files[key] = file
                self._size += weight

    def clear(self) -> None:
        """Forget all files."""
        with self._lock:
            self._files.clear()
            self._size = 0

    def _drop(self, key: Hashable) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            self._size -= _weight(file)


def _weight(file: StaticFile) -> int:
    contents = [file.identity.content, *[each.content for each in file.encoded]]
    return _OVERHEAD + sum(len(content) for content in contents if content is not None)
