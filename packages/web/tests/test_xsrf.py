"""Protection against cross-site request forgery."""

import hmac
import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import pytest
import tornado.httpserver
import tornado.netutil
import tornado.web

from ostro.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from ostro.ioloop import IOLoop
from ostro.web import Application, ErrorHandler, FallbackHandler, Mount, RequestHandler

from .support import MemoryConnection, as_form, ask, connected, raw_get, raw_post, read_answer

SECRET = "00112233445566778899aabbccddeeff"
"""A token in the first format, as old cookies have it."""

FROM_TORNADO = [
    "2|10b795d0|1c0a6e87d413a148cf688e2992194bed|1795274028",
    "2|00000000|00112233445566778899aabbccddeeff|1",
    SECRET,
    SECRET.upper(),
]
"""Tokens and cookies of Tornado 6.6, in either format."""

SAME_TOKEN = ["2|ae2cf859|ae3dda6aea799e2e26b552e262f116a6|1795274028", SECRET]
"""What Tornado 6.6 put into a form for the cookie SECRET."""


class Form(RequestHandler):
    def get_current_user(self) -> str | None:
        return self.get_argument("user", None)

    def get(self) -> None:
        self.write(self.xsrf_form_html())

    def post(self) -> None:
        self.write("done")

    put = patch = delete = options = head = post


def site(**settings: Any) -> Application:  # Any: settings
    return Application([("/", Form), ("/gone", ErrorHandler, {"status_code": 410})], **settings)


PROTECTED = site(xsrf_cookies=True)


def cookie_of(answer: MemoryConnection, name: str = "_xsrf") -> str:
    return SimpleCookie(answer.headers["Set-Cookie"])[name].value


def token_in(answer: MemoryConnection) -> str:
    found = re.fullmatch(r'<input type="hidden" name="_xsrf" value="([^"]+)"/>', answer.text)
    assert found
    return found[1]


def post(
    token: str | None, cookie: str | None, headers: Mapping[str, str] | None = None, **more: Any
) -> MemoryConnection:  # Any: arguments of ask
    form = as_form("" if token is None else f"_xsrf={token}")
    form["headers"] |= {} if cookie is None else {"Cookie": f"_xsrf={cookie}"}
    form["headers"] |= headers or {}
    return ask(PROTECTED, **{**form, **more})


# The token


def test_a_page_with_a_form_sets_the_cookie_that_its_token_matches() -> None:
    page = ask(PROTECTED)

    answer = post(token_in(page), cookie_of(page))

    assert (answer.status, answer.text) == (200, "done")
    assert re.fullmatch(r"2\|[0-9a-f]{8}\|[0-9a-f]{32}\|[0-9]+", token_in(page))


def test_the_token_looks_different_in_each_response_and_stays_the_same() -> None:
    cookie = cookie_of(ask(PROTECTED))
    pages = [ask(PROTECTED, headers={"Cookie": f"_xsrf={cookie}"}) for _ in range(5)]
    tokens = {token_in(page) for page in pages}

    assert len(tokens - {cookie}) == 5
    assert {post(token, cookie).status for token in tokens} == {200}
    assert not any("Set-Cookie" in page.headers for page in pages)


def test_within_a_response_the_token_is_one() -> None:
    class Twice(RequestHandler):
        def get(self) -> None:
            self.write({"same": self.xsrf_token == self.xsrf_token, "type": str(self.xsrf_token)})

    answer = ask(Application([("/", Twice)]))

    assert '"same": true' in answer.text
    assert len(answer.headers.get_list("Set-Cookie")) == 1


@pytest.mark.parametrize("cookie", FROM_TORNADO)
@pytest.mark.parametrize("version", [1, 2])
def test_a_cookie_of_tornado_is_understood(cookie: str, version: int) -> None:
    page = ask(site(xsrf_cookie_version=version), headers={"Cookie": f"_xsrf={cookie}"})

    assert "Set-Cookie" not in page.headers
    assert post(token_in(page), cookie).status == 200
    assert post(cookie, token_in(page)).status == 200


@pytest.mark.parametrize("token", SAME_TOKEN)
def test_a_token_that_tornado_wrote_for_an_old_cookie_matches_it(token: str) -> None:
    assert post(token, SECRET).status == 200


