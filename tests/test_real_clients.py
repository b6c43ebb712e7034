"""wrk, ab and Python's http.client talk to our servers, and to one that forks."""

import http.client
import io
import json
import os
import re
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from packages.ports import free_port

from .curl import curl
from .programs import START_DEADLINE, output_of
from .served import (
    LOOPS,
    Certificates,
    Served,
    accepts_connections,
    is_gone,
    reporting_app,
    running,
    wait_until,
)

CONNECTIONS = 8
REQUESTS = 400
PIECE = 65536

PIPELINING = """
local requests
init = function() requests = wrk.format():rep(16) end  -- no earlier: the headers come with init
request = function() return requests end
"""


def connections_during(served: Served, *command: str) -> tuple[str, int]:
    """Run a client, and return its report and how many connections the server was given for it."""
    before = curl("--insecure", f"{served.url}/count").json["connections"]
    report = output_of(*command)
    after = curl("--insecure", f"{served.url}/count").json["connections"]
    return report, after - before - 1  # the last is curl's own


# wrk and ab


def wrk(url: str) -> tuple[str, ...]:
    # An answer that takes longer than the timeout counts as an error of the socket.
    limits = ("--duration", "2s", "--timeout", "60s")
    return ("wrk", "--threads", "1", "--connections", str(CONNECTIONS), *limits, url)


def ab(url: str, *options: str) -> tuple[str, ...]:
    counts = ("-n", str(REQUESTS), "-c", str(CONNECTIONS))
    return ("ab", "-q", *counts, *options, url)


def finding(report: str, name: str) -> int:
    """Return what ab counted under a name; it leaves out what would be zero."""
    found = re.search(rf"^{name}: +(\d+)", report, re.MULTILINE)
    return int(found[1]) if found else 0


def assert_wrk_is_content(report: str) -> None:
    assert "Socket errors" not in report, report
    assert "Non-2xx" not in report, report
    requests = re.search(r"(\d+) requests in", report)
    assert requests, report
    assert int(requests[1]) > 0, report


def assert_ab_is_content(report: str) -> None:
    assert finding(report, "Complete requests") == REQUESTS, report
    assert finding(report, "Failed requests") == 0, report
    assert finding(report, "Non-2xx responses") == 0, report
    assert finding(report, "Write errors") == 0, report


@pytest.mark.parametrize("path", ["/", "/recommended/"])
def test_wrk_finds_no_fault_with_the_demo(demo_site: Served, path: str) -> None:
    report = output_of(*wrk(demo_site.url + path))

    assert_wrk_is_content(report)


def test_wrk_keeps_its_connections(app: Served) -> None:
    report, connections = connections_during(app, *wrk(f"{app.url}/"))

    assert_wrk_is_content(report)
    assert connections <= CONNECTIONS + 1  # wrk tries the server first


def test_wrk_finds_no_fault_with_tls(tls_app: Served) -> None:
    report, connections = connections_during(tls_app, *wrk(f"{tls_app.url}/"))

    assert_wrk_is_content(report)
    assert connections <= CONNECTIONS + 1


def test_wrk_may_send_requests_before_it_has_the_answers(app: Served, tmp_path: Path) -> None:
    script = tmp_path / "pipeline.lua"
    script.write_text(PIPELINING)

    report = output_of(*wrk(f"{app.url}/"), "--script", str(script))

    assert_wrk_is_content(report)


def test_ab_finds_no_fault_with_the_demo(demo_site: Served) -> None:
    kept = output_of(*ab(f"{demo_site.url}/", "-k"))
    closed = output_of(*ab(f"{demo_site.url}/"))

    for report, keep_alive in ((kept, REQUESTS), (closed, 0)):
        assert_ab_is_content(report)
        assert finding(report, "Keep-Alive requests") == keep_alive


def test_ab_posts_on_connections_that_it_keeps(app: Served, tmp_path: Path) -> None:
    form = tmp_path / "form"
    form.write_text("text=a+b+c+d&width=2")

    post = ("-p", str(form), "-T", "application/x-www-form-urlencoded")
    report = output_of(*ab(f"{app.url}/form", "-k", *post))

    assert_ab_is_content(report)
    assert finding(report, "Keep-Alive requests") == REQUESTS


def test_ab_keeps_its_connections_when_asked_to(app: Served) -> None:
    kept, few = connections_during(app, *ab(f"{app.url}/", "-k"))
    closed, many = connections_during(app, *ab(f"{app.url}/"))

    assert_ab_is_content(kept)
    assert_ab_is_content(closed)
    assert few <= CONNECTIONS
    assert many >= REQUESTS


def test_ab_finds_no_fault_with_answers_of_unknown_length(app: Served) -> None:
    report = output_of(*ab(f"{app.url}/download/2", "-k"))

    assert_ab_is_content(report)
    assert finding(report, "HTML transferred") == REQUESTS * 2 * PIECE


# http.client


def test_a_persistent_connection_serves_every_kind_of_request(app: Served) -> None:
    with closing(http.client.HTTPConnection(app.url.removeprefix("http://"))) as client:
        client.connect()
        local_port = client.sock.getsockname()[1]
        for method, body in (
            ("GET", None),
            ("POST", b"bytes"),
            ("PUT", iter([b"a chunk", b"and another"])),  # goes out in chunks
            ("HEAD", None),
            ("DELETE", None),
        ):
            client.request(method, "/any", body, encode_chunked=True)
            response = client.getresponse()
            data = response.read()

            assert response.status == 200
            assert not data if method == "HEAD" else json.loads(data)["method"] == method
            assert client.sock.getsockname()[1] == local_port


