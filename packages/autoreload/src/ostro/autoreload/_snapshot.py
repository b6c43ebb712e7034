"""What the watched files looked like when they were first seen, and which look different now.

It reads no file, and decides nothing: a change may be half a change.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping

from ._modules import is_library, new_module_files

__all__ = ["SLICE", "Snapshot", "Stamp", "stamp"]

Stamp = tuple[int, int, int]

SLICE = 256
"""Files that one check looks at, besides the program's own: what keeps its cost within bounds.

At about 2 us for each it takes half a millisecond; a thousand files have their turn in four checks.
"""


STILL_SECONDS = 0.05
"""So long nothing may change before it counts: files are saved in steps and in groups."""

MAX_STEPS = 40
"""But a file that changes all the time puts it off by so many times that, and no longer."""


def stamp(path: str) -> Stamp | None:
    """Return what tells one state of a file from another, None where there is no file.

    The time in nanoseconds is not enough: file systems round it, and a file that is moved into the
    place of another may be older than that.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Snapshot:
    """The files of the imported modules, and others that were named.

    `modules` is what `sys.modules` is. What was installed changes seldom, so each check looks at
    the program's own files and at some of the others, in turn. Used by one thread at a time, apart
    from `add`.
    """

    def __init__(self, modules: Mapping[str, object] | None = None) -> None:
        self._modules: Mapping[str, object] = sys.modules if modules is None else modules
        self._known: dict[str, int] = {}
        self._stamps: dict[str, Stamp | None] = {}
        self._own: list[str] = []
        # How many of all files have had their turn.
        self._turn = 0

    @property
    def paths(self) -> list[str]:
        """The files, absolute; a new list."""
        return list(self._stamps)

    def add(self, path: str) -> bool:
        """Watch a file, from how it looks now; false if it is watched already. Thread-safe."""
        path = os.path.abspath(path)
        if path in self._stamps:
            return False
        self._stamps[path] = stamp(path)
        if not is_library(path):
            self._own.append(path)  # last: who checks these looks for their stamps
        return True

    def add_modules(self) -> list[str]:
        """Watch the files of the modules that are new; return those files."""
        return [path for path in new_module_files(self._modules, self._known) if self.add(path)]

    def younger_than(self, time_ns: int) -> set[str]:
        """Return the program's own files that were changed after a time (unix, nanoseconds)."""
        stamps = self._stamps
        return {path for path in self._own if (seen := stamps[path]) and seen[0] > time_ns}

    def check_own(self) -> set[str]:
        """Return which of the program's own files changed since the last check, and some others."""
        return self._check(self._own) | self.check_some()

    def check_some(self) -> set[str]:
        """Return which changed of those files whose turn it is."""
        paths = self.paths
        first = self._turn if self._turn < len(paths) else 0
        self._turn = first + SLICE
        return self._check(paths[first : self._turn])

    def check_all(self) -> set[str]:
        """Return all files that changed since they were looked at last."""
        return self._check(self.paths)

    def check_until_still(self, sleep: Callable[[float], object]) -> set[str]:
        """Return all files that change until nothing does any more. It blocks."""
        changed: set[str] = set()
        for _ in range(MAX_STEPS):
            sleep(STILL_SECONDS)
            more = self.check_all()
            if not more:
                break
            changed |= more
        return changed

    def _check(self, paths: Iterable[str]) -> set[str]:
        changed = set()
        for path in list(paths):
            now = stamp(path)
            # A file that is gone is about to come back: editors save by moving and deleting. If it
            # does not, then what used it was changed as well.
            if now is not None and now != self._stamps[path]:
                self._stamps[path] = now
                changed.add(path)
        return changed
