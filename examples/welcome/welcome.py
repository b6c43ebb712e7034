"""Welcomes those who have said who they are: `python welcome.py --port=8000`, then open
http://localhost:8000/ in a browser.
"""

import os.path
import secrets

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")
define("cookie_secret", default="", help="what signs the cookies; made up when empty")

MAX_NAME_LENGTH = 40
"""A cookie has room for some, and this is polite."""


class BaseHandler(ostro.web.RequestHandler):
    def get_current_user(self) -> str | None:
        name = self.get_secure_cookie("username")
        return name.decode() if name else None


class WelcomeHandler(BaseHandler):
    @ostro.web.authenticated
    def get(self) -> None:
        self.render("welcome.html")


class LoginHandler(BaseHandler):
    def get(self) -> None:
        self.render("login.html", next_url=self.get_next_url())

    def post(self) -> None:
        name = self.get_argument("username", "")[:MAX_NAME_LENGTH]
        if not name:
            self.set_status(422)
            self.render("login.html", next_url=self.get_next_url())
            return
        self.set_secure_cookie("username", name, httponly=True, samesite="Lax")
        self.redirect(self.get_next_url())


class LogoutHandler(BaseHandler):
    def post(self) -> None:
        self.clear_cookie("username")
        self.redirect("/")


def make_app(cookie_secret: str) -> ostro.web.Application:
    return ostro.web.Application(
        [(r"/", WelcomeHandler), (r"/login", LoginHandler), (r"/logout", LogoutHandler)],
        template_path=os.path.join(os.path.dirname(__file__), "templates"),
        cookie_secret=cookie_secret,
        xsrf_cookies=True,
        login_url="/login",
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    # A site that keeps its visitors over a restart has its secret in its configuration.
    app = make_app(options.cookie_secret or secrets.token_urlsafe(32))
    app.run(options.port)
