"""HTTPClient: the one that blocks."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    ClientClosedError,
    HTTPClient,
    HTTPClientError,
    HTTPRequest,
    SimpleAsyncHTTPClient,
)
from ostro.ioloop import IOLoop

from .test_client import Canned


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"python"
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The standard library's server, in a thread."""
    server = QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def unwarned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HTTPClient, "_warned", False)


def client_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ostro-http-client"]


def test_a_fetch_blocks_until_the_response_is_there(url: str) -> None:
    client = HTTPClient()
    try:
        response = client.fetch(url)
        assert response.body == b"python"
        assert client.fetch(HTTPRequest(url)).code == 200
    finally:
        client.close()


def test_errors_are_raised(url: str) -> None:
    with HTTPClient() as client:
        with pytest.raises(HTTPClientError) as caught:
            client.fetch(f"{url}/missing")
        assert caught.value.code == 404
        assert client.fetch(f"{url}/missing", raise_error=False).code == 404
        with pytest.raises(ValueError, match="method"):
            client.fetch(url, method="G T")


def test_the_class_that_carries_requests_out_may_be_given(url: str) -> None:
    with HTTPClient(Canned, name="mine") as client:
        assert client.fetch(url).body == b"mine"
    with HTTPClient(SimpleAsyncHTTPClient, max_clients=1) as client:
        assert client.fetch(url).body == b"python"


def test_the_class_that_is_configured_is_the_default(url: str) -> None:
    AsyncHTTPClient.configure(Canned)
    try:
        with HTTPClient() as client:
            assert client.fetch(url).body == b"canned"
    finally:
        AsyncHTTPClient.configure(None)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(TypeError, match="unknown"):
        HTTPClient(unknown=1)


def test_a_closed_client_takes_no_requests(url: str) -> None:
    client = HTTPClient()

    client.close()
    client.close()

    with pytest.raises(ClientClosedError):
        client.fetch(url)
    assert client_threads() == []


def test_a_client_that_is_forgotten_ends_its_thread(url: str) -> None:
    client = HTTPClient()
    client.fetch(url)
    (thread,) = client_threads()

    del client
    gc.collect()

    thread.join(30)
    assert not thread.is_alive()


async def test_inside_a_running_loop_it_works_and_warns_once(
    io_loop: IOLoop, url: str, unwarned: None
) -> None:
    with HTTPClient() as client:
        with pytest.warns(RuntimeWarning, match="blocks the running loop"):
            assert client.fetch(url).body == b"python"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert client.fetch(url).body == b"python"


class Interrupted(BaseException):
    """What a signal raises in the main thread."""


def test_a_fetch_that_is_broken_off_closes_its_connection() -> None:
    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    def interrupt_when_asked() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            signal.pthread_kill(main_thread, signal.SIGUSR1)
            while connection.recv(65536):
                """Until the client closes it."""

    main_thread = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with HTTPClient() as client, socket.create_server(("127.0.0.1", 0)) as server:
            asked = threading.Thread(target=interrupt_when_asked)
            asked.start()
            with pytest.raises(Interrupted):
                client.fetch(f"http://127.0.0.1:{server.getsockname()[1]}/")
            asked.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_callback_may_close_the_client(url: str) -> None:
    client = HTTPClient()

    with contextlib.suppress(ClientClosedError):
        client.fetch(url, streaming_callback=lambda piece: client.close())

    with pytest.raises(ClientClosedError):
        client.fetch(url)
    for thread in client_threads():  # which cannot wait for itself
        thread.join()


def test_a_callback_that_fetches_with_the_client_that_waits_for_it_is_told_so(url: str) -> None:
    with HTTPClient() as client, pytest.raises(RuntimeError, match="wait for itself"):
        client.fetch(url, streaming_callback=lambda piece: client.fetch(url))


def test_a_fetch_ends_when_another_thread_closes_the_client() -> None:
    client = HTTPClient()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_when_asked() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                client.close()

        closing = threading.Thread(target=close_when_asked)
        closing.start()
        with pytest.raises(ClientClosedError, match="during the fetch"):
            client.fetch(f"http://127.0.0.1:{server.getsockname()[1]}/")
        closing.join()

    assert client_threads() == []


def test_a_client_does_not_work_in_a_child_process(url: str) -> None:
    program = f"""
import os
from ostro.httpclient import HTTPClient
client = HTTPClient()
client.fetch({url!r})
child = os.fork()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    client.fetch({url!r})
except RuntimeError as error:
    os._exit(0 if "after the fork" in str(error) else 1)
os._exit(2)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=30)

    assert done.returncode == 0


def test_a_client_whose_thread_has_ended_says_so(url: str) -> None:
    client = HTTPClient()
    (thread,) = client_threads()
    client._thread.end()
    thread.join()

    with pytest.raises(RuntimeError, match="does not run"):
        client.fetch(url)
    client.close()


@pytest.mark.parametrize("wrong", [int, "ostro.httpclient.SimpleAsyncHTTPClient"])
def test_what_is_no_client_cannot_carry_requests_out(wrong: Any) -> None:
    with pytest.raises(TypeError, match="not a subclass of AsyncHTTPClient"):
        HTTPClient(wrong)
