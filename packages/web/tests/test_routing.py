"""Which handler takes a request, and the URLs made from names."""

import logging
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.escape import url_unescape
from ostro.web import (
    Application,
    ErrorHandler,
    NotReversibleError,
    RedirectHandler,
    RequestHandler,
    URLSpec,
    url,
)
from ostro.web._router import HandlerSpec
from ostro.web._routing import Routes
from ostro.web._urlspec import RouteMatch

from .support import ask


class Named(RequestHandler):
    def initialize(self, said: str = "") -> None:
        self.said = said

    def get(self, *args: str | None, **kwargs: str | None) -> None:
        self.write({"said": self.said, "args": list(args), "kwargs": kwargs})


class Other(RequestHandler):
    def get(self) -> None:
        self.write("other")


def answer(app: Application, target: str, host: str = "example.com") -> str:
    return ask(app, target, headers={"Host": host}).text


# Specs


def test_handlers_are_given_as_specs_tuples_and_lists_of_any_length() -> None:
    app = Application(
        [
            (r"/2", Other),
            (r"/3", Named, {"said": "three"}),
            (r"/4", Named, {"said": "four"}, "named"),
            (r"/none", Named, None, None),
            URLSpec(r"/spec", Named, {"said": "spec"}),
            url(r"/url", Named, name="url"),
        ]
    )
    assert answer(app, "/2") == "other"
    for path, said in [("3", "three"), ("4", "four"), ("none", ""), ("spec", "spec"), ("url", "")]:
        assert f'"said": "{said}"' in answer(app, f"/{path}")
    assert (app.reverse_url("named"), app.reverse_url("url")) == ("/4", "/url")


def test_a_handler_spec_may_be_a_list() -> None:
    app = Application([["/list", Other]])  # type: ignore[list-item]  # 2.3 has no types

    assert answer(app, "/list") == "other"


@pytest.mark.parametrize("bad", [(r"/",), (r"/", Other, {}, "name", 5), "/", None, Other])
def test_what_is_no_handler_spec_is_refused(bad: object) -> None:
    with pytest.raises(TypeError, match="a handler is a URLSpec or a tuple"):
        Application([bad])  # type: ignore[list-item]  # that is the point


@pytest.mark.parametrize("bad", [object, "asyncio.sleep", 5, RequestHandler.get])
def test_what_is_no_handler_class_is_refused(bad: object) -> None:
    with pytest.raises(TypeError, match="is not a RequestHandler subclass"):
        URLSpec("/", bad)  # type: ignore[arg-type]  # that is the point


def test_a_malformed_pattern_is_refused() -> None:
    with pytest.raises(re.error):
        URLSpec("/(", Other)


def test_a_handler_is_given_by_its_dotted_name() -> None:
    app = Application([("/old", "ostro.web.RedirectHandler", {"url": "/new"})])

    assert ask(app, "/old").headers["Location"] == "/new"


@pytest.mark.parametrize("name", ["ostro.web.NoSuchHandler", "no_such_module.X", "no_such_module"])
def test_a_dotted_name_that_leads_nowhere_is_refused(name: str) -> None:
    with pytest.raises(ImportError, match=name.rpartition(".")[2] if "web" in name else "no_such"):
        URLSpec("/", name)


def test_a_dotted_name_without_a_dot_is_a_module_and_no_handler() -> None:
    with pytest.raises(TypeError, match="'json' is not a RequestHandler subclass"):
        URLSpec("/", "json")


def test_a_spec_shows_what_it_is() -> None:
    assert repr(URLSpec("/a", Other, {"b": 1}, "c")) == (
        f"URLSpec('/a$', {Other!r}, kwargs={{'b': 1}}, name='c')"
    )


def test_the_mapping_given_to_a_spec_is_copied() -> None:
    given_kwargs = {"said": "before"}
    spec = URLSpec("/", Named, given_kwargs)

    given_kwargs["said"] = "after"

    assert spec.kwargs == {"said": "before"}


# Paths


def test_unnamed_groups_are_passed_by_position() -> None:
    app = Application([(r"/(\w+)/(\d+)?", Named)])

    assert ask(app, "/a/1").body == b'{"said": "", "args": ["a", "1"], "kwargs": {}}'
    assert ask(app, "/a/").body == b'{"said": "", "args": ["a", null], "kwargs": {}}'


