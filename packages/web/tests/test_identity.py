"""Who is logged in, and how one gets to the login page and back."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.web import Application, RequestHandler, asynchronous, authenticated
from ostro.web._location import is_on_hosts

from .support import MemoryConnection, as_form, ask, fetch

SECRET = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo="


class Base(RequestHandler):
    def get_current_user(self) -> str | None:
        return self.get_argument("user", None)


class Private(Base):
    @authenticated
    def get(self) -> None:
        self.write(f"hello {self.current_user}")

    @authenticated
    def post(self) -> None:
        self.write("posted")

    head = get


def private(**settings: Any) -> Application:  # Any: settings
    return Application([(".*", Private)], **{"login_url": "/login", **settings})


# The user


def test_nobody_is_logged_in_by_default() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.write({"user": self.current_user})

    assert ask(Application([("/", Handler)])).text == '{"user": null}'


def test_the_user_is_looked_up_once_and_only_on_demand() -> None:
    asked: list[str] = []

    class Handler(RequestHandler):
        def get_current_user(self) -> None:
            asked.append(self.request.path)

        def get(self) -> None:
            if self.request.path == "/twice":
                self.write(f"{self.current_user} {self.current_user}")

    app = Application([(".*", Handler)])

    assert ask(app, "/never").text == ""
    assert ask(app, "/twice").text == "None None"
    assert asked == ["/twice"]


def test_the_user_can_be_set() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.current_user = {"name": "Ann"}
            self.write(self.current_user["name"])

    assert ask(Application([("/", Handler)])).text == "Ann"


async def test_a_user_found_asynchronously_is_set_in_prepare(io_loop: IOLoop) -> None:
    class Handler(RequestHandler):
        async def prepare(self) -> None:
            await gen.moment
            self.current_user = self.get_argument("user", None)

        @authenticated
        async def get(self) -> None:
            await gen.moment
            self.write(self.current_user)

    app = Application([("/", Handler)], login_url="/login")

    assert (await fetch(app, "/?user=Ann")).text == "Ann"
    assert (await fetch(app, "/")).status == 302


async def test_a_coroutine_is_no_user(io_loop: IOLoop, caplog: pytest.LogCaptureFixture) -> None:
    class Native(Private):
        async def get_current_user(self) -> None:  # type: ignore[override]  # the mistake
            return None

    class Decorated(RequestHandler):
        @gen.coroutine
        def get_current_user(self) -> Any:  # Any: a future, which mypy does not expect here
            yield gen.moment

        @authenticated
        def get(self) -> None:
            raise AssertionError

    app = Application([("/native", Native), ("/decorated", Decorated)], login_url="/login")

    for path in ("/native", "/decorated"):
        assert (await fetch(app, path)).status == 500
    assert "set self.current_user in prepare instead" in caplog.text


# Logging in


def test_who_is_logged_in_gets_through() -> None:
    assert ask(private(), "/?user=Ann").text == "hello Ann"
    assert ask(private(), "/?user=Ann", **as_form("")).text == "posted"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_others_are_sent_to_the_login_page(method: str) -> None:
    answer = ask(private(), "/private?a=b&c=%20d", method=method)

    assert answer.status == 302
    assert answer.headers["Location"] == "/login?next=%2Fprivate%3Fa%3Db%26c%3D%2520d"


def test_other_methods_are_forbidden() -> None:
    answer = ask(private(), "/", **as_form("a=b"))

    assert answer.status == 403
    assert "Location" not in answer.headers


def test_a_false_user_is_nobody() -> None:
    assert ask(private(), "/?user=").status == 302


def test_a_login_page_elsewhere_is_told_the_full_url() -> None:
    answer = ask(private(login_url="https://login.example.com/"), "/private?a=b")

    assert answer.headers["Location"] == (
        "https://login.example.com/?next=http%3A%2F%2Fexample.com%2Fprivate%3Fa%3Db"
    )


def test_a_login_url_with_arguments_is_used_as_it_is() -> None:
    answer = ask(private(login_url="/login?realm=1"), "/private")

    assert answer.headers["Location"] == "/login?realm=1"


def test_the_login_url_may_depend_on_the_request() -> None:
    class Handler(Private):
        def get_login_url(self) -> str:
            return f"/{self.request.host_name}/login#form"

    answer = ask(Application([(".*", Handler)]))

    assert answer.headers["Location"] == "/example.com/login?next=%2F#form"


def test_without_a_login_url_it_says_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(Application([("/", Private)])).status == 500
    assert "'login_url' setting to use @authenticated" in caplog.text


@pytest.mark.parametrize(
    ("target", "back"),
    [
        ("//evil.example/", "/evil.example/"),
        ("/\\evil.example/", "/evil.example/"),
        ("///evil.example/?q", "/evil.example/?q"),
        ("http://evil.example/path?q", "/path?q"),
        ("http://evil.example//evil.example/", "/evil.example/"),
    ],
)
def test_the_way_back_never_leads_to_another_host(target: str, back: str) -> None:
    answer = ask(private(), target)

    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"next": [back]}


async def test_coroutines_of_all_generations_can_be_protected(io_loop: IOLoop) -> None:
    class Native(Base):
        @authenticated
        async def get(self) -> None:
            await gen.moment
            self.write("native")

    class Coroutine(Base):
        @authenticated
        @gen.coroutine
        def get(self) -> Any:  # Any: a generator, decorated
            yield gen.moment
            self.write("coroutine")

    class Outer(Base):
        @asynchronous
        @authenticated
        async def get(self) -> None:
            await gen.moment
            self.write("outer")

    class Callback(Base):
        @authenticated
        @asynchronous
        def get(self) -> None:
            IOLoop.current().add_callback(self.finish, "callback")

    handlers = [Native, Coroutine, Outer, Callback]
    app = Application([(f"/{each.__name__}", each) for each in handlers], login_url="/login")

    for each in handlers:
        assert (await fetch(app, f"/{each.__name__}?user=u")).text == each.__name__.lower()
        assert (await fetch(app, f"/{each.__name__}")).status == 302


# The way back


def next_url(target: str, act: Callable[[RequestHandler], str] | None = None) -> MemoryConnection:
    class Login(RequestHandler):
        def post(self) -> None:
            self.write(self.get_next_url() if act is None else act(self))

    return ask(Application([("/login", Login)]), f"/login{target}", method="POST")


@pytest.mark.parametrize(
    "argument",
    ["/", "/private?a=b%26c", "/a//b", "http://example.com/x", "https://EXAMPLE.com/x", "/ä"],
)
def test_login_goes_back_to_this_site(argument: str) -> None:
    quoted = argument.replace("%", "%25").replace("&", "%26")

    assert next_url(f"?next={quoted}").text == argument


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "//evil.example",
        "///evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "/%09/evil.example",
        "%09//evil.example",
        "%0A//evil.example",
        "http://evil.example/",
        "http:evil.example",
        "http:///evil.example",
        "https:/%5Cevil.example",
        "http://example.com@evil.example/",
        "http://example.com:pass@evil.example/",
        "http://example.com:8080/",
        "http://example.com%5C.evil.example/",
        "http://[::1/",
        "http://example.com.evil.example/",
        "http://evil.example/?http://example.com/",
        "http://evil.example%23@example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "private",
    ],
)
def test_login_does_not_go_where_an_attacker_wants(argument: str) -> None:
    assert next_url(f"?next={argument}").text == "/"


def host_in_a_browser(url: str) -> str:
    """Return the host that a browser goes to from a page of example.com; "" for no web page.

    Spec: WHATWG URL, section 4.4.
    """
    url = re.sub(r"[\t\r\n]", "", url.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    found = re.match(r"(?i)(?:([a-z][a-z0-9+.-]*):)?(.*)", url, re.DOTALL)
    assert found
    scheme, rest = (found[1] or "").lower(), found[2]
    if scheme not in ("", "http", "https"):
        return ""
    if not rest.startswith("//") and scheme in ("", "http"):
        return "example.com"  # relative, even with the scheme of the page
    return re.split("[/?#]", rest.lstrip("/"), maxsplit=1)[0].rpartition("@")[2].lower()


@given(st.text(st.sampled_from("/\\:@?#.%\t\n \x00\x7f0ahtps") | st.characters(), max_size=12))
@example("https:evil.example")
def test_wherever_login_goes_it_is_this_site(text: str) -> None:
    texts = [text, f"http:{text}", f"https://{text}", f"//example.com{text}"]
    for url in [*texts, f"http://example.com{text}", f"https://{text}example.com/"]:
        if is_on_hosts(url, "http", ["example.com"]):
            assert host_in_a_browser(url) == "example.com", ascii(url)


def test_login_without_a_way_back_goes_where_it_is_told() -> None:
    assert next_url("", lambda handler: handler.get_next_url("/home")).text == "/home"


def test_login_goes_back_to_hosts_that_are_named() -> None:
    def act(handler: RequestHandler) -> str:
        return handler.get_next_url(allowed_hosts=["www.example.com:8080"])

    target = "http://www.example.com:8080/x"

    assert next_url(f"?next={target}", act).text == target
    assert next_url("?next=http://www.example.com/x", act).text == "/"


def test_a_secure_site_is_not_left_for_an_insecure_one() -> None:
    def act(handler: RequestHandler) -> str:
        handler.request.protocol = "https"
        return handler.get_next_url()

    assert next_url("?next=http://example.com/x", act).text == "/"
    assert next_url("?next=https://example.com/x", act).text == "https://example.com/x"
