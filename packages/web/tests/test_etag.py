"""Etag, If-None-Match and 304. Spec: RFC 9110 sections 8.8.3 and 13.1.2."""

import pytest

from ostro.web import Application, RequestHandler

from .support import MemoryConnection, ask

HELLO = '"f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0"'  # SHA-1 of "Hello"


class Hello(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Language", "en")
        self.set_cookie("a", "b")
        self.write("Hel")
        self.write("lo")

    head = post = get


class Weak(Hello):
    def compute_etag(self) -> str | None:
        return 'W/"version-1"'


class Without(Hello):
    def compute_etag(self) -> str | None:
        return None


class OfItsOwn(Hello):
    def get(self) -> None:
        self.set_header("Etag", '"mine"')
        self.write("Hello")


def asked(
    if_none_match: str | None = None, handler: type[RequestHandler] = Hello, method: str = "GET"
) -> MemoryConnection:
    headers = {} if if_none_match is None else {"If-None-Match": if_none_match}
    return ask(Application([("/", handler)]), method=method, headers=headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_has_a_hash_of_its_body_as_etag(method: str) -> None:
    assert asked(method=method).headers["Etag"] == HELLO


def test_an_empty_response_has_an_etag() -> None:
    class Empty(RequestHandler):
        def get(self) -> None: ...

    assert asked(handler=Empty).headers["Etag"] == '"da39a3ee5e6b4b0d3255bfef95601890afd80709"'


def test_head_without_the_body_has_no_etag_of_nothing() -> None:
    class Length(Hello):
        def head(self) -> None:
            self.set_header("Content-Length", "5")

    assert "Etag" not in asked(handler=Length, method="HEAD").headers
    assert asked(HELLO, handler=Length, method="HEAD").status == 200


def test_other_methods_and_statuses_have_none() -> None:
    class Created(Hello):
        def get(self) -> None:
            self.set_status(201)

    assert "Etag" not in asked(method="POST").headers
    assert "Etag" not in asked(handler=Created).headers


def test_a_handler_may_have_no_etag() -> None:
    assert "Etag" not in asked(handler=Without).headers
    assert asked("*", Without).status == 200


def test_an_etag_that_the_handler_has_set_is_kept() -> None:
    assert asked(handler=OfItsOwn).headers["Etag"] == '"mine"'
    assert asked('"mine"', OfItsOwn).status == 304


@pytest.mark.parametrize(
    "known",
    [HELLO, f"W/{HELLO}", "*", f'"other", {HELLO}', f'"a,b",W/{HELLO} , "c"', f'"",{HELLO}'],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_it_gets_304(known: str, method: str) -> None:
    answer = asked(known, method=method)

    assert (answer.status, answer.reason, answer.body) == (304, "Not Modified", b"")
    assert answer.headers["Etag"] == HELLO
    assert not {"Content-Type", "Content-Length", "Content-Language"} & set(answer.headers)
    assert answer.headers["Set-Cookie"] == "a=b; Path=/"


@pytest.mark.parametrize(
    "known",
    [
        '"other"',
        HELLO.strip('"'),
        f'x{HELLO[1:]}"',
        "",
        '"',
        "W/",
        '"*"',
        "**",
        "a, *",
        HELLO.upper(),
        '"' * 9999,
    ],
)
def test_a_client_that_has_something_else_gets_it(known: str) -> None:
    answer = asked(known)

    assert (answer.status, answer.text) == (200, "Hello")


def test_the_comparison_is_weak() -> None:
    assert asked('W/"version-1"', Weak).status == 304
    assert asked('"version-1"', Weak).status == 304
    assert asked('"version-1"', Weak).headers["Etag"] == 'W/"version-1"'


def test_if_none_match_has_no_part_in_a_post() -> None:
    assert asked("*", method="POST").status == 200
