"""Whether changed files are fit to be run, and no older bytecode is run in their place."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import logging
import os

from ._snapshot import Stamp, stamp

__all__ = ["Changes", "forget_bytecode"]

_log = logging.getLogger("ostro.general")

_SOURCE = tuple(importlib.machinery.SOURCE_SUFFIXES)


class Changes:
    """The files that changed, until all of them can be run.

    Somebody who saves a program with a syntax error in it would end it by that: Python source that
    does not compile is reported, and waited for.
    """

    def __init__(self) -> None:
        self._paths: set[str] = set()
        # The state of each file that was found fit or unfit, and which.
        self._verdicts: dict[str, tuple[Stamp, bool]] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def add(self, paths: set[str]) -> None:
        """Take in what has changed."""
        self._paths |= paths

    def fit(self) -> list[str]:
        """Return the changed files, sorted, if they are there and can be run; or else none."""
        there = {path: now for path in self._paths if (now := stamp(path))}
        fit = [self._is_fit(path, now) for path, now in there.items()]
        return sorted(there) if all(fit) else []

    def _is_fit(self, path: str, now: Stamp) -> bool:
        if not path.endswith(_SOURCE):
            return True
        seen = self._verdicts.get(path)
        if seen is None or seen[0] != now:
            seen = self._verdicts[path] = (now, _compiles(path))
        return seen[1]


def _compiles(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        _log.error("%s, line %s: %s; waiting for a change", path, error.lineno, error.msg)
        return False
    except (ValueError, RecursionError, MemoryError, OSError) as error:
        _log.error("%s cannot be read as Python: %s; waiting for a change", path, error)
        return False
    return True


def forget_bytecode(paths: list[str]) -> None:
    """Delete the bytecode of changed files.

    Python takes it for current when the source has the same size and was changed in the same
    second: an edit soon after a start would not be run.
    """
    for path in paths:
        if path.endswith(_SOURCE):
            for level in ("", 1, 2):
                with contextlib.suppress(OSError, NotImplementedError):
                    os.unlink(importlib.util.cache_from_source(path, optimization=level))
