"""The storage of Burt's Books, in SQLite and in MongoDB: what the one does, the other does."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .layout import ROOT
from .mongodb import mongodb

if TYPE_CHECKING:
    from books import Book
    from store import Store

    Run = Callable[[Callable[[Store], Awaitable[None]]], None]

MODULES = ("books", "mongo_store", "store")
LAST_COPY = "978-0-00-000003-4"
"""The ISBN of a book of which a new shop has one copy."""
SEVEN_COPIES = "978-0-00-000001-0"


@pytest.fixture(params=["sqlite", "mongodb"])
def run(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Run"]:
    """What calls a function with the storage of a new shop."""
    monkeypatch.syspath_prepend(str(ROOT / "examples/burts_books"))

    def run_with(opening: Callable[[], "Store"]) -> "Run":
        @asynccontextmanager
        async def opened() -> AsyncIterator["Store"]:
            store = opening()
            await store.prepare()
            await store.prepare()  # a shop that opens again finds all there
            try:
                yield store
            finally:
                await store.close()

        async def call(function: Callable[["Store"], Awaitable[None]]) -> None:
            async with opened() as store:
                await function(store)

        return lambda function: asyncio.run(call(function))

    if request.param == "sqlite":
        from store import SQLiteStore

        yield run_with(lambda: SQLiteStore(":memory:"))
    else:
        from mongo_store import MongoStore

        with mongodb(tmp_path) as uri:
            yield run_with(lambda: MongoStore(uri))
    for module in MODULES:  # names that another program may have for its own
        sys.modules.pop(module, None)


async def get(store: "Store", isbn: str) -> "Book":
    book = await store.book(isbn)
    assert book is not None
    return book


def test_a_new_shop_has_books_the_newest_first(run: "Run") -> None:
    async def check(store: "Store") -> None:
        added = [book.date_added for book in await store.books()]
        assert len(added) == 4
        assert added == sorted(added, reverse=True)
        assert await store.book("0-00") is None

    run(check)


def test_a_cart_holds_one_copy_of_a_book_until_it_is_put_back(run: "Run") -> None:
    async def check(store: "Store") -> None:
        assert await store.take("ann", SEVEN_COPIES)
        assert not await store.take("ann", SEVEN_COPIES)
        assert await store.take("ann", LAST_COPY)

        titles = [book.title for book in await store.cart("ann")]
        assert titles == ["A Field Guide to Waiting Rooms", "The Asynchronous Kitchen"]
        assert (await get(store, SEVEN_COPIES)).stock == 6
        assert await store.cart("bob") == []

        assert await store.put_back("ann", SEVEN_COPIES)
        assert not await store.put_back("ann", SEVEN_COPIES)
        assert (await get(store, SEVEN_COPIES)).stock == 7

    run(check)


def test_of_those_who_reach_for_the_last_copy_one_has_it(run: "Run") -> None:
    async def check(store: "Store") -> None:
        takes = await asyncio.gather(*(store.take(f"buyer {n}", LAST_COPY) for n in range(8)))
        carts = await asyncio.gather(*(store.cart(f"buyer {n}") for n in range(8)))

        assert sorted(takes) == [False] * 7 + [True]
        assert [len(cart) for cart in carts] == [int(taken) for taken in takes]
        assert (await get(store, LAST_COPY)).stock == 0

    run(check)


def test_a_book_that_is_not_there_cannot_be_taken(run: "Run") -> None:
    async def check(store: "Store") -> None:
        assert not await store.take("ann", "0-00")
        assert await store.cart("ann") == []

    run(check)


def test_a_book_is_added_once(run: "Run") -> None:
    async def check(store: "Store") -> None:
        book = replace(await get(store, LAST_COPY), isbn="1-23", title="Snow")
        assert await store.add(book)
        assert not await store.add(replace(book, title="Ice"))
        assert await store.book("1-23") == book

    run(check)


def test_a_change_of_a_book_keeps_what_was_sold_meanwhile(run: "Run") -> None:
    async def check(store: "Store") -> None:
        seen = await get(store, SEVEN_COPIES)
        assert await store.take("ann", SEVEN_COPIES)

        await store.change(replace(seen, title="$stock", price=5), copies=+3)

        assert await get(store, SEVEN_COPIES) == replace(seen, title="$stock", price=5, stock=9)

    run(check)


def test_no_more_copies_are_withdrawn_than_there_are_left(run: "Run") -> None:
    async def check(store: "Store") -> None:
        seen = await get(store, SEVEN_COPIES)
        assert await store.take("ann", SEVEN_COPIES)

        await store.change(seen, copies=-7)

        assert (await get(store, SEVEN_COPIES)).stock == 0

    run(check)
