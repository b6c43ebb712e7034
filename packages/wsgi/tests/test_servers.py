"""Our handlers below real WSGI servers: that of the standard library, CGI, gunicorn."""

import contextlib
import http.client
import importlib.util
import io
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from packages import programs

PROGRAM = """
import asyncio
import io

from ostro.httputil import HTTPHeaders, ResponseStartLine
from ostro.web import Application, RequestHandler, asynchronous
from ostro.wsgi import WSGIAdapter, WSGIApplication


class Plain(RequestHandler):
    def get(self):
        self.write(f"{self.request.full_url()} {self.request.remote_ip}")

    def head(self):
        self.get()

    def post(self):
        self.write(f"{len(self.request.body)} {self.request.body[:10]!r}")


class Waiting(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.001)
        self.write("waited")


class Streaming(RequestHandler):
    async def get(self):
        for number in range(200):
            self.write(b"x" * 10_000)
            await self.flush()


class Breaking(RequestHandler):
    def get(self):
        self.write("begun")
        self.flush()
        raise ValueError("broken")


class CallingBack(RequestHandler):
    @asynchronous
    def get(self):
        pass


application = WSGIApplication(
    [
        ("/", Plain),
        ("/waiting", Waiting),
        ("/streaming", Streaming),
        ("/breaking", Breaking),
        ("/calling", CallingBack),
    ],
    max_body_size=1_000_000,
)
adapted = WSGIAdapter(Application([("/", Plain)]))

if __name__ == "__main__":
    import wsgiref.handlers

    wsgiref.handlers.CGIHandler().run(application)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "program_below_a_server.py"
    path.write_text(PROGRAM)
    return path


@contextlib.contextmanager
def wsgiref_server(program: Path) -> Iterator[int]:
    spec = importlib.util.spec_from_file_location("program_below_wsgiref", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Leave the tests' output alone."""

        def get_stderr(self) -> io.StringIO:
            return io.StringIO()

    server: WSGIServer = make_server("127.0.0.1", 0, module.application, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def gunicorn(program: Path, *options: str) -> Iterator[int]:
    pytest.importorskip("gunicorn", reason="pip install gunicorn")
    command = ["-m", "gunicorn", "--bind=127.0.0.1:0", "--no-control-socket"]
    command += [
        "--graceful-timeout=5",
        *options,
        f"--chdir={program.parent}",
        f"{program.stem}:application",
    ]
    # Its own warnings are none of ours.
    with programs.running(program.parent, *command, environment={"PYTHONWARNINGS": ""}) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        port = next(
            int(found[1]) for line in lines if (found := re.search(r"Listening at.*:(\d+) ", line))
        )
        draining = threading.Thread(target=process.stderr.read)  # or it would wait for us
        draining.start()
        try:
            yield port
        finally:
            process.terminate()
            process.wait(programs.DEADLINE)
            draining.join()


@pytest.fixture(scope="module", params=["wsgiref", "sync", "gthread"])
def port(request: pytest.FixtureRequest, program: Path) -> Iterator[int]:
    """The port of each server in turn."""
    kind: str = request.param
    if kind == "wsgiref":
        server = wsgiref_server(program)
    else:
        server = gunicorn(
            program, f"--worker-class={kind}", f"--threads={4 if kind == 'gthread' else 1}"
        )
    with server as port:
        yield port


@contextlib.contextmanager
def client(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def fetch(
    port: int, target: str = "/", method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    with client(port) as connection:
        connection.request(method, target, body)
        response = connection.getresponse()
        return response.status, response.read(), response.headers


def test_a_handler_answers(port: int) -> None:
    status, body, headers = fetch(port, "/?a=b")

    assert (status, body.decode()) == (200, f"http://127.0.0.1:{port}/?a=b 127.0.0.1")
    assert headers.get_all("Content-Length") == [str(len(body))]


def test_head_and_errors_are_answered(port: int) -> None:
    assert fetch(port, "/", "HEAD")[:2] == (200, b"")
    assert fetch(port, "/nowhere")[0] == 404
    assert fetch(port, "/calling")[0] == 500


def test_bodies_are_read_and_limited(port: int) -> None:
    assert fetch(port, "/", "POST", b"x" * 1_000_000)[1] == b"1000000 b'xxxxxxxxxx'"
    with client(port) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "1000001")
        connection.endheaders()  # and no body: these servers would reset a connection that sends
        assert connection.getresponse().status == 413


def test_a_coroutine_answers(port: int) -> None:
    assert [fetch(port, "/waiting")[1] for _ in range(3)] == [b"waited"] * 3


def test_a_streamed_answer_comes_whole(port: int) -> None:
    assert fetch(port, "/streaming")[1] == b"x" * 2_000_000


def test_a_client_that_leaves_in_the_middle_does_no_harm(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(b"GET /streaming HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(100)

    assert fetch(port, "/waiting")[1] == b"waited"


def test_a_broken_answer_does_not_pass_for_a_whole_one(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(b"GET /breaking HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))

    assert b"begun" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_chunks_are_read_where_the_server_decodes_them(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        answer = b"".join(iter(lambda: sock.recv(65536), b""))

    # The server of the standard library does not decode them, and the answer says what would help.
    assert answer.endswith(b"5 b'abcde'") or b" 411 " in answer


def cgi(program: Path, variables: dict[str, str], body: bytes = b"") -> tuple[bytes, bytes]:
    # Warnings are none of the client's business, but they are errors here.
    command = [sys.executable, "-W", "error", str(program)]
    done = subprocess.run(
        command,
        input=body,
        capture_output=True,
        env={**os.environ, "GATEWAY_INTERFACE": "CGI/1.1", **variables},
        timeout=30,
        check=True,
    )
    assert done.stderr == b""
    head, _, answer = done.stdout.partition(b"\r\n\r\n")
    return head, answer


VARIABLES = {
    "SERVER_NAME": "example.com",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.1",
    "SCRIPT_NAME": "",
}


def test_the_documented_cgi_program_works(program: Path) -> None:
    variables = {**VARIABLES, "REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "a=b"}

    head, body = cgi(program, variables)

    assert head.startswith(b"Status: 200 OK\r\n")
    assert body == b"http://example.com/?a=b 192.0.2.1"


@pytest.mark.parametrize("target", ["/", "/waiting"])
def test_cgi_programs_take_bodies_and_run_coroutines(program: Path, target: str) -> None:
    method, expected = ("POST", b"4 b'body'") if target == "/" else ("GET", b"waited")
    variables = {**VARIABLES, "REQUEST_METHOD": method, "PATH_INFO": target, "CONTENT_LENGTH": "4"}

    assert cgi(program, variables, b"body")[1] == expected
