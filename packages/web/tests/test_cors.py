"""CORS: whose pages may read the answers."""

import re
from collections.abc import Awaitable, Mapping
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop
from ostro.web import (
    CORS,
    Application,
    FallbackHandler,
    HTTPError,
    Mount,
    RequestHandler,
    Router,
    stream_request_body,
)
from ostro.web._vary import add_vary

from .support import MemoryConnection, ask, connected, raw_get, read_answer, serving

APP = "https://app.example.com"
EVIL = "https://evil.example"


class Page(RequestHandler):
    made = 0

    def initialize(self) -> None:
        type(self).made += 1

    def get(self) -> None:
        self.write("page")

    def put(self) -> None:
        raise HTTPError(409)

    def options(self) -> None:
        self.write("options")


class Broken(Page):
    def get(self) -> None:
        raise RuntimeError("no")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        raise RuntimeError("not even that")

    def finish(self, chunk: object = None) -> Awaitable[None]:
        raise RuntimeError("nor that")


def site(cors: CORS | None = None, **settings: Any) -> Application:
    return Application([("/", Page), ("/broken", Broken)], cors=cors, **settings)


def from_origin(
    app: Application, path: str = "/", origin: str = APP, method: str = "GET", **further: str
) -> MemoryConnection:
    named = {name.replace("_", "-"): value for name, value in further.items()}
    return ask(app, path, method=method, headers={"Origin": origin, **named})


def preflight(
    app: Application, path: str = "/", origin: str = APP, wanted: str = "PUT", **further: str
) -> MemoryConnection:
    asked = {"Access_Control_Request_Method": wanted, **further}
    return from_origin(app, path, origin, "OPTIONS", **asked)


def cors_headers(headers: Mapping[str, str]) -> dict[str, str]:
    start = "Access-Control-"
    return {n.removeprefix(start): v for n, v in headers.items() if n.startswith(start)}


# Answers


def test_without_a_policy_there_is_nothing() -> None:
    answer = from_origin(site())

    assert cors_headers(answer.headers) == {}
    assert "Vary" not in answer.headers


def test_an_allowed_origin_is_named_and_the_answer_varies() -> None:
    answer = from_origin(site(CORS([APP, "http://localhost:3000"])))

    assert answer.text == "page"
    assert cors_headers(answer.headers) == {"Allow-Origin": APP}
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "https://app.example.com/",
        f"{APP},{EVIL}",
        f" {APP} x",
        "null",
        "",
    ],
)
def test_any_other_origin_is_not_and_the_answer_varies_all_the_same(origin: str) -> None:
    answer = from_origin(site(CORS(APP, credentials=True)), origin=origin)

    assert answer.text == "page"
    assert cors_headers(answer.headers) == {}
    assert answer.headers["Vary"] == "Origin"


def test_a_request_without_an_origin_varies_too() -> None:
    assert ask(site(CORS([APP]))).headers["Vary"] == "Origin"


def test_all_origins_are_a_star_whoever_asks_and_nothing_varies() -> None:
    app = site(CORS("*"))

    for answer in (from_origin(app), ask(app)):
        assert cors_headers(answer.headers) == {"Allow-Origin": "*"}
        assert "Vary" not in answer.headers


def test_credentials_and_exposed_headers_are_allowed_by_name() -> None:
    answer = from_origin(site(CORS([APP], credentials=True, expose=["X-Total", "X-Page"])))

    assert cors_headers(answer.headers) == {
        "Allow-Origin": APP,
        "Allow-Credentials": "true",
        "Expose-Headers": "X-Total, X-Page",
    }


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a.example.com", True),
        ("https://a.example.com.evil", False),
        ("xhttps://a.example.com", False),
        ("https://a.example.com/x", False),
        ("https://evil.example/?https://a.example.com", False),
        ("https://evil.example,https://a.example.com", False),
        ("https://evil.example`.example.com", False),
        ("https://evil.example%60.example.com", False),
        ("https://evil.example'.example.com", False),
        ("https://evil.example:80x.example.com", False),
        ("https://\u00e9.example.com", False),
        ("https://" + "a" * 300 + ".example.com", False),
        ("null", False),
    ],
)
def test_an_expression_matches_the_whole_of_what_is_an_origin(origin: str, allowed: bool) -> None:
    app = site(CORS([re.compile(r"https://.*\.example\.com")]))

    answer = from_origin(app, origin=origin)

    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_null_is_an_origin_where_it_is_named() -> None:
    assert cors_headers(from_origin(site(CORS(["null"])), origin="null").headers) == {
        "Allow-Origin": "null"
    }


