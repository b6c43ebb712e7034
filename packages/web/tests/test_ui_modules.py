"""UI modules: parts of pages, and the styles and scripts that come with them."""

import types
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.template import DictLoader
from ostro.web import Application, RequestHandler, UIModule

from .support import MemoryConnection, as_form, ask, fetch

BARE = "<html><head><title>t</title></head><body><p>b</p>%s</body></html>"


class Static(RequestHandler):
    """As far as pages see a StaticFileHandler."""

    @classmethod
    def make_static_url(cls, settings: dict[str, Any], path: str) -> str:  # Any: settings
        return f"/static/{path}?v=1"


class Page(RequestHandler):
    def get(self) -> None:
        self.render("page.html")


def page(
    template: str,
    *modules: type[UIModule],
    handler: type[RequestHandler] = Page,
    more: dict[str, str] | None = None,
) -> MemoryConnection:
    """Render a template with some modules, each known by the name of its class."""
    app = Application(
        [("/", handler)],
        template_loader=DictLoader({"page.html": template, **(more or {})}),
        ui_modules={each.__name__: each for each in modules},
        static_path="/s",
        static_handler_class=Static,
    )
    return ask(app)


class Entry(UIModule):
    def render(self, text: str, shout: bool = False) -> str:
        return f"<i>{text.upper() if shout else text}</i>"


class Rich(UIModule):
    """Adds one of each kind."""

    def render(self) -> str:
        return "rich"

    def css_files(self) -> str:
        return "rich.css"

    def embedded_css(self) -> str:
        return ".rich {}"

    def html_head(self) -> str:
        return "<!-- head -->"

    def javascript_files(self) -> str:
        return "rich.js"

    def embedded_javascript(self) -> str:
        return "rich()"

    def html_body(self) -> str:
        return "<!-- body -->"


RICH_HEAD = (
    '<link href="/static/rich.css?v=1" type="text/css" rel="stylesheet"/>\n'
    '<style type="text/css">\n.rich {}\n</style>\n'
    "<!-- head -->\n"
)
RICH_BODY = (
    '<script src="/static/rich.js?v=1" type="text/javascript"></script>\n'
    '<script type="text/javascript">\n//<![CDATA[\nrich()\n//]]>\n</script>\n'
    "<!-- body -->\n"
)


# What a module shows


def test_a_module_shows_what_it_renders_unescaped() -> None:
    assert page("{% module Entry('a') %}{% module Entry('b', shout=True) %}", Entry).text == (
        "<i>a</i><i>B</i>"
    )


def test_a_module_may_render_a_template() -> None:
    class Book(UIModule):
        def render(self, book: dict[str, str]) -> bytes:
            return self.render_string("book.html", book=book)

    answer = page(
        "{% for t in 'ab' %}{% module Book({'title': t + '&'}) %}{% end %}",
        Book,
        more={"book.html": "<h3>{{ book['title'] }} {{ request.path }}</h3>"},
    )

    assert answer.text == "<h3>a&amp; /</h3><h3>b&amp; /</h3>"


def test_a_module_knows_who_asks() -> None:
    class Who(UIModule):
        def render(self) -> str:
            assert self.request is self.handler.request
            return f"{self.current_user} {self.locale.code} {self.handler.get_status()}"

    assert page("{% module Who() %}", Who).text == "None en_US 200"


def test_the_older_way_to_show_a_module_works() -> None:
    assert page("{% raw modules.Entry('a') %}", Entry).text == "<i>a</i>"


def test_an_unknown_module_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert page("{% module Nothing() %}", Entry).status == 500
    assert "UI module 'Nothing' is unknown; there are: Entry, Template, " in caplog.text
    assert 'File "page.html", line 1' in caplog.text


def test_a_module_must_render(caplog: pytest.LogCaptureFixture) -> None:
    class Lazy(UIModule):
        pass

    assert page("{% module Lazy() %}", Lazy).status == 500
    assert "Lazy does not override render" in caplog.text


