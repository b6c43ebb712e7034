"""A request as a WSGI environment."""

import io
import sys
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.wsgi import WSGIContainer

from .support import Environ, StartResponse, ask, connected, container, serving

TEXT = [("Content-Type", "text/plain")]


def environ_of(target: str = "/", method: str = "GET", **options: Any) -> Environ:
    headers = HTTPHeaders()
    for name, value in options.pop("headers", [("Host", "example.com")]):
        headers.add(name, value)
    request = HTTPServerRequest(method, target, "HTTP/1.1", headers, **options)
    return WSGIContainer.environ(request)


def test_a_request_becomes_an_environment() -> None:
    found = environ_of(
        "/a%20b/%C3%A9?x=%20",
        "POST",
        headers=[
            ("Host", "example.com:8080"),
            ("Content-Type", "text/plain"),
            ("Content-Length", "4"),
            ("Cookie", "a=b"),
            ("Cookie", "c=d"),
            ("X-Many", "1"),
            ("X-Many", "2"),
        ],
        body=b"body",
        remote_ip="192.0.2.1",
        protocol="https",
    )

    assert found.pop("wsgi.input").read() == b"body"
    assert found.pop("wsgi.errors") is sys.stderr
    assert found.pop("wsgi.file_wrapper")(io.BytesIO())
    assert found == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xa9",
        "QUERY_STRING": "x=%20",
        "REQUEST_URI": "/a%20b/%C3%A9?x=%20",
        "RAW_URI": "/a%20b/%C3%A9?x=%20",
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTPS": "on",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_HOST": "example.com:8080",
        "HTTP_COOKIE": "a=b; c=d",
        "HTTP_X_MANY": "1,2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input_terminated": True,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def test_headers_that_could_pass_for_others_are_dropped() -> None:
    found = environ_of(
        headers=[
            ("Host", "example.com"),
            ("X_Real_Ip", "203.0.113.9"),
            ("X-Good", "1"),
            ("Proxy", "http://evil.example"),
            ("Transfer-Encoding", "chunked"),
        ]
    )

    assert {name for name in found if name.startswith("HTTP_")} == {"HTTP_HOST", "HTTP_X_GOOD"}


@pytest.mark.parametrize(("protocol", "port"), [("http", "80"), ("https", "443")])
def test_the_port_is_that_of_the_scheme_unless_the_host_names_one(protocol: str, port: str) -> None:
    assert environ_of(protocol=protocol)["SERVER_PORT"] == port


@pytest.mark.parametrize(
    ("target", "path"), [("*", ""), ("http://example.com/x?y", "/x"), ("//x", "//x")]
)
def test_a_target_of_another_form_has_its_path(target: str, path: str) -> None:
    assert environ_of(target)["PATH_INFO"] == path


async def test_the_port_of_the_client_is_told_where_it_is_its_own(io_loop: IOLoop) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [environ.get("REMOTE_PORT", "none").encode()]

    async with (
        container(application) as made,
        serving(made, xheaders=True) as port,
        connected(port) as client,
    ):
        _, own_port = client.writer.get_extra_info("sockname")
        assert (await client.ask())[2] == str(own_port).encode()
        assert (await client.ask("/", "X-Real-Ip: 203.0.113.9"))[2] == b"none"


async def test_a_subclass_may_tell_more(io_loop: IOLoop) -> None:
    class Telling(WSGIContainer):
        @staticmethod
        def environ(request: HTTPServerRequest) -> Environ:
            return {**WSGIContainer.environ(request), "more": b"more"}

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [environ["more"], environ["wsgi.input"].read(), b"%r" % environ["wsgi.multiprocess"]]

    made = Telling(application, multiprocess=True)
    assert (await ask(made, method="POST", body=b" body "))[2] == b"more body True"
    made.close()
