"""What happens in the shop, told to all who are there: copies taken, things said."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

REMEMBERED = 100
"""How many things that were said a newcomer gets to see."""

MAX_LENGTH = 500
"""The characters of the longest thing that can be said."""

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a visitor said. Numbers ascend."""

    number: int
    name: str
    text: str


@dataclass(slots=True)
class Live:
    """The ear of the shop: whoever listens is told each event."""

    _listeners: list[Callable[[Event], None]] = field(default_factory=list)
    _remarks: deque[Remark] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _count: int = 0

    def listen(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def leave(self, listener: Callable[[Event], None]) -> None:
        self._listeners.remove(listener)

    @property
    def remarks(self) -> list[Remark]:
        """The latest remarks, the oldest first."""
        return list(self._remarks)

    def tell_stock(self, isbn: str, left: int) -> None:
        self._tell({"event": "stock", "isbn": isbn, "left": left})

    def say(self, name: str, text: str) -> None:
        """Say something, if it is anything; what is too long is cut."""
        text = text.strip()[:MAX_LENGTH]
        if text:
            self._count += 1
            self._remarks.append(Remark(self._count, name, text))
            self._tell({"event": "remark", "number": self._count, "name": name, "text": text})

    def _tell(self, event: Event) -> None:
        for listener in list(self._listeners):  # which may leave when they are called
            listener(event)
