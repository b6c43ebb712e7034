"""HTTPRequest and HTTPResponse by themselves."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pytest

from ostro.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from ostro.httpclient._request import DEFAULTS
from ostro.httputil import HTTPHeaders


def test_a_request_holds_what_it_is_given() -> None:
    request = HTTPRequest("http://a/", "POST", {"x-a": "1"}, "\u20ac", "user", "password")

    assert (request.url, request.method, request.body) == ("http://a/", "POST", "\u20ac".encode())
    assert request.headers == {"X-A": "1"}
    assert (request.auth_username, request.auth_password) == ("user", "password")


def test_what_a_request_does_not_say_is_left_to_the_defaults() -> None:
    request = HTTPRequest("http://a/", max_redirects=1)

    completed = request.completed(DEFAULTS)

    assert request.connect_timeout is None
    assert (completed.connect_timeout, completed.max_redirects) == (20.0, 1)
    assert completed.url == request.url


def test_the_older_name_of_decompress_response() -> None:
    assert HTTPRequest("http://a/", use_gzip=False).decompress_response is False
    assert HTTPRequest("http://a/", use_gzip=False, decompress_response=True).use_gzip is True
    request = HTTPRequest("http://a/")
    request.use_gzip = False
    assert request.decompress_response is False


@pytest.mark.parametrize(
    "since",
    [1341100800, datetime.datetime(2012, 7, 1), datetime.datetime(2012, 7, 1, tzinfo=datetime.UTC)],
)
def test_a_date_makes_a_condition_and_leaves_the_given_headers_alone(
    since: float | datetime.datetime,
) -> None:
    headers = HTTPHeaders()

    request = HTTPRequest("http://a/", headers=headers, if_modified_since=since)

    assert request.headers["If-Modified-Since"] == "Sun, 01 Jul 2012 00:00:00 GMT"
    assert len(headers) == 0


def test_headers_and_body_may_be_set_later() -> None:
    request = HTTPRequest("http://a/")

    request.headers = HTTPHeaders({"X-A": "1"})
    request.body = b"bytes"
    assert (request.headers["X-A"], request.body) == ("1", b"bytes")
    request.body = None
    assert request.body is None


def test_a_request_keeps_what_the_program_puts_on_it() -> None:
    request = HTTPRequest("http://a/")
    request.mine = 1  # type: ignore[attr-defined]  # programs do so, to know it again

    assert request.completed(DEFAULTS).mine == 1  # type: ignore[attr-defined]  # as above


def test_a_response_is_made_by_hand() -> None:
    request = HTTPRequest("http://a/")

    response = HTTPResponse(request, 200, buffer=io.BytesIO(b"body"), time_info={"queue": 1.0})

    assert (response.body, response.reason, response.error) == (b"body", "OK", None)
    assert response.effective_url == "http://a/"
    assert response.buffer is not None
    assert response.time_info["queue"] == 1.0
    assert repr(response) == "<HTTPResponse 200 to <HTTPRequest GET 'http://a/'>>"
    response.rethrow()


def test_a_response_without_a_body_has_an_empty_one() -> None:
    response = HTTPResponse(HTTPRequest("http://a/"), 599, error=LookupError("x"))

    assert (response.body, response.buffer) == (b"", None)
    assert response.failed
    with pytest.raises(LookupError):
        response.rethrow()


def test_a_code_that_is_no_success_makes_an_error() -> None:
    response = HTTPResponse(HTTPRequest("http://a/"), 302, reason="Elsewhere")

    assert isinstance(response.error, HTTPClientError)
    assert not response.failed
    assert str(response.error) == "HTTP 302: Elsewhere"


@pytest.mark.parametrize("body", [bytearray(b"ab"), memoryview(b"ab")])
def test_a_body_may_be_any_kind_of_bytes(body: bytearray | memoryview) -> None:
    assert HTTPRequest("http://a/", body=body).body == b"ab"


@pytest.mark.parametrize("body", [{"a": "1"}, 5, [b"a"]])
def test_a_body_of_another_type_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match=rf"a {type(body).__name__}, expected bytes or text"):
        HTTPRequest("http://a/", body=body)
