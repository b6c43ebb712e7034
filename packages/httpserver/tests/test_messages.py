"""How requests reach a delegate, wherever their bytes are cut, and what becomes of connections."""

import asyncio
from collections.abc import Awaitable
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
from ostro.ioloop import IOLoop

from .support import (
    GET,
    OK,
    Client,
    Recorder,
    RecordingDelegate,
    Request,
    WithDelegate,
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


async def test_an_error_that_answers_head_has_no_body(io_loop: IOLoop) -> None:
    client = Client(io_loop, WithDelegate(Failing))

    with logged("ostro.application"):
        await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")

    head, ending, body = bytes(client.stream.sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"Content-Length: " in head
    assert head.endswith(b"Connection: close")
    assert (ending, body) == (b"\r\n\r\n", b"")
    assert client.stream.ended


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
