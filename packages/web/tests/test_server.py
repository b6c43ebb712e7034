"""Applications over real sockets: what only the wire shows."""

import asyncio
import logging
import socket
import struct

import pytest

from ostro.httpserver import HTTPServer
from ostro.ioloop import IOLoop
from ostro.web import Application, RequestHandler, asynchronous

from .support import connected, held_port, raw_get, read_answer, serving


class Echo(RequestHandler):
    def get(self, what: str) -> None:
        self.write(what)

    head = get

    def post(self, what: str) -> None:
        self.write({"what": what, "text": self.get_argument("text"), "ip": self.request.remote_ip})


class Chunks(RequestHandler):
    async def get(self) -> None:
        for chunk in ("one", "two", "three"):
            self.write(chunk)
            await self.flush()

    head = get


class NoContent(RequestHandler):
    def get(self) -> None:
        self.set_status(204)


class Failing(RequestHandler):
    def get(self) -> None:
        self.write("some")
        self.flush()
        raise ValueError("broken")


class Waiting(RequestHandler):
    """Waits for its client to go away."""

    def initialize(self, events: "asyncio.Queue[str]") -> None:
        self.events = events

    async def get(self) -> None:
        self.events.put_nowait("waiting")
        try:
            await asyncio.Event().wait()
        finally:
            self.events.put_nowait("cancelled")

    @asynchronous
    def post(self) -> None:
        self.events.put_nowait("waiting")

    async def put(self) -> None:
        self.events.put_nowait("waiting")
        while True:
            self.write(b"x" * 65536)
            await self.flush()

    def on_connection_close(self) -> None:
        self.events.put_nowait("closed")
        if self.request.method == "POST":
            self.finish("goodbye")

    def on_finish(self) -> None:
        self.events.put_nowait("finished")


def make_app() -> tuple[Application, "asyncio.Queue[str]"]:
    events: asyncio.Queue[str] = asyncio.Queue()
    app = Application(
        [
            ("/chunks", Chunks),
            ("/none", NoContent),
            ("/failing", Failing),
            ("/waiting", Waiting, {"events": events}),
            ("/(.*)", Echo),
        ]
    )
    return app, events


async def exchange(port: int, request: bytes) -> bytes:
    """Send `request`, and return all that comes back until the connection is closed."""
    async with connected(port) as (reader, writer):
        writer.write(request)
        return await reader.read()


async def test_an_answer_over_the_wire(io_loop: IOLoop) -> None:
    async with serving(make_app()[0]) as port:
        answer = await exchange(port, raw_get("/hello", "Connection: close"))

    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {line.partition(":")[0] for line in lines[1:]} == {
        *("Server", "Content-Type", "Date", "Etag", "Content-Length", "Connection")
    }
    assert body == b"hello"


async def test_requests_share_a_connection(io_loop: IOLoop) -> None:
    async with serving(make_app()[0]) as port, connected(port) as (reader, writer):
        for number in range(20):
            writer.write(raw_get(f"/{number}"))
            assert (await read_answer(reader))[2] == str(number).encode()


async def test_pipelined_requests_are_answered_in_order(io_loop: IOLoop) -> None:
    requests = raw_get("/first") + raw_get("/none") + raw_get("/last", "Connection: close")

    async with serving(make_app()[0]) as port:
        answer = await exchange(port, requests)

    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"204", b"200"]
    assert answer.index(b"first") < answer.index(b" 204 ") < answer.index(b"last")


async def test_a_form_arrives(io_loop: IOLoop) -> None:
    body = b"text=some+text"
    fields = ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]

    async with serving(make_app()[0]) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/x", *fields, method="POST"))
        await writer.drain()
        writer.write(body)
        _, headers, answer = await read_answer(reader)

    assert headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer == b'{"what": "x", "text": "some text", "ip": "127.0.0.1"}'


async def test_parts_are_sent_in_chunks(io_loop: IOLoop) -> None:
    async with serving(make_app()[0]) as port:
        answer = await exchange(port, raw_get("/chunks", "Connection: close"))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"


async def test_parts_for_an_old_client_end_with_the_connection(io_loop: IOLoop) -> None:
    async with serving(make_app()[0]) as port:
        answer = await exchange(port, raw_get("/chunks").replace(b"HTTP/1.1", b"HTTP/1.0"))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == b"onetwothree"


@pytest.mark.parametrize("target", ["/hello", "/chunks"])
async def test_head_has_no_body_on_the_wire(io_loop: IOLoop, target: str) -> None:
    async with serving(make_app()[0]) as port:
        answer = await exchange(port, raw_get(target, "Connection: close", method="HEAD"))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b""
    assert (b"Content-Length: 5" in head) == (target == "/hello")


