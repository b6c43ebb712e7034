"""What happens in the shop, told to all who are there: copies taken, things said."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

REMEMBERED = 100
"""How many things that were said a newcomer gets to see."""

MAX_LENGTH = 500
"""The characters of the longest thing that can be said."""

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a visitor said. Numbers ascend, also over a restart of the shop."""

    number: int
    name: str
    text: str


@dataclass(slots=True)
class Live:
    """The ear of the shop: whoever listens is told each event."""

    _listeners: list[Callable[[Event], None]] = field(default_factory=list)
    _remarks: deque[Remark] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _left: dict[str, int] = field(default_factory=dict)
    # Pages outlive the shop: its numbers go on above all that it has given before.
    _count: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def listen(
        self, listener: Callable[[Event], None], stock: Mapping[str, int], after: int | None
    ) -> None:
        """Call `listener` with all that happens, and first with what it may have missed.

        That is how many copies are left, by ISBN, where `stock` may be a moment old; and the
        remarks after the one with the number `after`, none if that is None.
        """
        self._listeners.append(listener)
        for isbn, left in stock.items():
            listener(_stock_event(isbn, self._left.get(isbn, left)))
        for remark in self._remarks:
            if after is not None and remark.number > after:
                listener(_remark_event(remark))

    def leave(self, listener: Callable[[Event], None]) -> None:
        self._listeners.remove(listener)

    @property
    def remarks(self) -> list[Remark]:
        """The latest remarks, the oldest first."""
        return list(self._remarks)

    def tell_stock(self, isbn: str, left: int) -> None:
        self._left[isbn] = left
        self._tell(_stock_event(isbn, left))

    def say(self, name: str, text: str) -> None:
        """Say something, if it is anything; what is too long is cut."""
        text = text.strip()[:MAX_LENGTH]
        if text:
            self._count += 1
            remark = Remark(self._count, name, text)
            self._remarks.append(remark)
            self._tell(_remark_event(remark))

    def _tell(self, event: Event) -> None:
        for listener in list(self._listeners):  # which may leave when they are called
            listener(event)


def _stock_event(isbn: str, left: int) -> Event:
    return {"event": "stock", "isbn": isbn, "left": left}


def _remark_event(remark: Remark) -> Event:
    return {"event": "remark", **asdict(remark)}
