"""The short way of a request that comes whole and without a body: one call instead of four."""

from ostro.httpserver._settings import ServerSettings
from ostro.httputil import HTTPConnection, HTTPHeaders, HTTPInputError, HTTPMessageDelegate
from ostro.ioloop import IOLoop

from .support import (
    GET,
    OK,
    Client,
    Recorder,
    RecordingDelegate,
    Request,
    cuts,
    logged,
    no_answer,
    respond,
    responses,
)

POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


class Taker(Recorder):
    """Takes whole requests the short way; a delegate is left where no answer is given at once."""

    takes_requests = True

    def take_request(
        self,
        server_conn: object,
        request_conn: HTTPConnection,
        method: str,
        target: str,
        version: str,
        headers: HTTPHeaders,
    ) -> HTTPMessageDelegate | None:
        request = Request(method, target, headers, events=["taken"])
        self.requests.append(request)
        self.connections.append(request_conn)
        answer = self.answer(request_conn, request)
        return None if answer is not None else RecordingDelegate(request_conn, request, no_answer)


async def test_requests_are_taken_whole_wherever_they_are_cut(io_loop: IOLoop) -> None:
    for pieces in cuts(GET + POST + GET):
        app = Taker(lambda conn, request: respond(conn, request.body))
        client = Client(io_loop, app)

        await client.send(*pieces)

        assert [request.events for request in app.requests] == [
            ["taken"],
            ["headers", "finish"],
            ["taken"],
        ]
        assert [response.body for response in responses(client.sent)] == [b"", b"abc", b""]
        assert not client.stream.ended
        await client.ended()
        assert app.closed == 1


async def test_who_is_left_with_the_request_learns_that_the_client_goes(io_loop: IOLoop) -> None:
    app = Taker(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)

    client.stream.reset(ConnectionResetError("reset"))

    assert app.requests[0].events == ["taken", "close", "lost: reset"]


async def test_an_answer_may_come_later(io_loop: IOLoop) -> None:
    app = Taker(no_answer)
    client = Client(io_loop, app)
    await client.send(GET + GET)

    respond(app.connections[0])
    await client.send()
    respond(app.connections[1])

    assert len(responses(client.sent)) == 2


async def test_a_stream_can_be_detached_at_once(io_loop: IOLoop) -> None:
    class Detaching(Taker):
        def take_request(
            self,
            server_conn: object,
            request_conn: HTTPConnection,
            method: str,
            target: str,
            version: str,
            headers: HTTPHeaders,
        ) -> HTTPMessageDelegate:
            request_conn.detach()
            self.requests.append(Request())
            return RecordingDelegate(request_conn, self.requests[0], no_answer)

    app = Detaching()
    client = Client(io_loop, app)

    await client.send(GET)
    await client.ended()

    assert app.requests[0].events == []
    assert client.group.connections == set()


async def test_an_exception_is_answered_500(io_loop: IOLoop) -> None:
    def fail(conn: HTTPConnection, request: Request) -> None:
        raise RuntimeError("broken")

    client = Client(io_loop, Taker(fail))

    with logged("ostro.application") as errors:
        await client.send(GET)

    assert responses(client.sent)[0].status == 500
    assert len(errors) == 1


async def test_an_input_error_is_answered_with_its_status(io_loop: IOLoop) -> None:
    def refuse(conn: HTTPConnection, request: Request) -> None:
        raise HTTPInputError("no", status=422)

    client = Client(io_loop, Taker(refuse))

    with logged("ostro.general") as lines:
        await client.send(GET)

    assert responses(client.sent)[0].status == 422
    assert len(lines) == 1


async def test_an_application_that_closes_is_told_so(io_loop: IOLoop) -> None:
    app = Taker(lambda conn, request: conn.close())
    client = Client(io_loop, app)

    await client.send(GET)

    assert client.sent == b""
    assert app.requests[0].events == ["taken", "close", "lost"]


async def test_an_answer_amid_which_the_connection_must_end_says_so(io_loop: IOLoop) -> None:
    app = Taker(lambda conn, request: conn.write_headers(OK, HTTPHeaders(), b"x", end=True))
    client = Client(io_loop, app, ServerSettings(no_keep_alive=True))

    await client.send(GET)

    assert responses(client.sent)[0].headers["Connection"] == "close"


async def test_the_host_of_an_absolute_target_replaces_the_field(io_loop: IOLoop) -> None:
    app = Taker(lambda conn, request: respond(conn))

    await Client(io_loop, app).send(
        b"GET http://right.example/x HTTP/1.1\r\nHost: wrong.example\r\n\r\n"
    )

    assert app.requests[0].headers["Host"] == "right.example"