@pytest.mark.parametrize(("method", "known"), [("GET", False), ("GET", True), ("HEAD", True)])
async def test_a_response_without_a_body_ends_with_its_head(
    io_loop: IOLoop, method: str, known: bool
) -> None:
    target, fields = ("/hello", ["If-None-Match: *"]) if known else ("/none", [])
    request = raw_get(target, "Connection: close", *fields).replace(b"GET", method.encode(), 1)

    async with serving(make_app()[0]) as port:
        answer = await exchange(port, request)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 304" if known else b"HTTP/1.1 204")
    assert body == b""
    assert b"Content-" not in head
    assert b"Transfer-Encoding" not in head


async def test_a_response_that_breaks_off_does_not_look_whole(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(make_app()[0]) as port:
        answer = await exchange(port, raw_get("/failing"))

    assert answer.endswith(b"\r\n\r\n4\r\nsome\r\n")


async def test_a_half_close_is_reported_and_the_request_answered(io_loop: IOLoop) -> None:
    app, events = make_app()

    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/waiting", "Content-Length: 0", method="POST"))
        assert await events.get() == "waiting"
        writer.write_eof()
        answer = await reader.read()

    assert answer.endswith(b"\r\n\r\ngoodbye")
    assert [events.get_nowait() for _ in range(2)] == ["closed", "finished"]


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection the hard way: the other side gets a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_a_client_that_stops_reading_and_leaves_cancels_the_handler(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    app, events = make_app()

    async with serving(app) as port:
        async with connected(port) as (reader, writer):
            writer.write(raw_get("/waiting", "Content-Length: 0", method="PUT"))
            assert await events.get() == "waiting"
            await reader.readexactly(200_000)
            reset(writer)

        seen = [await events.get() for _ in range(2)]

    assert seen == ["closed", "finished"]
    assert not caplog.records


async def test_stopping_the_server_hard_cancels_the_handlers(io_loop: IOLoop) -> None:
    app, events = make_app()

    async with serving(app) as port, connected(port) as (_, writer):
        writer.write(raw_get("/waiting"))
        assert await events.get() == "waiting"

    seen = [await events.get() for _ in range(3)]
    assert seen == ["closed", "cancelled", "finished"]


async def test_a_connection_closed_while_the_handler_runs_is_reported(io_loop: IOLoop) -> None:
    events: list[str] = []

    class Closing(RequestHandler):
        @asynchronous
        def get(self) -> None:
            assert self.request.connection is not None
            self.request.connection.close()

        def on_connection_close(self) -> None:
            events.append("closed")

        def on_finish(self) -> None:
            events.append("finished")

    async with serving(Application([("/", Closing)])) as port:
        assert await exchange(port, raw_get("/")) == b""

    assert events == ["closed", "finished"]


# listen


async def test_listen_serves_and_passes_options_on(io_loop: IOLoop) -> None:
    with held_port() as port:
        server = make_app()[0].listen(port, "127.0.0.1", backlog=5, no_keep_alive=True)
        try:
            assert isinstance(server, HTTPServer)
            answer = await exchange(port, raw_get("/hello"))
        finally:
            server.stop()
            await server.close_all_connections()

    assert b"Connection: close" in answer
    assert answer.endswith(b"hello")


def test_listen_refuses_options_that_nobody_knows(io_loop: IOLoop) -> None:
    with pytest.raises(TypeError):
        Application().listen(0, "127.0.0.1", unknown=True)


async def test_a_stream_goes_at_the_pace_of_its_reader_in_bounded_memory(io_loop: IOLoop) -> None:
    piece, count = b"x" * (1 << 18), 64
    written = 0
    unsent: list[int] = []
    stalled = asyncio.Event()

    class Streaming(RequestHandler):
        async def get(self) -> None:
            nonlocal written
            stream = getattr(self.request.connection, "stream")  # noqa: B009  # the seam has none
            for _ in range(count):
                self.write(piece)
                written += 1
                sent = self.flush()
                unsent.append(stream.write_buffer_size)
                if unsent[-1]:
                    stalled.set()
                await sent

    async with serving(Application([("/", Streaming)]), send_buffer=65536) as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(client, raw_get("/", "Connection: close"))
            await stalled.wait()
            for _ in range(50):
                await asyncio.sleep(0)
            assert written < count // 2  # it waits for a client that does not read
            received = 0
            while data := await loop.sock_recv(client, 65536):
                received += len(data)

    assert received > count * len(piece)
    assert max(unsent) <= len(piece) + 1000