def test_named_groups_are_passed_by_keyword() -> None:
    app = Application([(r"/(?P<word>\w+)/(?P<number>\d+)?", Named)])

    assert b'"kwargs": {"word": "a", "number": "1"}' in ask(app, "/a/1").body
    assert b'"kwargs": {"word": "a", "number": null}' in ask(app, "/a/").body


def test_path_arguments_are_percent_decoded() -> None:
    app = Application([(r"/(.*)", Named)])

    assert '"args": ["a/b c+d\\u00e9"]' in ask(app, "/a%2Fb%20c+d%C3%A9").text


def test_named_path_arguments_are_percent_decoded() -> None:
    app = Application([(r"/(?P<it>.*)", Named)])

    assert '{"it": "a b"}' in ask(app, "/a%20b").text


def test_a_path_argument_that_is_not_utf8_is_a_400() -> None:
    app = Application([(r"/(.*)", Named)])

    assert ask(app, "/%ff").status == 400


def test_decode_argument_decodes_path_arguments() -> None:
    class Latin(Named):
        def decode_argument(self, value: bytes, name: str | None = None) -> str:
            return f"{name}={value.decode('latin-1')}"

    app = Application([(r"/x/(?P<a>.*)", Latin), (r"/(.*)", Latin)])

    assert '"a": "a=\\u00ff"' in ask(app, "/x/%ff").text
    assert '"None=\\u00ff"' in ask(app, "/%ff").text


def test_path_arguments_are_known_in_prepare() -> None:
    class Prepared(RequestHandler):
        def prepare(self) -> None:
            self.write({"args": self.path_args, "kwargs": self.path_kwargs})
            self.finish()

    app = Application([(r"/n/(?P<a>.)(?P<b>.)?", Prepared), (r"/(.)(.)?", Prepared)])

    assert ask(app, "/x").text == '{"args": ["x", null], "kwargs": {}}'
    assert ask(app, "/n/x").text == '{"args": [], "kwargs": {"a": "x", "b": null}}'


def test_the_query_has_no_part_in_matching() -> None:
    app = Application([("/a", Other)])

    assert ask(app, "/a?b=/c").text == "other"


def test_a_pattern_matches_the_whole_path() -> None:
    app = Application([("/a", Other)])

    assert ask(app, "/ab").status == 404
    assert ask(app, "/x/a").status == 404


def test_each_choice_of_a_pattern_matches_the_whole_path() -> None:
    app = Application([("/a|/b", Other)])

    assert [ask(app, path).status for path in ("/a", "/b")] == [200, 200]
    assert [ask(app, path).status for path in ("/ax", "/bx", "/a/secret")] == [404, 404, 404]


def test_each_choice_of_a_host_pattern_matches_the_whole_name() -> None:
    app = Application()
    app.add_handlers(r"a\.example|b\.example", [("/", Other)])

    hosts = ["a.example", "b.example", "a.example.evil", "xb.example"]

    assert [ask(app, headers={"Host": host}).status for host in hosts] == [200, 200, 404, 404]


def test_a_path_that_nothing_matches_is_a_404() -> None:
    assert ask(Application([("/a", Other)]), "/b").status == 404
    assert ask(Application(), "/").status == 404


def test_the_default_handler_class_takes_what_nothing_matches() -> None:
    app = Application(
        [("/a", Other)],
        default_handler_class=ErrorHandler,
        default_handler_args={"status_code": 410},
    )

    assert ask(app, "/b").status == 410
    assert ask(app, "/a").status == 200


def test_a_default_handler_class_may_come_without_arguments() -> None:
    assert ask(Application(default_handler_class=Other), "/anything").text == "other"


# Many routes


class NaiveRoutes:
    def __init__(self, specs: list[URLSpec]) -> None:
        self.specs = specs

    def match(self, path: str) -> RouteMatch | None:
        return next((found for spec in self.specs if (found := spec.match(path))), None)