class TornadoForm(tornado.web.RequestHandler):
    def get(self) -> None:
        self.write(self.xsrf_form_html())

    def post(self) -> None:
        self.write("done")


async def ask_tornado(port: int, request: bytes) -> tuple[str, str]:
    async with connected(port) as (reader, writer):
        writer.write(request)
        start_line, _, body = await read_answer(reader)
    return start_line.split(" ")[1], body.decode()


@pytest.mark.parametrize("version", [1, 2])
async def test_tornado_takes_our_tokens_and_we_take_its(io_loop: IOLoop, version: int) -> None:
    page = ask(site(xsrf_cookie_version=version))
    ours, cookie = token_in(page), cookie_of(page)
    theirs = tornado.web.Application([("/", TornadoForm)], xsrf_cookies=True)
    server = tornado.httpserver.HTTPServer(theirs)
    [socket] = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_socket(socket)
    port = socket.getsockname()[1]

    try:
        with_cookie = f"Cookie: _xsrf={cookie}"
        taken = await ask_tornado(port, raw_post("/", b"", with_cookie, f"X-XSRFToken: {ours}"))
        other = await ask_tornado(port, raw_post("/", b"", with_cookie, f"X-XSRFToken: {SECRET}"))
        form = await ask_tornado(port, raw_get("/", with_cookie))
    finally:
        server.stop()
        await server.close_all_connections()

    assert (taken, other[0]) == (("200", "done"), "403")
    found = re.search('value="([^"]+)"', form[1])
    assert found
    assert post(found[1], cookie).status == 200


def test_the_first_version_is_not_masked() -> None:
    page = ask(site(xsrf_cookie_version=1))

    assert re.fullmatch("[0-9a-f]{32}", token_in(page))
    assert cookie_of(page) == token_in(page)


def test_an_unknown_version_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(site(xsrf_cookie_version=3)).status == 500
    assert "xsrf_cookie_version is 3, expected 1 or 2" in caplog.text


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "2",
        "2|",
        "2|||",
        "2|00|00|0",
        SECRET[1:],
        SECRET + "0",
        "g" * 32,
        "\u0661" * 32,
        f"2|00000000|{SECRET}|",
        f"2|0000000g|{SECRET}|1",
        f"3|00000000|{SECRET}|1",
        f"2|00000000|{SECRET}|1|",
        f"2|00000000|{SECRET}|{'9' * 13}",
        "2|" * 10_000,
    ],
)
def test_a_cookie_that_is_none_is_replaced(cookie: str) -> None:
    page = ask(PROTECTED, headers={"Cookie": f"_xsrf={cookie}"})

    assert post(token_in(page), cookie_of(page)).status == 200


