"""HTTP over TLS, over real sockets: certificates, handshakes that fail or never come, the end."""

import asyncio
import functools
import socket
import ssl
import tempfile
from pathlib import Path

import pytest
import trustme

from ostro.httpserver import HTTPRequest, HTTPServer
from ostro.httputil import HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop
from packages.clocks import FakeClock

from .support import GET, OK, Recorder, Request, connected, logged, respond, serving

GOODBYE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


@functools.cache
def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context


def asking_context() -> ssl.SSLContext:
    """A server's settings that demand a certificate from the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    authority().configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_requests_over_tls_say_so(io_loop: IOLoop) -> None:
    app = Recorder()
    async with (
        serving(HTTPServer(app, ssl_options=server_context())) as port,
        connected(port, ssl=client_context()) as client,
    ):
        for _ in range(2):
            client.writer.write(GET)
            assert (await client.response()).body == b"/"

    [context, _] = [connection.context for connection in app.connections]
    assert context.protocol == "https"
    assert context.secure
    assert context.remote_ip == "127.0.0.1"
    assert app.connections[0].get_ssl_certificate() is None


async def test_the_documented_options_serve_tls_with_client_certificates(io_loop: IOLoop) -> None:
    seen: list[object] = []

    def callback(request: HTTPRequest) -> None:
        seen.append(request.get_ssl_certificate())
        seen.append(request.get_ssl_certificate(binary_form=True))
        request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        request.finish()

    with tempfile.TemporaryDirectory() as folder:
        cert, key, ca = (str(Path(folder) / name) for name in ("cert", "key", "ca"))
        issued = authority().issue_cert("127.0.0.1")
        issued.cert_chain_pems[0].write_to_path(cert)
        issued.private_key_pem.write_to_path(key)
        authority().cert_pem.write_to_path(ca)
        server = HTTPServer(
            callback,
            ssl_options={
                "certfile": cert,
                "keyfile": key,
                "cert_reqs": ssl.CERT_REQUIRED,
                "ca_certs": ca,
            },
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    authority().issue_cert("someone@client.example").configure_cert(context)

    async with serving(server) as port, connected(port, ssl=context) as client:
        client.writer.write(GET)
        assert (await client.response()).status == 200

    [certificate, der] = seen
    assert isinstance(certificate, dict)
    assert certificate["subjectAltName"] == (("email", "someone@client.example"),)
    assert isinstance(der, bytes)


async def test_a_client_without_the_certificate_that_is_asked_for_is_not_served(
    io_loop: IOLoop,
) -> None:
    app = Recorder()
    with logged("ostro.general"):
        async with (
            serving(HTTPServer(app, ssl_options=asking_context())) as port,
            connected(port, ssl=client_context()) as client,
        ):
            client.writer.write(GET)
            with pytest.raises(OSError, match=r"CERTIFICATE|certificate|reset"):
                await client.reader.readexactly(1)

    assert app.requests == []


def fetch(port: int) -> tuple[int, bytes]:
    """Ask with a blocking client, which insists on a proper end; return size and last bytes."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        client_context().wrap_socket(
            plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as secure,
    ):
        secure.sendall(GOODBYE)
        size, last = 0, b""
        while data := secure.recv(65536):
            size += len(data)
            last = data
        return size, last


@pytest.mark.parametrize("no_keep_alive", [True, False])
async def test_a_long_answer_over_tls_comes_whole_and_is_ended_properly(
    no_keep_alive: bool, io_loop: IOLoop
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn, b"x" * 3_000_000 + b"end")

    server = HTTPServer(
        Recorder(answer), no_keep_alive, ssl_options=server_context(), clock=FakeClock()
    )
    async with serving(server) as port:
        loop = asyncio.get_running_loop()
        size, last = await loop.run_in_executor(None, fetch, port)

    assert size > 3_000_000
    assert last.endswith(b"end")


@pytest.mark.parametrize("no_keep_alive", [True, False])
async def test_a_client_that_is_behind_with_reading_gets_all_over_tls(
    no_keep_alive: bool, io_loop: IOLoop
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn, b"x" * 3_000_000 + b"end")

    server = HTTPServer(
        Recorder(answer), no_keep_alive, ssl_options=server_context(), clock=FakeClock()
    )
    async with (
        serving(server) as port,
        connected(port, ssl=client_context()) as client,
    ):
        client.writer.write(GOODBYE)

        assert (await client.rest()).endswith(b"xend")


async def test_an_answer_that_breaks_off_has_no_proper_end_over_tls(io_loop: IOLoop) -> None:
    def break_off(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders(), b"half")
        conn.close()

    server = HTTPServer(Recorder(break_off), ssl_options=server_context())
    async with serving(server) as port, connected(port, ssl=client_context()) as client:
        client.writer.write(b"GET / HTTP/1.0\r\n\r\n")

        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_plain_http_on_a_tls_port_is_closed_and_no_more(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app, ssl_options=server_context())
    with logged("ostro.general") as lines:
        async with serving(server) as port, connected(port) as client:
            client.writer.write(GET)
            await client.rest()

    assert app.requests == []
    assert len(lines) == 1


async def test_a_handshake_that_never_comes_is_not_waited_for(io_loop: IOLoop) -> None:
    clock = FakeClock()
    server = HTTPServer(
        Recorder(),
        ssl_options=server_context(),
        clock=clock,
        sweep_interval=0.01,
        header_timeout=10,
    )
    async with serving(server) as port, connected(port) as client:
        while not server.connection_count:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        clock.now += 11

        assert await client.rest() == b""

        assert server.connection_count == 0


async def test_a_refused_tls_connection_is_closed_without_a_handshake(io_loop: IOLoop) -> None:
    server = HTTPServer(Recorder(), ssl_options=server_context(), max_connections=1)
    with logged("ostro.general"):
        async with (
            serving(server) as port,
            connected(port, ssl=client_context()) as first,
        ):
            with pytest.raises(OSError):
                async with connected(port, ssl=client_context()):
                    pass
            first.writer.write(GET)
            assert (await first.response()).status == 200
