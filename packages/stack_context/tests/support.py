"""Contexts that leave a trace."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


class Trace:
    """Makes contexts, and knows which of them are entered at the moment."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def context(self, name: str) -> Callable[[], AbstractContextManager[None]]:
        """Return a factory of contexts."""

        @contextmanager
        def enter() -> Iterator[None]:
            self.entered.append(name)
            try:
                yield
            finally:
                self.entered.remove(name)

        return enter

    def look(self) -> list[str]:
        """Return the names of the contexts that are entered, outermost first."""
        return list(self.entered)
