"""Waiting until it is worth while to look at the files again.

Either some time has passed, or the operating system says (through watchfiles, if that is installed)
that one of them was touched.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Generator
from typing import Any, TypeAlias

from ._snapshot import Snapshot

__all__ = ["Best", "Notified", "Polling"]

_log = logging.getLogger("ostro.general")

# Any: the kind of a change, which does not matter here.
_Events: TypeAlias = Generator[set[tuple[Any, str]], None, None]

_STEP_MS = 50
"""Silence that ends a burst of events, and how often watchfiles wakes up, in milliseconds."""
_BURST_MS = 200
"""The longest burst, in milliseconds."""


class Polling:
    """Waits the whole time, then looks."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def wait(self, seconds: float) -> set[str]:
        """Wait for some seconds; return what has changed."""
        time.sleep(seconds)
        self._snapshot.add_modules()
        return self._snapshot.check_own()


class Notified:
    """Waits for the operating system to name a file, and looks at some others in each pause.

    That is for file systems which name nothing: networks, folders shared with a virtual machine.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        # The paths that events may name: a file, and what it is a link to.
        self._names: set[str] = set()
        self._known = 0
        self._events: _Events | None = None

    def wait(self, seconds: float) -> set[str]:
        """Do the same. Raises OSError or RuntimeError where the system cannot watch any more."""
        self._snapshot.add_modules()
        paths = self._snapshot.paths
        fresh = self._events is None or len(paths) != self._known
        if fresh:
            self.close()
            self._events = self._watch(paths, seconds)
        assert self._events is not None
        # The watching begins in here: what happened before the first time was not reported.
        events = next(self._events, None)
        return self._snapshot.check_all() if events or fresh else self._snapshot.check_some()

    def close(self) -> None:
        """End the watching."""
        if self._events is not None:
            self._events.close()
            self._events = None

    def _watch(self, paths: list[str], seconds: float) -> _Events:
        from watchfiles import watch  # an extra, and half as large as all of Ostro

        self._known = len(paths)
        self._names = {*paths, *map(os.path.realpath, paths)}
        folders = {os.path.dirname(name) for name in self._names}
        return watch(
            *filter(os.path.isdir, folders),
            watch_filter=lambda change, path: path in self._names,
            debounce=_BURST_MS,
            step=_STEP_MS,
            rust_timeout=max(_STEP_MS, int(seconds * 1000)),
            yield_on_timeout=True,
            recursive=False,
        )


class Best:
    """Watches through the operating system where that can be done, by looking elsewhere."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._polling = Polling(snapshot)
        self._notified = Notified(snapshot) if _has_watchfiles() else None

    def wait(self, seconds: float) -> set[str]:
        """Wait for a sign, for some seconds; return what has changed."""
        if self._notified is not None:
            try:
                return self._notified.wait(seconds)
            except (OSError, RuntimeError) as error:
                _log.warning("cannot be told of changes (%s), so looks for them", error)
                self._notified = None
        return self._polling.wait(seconds)


def _has_watchfiles() -> bool:
    try:
        import watchfiles  # noqa: F401 - as in _watch
    except ImportError:
        return False
    return True
