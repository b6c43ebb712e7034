"""Routes below prefixes and hosts, and sites below them."""

import asyncio
import json
import re
from collections.abc import Awaitable

import pytest

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop
from ostro.web import (
    Application,
    HTTPError,
    Mount,
    NotReversibleError,
    RequestHandler,
    Router,
    URLSpec,
    asynchronous,
    url,
)
from ostro.web._router import HandlerSpec, flatten
from ostro.web._routing import HostRoutes, Routes
from ostro.web._urlspec import RouteMatch

from .support import MemoryConnection, ask, connected, fetch, raw_get, read_answer, serving


class Said(RequestHandler):
    def initialize(self, said: str = "") -> None:
        self.said = said

    def get(self, *args: str | None, **kwargs: str | None) -> None:
        self.write({"said": self.said, "args": list(args), "kwargs": kwargs})

    post = get


def says(what: str) -> dict[str, object]:
    return {"said": what}


def said(app: Application, path: str, host: str = "example.com") -> str | None:
    answer = ask(app, path, headers={"Host": host})
    if answer.status == 404:
        return None
    found: str = json.loads(answer.text)["said"]
    return found


# Prefixes


def test_routers_nest_to_any_depth() -> None:
    routes: list[HandlerSpec] = [("/end", Said, says("it"))]
    for _ in range(20):
        routes = [Router(routes, prefix="/a")]

    app = Application(routes)

    assert said(app, "/a" * 20 + "/end") == "it"
    assert said(app, "/a" * 19 + "/end") is None


def test_the_routes_of_a_router_take_its_place_in_the_order() -> None:
    router = Router([("/x", Said, says("inside")), ("/(.*)", Said, says("rest"))], prefix="/a")
    app = Application(
        [("/a/first", Said, says("before")), router, ("/a/second", Said, says("after"))]
    )

    assert said(app, "/a/x") == "inside"
    assert said(app, "/a/first") == "before"
    assert said(app, "/a/second") == "rest"


def test_a_router_without_a_prefix_groups() -> None:
    assert said(Application([Router([("/x", Said, says("it"))])]), "/x") == "it"


def test_the_empty_pattern_is_the_prefix_itself() -> None:
    app = Application([Router([("", Said, says("bare")), ("/", Said, says("slash"))], prefix="/a")])

    assert (said(app, "/a"), said(app, "/a/"), said(app, "/")) == ("bare", "slash", None)


def test_a_prefix_may_have_arguments() -> None:
    app = Application(
        [
            Router([("/posts/{post:int}", Said)], prefix="/users/{user:str}"),
            Router([(r"/(\d+)", Said)], prefix=r"/(old|older)"),
        ]
    )

    assert json.loads(ask(app, "/users/me/posts/5").text)["kwargs"] == {"user": "me", "post": 5}
    assert json.loads(ask(app, "/old/5").text)["args"] == ["old", "5"]


def test_a_choice_in_a_pattern_stays_below_the_prefix() -> None:
    app = Application([Router([("/a|/b$", Said), ("^/c", Said)], prefix="/x")])

    assert [said(app, path) for path in ("/x/a", "/x/b", "/b", "/x/c")] == ["", "", None, ""]


def test_specs_and_tuples_and_lists_may_stand_in_a_router_and_be_used_twice() -> None:
    spec = url("/x", Said, says("spec"), name="it")
    app = Application([Router([spec], prefix="/a", name="a"), Router([spec], prefix="/b"), spec])

    assert [said(app, path) for path in ("/a/x", "/b/x", "/x")] == ["spec"] * 3
    assert spec.template == "/x"


def test_a_subclass_of_the_spec_stays_one() -> None:
    class Exact(URLSpec):
        def match(self, path: str) -> RouteMatch | None:
            return None

    app = Application([Router([Exact("/x(.*)", Said)], prefix="/a")])

    assert said(app, "/a/x") is None


def test_a_template_is_the_pattern_as_it_was_written() -> None:
    router = Router([(r"/{item:int}/?", Said)], prefix="/items")
    (spec,) = flatten([Router([router], prefix="/api")])

    assert spec.template == "/api/items/{item:int}/?"


