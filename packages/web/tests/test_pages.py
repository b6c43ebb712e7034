"""Templates as responses: rendering, the names they see, where they come from."""

import inspect
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ostro import gen
from ostro.escape import to_unicode
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.template import BaseLoader, DictLoader, Loader
from ostro.web import Application, HTTPError, Mount, RequestHandler, UIModule

from .support import MemoryConnection, ask, fetch


def site(
    act: Callable[[RequestHandler], Any], templates: dict[str, str] | None = None, **settings: Any
) -> Application:  # Any: what a handler returns; settings
    class Handler(RequestHandler):
        def get(self) -> Any:  # Any: as above
            result = act(self)
            return result if inspect.iscoroutine(result) else None

    if templates is not None:
        settings["template_loader"] = DictLoader(templates)
    return Application([("/(?:page)?", Handler)], **settings)


def rendering(name: str) -> Callable[[RequestHandler], object]:
    return lambda handler: handler.render(name)


def page(template: str, /, **arguments: object) -> MemoryConnection:
    """Render a template, and return the answer."""
    app = site(lambda handler: handler.render("page.html", **arguments), {"page.html": template})
    return ask(app)


# Rendering


def test_a_template_becomes_the_response() -> None:
    answer = page("<p>{{ text }}</p>", text="R&D")

    assert (answer.status, answer.text) == (200, "<p>R&amp;D</p>")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.ended


def test_what_was_written_before_stays() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write("before ")
        handler.render("page.html")

    assert ask(site(act, {"page.html": "page"})).text == "before page"


def test_a_plain_method_may_return_what_rendering_returns() -> None:
    class Handler(RequestHandler):
        def get(self) -> Awaitable[None]:
            return self.render("page.html")

    # There is no loop here: nothing is left to wait for.
    answer = ask(Application([("/", Handler)], template_loader=DictLoader({"page.html": "page"})))

    assert (answer.text, answer.ended) == ("page", True)


def test_a_template_can_be_rendered_without_answering() -> None:
    def act(handler: RequestHandler) -> None:
        text = handler.render_string("part.txt", n=1)
        assert isinstance(text, bytes)
        handler.write({"part": text.decode()})

    assert ask(site(act, {"part.txt": "{{ n }}ä"})).text == '{"part": "1\\u00e4"}'


async def test_rendering_can_be_awaited(io_loop: IOLoop) -> None:
    async def act(handler: RequestHandler) -> None:
        await handler.render("page.html")

    assert (await fetch(site(act, {"page.html": "page"}))).text == "page"


async def test_a_template_may_await(io_loop: IOLoop) -> None:
    async def story() -> str:
        await gen.moment
        return "<story>"

    async def act(handler: RequestHandler) -> None:
        await handler.render_async("page.html", story=story)

    app = site(act, {"page.html": "{{ await story() }} {{ await story() }}"})

    assert (await fetch(app)).text == "&lt;story&gt; &lt;story&gt;"


async def test_a_template_that_awaits_can_be_rendered_without_answering(io_loop: IOLoop) -> None:
    async def act(handler: RequestHandler) -> None:
        handler.write(await handler.render_string_async("part.html", moment=gen.sleep(0)))
        handler.write(await handler.render_string_async("plain.html"))

    app = site(act, {"part.html": "{{ await moment }}!", "plain.html": "?"})

    assert (await fetch(app)).text == "None!?"


