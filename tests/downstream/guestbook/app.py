"""The guestbook itself: pages, a form, an interface for programs, and news as they happen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ostro import web, websocket


class Book:
    """What guests have written, and who wants to hear of it."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.listeners: set[websocket.WebSocketHandler] = set()

    async def add(self, entry: str) -> None:
        await asyncio.sleep(0)  # a database would take its time here
        self.entries.append(entry)
        for listener in self.listeners:
            await listener.write_message({"entry": entry})


class Handler(web.RequestHandler):
    @property
    def book(self) -> Book:
        book: Book = self.settings["book"]
        return book


class Entries(Handler):
    def get(self) -> None:
        self.write({"entries": self.book.entries})

    async def post(self) -> None:
        await self.book.add(self.get_argument("entry"))
        self.redirect("/", status=303)


class Upload(Handler):
    async def post(self) -> None:
        for uploaded in self.request.files["book"]:
            for line in uploaded.body.decode().splitlines():
                await self.book.add(line)
        self.set_status(201)


class News(websocket.WebSocketHandler):
    @property
    def book(self) -> Book:
        book: Book = self.settings["book"]
        return book

    def open(self) -> None:
        self.book.listeners.add(self)

    def on_close(self) -> None:
        self.book.listeners.discard(self)


@contextlib.asynccontextmanager
async def lifespan(application: web.Application) -> AsyncIterator[None]:
    application.settings["book"] = Book()
    yield
    del application.settings["book"]


def make_app(*, xsrf_cookies: bool = False) -> web.Application:
    return web.Application(
        [(r"/", Entries), (r"/upload", Upload), (r"/news", News)],
        lifespan=lifespan,
        xsrf_cookies=xsrf_cookies,
        cookie_secret="not so secret",
    )
