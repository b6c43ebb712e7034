"""What both shops have in common: the page of the book, and the cart."""

import os.path
import secrets
import uuid

from inventory import Inventory

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class ShopHandler(ostro.web.RequestHandler):
    def initialize(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def session(self) -> str:
        """Return what tells this browser from others, and give it to those that have none yet."""
        known = self.get_secure_cookie("session")
        if known:
            return known.decode()
        session = uuid.uuid4().hex
        self.set_secure_cookie("session", session, httponly=True, samesite="Lax")
        return session


class DetailHandler(ShopHandler):
    def get(self) -> None:
        self.render(
            "detail.html",
            left=self.inventory.left,
            in_cart=self.inventory.is_in_cart(self.session()),
        )


class CartHandler(ShopHandler):
    def post(self) -> None:
        action = self.get_argument("action")
        if action == "add":
            if not self.inventory.add_to_cart(self.session()):
                raise ostro.web.HTTPError(
                    409, "the last copy is in another cart", reason="Sold out"
                )
        elif action == "remove":
            self.inventory.remove_from_cart(self.session())
        else:
            raise ostro.web.HTTPError(400, "action %r is neither add nor remove", action)
        self.redirect("/", status=303)


def make_app(status_handler: type[ostro.web.RequestHandler], script: str) -> ostro.web.Application:
    here = os.path.dirname(__file__)
    shared = {"inventory": Inventory()}
    return ostro.web.Application(
        [
            (r"/", DetailHandler, shared),
            (r"/cart", CartHandler, shared),
            (r"/cart/status", status_handler, shared),
        ],
        template_path=os.path.join(here, "templates"),
        static_path=os.path.join(here, "static"),
        cookie_secret=secrets.token_urlsafe(32),
        xsrf_cookies=True,
        script=script,
    )


def serve(app: ostro.web.Application) -> None:
    ostro.options.parse_command_line()
    # Questions of browsers that stand open are not waited for until there is an answer.
    app.run(options.port, drain_timeout=1)
