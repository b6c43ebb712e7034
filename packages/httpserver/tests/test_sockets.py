"""Behaviour that needs a kernel in between: resets, readers that never read, unix sockets."""

import asyncio
import os
import socket
import struct
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from ostro.httpserver import HTTPServer
from ostro.httpserver._settings import PIPELINE_BUFFER_SIZE
from ostro.httputil import HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop
from ostro.netutil import bind_unix_socket
from packages.clocks import FakeClock
from packages.servers import ended

from .support import (
    GET,
    OK,
    Recorder,
    RecordingDelegate,
    Request,
    connected,
    hung_up,
    logged,
    no_answer,
    respond,
    responses,
    serving,
    swept,
    turns,
)


def reset(writer: asyncio.StreamWriter) -> None:
    """Let the connection end in a reset."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Watching(Recorder):
    """Tells when a connection has ended."""

    def __init__(self) -> None:
        super().__init__(no_answer)
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self.answer = self._on_request

    def _on_request(self, conn: HTTPConnection, request: Request) -> None:
        self.asked.set()

    def on_close(self, server_conn: object) -> None:
        super().on_close(server_conn)
        self.ended.set()


async def test_requests_over_one_connection_one_after_the_other(io_loop: IOLoop) -> None:
    async with serving(HTTPServer(Recorder())) as port, connected(port) as client:
        for number in range(3):
            client.writer.write(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            assert (await client.response()).body == b"/%d" % number


async def test_a_request_that_is_dripped_byte_by_byte(io_loop: IOLoop) -> None:
    async with serving(HTTPServer(Recorder())) as port, connected(port) as client:
        client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET:
            client.writer.write(bytes([byte]))
            await turns(2)

        assert (await client.response()).status == 200


async def test_half_close_is_answered(io_loop: IOLoop) -> None:
    async with serving(HTTPServer(Recorder())) as port, connected(port) as client:
        client.writer.write(GET + GET)
        client.writer.write_eof()

        assert len(responses(await client.rest())) == 2


async def test_a_bad_request_is_answered_while_the_client_is_still_sending(
    io_loop: IOLoop,
) -> None:
    """Without a moment to linger the kernel would reset, and the answer would be lost."""
    server = HTTPServer(Recorder(), clock=FakeClock())  # the moment is as long as it takes
    with logged("ostro.general") as lines:
        async with serving(server) as port, connected(port) as client:
            client.writer.write(b"bad\r\n\r\n" + b"x" * 1_000_000)

            [response] = responses(await client.rest())

    assert response.status == 400
    assert len(lines) == 1


async def test_an_upload_over_the_limit_is_refused_before_it_is_sent(io_loop: IOLoop) -> None:
    server = HTTPServer(Recorder(), max_body_size=1000, clock=FakeClock())
    with logged("ostro.general"):
        async with serving(server) as port, connected(port) as client:
            client.writer.write(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 500_000
            )

            [response] = responses(await client.rest())

    assert response.status == 413


async def test_a_reset_while_the_answer_is_due_is_reported(io_loop: IOLoop) -> None:
    app = Watching()
    async with serving(HTTPServer(app)) as port, connected(port) as client:
        client.writer.write(GET)
        await app.asked.wait()

        reset(client.writer)
        app.connections[0].write_headers(OK, HTTPHeaders())
        await app.ended.wait()

    assert app.requests[0].events[:3] == ["headers", "finish", "close"]
    assert app.requests[0].events[3].startswith("lost")


async def test_a_disconnect_amid_a_long_answer_is_reported(io_loop: IOLoop) -> None:
    app = Watching()
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        client.writer.write(GET)
        await app.asked.wait()
        app.connections[0].write_headers(OK, HTTPHeaders(), b"x" * 30_000_000)
        await client.reader.readexactly(100_000)

        reset(client.writer)
        await app.ended.wait()

        assert server.connection_count == 0
    assert app.requests[0].events[3].startswith("lost")


@pytest.mark.parametrize("head", [b"GET", b"POST"])
@pytest.mark.parametrize("by_reset", [True, False])
async def test_a_client_that_goes_behind_a_full_pipeline_is_missed(
    io_loop: IOLoop, head: bytes, by_reset: bool
) -> None:
    app, clock = Watching(), FakeClock()
    server = HTTPServer(app, clock=clock, sweep_interval=0.001)
    async with serving(server) as port, connected(port) as client:
        body = b"Content-Length: 2\r\n\r\nab" if head == b"POST" else b"\r\n"
        client.writer.write(head + b" / HTTP/1.1\r\nHost: a\r\n" + body)
        await app.asked.wait()
        [connection] = server._group.connections if server._group else []
        client.writer.write(GET * (2 * PIPELINE_BUFFER_SIZE // len(GET)))
        while not connection._pipeline_full:
            await swept(connection.group)
        clock.now += 2
        await swept(connection.group)
        assert app.requests[0].events == ["headers", "finish"]

        if by_reset:
            reset(client.writer)
        else:
            client.writer.write_eof()
        while "close" not in app.requests[0].events:
            clock.now += 2
            await swept(connection.group)

        if by_reset:
            await app.ended.wait()
            assert app.requests[0].events[-1].startswith("lost: ")
        else:
            clock.now += 2
            await swept(connection.group)
            assert app.requests[0].events == ["headers", "finish", "close"]
            app.answer = respond_to_request
            respond(app.connections[0], b"still here")
            assert (await client.response()).body == b"still here"
            assert len(responses(await client.rest())) == 2 * PIPELINE_BUFFER_SIZE // len(GET)


def respond_to_request(conn: HTTPConnection, request: Request) -> None:
    respond(conn)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_an_answer_that_breaks_off_cannot_be_taken_for_the_whole(
    io_loop: IOLoop, version: bytes
) -> None:
    def break_off(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders(), b"half")
        conn.close()

    app = Recorder(break_off)
    async with serving(HTTPServer(app)) as port, connected(port) as client:
        client.writer.write(b"GET / HTTP/%b\r\nHost: a\r\n\r\n" % version)
        if version == b"1.1":
            assert (await client.rest()).endswith(b"\r\n4\r\nhalf\r\n")  # no last chunk
        else:
            with pytest.raises(ConnectionResetError):
                await client.rest()

    assert app.requests[0].events[-2:] == ["close", "lost"]


async def test_an_answer_that_is_whole_is_not_reset(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders(), b"all")
        conn.finish()
        conn.close()

    async with serving(HTTPServer(Recorder(answer))) as port, connected(port) as client:
        client.writer.write(b"GET / HTTP/1.0\r\n\r\n")

        assert (await client.rest()).endswith(b"\r\n\r\nall")


async def test_a_reader_that_never_reads_is_dropped(io_loop: IOLoop) -> None:
    app = Watching()
    clock = FakeClock()
    server = HTTPServer(app, clock=clock, sweep_interval=0.01, write_timeout=20)
    with logged("ostro.general") as lines:
        async with serving(server) as port:
            # More than the kernel keeps, however much it gives to others.
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            _, writer = await asyncio.open_connection(sock=sock, limit=1000)
            writer.write(GET)
            await app.asked.wait()
            respond(app.connections[0], b"x" * 30_000_000)

            while not app.ended.is_set():
                clock.now += 10
                assert server._group is not None
                await swept(server._group)

            await hung_up(writer)

    assert len(lines) == 1
    assert clock.now >= 1020


async def test_a_silent_connection_is_closed(io_loop: IOLoop) -> None:
    clock = FakeClock()
    server = HTTPServer(Recorder(), clock=clock, sweep_interval=0.01, header_timeout=10)
    async with serving(server) as port, connected(port) as client:
        while not server.connection_count:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        clock.now += 10

        assert await client.rest() == b""


async def test_a_dripped_head_is_answered_408(io_loop: IOLoop) -> None:
    app = Recorder()
    clock = FakeClock()
    server = HTTPServer(app, clock=clock, sweep_interval=0.01)
    with logged("ostro.general") as lines:
        async with serving(server) as port, connected(port) as client:
            client.writer.write(GET + GET[:-1])
            await client.response()
            assert server._group is not None
            [connection] = server._group.connections
            while not connection.codec.unread_size:  # noqa: ASYNC110 - nobody is told of a part
                await asyncio.sleep(0)
            clock.now += 61

            [response] = responses(await client.rest())

    assert response.status == 408
    assert len(lines) == 1


class Measuring(RecordingDelegate):
    """Counts a body instead of keeping it."""

    def data_received(self, chunk: bytes) -> None:
        self.request.headers["X-Size"] = str(int(self.request.headers["X-Size"]) + len(chunk))


async def test_a_long_upload_takes_constant_memory(io_loop: IOLoop) -> None:
    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Measuring(conn, request, self.answer)

    app = App()
    piece = b"x" * 100_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nX-Size: 0\r\nContent-Length: %d\r\n\r\n"
    async with serving(HTTPServer(app)) as port, connected(port) as client:
        client.writer.write(head % (len(piece) * 200))
        tracemalloc.start()
        for _ in range(200):
            client.writer.write(piece)
            await client.writer.drain()
        response = await client.response()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert response.status == 200
    assert app.requests[0].headers["X-Size"] == str(len(piece) * 200)
    assert peak < 5_000_000


async def test_a_unix_socket_stands_in_for_an_address(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app, xheaders=True, trusted_proxies=["127.0.0.1"])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "socket")
        server.add_socket(bind_unix_socket(path))
        reader, writer = await asyncio.open_unix_connection(path)
        for fields in (b"", b"X-Real-Ip: 203.0.113.9\r\n"):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
            await reader.readuntil(b"\r\n\r\n/")
        await hung_up(writer)
        await ended(server)

    addresses = [connection.context.remote_ip for connection in app.connections]
    assert addresses == ["127.0.0.1", "203.0.113.9"]


@pytest.mark.skipif(not os.path.exists("/proc/sys/net/ipv6"), reason="needs IPv6")
async def test_ipv6_clients_are_named_by_their_address(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app)
    try:
        server.listen(0, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    [sock] = server._listening
    reader, writer = await asyncio.open_connection("::1", sock.getsockname()[1])
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n/")
    await hung_up(writer)
    await ended(server)

    assert app.connections[0].context.remote_ip == "::1"
