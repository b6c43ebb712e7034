"""The same shop on WebSockets: `python cart_websocket.py --port=8000`, then open http://localhost:8000/
in two browsers and put the book into a cart in one of them.

Each browser keeps a connection open, and gets a message when there is something new.
"""

import contextlib

import cart_page
from inventory import Inventory

import ostro.websocket


class StatusHandler(ostro.websocket.WebSocketHandler):
    def initialize(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def open(self) -> None:
        self.inventory.watch(self.tell)
        self.tell(self.inventory.left)

    def tell(self, left: int) -> None:
        with contextlib.suppress(ostro.websocket.WebSocketClosedError):  # on_close comes soon
            self.write_message({"left": left})

    def on_message(self, message: str | bytes) -> None:
        """Browsers only listen here."""

    def on_close(self) -> None:
        self.inventory.unwatch(self.tell)


if __name__ == "__main__":
    cart_page.serve(cart_page.make_app(StatusHandler, "web_socket.js"))
