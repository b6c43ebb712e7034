"""Warnings that Python gives when something is thrown away: caught, to be told of as errors.

They come from finalizers, where nothing can be raised, and so are easily overlooked.
"""

from __future__ import annotations

import re
import warnings
from types import TracebackType
from typing import Self, TextIO

__all__ = ["FORGOTTEN_AWAIT", "UNCLOSED", "WarningTrap"]

FORGOTTEN_AWAIT: tuple[type[Warning], str] = (
    RuntimeWarning,
    r"coroutine '.*' was never awaited",
)
UNCLOSED: tuple[type[Warning], str] = (ResourceWarning, r"unclosed ")


class WarningTrap:
    """Catch one kind of warning for the time of a block; the others go where they would have gone.

    Args:
        category: Its class.
        pattern: A regular expression that its text begins with.

    `caught` holds the texts. It changes `warnings` for the whole process, as
    `warnings.catch_warnings` does.
    """

    def __init__(self, category: type[Warning], pattern: str) -> None:
        self.caught: list[str] = []
        self._category = category
        self._pattern = pattern
        self._matches = re.compile(pattern).match
        self._saved = warnings.catch_warnings()

    def __enter__(self) -> Self:
        self._saved.__enter__()
        self._others = warnings.showwarning
        warnings.filterwarnings("always", self._pattern, self._category)
        warnings.showwarning = self._show
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._saved.__exit__(kind, error, tb)

    def _show(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, self._category) and self._matches(str(message)):
            self.caught.append(str(message))
        else:
            self._others(message, category, filename, lineno, file, line)
