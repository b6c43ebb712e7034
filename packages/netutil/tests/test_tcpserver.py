import asyncio
import signal
import socket
import ssl
import textwrap
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, SSLIOStream, StreamClosedError, TLSOptionError
from ostro.netutil import (
    ServerStateError,
    TCPClient,
    TCPServer,
    bind_sockets,
    bind_unix_socket,
)
from ostro.process import ForkError
from packages.ports import free_port
from packages.programs import DEADLINE, running

from .support import Certificates, connect, port_of


class KeepingServer(TCPServer):
    """A server that keeps the streams it gets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._streams: asyncio.Queue[tuple[IOStream, object]] = asyncio.Queue()

    def handle_stream(self, stream: IOStream, address: object) -> None:
        self._streams.put_nowait((stream, address))

    async def next(self) -> tuple[IOStream, object]:
        return await self._streams.get()


class EchoServer(TCPServer):
    """A server whose handler is a coroutine function, and which counts those at work."""

    at_work = 0

    async def handle_stream(self, stream: IOStream, address: object) -> None:
        self.at_work += 1
        try:
            while True:
                await stream.write(await stream.read_until(b"\n"))
        except StreamClosedError:
            self.at_work -= 1


def listening(server: TCPServer) -> int:
    """Bind the server to a free port of the loopback interface."""
    [sock] = bind_sockets(free_port(), "127.0.0.1")
    server.add_socket(sock)
    return port_of(sock)


def assert_nobody_listens(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(port)


# Starting


async def test_listen_accepts_at_once(io_loop: IOLoop) -> None:
    server = KeepingServer()
    port = free_port()
    server.listen(port, "127.0.0.1")

    with connect(port) as client:
        stream, address = await server.next()

        assert address == client.getsockname()
        assert stream.io_loop is io_loop
        stream.close()
    server.stop()


async def test_listen_may_be_called_for_several_ports(io_loop: IOLoop) -> None:
    server = KeepingServer()
    ports = [free_port(), free_port()]

    for port in ports:
        server.listen(port, "127.0.0.1", backlog=5)

    for port in ports:
        with connect(port):
            (await server.next())[0].close()
    server.stop()


async def test_bind_accepts_from_start_on(io_loop: IOLoop) -> None:
    server = KeepingServer()
    port = free_port()
    server.bind(port, "127.0.0.1")
    client = connect(port)  # the kernel answers already

    server.start()

    (await server.next())[0].close()
    client.close()
    server.stop()


async def test_bind_after_start_accepts_at_once(io_loop: IOLoop) -> None:
    server = KeepingServer()
    server.start()
    port = free_port()

    server.bind(port, "127.0.0.1")

    with connect(port):
        (await server.next())[0].close()
    server.stop()


async def test_unix_sockets_are_served(io_loop: IOLoop, tmp_path: Path) -> None:
    server = KeepingServer()
    name = str(tmp_path / "socket")
    server.add_socket(bind_unix_socket(name))

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(name)
        stream, address = await server.next()

        assert address == ""
        stream.close()
    server.stop()


async def test_a_given_loop_is_used(io_loop: IOLoop) -> None:
    io_loop.clear_current()
    server = KeepingServer(io_loop)

    with connect(listening(server)):
        stream, _ = await server.next()

        assert stream.io_loop is io_loop
        stream.close()
    server.stop()


def test_starting_twice_is_an_error(io_loop: IOLoop) -> None:
    server = TCPServer()
    server.start()

    with pytest.raises(ServerStateError, match="called before"):
        server.start()

    server.stop()


@pytest.mark.parametrize("given", [(2,), (0,), (None,), (2, 5)])
def test_several_processes_are_refused_where_a_loop_exists(
    io_loop: IOLoop, given: tuple[int | None, ...]
) -> None:
    server = TCPServer()

    with pytest.raises(ForkError, match="IOLoop"):
        server.start(*given)


def test_after_a_fork_error_one_process_serves_what_was_bound(io_loop: IOLoop) -> None:
    server = EchoServer()
    port = free_port()
    server.bind(port, "127.0.0.1")
    with pytest.raises(ForkError):
        server.start(2)

    server.start(1)

    connect(port).close()
    server.stop()


def test_the_parent_leaves_start_with_its_sockets_closed() -> None:
    server = TCPServer()
    port = free_port()
    server.bind(port, "127.0.0.1")

    with pytest.raises(ValueError, match="max_restarts"):
        server.start(2, max_restarts=-1)

    assert_nobody_listens(port)


def test_several_processes_do_not_go_with_a_loop_given_to_the_constructor(
    io_loop: IOLoop,
) -> None:
    with pytest.raises(ServerStateError, match="no IOLoop yet"):
        TCPServer(io_loop).start(2)


def test_several_processes_do_not_go_with_sockets_that_accept_already(io_loop: IOLoop) -> None:
    server = TCPServer()
    listening(server)

    with pytest.raises(ServerStateError, match="bind"):
        server.start(2)

    server.stop()


def test_start_forks_processes_that_all_serve_the_port(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import os, sys
        from ostro.ioloop import IOLoop
        from ostro.netutil import TCPServer
        from ostro.process import task_id

        class Server(TCPServer):
            async def handle_stream(self, stream, address):
                await stream.write(b"%d" % task_id())
                stream.close()
                self.stop()  # so that the next connection is the other process's
                self.io_loop.stop()

        server = Server()
        server.bind(int(sys.argv[1]), "127.0.0.1")
        server.start(2, max_restarts=0)
        loop = IOLoop.current()
        os.write(1, b"ready\\n")
        loop.start()
        loop.close()
        """)
    )
    port = free_port()
    with running(tmp_path, program, port) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n"] * 2

        answers = []
        for _ in range(2):
            with connect(port) as client:
                answers.append(client.recv(10))

        assert sorted(answers) == [b"0", b"1"]
        assert process.wait(DEADLINE) == 0
        assert process.stderr.read() == "", "the parent left its sockets open"


