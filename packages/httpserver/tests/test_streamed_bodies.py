"""How bodies reach a delegate part by part, and what becomes of those that are answered early."""

import asyncio
from collections.abc import Awaitable

import pytest

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, IOLoop
from packages.clocks import FakeClock

from .support import (
    GET,
    Client,
    Recorder,
    RecordingDelegate,
    Request,
    WithDelegate,
    logged,
    respond,
    responses,
    turns,
)

LENGTH = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


class Slow(RecordingDelegate):
    """Works on each part of a body until it is told to go on."""

    gates: list["asyncio.Future[None]"] = []

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        super().data_received(chunk)
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        Slow.gates.append(gate)
        return gate


async def test_a_part_of_a_body_waits_for_the_part_before(io_loop: IOLoop) -> None:
    Slow.gates = []
    app = WithDelegate(Slow)
    client = Client(io_loop, app)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"

    await client.send(head + b"abc", b"def", b"ghi")

    assert app.requests[0].body == b"abc"
    Slow.gates[0].set_result(None)
    await turns()
    assert app.requests[0].body == b"abcdefghi"
    assert app.targets == []
    Slow.gates[1].set_result(None)
    await turns()
    assert responses(client.sent)[0].status == 200


async def test_a_slow_delegate_holds_back_a_fast_client_and_gets_all(io_loop: IOLoop) -> None:
    Slow.gates = []
    app = WithDelegate(Slow)
    client = Client(io_loop, app)
    size = 1_000_000
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)

    for _ in range(size // 50_000):
        await client.send(b"x" * 50_000)

    assert not client.stream.reading()
    assert client.connection.codec.unread_size <= 150_000
    while len(app.requests[0].body) < size:
        Slow.gates[-1].set_result(None)
        await turns()
    Slow.gates[-1].set_result(None)
    await turns()
    assert responses(client.sent)[0].status == 200
    await client.send(GET)
    assert len(responses(client.sent)) == 2


async def test_a_finished_awaitable_holds_nothing_back(io_loop: IOLoop) -> None:
    class Done(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> Awaitable[None]:
            super().headers_received(start_line, headers)
            return COMPLETED

        def data_received(self, chunk: bytes) -> Awaitable[None]:
            super().data_received(chunk)
            return COMPLETED

    app = WithDelegate(Done)
    client = Client(io_loop, app)

    client.stream.feed(LENGTH)

    assert app.requests[0].events == ["headers", "finish"]


async def test_pause_and_resume_hold_back_a_body(io_loop: IOLoop) -> None:
    class Pausing(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            self.conn.pause_reading()
            self.conn.pause_reading()
            return super().data_received(chunk)

    app = WithDelegate(Pausing)
    client = Client(io_loop, app)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"

    await client.send(head + b"abc", b"def")

    assert app.requests[0].body == b"abc"
    assert not client.stream.reading()
    for _ in range(2):
        app.connections[0].resume_reading()
        app.connections[0].resume_reading()
        await turns()
    assert app.requests[0].body == b"abcdef"
    assert len(responses(client.sent)) == 1
    assert client.stream.reading()
    app.connections[0].pause_reading()  # the exchange is over
    app.connections[0].resume_reading()
    assert client.stream.reading()


async def test_a_pause_ends_with_its_request(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.pause_reading()
        respond(conn)

    app = Recorder(answer)
    client = Client(io_loop, app)

    await client.send(GET)
    await client.send(GET)

    assert len(responses(client.sent)) == 2


class Refusing(RecordingDelegate):
    """Answers at the first bytes of the body."""

    def data_received(self, chunk: bytes) -> None:
        super().data_received(chunk)
        respond(self.conn, code=403)


class Streaming(RecordingDelegate):
    """Answers at the headers, in pieces."""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        super().headers_received(start_line, headers)
        self.conn.write_headers(ResponseStartLine("HTTP/1.1", 403, "No"), HTTPHeaders(), b"n")
        self.conn.finish()


POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("kind", [Refusing, Streaming])
@pytest.mark.parametrize(
    "pieces",
    [
        [b"Content-Length: 6\r\n\r\nabcdef" + GET],
        [b"Content-Length: 6\r\n\r\na", b"bc", b"def" + GET],
        [b"Content-Length: 65537\r\n\r\na", b"b" * 65536, GET],
    ],
)
async def test_the_little_that_is_left_of_an_answered_body_is_thrown_away(
    io_loop: IOLoop, kind: type[RecordingDelegate], pieces: list[bytes]
) -> None:
    app = WithDelegate(kind)
    client = Client(io_loop, app)

    await client.send(POST + pieces[0], *pieces[1:])

    first = responses(client.sent)[0]
    assert (first.status, first.headers["Connection"]) == (403, None)
    assert [request.method for request in app.requests] == ["POST", "GET"]
    assert not client.stream.output_ended


@pytest.mark.parametrize("kind", [Refusing, Streaming])
@pytest.mark.parametrize(
    "pieces",
    [
        [b"Content-Length: 65538\r\n\r\na", b"b" * 65537 + GET],
        [b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", b"0\r\n\r\n" + GET],
        [b"Connection: close\r\nContent-Length: 2\r\n\r\na", b"b" + GET],
    ],
)
async def test_a_body_that_is_not_wanted_is_not_read(
    io_loop: IOLoop, kind: type[RecordingDelegate], pieces: list[bytes]
) -> None:
    app = WithDelegate(kind)
    client = Client(io_loop, app)

    await client.send(POST + pieces[0], *pieces[1:])

    [response] = responses(client.sent)
    assert response.status == 403
    assert kind is Streaming or response.headers["Connection"] == "close"
    assert client.stream.output_ended
    assert len(app.requests) == 1


async def test_the_body_of_a_client_that_waited_for_100_is_not_looked_for(io_loop: IOLoop) -> None:
    app = WithDelegate(Streaming)
    client = Client(io_loop, app)

    await client.send(POST + b"Expect: 100-continue\r\nContent-Length: 40\r\n\r\n", GET)

    [response] = responses(client.sent)
    assert (response.status, response.headers["Connection"]) == (403, "close")
    assert client.stream.output_ended
    assert len(app.requests) == 1


async def test_a_body_that_was_held_back_is_thrown_away_when_its_answer_comes(
    io_loop: IOLoop,
) -> None:
    class Holding(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            super().data_received(chunk)
            return io_loop.asyncio_loop.create_future()

    app = WithDelegate(Holding)
    client = Client(io_loop, app)
    await client.send(POST + b"Content-Length: 6\r\n\r\na", b"bcdef" + GET)

    respond(app.connections[0], code=403)
    await turns()

    assert [response.status for response in responses(client.sent)] == [403, 200]
    assert app.requests[0].body == b"a"


async def test_what_is_left_of_an_answered_body_must_come_soon(io_loop: IOLoop) -> None:
    clock = FakeClock()
    client = Client(io_loop, WithDelegate(Refusing), clock=clock)
    await client.send(POST + b"Content-Length: 6\r\n\r\na")

    client.connection.expire(clock.now)

    assert client.connection.deadline == clock.now + 2
    assert client.stream.closed()


async def test_a_client_that_leaves_an_answered_body_unfinished_is_let_go(io_loop: IOLoop) -> None:
    client = Client(io_loop, WithDelegate(Refusing))
    await client.send(POST + b"Content-Length: 6\r\n\r\na")

    await client.ended()

    assert client.stream.closed()
    assert len(responses(client.sent)) == 1


async def test_a_server_that_drains_ends_a_connection_behind_an_answered_body(
    io_loop: IOLoop,
) -> None:
    client = Client(io_loop, WithDelegate(Refusing))
    await client.send(POST + b"Content-Length: 6\r\n\r\na")

    client.group.draining = client.group.last_answers = True
    await client.send(b"bcdef" + GET)

    assert len(responses(client.sent)) == 1
    assert client.stream.output_ended


async def test_the_most_bytes_of_a_body_can_be_set_for_one_request(io_loop: IOLoop) -> None:
    class Limiting(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> None:
            self.conn.set_max_body_size(4)

    app = WithDelegate(Limiting)
    client = Client(io_loop, app)

    with logged("ostro.general"):
        await client.send(LENGTH)

    assert [response.status for response in responses(client.sent)] == [413]
    app.connections[0].set_max_body_size(10)  # too late, and harmless
