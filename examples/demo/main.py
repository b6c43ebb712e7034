"""The demo site: `python main.py --port=8888`, then open http://localhost:8888/ in a browser."""

import asyncio
import secrets
import textwrap
from typing import Any

import pages

import ostro.options
from ostro.escape import xhtml_escape
from ostro.options import define, options
from ostro.web import Application, HTTPError, RequestHandler

define("port", default=8888, type=int, help="port to listen on")
define("address", default="", help="address to listen on; all of them when empty")
define("debug", default=False, help="show tracebacks in the browser")

MAX_WIDTH = 200
DRAIN_SECONDS = 10.0


class PageHandler(RequestHandler):
    """What all pages have in common: the frame, the user, the error page."""

    def user(self) -> str | None:
        name = self.get_secure_cookie("user")
        return name.decode() if name else None

    def show(self, title: str, body: str) -> None:
        self.write(pages.page(title, body, self.user()))

    # Any: whatever is passed to send_error comes along
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if self.settings.get("serve_traceback"):
            super().write_error(status_code, **kwargs)
            return
        said = "There is no such page." if status_code == 404 else "Something went wrong."
        self.show(f"Error {status_code}", pages.section("Sorry", f"<p>{said}</p>"))


class HomeHandler(PageHandler):
    def get(self) -> None:
        self.show("Hello, world", pages.HOME)


class NotFoundHandler(PageHandler):
    def prepare(self) -> None:
        raise HTTPError(404)


class GreetHandler(PageHandler):
    def get(self) -> None:
        name = xhtml_escape(self.get_argument("name", "friendly user"))
        self.show("A greeting", pages.section("Hello", f"<p>Nice to see you, {name}!</p>"))


class ReverseHandler(PageHandler):
    def get(self, word: str) -> None:
        backwards = xhtml_escape(word[::-1])
        self.show("Reversed", pages.section(word, f"<p>{backwards}</p>"))


class WrapHandler(PageHandler):
    def post(self) -> None:
        width = self.get_argument("width", "40")
        if not width.isdecimal() or not 1 <= int(width) <= MAX_WIDTH:
            raise HTTPError(400, "width %r is not a number from 1 to %d", width, MAX_WIDTH)
        wrapped = xhtml_escape(textwrap.fill(self.get_argument("text"), int(width)))
        self.show("Wrapped", pages.section(f"At {int(width)} characters", f"<pre>{wrapped}</pre>"))


class CountdownHandler(PageHandler):
    async def get(self) -> None:
        before, after = pages.page("Countdown", "<section>\0</section>", self.user()).split("\0")
        self.write(before)
        for number in range(5, 0, -1):
            self.write(f"<p>{number} …</p>")
            await self.flush()
            await asyncio.sleep(0.4)
        self.write("<p>Done.</p>" + after)


class RequestInfoHandler(PageHandler):
    def get(self) -> None:
        lines = [f"{self.request.method} {self.request.uri} {self.request.version}", ""]
        lines += [
            f"{name}: {value}" for name, value in self.request.headers.get_all() if name != "Cookie"
        ]
        text = xhtml_escape("\n".join(lines))
        self.show("Your request", pages.section("As it arrived", f"<pre>{text}</pre>"))


class LoginHandler(PageHandler):
    FORM = (
        '<form method="post"><input name="name" placeholder="A name of your choice" required>'
        "<button>Sign in</button></form>"
    )

    def get(self) -> None:
        self.show("Sign in", pages.section("Who are you?", self.FORM))

    def post(self) -> None:
        self.set_secure_cookie("user", self.get_argument("name"), httponly=True, samesite="Lax")
        self.redirect("/")


class LogoutHandler(PageHandler):
    def get(self) -> None:
        self.clear_cookie("user")
        self.redirect("/")


def make_app(**settings: Any) -> Application:  # Any: settings of an application
    return Application(
        [
            (r"/", HomeHandler),
            (r"/greet", GreetHandler),
            (r"/reverse/([^/]+)", ReverseHandler),
            (r"/wrap", WrapHandler),
            (r"/countdown", CountdownHandler),
            (r"/request", RequestInfoHandler),
            (r"/login", LoginHandler),
            (r"/logout", LogoutHandler),
        ],
        default_handler_class=NotFoundHandler,
        **settings,
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    app = make_app(cookie_secret=secrets.token_urlsafe(32), debug=options.debug)
    print(f"Serving http://localhost:{options.port}/ (stop with Ctrl-C)", flush=True)
    app.run(options.port, options.address, drain_timeout=DRAIN_SECONDS)