# The check


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("token", "cookie"),
    [
        (None, None),
        (None, SECRET),
        (SECRET, None),
        (SECRET, "0" * 32),
        (SECRET, "x"),
        ("x", SECRET),
        ("x", "x"),
        ("", ""),
        ("2|00000000|%s|1" % ("0" * 32), SECRET),
    ],
)
def test_a_forged_request_is_forbidden(
    method: str, token: str | None, cookie: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(token, cookie, method=method)

    assert answer.status == 403
    assert len(caplog.records) == 2  # that line, and the access log's
    assert "XSRF" in caplog.text or "'_xsrf' argument missing" in caplog.text


@pytest.mark.parametrize("name", ["X-XSRFToken", "X-CSRFToken", "x-xsrftoken"])
def test_a_header_may_carry_the_token(name: str) -> None:
    assert post(None, SECRET, {name: SECRET}).status == 200
    assert post(None, SECRET, {name: "0" * 32}).status == 403


def test_the_query_string_may_carry_the_token() -> None:
    assert post(None, SECRET, target=f"/?_xsrf={SECRET}").status == 200


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert post("f" * 32, SECRET).status == 403
    assert compared == [(bytes.fromhex(SECRET), b"\xff" * 16)]


def test_scripts_are_not_exempt() -> None:
    assert post(None, SECRET, {"X-Requested-With": "XMLHttpRequest"}).status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_needs_no_token(method: str) -> None:
    assert ask(PROTECTED, method=method).status == 200


def test_nothing_of_the_handler_runs_before_the_check() -> None:
    class Eager(Form):
        def prepare(self) -> None:
            raise AssertionError

    assert ask(Application([("/", Eager)], xsrf_cookies=True), **as_form("a=b")).status == 403


def test_without_the_setting_nothing_is_checked() -> None:
    assert ask(site(), **as_form("a=b")).status == 200
    assert ask(site(xsrf_cookies=False), **as_form("a=b")).status == 200


def test_a_handler_may_do_without() -> None:
    class Api(Form):
        def check_xsrf_cookie(self) -> None:
            """Nobody is known by a cookie here."""

    assert ask(Application([("/", Api)], xsrf_cookies=True), **as_form("")).status == 200


def test_what_goes_nowhere_gets_the_error_that_it_deserves() -> None:
    class Broken(RequestHandler):
        def initialize(self) -> None:
            raise ValueError("broken")

    app = Application(
        [("/gone", ErrorHandler, {"status_code": 410}), ("/broken", Broken), ("/", Form)],
        xsrf_cookies=True,
    )

    assert ask(app, "/nowhere", **as_form("")).status == 404
    assert ask(app, "/gone", **as_form("")).status == 410
    assert ask(app, "/broken", **as_form("")).status == 500
    assert ask(app, "/", method="TRACE").status == 405


@pytest.mark.parametrize("outer_checks", [False, True])
def test_a_site_behind_another_goes_by_its_own_settings(outer_checks: bool) -> None:
    form = as_form("a=b")
    for inner, status in ((PROTECTED, 403), (site(), 200)):
        app = Application(
            [Mount("/mount", inner), (".*", FallbackHandler, {"fallback": inner})],
            xsrf_cookies=outer_checks,
        )

        assert ask(app, "/", **form).status == status
        assert ask(app, "/mount/", **form).status == status


def test_what_else_answers_is_protected() -> None:
    def wsgi(request: HTTPServerRequest) -> None:
        assert request.connection
        start_line = ResponseStartLine("HTTP/1.1", 200, "OK")
        request.connection.write_headers(start_line, HTTPHeaders(), end=True)

    app = Application([("/", FallbackHandler, {"fallback": wsgi})], xsrf_cookies=True)
    form = as_form(f"_xsrf={SECRET}")

    assert ask(app, "/", **form).status == 403
    form["headers"]["Cookie"] = f"_xsrf={SECRET}"
    assert ask(app, "/", **form).status == 200


# The cookie


def test_the_cookie_lasts_as_long_as_the_session() -> None:
    assert ask(PROTECTED).headers["Set-Cookie"].endswith("; Path=/")
    assert "expires" in ask(PROTECTED, "/?user=Ann").headers["Set-Cookie"]


def test_the_attributes_of_the_cookie_are_settings() -> None:
    attributes = {"secure": True, "httponly": True, "samesite": "Strict", "expires_days": None}
    app = site(xsrf_cookie_kwargs=attributes)

    header = ask(app, "/?user=Ann").headers["Set-Cookie"]

    assert header.endswith("; HttpOnly; Path=/; SameSite=Strict; Secure")
    assert "expires" not in header
    assert attributes == {
        "secure": True, "httponly": True, "samesite": "Strict", "expires_days": None,
    }  # fmt: skip


def test_the_name_of_the_cookie_is_a_setting() -> None:
    app = site(
        xsrf_cookies=True, xsrf_cookie_name="__Host-xsrf", xsrf_cookie_kwargs={"secure": True}
    )
    page = ask(app)
    form = as_form(f"_xsrf={token_in(page)}")

    form["headers"]["Cookie"] = f"__Host-xsrf={cookie_of(page, '__Host-xsrf')}"
    assert ask(app, **form).status == 200
    form["headers"]["Cookie"] = f"_xsrf={cookie_of(page, '__Host-xsrf')}"
    assert ask(app, **form).status == 403


async def test_multipart_forms_are_checked(io_loop: IOLoop) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="_xsrf"\r\n\r\n{SECRET}\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Cookie": f"_xsrf={SECRET}"}

    answer = ask(PROTECTED, method="POST", headers=headers, body=body.encode())

    assert answer.status == 200


def test_a_malformed_form_is_a_bad_request() -> None:
    headers = {"Content-Type": "multipart/form-data", "Cookie": f"_xsrf={SECRET}"}

    assert ask(PROTECTED, method="POST", headers=headers, body=b"x").status == 400
    assert post("%ff", SECRET).status == 400
