"""A directory of files for tests, and applications that serve it."""

import os
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