@pytest.mark.parametrize(
    ("method", "path", "status"), [("PUT", "/", 409), ("GET", "/none", 404), ("POST", "/", 405)]
)
def test_error_pages_have_the_headers(method: str, path: str, status: int) -> None:
    answer = from_origin(site(CORS([APP])), path, method=method)

    assert (answer.status, cors_headers(answer.headers)) == (status, {"Allow-Origin": APP})
    assert answer.headers["Vary"] == "Origin"


def test_an_answer_that_is_a_last_resort_has_the_headers() -> None:
    answer = from_origin(site(CORS([APP])), "/broken")

    assert (answer.status, cors_headers(answer.headers)) == (500, {"Allow-Origin": APP})


def test_a_handler_that_cannot_be_made_has_the_headers() -> None:
    class Unmade(RequestHandler):
        def initialize(self) -> None:
            raise ValueError

    answer = from_origin(Application([("/", Unmade)], cors=CORS([APP])))

    assert (answer.status, cors_headers(answer.headers)) == (500, {"Allow-Origin": APP})


def test_what_a_handler_sets_itself_is_replaced_and_its_vary_kept() -> None:
    class Careless(RequestHandler):
        def set_default_headers(self) -> None:
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Access-Control-Allow-Credentials", "true")
            self.set_header("Vary", "Accept-Encoding")

        def get(self) -> None: ...

    app = Application([("/", Careless)], cors=CORS([APP]))

    assert cors_headers(from_origin(app).headers) == {"Allow-Origin": APP}
    evil = from_origin(app, origin=EVIL).headers
    assert (cors_headers(evil), evil["Vary"]) == ({}, "Accept-Encoding, Origin")


@pytest.mark.parametrize(
    ("vary", "after"),
    [(None, "Origin"), ("*", "*"), ("a, origin", "a, origin"), ("Original", "Original, Origin")],
)
def test_vary_names_the_origin_once(vary: str | None, after: str) -> None:
    headers = HTTPHeaders({} if vary is None else {"Vary": vary})

    add_vary(headers, "Origin")

    assert headers["Vary"] == after


# Preflights


def test_a_preflight_is_answered_and_the_handler_not_made() -> None:
    Page.made = 0

    answer = preflight(site(CORS([APP], headers=["X-A", "Content-Type"], max_age=60)))

    assert (answer.status, answer.body, Page.made) == (204, b"", 0)
    assert cors_headers(answer.headers) == {
        "Allow-Origin": APP,
        "Allow-Methods": "GET, PUT, OPTIONS",
        "Allow-Headers": "X-A, Content-Type",
        "Max-Age": "60",
    }
    assert answer.headers["Vary"] == (
        "Access-Control-Request-Method, Access-Control-Request-Headers, Origin"
    )


def test_a_preflight_of_another_origin_is_refused() -> None:
    answer = preflight(site(CORS([APP])), origin=EVIL)

    assert (answer.status, cors_headers(answer.headers)) == (403, {})
    assert answer.headers["Vary"] == "Origin"


def test_options_without_a_preflight_is_the_handlers() -> None:
    app = site(CORS([APP]))

    assert from_origin(app, method="OPTIONS").text == "options"
    asked = {"Access-Control-Request-Method": "PUT"}
    assert ask(app, "/", method="OPTIONS", headers=asked).text == "options"


def test_the_methods_are_those_of_the_policy_where_it_names_some() -> None:
    answer = preflight(site(CORS([APP], methods=["GET", "PROPFIND"], max_age=None)))

    assert cors_headers(answer.headers) == {
        "Allow-Origin": APP,
        "Allow-Methods": "GET, PROPFIND",
    }