segments = st.sampled_from(["a", "ab", "b", "", "(a)", "(.*)", "([ab]+)", "a?", "(?:a|b)", r"\w"])
route_patterns = st.lists(segments, max_size=3).map(lambda parts: "/" + "/".join(parts))
odd_patterns = st.sampled_from(["/a|/b", ".*", "/a[(]|/b", "(?i)/AB", "^/a$", "/", "/a$"])
paths = st.lists(st.sampled_from(["a", "ab", "b", "", "%61", "("]), max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)


@given(st.lists(route_patterns | odd_patterns, max_size=12), st.lists(paths, max_size=8))
@settings(max_examples=300)
def test_routes_pick_what_a_scan_in_order_picks(patterns: list[str], targets: list[str]) -> None:
    specs = [URLSpec(pattern, Other) for pattern in patterns]
    routes, naive = Routes(specs), NaiveRoutes(specs)

    for path in targets:
        found, expected = routes.match(path), naive.match(path)

        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert found.spec is expected.spec
            assert (found.args, found.kwargs) == (expected.args, expected.kwargs)


def test_of_a_thousand_routes_the_first_match_wins() -> None:
    shapes = ["/r/{n}", "/r/{n}/(.*)", "/x{n}(.*)", "/r/{n}", "/(?:q|r)/{n}", ".*/{n}"]
    specs = [
        URLSpec(shapes[number % len(shapes)].format(n=number // len(shapes) % 80), Other)
        for number in range(1000)
    ]
    routes, naive = Routes(specs), NaiveRoutes(specs)
    targets = [
        *[f"/r/{n}" for n in range(90)],
        *[f"/r/{n}/a" for n in range(0, 90, 7)],
        *[f"/x{n}/a" for n in range(0, 90, 7)],
        *[f"/q/{n}" for n in range(0, 90, 7)],
        "/none",
    ]

    for path in targets:
        found, expected = routes.match(path), naive.match(path)
        assert (found and found.spec) is (expected and expected.spec), path


def test_a_thousand_routes_are_not_tried_one_by_one() -> None:
    tried = []

    class Counted(URLSpec):
        def match(self, path: str) -> RouteMatch | None:
            tried.append(self)
            return super().match(path)

    specs = [Counted(f"/section{number}/([a-z]+)", Other) for number in range(1000)]
    routes = Routes(specs)

    found = routes.match("/section999/x")

    assert found is not None
    assert found.spec is specs[999]
    assert len(tried) == 1


# Hosts


def host_app() -> Application:
    def said(what: str) -> list[HandlerSpec]:
        return [("/", Named, {"said": what}), (f"/{what}", Named, {"said": what})]

    app = Application(said("all"))
    app.add_handlers(r"www\.example\.com", said("www"))
    app.add_handlers(r".*\.example\.com", said("sub"))
    return app


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("www.example.com", "www"),
        ("WWW.Example.COM:8080", "www"),
        ("a.example.com", "sub"),
        ("www.example.com.evil", "all"),
        ("example.com", "all"),
        ("[::1]:80", "all"),
    ],
)
def test_host_patterns_are_tried_in_order_and_the_catch_all_last(host: str, said: str) -> None:
    assert f'"said": "{said}"' in answer(host_app(), "/", host)


def test_only_the_first_host_pattern_that_matches_is_used() -> None:
    app = host_app()

    assert ask(app, "/sub", headers={"Host": "www.example.com"}).status == 404
    assert ask(app, "/all", headers={"Host": "www.example.com"}).status == 404


def test_without_a_catch_all_other_hosts_get_404() -> None:
    app = Application()
    app.add_handlers("example.com", [("/", Other)])

    assert answer(app, "/", "example.com") == "other"
    assert ask(app, "/", headers={"Host": "elsewhere.com"}).status == 404


def test_the_default_host_is_where_unknown_hosts_are_sent() -> None:
    app = Application(default_host="www.example.com")
    app.add_handlers(r"www\.example\.com", [("/a", Other)])

    found = ask(app, "/a//b?c={0}", headers={"Host": "elsewhere.com"})
    without_a_path = ask(app, "elsewhere.com:80", headers={"Host": "elsewhere.com"})

    assert (found.status, found.headers["Location"]) == (302, "http://www.example.com/a//b?c={0}")
    assert without_a_path.headers["Location"] == "http://www.example.com/"
    assert answer(app, "/a", "www.example.com") == "other"


