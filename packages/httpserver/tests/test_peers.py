"""Other people's clients as peers: Python's own, curl, Tornado's."""

import asyncio
import contextlib
import functools
import http.client
import shutil
import subprocess
from collections.abc import Callable
from typing import TypeVar

import pytest

from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop
from packages.clocks import FakeClock

from .support import OK, Recorder, Request, serving

T = TypeVar("T")

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")


def echo(conn: HTTPConnection, request: Request) -> None:
    """Answer with method and body; in parts, and with trailers, where the target says so."""
    body = request.method.encode() + b" " + request.body
    if request.target in ("/parts", "/trailers"):
        conn.write_headers(OK, HTTPHeaders())
        for byte in body:
            conn.write(bytes([byte]))
        conn.finish(
            HTTPHeaders({"X-Sum": str(len(body))}) if request.target == "/trailers" else None
        )
    else:
        conn.write_headers(OK, HTTPHeaders({"X-Method": request.method}), body, end=True)


async def in_thread(function: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, function)


async def test_pythons_client_over_one_connection(io_loop: IOLoop) -> None:
    def use(port: int) -> list[tuple[int, bytes]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        seen: list[tuple[int, bytes]] = []

        def fetch(method: str, target: str, body: object = None, chunked: bool = False) -> None:
            connection.request(method, target, body, encode_chunked=chunked)  # type: ignore[arg-type]  # any body that it takes
            response = connection.getresponse()
            seen.append((response.status, response.read()))

        fetch("GET", "/")
        sock = connection.sock
        fetch("POST", "/trailers", b"body")
        fetch("PUT", "/", iter([b"in ", b"chunks"]))
        fetch("HEAD", "/")
        fetch("HEAD", "/parts")
        fetch("DELETE", "/parts")
        assert connection.sock is sock
        connection.close()
        return seen

    async with serving(HTTPServer(Recorder(echo))) as port:
        seen = await in_thread(functools.partial(use, port))

    assert seen == [
        (200, b"GET "),
        (200, b"POST body"),
        (200, b"PUT in chunks"),
        (200, b""),
        (200, b""),
        (200, b"DELETE "),
    ]


async def test_pythons_client_is_answered_while_it_uploads_too_much(io_loop: IOLoop) -> None:
    def use(port: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        # The server may stop reading: the answer is there all the same.
        with contextlib.suppress(OSError):
            connection.request("POST", "/", b"x" * 10_000_000)
        status = connection.getresponse().status
        connection.close()
        return status

    # A clock that stands still: the server never loses patience with a slow upload.
    server = HTTPServer(Recorder(echo), max_body_size=1000, clock=FakeClock())
    async with serving(server) as port:
        assert await in_thread(functools.partial(use, port)) == 413


def curl(*arguments: str) -> str:
    # Neither somebody's ~/.curlrc nor curl's impatience decides what it does.
    command = ["curl", "--disable", "--silent", "--show-error", "--max-time", "30"]
    command += ["--noproxy", "*", "--expect100-timeout", "30"]
    finished = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=True, timeout=40
    )
    return finished.stdout


@needs_curl
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "GET "),
        (["--http1.0"], "GET "),
        (["--head"], "X-Method: HEAD"),
        (["--data", "a=b"], "POST a=b"),
        (["--data", "a=b", "--header", "Expect: 100-continue"], "POST a=b"),
        (["--data", "a=b", "--header", "Transfer-Encoding: chunked"], "POST a=b"),
        (["--request", "PROPFIND"], "PROPFIND "),
        (["--data", "x" * 100_000], "POST " + "x" * 100_000),
        (["--header", "Connection: close"], "GET "),
        (["--header", "Connection: Upgrade, HTTP2-Settings", "--header", "Upgrade: h2c"], "GET "),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("target", ["/", "/trailers"])
async def test_curl(arguments: list[str], expected: str, target: str, io_loop: IOLoop) -> None:
    if "--head" in arguments and target == "/trailers":
        expected = "200 OK"
    async with serving(HTTPServer(Recorder(echo))) as port:
        url = f"http://127.0.0.1:{port}{target}"

        assert expected in await in_thread(functools.partial(curl, *arguments, url))


@needs_curl
async def test_curl_uses_one_connection_for_many_requests(io_loop: IOLoop) -> None:
    app = Recorder(echo)
    async with serving(HTTPServer(app)) as port:
        urls = [f"http://127.0.0.1:{port}/"] * 3
        words = await in_thread(
            functools.partial(curl, *urls, "--write-out", " connects=%{num_connects} ")
        )

    assert words.count("connects=1") == 1
    assert words.count("connects=0") == 2


@needs_curl
async def test_curl_spares_an_upload_that_is_refused(io_loop: IOLoop) -> None:
    arguments = ["--data", "x" * 2000, "--header", "Expect: 100-continue"]
    async with serving(HTTPServer(Recorder(echo), max_body_size=1000)) as port:
        words = await in_thread(
            functools.partial(
                curl,
                *arguments,
                "--write-out",
                "status=%{http_code} uploaded=%{size_upload}",
                f"http://127.0.0.1:{port}/",
            )
        )

    assert "status=413 uploaded=0" in words


async def test_tornados_client(io_loop: IOLoop) -> None:
    httpclient = pytest.importorskip("tornado.simple_httpclient", reason="pip install tornado")
    async with serving(HTTPServer(Recorder(echo))) as port:
        client = httpclient.SimpleAsyncHTTPClient(force_instance=True)
        url = f"http://127.0.0.1:{port}"

        plain = await client.fetch(url + "/")
        parts = await client.fetch(url + "/parts", method="POST", body=b"body")
        expecting = await client.fetch(
            url + "/", method="POST", body=b"body", expect_100_continue=True
        )
        client.close()

    assert plain.body == b"GET "
    assert parts.body == b"POST body"
    assert expecting.body == b"POST body"
