"""Connecting: success, failure, and what may be done before either."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostro.ioloop import COMPLETED, IOLoop
from ostro.iostream import IOStream, SSLIOStream, StreamBusyError, StreamClosedError

from .support import Notes, client_context, server_context, turns


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def stream(io_loop: IOLoop) -> Iterator[IOStream]:
    made = IOStream(socket.socket(), io_loop)
    yield made
    made.close()


@pytest.fixture
def refusing() -> Iterator[tuple[str, int]]:
    """An address where nobody listens, held so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()


def accept(server: socket.socket, io_loop: IOLoop) -> IOStream:
    return IOStream(server.accept()[0], io_loop)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_connect_gives_the_stream(
    io_loop: IOLoop, server: socket.socket, stream: IOStream, host: str
) -> None:
    assert await stream.connect((host, server.getsockname()[1])) is stream

    accepted = accept(server, io_loop)
    await accepted.write(b"welcome")
    assert await stream.read_bytes(7) == b"welcome"
    accepted.close()


async def test_an_empty_host_is_this_one(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    assert await stream.connect(("", server.getsockname()[1])) is stream


async def test_connect_callback_is_called_without_arguments(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    connected = asyncio.Event()

    assert stream.connect(server.getsockname(), connected.set) is COMPLETED

    await connected.wait()
    accept(server, io_loop).close()


async def test_the_callback_style_of_the_documents(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    body: asyncio.Future[bytes] = asyncio.Future()

    def send_request() -> None:
        stream.write(b"GET / HTTP/1.0\r\n\r\n")
        stream.read_until(b"\r\n\r\n", on_headers)

    def on_headers(data: bytes) -> None:
        stream.read_bytes(int(data.split(b": ")[1]), body.set_result)

    stream.connect(server.getsockname(), send_request)
    await turns()
    accepted = accept(server, io_loop)
    assert await accepted.read_until(b"\r\n\r\n") == b"GET / HTTP/1.0\r\n\r\n"
    await accepted.write(b"Content-Length: 5\r\n\r\nhello")

    assert await body == b"hello"
    accepted.close()


async def test_writes_and_reads_may_come_before_the_connection(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    connected = stream.connect(server.getsockname())

    assert stream.write(b"") is COMPLETED
    written = stream.write(b"early")
    answer = stream.read_bytes(2)
    assert not written.done()
    assert stream.write_buffer_size == 5

    await written
    assert connected.done()
    accepted = accept(server, io_loop)
    assert await accepted.read_bytes(5) == b"early"
    await accepted.write(b"ok")
    assert await answer == b"ok"
    accepted.close()


async def test_shutdown_write_may_come_before_the_connection(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    stream.connect(server.getsockname())
    stream.shutdown_write()
    await turns()
    accepted = accept(server, io_loop)

    assert await accepted.read_until_close() == b""


async def test_a_receiver_may_be_set_before_the_connection(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    notes = Notes()
    stream.connect(server.getsockname())
    stream.set_receiver(notes)
    await turns()
    accepted = accept(server, io_loop)

    await accepted.write(b"welcome")
    await notes.until_received(7)
    accepted.close()


async def test_a_close_callback_may_be_set_before_the_connection(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    closed = asyncio.Event()
    stream.set_close_callback(closed.set)
    await turns()
    assert not stream.closed()

    await stream.connect(server.getsockname())
    accept(server, io_loop).close()

    await closed.wait()
    assert stream.error is None


async def test_reading_a_socket_that_is_never_connected_fails(
    io_loop: IOLoop, stream: IOStream
) -> None:
    with pytest.raises(StreamClosedError) as caught:
        await stream.read_bytes(1)

    assert isinstance(caught.value.real_error, OSError)


async def test_a_refused_connection_fails_the_future(
    io_loop: IOLoop, refusing: tuple[str, int], stream: IOStream
) -> None:
    calls: list[str] = []
    stream.set_close_callback(lambda: calls.append("closed"))

    with pytest.raises(StreamClosedError) as caught:
        await stream.connect(refusing)

    assert isinstance(caught.value.real_error, ConnectionRefusedError)
    assert stream.error is caught.value.real_error
    await turns()
    assert calls == ["closed"]


async def test_a_refused_connection_calls_the_close_callback_and_not_the_connect_callback(
    io_loop: IOLoop, refusing: tuple[str, int], stream: IOStream, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    closed = asyncio.Event()
    stream.set_close_callback(closed.set)

    stream.connect(refusing, lambda: calls.append("connected"))
    written = stream.write(b"early")
    await closed.wait()

    assert isinstance(stream.error, ConnectionRefusedError)
    assert calls == []
    assert [record.name for record in caplog.records] == ["ostro.general"]
    with pytest.raises(StreamClosedError):
        await written


@pytest.mark.parametrize(
    "address",
    [("host.invalid", 80), ("127.0.0.1", 70000), "/not/an/inet/address"],
    ids=["unknown host", "port out of range", "path"],
)
async def test_an_impossible_address_closes_the_stream(
    io_loop: IOLoop, stream: IOStream, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolve_nothing)  # tests need no network

    with pytest.raises(StreamClosedError) as caught:
        await stream.connect(address)

    assert isinstance(caught.value.real_error, OSError | TypeError | OverflowError)
    assert stream.closed()


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "\ud800", 5])
async def test_a_host_that_cannot_be_one_fails_the_connect_and_closes_the_stream(
    io_loop: IOLoop, stream: IOStream, host: str
) -> None:
    closed = asyncio.Event()
    stream.set_close_callback(closed.set)

    with pytest.raises(StreamClosedError) as caught:
        await stream.connect((host, 80))

    assert isinstance(caught.value.real_error, UnicodeError | TypeError)
    await closed.wait()


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1"])
async def test_a_host_may_be_bytes_as_for_a_socket(
    io_loop: IOLoop, server: socket.socket, stream: IOStream, host: str
) -> None:
    await stream.connect((host, server.getsockname()[1]))

    assert stream.socket.getpeername() == server.getsockname()
    stream.close()


def _resolve_nothing(host: str, *args: object, **kwargs: object) -> list[object]:
    if host == "127.0.0.1":
        return []
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_connecting_twice_is_refused(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    first = stream.connect(server.getsockname())

    with pytest.raises(StreamBusyError, match="connecting"):
        stream.connect(server.getsockname())

    assert await first is stream
    stream.close()
    with pytest.raises(StreamClosedError):
        stream.connect(server.getsockname())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_stream_may_be_closed_while_it_connects(
    io_loop: IOLoop, server: socket.socket, stream: IOStream, host: str
) -> None:
    connecting = stream.connect((host, server.getsockname()[1]))

    stream.close()

    with pytest.raises(StreamClosedError):
        await connecting
    await turns()


async def test_cancelling_the_connect_does_not_disturb_the_stream(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    stream.connect(server.getsockname()).cancel()

    await stream.write(b"x")

    assert not stream.closed()


async def test_cancelling_the_connect_of_a_stream_that_fails(
    io_loop: IOLoop, refusing: tuple[str, int], stream: IOStream
) -> None:
    closed = asyncio.Event()
    stream.set_close_callback(closed.set)

    stream.connect(refusing).cancel()

    await closed.wait()


async def test_unix_sockets_are_connected_by_path(io_loop: IOLoop, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        stream = IOStream(socket.socket(socket.AF_UNIX), io_loop)

        await stream.connect(path)
        stream.set_nodelay(True)  # has no meaning here, and does no harm

        accepted = accept(server, io_loop)
        await accepted.write(b"x")
        assert await stream.read_bytes(1) == b"x"
        accepted.close()
        stream.close()


async def test_a_unix_socket_with_a_full_backlog_fails_the_connect(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(0)
        streams = [IOStream(socket.socket(socket.AF_UNIX), io_loop) for _ in range(3)]

        results = await asyncio.gather(
            *(stream.connect(path) for stream in streams), return_exceptions=True
        )

        assert isinstance(results[0], IOStream)
        assert isinstance(results[2], StreamClosedError)
        assert isinstance(results[2].real_error, BlockingIOError)
        for stream in streams:
            stream.close()


async def test_nodelay_is_set_on_the_socket(
    io_loop: IOLoop, server: socket.socket, stream: IOStream
) -> None:
    await stream.connect(server.getsockname())

    stream.set_nodelay(True)
    assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    stream.set_nodelay(False)
    assert not stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    stream.close()
    stream.set_nodelay(True)


def tls_server(server: socket.socket, io_loop: IOLoop) -> SSLIOStream:
    return SSLIOStream(server.accept()[0], io_loop, ssl_options=server_context(), server_side=True)


async def test_a_tls_stream_is_connected_when_its_handshake_is_done(
    io_loop: IOLoop, server: socket.socket
) -> None:
    stream = SSLIOStream(socket.socket(), io_loop, ssl_options=client_context())
    connected = stream.connect(server.getsockname(), server_hostname="server.example")
    handshake = stream.wait_for_handshake()
    stream.write(b"early")
    await turns()
    assert not connected.done()
    accepted = tls_server(server, io_loop)

    assert await connected is stream
    assert await handshake is stream
    assert await accepted.read_bytes(5) == b"early"
    accepted.close()
    stream.close()


async def test_a_tls_stream_expects_the_host_it_is_connected_to(
    io_loop: IOLoop, server: socket.socket
) -> None:
    stream = SSLIOStream(socket.socket(), io_loop, ssl_options=client_context())
    connected = stream.connect(server.getsockname())
    await turns()
    accepted = tls_server(server, io_loop)

    await connected

    certificate = stream.get_ssl_certificate()
    assert certificate is not None
    assert ("IP Address", "127.0.0.1") in certificate["subjectAltName"]  # type: ignore[operator]  # a tuple
    accepted.close()
    stream.close()


async def test_a_tls_stream_without_a_name_to_expect_fails(io_loop: IOLoop, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        stream = SSLIOStream(socket.socket(socket.AF_UNIX), io_loop, ssl_options=client_context())

        with pytest.raises(StreamClosedError) as caught:
            await stream.connect(path)

        assert isinstance(caught.value.real_error, ValueError)


async def test_nothing_leaves_a_tls_stream_before_it_is_connected(io_loop: IOLoop) -> None:
    stream = SSLIOStream(socket.socket(), io_loop, ssl_options=client_context())
    assert stream.selected_alpn_protocol() is None
    assert stream.get_ssl_certificate() is None
    stream.shutdown_write()

    with pytest.raises(StreamClosedError):
        stream.write(b"secret")
    stream.close()

    other = SSLIOStream(socket.socket(), io_loop, ssl_options=client_context())
    with pytest.raises(StreamClosedError) as caught:
        await other.write(b"secret")
    assert isinstance(caught.value.real_error, OSError)


def test_the_log_names_the_address(
    io_loop: IOLoop, refusing: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    stream = IOStream(socket.socket(), io_loop)
    stream.set_close_callback(io_loop.stop)

    with caplog.at_level(logging.WARNING, "ostro.general"):
        stream.connect(refusing, lambda: None)
        io_loop.start()

    assert repr(refusing) in caplog.text
