"""Templates whose files `ostro.autoreload` watches, for applications that keep them compiled."""

from __future__ import annotations

from ostro.autoreload import watch
from ostro.template import Loader

__all__ = ["WatchedLoader"]


class WatchedLoader(Loader):
    """Loads templates from a directory; a change of one that was loaded restarts the program."""

    def read(self, name: str) -> tuple[bytes, str]:
        """Return the bytes of a file and its path, and watch it."""
        text, path = super().read(name)
        watch(path)
        return text, path