def test_an_answer_in_chunks_leaves_the_connection_usable(app: Served) -> None:
    with closing(http.client.HTTPConnection(app.url.removeprefix("http://"))) as client:
        client.connect()
        local_port = client.sock.getsockname()[1]
        client.request("GET", "/download/3")
        first = client.getresponse()
        size = len(first.read())
        client.request("GET", "/")
        second = client.getresponse().read()

        assert first.getheader("Transfer-Encoding") == "chunked"
        assert size == 3 * PIECE
        assert second == b"Hello, world"
        assert client.sock.getsockname()[1] == local_port


def test_tls_serves_http_client(tls_app: Served, certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    context.load_cert_chain(certificates.client)
    host = tls_app.url.removeprefix("https://")

    with closing(http.client.HTTPSConnection(host, context=context)) as client:
        for body in (b"", b"x" * 1_000_000):
            client.request("POST", "/any", body)
            seen = json.loads(client.getresponse().read())

            assert (seen["protocol"], seen["size"]) == ("https", len(body))
            assert seen["certificate"] is not None


class _OneStream:
    """What HTTPResponse takes for a socket: all responses read from one buffered stream."""

    class _Reader(io.BufferedReader):
        def close(self) -> None:
            """Stay open: the next response is in the buffer already."""

    def __init__(self, sock: socket.socket) -> None:
        self._reader = self._Reader(socket.SocketIO(sock, "r"))

    def makefile(self, *_: Any) -> io.BufferedReader:  # Any: the mode, which is always "rb"
        return self._reader


PIPELINED = [
    ("GET", b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("POST", b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"),
    (
        "PUT",
        b"PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\nbody\r\n3\r\nend\r\n0\r\nX-Trailer: yes\r\n\r\n",
    ),
    ("HEAD", b"HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("GET", b"GET /download/5 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("GET", b"GET /6 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
]


def read_answers(sock: socket.socket, methods: list[str]) -> Iterator[bytes]:
    """Yield the bodies of the answers to pipelined requests."""
    stream = _OneStream(sock)
    for method in methods:
        # HTTPResponse asks for a socket and uses nothing but makefile
        response = http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]
        response.begin()
        assert response.status == 200
        yield response.read()
    assert stream.makefile().read() == b"", "something came after the last answer"


def test_pipelined_requests_are_answered_in_order(app: Served) -> None:
    methods = [method for method, _ in PIPELINED]
    with socket.create_connection(("127.0.0.1", int(str(app.address))), 60) as sock:
        sock.sendall(b"".join(data for _, data in PIPELINED))

        bodies = list(read_answers(sock, methods))

    seen = [json.loads(bodies[index]) for index in (0, 1, 2, 5)]
    assert [report["uri"] for report in seen] == ["/1", "/2", "/3", "/6"]
    assert [report["size"] for report in seen] == [0, 4, 7, 0]
    assert (len(bodies[3]), len(bodies[4])) == (0, 5 * PIECE)


def test_many_pipelined_requests_are_answered_by_the_demo(demo_site: Served) -> None:
    count = 200
    request = b"GET /book/%s HTTP/1.1\r\nHost: a\r\n%s\r\n"
    isbns = [b"978-0-00-000001-0", b"978-0-00-000002-7"] * (count // 2)
    sent = [
        request % (isbn, b"Connection: close\r\n" * (i == count - 1))
        for i, isbn in enumerate(isbns)
    ]
    with socket.create_connection(("127.0.0.1", int(str(demo_site.address))), 60) as sock:
        sock.sendall(b"".join(sent))

        bodies = list(read_answers(sock, ["GET"] * count))

    shown = [re.findall(r"ISBN ([0-9-]+)", body.decode()) for body in bodies]
    assert shown == [[isbn.decode()] for isbn in isbns]


# The end


@pytest.mark.parametrize("loop", LOOPS)
def test_an_upload_that_has_begun_is_answered_before_the_server_ends(
    tmp_path: Path, loop: str
) -> None:
    head = b"POST /any HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    with reporting_app(tmp_path, loop=loop) as served:
        address = ("127.0.0.1", int(str(served.address)))
        with (
            socket.create_connection(address, 60) as idle,
            socket.create_connection(address, 60) as sock,
        ):
            sock.sendall(head)
            interim = sock.recv(PIECE)
            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts_connections(served.address), "it stops to listen")
            sock.sendall(b"body")
            (answer,) = read_answers(sock, ["POST"])
            unasked = idle.recv(PIECE)
        code = served.process.wait(START_DEADLINE)

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert json.loads(answer)["size"] == 4
    assert unasked == b""
    assert code == 0
    assert served.complaints() == ""


# Several processes


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Hold a process while a block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


FORKING = """
import os, sys
from ostro import httpserver, ioloop, process, web

class Who(web.RequestHandler):
    def get(self):
        self.write({"pid": os.getpid(), "task": process.task_id()})

server = httpserver.HTTPServer(web.Application([("/", Who)]))
server.bind(int(sys.argv[1]))
server.start(2)
ioloop.IOLoop.instance().start()
"""


def test_a_server_of_two_processes_answers_with_both_and_ends_as_one(tmp_path: Path) -> None:
    program, port = tmp_path / "program.py", free_port()
    program.write_text(FORKING)
    command = [sys.executable, "-W", "error", str(program), str(port)]

    with running(command, port, tmp_path) as served:
        first = curl(served.url).json
        with stopped(first["pid"]):  # so that the other one has to answer
            second = curl(served.url).json
        with stopped(second["pid"]):
            third = curl(served.url).json
        served.terminate()

    assert {first["task"], second["task"]} == {0, 1}
    assert third == first
    assert served.process.pid not in {first["pid"], second["pid"]}
    for child in (first["pid"], second["pid"]):
        wait_until(partial(is_gone, child), f"process {child} ends")
    assert served.complaints() == ""
