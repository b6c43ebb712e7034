"""The same storage in MongoDB: the collections `books` and `carts` of the database `bookstore`."""

from dataclasses import asdict
from typing import Any

from books import FIRST_BOOKS, Book
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

WITHOUT_ID = {"_id": False}


class MongoStore:
    """Books as documents. Nothing is connected before it is needed."""

    def __init__(self, uri: str) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)  # Any: in documents
        self._books = self._client["bookstore"]["books"]
        self._carts = self._client["bookstore"]["carts"]

    async def prepare(self) -> None:
        await self._books.create_index("isbn", unique=True)
        await self._carts.create_index(["session", "isbn"], unique=True)
        if not await self._books.find_one():
            await self._books.insert_many([asdict(book) for book in FIRST_BOOKS])

    async def books(self) -> list[Book]:
        return [
            Book(**found) async for found in self._books.find({}, WITHOUT_ID).sort("date_added", -1)
        ]

    async def book(self, isbn: str) -> Book | None:
        found = await self._books.find_one({"isbn": isbn}, WITHOUT_ID)
        return Book(**found) if found else None

    async def add(self, book: Book) -> bool:
        try:
            await self._books.insert_one(asdict(book))
        except DuplicateKeyError:
            return False
        return True

    async def change(self, book: Book, copies: int) -> None:
        fields = asdict(book)
        del fields["stock"]
        this = {"isbn": book.isbn}
        await self._books.update_one(this, {"$set": fields, "$inc": {"stock": copies}})
        await self._books.update_one(this, {"$max": {"stock": 0}})

    async def cart(self, session: str) -> list[Book]:
        isbns = [held["isbn"] async for held in self._carts.find({"session": session})]
        found = self._books.find({"isbn": {"$in": isbns}}, WITHOUT_ID).sort("title")
        return [Book(**book) async for book in found]

    async def take(self, session: str, isbn: str) -> bool:
        try:
            await self._carts.insert_one({"session": session, "isbn": isbn})
        except DuplicateKeyError:
            return False
        taken = await self._books.update_one(
            {"isbn": isbn, "stock": {"$gt": 0}}, {"$inc": {"stock": -1}}
        )
        if not taken.modified_count:
            await self._carts.delete_one({"session": session, "isbn": isbn})
        return bool(taken.modified_count)

    async def put_back(self, session: str, isbn: str) -> bool:
        left = await self._carts.delete_one({"session": session, "isbn": isbn})
        if left.deleted_count:
            await self._books.update_one({"isbn": isbn}, {"$inc": {"stock": 1}})
        return bool(left.deleted_count)

    async def close(self) -> None:
        await self._client.close()
