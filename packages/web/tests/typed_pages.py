"""Pages and users as an application writes them, for mypy: test_typing runs a strict check on it.

It is imported, too: what is typed here also works.
"""

from typing import NamedTuple

from ostro.locale import Locale
from ostro.template import BaseLoader, DictLoader
from ostro.web import Application, RequestHandler, UIModule, authenticated


class User(NamedTuple):
    """Whoever is logged in."""

    name: str
    language: str | None = None


class Base(RequestHandler):
    """What the handlers of a site have in common."""

    async def prepare(self) -> None:
        name = self.get_argument("user", None)
        self.current_user = User(name) if name else None

    def get_user_locale(self) -> Locale | str | None:
        user: User | None = self.current_user
        return user.language if user else None

    def get_template_path(self) -> str:
        return "/templates"

    def create_template_loader(self, template_path: str) -> BaseLoader:
        return DictLoader({"home.html": HOME, "entry.html": ENTRY, "slow.html": "{{ await x }}"})

    def get_template_namespace(self) -> dict[str, object]:
        return super().get_template_namespace() | {"site": "Shop"}

    def get_login_url(self) -> str:
        return super().get_login_url() + "in"

    def write_error(self, status_code: int, **kwargs: object) -> None:
        self.render("entry.html", entry=status_code)


HOME = "{{ site }}: {{ shout('a') }} {% module Entry('b', loud=True) %}{% module Slow() %}"
ENTRY = "<p>{{ entry }}</p>"


class Home(Base):
    @authenticated
    async def get(self) -> None:
        await self.render("home.html", title="Home")

    async def post(self) -> None:
        part: bytes = await self.render_string_async("slow.html", x=self._wait())
        token: bytes = self.xsrf_token
        self.write(part + b" " + str(len(token)).encode())
        self.redirect(self.get_next_url(allowed_hosts=["www.example.com"]))

    async def _wait(self) -> str:
        return "waited"


class Entry(UIModule):
    def render(self, entry: str, loud: bool = False) -> bytes:
        user: User | None = self.current_user
        assert user is not None
        return self.render_string("entry.html", entry=entry.upper() if loud else user.name)

    def css_files(self) -> list[str]:
        return ["/entry.css", self.handler.reverse_url("home")]

    def embedded_css(self) -> str:
        return "p {}"


class Slow(UIModule):
    def render(self) -> str:
        return f"{self.request.path} {self.locale.code}"

    def javascript_files(self) -> str:
        return "/slow.js"

    def html_body(self) -> bytes | None:
        return None


def shout(handler: RequestHandler, text: str) -> str:
    return text.upper() + handler.request.method


def make_app() -> Application:
    return Application(
        [("/", Home, {}, "home")],
        login_url="/log",
        ui_modules={"Entry": Entry, "Slow": Slow},
        ui_methods={"shout": shout},
    )