@pytest.mark.parametrize("prefix", ["api", "/", "/api/", "a/b"])
def test_a_prefix_begins_with_a_slash_and_ends_without(prefix: str) -> None:
    with pytest.raises(ValueError, match="must begin with a slash and end without one"):
        Router([], prefix=prefix)


@pytest.mark.parametrize("prefix", ["/a$", "/a|/b"])
def test_a_prefix_behind_which_nothing_can_stand_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="nothing could stand behind it"):
        Router([], prefix=prefix)


def test_what_is_no_handler_is_refused_in_a_router_too() -> None:
    with pytest.raises(TypeError, match="a Router or a Mount, not 5"):
        Application([Router([5])])  # type: ignore[list-item]  # that is the point


def test_a_thousand_nested_routes_are_not_tried_one_by_one() -> None:
    tried = []

    class Counted(URLSpec):
        def match(self, path: str) -> RouteMatch | None:
            tried.append(self)
            return super().match(path)

    routers = [
        Router([Counted(f"/r{n}/([0-9]+)", Said) for n in range(20)], prefix=f"/section{number}")
        for number in range(50)
    ]
    routes = Routes(list(flatten([Router(routers, prefix="/api")])))

    found = routes.match("/api/section49/r19/5")

    assert found is not None
    assert found.args == (b"5",)
    assert len(tried) == 1


def test_a_router_shows_what_it_is() -> None:
    assert repr(Router([("/", Said)], prefix="/a")) == "<Router '/a': 1 handlers>"


# Hosts


def test_a_router_may_be_for_a_host_and_others_pass_it_by() -> None:
    app = Application(
        [
            Router([("/", Said, says("api"))], host=r"api\.example\.com"),
            Router([("/", Said, says("any"))], host=r".*\.example\.com"),
            ("/", Said, says("all")),
            ("/x", Said, says("x")),
        ]
    )

    assert said(app, "/", "API.example.com:8080") == "api"
    assert said(app, "/", "www.example.com") == "any"
    assert said(app, "/", "example.org") == "all"
    assert said(app, "/", "api.example.com.evil") == "all"
    assert said(app, "/x", "api.example.com") == "x"


def test_each_choice_of_hosts_is_for_the_whole_name() -> None:
    router = Router([("/", Said, says("api"))], host=r"api|www\.api")
    app = Application([router, ("/", Said, says("all"))])

    assert [said(app, "/", host) for host in ("api", "www.api")] == ["api", "api"]
    assert [said(app, "/", host) for host in ("api.evil", "www.api.evil")] == ["all", "all"]


def test_hosts_nest_and_all_must_match() -> None:
    inner = Router([("/", Said, says("both"))], host="www.*", prefix="/a")
    app = Application([Router([inner], host=r".*\.com")])

    assert said(app, "/a/", "www.example.com") == "both"
    assert said(app, "/a/", "www.example.org") is None
    assert said(app, "/a/", "example.com") is None


def test_hosts_of_routers_hold_within_those_of_add_handlers() -> None:
    app = Application([("/", Said, says("all"))])
    app.add_handlers(r".*\.com", [Router([("/", Said, says("www"))], host="www.*")])

    assert said(app, "/", "www.example.com") == "www"
    assert said(app, "/", "example.com") is None
    assert said(app, "/", "example.org") == "all"


def test_the_lists_of_routes_that_hosts_can_ask_for_are_bounded() -> None:
    routers = [Router([(f"/{n}", Said)], host=f".*{n}.*") for n in range(10)]
    hosts = HostRoutes()
    hosts.add(".*", routers)

    for number in range(200):
        name = "".join(str(digit) for digit in range(10) if number >> digit & 1)
        found = hosts.routes_for_host(f"h{name}")
        assert found is not None
        assert [found.match(f"/{digit}") is not None for digit in range(10)] == [
            bool(number >> digit & 1) for digit in range(10)
        ]

    assert len(hosts._hosts[0][1]._variants) == 64  # type: ignore[union-attr]  # it has hosts


