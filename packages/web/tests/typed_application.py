"""An application as users write them, for mypy: test_typing runs a strict check over this file.

It is imported, too: what is typed here also works.
"""

import asyncio
from collections.abc import Awaitable, Generator
from datetime import UTC, datetime
from typing import Any

from ostro import gen
from ostro.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    HTTPError,
    OutputTransform,
    RedirectHandler,
    RequestHandler,
    URLSpec,
    addslash,
    asynchronous,
    removeslash,
    url,
)


class Database:
    """Something that handlers share."""

    def find(self, name: str) -> str | None:
        return {"a": "letter"}.get(name)


class Base(RequestHandler):
    """What the handlers of a site have in common."""

    def initialize(self, database: Database, greeting: str = "hello") -> None:
        self.database = database
        self.greeting = greeting

    def prepare(self) -> None:
        self.began = datetime.now(UTC)

    def set_default_headers(self) -> None:
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Number", 5)
        self.add_header("Expires", datetime(2012, 5, 31, tzinfo=UTC))

    # Any: as in RequestHandler
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish({"status": status_code})

    def on_finish(self) -> None:
        self.took: float = self.request.request_time()

    def on_connection_close(self) -> None: ...

    def compute_etag(self) -> None:
        return None

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        return value.decode("latin-1")


class Plain(Base):
    @removeslash
    def get(self, name: str, suffix: str | None = None) -> None:
        found: str | None = self.database.find(name)
        if found is None:
            raise HTTPError(404, "no %s", name, reason="Nothing there")
        required: str = self.get_argument("required")
        default: str = self.get_argument("default", "x", strip=False)
        optional: str | None = self.get_argument("optional", None)
        number: str | int = self.get_query_argument("number", 5)
        several: list[str] = self.get_arguments("several")
        self.write({"all": [required, default, optional, number, several, found]})

    @addslash
    def post(self, name: str) -> None:
        body: str = self.get_body_argument("body")
        cookie: str | None = self.get_cookie("cookie")
        signed: bytes | None = self.get_secure_cookie("signed")
        if cookie is None and signed is None:
            self.set_cookie("cookie", body, expires_days=1, httponly=True, samesite="Lax")
            self.set_secure_cookie("signed", b"bytes", max_age=5)
            self.clear_cookie("other", domain="example.com")
        self.redirect(self.reverse_url("plain", name), permanent=True)

    def head(self, name: str) -> None:
        self.set_status(204, "Nothing")


class Native(Base):
    async def prepare(self) -> None:  # type: ignore[override]  # the base of this site has a plain one
        await asyncio.sleep(0)

    async def get(self, *names: str) -> None:
        for name in names:
            self.write(name)
            await self.flush()
        await self.finish()


class Prepared(RequestHandler):
    async def prepare(self) -> None:
        await asyncio.sleep(0)

    def get(self) -> Awaitable[None]:
        return self.finish("prepared")


class Decorated(RequestHandler):
    # Any: a generator is sent whatever it waited for
    @gen.coroutine
    def get(self) -> Generator[Any, Any, None]:
        yield gen.moment
        self.write("decorated")

    @asynchronous
    @gen.engine
    def post(self) -> Generator[Any, Any, None]:
        yield gen.moment
        self.finish("engine")

    @asynchronous
    def put(self) -> None:
        self.flush(callback=self.on_flushed)

    def on_flushed(self) -> None:
        self.finish()


def log(handler: RequestHandler) -> None:
    handler.get_status()


def make_app() -> Application:
    database = Database()
    inner = Application([(r"/fall", Prepared)])
    app = Application(
        [
            (r"/", Prepared),
            (r"/decorated", Decorated, None),
            (r"/native/(.*)", Native, {"database": database}),
            (r"/settings", Plain, dict(database=database, greeting="hi")),  # noqa: C408 (as documented)
            (r"/named/(\w+)/*", Plain, {"database": database}, "named"),
            (r"/dotted", "ostro.web.RedirectHandler", {"url": "/"}),
            (r"/old", RedirectHandler, {"url": "/", "permanent": False}),
            (r"/gone", ErrorHandler, {"status_code": 410}),
            (r"/fall", FallbackHandler, {"fallback": inner}),
            URLSpec(r"/spec", Prepared),
            url(r"/plain/(\w+)/?", Plain, {"database": database}, name="plain"),
        ],
        default_host="example.com",
        transforms=[OutputTransform],
        cookie_secret="secret",
        log_function=log,
        debug=True,
    )
    handlers = [(r"/", Prepared), (r"/decorated", Decorated)]
    app.add_handlers(r"www\.example\.com", handlers)
    app.add_handlers(r"empty", [])
    return app
