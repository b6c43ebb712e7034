"""HTTPServerRequest."""

from __future__ import annotations

import weakref

import pytest

from ostro.httputil import (
    BodyLimits,
    ConnectionContext,
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    HTTPOutputError,
    HTTPServerRequest,
    RequestStartLine,
)

from .support import RawMemoryConnection, disposition, memory_connection, multipart

FORM = HTTPHeaders({"Content-Type": "application/x-www-form-urlencoded"})
MULTIPART = HTTPHeaders({"Content-Type": "multipart/form-data; boundary=b0und"})
BODY = multipart((disposition('name="a"'), b"1"), (disposition("name=f; filename=n"), b"2"))


def raw_connection() -> RawMemoryConnection:
    return RawMemoryConnection(ConnectionContext("192.0.2.7", "http", None, False))


def test_the_documented_positional_arguments_are_taken() -> None:
    headers = HTTPHeaders({"X": "y"})
    files = {"f": [HTTPFile("a", b"b", "c")]}
    connection = memory_connection()

    request = HTTPServerRequest(
        "POST", "/p?q=1", "HTTP/1.1", headers, b"body", "1.2.3.4", "https", "h.example:8", files,
        connection,
    )  # fmt: skip

    assert (request.method, request.uri, request.version) == ("POST", "/p?q=1", "HTTP/1.1")
    assert (request.path, request.query) == ("/p", "q=1")
    assert request.headers is headers
    assert request.body == b"body"
    assert (request.remote_ip, request.protocol) == ("1.2.3.4", "https")
    assert (request.host, request.host_name) == ("h.example:8", "h.example")
    assert request.files is files
    assert request.connection is connection


def test_a_start_line_stands_for_three_arguments() -> None:
    start_line = RequestStartLine("PUT", "/x", "HTTP/1.1")

    request = HTTPServerRequest(start_line=start_line, server_connection=5)

    assert request.start_line == start_line
    assert (request.method, request.path, request.version) == ("PUT", "/x", "HTTP/1.1")
    assert request.server_connection == 5


def test_everything_has_a_default() -> None:
    request = HTTPServerRequest()

    assert (request.method, request.uri, request.version) == ("GET", "/", "HTTP/1.0")
    assert (request.headers, request.body, dict(request.cookies)) == (HTTPHeaders(), b"", {})
    assert (request.host, request.remote_ip, request.protocol) == ("127.0.0.1", "", "http")
    assert request.arguments == request.query_arguments == request.body_arguments == {}
    assert request.files == {}
    assert request.files is request.files
    assert request.get_ssl_certificate() is None


def test_the_context_tells_who_the_client_is() -> None:
    request = HTTPServerRequest(connection=memory_connection(remote_ip="::1", secure=True))

    assert (request.remote_ip, request.protocol) == ("::1", "https")
    request.remote_ip, request.protocol, request.host_name = "5.6.7.8", "http", "other"
    assert (request.remote_ip, request.protocol) == ("5.6.7.8", "http")
    assert request.host_name == "other"


def test_the_host_comes_from_the_argument_or_the_header() -> None:
    headers = HTTPHeaders({"Host": "WWW.Example.com:8080"})

    assert HTTPServerRequest(headers=headers).host == "WWW.Example.com:8080"
    assert HTTPServerRequest(headers=headers).host_name == "www.example.com"
    assert HTTPServerRequest(headers=headers, host="a").host == "a"
    assert HTTPServerRequest(host="[::1]:80").host_name == "[::1]"
    assert HTTPServerRequest(host="www.example.com:").host_name == "www.example.com"


@pytest.mark.parametrize("host", ["example.com.", "Example.com.:8080"])
def test_a_host_with_the_dot_of_the_root_is_the_same_host(host: str) -> None:
    request = HTTPServerRequest(host=host)

    assert request.host_name == "example.com"
    assert request.host == host


