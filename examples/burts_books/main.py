"""Burt's Books: `python main.py --port=8888`, then open http://localhost:8888/ in two browsers. Put
a book into a cart in one of them, and see the number that is left go down in the other.

The books are in SQLite: in memory, or with `--database=books.sqlite` in a file. With
`--mongodb=mongodb://localhost:27017/` they are in MongoDB.
"""

import os.path
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import handlers
import modules
from live import Live
from store import SQLiteStore, Store

import ostro.options
from ostro.options import define, options
from ostro.web import Application, url

define("port", default=8888, type=int, help="port to listen on")
define("address", default="", help="address to listen on; all of them when empty")
define("debug", default=False, help="show tracebacks in the browser, and reload what changes")
define("database", default=":memory:", help="the SQLite file; made when it is missing")
define("mongodb", default="", help="the URI of a MongoDB server to use instead")
define("cookie_secret", default="", help="what signs the cookies; made up when empty")

DRAIN_SECONDS = 10.0


def make_app(store: Store, **settings: Any) -> Application:  # Any: settings of an application
    here = os.path.dirname(__file__)
    shop = {"store": store, "live": Live()}
    isbn = "([0-9Xx-]+)"
    return Application(
        [
            url(r"/", handlers.HomeHandler, shop, name="home"),
            url(r"/recommended/", handlers.BooksHandler, shop, name="books"),
            url(rf"/book/{isbn}", handlers.BookHandler, shop, name="book"),
            url(rf"/edit/{isbn}", handlers.EditHandler, shop, name="edit"),
            url(r"/add", handlers.EditHandler, shop, name="add"),
            url(r"/cart", handlers.CartHandler, shop, name="cart"),
            url(r"/discussion", handlers.DiscussionHandler, shop, name="discussion"),
            url(r"/login", handlers.LoginHandler, shop, name="login"),
            url(r"/logout", handlers.LogoutHandler, shop, name="logout"),
            url(r"/live", handlers.LiveHandler, shop, name="live"),
        ],
        default_handler_class=handlers.NotFoundHandler,
        default_handler_args=shop,
        template_path=os.path.join(here, "templates"),
        static_path=os.path.join(here, "static"),
        ui_modules={
            "Book": modules.BookModule,
            "CartButton": modules.CartButtonModule,
            "Discussion": modules.DiscussionModule,
        },
        ui_methods={"price": modules.price},
        login_url="/login",
        xsrf_cookies=True,
        lifespan=opened,
        store=store,
        **settings,
    )


def open_store() -> Store:
    if not options.mongodb:
        return SQLiteStore(options.database)
    from mongo_store import MongoStore  # which needs `pip install pymongo`

    return MongoStore(options.mongodb)


@asynccontextmanager
async def opened(app: Application) -> AsyncIterator[None]:
    """Keep the storage open as long as the application is served."""
    store: Store = app.settings["store"]
    await store.prepare()
    print(f"Serving http://localhost:{options.port}/ (stop with Ctrl-C)", flush=True)
    try:
        yield
    finally:
        await store.close()


if __name__ == "__main__":
    ostro.options.parse_command_line()
    app = make_app(
        open_store(),
        # A shop that keeps its customers over a restart has its secret in its configuration.
        cookie_secret=options.cookie_secret or secrets.token_urlsafe(32),
        debug=options.debug,
    )
    app.run(options.port, options.address, drain_timeout=DRAIN_SECONDS)
