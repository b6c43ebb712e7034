"""What the shop has, and who has put one of it into a cart."""

from collections.abc import Callable

STOCK = 10


class Inventory:
    """A number of copies of one book. Each session can have one of them in its cart."""

    def __init__(self, stock: int = STOCK) -> None:
        self._stock = stock
        self._carts: set[str] = set()
        self._watchers: list[Callable[[int], None]] = []

    @property
    def left(self) -> int:
        """The number of copies that nobody has in a cart."""
        return self._stock - len(self._carts)

    def is_in_cart(self, session: str) -> bool:
        return session in self._carts

    def add_to_cart(self, session: str) -> bool:
        """Put a copy into a cart, unless it holds one; tell whether it holds one now."""
        if session not in self._carts:
            if not self.left:
                return False
            self._carts.add(session)
            self._tell()
        return True

    def remove_from_cart(self, session: str) -> None:
        """Put a copy back, if the cart holds one."""
        if session in self._carts:
            self._carts.remove(session)
            self._tell()

    def watch(self, watcher: Callable[[int], None]) -> None:
        """Call `watcher` with the number that is left, each time it changes."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[int], None]) -> None:
        self._watchers.remove(watcher)

    def _tell(self) -> None:
        for watcher in list(self._watchers):  # which may leave when they are called
            watcher(self.left)