@pytest.mark.parametrize(
    ("uri", "path", "query", "url"),
    [
        ("/", "/", "", "http://h/"),
        ("/a?b?c", "/a", "b?c", "http://h/a?b?c"),
        ("//evil.example/x", "//evil.example/x", "", "http://h//evil.example/x"),
        ("/?", "/", "", "http://h/?"),
        ("http://other/a?b", "/a", "b", "http://h/a?b"),
        ("http://other", "/", "", "http://h/"),
        ("http://other?b", "/", "b", "http://h/?b"),
        ("http://u:p@other/a", "/a", "", "http://h/a"),
        ("*", "*", "", "http://h"),
        ("h:443", "h:443", "", "http://h"),
        ("a b://x", "a b://x", "", "http://h"),
    ],
)
def test_the_target_is_split_into_path_and_query(uri: str, path: str, query: str, url: str) -> None:
    request = HTTPServerRequest("GET", uri, host="h")

    assert (request.path, request.query, request.full_url()) == (path, query, url)
    assert request.uri == uri


def test_arguments_come_from_the_query_and_then_the_body() -> None:
    request = HTTPServerRequest("POST", "/?a=1&b=2&c", headers=FORM, body=b"a=3&d=4")

    assert request.query_arguments == {"a": [b"1"], "b": [b"2"], "c": [b""]}
    assert request.body_arguments == {"a": [b"3"], "d": [b"4"]}
    assert request.arguments == {"a": [b"1", b"3"], "b": [b"2"], "c": [b""], "d": [b"4"]}
    assert request.arguments is request.arguments
    request.arguments["a"].append(b"5")
    assert request.query_arguments["a"] == [b"1"]
    assert request.body_arguments["a"] == [b"3"]


def test_names_and_values_may_be_utf8() -> None:
    request = HTTPServerRequest("GET", "/?%C3%A9=%C3%A9&e=é\ud800")

    assert request.arguments == {"é": ["é".encode()], "e": ["é?".encode()]}


def test_multipart_bodies_give_arguments_and_files() -> None:
    request = HTTPServerRequest("POST", "/?a=0", headers=MULTIPART, body=BODY)

    assert request.files["f"][0].body == b"2"
    assert request.arguments == {"a": [b"0", b"1"]}


def test_a_body_set_later_is_parsed_anew() -> None:
    request = HTTPServerRequest("POST", "/", headers=FORM, body=b"a=1")
    first = request.arguments

    request.body = b"a=2"

    assert first == {"a": [b"1"]}
    assert request.body == b"a=2"
    assert request.arguments == {"a": [b"2"]}
    assert request.files == {}


def test_files_given_are_kept_when_the_body_is_parsed() -> None:
    files = {"f": [HTTPFile("a", b"b", "c")]}

    request = HTTPServerRequest("POST", "/", headers=FORM, body=b"a=1", files=files)

    assert request.arguments == {"a": [b"1"]}
    assert request.files is files


def test_a_malformed_body_raises_at_each_attempt_until_it_is_replaced() -> None:
    request = HTTPServerRequest("POST", "/?a=1", headers=MULTIPART, body=b"garbage")

    for _ in range(2):
        with pytest.raises(HTTPInputError, match="no closing delimiter"):
            request.arguments  # noqa: B018  # reading it is what raises
        with pytest.raises(HTTPInputError, match="no closing delimiter"):
            request.files  # noqa: B018  # reading it is what raises
    assert request.query_arguments == {"a": [b"1"]}
    request.body = BODY
    assert request.arguments == {"a": [b"1", b"1"]}


def test_the_limits_are_those_of_the_request() -> None:
    request = HTTPServerRequest("POST", "/?a&b", headers=MULTIPART, body=BODY)
    request.body_limits = BodyLimits(max_fields=1, max_parts=1)

    with pytest.raises(HTTPInputError, match="2 form fields, expected no more than 1"):
        request.query_arguments  # noqa: B018  # reading it is what raises
    with pytest.raises(HTTPInputError, match="more than 1 parts"):
        request.body_arguments  # noqa: B018  # reading it is what raises


def test_cookies_are_morsels_and_malformed_ones_are_passed_over() -> None:
    headers = HTTPHeaders({"Cookie": 'a="b c"; =x; ;;; "; version=1'})

    cookies = HTTPServerRequest(headers=headers).cookies

    assert {name: morsel.value for name, morsel in cookies.items()} == {"a": "b c", "version": "1"}


