"""Start lines, parsed and made."""

from __future__ import annotations

import pytest

from ostro.httputil import (
    REASONS,
    HTTPInputError,
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
    responses,
)


def test_a_request_line_has_three_parts() -> None:
    line = parse_request_start_line("GET /foo?a=b HTTP/1.1")

    assert line == RequestStartLine(method="GET", path="/foo?a=b", version="HTTP/1.1")
    method, path, version = line
    assert (method, path, version) == ("GET", "/foo?a=b", "HTTP/1.1")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.10",
        "GET / http/1.1",
        "GET / HTTP/1.\u0661",
        "G(T / HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET /é HTTP/1.1",
        "GET / HTTP/1.1\n",
    ],
)
def test_a_malformed_request_line_is_refused(line: str) -> None:
    with pytest.raises(HTTPInputError) as caught:
        parse_request_start_line(line)

    assert caught.value.status == 400


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"])
def test_another_major_version_is_refused_with_505(version: str) -> None:
    with pytest.raises(HTTPInputError, match=version) as caught:
        parse_request_start_line(f"GET / {version}")

    assert caught.value.status == 505


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        ("HTTP/1.1 200 OK", 200, "OK"),
        ("HTTP/1.0 404 Not Found", 404, "Not Found"),
        ("HTTP/1.1 204 ", 204, ""),
        ("HTTP/1.1 204", 204, ""),
        ("HTTP/1.1 299 d\xe9j\xe0 vu", 299, "d\xe9j\xe0 vu"),
    ],
)
def test_a_status_line_has_three_parts(line: str, code: int, reason: str) -> None:
    assert parse_response_start_line(line) == ResponseStartLine(line[:8], code, reason)


@pytest.mark.parametrize(
    "line",
    ["", "HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 x", "HTTP/1.1  200 OK",
     "HTTP/1.1 20\u0661 OK", "HTTP/1.1 200 a\rb", "HTTP/1.1 200OK", "HTTP/2.0 200 OK"],
)  # fmt: skip
def test_a_malformed_status_line_is_refused(line: str) -> None:
    with pytest.raises(HTTPInputError):
        parse_response_start_line(line)


def test_reasons_has_two_names_and_an_application_may_add_to_it() -> None:
    assert responses is REASONS
    assert responses[200] == "OK"
    assert responses.get(299) is None
    assert all(100 <= code < 600 and reason.isascii() for code, reason in REASONS.items())


def test_an_input_error_has_a_message_and_a_status() -> None:
    error = HTTPInputError("too long", 414)

    assert (str(error), error.status) == ("too long", 414)
    assert HTTPInputError().status == 400
