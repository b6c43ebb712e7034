"""What is particular to TLS: handshakes, certificates, names, ends."""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from ostro.ioloop import IOLoop
from ostro.iostream import (
    IOStream,
    SSLIOStream,
    StreamBusyError,
    StreamClosedError,
    TLSOptionError,
)
from ostro.iostream._tls import TLSSession

from .support import (
    HOSTNAME,
    Notes,
    authority,
    client_context,
    reset,
    server_context,
    tcp_sockets,
    tls_pair,
    turns,
)


@contextlib.contextmanager
def in_thread(target: Callable[[], None]) -> Iterator[None]:
    """Run Python's own, blocking TLS in a thread, and raise here what it raises."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            target()
        except BaseException as error:  # noqa: BLE001 - passed on below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(30)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


async def join(running: contextlib.AbstractContextManager[None]) -> None:
    await asyncio.to_thread(running.__exit__, None, None, None)


def pair_with(
    io_loop: IOLoop,
    client: ssl.SSLContext,
    server: ssl.SSLContext,
    server_hostname: str | None = HOSTNAME,
) -> tuple[SSLIOStream, SSLIOStream]:
    one, other = tcp_sockets()
    return (
        SSLIOStream(one, io_loop, ssl_options=client, server_hostname=server_hostname),
        SSLIOStream(other, io_loop, ssl_options=server, server_side=True),
    )


def fresh_client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context


def fresh_server_context(certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (certificate or authority().issue_cert(HOSTNAME)).configure_cert(context)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_server_talks_to_the_client_of_python(
    io_loop: IOLoop, version: ssl.TLSVersion
) -> None:
    one, other = tcp_sockets()
    context = fresh_client_context()
    context.minimum_version = context.maximum_version = version

    def client() -> None:
        with context.wrap_socket(one, server_hostname=HOSTNAME) as sock:
            sock.sendall(b"x" * 1_000_000)
            assert sock.recv(100) == b"answer"
            assert sock.recv(100) == b""  # close_notify, or else this raises
            sock.unwrap().close()

    stream = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)
    running = in_thread(client)
    running.__enter__()
    assert await stream.read_bytes(1_000_000) == b"x" * 1_000_000
    await stream.write(b"answer")
    stream.shutdown_write()

    assert await stream.read_until_close() == b""
    assert stream.error is None
    await join(running)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_client_talks_to_the_server_of_python(
    io_loop: IOLoop, version: ssl.TLSVersion
) -> None:
    one, other = tcp_sockets()
    context = fresh_server_context()
    context.minimum_version = context.maximum_version = version

    def server() -> None:
        with context.wrap_socket(other, server_side=True) as sock:
            received = b""
            while len(received) < 1_000_000:
                received += sock.recv(65536)
            sock.sendall(b"answer")
            assert sock.recv(100) == b""

    running = in_thread(server)
    running.__enter__()
    stream = SSLIOStream(one, io_loop, ssl_options=client_context(), server_hostname=HOSTNAME)
    written = stream.write(b"x" * 1_000_000)
    assert await stream.read_bytes(6) == b"answer"
    await written
    stream.close()

    await join(running)


async def test_the_handshake_is_awaited_by_many(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    first, second = server.wait_for_handshake(), server.wait_for_handshake()
    cancelled = server.wait_for_handshake()
    cancelled.cancel()

    assert await client.wait_for_handshake() is client
    assert await first is server
    assert await second is server
    assert (await server.wait_for_handshake()) is server
    client.close()
    server.close()


async def test_a_handshake_in_single_bytes(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    relay_one, relay_other = (IOStream(sock, io_loop) for sock in tcp_sockets())
    server = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)
    near = SSLIOStream(
        relay_one.socket, io_loop, ssl_options=client_context(), server_hostname=HOSTNAME
    )
    far = IOStream(one, io_loop)

    async def copy(source: IOStream, target: IOStream) -> None:
        with contextlib.suppress(StreamClosedError):
            while True:
                await target.write(await source.read_bytes(1, partial=True))

    copying = [
        asyncio.ensure_future(copy(relay_other, far)),
        asyncio.ensure_future(copy(far, relay_other)),
    ]
    await near.write(b"question")
    assert await server.read_bytes(8) == b"question"
    await server.write(b"answer")
    assert await near.read_bytes(6) == b"answer"

    for stream in (near, server, far, relay_other):
        stream.close()
    await asyncio.gather(*copying)


async def test_a_receiver_may_close_the_stream_when_the_handshake_has_let_its_data_out(
    io_loop: IOLoop,
) -> None:
    client, server = tls_pair(io_loop)

    class Closing(Notes):
        def drained(self) -> None:
            super().drained()
            client.close()

    client.set_receiver(Closing())
    client.write(b"all")

    assert await server.read_until_close() == b"all"
    assert client.closed()


async def test_alpn_protocol_is_agreed_upon(io_loop: IOLoop) -> None:
    client_side, server_side = fresh_client_context(), fresh_server_context()
    client_side.set_alpn_protocols(["h2", "http/1.1"])
    server_side.set_alpn_protocols(["http/1.1"])
    client, server = pair_with(io_loop, client_side, server_side)

    await client.wait_for_handshake()
    await server.wait_for_handshake()

    assert client.selected_alpn_protocol() == "http/1.1"
    assert server.selected_alpn_protocol() == "http/1.1"
    client.close()
    server.close()


async def test_the_client_names_the_host_it_wants(io_loop: IOLoop) -> None:
    asked: list[str | None] = []
    server_side = fresh_server_context()

    def on_name(connection: object, name: str | None, context: ssl.SSLContext) -> None:
        asked.append(name)

    server_side.sni_callback = on_name
    client, server = pair_with(io_loop, client_context(), server_side)

    await client.wait_for_handshake()

    assert asked == [HOSTNAME]
    client.close()
    server.close()


async def test_the_certificate_of_the_server_is_shown(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    await client.wait_for_handshake()
    await server.wait_for_handshake()
    binary = True

    certificate = client.get_ssl_certificate()

    assert certificate is not None
    assert ("DNS", HOSTNAME) in certificate["subjectAltName"]  # type: ignore[operator]  # a tuple
    assert isinstance(client.get_ssl_certificate(binary), bytes)
    assert isinstance(client.get_ssl_certificate(True), bytes)
    assert server.get_ssl_certificate() is None
    client.close()
    server.close()


async def test_a_client_certificate_reaches_the_server(io_loop: IOLoop, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(ca_file)
    certificate = authority().issue_cert("client@example.org", common_name="a client")
    client_file = tmp_path / "client.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(client_file)
    server_file = tmp_path / "server.pem"
    authority().issue_cert(HOSTNAME).private_key_and_cert_chain_pem.write_to_path(server_file)
    one, other = tcp_sockets()

    server = SSLIOStream(
        other,
        io_loop,
        ssl_options={
            "certfile": server_file,
            "ca_certs": str(ca_file),
            "cert_reqs": ssl.CERT_REQUIRED,
        },
        server_side=True,
    )
    client = SSLIOStream(
        one,
        io_loop,
        ssl_options={"certfile": str(client_file), "ca_certs": str(ca_file)},
        server_hostname=HOSTNAME,
    )
    await server.wait_for_handshake()

    shown = server.get_ssl_certificate()
    assert shown is not None
    assert ((("commonName", "a client"),)) in shown["subject"]  # type: ignore[operator]  # a tuple
    client.close()
    server.close()


async def test_a_missing_client_certificate_fails_the_handshake(io_loop: IOLoop) -> None:
    server_side = fresh_server_context()
    authority().configure_trust(server_side)
    server_side.verify_mode = ssl.CERT_REQUIRED
    client, server = pair_with(io_loop, client_context(), server_side)

    with pytest.raises(StreamClosedError) as caught:
        await server.wait_for_handshake()
    with pytest.raises(StreamClosedError) as told:
        await client.read_bytes(1)

    assert isinstance(caught.value.real_error, ssl.SSLError)
    assert isinstance(told.value.real_error, ssl.SSLError)  # the alert of the server
    assert "certificate required" in str(told.value).replace("_", " ").lower()


@pytest.mark.parametrize("flaw", ["name", "authority"])
async def test_a_bad_certificate_is_refused_and_logged_once(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, flaw: str
) -> None:
    certificate = trustme.CA().issue_cert(HOSTNAME) if flaw == "authority" else None
    closed = asyncio.Event()

    with caplog.at_level(logging.INFO, "ostro.general"):
        client, server = pair_with(
            io_loop,
            client_context(),
            fresh_server_context(certificate),
            HOSTNAME if flaw == "authority" else "other.example",
        )
        client.set_close_callback(closed.set)
        server_side = server.wait_for_handshake()
        server.wait_for_handshake().cancel()
        with pytest.raises(StreamClosedError) as caught:
            await client.wait_for_handshake()
        with pytest.raises(StreamClosedError):
            await server_side
        await closed.wait()

    assert isinstance(caught.value.real_error, ssl.SSLCertVerificationError)
    assert client.error is caught.value.real_error
    assert isinstance(server.error, ssl.SSLError)  # it has been told
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
    with pytest.raises(StreamClosedError):
        await client.wait_for_handshake()


async def test_a_client_without_options_verifies_certificates(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    client = SSLIOStream(one, io_loop, server_hostname=HOSTNAME)
    server = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)

    with pytest.raises(StreamClosedError) as caught:
        await client.wait_for_handshake()

    assert isinstance(caught.value.real_error, ssl.SSLCertVerificationError)
    server.close()


def test_a_client_that_verifies_names_must_be_told_one(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()

    with one, other, pytest.raises(ValueError, match="hostname"):
        SSLIOStream(one, io_loop, ssl_options=client_context())


def test_a_server_needs_a_certificate(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()

    with one, other, pytest.raises(TLSOptionError, match="certfile"):
        SSLIOStream(one, io_loop, server_side=True)


async def test_something_else_than_tls_fails_the_handshake(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    server = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)
    notes = Notes()
    server.set_receiver(notes)

    one.sendall(b"GET / HTTP/1.1\r\nHost: plain\r\n\r\n")
    await notes.until("lost")

    assert notes.events == ["lost"]
    assert isinstance(notes.errors[0], ssl.SSLError)
    one.close()


@pytest.mark.parametrize("how", ["end", "reset"])
async def test_a_peer_that_leaves_during_the_handshake(io_loop: IOLoop, how: str) -> None:
    one, other = tcp_sockets()
    server = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)

    if how == "end":
        one.close()
    else:
        reset(one)

    with pytest.raises(StreamClosedError) as caught:
        await server.wait_for_handshake()
    assert isinstance(caught.value.real_error, OSError)


async def test_the_client_finds_the_connection_broken_at_its_hello(io_loop: IOLoop) -> None:
    one, other = socket.socketpair()
    other.close()

    client = SSLIOStream(one, io_loop, ssl_options=client_context(), server_hostname=HOSTNAME)

    with pytest.raises(StreamClosedError):
        await client.wait_for_handshake()


class RawPeer:
    """The other end of a TLS connection by hand, with a kernel that takes nothing at first."""

    def __init__(self, io_loop: IOLoop) -> None:
        self.sock, other = socket.socketpair()
        other.setblocking(False)
        self.junk = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.junk += other.send(b"j" * 4096)
        self.sock.setblocking(False)
        self.session = TLSSession(client_context(), False, HOSTNAME)
        self.stream = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)

    async def make_room(self) -> None:
        """Read all that the stream has not written itself."""
        while self.junk:
            self.junk -= len(self.sock.recv(min(self.junk, 65536)))

    async def receive(self) -> bytes:
        while True:
            with contextlib.suppress(BlockingIOError):
                return self.sock.recv(65536)
            await turns(1)

    async def handshake(self) -> None:
        received: bytes | None = None
        while not self.session.handshake(received):
            self.sock.send(self.session.take_outgoing())
            received = await self.receive()
        self.sock.send(self.session.take_outgoing())

    def block(self) -> None:
        """Let the kernel take nothing again."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.junk += self.stream.socket.send(b"j" * 4096)