def test_a_host_pattern_with_an_anchor_is_left_as_it_is() -> None:
    app = Application()
    app.add_handlers(r"example\.com$", [("/", Other)])

    assert answer(app, "/") == "other"


# Names


def test_reverse_url_fills_in_and_escapes() -> None:
    app = Application([url(r"/u/([^/]+)/(\d+)", Other, name="user"), ("/", Other)])

    assert app.reverse_url("user", "a/b c+é", 5) == "/u/a%2Fb%20c%2B%C3%A9/5"
    assert app.reverse_url("user", b"\xff", 5) == "/u/%FF/5"


def test_reverse_url_keeps_the_slashes_that_belong_to_an_argument() -> None:
    app = Application([url(r"/files/(.*)", Other, name="file"), ("/", Other)])

    assert app.reverse_url("file", "css/a b.css") == "/files/css/a%20b.css"


def test_reverse_url_of_a_handler_is_that_of_the_application() -> None:
    class Linked(RequestHandler):
        def get(self) -> None:
            self.write(self.reverse_url("it", "x"))

    assert ask(Application([url("/", Linked), url("/it/(.*)", Other, name="it")])).text == "/it/x"


def test_reverse_url_knows_the_names_of_all_hosts() -> None:
    app = Application([url("/a", Other, name="a")])
    app.add_handlers("www.example.com", [url("/b", Other, name="b")])

    assert (app.reverse_url("a"), app.reverse_url("b")) == ("/a", "/b")


def test_an_unknown_name_is_refused_and_the_known_ones_are_named() -> None:
    app = Application([url("/a", Other, name="b"), url("/b", Other, name="a")])

    with pytest.raises(KeyError, match="no handler is named 'c'; the names are: a, b"):
        app.reverse_url("c")
    with pytest.raises(KeyError, match="none at all"):
        Application().reverse_url("c")


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_reverse_url_refuses_another_number_of_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises(NotReversibleError, match=f"takes 1 arguments, not {len(arguments)}"):
        URLSpec("/(a)", Other).reverse(*arguments)


@pytest.mark.parametrize("pattern", ["/(?:a|b)", "/((a)b)", r"/\d", "/a|b", "/(a)?"])
def test_reverse_url_refuses_patterns_that_are_too_general(pattern: str) -> None:
    with pytest.raises(NotReversibleError, match="too general"):
        URLSpec(pattern, Other).reverse("a")


def test_a_name_used_again_stands_for_the_later_pattern(caplog: pytest.LogCaptureFixture) -> None:
    app = Application([url("/a", Other, name="it"), url("/b", Other, name="it")])

    assert app.reverse_url("it") == "/b"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ostro.general", logging.WARNING)
    assert "'it' is used for '/a$' and for '/b$'" in record.getMessage()


def test_a_name_used_again_for_the_same_pattern_is_fine(caplog: pytest.LogCaptureFixture) -> None:
    app = Application([url("/a", Other, name="it")])

    app.add_handlers("www.example.com", [url("/a", RedirectHandler, {"url": "/"}, name="it")])

    assert app.reverse_url("it") == "/a"
    assert not caplog.records


@given(st.text(min_size=1, max_size=20), st.integers())
@settings(max_examples=150)
def test_a_reversed_url_leads_back_to_its_arguments(text: str, number: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    spec = URLSpec(r"/a/([^/]+)/(-?\d+)/?", Other)

    path = spec.reverse(text, number)

    found = spec.match(path)
    assert path.isascii()
    assert found is not None
    assert found.args == (text.encode(), str(number).encode())
    assert url_unescape(path, plus=False) == f"/a/{text}/{number}/"


def test_matching_does_not_slow_down_on_a_hostile_path() -> None:
    routes = Routes([URLSpec(f"{'/a' * n}/(b+)", Other) for n in range(200)])
    path = "/a" * 4000

    began = time.process_time()
    found = routes.match(path)

    assert found is None
    assert time.process_time() - began < 1