async def test_a_template_that_awaits_must_be_awaited(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(handler: RequestHandler) -> None:
        await handler.render("page.html")

    assert (await fetch(site(act, {"page.html": "{{ await x }}"}))).status == 500
    assert "use generate_async()" in caplog.text


def test_nothing_is_rendered_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    def act(handler: RequestHandler) -> None:
        handler.finish("end")
        handler.render("page.html")

    assert ask(site(act, {"page.html": "{{ undefined }}"})).text == "end"
    assert "render() was called after finish()" in caplog.text


async def test_a_page_for_a_client_that_is_gone_is_dropped(io_loop: IOLoop) -> None:
    class Handler(RequestHandler):
        cancel_on_disconnect = False

        async def get(self) -> None:
            await gen.moment
            connection.lose()
            for sent in (self.render("page.html"), self.render_async("page.html")):
                with pytest.raises(StreamClosedError):
                    await sent

    app = Application([("/", Handler)], template_loader=DictLoader({"page.html": "page"}))
    connection = ask(app)
    await connection.over()

    assert connection.status == 0


def test_an_error_in_a_template_is_a_500_that_shows_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = page("first\n{{ 1 // zero }}\n", zero=0)

    assert answer.status == 500
    assert 'File "page.html", line 2, in template' in caplog.text
    assert "{{ 1 // zero }}" in caplog.text
    assert "zero" not in answer.text


def test_the_traceback_leads_through_modules_and_their_templates(
    caplog: pytest.LogCaptureFixture,
) -> None:
    templates = {
        "page.html": "\n{% module Template('part.html', n=0) %}",
        "part.html": "{{ 1 // n }}",
    }

    assert ask(site(rendering("page.html"), templates)).status == 500
    assert 'File "page.html", line 2, in template' in caplog.text
    assert 'File "part.html", line 1, in template' in caplog.text


def test_the_error_page_shows_the_line_where_it_may() -> None:
    app = site(
        lambda handler: handler.render("page.html"),
        {"page.html": "\n\n{{ missing }}"},
        serve_traceback=True,
    )

    assert 'File "page.html", line 3' in ask(app).text
    assert "NameError: name 'missing' is not defined" in ask(app).text


def test_a_template_that_is_not_there_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(site(lambda handler: handler.render("none.html"), {})).status == 500
    assert "template 'none.html'" in caplog.text


def test_an_error_page_can_be_rendered() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.render("page.html")

        def write_error(self, status_code: int, **kwargs: Any) -> None:  # Any: as in the base
            self.render("error.html", status=status_code, error=kwargs["exc_info"][1])

    templates = {
        "page.html": "{% module Template('module.html') %}{{ 1 // 0 }}",
        "module.html": "{{ set_resources(html_head='<!-- of the page -->') }}",
        "error.html": "<head></head>{{ status }}: {{ error }}",
    }
    answer = ask(Application([("/", Handler)], template_loader=DictLoader(templates)))

    assert answer.status == 500
    assert answer.text.startswith("<head></head>500: ")
    assert answer.text.endswith(" by zero")  # how it begins depends on Python


def test_an_error_page_that_cannot_be_rendered_is_empty(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(404)

        def write_error(self, status_code: int, **kwargs: Any) -> None:  # Any: as in the base
            self.render("none.html")

    answer = ask(Application([("/", Handler)], template_loader=DictLoader({})))

    assert (answer.status, answer.text) == (404, "")
    assert "Uncaught exception in write_error" in caplog.text


# Names


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ handler.request is request }}", "True"),
        ("{{ request.path }}", "/"),
        ("{{ current_user }}", "None"),
        ("{{ locale.code }}", "en_US"),
        ("{{ _('Sign in') }} {{ translate('out') }}", "Sign in out"),
        ("{{ _('%d like', '%d likes', 2) % 2 }}", "2 likes"),
        ("{{ pgettext('law', 'right') }}", "right"),
        ("{{ reverse_url('story', 5) }}", "/story/5"),
        ("{{ escape('<') }}{% raw xhtml_escape('<') %}", "&amp;lt;&lt;"),
        ("{{ url_escape('a b') }}", "a+b"),
        ("{% raw json_encode({'a': '</'}) %}", '{"a": "<\\/"}'),
        ("{{ squeeze(' a  b ') }}", "a b"),
        (
            "{% raw linkify('http://a.example') %}",
            '<a href="http://a.example">http://a.example</a>',
        ),
        ("{{ datetime.date(2012, 5, 31) }}", "2012-05-31"),
        ("{{ shout('a') }} {{ twice('b') }}", "A/ bb"),
        ("{% raw Hello('c') %} {% raw modules.Hello('d') %}", "hello c hello d"),
        ("{{ sorted(n for n in globals() if n in ('given', 'locale')) }}", "[&#x27;given&#x27;"),
    ],
)
def test_a_template_sees(template: str, text: str) -> None:
    def shout(handler: RequestHandler, word: str) -> str:
        return word.upper() + handler.request.path

    class Hello(UIModule):
        def render(self, name: str) -> str:
            return f"hello {name}"

    class Handler(RequestHandler):
        def get(self) -> None:
            self.render("t", given=1)

    app = Application(
        [
            ("/", Handler),
            (r"/story/(\d+)", RequestHandler, {}, "story"),
        ],
        template_loader=DictLoader({"t": template}),
        ui_methods=[{"shout": shout}, {"twice": lambda handler, word: word * 2}],
        ui_modules={"Hello": Hello},
    )

    assert ask(app).text.startswith(text)


def test_what_is_passed_comes_before_all_else() -> None:
    arguments = {"request": 1, "locale": 2, "escape": 3, "linkify": 4, "_": 5}
    names = "".join("{{ " + name + " }}" for name in arguments)

    assert page(names, **arguments).text == "12345"


def test_a_name_may_be_assigned_in_the_template() -> None:
    assert page("{{ locale.code }}{% set locale = 1 %}{{ locale }}").text == "en_US1"