async def test_a_handshake_waits_until_the_kernel_takes_its_records(io_loop: IOLoop) -> None:
    peer = RawPeer(io_loop)
    peer.session.handshake(None)
    peer.sock.send(peer.session.take_outgoing())
    await turns()
    assert peer.stream.write_buffer_size > 0

    await peer.make_room()
    while not peer.session.handshake(await peer.receive()):
        await turns(1)
    peer.sock.send(peer.session.take_outgoing())

    assert await peer.stream.wait_for_handshake() is peer.stream
    peer.stream.close()
    peer.sock.close()


async def test_what_follows_a_handshake_waits_for_its_last_records(io_loop: IOLoop) -> None:
    peer = RawPeer(io_loop)
    await peer.make_room()
    await peer.handshake()
    peer.block()
    await peer.stream.wait_for_handshake()
    assert peer.stream.write_buffer_size > 0  # the tickets

    written = peer.stream.write(b"data" * 250_000)
    peer.stream.shutdown_write()
    peer.stream._on_writable()  # woken up for nothing
    assert not written.done()
    await peer.make_room()
    data = b""
    while not peer.session.ended:
        data += peer.session.decrypt(await peer.receive())

    await written
    assert data == b"data" * 250_000
    peer.stream.close()
    peer.sock.close()


