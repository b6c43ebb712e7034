"""Redirects: where they lead, and where they never do."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.web import Application, RedirectHandler, RequestHandler, addslash, removeslash
from ostro.web._location import location

from .support import MemoryConnection, ask


def answer_of(
    act: Callable[[RequestHandler], object], target: str = "/a/b?c=d"
) -> MemoryConnection:
    class Handler(RequestHandler):
        def get(self, _: str) -> None:
            act(self)

    return ask(Application([("/(.*)", Handler)]), target)


def test_a_redirect_is_temporary_unless_told_otherwise() -> None:
    answer = answer_of(lambda handler: handler.redirect("/new"))

    assert (answer.status, answer.headers["Location"]) == (302, "/new")
    assert (answer.ended, answer.body) == (True, b"")


@pytest.mark.parametrize(
    ("permanent", "status", "sent"),
    [(True, None, 301), (False, None, 302), (False, 303, 303), (True, 307, 307), (False, 308, 308)],
)
def test_a_redirect_has_its_status(permanent: bool, status: int | None, sent: int) -> None:
    answer = answer_of(lambda handler: handler.redirect("/new", permanent, status))

    assert answer.status == sent


@pytest.mark.parametrize("status", [200, 299, 400, 0])
def test_a_status_that_is_no_redirect_is_refused(status: int) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError, match=f"status {status} is not a redirect"):
            handler.redirect("/new", status=status)

    assert answer_of(act).status == 200


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/new", "/new"),
        (b"/new", "/new"),
        ("new", "/a/new"),
        ("../new", "/new"),
        ("?x=y", "/a/b?x=y"),
        ("", "/a/b?c=d"),
        ("http://other.example/x?y=//z", "http://other.example/x?y=//z"),
        ("https://other.example", "https://other.example"),
        ("/new?next=//x", "/new?next=//x"),
        (" /new ", "/new"),
        ("/é €", "/%C3%A9%20%E2%82%AC"),
        ("/%C3%A9%2F", "/%C3%A9%2F"),
        ("/\u200d", "/%E2%80%8D"),
    ],
)
def test_a_redirect_leads_where_it_should(url: str | bytes, sent: str) -> None:
    assert answer_of(lambda handler: handler.redirect(url)).headers["Location"] == sent


EVIL = [
    "//evil.example",
    "///evil.example",
    r"/\evil.example",
    r"\\evil.example",
    r"\/evil.example",
    "  //evil.example",
    "/.//evil.example",
    r"/.//\evil.example",
    "/..//evil.example",
    "/x/..//evil.example",
    r"/./\evil.example",
    r"/a/../../\evil.example",
    ".//evil.example",
    "..//evil.example",
    "..///evil.example",
    "../..//evil.example",
    "//evil.example/..",
    "////evil.example//",
]


@pytest.mark.parametrize("url", EVIL)
@pytest.mark.parametrize("base", ["/", "/a", "/a/b/c", "//evil.example/x", r"/\evil.example/x"])
def test_a_redirect_does_not_leave_this_host_by_slashes(base: str, url: str) -> None:
    sent = location(base, url)

    assert sent
    assert sent[:2] not in ("//", "/\\", "\\\\", "\\/")


@given(
    st.text(alphabet="/\\.a:@?# ", max_size=12).filter(lambda url: ":" not in url[:12]),
    st.text(alphabet="/\\.a", max_size=8),
)
@settings(max_examples=300)
def test_no_location_without_a_scheme_begins_with_two_slashes(url: str, base: str) -> None:
    sent = location("/" + base, url)

    assert sent[:2] not in ("//", "/\\", "\\\\", "\\/")


@pytest.mark.parametrize(
    "url", ["/a\r\nSet-Cookie: b=c", "/a\n", "\t//evil.example", "/\t/evil", "/\0"]
)
def test_a_url_with_control_characters_is_refused(url: str) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError, match="control characters"):
            handler.redirect(url)

    answer = answer_of(act)

    assert (answer.status, answer.headers.get("Location")) == (200, None)


def test_a_redirect_after_the_headers_is_refused() -> None:
    def act(handler: RequestHandler) -> None:
        handler.flush()
        with pytest.raises(RuntimeError, match="after the headers"):
            handler.redirect("/new")

    assert answer_of(act).status == 200


# RedirectHandler


def redirected(pattern: str, target: str, url: str, **kwargs: object) -> MemoryConnection:
    return ask(Application([(pattern, RedirectHandler, {"url": url, **kwargs})]), target)


def test_the_redirect_handler_is_permanent_unless_told_otherwise() -> None:
    assert redirected("/old", "/old", "/new").status == 301
    assert redirected("/old", "/old", "/new", permanent=False).status == 302


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_redirect_handler_answers_get_and_head(method: str) -> None:
    app = Application([("/old", RedirectHandler, {"url": "http://other.example/"})])

    assert ask(app, "/old", method=method).headers["Location"] == "http://other.example/"
    assert ask(app, "/old", method="POST").status == 405


@pytest.mark.parametrize(
    ("pattern", "target", "url", "sent"),
    [
        ("/old", "/old?a=b&c", "/new", "/new?a=b&c"),
        ("/old", "/old?a=b", "/new?c=d", "/new?c=d&a=b"),
        ("/(.*)/(.*)", "/x/y", "/{1}/{0}/{1}", "/y/x/y"),
        ("/(?P<a>.*)/(?P<b>.*)", "/x/y", "/{b}/{a}", "/y/x"),
        ("/(x)?", "/", "/to/{0}", "/to/"),
        ("/(.*)", "/x", "/to/{1}/{name}", "/to/{1}/{name}"),
        ("/(.*)", "/a%3Fb%20c%25%23", "/to/{0}", "/to/a%3Fb%20c%25%23"),
        ("/(.*)", "/a%0D%0ASet-Cookie:b", "/to/{0}", "/to/a%0D%0ASet-Cookie:b"),
        ("/(.*)", "/%C3%A9", "/to/{0}", "/to/%C3%A9"),
        ("/(.*)", "/a/b;c=d", "/to/{0}", "/to/a/b;c=d"),
        ("/go(.*)", "/go//evil.example", "{0}", "/evil.example"),
        ("/go(.*)", "/go/%5Cevil.example", "{0}", "/%5Cevil.example"),
    ],
)
def test_the_redirect_handler_fills_in_what_the_pattern_found(
    pattern: str, target: str, url: str, sent: str
) -> None:
    assert redirected(pattern, target, url).headers["Location"] == sent


# addslash and removeslash


class Slashes(RequestHandler):
    @addslash
    def get(self, _: str) -> None:
        self.write("with")

    head = post = get


class NoSlashes(RequestHandler):
    @removeslash
    def get(self, _: str) -> None:
        self.write("without")

    head = post = get


@pytest.mark.parametrize(
    ("handler", "target", "sent"),
    [
        (Slashes, "/foo", "/foo/"),
        (Slashes, "/foo?a=b", "/foo/?a=b"),
        (Slashes, "//evil.example", "/evil.example/"),
        (NoSlashes, "/foo/", "/foo"),
        (NoSlashes, "/foo///?a=b", "/foo?a=b"),
        (NoSlashes, "//evil.example/", "/evil.example"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_slashes_are_added_and_removed_for_good(
    handler: type[RequestHandler], target: str, sent: str, method: str
) -> None:
    answer = ask(Application([("(.*)", handler)]), target, method=method)

    assert (answer.status, answer.headers["Location"]) == (301, sent)


@pytest.mark.parametrize(
    ("handler", "target"),
    [(Slashes, "/foo/"), (Slashes, "/"), (NoSlashes, "/foo"), (NoSlashes, "/")],
)
def test_a_path_that_is_right_is_left_alone(handler: type[RequestHandler], target: str) -> None:
    assert ask(Application([("(.*)", handler)]), target).status == 200


@pytest.mark.parametrize(("handler", "target"), [(Slashes, "/foo"), (NoSlashes, "/foo/")])
def test_a_body_is_not_redirected(handler: type[RequestHandler], target: str) -> None:
    assert ask(Application([("(.*)", handler)]), target, method="POST").status == 404
