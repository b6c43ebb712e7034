"""Where the words are kept: an SQLite file, or MongoDB."""

import asyncio
import sqlite3
import threading
from typing import Any, Protocol


class Dictionary(Protocol):
    """Definitions by word."""

    async def look_up(self, word: str) -> str | None:
        """Return the definition of a word, or None."""

    async def define(self, word: str, definition: str) -> None:
        """Set the definition of a word, new or not."""

    async def close(self) -> None:
        """Let go of what is open."""


class SQLiteDictionary:
    """Definitions in a file. Reading and writing it takes place in threads."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY, definition TEXT NOT NULL)"
        )

    async def look_up(self, word: str) -> str | None:
        return await asyncio.to_thread(self._look_up, word)

    def _look_up(self, word: str) -> str | None:
        query = "SELECT definition FROM words WHERE word = ?"
        with self._lock:
            found = self._connection.execute(query, (word,)).fetchone()
        return found[0] if found else None

    async def define(self, word: str, definition: str) -> None:
        await asyncio.to_thread(self._define, word, definition)

    def _define(self, word: str, definition: str) -> None:
        statement = "INSERT OR REPLACE INTO words VALUES (?, ?)"
        with self._lock, self._connection:
            self._connection.execute(statement, (word, definition))

    async def close(self) -> None:
        self._connection.close()


class MongoDictionary:
    """Definitions in the collection `words` of the database `definitions`."""

    def __init__(self, uri: str) -> None:
        from pymongo import AsyncMongoClient  # an SQLite file needs no driver

        # Any: what documents hold
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)
        self._words = self._client["definitions"]["words"]

    async def look_up(self, word: str) -> str | None:
        found = await self._words.find_one({"_id": word})
        return found["definition"] if found else None

    async def define(self, word: str, definition: str) -> None:
        await self._words.update_one(
            {"_id": word}, {"$set": {"definition": definition}}, upsert=True
        )

    async def close(self) -> None:
        await self._client.close()


def open_dictionary(path: str, mongodb_uri: str) -> Dictionary:
    return MongoDictionary(mongodb_uri) if mongodb_uri else SQLiteDictionary(path)