def test_what_a_template_does_not_use_is_not_computed() -> None:
    class Handler(RequestHandler):
        def get_current_user(self) -> None:
            raise AssertionError

        get_user_locale = get_current_user

        def get(self) -> None:
            self.render("page.html")

    app = Application([("/", Handler)], template_loader=DictLoader({"page.html": "page"}))

    assert ask(app).text == "page"


def test_a_handler_may_add_names_to_all_its_templates() -> None:
    class Handler(RequestHandler):
        def get_template_namespace(self) -> dict[str, object]:
            namespace = super().get_template_namespace()
            assert namespace["locale"] is self.locale
            return namespace | {"name": "Ann", "request": None}

        def get(self) -> None:
            self.render("page.html", passed=1)

    templates = {"page.html": "{{ name }} {{ request }} {{ passed }} {% module Template('m') %}"}
    loader = DictLoader({**templates, "m": "{{ name }}"})

    assert ask(Application([("/", Handler)], template_loader=loader)).text == "Ann None 1 Ann"


def test_the_namespace_can_be_used_elsewhere() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write({"names": sorted(handler.get_template_namespace())})

    answer = ask(
        site(act, ui_methods={"method": print}, ui_modules={"Module": type("M", (UIModule,), {})})
    )

    for name in ("handler", "current_user", "locale", "method", "Module", "xsrf_form_html"):
        assert f'"{name}"' in answer.text


# Loaders


def test_templates_come_from_the_template_path(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("from {{ 'a' }}")

    assert ask(site(rendering("page.html"), template_path=str(tmp_path))).text == "from a"


def test_a_handler_may_have_a_template_path_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(name)

    class Handler(RequestHandler):
        def get_template_path(self) -> str:
            return str(tmp_path / self.request.path[1:])

        def get(self) -> None:
            self.render("page.html")

    app = Application([("/.", Handler)], template_path="/nowhere")

    assert [ask(app, path).text for path in ("/a", "/b", "/a")] == ["a", "b", "a"]


def test_without_a_path_templates_lie_beside_the_file_that_asks() -> None:
    class Module(UIModule):
        def render(self) -> bytes:
            return self.render_string("templates/part.html", n=1)

    app = site(rendering("templates/page.html"), ui_modules={"Module": Module})

    assert ask(app).text == "<p>part 1, part 2</p>\n"


def test_without_a_path_a_shell_has_its_templates_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope: dict[str, Any] = {"__name__": "__main__"}  # Any: whatever the code defines
    code = "def render(handler):\n    handler.render('page.html')\n"
    exec(compile(code, "<stdin>", "exec"), scope)
    (tmp_path / "page.html").write_text("page")
    monkeypatch.chdir(tmp_path)

    assert ask(site(scope["render"])).text == "page"


def test_templates_are_compiled_once(tmp_path: Path) -> None:
    app = site(rendering("page.html"), template_path=str(tmp_path))
    (tmp_path / "page.html").write_text("old")
    ask(app)
    (tmp_path / "page.html").write_text("new")

    assert ask(app).text == "old"


@pytest.mark.parametrize("setting", [{"compiled_template_cache": False}, {"debug": True}])
def test_templates_can_be_read_anew_for_each_request(
    tmp_path: Path,
    setting: dict[str, Any],  # Any: settings
) -> None:
    app = site(rendering("page.html"), template_path=str(tmp_path), **setting)
    (tmp_path / "page.html").write_text("{% include 'part.html' %}")
    (tmp_path / "part.html").write_text("old")
    ask(app)
    (tmp_path / "part.html").write_text("new")

    assert ask(app).text == "new"


def test_the_cache_can_be_kept_while_debugging(tmp_path: Path) -> None:
    app = site(
        rendering("page.html"),
        template_path=str(tmp_path),
        debug=True,
        compiled_template_cache=True,
    )
    (tmp_path / "page.html").write_text("old")
    ask(app)
    (tmp_path / "page.html").write_text("new")

    assert ask(app).text == "old"


class Counting(DictLoader):
    """Counts what it reads."""

    count = 0

    def read(self, name: str) -> tuple[str | bytes, str]:
        self.count += 1
        return super().read(name)


def test_within_a_request_templates_are_read_once() -> None:
    loader = Counting(
        {"page.html": "{% for i in range(5) %}{% module Template('m') %}{% end %}", "m": "."}
    )
    app = site(rendering("page.html"), template_loader=loader, compiled_template_cache=False)

    assert ask(app).text == "....."
    assert loader.count == 2
    ask(app)
    assert loader.count == 4


def test_handlers_may_make_loaders_of_their_own_kind(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("common")
    made: list[str] = []

    class Handler(RequestHandler):
        def create_template_loader(self, template_path: str) -> BaseLoader:
            made.append(template_path)
            return DictLoader({"page.html": "mine"})

        def get(self) -> None:
            self.render("page.html")

    class Other(RequestHandler):
        def get(self) -> None:
            self.render("page.html")

    app = Application([("/", Handler), ("/other", Other)], template_path=str(tmp_path))

    assert [ask(app).text, ask(app).text] == ["mine", "mine"]
    assert made == [str(tmp_path)]
    assert ask(app, "/other").text == "common"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "&lt;b&gt;\n\n<i>"),
        ({"autoescape": None}, "<b>\n\n<i>"),
        ({"autoescape": "squeeze"}, "<b>\n\n<i>"),
        ({"template_whitespace": "all"}, "&lt;b&gt;\n\n<i>"),
        ({"template_whitespace": "oneline"}, "&lt;b&gt; <i>"),
    ],
)
def test_settings_reach_the_loader(tmp_path: Path, settings: dict[str, Any], text: str) -> None:
    # Any: settings
    (tmp_path / "page.txt").write_text("{{ '<b>' }}\n\n<i>")
    app = site(rendering("page.txt"), template_path=str(tmp_path), **settings)

    assert ask(app).text == text


