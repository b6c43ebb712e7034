"""What a WSGI server says about a request, as start line, headers and body."""

import io
from typing import Any

import pytest

from ostro.httputil import HTTPInputError
from ostro.wsgi import HTTPRequest

from .support import environ


def request(*args: Any, **options: Any) -> HTTPRequest:  # Any: those of `environ`
    return HTTPRequest(environ(*args, **options))


def test_a_request_is_read_from_its_environment() -> None:
    made = environ(
        "/a%20b?x=1&y=2",
        "POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Cookie": "c=d"},
        body=b"z=3",
    )
    made |= {"PATH_INFO": "/a b", "HTTP_HOST": "example.com:8080", "wsgi.url_scheme": "https"}

    found = HTTPRequest(made)

    assert (found.method, found.uri, found.version) == ("POST", "/a%20b?x=1&y=2", "HTTP/1.1")
    assert (found.path, found.query, found.body) == ("/a%20b", "x=1&y=2", b"z=3")
    assert found.arguments == {"x": [b"1"], "y": [b"2"], "z": [b"3"]}
    assert found.cookies["c"].value == "d"
    assert (found.remote_ip, found.protocol, found.host_name) == (
        "192.0.2.1",
        "https",
        "example.com",
    )
    assert found.full_url() == "https://example.com:8080/a%20b?x=1&y=2"
    assert found.supports_http_1_1()
    assert found.request_time() >= 0
    assert found.environ is made


@pytest.mark.parametrize(
    ("script_name", "path_info", "uri"),
    [
        ("", "/", "/"),
        ("", "", "/"),
        ("/app", "", "/app"),
        ("/app", "/x", "/app/x"),
        ("", "/\xc3\xa9", "/%C3%A9"),
        ("", "/\xe9", "/%E9"),
        ("", "/a b?c#d", "/a%20b%3Fc%23d"),
        ("", "/a;b=c,d", "/a;b=c,d"),
        ("", "//evil.example", "//evil.example"),
        ("", "x", "/x"),
        ("", "*", "*"),
    ],
)
def test_the_path_is_that_of_the_whole_url_quoted(
    script_name: str, path_info: str, uri: str
) -> None:
    assert request(SCRIPT_NAME=script_name, PATH_INFO=path_info).uri == uri


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
def test_the_target_is_as_the_client_sent_it_where_the_server_tells(name: str) -> None:
    found = request("/a/b%c?q=%41", **{name: "/a%2Fb%25c?q=%41"})

    assert found.uri == "/a%2Fb%25c?q=%41"


@pytest.mark.parametrize(
    "rewritten",
    ["/elsewhere", "/a?q=2", "/a?q=1#x", "http://host/a?q=1", "/a?q=1 ", "/\xe9?q=1", None, 5],
)
def test_a_target_that_was_rewritten_is_not_believed(rewritten: object) -> None:
    assert request("/a?q=1", REQUEST_URI=rewritten).uri == "/a?q=1"


def test_a_query_that_is_not_ascii_is_quoted() -> None:
    found = request(QUERY_STRING="a=\xc3\xa9&b=%20c")

    assert found.uri == "/?a=%C3%A9&b=%20c"
    assert found.arguments == {"a": ["é".encode()], "b": [b" c"]}


@pytest.mark.parametrize("name", ["PATH_INFO", "QUERY_STRING"])
def test_text_that_is_no_bytes_is_a_bad_request(name: str) -> None:
    with pytest.raises(HTTPInputError, match="bytes"):
        request(**{name: "/\u20ac"})


@pytest.mark.parametrize(
    ("reported", "version"),
    [
        ("HTTP/1.0", "HTTP/1.0"),
        ("HTTP/1.1", "HTTP/1.1"),
        ("HTTP/2", "HTTP/1.1"),
        ("HTTP/2.0", "HTTP/1.1"),
        ("HTTP/0.9", "HTTP/1.0"),
        ("HTTP/1", "HTTP/1.0"),
        ("INCLUDED", "HTTP/1.0"),
        ("", "HTTP/1.0"),
    ],
)
def test_the_version_is_the_one_whose_rules_apply(reported: str, version: str) -> None:
    assert request(SERVER_PROTOCOL=reported).version == version