def test_no_connection_is_accepted_while_the_children_drain(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import os, signal, sys
        from ostro.ioloop import IOLoop
        from ostro.netutil import TCPServer

        server = TCPServer()
        server.bind(int(sys.argv[1]), "127.0.0.1")
        server.start(2, max_restarts=0)
        loop = IOLoop.current()

        def drain():
            server.stop()
            os.write(1, b"draining\\n")

        def get_ready():  # in the running loop: uvloop loses a signal that comes before
            loop.asyncio_loop.add_signal_handler(signal.SIGTERM, drain)
            loop.asyncio_loop.add_signal_handler(signal.SIGINT, loop.stop)
            os.write(1, b"ready\\n")

        loop.add_callback(get_ready)
        loop.start()
        loop.close()
        """)
    )
    port = free_port()
    with running(tmp_path, program, port) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n"] * 2

        process.terminate()
        assert [process.stdout.readline() for _ in range(2)] == ["draining\n"] * 2

        assert_nobody_listens(port)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0


# Serving


async def test_the_handler_may_be_a_coroutine_function(io_loop: IOLoop) -> None:
    server = EchoServer()
    client = await TCPClient().connect("127.0.0.1", listening(server))

    await client.write(b"hello\n")

    assert await client.read_until(b"\n") == b"hello\n"
    client.close()
    server.stop()


async def test_many_connections_at_once_are_all_served(io_loop: IOLoop) -> None:
    server = EchoServer()
    port = listening(server)
    clients: list[IOStream] = []
    for _ in range(4):  # with both ends in here, some systems give no more than 1024 descriptors
        connecting = [TCPClient().connect("127.0.0.1", port) for _ in range(100)]
        clients += await asyncio.gather(*connecting)

    for client in clients:
        await client.write(b"hello\n")

    answers = await asyncio.gather(*(client.read_until(b"\n") for client in clients))
    assert set(answers) == {b"hello\n"}
    for client in clients:
        client.close()
    server.stop()


@pytest.mark.parametrize("kind", ["function", "coroutine function"])
async def test_an_error_of_the_handler_is_logged_and_closes_the_stream(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    class Server(TCPServer):
        def handle_stream(self, stream: IOStream, address: object) -> Awaitable[None] | None:
            if kind == "coroutine function":
                return self._fail()
            raise LookupError("in the handler")

        async def _fail(self) -> None:
            raise LookupError("in the handler")

    server = Server()
    client = await TCPClient().connect("127.0.0.1", listening(server))

    with pytest.raises(StreamClosedError):
        await client.read_bytes(1)

    server.stop()
    [record] = caplog.records
    assert record.name == "ostro.application"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


async def test_a_handler_that_returns_leaves_the_stream_open(io_loop: IOLoop) -> None:
    streams: list[IOStream] = []
    returned = asyncio.Event()

    class Server(TCPServer):
        async def handle_stream(self, stream: IOStream, address: object) -> None:
            streams.append(stream)
            io_loop.add_callback(io_loop.add_callback, returned.set)

    server = Server()
    with connect(listening(server)):
        await returned.wait()

        assert not streams[0].closed()
        streams[0].close()
    server.stop()


def test_closing_the_loop_ends_handlers_and_closes_their_streams(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = IOLoop(asyncio.SelectorEventLoop())
    streams: list[IOStream] = []

    class Server(TCPServer):
        async def handle_stream(self, stream: IOStream, address: object) -> None:
            streams.append(stream)
            loop.stop()
            await stream.read_until(b"never")

    server = Server(loop)
    with connect(listening(server)):
        loop.start()
        server.stop()
        loop.close()

        assert streams[0].closed()
    assert caplog.records == []


async def test_without_handle_stream_the_error_names_the_class(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    server = TCPServer()
    client = await TCPClient().connect("127.0.0.1", listening(server))

    with pytest.raises(StreamClosedError):
        await client.read_bytes(1)

    server.stop()
    assert "TCPServer does not override handle_stream" in caplog.text


async def test_the_sizes_are_given_to_the_streams(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    server = KeepingServer(max_buffer_size=1000, read_chunk_size=500)
    client = await TCPClient().connect("127.0.0.1", listening(server))
    stream, _ = await server.next()

    reading = stream.read_until(b"\n")
    await client.write(b"x" * 1500)

    with pytest.raises(StreamClosedError):
        await reading
    assert "1000" in str(stream.error)
    client.close()
    server.stop()


# TLS


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates()


async def test_tls_is_served_and_the_handler_called_before_the_handshake(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    server = KeepingServer(ssl_options=certificates.server)
    port = listening(server)
    raw = connect(port)

    stream, _ = await server.next()

    assert isinstance(stream, SSLIOStream)
    raw.close()
    stream.close()
    server.stop()


async def test_tls_carries_data_both_ways(io_loop: IOLoop, certificates: Certificates) -> None:
    server = EchoServer(ssl_options=certificates.server)
    port = listening(server)

    client = await TCPClient().connect("localhost", port, ssl_options=certificates.client)
    await client.write(b"secret\n")

    assert await client.read_until(b"\n") == b"secret\n"
    client.close()
    server.stop()


async def test_a_client_that_speaks_no_tls_does_not_disturb_others(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    server = EchoServer(ssl_options=certificates.server)
    port = listening(server)
    plain = await TCPClient().connect("127.0.0.1", port)

    await plain.write(b"GET / HTTP/1.1\r\n\r\n")
    await plain.read_until_close()

    client = await TCPClient().connect("localhost", port, ssl_options=certificates.client)
    await client.write(b"secret\n")
    assert await client.read_until(b"\n") == b"secret\n"
    client.close()
    server.stop()


def test_tls_options_that_cannot_be_used_are_refused_by_the_constructor() -> None:
    with pytest.raises(TLSOptionError):
        TCPServer(ssl_options={"certfile": 1})
    with pytest.raises(OSError, match="No such file"):
        TCPServer(ssl_options={"certfile": "/no/such/file"})


def test_the_positional_order_of_the_reference_is_kept(io_loop: IOLoop) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    server = TCPServer(io_loop, context, 1000, 500)

    assert server.io_loop is io_loop
    assert server.ssl_options is context
    assert server.max_buffer_size == 1000
    assert server.read_chunk_size == 500


# Stopping


async def test_stop_closes_the_listening_sockets_and_leaves_connections(io_loop: IOLoop) -> None:
    server = EchoServer()
    port = listening(server)
    client = await TCPClient().connect("127.0.0.1", port)
    await client.write(b"before\n")
    await client.read_until(b"\n")

    server.stop()

    assert_nobody_listens(port)
    await client.write(b"after\n")
    assert await client.read_until(b"\n") == b"after\n"
    client.close()


def test_stop_closes_sockets_that_were_never_started() -> None:
    server = TCPServer()
    port = free_port()
    server.bind(port, "127.0.0.1")

    server.stop()

    assert_nobody_listens(port)


async def test_stop_is_idempotent_and_the_server_may_listen_again(io_loop: IOLoop) -> None:
    server = KeepingServer()
    server.start()
    listening(server)
    server.stop()
    server.stop()

    server.start()

    with connect(listening(server)):
        (await server.next())[0].close()
    server.stop()


def test_a_server_may_be_stopped_after_its_loop_was_closed() -> None:
    loop = IOLoop(asyncio.SelectorEventLoop())
    server = TCPServer(loop)
    port = listening(server)
    loop.close()

    server.stop()

    assert_nobody_listens(port)