def test_a_loader_of_another_template_language_will_do() -> None:
    class Foreign:
        def generate(self, **names: Any) -> bytes:  # Any: the names of a page
            return f"{names['request'].path} {names['given']}".encode()

    class ForeignLoader(Loader):
        def load(self, name: str, parent_path: str | None = None) -> Any:  # Any: a Foreign
            return Foreign()

    app = site(
        lambda handler: handler.render("page", given=1), template_loader=ForeignLoader("/nowhere")
    )

    assert ask(app).text == "/ 1"


# URLs


class Versioned(RequestHandler):
    """As far as pages see a StaticFileHandler."""

    @classmethod
    def make_static_url(
        cls, settings: dict[str, Any], path: str, include_version: bool = True
    ) -> str:
        # Any: settings
        return f"{settings['static_path']}/{path}" + ("?v=1" if include_version else "")


STATIC: dict[str, Any] = {"static_path": "/s", "static_handler_class": Versioned}  # Any: settings


def static_url(*args: Any, **kwargs: Any) -> str:  # Any: the arguments of static_url
    return to_unicode(
        ask(
            site(lambda handler: handler.finish(handler.static_url(*args, **kwargs)), **STATIC)
        ).text
    )


def test_static_urls_are_those_of_the_static_handler() -> None:
    assert static_url("a.css") == "/s/a.css?v=1"
    assert static_url("a.css", include_version=False) == "/s/a.css"
    assert static_url("a.css", True) == "http://example.com/s/a.css?v=1"
    assert static_url("a.css", include_host=False) == "/s/a.css?v=1"


def test_static_urls_on_another_host_stay_there() -> None:
    for prefix in ("https://cdn.example", "//cdn.example"):
        url = ask(
            site(
                lambda handler: handler.finish(handler.static_url("a", include_host=True)),
                **{**STATIC, "static_path": prefix},
            )
        ).text
        assert url == f"{prefix}/a?v=1"


def test_static_urls_of_a_mounted_site_begin_where_it_is() -> None:
    inner = site(lambda handler: handler.finish(handler.static_url("a")), **STATIC)

    assert ask(Application([Mount("/inner", inner)]), "/inner/").text == "/inner/s/a?v=1"


def test_a_handler_may_have_its_static_urls_absolute() -> None:
    class Handler(RequestHandler):
        include_host = True

        def get(self) -> None:
            self.write(self.static_url("a") + " " + self.static_url("a", include_host=False))

    assert ask(Application([("/", Handler)], **STATIC)).text == (
        "http://example.com/s/a?v=1 /s/a?v=1"
    )


def test_static_urls_need_the_static_path(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(site(lambda handler: handler.static_url("a"))).status == 500
    assert "'static_path' setting to use static_url" in caplog.text


def test_static_urls_are_made_by_the_handler_that_serves_files(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_bytes(b"")
    named: dict[str, Any] = {"static_handler_class": "ostro.web.StaticFileHandler"}  # Any: settings
    for chosen in ({}, named):
        application = site(
            lambda handler: handler.finish(handler.static_url("a.css")),
            static_path=tmp_path,
            **chosen,
        )

        assert ask(application, ask(application).text).status == 200


def test_tracebacks_of_templates_do_not_pile_up() -> None:
    def act(handler: RequestHandler) -> None:
        try:
            handler.render_string("page.html")
        except ZeroDivisionError as error:
            names = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
            handler.write({"files": [name for name in names if name == "page.html"]})

    answer = ask(site(act, {"page.html": "{{ 1 // 0 }}"}))

    assert answer.text == '{"files": ["page.html"]}'
