"""The error page for developers: what it shows, in which form, and what it must not show."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from ostro.template import DictLoader
from ostro.web import Application, HTTPError, RequestHandler
from ostro.web._debug_style import POLICY
from ostro.web._debug_trace import MAX_FRAMES, describe, source_around
from ostro.web._debug_values import HIDDEN, MAX_TEXT, MAX_TEXTS, Values, is_secret

from .support import MemoryConnection, as_form, ask, fetch

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def site(act: Callable[[RequestHandler], object], **settings: Any) -> Application:
    class Failing(RequestHandler):
        def get(self, *args: str, **kwargs: str) -> None:
            act(self)

        post = get

    settings = {"serve_traceback": True, **settings}
    return Application([(r"/(?P<part>named)", Failing), (r"/(.*)", Failing)], **settings)


def page(
    act: Callable[[RequestHandler], object],
    target: str = "/",
    headers: Mapping[str, str] = HTML,
    **settings: Any,
) -> MemoryConnection:
    return ask(site(act, **settings), target, headers=headers)


def fail(_: RequestHandler) -> None:
    raise ValueError("<b>wrong</b> & \x1b bad")


def test_a_browser_gets_html_in_which_everything_is_escaped() -> None:
    answer = page(fail, "/<i>?q=<u>")

    assert answer.status == 500
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "&lt;b&gt;wrong&lt;/b&gt; &amp; \N{REPLACEMENT CHARACTER} bad" in answer.text
    assert "GET /&lt;i&gt;?q=&lt;u&gt;" in answer.text
    assert not re.search("<(b>wrong|u>|script)", answer.text)
    assert "builtins" not in answer.text
    assert "500 Internal Server Error" in answer.text


def test_the_page_brings_what_it_needs_and_allows_nothing_else() -> None:
    class Strict(RequestHandler):
        def set_default_headers(self) -> None:
            self.set_header("Content-Security-Policy", "default-src 'self'")

        def get(self) -> None:
            raise ValueError

    answer = ask(Application([("/", Strict)], serve_traceback=True), headers=HTML)

    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|<link|<img|style=|https?://|onclick", answer.text)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=0, */*", "text/plain"),
        ("text/plain, text/html;q=0.9", "text/plain"),
        ("*/*", "text/plain"),
        ("image/png", "text/plain"),
        ("", "text/plain"),
        (";;;", "text/plain"),
    ],
)
def test_the_form_is_the_one_that_the_client_asks_for(accept: str, kind: str) -> None:
    answer = page(fail, headers={"Accept": accept})

    assert answer.headers["Content-Type"] == f"{kind}; charset=UTF-8"
    assert "wrong" in answer.text


def test_json_has_the_exception_and_its_traceback() -> None:
    def act(_: RequestHandler) -> None:
        error = HTTPError(403, "no %s", "bread")
        error.add_note("None is left.")
        raise error

    answer = page(act, headers={"Accept": "application/json"})
    told = json.loads(answer.body)

    assert (told["status"], told["error"]) == (403, "403 Forbidden")
    assert told["exception"]["type"] == "ostro.web.errors.HTTPError"
    assert "no bread" in told["exception"]["message"]
    assert told["exception"]["notes"] == ["None is left."]
    assert told["traceback"][0] == "Traceback (most recent call last):"


@pytest.mark.parametrize(
    "settings", [{"serve_traceback": False}, {"debug": True, "serve_traceback": False}]
)
# Any: as the settings of an application are
def test_without_the_setting_nothing_is_shown(settings: dict[str, Any]) -> None:
    answer = page(fail, **settings)

    assert "wrong" not in answer.text
    assert "Traceback" not in answer.text
    assert "Content-Security-Policy" not in answer.headers


def test_own_frames_are_open_and_those_of_libraries_folded_together() -> None:
    text = page(lambda handler: handler.redirect("\0")).text

    assert '<details class="card frame" open>' in text
    assert '<details class="card frame library" open>' not in text
    assert re.search(
        r'<details class="card library"><summary>\d frames of libraries</summary>', text
    )
    assert "<mark>" in text


def test_the_line_of_a_template_is_shown_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<h1>Books</h1>\n{% for x in [1] %}\n{{ 1 / 0 }}\n{% end %}"
    )

    answer = page(lambda handler: handler.render("page.html"), template_path=str(tmp_path))

    assert "ZeroDivisionError" in answer.text
    assert "<b>page.html</b>, line 3" in answer.text
    assert '<span class="tag">template</span>' in answer.text
    assert "<li class=hit><i>3</i>{{ 1 / 0 }}</li>" in answer.text
    assert "<i>1</i>&lt;h1&gt;Books&lt;/h1&gt;" in answer.text


def test_the_line_of_a_template_that_is_none_is_shown(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("one\n{{ 1 + }}\nthree")

    answer = page(lambda handler: handler.render("page.html"), template_path=str(tmp_path))

    assert "ParseError" in answer.text
    assert "<li class=hit><i>2</i>{{ 1 + }}</li>" in answer.text


def test_a_template_without_a_file_is_named() -> None:
    loader = DictLoader({"page.html": "{{ 1 + }}"})

    answer = page(lambda handler: handler.render("page.html"), template_loader=loader)

    assert '<p class="card frame dim"><b>page.html</b>, line 1' in answer.text


def test_the_line_of_a_syntax_error_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("x = 1\ny = (\n")

    answer = page(lambda _: compile(path.read_text(), str(path), "exec"))

    assert "<li class=hit><i>2</i>y = (</li>" in answer.text
    assert "template</span>" not in answer.text


def test_what_led_to_an_exception_is_shown() -> None:
    def act(_: RequestHandler) -> None:
        try:
            try:
                raise KeyError("first")
            except KeyError:
                raise ValueError("second")  # noqa: B904 - its context is what is tested
        except ValueError as error:
            error.add_note("a note")
            raise LookupError("third") from error

    text = page(act).text

    parts = ["LookupError</h1>", "Caused by</p>", "ValueError</h3>", "a note</p>"]
    parts += ["Raised while handling</p>", "KeyError</h3>"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_what_an_exception_suppresses_is_not_shown() -> None:
    def act(_: RequestHandler) -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second") from None

    assert "KeyError</h3>" not in page(act).text


async def test_the_exceptions_of_a_group_are_shown(io_loop: object) -> None:
    async def fail_with(number: int) -> None:
        raise RuntimeError(f"task {number}")

    class Grouped(RequestHandler):
        async def get(self) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail_with(1))
                group.create_task(fail_with(2))

    application = Application([("/", Grouped)], serve_traceback=True)
    answer = await fetch(application, headers=HTML)

    assert "ExceptionGroup" in answer.text
    assert answer.text.index("Exception 1 of the group") < answer.text.index("task 1</p>")
    assert answer.text.index("Exception 2 of the group") < answer.text.index("task 2</p>")


def test_a_recursion_shows_its_ends() -> None:
    def down(number: int) -> int:
        return down(number + 1)

    text = page(lambda _: down(0)).text

    assert re.search(r"… \d{2,} more frames …", text)
    assert text.count("<b>test_a_recursion_shows_its_ends.&lt;locals&gt;.down</b>") < MAX_FRAMES
    assert len(text) < 500_000


def test_exceptions_in_a_circle_and_very_many_of_them_come_to_an_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first
    assert [shown.message for shown in describe(first, Values())] == ["first", "second"]

    group = ExceptionGroup("many", [ValueError(str(number)) for number in range(100)])
    (shown,) = describe(group, Values())
    assert len(shown.members) == 19
    assert "first" in page(lambda _: raising(first)).text


def raising(error: Exception) -> None:
    raise error


class Hostile:
    """Fails wherever it is looked at."""

    def __repr__(self) -> str:
        raise SystemExit("from repr")


class HostileError(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt("from str")

    @property
    def filename(self) -> str:
        return "no-such-file"

    lineno = "seven"


class HostileMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise RuntimeError("from getitem")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("from iter")

    def __len__(self) -> int:
        return 3


def test_nothing_that_is_shown_can_break_the_page() -> None:
    def act(_: RequestHandler) -> None:
        hostile = Hostile()
        mapping = HostileMapping()
        odd = "\ud800 \0"
        error = HostileError(hostile, mapping, odd)
        setattr(error, "__notes__", "no list")  # noqa: B010 - its type forbids what a program may do
        raise error

    answer = page(act, hostile=Hostile(), mapping=HostileMapping())

    assert "&lt;HostileError that cannot be shown: KeyboardInterrupt&gt;" in answer.text
    assert "&lt;Hostile that cannot be shown: SystemExit&gt;" in answer.text
    assert "&lt;HostileMapping that cannot be shown: RuntimeError&gt;" in answer.text
    assert r"\ud800 \x00" in answer.text


def test_source_that_is_not_there_leaves_a_frame_without_it() -> None:
    answer = page(lambda _: exec("raise ValueError('from nowhere')"))

    assert "<b>&lt;string&gt;</b>, line 1" in answer.text
    assert source_around(__file__, 10**6) == ()


class UnspeakableError(Exception):
    @property
    def filename(self) -> str:
        raise OSError("not even that")


class NoSource:
    """A loader that fails, as those of archives can."""

    def get_source(self, name: str) -> str:
        raise ValueError("no source")


def test_an_exception_that_no_page_can_show_is_told_as_text() -> None:
    answer = page(lambda _: raising(UnspeakableError("wrong")))

    assert answer.status == 500
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.text.endswith("UnspeakableError: wrong\n")


def test_an_exception_without_even_a_traceback_is_told_by_its_name() -> None:
    code = compile("raise ValueError('told')", "nowhere.py", "exec")
    names = {"__name__": "nowhere", "__loader__": NoSource()}

    class Quiet(RequestHandler):
        def get(self) -> None:
            exec(code, names)

        def log_exception(self, *error: object) -> None:
            """A log cannot show it, either."""

    answer = ask(Application([("/", Quiet)], serve_traceback=True), headers=HTML)

    assert answer.text == "ValueError: told\n"


def test_the_names_of_a_whole_module_are_not_shown() -> None:
    code = compile("local = 'here'\nraise ValueError('from a module')", __file__, "exec")

    assert '<th scope="row">local</th>' not in page(lambda _: exec(code, {"__name__": "m"})).text


def test_the_request_is_shown() -> None:
    answer = ask(
        site(fail),
        "/named?q=caf%C3%A9",
        method="POST",
        headers={**HTML, "Content-Type": "application/x-www-form-urlencoded", "X-Odd": "<odd>"},
        body=b"color=green&color=blue",
    )

    text = answer.text
    assert "POST /named?q=caf%C3%A9" in text
    assert '<th scope="row">part</th><td>&#x27;named&#x27;</td>' in text
    assert '<th scope="row">q</th><td>café</td>' in text
    assert '<th scope="row">color</th><td>green\nblue</td>' in text
    assert '<th scope="row">X-Odd</th><td>&lt;odd&gt;</td>' in text
    assert '<th scope="row">Body</th><td>22 bytes</td>' in text
    assert '<th scope="row">1</th><td>&#x27;elsewhere&#x27;</td>' in page(fail, "/elsewhere").text


def test_a_request_that_cannot_be_read_is_shown_as_far_as_it_can() -> None:
    form = as_form("&".join(f"a{number}=1" for number in range(5_000)))
    form["headers"] |= {**HTML, "Cookie": 'a="'}

    def act(handler: RequestHandler) -> None:
        handler.get_argument("a1")

    answer = ask(site(act), "/?q=there", **form)

    assert answer.status == 400
    assert '<th scope="row">q</th><td>there</td>' in answer.text


SECRETS = [
    "c00kie-secret",
    "pass-w0rd",
    "dG9rZW4tMTIz",
    "user-c00kie",
    "t0ken&1",
    "nested-k3y",
    "b1nary",
    "l1sted-key",
    "db-passw0rd",
    "referred-t0ken",
]


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_secrets_are_hidden_wherever_they_turn_up(accept: str) -> None:
    def act(handler: RequestHandler) -> None:
        copies = SECRETS[:-2]
        password = "pass" + "-w0rd"
        raise ValueError(f"{copies} {password}")

    answer = page(
        act,
        "/?token=t0ken%261",
        {
            "Accept": accept,
            "Authorization": "Basic dG9rZW4tMTIz",
            "Cookie": "user=user-c00kie",
            "Referer": "http://example.com/?a=b&token=referred-t0ken",
        },
        cookie_secret="c00kie-secret",
        api_key=b"b1nary",
        api_keys=["l1sted-key", {"deeper": ["l1sted-key"]}],
        database="postgres://me:db-passw0rd@db.example/main?sslmode=require",
        service={
            "oauth": {"consumer_secret": "nested-k3y"},
            "deep": {"a": {"b": {"c": {"d": {}}}}},
        },
        key_version=7,
    )

    assert [secret for secret in SECRETS if secret in answer.text] == []
    assert "t0ken%261" not in answer.text
    assert HIDDEN in answer.text
    if accept == "text/html":
        assert '<th scope="row">key_version</th><td>7</td>' in answer.text
        assert f'<th scope="row">cookie_secret</th><td>{HIDDEN}</td>' in answer.text
        assert f"postgres://me:{HIDDEN}@db.example/main?sslmode=require" in answer.text
        assert f"http://example.com/?a=b&amp;token={HIDDEN}" in answer.text


COOKIES = "cookie_secret Set-Cookie _xsrf X-Csrftoken session"
KEYS = "api_key apikey my_key X-Api-Key private"
PASSWORDS = "PASSWORD user_passwd Authorization Proxy-Authorization access_token auth"
HARMLESS = "author keyboard monkey host compass login_url xsrf_cookies key_version"


@pytest.mark.parametrize("name", [*COOKIES.split(), *KEYS.split(), *PASSWORDS.split()])
def test_a_name_that_sounds_like_a_secret_is_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", [*HARMLESS.split(), 7, None])
def test_other_names_are_none(name: object) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://a:b@c/", f"http://a:{HIDDEN}@c/"),
        ("redis://:secret@host:1/0", f"redis://:{HIDDEN}@host:1/0"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("http://user@host/", "http://user@host/"),
        ("at 12:30 a@b", "at 12:30 a@b"),
        ("/?q=1&access_token=x#f", f"/?q=1&access_token={HIDDEN}#f"),
        ("'/?access_token=x'", f"'/?access_token={HIDDEN}'"),
    ],
)
def test_secrets_in_urls_are_hidden(text: str, shown: str) -> None:
    assert Values().hide(text) == shown


def test_nothing_in_place_of_a_secret_is_worth_knowing() -> None:
    values = Values()

    assert values.named("password", None) == "None"
    assert values.named("password", "x") == HIDDEN


def test_representations_are_bounded() -> None:
    values = Values()
    assert len(values.value("x" * 10**6)) < MAX_TEXT
    assert len(values.value(b"x" * 10**6)) < MAX_TEXT
    assert len(values.value(bytearray(10**6))) <= MAX_TEXT + 1
    assert len(values.value([["x" * 100] * 100] * 100)) <= MAX_TEXT + 1
    assert values.value({number: number for number in range(40)}).endswith("29: 29, …}")
    assert values.value(MappingProxyType({"password": "x", "a": 1})) == (
        f"mappingproxy({{'password': {HIDDEN}, 'a': 1}})"
    )
    nested: dict[str, object] = {}
    nested["self"] = nested
    assert values.value(nested) == "{'self': {'self': {'self': {'self': {…}}}}}"
    assert values.value(b"ab") == "b'ab'"


def test_a_page_holds_so_much_and_no_more() -> None:
    values = Values()
    for _ in range(MAX_TEXTS // MAX_TEXT):
        values.text("x" * MAX_TEXT)

    assert values.value(Hostile()) == "…"
    assert values.text("more") == "…"


def test_an_error_before_the_request_runs_is_shown() -> None:
    class Early(RequestHandler):
        def initialize(self) -> None:
            try:
                fail(self)
            except ValueError as error:
                self.send_error(503, exc_info=(type(error), error, error.__traceback__))

    assert (
        "503 Service Unavailable" in ask(Application([("/", Early)], debug=True), headers=HTML).text
    )


def test_an_error_without_a_handler_is_shown() -> None:
    answer = ask(Application(serve_traceback=True), "/missing", headers=HTML)

    assert answer.status == 404
    assert "HTTPError" in answer.text


def test_long_lines_and_letters_of_several_bytes_are_marked_right(tmp_path: Path) -> None:
    path = tmp_path / "wide.py"
    path.write_text("é = 'ü'; " + "x" * 400 + "\n")

    (line,) = source_around(str(path), 1, None, (1, 1, 0, 2))
    assert (line.marked, len(line.text)) == ((0, 1), 300)
    (line,) = source_around(str(path), 1, None, (1, 2, 0, 2))
    assert line.marked is None
    (line,) = source_around(str(path), 1, None, (1, 1, 0, 5000))
    assert line.marked is None
