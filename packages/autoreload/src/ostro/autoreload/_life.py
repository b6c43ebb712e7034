"""What one life of the program tells the next, through an environment variable.

A program that changes its own files at each start would restart for ever: this bounds it.
"""

from __future__ import annotations

import functools
import json
import os
import time
from dataclasses import dataclass

__all__ = ["Life", "is_switched_off", "this_life"]

VARIABLE = "OSTRO_AUTORELOAD"

SHORT_NS = 3_000_000_000
"""A life that ends sooner was a short one, in nanoseconds."""

MAX_SHORT_LIVES = 5
"""So many short lives in a row may be somebody who saves often; after that each waits longer."""

MAX_PAUSE = 30.0
"""The longest time that a restart is put off, in seconds."""


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the program, from its start to the restart."""

    began_ns: int
    """When it began, as unix time in nanoseconds."""
    restarted: bool = False
    """Whether it is not the first."""
    short_lives: int = 0
    """How many lives before this one were short, in a row."""
    began_late: bool = False
    """Whether a file that changed while the last life was starting has led to this one."""

    def pause(self, now_ns: int) -> float:
        """Return how many seconds to wait before the next life."""
        excess = self._short_lives(now_ns) - MAX_SHORT_LIVES
        return min(2.0 ** (excess - 1), MAX_PAUSE) if excess > 0 else 0.0

    def next_environment(self, now_ns: int, late: bool) -> dict[str, str]:
        """Return the environment of the next life."""
        state = {
            "pid": os.getpid(),
            "began_ns": now_ns,
            "short_lives": self._short_lives(now_ns),
            "began_late": late,
        }
        return {**os.environ, VARIABLE: json.dumps(state)}

    def _short_lives(self, now_ns: int) -> int:
        return self.short_lives + 1 if now_ns - self.began_ns < SHORT_NS else 0

    @classmethod
    def read(cls, text: str | None, otherwise_ns: int) -> Life:
        """Return the life that the last one has left, or the first life of all."""
        try:
            state = json.loads(text or "null")
            if state["pid"] not in (os.getpid(), os.getppid()):
                return cls(otherwise_ns)  # of a program that started this one
            return cls(
                int(state["began_ns"]), True, int(state["short_lives"]), bool(state["began_late"])
            )
        except (ValueError, TypeError, KeyError):
            return cls(otherwise_ns)


_IMPORTED_NS = time.time_ns()


def is_switched_off() -> bool:
    """Tell whether somebody has set the variable to 0, as for a test of a program that restarts."""
    return os.environ.get(VARIABLE) == "0"


@functools.cache
def this_life() -> Life:
    """Return what is known of this run of the program."""
    # Taken out, so that programs which this one starts do not take it for theirs.
    return Life.read(os.environ.pop(VARIABLE, None), _IMPORTED_NS)