async def test_a_module_that_awaits_is_awaited_in_the_template(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(UIModule):
        async def render(self, text: str) -> bytes:
            return await self.render_string_async("slow.html", moment=gen.sleep(0), text=text)

        def embedded_css(self) -> str:
            return ".slow {}"

    class Handler(RequestHandler):
        async def get(self) -> None:
            await self.render_async(f"{self.request.path[1:]}.html")

    templates = {
        "right.html": "<head></head>{% raw await modules.Slow('a') %}{% raw await Slow('b') %}",
        "wrong.html": "{% module Slow('a') %}",
        "slow.html": "{{ await moment }} {{ text }},",
    }
    app = Application(
        [("/.*", Handler)], template_loader=DictLoader(templates), ui_modules={"Slow": Slow}
    )

    assert (await fetch(app, "/right")).text == (
        '<head><style type="text/css">\n.slow {}\n</style>\n</head>None a,None b,'
    )
    assert (await fetch(app, "/wrong")).status == 500
    assert "write {% raw await modules.Slow(...) %} instead" in caplog.text


# The settings


def uimodules() -> types.ModuleType:
    module = types.ModuleType("uimodules")
    vars(module).update(Entry=Entry, Rich=Rich, UIModule=UIModule, _Hidden=Entry, function=print)
    return module


@pytest.mark.parametrize(
    "setting",
    [
        uimodules(),
        {"Entry": Entry},
        [uimodules()],
        [{"Other": Rich}, {"Entry": Entry}],
        (uimodules(),),
    ],
    ids=["module", "dict", "list-of-modules", "list-of-dicts", "tuple"],
)
def test_modules_are_found(setting: object) -> None:
    loader = DictLoader({"page.html": "{% module Entry('a') %}"})

    assert ask(Application([("/", Page)], template_loader=loader, ui_modules=setting)).text == (
        "<i>a</i>"
    )


@pytest.mark.parametrize("name", ["UIModule", "_Hidden", "function"])
def test_what_is_no_module_is_not_found(name: str) -> None:
    loader = DictLoader({"page.html": f"{{% module {name}() %}}"})
    app = Application([("/", Page)], template_loader=loader, ui_modules=uimodules())

    assert ask(app).status == 500


@pytest.mark.parametrize("setting", ["ui_modules", "ui_methods"])
@pytest.mark.parametrize("value", [{"Hello", "World"}, "uimodules", 1, [None, 1]])
def test_a_setting_of_another_kind_is_refused(setting: str, value: object) -> None:
    settings: dict[str, Any] = {setting: value}  # Any: settings

    with pytest.raises(TypeError, match=f"setting {setting} takes a module, a dictionary, or a"):
        Application([], **settings)


def test_methods_get_the_handler() -> None:
    module = types.ModuleType("uimethods")
    vars(module).update(
        path=lambda handler: handler.request.path,
        add=lambda handler, a, b=1: a + b,
        Class=UIModule,
        CONSTANT=1,
        _hidden=print,
    )
    loader = DictLoader(
        {"page.html": "{{ path() }} {{ add(1) }} {{ [n for n in names if n in globals()] }}"}
    )

    class Handler(RequestHandler):
        def get(self) -> None:
            self.render("page.html", names=["Class", "CONSTANT", "_hidden"])

    app = Application([("/", Handler)], template_loader=loader, ui_methods=module)

    assert ask(app).text == "/ 2 []"


def test_a_method_comes_before_what_pages_know() -> None:
    loader = DictLoader({"page.html": "{{ locale() }}{{ squeeze('a') }}{{ '<' }}{{ '>' }}"})
    methods = {
        "locale": lambda handler: "l",
        "squeeze": lambda handler, text: "s",
        "xhtml_escape": lambda handler, text: "e",
    }
    app = Application([("/", Page)], template_loader=loader, ui_methods=methods)

    assert ask(app).text == "eeee"


# What a module adds to the page


def test_what_a_module_adds_has_its_place_and_order() -> None:
    answer = page(BARE % "{% module Rich() %}", Rich)

    assert answer.text == (
        f"<html><head><title>t</title>{RICH_HEAD}</head><body><p>b</p>rich{RICH_BODY}</body></html>"
    )


def test_what_a_module_adds_is_there_once() -> None:
    answer = page(BARE % "{% for i in range(3) %}{% module Rich() %}{% end %}", Rich)

    for part in (RICH_HEAD, RICH_BODY):
        assert answer.text.count(part) == 1
    assert answer.text.count("rich.css") == 1


def test_a_module_that_is_not_used_adds_nothing() -> None:
    template = BARE % "{% if False %}{% module Rich() %}{{ Rich() }}{% end %}"

    assert page(template, Rich).text == BARE % ""


def test_the_modules_of_a_page_add_in_the_order_of_their_use() -> None:
    class Second(Rich):
        def css_files(self) -> list[str]:  # type: ignore[override]  # it returns something else
            return ["second.css", "rich.css", "/absolute.css", "https://a.example/a.css"]

        def embedded_css(self) -> str:
            return ".second {}"

        def javascript_files(self) -> bytes:  # type: ignore[override]  # as above
            return b"second.js"

        def embedded_javascript(self) -> bytes:  # type: ignore[override]  # as above
            return b"second()"

    text = page(BARE % "{% module Rich() %}{% module Second() %}", Rich, Second).text

    assert '<style type="text/css">\n.rich {}\n.second {}\n</style>' in text
    assert "CDATA[\nrich()\nsecond()\n//]]>" in text
    order = ["rich.css", "second.css", "/absolute.css", "https://a.example/a.css"]
    assert [text.count(name) for name in order] == [1, 1, 1, 1]
    assert [text.index(name) for name in order] == sorted(text.index(name) for name in order)
    assert text.index('src="/static/rich.js?v=1"') < text.index('src="/static/second.js?v=1"')
    assert text.count("<!-- head -->") == text.count("<!-- body -->") == 1


def test_urls_are_escaped() -> None:
    class Quoting(UIModule):
        def render(self) -> str:
            return ""

        def css_files(self) -> str:
            return '/a.css?a=1&b="><script>'

        def javascript_files(self) -> str:
            return '/a.js?"'

    text = page(BARE % "{% module Quoting() %}", Quoting).text

    assert 'href="/a.css?a=1&amp;b=&quot;&gt;&lt;script&gt;"' in text
    assert 'src="/a.js?&quot;"' in text


def test_what_a_module_adds_may_depend_on_what_it_has_rendered() -> None:
    class Counter(UIModule):
        count = 0

        def render(self) -> str:
            self.count += 1
            return ""

        def embedded_javascript(self) -> str:
            return f"count = {self.count}"

    assert "count = 3\n" in page("{% module Counter() %}" * 3, Counter).text


def test_each_page_has_modules_of_its_own() -> None:
    class Counter(UIModule):
        count = 0

        def render(self) -> str:
            self.count += 1
            return str(self.count)

    app = Application(
        [("/", Page)],
        template_loader=DictLoader({"page.html": "{% module Counter() %}"}),
        ui_modules={"Counter": Counter},
    )

    assert [ask(app).text, ask(app).text] == ["1", "1"]


def test_modules_in_parts_rendered_before_count_as_used() -> None:
    class Parts(RequestHandler):
        def get(self) -> None:
            self.render("page.html", part=self.render_string("part.html"))

    text = page(
        BARE % "{% raw part %}", Rich, handler=Parts, more={"part.html": "{% module Rich() %}"}
    ).text

    assert RICH_HEAD + "</head>" in text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<HeaD></HEaD ><boDY></BodY\n>", "<HeaD>1</HEaD ><boDY>2</BodY\n>"),
        ("<head></head></head><body></body></body>", "<head>1</head></head><body></body>2</body>"),
        ("<title>t</title><body class='a'></body>", "<title>t</title>1<body class='a'>2</body>"),
        ("<html><title>t</title></html>", "<html><title>t</title>12</html>"),
        ("<!doctype html><title>t</title><p>", "<!doctype html><title>t</title><p>12"),
        ("", "12"),
        ("<header></header><bodyguard>", "<header></header><bodyguard>12"),
    ],
)
def test_pages_without_tags_have_places_too(html: str, expected: str) -> None:
    class Both(UIModule):
        def render(self) -> str:
            return ""

        def html_head(self) -> str:
            return "1"

        def html_body(self) -> str:
            return "2"

    text = page("{% module Both() %}" + html, Both).text

    assert text == expected.replace("1", "1\n").replace("2", "2\n")


