"""Both sides against `wsgiref.validate`, which knows PEP 3333 by heart."""

import concurrent.futures
import io
import warnings
from collections.abc import Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.validate import validator

import pytest

from ostro.ioloop import IOLoop
from ostro.web import RequestHandler
from ostro.wsgi import WSGIApplication, WSGIContainer

from .support import Environ, StartResponse, connected, environ, serving


class Everything(RequestHandler):
    def get(self, path: str) -> None:
        if path == "raise":
            raise ValueError("broken")
        self.set_cookie("a", "b")
        self.write(path)
        if path == "flush":
            self.flush()
            self.write("ed")
        if path == "empty":
            self.set_status(204)
            self.finish()

    head = get

    async def post(self, path: str) -> None:
        self.write(self.get_body_argument("a"))
        await self.flush()
        self.write("!")


def handled(target: str, method: str, body: bytes) -> bytes:
    """Run our application below the server of the standard library, checked on both sides."""
    made = environ(target, method, body=body, CONTENT_TYPE="application/x-www-form-urlencoded")
    out, errors = io.BytesIO(), io.StringIO()
    handler = SimpleHandler(made.pop("wsgi.input"), out, errors, made)
    handler.run(validator(WSGIApplication([(r"/(.*)", Everything)])))
    assert errors.getvalue() == ""
    return out.getvalue()


@pytest.mark.parametrize(
    ("target", "method", "status", "end"),
    [
        ("/x", "GET", b"200 OK", b"x"),
        ("/x?q=1", "HEAD", b"200 OK", b""),
        ("/flush", "GET", b"200 OK", b"flushed"),
        ("/flush", "HEAD", b"200 OK", b""),
        ("/raise", "GET", b"500 Internal Server Error", b"</html>"),
        ("/x", "PUT", b"405 Method Not Allowed", b"</html>"),
        ("/x", "POST", b"200 OK", b"1!"),
    ],
)
def test_our_application_is_a_valid_one(
    target: str, method: str, status: bytes, end: bytes
) -> None:
    head, _, body = handled(target, method, b"a=1" if method == "POST" else b"").partition(
        b"\r\n\r\n"
    )

    assert head.startswith(b"HTTP/1.0 " + status)
    assert body.endswith(end)


def test_an_answer_without_a_body_is_valid() -> None:
    class Empty(RequestHandler):
        def get(self) -> None:
            self.set_status(204)

    made = environ()
    out = io.BytesIO()
    handler = SimpleHandler(io.BytesIO(), out, io.StringIO(), made)
    # The validator asks for a Content-Type with 200 alone, and forbids one with 204.
    handler.run(validator(WSGIApplication([(r"/", Empty)])))

    assert out.getvalue().startswith(b"HTTP/1.0 204 No Content")


def checking(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """Use everything that an environment offers."""
    stream = environ["wsgi.input"]
    first = stream.readline()
    rest = b"".join(stream.readlines())
    print("an application says", file=environ["wsgi.errors"], end="")
    environ["wsgi.errors"].flush()
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(first)
    yield rest
    yield b"!"


@pytest.mark.parametrize("inline", [True, False])
async def test_our_server_is_a_valid_one(
    io_loop: IOLoop, inline: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    application: Any = validator(checking)  # Any: typeshed knows it under another type
    with (
        warnings.catch_warnings(),
        concurrent.futures.ThreadPoolExecutor(1) as executor,
    ):
        # It knows only the methods of 1999.
        warnings.simplefilter("ignore")
        made = WSGIContainer(application, None if inline else executor, threads=0)
        async with serving(made) as port, connected(port) as client:
            for method, target, body in (
                ("GET", "/", None),
                ("GET", "/a%20b/%C3%A9?x=%20", None),
                ("OPTIONS", "*", None),
                ("POST", "/", b"one\ntwo\nthree"),
            ):
                status, _, answer = await client.ask(
                    target, "Content-Type: text/plain", "Cookie: a=b", method=method, body=body
                )
                assert (status, answer) == ("200 OK", (body or b"") + b"!")
    assert capsys.readouterr().err == "an application says" * 4