def test_cookies_of_several_fields_are_kept_apart() -> None:
    headers = HTTPHeaders()
    for field in ("a=1", "b=2; c=3,4", "d=5"):
        headers.add("Cookie", field)

    cookies = HTTPServerRequest(headers=headers).cookies

    assert {name: morsel.value for name, morsel in cookies.items()} == {
        "a": "1",
        "b": "2",
        "c": "3,4",
        "d": "5",
    }


def test_cookies_are_parsed_once() -> None:
    request = HTTPServerRequest(headers=HTTPHeaders({"Cookie": "a=b"}))

    assert request.cookies is request.cookies


@pytest.mark.parametrize(("version", "supported"), [("HTTP/1.0", False), ("HTTP/1.1", True)])
def test_the_version_tells_what_is_supported(version: str, supported: bool) -> None:
    assert HTTPServerRequest("GET", "/", version).supports_http_1_1() is supported


def test_the_request_time_runs_until_the_request_is_finished() -> None:
    request = HTTPServerRequest(connection=raw_connection())

    first, second = request.request_time(), request.request_time()
    request.finish()
    last = request.request_time()

    assert 0 <= first <= second <= last < 60
    assert request.request_time() == last


def test_write_passes_raw_bytes_through_and_finish_ends_the_response() -> None:
    connection = raw_connection()
    request = HTTPServerRequest(connection=connection)
    written: list[str] = []

    request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", lambda: written.append("head"))
    request.write("é")
    request.write("!")
    request.finish()

    assert connection.raw == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xc3\xa9!"
    assert connection.finished
    assert written == ["head"]


@pytest.mark.parametrize("connection", [None, memory_connection()])
def test_a_connection_without_raw_bytes_refuses_them(connection: None) -> None:
    request = HTTPServerRequest(connection=connection)

    with pytest.raises(HTTPOutputError, match="takes no raw bytes"):
        request.write(b"x")
    with pytest.raises(HTTPOutputError, match="takes no raw bytes"):
        request.finish()


def test_the_certificate_comes_from_the_connection() -> None:
    request = HTTPServerRequest(connection=memory_connection(secure=True))

    assert request.get_ssl_certificate() == {"subject": "client"}
    assert request.get_ssl_certificate(binary_form=True) == b"DER"


def test_repr_shows_nothing_raw_and_no_secrets() -> None:
    request = HTTPServerRequest(
        "GET\x1b", "/p\r\n?token=secret1", "HTTP/1.1",
        HTTPHeaders({"Authorization": "secret2", "Cookie": "secret3"}), b"secret4",
        "1.2.3.4", "http", "h\x1b",
    )  # fmt: skip

    text = repr(request)

    assert text == (
        "HTTPServerRequest(protocol='http', host='h\\x1b', method='GET\\x1b', path='/p\\r\\n', "
        "version='HTTP/1.1', remote_ip='1.2.3.4')"
    )
    assert len(repr(HTTPServerRequest("GET", "/" + "a" * 10_000))) < 500


def test_applications_may_hang_attributes_and_weak_references_on_a_request() -> None:
    request = HTTPServerRequest()

    request.__dict__["user"] = "me"

    assert vars(request) == {"user": "me"}
    assert weakref.ref(request)() is request


def test_a_request_may_be_subclassed() -> None:
    class Named(HTTPServerRequest):
        __slots__ = ("name",)

    assert repr(Named()).startswith("Named(")


def test_a_form_that_somebody_else_has_read_takes_the_place_of_the_body() -> None:
    request = HTTPServerRequest("POST", "/?a=1")
    assert request.arguments == {"a": [b"1"]}
    upload = HTTPFile("name", b"content", "text/plain")

    request.set_form({"a": [b"2"]}, {"f": [upload]})

    assert request.body_arguments == {"a": [b"2"]}
    assert request.arguments == {"a": [b"1", b"2"]}
    assert request.files == {"f": [upload]}
