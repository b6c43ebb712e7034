"""A shop that tells all who look at a book how many are left: `python cart_polling.py --port=8000`,
then open http://localhost:8000/ in two browsers and put the book into a cart in one of them.

The browsers ask over and over, and each question is answered when there is something new.
"""

import cart_page

import ostro.web


class StatusHandler(cart_page.ShopHandler):
    @ostro.web.asynchronous
    def get(self) -> None:
        self.inventory.watch(self.answer)
        # What has changed since the last question must not go unnoticed.
        if self.get_argument("known", "") != str(self.inventory.left):
            self.answer(self.inventory.left)

    def answer(self, left: int) -> None:
        self.inventory.unwatch(self.answer)
        self.set_header("Cache-Control", "no-store")
        self.finish({"left": left})

    def on_connection_close(self) -> None:
        self.inventory.unwatch(self.answer)


if __name__ == "__main__":
    cart_page.serve(cart_page.make_app(StatusHandler, "long_polling.js"))
