"""What the shop asks of its storage, and the storage that comes with Python: an SQLite file."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol, TypeVar

from books import FIRST_BOOKS, Book

T = TypeVar("T")


class Store(Protocol):
    """Books by ISBN, and the carts: which session has a copy of which book."""

    async def books(self) -> list[Book]:
        """Return all books, the newest first."""

    async def book(self, isbn: str) -> Book | None:
        """Return one book, or None."""

    async def add(self, book: Book) -> bool:
        """Add a book. False if there is one with its ISBN."""

    async def change(self, book: Book, copies: int) -> None:
        """Change all about a book but its stock: since others buy meanwhile, `copies` are added to
        it or, when negative, taken from it, down to none."""

    async def cart(self, session: str) -> list[Book]:
        """Return the books in a cart, by title."""

    async def take(self, session: str, isbn: str) -> bool:
        """Move a copy into a cart. False if the shop has none or the cart has one."""

    async def put_back(self, session: str, isbn: str) -> bool:
        """Move a copy back from a cart. False if it was not there."""

    async def prepare(self) -> None:
        """Make what is missing: tables, indexes, the first books. Call it once, before all else."""

    async def close(self) -> None:
        """Let go of what is open."""


class SQLiteStore:
    """Books in a file. Reading and writing it takes place in threads, one at a time."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row

    async def prepare(self) -> None:
        await self._do(_prepare)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what `work` does to the database, the whole or nothing of it."""

        def in_a_thread() -> T:
            with self._lock, self._connection:
                return work(self._connection)

        return await asyncio.to_thread(in_a_thread)

    async def books(self) -> list[Book]:
        query = "SELECT * FROM books ORDER BY date_added DESC"
        return await self._do(lambda connection: [Book(**row) for row in connection.execute(query)])

    async def book(self, isbn: str) -> Book | None:
        query = "SELECT * FROM books WHERE isbn = ?"
        row = await self._do(lambda connection: connection.execute(query, (isbn,)).fetchone())
        return Book(**row) if row else None

    async def add(self, book: Book) -> bool:
        return await self._do(lambda connection: _add(connection, book))

    async def change(self, book: Book, copies: int) -> None:
        await self._do(lambda connection: _change(connection, book, copies))

    async def cart(self, session: str) -> list[Book]:
        query = (
            "SELECT * FROM books WHERE isbn IN (SELECT isbn FROM carts WHERE session = ?) "
            "ORDER BY title"
        )
        return await self._do(
            lambda connection: [Book(**row) for row in connection.execute(query, (session,))]
        )

    async def take(self, session: str, isbn: str) -> bool:
        return await self._do(lambda connection: _take(connection, session, isbn))

    async def put_back(self, session: str, isbn: str) -> bool:
        return await self._do(lambda connection: _put_back(connection, session, isbn))

    async def close(self) -> None:
        self._connection.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS books (isbn TEXT PRIMARY KEY, title TEXT, author TEXT, "
        "description TEXT, subtitle TEXT, image TEXT, date_released TEXT, "
        "date_added INTEGER, price INTEGER, stock INTEGER CHECK (stock >= 0))"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS carts "
        "(session TEXT, isbn TEXT REFERENCES books, PRIMARY KEY (session, isbn))"
    )
    if connection.execute("SELECT count(*) FROM books").fetchone()[0] == 0:
        for book in FIRST_BOOKS:
            _add(connection, book)


def _add(connection: sqlite3.Connection, book: Book) -> bool:
    adding = (
        "INSERT OR IGNORE INTO books VALUES (:isbn, :title, :author, :description, :subtitle, "
        ":image, :date_released, :date_added, :price, :stock)"
    )
    return bool(connection.execute(adding, asdict(book)).rowcount)


def _change(connection: sqlite3.Connection, book: Book, copies: int) -> None:
    changing = (
        "UPDATE books SET title = :title, author = :author, description = :description, "
        "subtitle = :subtitle, image = :image, date_released = :date_released, "
        "date_added = :date_added, price = :price, stock = max(0, stock + :copies) "
        "WHERE isbn = :isbn"
    )
    connection.execute(changing, {**asdict(book), "copies": copies})


def _take(connection: sqlite3.Connection, session: str, isbn: str) -> bool:
    held = "SELECT 1 FROM carts WHERE session = ? AND isbn = ?"
    if connection.execute(held, (session, isbn)).fetchone():
        return False
    taking = "UPDATE books SET stock = stock - 1 WHERE isbn = ? AND stock > 0"
    if not connection.execute(taking, (isbn,)).rowcount:
        return False
    connection.execute("INSERT INTO carts VALUES (?, ?)", (session, isbn))
    return True


def _put_back(connection: sqlite3.Connection, session: str, isbn: str) -> bool:
    leaving = "DELETE FROM carts WHERE session = ? AND isbn = ?"
    if not connection.execute(leaving, (session, isbn)).rowcount:
        return False
    connection.execute("UPDATE books SET stock = stock + 1 WHERE isbn = ?", (isbn,))
    return True