@pytest.mark.parametrize(
    ("requested", "allowed"),
    [
        ("x-a, authorization", "x-a, authorization"),
        ("x-a,\tx-b ", "x-a, x-b"),
        ("", None),
        ("x a", None),
        ("x-a,,x-b", None),
        ("x" * 5000, None),
    ],
)
def test_all_headers_are_those_that_are_asked_for(requested: str, allowed: str | None) -> None:
    app = site(CORS([APP], headers="*", credentials=True))

    answer = preflight(app, Access_Control_Request_Headers=requested)

    assert answer.headers.get("Access-Control-Allow-Headers") == allowed
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_a_private_network_is_allowed_where_it_is_asked_for() -> None:
    asked = {"Access_Control_Request_Private_Network": "true"}
    name = "Access-Control-Allow-Private-Network"

    assert name not in preflight(site(CORS([APP])), **asked).headers
    assert name not in preflight(site(CORS([APP], private_network=True))).headers
    assert preflight(site(CORS([APP], private_network=True)), **asked).headers[name] == "true"


def test_a_preflight_for_nowhere_lets_the_page_see_the_404() -> None:
    assert preflight(site(CORS([APP])), "/none").status == 204


async def test_a_preflight_over_a_socket(io_loop: IOLoop) -> None:
    fields = (f"Origin: {APP}", "Access-Control-Request-Method: PUT", "Connection: close")
    async with serving(site(CORS([APP]))) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/", *fields, method="OPTIONS"))
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"Access-Control-Allow-Methods: GET, PUT, OPTIONS\r\n" in answer


# Whose policy


class Open(Page):
    cors = CORS("*")


class Closed(Page):
    cors = False


def allowed(app: Application, path: str) -> str | None:
    return from_origin(app, path).headers.get("Access-Control-Allow-Origin")


def test_the_innermost_policy_is_in_force() -> None:
    routes = [("/page", Page), ("/open", Open), ("/closed", Closed)]
    app = Application(
        [
            *routes,
            Router(routes, prefix="/ours", cors=CORS([APP])),
            Router([Router(routes, prefix="/none", cors=False)], prefix="/in", cors=CORS([APP])),
            Router([Router(routes, prefix="/same")], prefix="/in", cors=CORS([APP])),
        ],
        cors=CORS(EVIL),
    )

    assert {path: allowed(app, path) for path in ("/page", "/open", "/closed")} == {
        "/page": None,
        "/open": "*",
        "/closed": None,
    }
    assert [allowed(app, f"/ours/{name}") for name in ("page", "open", "closed")] == [
        APP,
        "*",
        None,
    ]
    assert [allowed(app, f"/in/none/{name}") for name in ("page", "open")] == [None, "*"]
    assert allowed(app, "/in/same/page") == APP
    assert from_origin(app, "/page", EVIL).headers["Access-Control-Allow-Origin"] == EVIL
    assert preflight(app, "/closed").text == "options"


def test_a_policy_of_some_routes_costs_the_others_nothing() -> None:
    app = Application([("/page", Page), ("/open", Open)])
    routes = app._routes.only
    assert routes is not None

    assert [(spec.plain, spec.attended) for spec in routes._specs] == [(True, False), (False, True)]


def test_an_attribute_or_a_setting_that_only_has_the_name_means_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Older(RequestHandler):
        def cors(self) -> None:  # type: ignore[override]  # from before there was CORS
            self.write("own")

        get = cors

    app = Application([("/", Older)], cors=["*"])

    assert (ask(app).text, allowed(app, "/")) == ("own", None)
    assert "the setting 'cors' is ['*'] and no" in caplog.text


@pytest.mark.parametrize("short_cut", [True, False])
def test_the_policy_around_a_mount_is_in_force_inside(short_cut: bool) -> None:
    app = Application([Mount("/m", Application([("/", Page)]))], cors=CORS([APP]))

    assert allowed(app, "/m") == APP
    Page.made = 0
    answer = ask(
        app,
        "/m",
        method="OPTIONS",
        headers={"Origin": APP, "Access-Control-Request-Method": "DELETE"},
        short_cut=short_cut,
    )
    assert (answer.status, Page.made) == (204, 0)
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE"


class Shut(Page):
    cors = False


