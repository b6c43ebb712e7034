"""TLS settings of the simple client, and handshakes that are broken off."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    HTTPRequest,
    HTTPTLSError,
)
from ostro.httpclient._connector import _close_result
from ostro.ioloop import IOLoop
from ostro.iostream import SSLIOStream
from ostro.netutil import TCPClient

from .conformance.clock import until
from .conformance.fixtures import MakeClient, MakeRaw
from .conformance.servers import OK, Authority, Peer, Site, answers
from .support import simple


async def test_an_ssl_context_is_used_as_it_is(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    context = ssl.create_default_context(cafile=certificates.file)

    for _ in range(2):
        response = await client.fetch(f"{tls_site.url}/echo", ssl_options=context)
        assert response.code == 200

    assert len(simple(client).pool) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"ssl_options": {"unknown": 1}}, ValueError),
        ({"ca_certs": "/nowhere/ca.pem"}, OSError),
        ({"client_key": "/nowhere/key.pem"}, ValueError),
        ({"client_cert": "/nowhere/cert.pem"}, OSError),
    ],
)
async def test_tls_settings_that_make_no_sense_are_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await client.fetch("https://localhost/", **options)


async def test_a_file_of_certificates_that_was_replaced_is_read_again(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    tls_site: Site,
    certificates: Authority,
    tmp_path: Any,
) -> None:
    file = tmp_path / "ca.pem"
    other = Authority(tmp_path)  # writes its own to the same place
    with pytest.raises(HTTPTLSError):
        await client.fetch(f"{tls_site.url}/echo", ca_certs=other.file)

    shutil.copy(certificates.file, file)
    os.utime(file, (0, 0))  # a moment later, it may have the time that it had

    assert (await client.fetch(f"{tls_site.url}/echo", ca_certs=str(file))).code == 200


async def test_a_name_with_a_dot_at_its_end_is_verified_without_it(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw, certificates: Authority
) -> None:
    client = make_client(hostname_mapping={"localhost.": "127.0.0.1"})
    server = await raw(answers(OK), tls=certificates.server_context())

    response = await client.fetch(f"https://localhost.:{server.port}/", ca_certs=certificates.file)

    assert response.body == b"ok"


async def test_a_handshake_that_is_cancelled_frees_its_socket(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    hello = asyncio.Event()

    async def listen(peer: Peer) -> None:
        await peer.reader.read(1)
        hello.set()
        await peer.gone()

    server = await raw(listen)
    fetch = client.fetch(f"https://localhost:{server.port}/")
    await hello.wait()

    fetch.cancel()

    await server.all_gone()


async def test_a_handshake_that_ends_with_its_cancellation_frees_its_socket(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site
) -> None:
    for turns in range(40):
        fetch = client.fetch(f"{tls_site.url}/echo", validate_cert=False)
        for _ in range(turns):
            await asyncio.sleep(0)
        fetch.cancel()
        await asyncio.wait([fetch])

    client.close()
    await until(lambda: not tls_site.open_connections)


async def test_a_handshake_that_was_done_before_its_cancellation_is_closed(
    io_loop: IOLoop, tls_site: Site
) -> None:
    stream = await TCPClient().connect(
        "localhost", tls_site.port, ssl_options={"cert_reqs": ssl.CERT_NONE}
    )
    assert isinstance(stream, SSLIOStream)
    handshake: asyncio.Future[SSLIOStream] = asyncio.Future()
    handshake.set_result(stream)

    _close_result(handshake)

    assert stream.closed()


async def test_connecting_to_a_unix_socket_may_be_cancelled(
    io_loop: IOLoop, client: AsyncHTTPClient, tmp_path: Any
) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        for turns in range(3):
            fetch = client.fetch("http://a/", unix_socket=path)
            for _ in range(turns):
                await asyncio.sleep(0)
            fetch.cancel()
            await asyncio.wait([fetch])
            assert fetch.cancelled()


@pytest.mark.parametrize("option", ["ca_certs", "client_cert"])
async def test_a_file_that_is_not_there_is_named(
    io_loop: IOLoop, client: AsyncHTTPClient, option: str
) -> None:
    request = HTTPRequest("https://localhost:1/")
    setattr(request, option, "/no/such/file.pem")

    with pytest.raises(FileNotFoundError, match=r"/no/such/file\.pem"):
        await client.fetch(request)


@pytest.mark.parametrize("option", ["ca_certs", "client_cert"])
async def test_a_file_that_holds_something_else_is_named(
    io_loop: IOLoop, client: AsyncHTTPClient, tmp_path: Path, option: str
) -> None:
    (tmp_path / "notes.pem").write_text("not a certificate")
    request = HTTPRequest("https://localhost:1/")
    setattr(request, option, str(tmp_path / "notes.pem"))

    with pytest.raises(ssl.SSLError, match=r"(ca_certs|certfile) '.*notes\.pem'"):
        await client.fetch(request)