async def test_a_write_has_ended_when_it_has_left_though_later_ones_wait(io_loop: IOLoop) -> None:
    peer = RawPeer(io_loop)
    await peer.make_room()
    await peer.handshake()
    peer.block()
    await peer.stream.wait_for_handshake()
    first = peer.stream.write(b"first")
    later = [peer.stream.write(bytes(60_000)) for _ in range(20)]  # more than the kernel takes
    assert not first.done()

    await peer.make_room()
    data = b""
    while b"first" not in data:
        data += peer.session.decrypt(await peer.receive())

    await first
    assert not later[-1].done()
    peer.stream.close()
    peer.sock.close()


async def test_the_announcement_of_the_end_waits_for_the_kernel(io_loop: IOLoop) -> None:
    peer = RawPeer(io_loop)
    await peer.make_room()
    await peer.handshake()
    peer.block()
    await peer.stream.wait_for_handshake()

    peer.stream.shutdown_write()
    await turns()
    await peer.make_room()
    while not peer.session.ended:
        peer.session.decrypt(await peer.receive())

    assert not peer.stream.closed()  # the alert says it all, and the socket is still whole
    peer.stream.close()
    peer.sock.close()


async def test_the_alert_to_a_broken_record_may_find_nobody(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    await client.wait_for_handshake()
    await server.wait_for_handshake()
    client.socket.send(b"\x17\x03\x03\x00\x20" + bytes(32))
    reset(client.socket)

    with pytest.raises(StreamClosedError):
        await server.read_bytes(1)

    assert isinstance(server.error, OSError)
    client.close()


async def test_an_end_without_announcement_is_an_end(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()

    def client() -> None:
        sock = fresh_client_context().wrap_socket(one, server_hostname=HOSTNAME)
        sock.sendall(b"truncated?")
        sock.shutdown(socket.SHUT_RDWR)  # no close_notify
        sock.close()

    server = SSLIOStream(other, io_loop, ssl_options=server_context(), server_side=True)
    running = in_thread(client)
    running.__enter__()

    assert await server.read_until_close() == b"truncated?"
    assert server.error is None
    await join(running)


async def test_a_broken_record_closes_the_stream_after_the_sound_ones(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    await client.wait_for_handshake()
    await server.wait_for_handshake()
    notes = Notes()
    server.set_receiver(notes)

    client.write(b"sound")
    client.socket.send(b"\x17\x03\x03\x00\x20" + bytes(32))
    await notes.until("lost")

    assert notes.data == b"sound"
    assert isinstance(notes.errors[0], ssl.SSLError)
    client.close()


async def test_data_behind_a_broken_record_is_not_written_for(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    await client.wait_for_handshake()
    await server.wait_for_handshake()
    client.socket.send(b"\x17\x03\x03\x00\x20" + bytes(32))

    with pytest.raises(StreamClosedError) as caught:
        await server.read_bytes(1)

    assert isinstance(caught.value.real_error, ssl.SSLError)
    with pytest.raises(StreamClosedError):
        server.write(b"x")
    client.close()


async def test_unsent_data_is_not_announced_as_the_end(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    client = SSLIOStream(one, io_loop, ssl_options=client_context(), server_hostname=HOSTNAME)
    results: list[object] = []

    def server() -> None:
        context = fresh_server_context()
        sock = context.wrap_socket(other, server_side=True, suppress_ragged_eofs=False)
        with sock:
            try:
                while sock.recv(65536):
                    pass
            except OSError as error:
                results.append(error)

    running = in_thread(server)
    running.__enter__()
    await client.wait_for_handshake()
    client.write(b"x" * 50_000_000)

    client.close()

    await join(running)
    assert len(results) == 1


def test_a_wrapped_socket_is_taken_over(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    wrapped_client = client_context().wrap_socket(
        one, server_hostname=HOSTNAME, do_handshake_on_connect=False
    )
    wrapped_server = server_context().wrap_socket(
        other, server_side=True, do_handshake_on_connect=False
    )
    client = SSLIOStream(wrapped_client, io_loop)
    server = SSLIOStream(wrapped_server, io_loop)

    async def talk() -> None:
        client.write(b"question")
        assert await server.read_bytes(8) == b"question"

    io_loop.run_sync(talk, timeout=30)
    client.close()
    server.close()


def test_the_settings_of_a_wrapped_socket_can_be_replaced(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    wrapped = fresh_server_context().wrap_socket(
        other, server_side=True, do_handshake_on_connect=False
    )
    lenient = fresh_client_context()
    lenient.check_hostname = False
    unnamed = lenient.wrap_socket(one, do_handshake_on_connect=False)
    server = SSLIOStream(wrapped, io_loop, ssl_options=server_context())
    client = SSLIOStream(unnamed, io_loop, server_hostname=HOSTNAME)

    io_loop.run_sync(client.wait_for_handshake, timeout=30)

    client.close()
    server.close()


def test_a_socket_with_its_handshake_behind_it_is_refused(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    wrapped: list[ssl.SSLSocket] = []

    def server() -> None:
        wrapped.append(server_context().wrap_socket(other, server_side=True))

    with in_thread(server):
        client = client_context().wrap_socket(one, server_hostname=HOSTNAME)

    with client, wrapped[0], pytest.raises(StreamBusyError, match="do_handshake_on_connect"):
        SSLIOStream(client, io_loop)


async def test_keys_are_updated_without_disturbance(io_loop: IOLoop) -> None:
    """An unusual record of TLS 1.3 in between: the tickets that a server sends on its own."""
    server_side = fresh_server_context()
    server_side.num_tickets = 5
    client, server = pair_with(io_loop, client_context(), server_side)
    await client.wait_for_handshake()
    await server.wait_for_handshake()
    await turns()

    await server.write(b"after the tickets")

    assert await client.read_bytes(17) == b"after the tickets"
    client.close()
    server.close()