def test_a_malformed_host_pattern_is_refused() -> None:
    with pytest.raises(re.error):
        Router([], host="(")


# Names


def test_names_are_known_across_nesting() -> None:
    items = Router([url("/{item:int}", Said, name="item")], prefix="/items", name="shop")
    app = Application([Router([items, url("/", Said, name="home")], prefix="/v1", name="api")])
    plain = Application([Router([items], prefix="/v2")])

    assert app.reverse_url("api:shop:item", 5) == "/v1/items/5"
    assert app.reverse_url("api:home") == "/v1/"
    assert plain.reverse_url("shop:item", 5) == "/v2/items/5"
    with pytest.raises(KeyError, match="the names are: api:home, api:shop:item"):
        app.reverse_url("item", 5)


def test_a_pattern_with_a_choice_is_not_reversible_in_a_router_either() -> None:
    app = Application([Router([url("/a|/b", Said, name="it")], prefix="/x")])

    with pytest.raises(NotReversibleError):
        app.reverse_url("it")


# Sites


class Inner(RequestHandler):
    events: list[str] = []

    def get(self, rest: str = "") -> None:
        body = self.request.body.decode()
        self.write(f"{self.request.path} {rest} {self.reverse_url('it', 5)} {body}")

    post = get

    def on_connection_close(self) -> None:
        self.events.append("closed")

    def on_finish(self) -> None:
        self.events.append("finished")


class Waiting(Inner):
    @asynchronous
    def get(self, rest: str = "") -> None: ...


@pytest.fixture(autouse=True)
def _no_events() -> None:
    Inner.events.clear()
    _Collected.last = []


def blog() -> Application:
    return Application([("/wait", Waiting), url("/page/(.*)", Inner, name="it"), ("/", Inner)])


def test_a_mounted_application_matches_what_comes_after_the_prefix() -> None:
    app = Application([Router([Mount("/blog", blog())], prefix="/sites"), ("/(.*)", Said)])

    assert ask(app, "/sites/blog/page/7").text == "/sites/blog/page/7 7 /sites/blog/page/5 "
    assert ask(app, "/sites/blog").text == "/sites/blog  /sites/blog/page/5 "
    assert ask(app, "/sites/blog/nowhere").status == 404
    assert json.loads(ask(app, "/sites/blogger").text)["args"] == ["sites/blogger"]


def test_a_body_reaches_a_mounted_application() -> None:
    app = Application([Mount("/blog", blog())])

    answer = ask(app, "/blog/page/7", method="POST", body=b"body")

    assert answer.text == "/blog/page/7 7 /blog/page/5 body"


def test_applications_are_mounted_in_mounted_ones() -> None:
    app = Application([Mount("/a", Application([Mount("/b", blog(), name="blog")]), name="a")])

    assert ask(app, "/a/b/page/7").text == "/a/b/page/7 7 /a/b/page/5 "
    assert app.reverse_url("a:blog:it", 6) == "/a/b/page/6"


def test_a_site_may_be_mounted_for_a_host() -> None:
    app = Application([Router([Mount("", blog())], host="blog.*"), ("/(.*)", Said, says("all"))])

    assert ask(app, "/page/7", headers={"Host": "blog.example.com"}).text.startswith("/page/7 7")
    assert said(app, "/page/7") == "all"


def test_a_mounted_application_keeps_its_error_pages_and_settings() -> None:
    class Sorry(RequestHandler):
        def prepare(self) -> None:
            raise HTTPError(410, reason=self.settings["reason"])

    site = Application(default_handler_class=Sorry, reason="Gone for good")

    answer = ask(Application([Mount("/old", site)]), "/old/x")

    assert (answer.status, answer.reason) == (410, "Gone for good")


def test_names_of_a_mount_are_known_where_they_can_be() -> None:
    app = Application([Mount("/a", blog(), name="blog"), Mount("/b", Collecting(), name="b")])

    assert app.reverse_url("blog:it", 5) == "/a/page/5"
    with pytest.raises(KeyError, match="no handler is named 'x'; the names are: it"):
        app.reverse_url("blog:x")
    with pytest.raises(KeyError, match="is no Application and has no names, not 'x' either"):
        app.reverse_url("b:x")
    with pytest.raises(KeyError, match="no handler is named 'c:x'"):
        app.reverse_url("c:x")