class Opened(Page):
    cors = CORS([EVIL])


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize(
    ("handler", "settings", "origin"),
    [
        (Page, {"cors": CORS([EVIL])}, EVIL),
        (Opened, {}, EVIL),
        (Opened, {"cors": CORS(["https://third.example"])}, EVIL),
        (Shut, {}, None),
        (Shut, {"cors": CORS([EVIL])}, None),
    ],
)
def test_the_policy_inside_of_a_mount_is_in_force_there(
    handler: type[Page], settings: dict[str, Any], origin: str | None, depth: int, streams: bool
) -> None:
    if streams:
        handler = stream_request_body(type("Streaming", (handler,), {}))
    app = Application([("/x", handler)], **settings)
    for level in range(depth):
        # Whatever lies between has nothing to say, or another policy.
        further: dict[str, Any] = {} if level == 1 else {"cors": CORS([APP])}
        app = Application([Mount("/m", app)], **further)
    path = "/m" * depth + "/x"

    for asking in (APP, EVIL):
        answer, before = from_origin(app, path, asking), preflight(app, path, asking)
        asked = {"Origin": asking, "Access-Control-Request-Method": "PUT"}
        in_steps = ask(app, path, method="OPTIONS", headers=asked, short_cut=False)

        expected = asking if asking == origin else None
        for one in (answer, before, in_steps):
            assert one.headers.get("Access-Control-Allow-Origin") == expected
        status = 200 if origin is None else 204 if expected else 403
        assert (answer.status, before.status, in_steps.status) == (200, status, status)


def test_a_method_that_is_none_is_not_repeated() -> None:
    app = Application([Mount("/m", Application())], cors=CORS([APP]))

    answer = preflight(app, "/m", wanted="A B")

    assert (answer.status, "Access-Control-Allow-Methods" in answer.headers) == (204, False)


def test_the_policy_around_a_fallback_holds_for_what_it_sends() -> None:
    app = Application(
        [("/.*", FallbackHandler, {"fallback": Application([("/", Page)])})], cors=CORS([APP])
    )

    assert allowed(app, "/") == APP


@stream_request_body
class Upload(RequestHandler):
    def initialize(self) -> None:
        self.size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def put(self) -> None:
        self.write(str(self.size))


@pytest.mark.parametrize("mounted", [True, False])
def test_a_streamed_request_has_the_headers_and_its_preflight(mounted: bool) -> None:
    app = Application([("/up", Upload)], cors=None if mounted else CORS([APP]))
    if mounted:
        app = Application([Mount("", app)], cors=CORS([APP]))

    answer = ask(app, "/up", method="PUT", headers={"Origin": APP}, body=[b"ab", b"c"])
    asked = {"Origin": APP, "Access-Control-Request-Method": "PUT"}
    before = ask(app, "/up", method="OPTIONS", headers=asked, short_cut=False)

    assert (answer.text, cors_headers(answer.headers)) == ("3", {"Allow-Origin": APP})
    assert before.status == 204


# Construction


@pytest.mark.parametrize(
    "origin",
    ["example.com", "https://Example.com", "https://example.com/", "https://a b", "https://", ""],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="is no origin as browsers write it"):
        CORS([origin])


@pytest.mark.parametrize("origin", ["https://example.com:443", "http://[::1]:80"])
def test_a_port_that_browsers_leave_out_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="browsers write the origin"):
        CORS([origin])


def test_origins_of_other_schemes_and_ports_are_taken() -> None:
    CORS(["app://x", "https://example.com:80", "http://[::1]:3000"])


@pytest.mark.parametrize("origins", ["*", [APP, "*"], ["null"]])
def test_credentials_for_everybody_are_refused(origins: list[str] | str) -> None:
    with pytest.raises(ValueError, match="which any site can be"):
        CORS(origins, credentials=True)


def test_all_exposed_headers_with_credentials_are_refused() -> None:
    with pytest.raises(ValueError, match="must be named"):
        CORS([APP], credentials=True, expose="*")
    CORS([APP], expose="*")


@pytest.mark.parametrize("arguments", [{"methods": ["A B"]}, {"headers": ["a:"]}, {"expose": [""]}])
def test_names_that_are_none_are_refused(arguments: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="is not the name of a method or a header"):
        CORS([APP], **arguments)  # type: ignore[arg-type]  # the names differ


def test_a_negative_age_is_refused() -> None:
    with pytest.raises(ValueError, match="max_age is -1"):
        CORS([APP], max_age=-1)


async def test_a_keep_alive_connection_gets_each_origin_its_own(io_loop: IOLoop) -> None:
    app = site(CORS([APP, EVIL]))
    async with serving(app) as port, connected(port) as (reader, writer):
        for origin in (APP, EVIL):
            writer.write(raw_get("/", f"Origin: {origin}"))
            _, headers, _ = await read_answer(reader)
            assert headers["Access-Control-Allow-Origin"] == origin
