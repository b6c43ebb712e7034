"""The pages of the shop, and what its forms do."""

import contextlib
import re
import time
import uuid
from dataclasses import replace
from typing import Any, NoReturn

from books import Book
from live import Event, Live
from store import Store

from ostro.web import Finish, HTTPError, RequestHandler, authenticated
from ostro.websocket import WebSocketClosedError, WebSocketHandler

ISBN = re.compile(r"[0-9](-?[0-9Xx]){0,16}")
COPIES = re.compile(r"\d{1,5}", re.ASCII)
MAX_NAME_LENGTH = 40
MAX_TITLE_LENGTH = 200


class ShopHandler(RequestHandler):
    """What all pages have in common: the shop, who is looking, and the error page."""

    def initialize(self, store: Store, live: Live) -> None:
        self.store = store
        self.live = live

    def get_current_user(self) -> str | None:
        name = self.get_secure_cookie("user")
        return name.decode() if name else None

    def session(self) -> str:
        """Return what tells this browser from others, and give it to those that have none yet."""
        known = self.get_secure_cookie("session")
        if known:
            return known.decode()
        session = uuid.uuid4().hex
        self.set_secure_cookie("session", session, httponly=True, samesite="Lax")
        return session

    async def book_or_404(self, isbn: str) -> Book:
        book = await self.store.book(isbn)
        if book is None:
            raise HTTPError(404, "there is no book %r", isbn)
        return book

    async def holds(self, isbn: str) -> bool:
        """Tell whether the cart of this browser has a copy of a book."""
        return any(book.isbn == isbn for book in await self.store.cart(self.session()))

    # Any: whatever is passed to send_error comes along
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if self.settings.get("serve_traceback") and status_code >= 500:
            super().write_error(status_code, **kwargs)
        else:
            self.render("error.html", status=status_code)


class HomeHandler(ShopHandler):
    async def get(self) -> None:
        books = await self.store.books()
        self.render("index.html", newest=books[0] if books else None, remarks=self.live.remarks)


class BooksHandler(ShopHandler):
    async def get(self) -> None:
        held = {book.isbn for book in await self.store.cart(self.session())}
        self.render("recommended.html", books=await self.store.books(), held=held)


class BookHandler(ShopHandler):
    async def get(self, isbn: str) -> None:
        book = await self.book_or_404(isbn)
        self.render("book.html", book=book, held=await self.holds(isbn))


class EditHandler(ShopHandler):
    @authenticated
    async def get(self, isbn: str | None = None) -> None:
        book = await self.book_or_404(isbn) if isbn else None
        self.render("book_edit.html", book=book, problem="")

    @authenticated
    async def post(self, isbn: str | None = None) -> None:
        book = await self.book_or_404(isbn) if isbn else None
        changed = self.book_of_form(book)
        if book:
            await self.store.change(changed, changed.stock - self.stock_shown(book))
        elif not await self.store.add(changed):
            self.refuse(None, f"There is a book with the ISBN {changed.isbn} already.")
        saved = await self.book_or_404(changed.isbn)
        self.live.tell_stock(saved.isbn, saved.stock)
        self.redirect(self.reverse_url("book", saved.isbn), status=303)

    def stock_shown(self, book: Book) -> int:
        """Return how many copies there were when the form was first shown."""
        shown = self.get_argument("stock_shown")
        if not COPIES.fullmatch(shown):
            self.refuse(book, "The number of copies before was a number.")
        return int(shown)

    def book_of_form(self, book: Book | None) -> Book:
        """Return the book that the form describes: a new one, or `book` with changes."""
        isbn = book.isbn if book else self.get_argument("isbn")
        title, author = self.get_argument("title"), self.get_argument("author")
        price, stock = self.get_argument("price"), self.get_argument("stock")
        if not ISBN.fullmatch(isbn):
            self.refuse(book, "An ISBN has digits, dashes, and maybe an X.")
        if not title or not author:
            self.refuse(book, "A book has a title and an author.")
        if max(len(title), len(author)) > MAX_TITLE_LENGTH:
            self.refuse(book, f"A title, or a name, has up to {MAX_TITLE_LENGTH} characters.")
        if not re.fullmatch(r"\d{1,5}(\.\d\d)?", price, re.ASCII):
            self.refuse(book, "The price looks like 24.50.")
        if not COPIES.fullmatch(stock):
            self.refuse(book, "The number of copies is a number.")
        blank = Book(isbn, title, author, description="", date_added=int(time.time()))
        return replace(
            book or blank,
            title=title,
            author=author,
            subtitle=self.get_argument("subtitle", ""),
            date_released=self.get_argument("date_released", ""),
            description=self.get_argument("description", ""),
            price=round(float(price) * 100),
            stock=int(stock),
        )

    def refuse(self, book: Book | None, problem: str) -> NoReturn:
        """Show the form again, with what is wrong, and end the request."""
        self.set_status(422)
        self.render("book_edit.html", book=book, problem=problem)
        raise Finish


class CartHandler(ShopHandler):
    async def get(self) -> None:
        self.render("cart.html", books=await self.store.cart(self.session()))

    async def post(self) -> None:
        isbn, action = self.get_argument("isbn"), self.get_argument("action")
        if action == "add":
            moved = await self.store.take(self.session(), isbn)
        elif action == "remove":
            moved = await self.store.put_back(self.session(), isbn)
        else:
            raise HTTPError(400, "action %r is neither add nor remove", action)
        book = await self.book_or_404(isbn)
        if moved:
            self.live.tell_stock(isbn, book.stock)
        elif action == "add" and not await self.holds(isbn):
            raise HTTPError(409, "the last copy of %s is in another cart", isbn)
        self.redirect(self.get_next_url("/cart"), status=303)


class DiscussionHandler(ShopHandler):
    @authenticated
    def post(self) -> None:
        self.live.say(self.current_user, self.get_argument("text"))
        self.redirect("/#discussion", status=303)


class LoginHandler(ShopHandler):
    def get(self) -> None:
        self.render("login.html", next_url=self.get_next_url(), problem="")

    def post(self) -> None:
        # Here a password would be checked.
        name = self.get_argument("username", "")[:MAX_NAME_LENGTH]
        if not name:
            self.set_status(422)
            problem = "Everybody has a name. What is yours?"
            self.render("login.html", next_url=self.get_next_url(), problem=problem)
            return
        self.set_secure_cookie("user", name, httponly=True, samesite="Lax")
        self.redirect(self.get_next_url(), status=303)


class LogoutHandler(ShopHandler):
    def post(self) -> None:
        self.clear_cookie("user")
        self.redirect("/", status=303)


class NotFoundHandler(ShopHandler):
    def prepare(self) -> None:
        raise HTTPError(404)


class LiveHandler(WebSocketHandler):
    """Tells a browser what happens in the shop."""

    def initialize(self, store: Store, live: Live) -> None:
        self.store = store
        self.live = live

    async def prepare(self) -> None:
        self.books = await self.store.books()

    def open(self) -> None:
        after = self.get_argument("after", "")  # the last remark on the page, if it has any place
        is_number = after.isdecimal() and len(after) < 20
        stock = {book.isbn: book.stock for book in self.books}
        self.live.listen(self.tell, stock, int(after) if is_number else None)

    def tell(self, event: Event) -> None:
        with contextlib.suppress(WebSocketClosedError):  # on_close comes soon
            self.write_message({**event})

    def on_message(self, message: str | bytes) -> None:
        """Browsers only listen here; they speak by forms."""

    def on_close(self) -> None:
        self.live.leave(self.tell)
