"""HTTP/2, which nginx speaks."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.httpclient import HTTPStreamClosedError, MalformedResponseError
from ostro.ioloop import IOLoop

from .support import Certificates, Settings, curl_client, make_certificates, talking

pytestmark = pytest.mark.skipif(
    not pycurl.version_info()[4] & pycurl.VERSION_HTTP2, reason="this libcurl has no HTTP/2"
)

BIG = bytes(range(256)) * 8000

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    server {{
        listen unix:{folder}/nginx.sock ssl http2;
        location /hello {{ return 200 "hello $http_x_name"; }}
        location /moved {{ return 302 /hello; }}
        location / {{ root {folder}; }}
    }}
}}
"""


def speaking_http_2(folder: Path) -> Certificates:
    certificates = make_certificates(folder)
    certificates.server.set_alpn_protocols(["h2"])
    return certificates


def find_nginx() -> str:
    path = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if path is None:
        reason = "nginx is missing: apt-get install nginx-light"
        if os.environ.get("OSTRO_REQUIRE_SERVICES"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def nginx(folder: Path) -> Iterator[Settings]:
    """nginx on a unix socket, and what a request needs to get there."""
    certificates = make_certificates(folder)
    issued = certificates.authority.issue_cert("localhost")
    key, chain = folder / "key.pem", folder / "chain.pem"
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(chain)
    (folder / "big").write_bytes(BIG)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, certificate=chain, key=key))
    command = [find_nginx(), "-e", "stderr", "-p", str(folder), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            while b"nginx/" not in process.stderr.readline():
                assert process.poll() is None
            yield {"unix_socket": f"{folder}/nginx.sock", "ca_certs": certificates.ca_file}
        finally:
            process.terminate()
            process.stderr.read()


async def test_http_2_is_spoken_where_the_server_does(io_loop: IOLoop, tmp_path: Path) -> None:
    lines: list[str] = []
    with nginx(tmp_path) as settings, curl_client() as client:
        response = await client.fetch(
            "https://localhost/hello", headers={"X-Name": "you"}, **settings
        )
        moved = await client.fetch(
            "https://localhost/moved", header_callback=lines.append, **settings
        )

    assert (response.code, response.http_version, response.reason) == (200, "HTTP/2", "OK")
    assert response.body == b"hello you"
    assert response.headers["Content-Length"] == "9"
    assert moved.body == b"hello "
    assert lines[0] == "HTTP/2 200 OK\r\n"


async def test_requests_share_a_connection(io_loop: IOLoop, tmp_path: Path) -> None:
    with nginx(tmp_path) as settings, curl_client(max_clients=20) as client:
        await client.fetch("https://localhost/hello", **settings)
        responses = await asyncio.gather(
            *[client.fetch("https://localhost/big", **settings) for _ in range(20)]
        )
        size = 0
        async with client.stream("https://localhost/big", **settings) as stream:
            async for piece in stream:
                size += len(piece)

    assert size == len(BIG)
    for response in responses:
        assert response.body == BIG
        assert response.time_info["connect"] == 0


# What can go wrong with it


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Spec: RFC 9113 section 4.1."""
    return b"%b%c%c%b%b" % (len(payload).to_bytes(3), kind, flags, stream.to_bytes(4), payload)


SETTINGS = frame(4, 0, 0)
RESET = frame(3, 0, 1, (2).to_bytes(4))


def response(stream: int) -> bytes:
    """The code 200 by its place in the table, and no body. RFC 7541 appendix A."""
    return frame(1, 0b101, stream, b"\x88")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", HTTPStreamClosedError),
        (SETTINGS, HTTPStreamClosedError),
        (SETTINGS + RESET, HTTPStreamClosedError),
        (b"no frame at all", MalformedResponseError),
        (SETTINGS + frame(1, 0b101, 1, b"\xff\xff\xff\xff\xff"), MalformedResponseError),
    ],
    ids=["nothing", "settings", "reset", "garbage", "fields"],
)
async def test_a_server_that_breaks_off_or_breaks_http_2_is_an_error(
    io_loop: IOLoop, tmp_path: Path, answer: bytes, error: type[Exception]
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)

    certificates = speaking_http_2(tmp_path)
    async with talking(talk, certificates.server) as server:
        with curl_client() as client, pytest.raises(error):
            await client.fetch(server.url, ca_certs=certificates.ca_file)

    assert server.connections == 1


@pytest.mark.parametrize(("method", "connections"), [("GET", 2), ("POST", 1)])
async def test_a_dead_connection_is_replaced_where_the_request_may_be_repeated(
    io_loop: IOLoop, tmp_path: Path, method: str, connections: int
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"SM\r\n\r\n")
        writer.write(SETTINGS + response(1))
        while frame(4, 1, 0) not in await reader.read(65536):
            """Until the client has seen the settings, and so the response."""
        await reader.read(65536)

    certificates = speaking_http_2(tmp_path)
    codes = []
    async with talking(talk, certificates.server) as server:
        with curl_client() as client:
            settings: Settings = {"ca_certs": certificates.ca_file}
            await client.fetch(server.url, **settings)
            body = b"a" if method == "POST" else None
            try:
                again = await client.fetch(server.url, method=method, body=body, **settings)
                codes.append(again.code)
            except HTTPStreamClosedError:
                codes.append(599)

    assert codes == ([200] if connections == 2 else [599])
    assert server.connections == connections


async def test_http_2_can_be_declined(io_loop: IOLoop, tmp_path: Path) -> None:
    def decline(curl: pycurl.Curl) -> None:
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)

    with nginx(tmp_path) as settings, curl_client() as client:
        response = await client.fetch(
            "https://localhost/hello", prepare_curl_callback=decline, **settings
        )

    assert response.http_version == "HTTP/1.1"
