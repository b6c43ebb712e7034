"""How requests reach a delegate, wherever their bytes are cut, and what becomes of connections."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from ostro.httpserver._settings import ServerSettings
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, IOLoop

from .support import (
    GET,
    OK,
    Client,
    FakeClock,
    Recorder,
    RecordingDelegate,
    Request,
    cuts,
    logged,
    no_answer,
    respond,
    responses,
    turns,
)

LENGTH = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'2;ext="a;b"\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n'
)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        pytest.param(GET, b"", id="without a body"),
        pytest.param(LENGTH, b"hello", id="counted"),
        pytest.param(CHUNKED, b"hello", id="chunked"),
        pytest.param(b"\r\n\r\n" + GET, b"", id="after empty lines"),
    ],
)
async def test_a_request_is_the_same_wherever_it_is_cut(
    data: bytes, body: bytes, io_loop: IOLoop
) -> None:
    for pieces in cuts(data):
        app = Recorder()
        client = Client(io_loop, app)

        await client.send(*pieces)
        await client.send(GET)

        assert [request.body for request in app.requests] == [body, b""], pieces
        assert app.requests[0].events == ["headers", "finish"]
        assert [response.status for response in responses(client.sent)] == [200, 200]
        assert not client.stream.ended
        await client.ended()
        assert app.closed == 1
        assert client.group.connections == set()


async def test_trailers_are_reported_and_do_not_become_headers(io_loop: IOLoop) -> None:
    app = Recorder()

    await Client(io_loop, app).send(CHUNKED)

    [request] = app.requests
    assert request.trailers is not None
    assert request.trailers["X-Sum"] == "1"
    assert "X-Sum" not in request.headers


async def test_a_head_that_comes_alone_waits_for_its_body(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app)

    await client.send(LENGTH[:-5])

    assert app.requests[0].events == ["headers"]
    await client.send(b"hello")
    assert app.requests[0].body == b"hello"
    assert app.requests[0].events == ["headers", "finish"]


async def test_headers_changed_by_an_application_are_not_seen_by_the_next_request(
    io_loop: IOLoop,
) -> None:
    def spoil(conn: HTTPConnection, request: Request) -> None:
        assert "X-Spoilt" not in request.headers
        request.headers["X-Spoilt"] = "1"
        del request.headers["Host"]
        respond(conn)

    client = Client(io_loop, Recorder(spoil))

    for _ in range(3):
        await client.send(GET)

    assert [response.status for response in responses(client.sent)] == [200] * 3


# Keeping the connection alive, or not


@pytest.mark.parametrize(
    ("request_bytes", "kept"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
async def test_the_client_says_whether_the_connection_is_kept(
    request_bytes: bytes, kept: bool, io_loop: IOLoop
) -> None:
    client = Client(io_loop, Recorder())

    await client.send(request_bytes)

    assert client.stream.ended is not kept
    assert len(responses(client.sent)) == 1
    assert client.stream.closed() is not kept


async def test_no_keep_alive_closes_after_one_request_and_says_so(io_loop: IOLoop) -> None:
    client = Client(io_loop, Recorder(), ServerSettings(no_keep_alive=True))

    await client.send(GET, GET)

    [response] = responses(client.sent)
    assert response.headers["Connection"] == "close"
    assert client.stream.output_ended


async def test_an_answer_that_says_close_ends_the_connection(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders({"Connection": "close"}), b"x", end=True)

    app = Recorder(answer)
    client = Client(io_loop, app)

    await client.send(GET, GET)

    assert len(app.requests) == 1
    assert client.stream.output_ended


async def test_a_body_without_length_ends_with_the_connection_for_an_old_client(
    io_loop: IOLoop,
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders())
        conn.write(b"abc")
        conn.finish()

    client = Client(io_loop, Recorder(answer))

    await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    [response] = responses(client.sent)
    assert response.body == b"abc"
    assert "Transfer-Encoding" not in response.headers
    assert client.stream.ended


async def test_a_confused_client_still_gets_the_answer_that_it_asked_to_be_the_last(
    io_loop: IOLoop,
) -> None:
    app = Recorder()
    client = Client(io_loop, app)

    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)

    assert len(app.requests) == 1
    assert client.stream.output_ended  # not closed, which would reset the connection
    assert not client.stream.closed()
    await client.send(b"more that is thrown away")
    await client.ended()
    assert client.stream.closed()
    assert app.closed == 1


# Expect: 100-continue


EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"


async def test_a_client_that_asks_is_told_to_go_on(io_loop: IOLoop) -> None:
    for pieces in cuts(EXPECT):
        app = Recorder()
        client = Client(io_loop, app)

        await client.send(*pieces)

        assert client.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"abc")
        assert app.requests[0].body == b"abc"


async def test_a_client_that_does_not_wait_is_not_told(io_loop: IOLoop) -> None:
    client = Client(io_loop, Recorder())

    await client.send(EXPECT + b"abc")

    assert client.sent.startswith(b"HTTP/1.1 200 ")


async def test_a_refusal_spares_the_body(io_loop: IOLoop) -> None:
    class Refusing(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> None:
            respond(self.conn, code=403)

    app = WithDelegate(Refusing)
    client = Client(io_loop, app)

    await client.send(EXPECT)

    [response] = responses(client.sent)
    assert response.status == 403
    assert response.headers["Connection"] == "close"
    assert client.stream.output_ended
    assert app.targets == []


async def test_a_delegate_that_decides_later_delays_the_word(io_loop: IOLoop) -> None:
    decided = asyncio.Event()

    class Deciding(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> Awaitable[None] | None:
            return wait(decided)

    client = Client(io_loop, WithDelegate(Deciding))

    await client.send(EXPECT)

    assert client.sent == b""
    decided.set()
    await turns()
    assert client.sent == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_a_delegate_that_closes_has_nothing_sent_in_its_place(io_loop: IOLoop) -> None:
    class Closing(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> None:
            super().headers_received(start_line, headers)
            self.conn.close()

    app = WithDelegate(Closing)
    for request in (EXPECT, LENGTH, GET):
        client = Client(io_loop, app)

        with logged("ostro.application") as errors:
            await client.send(request)

        assert client.sent == b""
        assert client.stream.closed()
        assert errors == []
        assert app.requests[-1].events == ["headers", "close", "lost"]
        assert app.requests[-1].body == b""


async def wait(event: asyncio.Event) -> None:
    await event.wait()


class WithDelegate(Recorder):
    """Serves requests with delegates of a class that a test gives."""

    def __init__(
        self,
        kind: Callable[
            [HTTPConnection, Request, Callable[[HTTPConnection, Request], object]],
            RecordingDelegate,
        ],
        answer: Callable[[HTTPConnection, Request], object] | None = None,
    ) -> None:
        super().__init__(answer)
        self.kind = kind

    def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
        return self.kind(conn, request, self.answer)


# Bodies that are streamed to a delegate


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


# Answers that come late or early


async def test_an_answer_may_come_later(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)

    respond(app.connections[0], b"late")

    assert responses(client.sent)[0].body == b"late"


async def test_what_a_delegate_waited_for_does_not_hold_up_the_next_request(
    io_loop: IOLoop,
) -> None:
    never = asyncio.Event()

    class Answering(RecordingDelegate):
        def headers_received(
            self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
        ) -> Awaitable[None] | None:
            super().headers_received(start_line, headers)
            respond(self.conn)
            return wait(never)

    app = WithDelegate(Answering)
    client = Client(io_loop, app)

    await client.send(GET)
    await client.send(GET)

    assert len(responses(client.sent)) == 2
    never.set()
    await turns()
    assert [request.events for request in app.requests] == [["headers"], ["headers"]]


# What applications raise


class Failing(RecordingDelegate):
    error: BaseException = RuntimeError("broken")

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        raise self.error


async def test_an_exception_of_a_delegate_is_logged_and_answered_500(io_loop: IOLoop) -> None:
    app = WithDelegate(Failing)
    client = Client(io_loop, app)

    with logged("ostro.application") as errors:
        await client.send(GET + GET)

    [response] = responses(client.sent)
    assert response.status == 500
    assert response.headers["Connection"] == "close"
    assert b"broken" not in response.body
    assert len(errors) == 1
    assert len(app.requests) == 1
    assert app.requests[0].events == ["close", "lost"]


async def test_a_delegate_that_looks_at_something_cancelled_is_answered_500(
    io_loop: IOLoop,
) -> None:
    class Cancelled(Failing):
        error = asyncio.CancelledError()

        def on_connection_lost(self, error: BaseException | None) -> None:
            raise self.error

    client = Client(io_loop, WithDelegate(Cancelled))

    with logged("ostro.application") as errors:
        await client.send(GET + GET)

    assert [response.status for response in responses(client.sent)] == [500]
    assert len(errors) == 2


async def test_an_exception_of_the_application_itself_is_answered_500(io_loop: IOLoop) -> None:
    class Broken(Recorder):
        def start_request(self, server_conn: object, request_conn: HTTPConnection) -> Failing:
            raise RuntimeError("broken")

        def on_close(self, server_conn: object) -> None:
            raise RuntimeError("broken, too")

    client = Client(io_loop, Broken())

    with logged("ostro.application") as errors:
        await client.send(GET)
        await client.ended()

    assert responses(client.sent)[0].status == 500
    assert len(errors) == 2


async def test_input_errors_of_a_delegate_are_answered_with_their_status(
    io_loop: IOLoop,
) -> None:
    class Refusing(Failing):
        error = HTTPInputError("no \r\n such thing", status=422)

    client = Client(io_loop, WithDelegate(Refusing))

    with logged("ostro.general") as lines, logged("ostro.application") as errors:
        await client.send(GET)

    assert responses(client.sent)[0].status == 422
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert errors == []


async def test_an_exception_that_comes_later_is_answered_too(io_loop: IOLoop) -> None:
    class FailingLater(RecordingDelegate):
        async def fail(self) -> None:
            raise RuntimeError("broken")

        def data_received(self, chunk: bytes) -> Awaitable[None]:
            return self.fail()

    client = Client(io_loop, WithDelegate(FailingLater))

    with logged("ostro.application") as errors:
        await client.send(LENGTH)

    assert responses(client.sent)[0].status == 500
    assert len(errors) == 1


async def test_a_cancelled_delegate_is_an_error(io_loop: IOLoop) -> None:
    class Cancelled(RecordingDelegate):
        async def be_cancelled(self) -> None:
            raise asyncio.CancelledError

        def data_received(self, chunk: bytes) -> Awaitable[None]:
            return self.be_cancelled()

    client = Client(io_loop, WithDelegate(Cancelled))

    with logged("ostro.application") as errors:
        await client.send(LENGTH)

    assert responses(client.sent)[0].status == 500
    assert len(errors) == 1


async def test_an_exception_amid_an_answer_cuts_it_off(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(OK, HTTPHeaders({"Content-Length": "10"}), b"abc")
        raise RuntimeError("broken")

    client = Client(io_loop, Recorder(answer))

    with logged("ostro.application") as errors:
        await client.send(GET)

    assert client.sent.endswith(b"\r\n\r\nabc")
    assert client.stream.closed()
    assert len(errors) == 1


@pytest.mark.parametrize("error", [RuntimeError("broken"), HTTPInputError("bad")])
async def test_an_exception_after_the_answer_is_of_no_consequence_to_the_client(
    error: Exception, io_loop: IOLoop
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn)
        raise error

    client = Client(io_loop, Recorder(answer))

    with logged("ostro.application") as errors:
        await client.send(GET)
        await client.send(GET)

    assert [response.status for response in responses(client.sent)] == [200, 200]
    assert len(errors) == (2 if isinstance(error, RuntimeError) else 0)


async def test_an_answer_given_while_being_told_of_the_end_goes_nowhere(io_loop: IOLoop) -> None:
    class Stubborn(RecordingDelegate):
        def finish(self) -> None:
            raise RuntimeError("broken")

        def on_connection_close(self) -> None:
            super().on_connection_close()
            respond(self.conn, b"stubborn")
            raise RuntimeError("broken, too")

    app = WithDelegate(Stubborn)
    client = Client(io_loop, app)

    with logged("ostro.application") as errors:
        await client.send(GET)

    assert [response.status for response in responses(client.sent)] == [500]
    assert app.requests[0].events == ["headers", "close", "lost"]
    assert len(errors) == 2


# Upgrade


async def test_an_unknown_upgrade_is_ignored(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app)
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    await client.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n" + upgrade + GET)

    assert app.targets == ["/1", "/"]
    assert [response.status for response in responses(client.sent)] == [200, 200]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade, keep-alive\r\nUpgrade: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
        b"Content-Length: 0\r\n\r\n",
        GET,
    ],
)
async def test_only_a_get_of_http_1_1_that_asks_is_upgraded(
    request_bytes: bytes, io_loop: IOLoop
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        conn.write_headers(ResponseStartLine("HTTP/1.1", 101, "Switching Protocols"), HTTPHeaders())

    client = Client(io_loop, Recorder(answer))

    with logged("ostro.application") as errors:
        await client.send(request_bytes)

    assert [response.status for response in responses(client.sent)] == [500]
    assert len(errors) == 1


async def test_the_body_of_an_upgrade_is_read_first(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    fields = b"Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\n"

    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"bodyrest")

    assert app.requests[0].body == b"body"
    stream = app.connections[0].detach()
    assert cast(object, stream) is client.stream
    assert client.stream.unread_data == b"rest"


async def test_trailers_that_a_delegate_cannot_take_end_the_request(io_loop: IOLoop) -> None:
    class Failing(RecordingDelegate):
        def trailers_received(self, trailers: HTTPHeaders) -> None:
            raise RuntimeError("broken")

    app = WithDelegate(Failing)
    client = Client(io_loop, app)

    with logged("ostro.application") as errors:
        await client.send(CHUNKED)

    assert responses(client.sent)[0].status == 500
    assert app.targets == []
    assert len(errors) == 1