def test_a_handler_may_write_the_links_itself() -> None:
    class Handler(Page):
        def render_linked_css(self, css_files: Any) -> str:  # Any: URLs, here as in the others
            return f"[{','.join(css_files)}]"

        def render_embed_css(self, css_embed: Any) -> bytes:
            return b"(" + b",".join(css_embed) + b")"

        def render_linked_js(self, js_files: Any) -> str:
            return super().render_linked_js(js_files).replace("<script", '<script nonce="n"')

        def render_embed_js(self, js_embed: Any) -> bytes:
            return super().render_embed_js(js_embed).replace(b"<script", b'<script nonce="n"')

    text = page("{% module Rich() %}", Rich, handler=Handler).text

    assert "[/static/rich.css?v=1]\n(.rich {})\n<!-- head -->" in text
    assert text.count('<script nonce="n" ') == 2


# The built-in ones


def test_links_are_made() -> None:
    answer = page("{% module linkify('see http://a.example <b>', extra_params='rel=\"x\"') %}")

    assert answer.text == ('see <a href="http://a.example" rel="x">http://a.example</a> &lt;b&gt;')


def test_forms_get_their_token() -> None:
    answer = page("{% module xsrf_form_html() %}{% raw xsrf_form_html() %}")

    field = '<input type="hidden" name="_xsrf" value="'
    assert answer.text.count(field) == 2
    assert answer.text[: len(answer.text) // 2] * 2 == answer.text
    assert "_xsrf=2|" in answer.headers["Set-Cookie"] or "_xsrf=" in answer.headers["Set-Cookie"]


def test_a_built_in_module_can_be_replaced() -> None:
    class Mine(UIModule):
        def render(self) -> str:
            return "mine"

    app = Application(
        [("/", Page)],
        template_loader=DictLoader({"page.html": "{% module linkify() %} {{ linkify('a') }}"}),
        ui_modules={"linkify": Mine},
    )

    assert ask(app).text == "mine a"


MODULE = """{{ set_resources(
    embedded_css=".e {}", css_files=["e.css", b"f.css"], embedded_javascript="e()",
    javascript_files="e.js", html_head="<!-- h -->", html_body="<!-- b -->",
) }}<i>{{ text }}</i>"""


def test_a_template_may_be_a_module() -> None:
    answer = page(
        BARE % "{% for t in '12' %}{% module Template('m.html', text=t) %}{% end %}",
        more={"m.html": MODULE},
    )

    head = (
        '<link href="/static/e.css?v=1" type="text/css" rel="stylesheet"/>'
        '<link href="/static/f.css?v=1" type="text/css" rel="stylesheet"/>\n'
        '<style type="text/css">\n.e {}\n</style>\n<!-- h -->\n'
    )
    body = (
        '<script src="/static/e.js?v=1" type="text/javascript"></script>\n'
        '<script type="text/javascript">\n//<![CDATA[\ne()\n//]]>\n</script>\n<!-- b -->\n'
    )
    assert answer.text == (
        f"<html><head><title>t</title>{head}</head>"
        f"<body><p>b</p><i>1</i><i>2</i>{body}</body></html>"
    )


def test_template_modules_see_only_what_they_are_given() -> None:
    answer = page(
        "{% set x = 1 %}{% module Template('m.html', y=2) %}{% module Template('n.html') %}",
        more={
            "m.html": "{{ 'x' in globals() }} {{ y }} {{ request.path }} ",
            "n.html": "{{ 'y' in globals() }} {{ 'set_resources' in globals() }}",
        },
    )

    assert answer.text == "False 2 / False True"


def test_template_modules_may_use_others() -> None:
    answer = page(
        "<head></head>{% module Template('m.html') %}{% module Entry('x') %}",
        Entry,
        more={
            "m.html": "{{ set_resources(embedded_css='m') }}{% module Template('n.html') %}",
            "n.html": "{{ set_resources(embedded_css=b'n') }}{% module Entry('n') %}",
        },
    )

    assert answer.text == ('<head><style type="text/css">\nm\nn\n</style>\n</head><i>n</i><i>x</i>')


def test_a_template_module_cannot_change_its_mind(caplog: pytest.LogCaptureFixture) -> None:
    answer = page(
        "{% module Template('m.html', n=1) %}{% module Template('m.html', n=2) %}",
        more={"m.html": "{{ set_resources(embedded_css=str(n)) }}"},
    )

    assert answer.status == 500
    assert "template module 'm.html' has set other resources before" in caplog.text


def test_an_unknown_resource_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    answer = page("{% module Template('m.html') %}", more={"m.html": "{{ set_resources(css='') }}"})

    assert answer.status == 500
    assert "unexpected keyword argument 'css'" in caplog.text


def test_set_resources_is_for_modules_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert page("{{ set_resources(embedded_css='') }}").status == 500
    assert "name 'set_resources' is not defined" in caplog.text


def test_a_form_in_a_module_works() -> None:
    class Handler(Page):
        def post(self) -> None:
            self.write("done")

    app = Application(
        [("/", Handler)],
        template_loader=DictLoader(
            {
                "page.html": "{% module Template('form.html') %}",
                "form.html": "{% module xsrf_form_html() %}",
            }
        ),
        xsrf_cookies=True,
    )
    form = ask(app)
    token = form.text.split('"')[5]
    cookie = form.headers["Set-Cookie"].partition(";")[0]

    answer = ask(
        app,
        method="POST",
        headers={**as_form("")["headers"], "Cookie": cookie},
        body=f"_xsrf={token}".encode(),
    )

    assert answer.text == "done"
