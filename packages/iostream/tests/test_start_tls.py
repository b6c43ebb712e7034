"""Going over to TLS in the middle of a conversation, on either side."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import (
    IOStream,
    SSLIOStream,
    StreamBusyError,
    StreamClosedError,
    TLSOptionError,
)

from .support import (
    HOSTNAME,
    Notes,
    client_context,
    plain_pair,
    server_context,
    tcp_sockets,
    turns,
)


@pytest.fixture
def pair(io_loop: IOLoop) -> Iterator[tuple[IOStream, IOStream]]:
    client, server = plain_pair(io_loop)
    yield client, server
    client.close()
    server.close()


async def test_both_sides_go_over_in_the_middle_of_a_conversation(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    await client.write(b"STARTTLS\r\n")
    assert await server.read_until(b"\r\n") == b"STARTTLS\r\n"
    await server.write(b"220 go ahead\r\n")
    assert await client.read_until(b"\r\n") == b"220 go ahead\r\n"

    upgrading = server.start_tls(True, server_context())
    secure_client = await client.start_tls(False, client_context(), HOSTNAME)
    secure_server = await upgrading

    assert isinstance(secure_client, SSLIOStream)
    assert client.closed()
    await secure_client.write(b"secret")
    assert await secure_server.read_bytes(6) == b"secret"
    secure_client.close()
    secure_server.close()


async def test_as_a_server_for_the_client_of_python(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    server = IOStream(other, io_loop)

    def client() -> bytes:
        one.sendall(b"STARTTLS\r\n")
        assert one.recv(100) == b"220\r\n"
        with client_context().wrap_socket(one, server_hostname=HOSTNAME) as sock:
            sock.sendall(b"secret")
            return sock.recv(100)

    talking = asyncio.ensure_future(asyncio.to_thread(client))
    await server.read_until(b"\r\n")
    await server.write(b"220\r\n")
    stream = await server.start_tls(True, server_context())
    assert await stream.read_bytes(6) == b"secret"
    await stream.write(b"answer")

    assert await talking == b"answer"
    stream.close()


async def test_as_a_client_of_the_server_of_python(io_loop: IOLoop) -> None:
    one, other = tcp_sockets()
    client = IOStream(one, io_loop)

    def server() -> bytes:
        assert other.recv(100) == b"STARTTLS\r\n"
        other.sendall(b"220\r\n")
        with server_context().wrap_socket(other, server_side=True) as sock:
            received = sock.recv(100)
            sock.sendall(b"answer")
            return received

    talking = asyncio.ensure_future(asyncio.to_thread(server))
    await client.write(b"STARTTLS\r\n")
    await client.read_until(b"\r\n")
    stream = await client.start_tls(False, client_context(), HOSTNAME)
    await stream.write(b"secret")

    assert await stream.read_bytes(6) == b"answer"
    assert await talking == b"secret"
    stream.close()


async def test_the_close_callback_goes_over(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    closed = asyncio.Event()
    calls: list[str] = []

    def on_close() -> None:
        calls.append("closed")
        closed.set()

    server.set_close_callback(on_close)

    upgrading = server.start_tls(True, server_context())
    secure_client = await client.start_tls(False, client_context(), HOSTNAME)
    await upgrading
    assert calls == []
    secure_client.close()

    await closed.wait()
    await turns()
    assert calls == ["closed"]


async def test_a_receiver_is_left_behind_without_a_word(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    notes = Notes()
    server.set_receiver(notes)

    upgrading = server.start_tls(True, server_context())
    secure_client = await client.start_tls(False, client_context(), HOSTNAME)
    secure_server = await upgrading
    secure_client.close()
    secure_server.close()
    await turns()

    assert notes.events == []


async def test_bytes_sent_before_tls_began_are_refused(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    await client.write(b"STARTTLS\r\nRCPT TO:<injected>\r\n")
    assert await server.read_until(b"\r\n") == b"STARTTLS\r\n"

    with pytest.raises(StreamBusyError, match="20 bytes of the peer came before TLS"):
        server.start_tls(True, server_context())


async def test_bytes_in_the_kernel_do_not_pass_for_tls(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    await client.write(b"RCPT TO:<injected>\r\n")

    with pytest.raises(StreamClosedError) as caught:
        await server.start_tls(True, server_context())

    assert isinstance(caught.value.real_error, ssl.SSLError)


@pytest.mark.parametrize("obstacle", ["read", "write", "ended", "eof", "closed", "connecting"])
async def test_a_stream_that_is_not_idle_is_refused(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream], obstacle: str
) -> None:
    client, server = pair
    if obstacle == "read":
        server.read_bytes(1)
    elif obstacle == "write":
        server.write(b"x" * 50_000_000)
    elif obstacle == "ended":
        server.shutdown_write()
    elif obstacle == "eof":
        notes = Notes()
        server.set_receiver(notes)
        client.close()
        await notes.until("eof")
    elif obstacle == "closed":
        server.close()
    else:
        server = IOStream(socket.socket(), io_loop)
        server.connect(("127.0.0.1", 1))

    with pytest.raises((StreamBusyError, StreamClosedError)):
        server.start_tls(True, server_context())

    server.close()


async def test_a_tls_stream_is_refused(io_loop: IOLoop, pair: tuple[IOStream, IOStream]) -> None:
    client, server = pair
    upgrading = server.start_tls(True, server_context())
    secure = await client.start_tls(False, client_context(), HOSTNAME)

    with pytest.raises(StreamBusyError, match="TLS"):
        secure.start_tls(False, client_context(), HOSTNAME)

    secure.close()
    (await upgrading).close()


async def test_unusable_settings_leave_the_stream_as_it_was(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    closed = asyncio.Event()
    server.set_close_callback(closed.set)

    with pytest.raises(TLSOptionError):
        server.start_tls(True, {"certificate": "no such option"})
    with pytest.raises(ValueError, match="server_hostname"):
        client.start_tls(False, client_context())

    await client.write(b"still here")
    assert await server.read_bytes(10) == b"still here"
    client.close()
    await closed.wait()


async def test_a_cancelled_read_is_no_obstacle(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    server.read_bytes(1).cancel()

    upgrading = server.start_tls(True, server_context())
    secure = await client.start_tls(False, client_context(), HOSTNAME)

    with contextlib.closing(secure), contextlib.closing(await upgrading):
        assert not secure.closed()


async def test_to_cancel_the_handshake_is_to_close_the_connection(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair
    closed = asyncio.Event()
    client.set_close_callback(closed.set)

    upgrading = client.start_tls(False, client_context(), HOSTNAME)  # the server says nothing
    upgrading.cancel()

    await closed.wait()
    assert client.socket.fileno() == -1
    assert await server.read_until_close()  # the first words of the client, and the end


async def test_a_failed_handshake_fails_the_future(
    io_loop: IOLoop, pair: tuple[IOStream, IOStream]
) -> None:
    client, server = pair

    upgrading = server.start_tls(True, server_context())
    with pytest.raises(StreamClosedError) as caught:
        await client.start_tls(False, client_context(), "other.example")
    with pytest.raises(StreamClosedError):
        await upgrading

    assert isinstance(caught.value.real_error, ssl.SSLCertVerificationError)