def test_the_name_of_a_mount_is_that_of_its_root() -> None:
    inner = Application([Mount("/shop", Collecting(), name="shop")])
    app = Application([Mount("/a", inner, name="a"), Mount("", Collecting(), name="rest")])

    assert app.reverse_url("a") == "/a/"
    assert app.reverse_url("a:shop") == "/a/shop/"
    assert app.reverse_url("rest") == "/"
    with pytest.raises(NotReversibleError, match="at '/a' takes no arguments, and 1 were given"):
        app.reverse_url("a", "x")


class Collecting(HTTPServerConnectionDelegate):
    """Answers with what it was given; in its own time, if it has been told to take it."""

    def __init__(self, gate: asyncio.Event | None = None, slow_body: bool = False) -> None:
        self.gate = gate
        self.slow_body = slow_body
        self.waits = asyncio.Event()
        self.events: list[str] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return _Collected(self, request_conn)


class _Collected(HTTPMessageDelegate):
    last: list[str] = []

    def __init__(self, site: Collecting, conn: HTTPConnection) -> None:
        self.site = site
        self.conn = conn
        self.got: list[str] = []
        _Collected.last = self.got

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self.got.append(f"{start_line.method} {start_line.path}")
        return None if self.site.gate is None else self._wait(self.site.gate)

    async def _wait(self, gate: asyncio.Event) -> None:
        self.site.waits.set()
        await gate.wait()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.got.append(chunk.decode())
        if self.site.gate is None or not self.site.slow_body:
            return None
        return self._wait(self.site.gate)

    def finish(self) -> None:
        if "hold" not in self.got[0]:
            self.answer()

    def answer(self) -> None:
        start_line = ResponseStartLine("HTTP/1.1", 200, "OK")
        self.conn.write_headers(start_line, HTTPHeaders(), " ".join(self.got).encode(), end=True)

    def on_connection_close(self) -> None:
        self.site.events.append("closed")

    def on_connection_lost(self, error: BaseException | None) -> None:
        self.site.events.append("lost")


def test_any_delegate_is_mounted_and_takes_the_request_as_it_came() -> None:
    app = Application([Mount("/own", Collecting())])

    assert ask(app, "/own/a?b=c").text == "GET /own/a?b=c"
    assert ask(app, "/own", method="POST", body=b"body").text == "POST /own body"
    assert ask(app, "/owner").status == 404


@pytest.mark.parametrize("slow_body", [True, False])
async def test_a_delegate_may_take_its_time(io_loop: IOLoop, slow_body: bool) -> None:
    gate = asyncio.Event()
    site = Collecting(gate, slow_body)
    app = Application([Mount("/slow", site), ("/", Said)])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/slow", "Content-Length: 4", method="POST") + b"body")
        await site.waits.wait()
        answer = asyncio.ensure_future(read_answer(reader))
        async with connected(port) as (other_reader, other_writer):
            for _ in range(3):  # others are answered meanwhile
                other_writer.write(raw_get("/"))
                await read_answer(other_reader)
        assert not answer.done()

        gate.set()

        assert (await answer)[2] == b"POST /slow body"


async def test_a_delegate_gets_a_body_as_it_comes(io_loop: IOLoop) -> None:
    app = Application([Mount("", Collecting())])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/", "Content-Length: 2", method="PROPFIND") + b"a")
        await until_collected(1)
        writer.write(b"b")

        assert (await read_answer(reader))[2] == b"PROPFIND / a b"


async def until_collected(parts: int) -> None:
    while len(_Collected.last) < parts + 1:  # noqa: ASYNC110 - of what came over a socket
        await asyncio.sleep(0)


@pytest.mark.parametrize("slow_body", [True, False])
async def test_a_delegate_gets_a_body_that_has_come_whole(io_loop: IOLoop, slow_body: bool) -> None:
    gate = asyncio.Event()
    gate.set()
    app = Application([Mount("", Collecting(gate, slow_body))])
    connection = MemoryConnection(RequestStartLine("POST", "/x", "HTTP/1.1"))
    request = HTTPServerRequest("POST", "/x", body=b"body", connection=connection)

    app(request)
    await connection.over()

    assert connection.text == "POST /x body"