def test_headers_are_those_under_http_and_two_of_their_own() -> None:
    found = request(
        HTTP_X_ONE="1",
        HTTP_CONTENT_LENGTH="5",
        HTTP_CONTENT_TYPE="text/fake",
        CONTENT_TYPE="text/plain",
        CONTENT_LENGTH="",
        OTHER="no",
    )

    assert dict(found.headers) == {
        "Host": "127.0.0.1",
        "X-One": "1",
        "Content-Type": "text/plain",
    }


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTP_X": "a\r\nb: c"},
        {"HTTP_X": "a\0"},
        {"HTTP_A B": "c"},
        {"HTTP_": "c"},
        {"REQUEST_METHOD": "G T"},
        {"REQUEST_METHOD": ""},
        {"HTTP_HOST": "a,b"},
        {"HTTP_HOST": "user@example.com"},
        {"HTTP_HOST": "example.com/path"},
        {"HTTP_HOST": "example.com:port"},
        {"HTTP_HOST": "[::1"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "1_0"},
        {"CONTENT_LENGTH": "+1"},
        {"CONTENT_LENGTH": "\u0661"},
        {"CONTENT_LENGTH": "1" * 20},
        {"CONTENT_LENGTH": "5"},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_a_bad_request(variables: dict[str, str]) -> None:
    with pytest.raises(HTTPInputError) as caught:
        request(**variables)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:80", "[::1]:8080", "192.0.2.1", "a_b"]
)
def test_a_host_is_taken_as_it_is(host: str) -> None:
    assert request(HTTP_HOST=host).host == host


@pytest.mark.parametrize(
    ("name", "port", "scheme", "host"),
    [
        ("example.com", "80", "http", "example.com"),
        ("example.com", "443", "https", "example.com"),
        ("example.com", "8080", "http", "example.com:8080"),
        ("::1", "8080", "http", "[::1]:8080"),
        ("[::1]", "80", "http", "[::1]"),
        ("", "", "http", "127.0.0.1"),
        ("a host", "80", "http", "127.0.0.1"),
    ],
)
def test_without_a_host_the_server_has_one(name: str, port: str, scheme: str, host: str) -> None:
    variables = {"SERVER_NAME": name, "SERVER_PORT": port, "wsgi.url_scheme": scheme}

    assert request(HTTP_HOST="", **variables).host == host


def test_a_client_on_a_unix_socket_has_the_address_of_this_machine() -> None:
    assert request(REMOTE_ADDR="").remote_ip == "127.0.0.1"


class Input(io.BytesIO):
    """An input that must be asked for pieces of a size."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= 65536
        self.largest = max(self.largest, size)
        return super().read(size)


def test_a_body_with_a_length_is_read_up_to_it() -> None:
    assert request(body=Input(b"abcdef"), CONTENT_LENGTH="4").body == b"abcd"


def test_a_body_without_a_length_is_left_alone() -> None:
    assert request(body=Input(b"abcdef")).body == b""


def test_a_body_that_the_server_ends_is_read_to_its_end() -> None:
    data = b"x" * 200_000

    assert request(body=Input(data), **{"wsgi.input_terminated": True}).body == data


def test_chunks_that_the_server_does_not_decode_need_a_length() -> None:
    with pytest.raises(HTTPInputError, match="Content-Length") as caught:
        request(body=Input(b"abcdef"), HTTP_TRANSFER_ENCODING="chunked")

    assert caught.value.status == 411


@pytest.mark.parametrize(
    "variables", [{"CONTENT_LENGTH": "4"}, {"wsgi.input_terminated": True}], ids=repr
)
def test_a_body_over_the_limit_is_refused(variables: dict[str, object]) -> None:
    made = environ(body=Input(b"abcd")) | variables

    with pytest.raises(HTTPInputError, match="4 bytes, expected no more than 3") as caught:
        HTTPRequest(made, max_body_size=3)

    assert caught.value.status == 413


@pytest.mark.parametrize(
    "variables", [{"CONTENT_LENGTH": "4"}, {"wsgi.input_terminated": True}], ids=repr
)
def test_a_body_at_the_limit_is_taken(variables: dict[str, object]) -> None:
    made = environ(body=Input(b"abcd")) | variables

    assert HTTPRequest(made, max_body_size=4).body == b"abcd"
