"""The parts of pages that more than one page has."""

from books import Book
from live import Remark

from ostro.web import UIModule


class BookModule(UIModule):
    """A book: as it stands in lists, or alone on its page."""

    def render(self, book: Book, *, held: bool, alone: bool = False) -> bytes:
        return self.render_string("modules/book.html", book=book, held=held, alone=alone)

    def css_files(self) -> str:
        return "books.css"


class CartButtonModule(UIModule):
    """The form that moves a copy of a book into the cart, or back."""

    def render(self, book: Book, *, held: bool) -> bytes:
        return self.render_string("modules/cart_button.html", book=book, held=held)

    def javascript_files(self) -> str:
        return "cart.js"


class DiscussionModule(UIModule):
    """What visitors say to each other."""

    def render(self, remarks: list[Remark]) -> bytes:
        return self.render_string("modules/discussion.html", remarks=remarks)

    def javascript_files(self) -> str:
        return "discussion.js"

    def css_files(self) -> str:
        return "discussion.css"


def price(handler: object, cents: int) -> str:
    """Write a number of cents as a price."""
    return f"{cents // 100}.{cents % 100:02}"