@pytest.mark.parametrize("short_cut", [True, False])
def test_a_delegate_learns_that_its_client_goes_away(short_cut: bool) -> None:
    site = Collecting()
    connection = ask(Application([Mount("", site)]), "/hold", short_cut=short_cut)

    connection.half_close()
    assert site.events == ["closed"]
    connection.lose()

    assert site.events == ["closed", "lost"]


@pytest.mark.parametrize("short_cut", [True, False])
def test_a_mounted_handler_learns_that_its_client_goes_away(short_cut: bool) -> None:
    connection = ask(Application([Mount("/a", blog())]), "/a/wait", short_cut=short_cut)

    connection.lose()

    assert Inner.events == ["closed", "finished"]


def test_a_site_that_fails_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(HTTPServerConnectionDelegate):
        def start_request(
            self, server_conn: object, request_conn: HTTPConnection
        ) -> HTTPMessageDelegate:
            raise RuntimeError("no")

    assert ask(Application([Mount("/a", Failing())]), "/a").status == 500
    assert "RuntimeError: no" in caplog.text


async def test_a_mounted_application_answers_over_a_socket(io_loop: IOLoop) -> None:
    async with serving(Application([Mount("/a", blog())])) as port, connected(port) as (r, w):
        w.write(raw_get("/a/page/1") + raw_get("/a/page/2"))
        first, second = await read_answer(r), await read_answer(r)

    assert first[2].startswith(b"/a/page/1 1")
    assert second[2].startswith(b"/a/page/2 2")


@pytest.mark.parametrize("prefix", ["/{a:int}", "/(x)", "/v1.2"])
def test_the_prefix_of_a_mount_is_plain_text(prefix: str) -> None:
    with pytest.raises(ValueError, match="is a pattern, expected plain text"):
        Application([Mount(prefix, Application())])


def test_special_characters_in_the_prefix_of_a_mount_are_escaped() -> None:
    app = Application([Mount(r"/v1\.2", blog())])

    assert ask(app, "/v1.2/page/1").status == 200
    assert ask(app, "/v1x2/page/1").status == 404


def test_what_is_no_site_is_not_mounted() -> None:
    with pytest.raises(TypeError, match="HTTPServerConnectionDelegate"):
        Mount("/a", print)  # type: ignore[arg-type]  # that is the point


def test_a_mount_shows_what_it_is() -> None:
    assert repr(Mount("/a", Collecting())).startswith("<Mount '/a': <")


# OPTIONS *


async def test_options_asterisk_is_answered_for_the_server(io_loop: IOLoop) -> None:
    app = Application([("/", Said)])

    answer = await fetch(app, "*", method="OPTIONS")

    assert answer.status == 204
    assert answer.headers["Allow"] == "GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS"
    assert ask(app, "/nowhere", method="OPTIONS").status == 404


def test_options_asterisk_is_answered_for_unknown_hosts_too() -> None:
    app = Application(default_host="www.example.com")

    assert ask(app, "*", method="OPTIONS").status == 204


async def test_options_asterisk_is_answered_over_a_socket(io_loop: IOLoop) -> None:
    async with serving(Application()) as port, connected(port) as (reader, writer):
        writer.write(raw_get("*", "Connection: close", method="OPTIONS"))
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")


# What a handler knows of it


def test_a_handler_knows_the_route_that_led_to_it() -> None:
    class Knowing(RequestHandler):
        def prepare(self) -> None:
            self.finish(str(self.route))

    site = Application([("/{word:str}", Knowing)], default_handler_class=Knowing)
    app = Application([Router([Mount("/in", site)], prefix="/x"), ("/(a|b)", Knowing)])

    assert ask(app, "/a").text == "/(a|b)"
    assert ask(app, "/x/in/word").text == "/x/in/{word:str}"
    assert ask(app, "/x/in/no/where").text == "None"
