"""A directory of files for tests, and applications that serve it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ostro.web import Application, StaticFileHandler

LONG_AGO = 1_000_000_000
"""When the files were changed: Sun, 09 Sep 2001 01:46:40 GMT."""

LONG_AGO_TEXT = "Sun, 09 Sep 2001 01:46:40 GMT"

SMALL = b"body { color: #123456 }\n" * 10
LARGE = bytes(range(256)) * 1024
"""More than what is read at once, and less than what is hashed."""


def put(root: Path, name: str, content: bytes = SMALL, *, changed: float = LONG_AGO) -> Path:
    """Write a file below `root`, as if it had been changed some time ago."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (changed, changed))
    return path


def site(root: Path, **settings: Any) -> Application:  # Any: whatever an application takes
    """An application with the files below `root`, and nothing in memory yet."""
    StaticFileHandler.reset()
    return Application([], static_path=str(root), **settings)


@contextmanager
def threads_that_open(root: Path) -> Iterator[set[int]]:
    """Note in which threads files below `root` are opened meanwhile."""
    threads: set[int] = set()
    watching = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).startswith(str(root)):
            threads.add(threading.get_ident())

    sys.addaudithook(note)  # for good: it cannot be removed
    yield threads
    watching = False
