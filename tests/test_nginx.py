"""nginx in front of our servers, as a reverse proxy."""

import hashlib
import http.client
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from packages.ports import free_port

from .conftest import BIG
from .curl import curl, curl_all
from .programs import START_DEADLINE, find, output_of
from .served import (
    Served,
    accepts_connections,
    demo,
    make_certificates,
    reporting_app,
    running,
    wait_until,
)

DRAINED_IN_VAIN = "did not end in"
"""What the demo says when it has waited for a connection as long as it does."""

PIECES = 160
REQUESTS = 60

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 100m;
    client_body_temp_path {folder}/client_body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_certificate {certificates.server_cert}; ssl_certificate_key {certificates.server_key};

    upstream ostro {{ server {upstream} max_fails=0; keepalive 4; }}

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-Ip $remote_addr;
    proxy_set_header X-Scheme $scheme;

    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        location / {{ proxy_pass http://ostro; }}
        location /unbuffered/ {{
            proxy_request_buffering off; proxy_buffering off;
            proxy_pass http://ostro/;
        }}
        location /old/ {{
            proxy_http_version 1.0; proxy_set_header Connection close;
            proxy_pass http://ostro/;
        }}
    }}
}}
"""
"""It runs as one process of whoever runs the tests, and writes to a folder of its own alone."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """A server of ours and the nginx in front of it."""

    server: Served
    nginx: Served
    url: str
    tls_url: str


@contextmanager
def in_front_of(server: Served, folder: Path) -> Iterator[Proxied]:
    """Run nginx as the proxy of a server."""
    address = server.address
    port, tls_port = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(
            folder=folder,
            certificates=make_certificates(folder),
            upstream=f"127.0.0.1:{address}" if isinstance(address, int) else f"unix:{address}",
            port=port,
            tls_port=tls_port,
        )
    )
    command = [find("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(config)]
    with running(command, port, folder) as nginx:
        yield Proxied(server, nginx, nginx.url, f"https://localhost:{tls_port}")


@pytest.fixture(scope="module", params=["port-asyncio", "socket-uvloop"])
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    kind, loop = request.param.split("-")
    folder = tmp_path_factory.mktemp("proxied")
    path = folder / "ostro.sock" if kind == "socket" else None
    with reporting_app(folder, loop=loop, unix_socket=path) as served:
        with in_front_of(served, folder) as proxied:
            yield proxied
        complaints = proxied.nginx.log.read_text()
    assert served.process.returncode == 0
    assert served.complaints() == ""
    assert re.findall(r"^.*\[(?:error|crit|alert)\].*$", complaints, re.MULTILINE) == []


# Who asks


def test_the_application_sees_the_client_and_not_the_proxy(proxied: Proxied) -> None:
    claim = ["--header", "X-Real-Ip: 203.0.113.9", "--header", "X-Scheme: https"]

    seen = curl("--interface", "127.0.0.2", *claim, f"{proxied.url}/who?a=b").json

    assert (seen["remote_ip"], seen["protocol"]) == ("127.0.0.2", "http")
    assert seen["url"] == f"{proxied.url}/who?a=b"


def test_the_application_sees_that_the_proxy_speaks_tls(proxied: Proxied) -> None:
    seen = curl("--insecure", f"{proxied.tls_url}/who").json

    assert seen["protocol"] == "https"
    assert seen["url"] == f"{proxied.tls_url}/who"


# What goes through


@pytest.mark.parametrize("way", ["/", "/unbuffered/", "/old/"])
@pytest.mark.parametrize("framing", ["--http1.1", "--http1.0", "Transfer-Encoding: chunked"])
def test_a_large_upload_goes_through(
    proxied: Proxied, big_file: Path, way: str, framing: str
) -> None:
    option = [framing] if framing.startswith("--") else ["--header", framing]

    answer = curl(*option, "--data-binary", f"@{big_file}", f"{proxied.url}{way}upload")

    assert answer.json["sha256"] == hashlib.sha256(big_file.read_bytes()).hexdigest()
    assert answer.json["version"] == ("HTTP/1.0" if way == "/old/" else "HTTP/1.1")


@pytest.mark.parametrize("way", ["/", "/unbuffered/", "/old/"])
def test_a_large_download_goes_through(proxied: Proxied, way: str) -> None:
    answer = curl(f"{proxied.url}{way}download/{PIECES}")

    expected = bytes(range(256)) * (256 * PIECES)
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(expected).digest()


@pytest.mark.parametrize("way", ["/", "/unbuffered/", "/old/"])
@pytest.mark.parametrize("method", ["HEAD", "DELETE", "PATCH"])
def test_every_method_goes_through(proxied: Proxied, way: str, method: str) -> None:
    how = ["--head"] if method == "HEAD" else ["--request", method]

    answer = curl(*how, f"{proxied.url}{way}any")

    assert answer.status == 200
    assert answer.body == b"" if method == "HEAD" else answer.json["method"] == method


@pytest.mark.parametrize("way", ["/", "/unbuffered/", "/old/"])
def test_a_refusal_of_an_upload_reaches_the_client(
    tmp_path: Path, big_file: Path, way: str
) -> None:
    with (
        reporting_app(tmp_path, f"--max-body-size={BIG - 1}") as served,
        in_front_of(served, tmp_path) as proxied,
    ):
        answer = curl("--data-binary", f"@{big_file}", f"{proxied.url}{way}upload")

    assert answer.status == 413


def test_the_proxy_keeps_its_connections(proxied: Proxied) -> None:
    before = curl(f"{proxied.url}/count").json["connections"]

    answers = curl_all(*([f"{proxied.url}/count"] for _ in range(REQUESTS)))

    assert [answer.status for answer in answers] == [200] * REQUESTS
    assert answers[-1].json["connections"] - before <= 1


def test_clients_in_a_hurry_get_no_error_through_the_proxy(proxied: Proxied) -> None:
    report = output_of(
        "wrk", "-t", "1", "-c", "16", "-d", "1s", "--timeout", "60s", f"{proxied.url}/"
    )

    assert "requests in" in report
    assert "Socket errors" not in report, report
    assert "Non-2xx" not in report, report


# The end


def test_a_server_finishes_its_answers_before_it_ends(tmp_path: Path) -> None:
    with reporting_app(tmp_path) as served, in_front_of(served, tmp_path) as proxied:
        host = proxied.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(host, timeout=60)) as client:
            client.request("GET", "/unbuffered/countdown")
            response = client.getresponse()
            text = b""
            while "5 …".encode() not in text:
                text += response.read1()

            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts_connections(served.address), "it stops to listen")
            meanwhile = curl(proxied.url)
            text += response.read()

        assert meanwhile.status == 502
        assert "1 …" in text.decode()
        assert text.endswith(b"Done.\n")
        assert served.process.wait(START_DEADLINE) == 0
        assert served.complaints() == ""


def test_an_idle_demo_ends_at_once_though_the_proxy_holds_connections(tmp_path: Path) -> None:
    with demo(tmp_path) as served, in_front_of(served, tmp_path) as proxied:
        before = curl(proxied.url)
        code = served.terminate()
        after = curl(proxied.url)

    assert (before.status, after.status) == (200, 502)
    assert code == 0
    assert DRAINED_IN_VAIN not in served.log.read_text()
