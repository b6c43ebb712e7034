"""MemoryConnection: the message seam from a client's side, without a socket."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.testing import AnswerPhase, MemoryConnection

OK = ResponseStartLine("HTTP/1.1", 200, "OK")
HOST = HTTPHeaders({"Host": "localhost"})


class Recorder(HTTPMessageDelegate):
    """Notes each call; what `react` returns for it holds the next one back."""

    def __init__(self, react: Callable[[str], Awaitable[None] | None]) -> None:
        self.calls: list[object] = []
        self._react = react

    def _note(self, call: str, *details: object) -> Awaitable[None] | None:
        self.calls.append((call, *details) if details else call)
        return self._react(call)

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self.headers = headers
        return self._note("headers")

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._note("data", len(chunk))

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        self._note("trailers", *trailers.lines())

    def finish(self) -> None:
        self._note("finish")

    def on_connection_close(self) -> None:
        self._note("close")

    def on_connection_lost(self, error: BaseException | None) -> None:
        self._note("lost", error)


class Application(HTTPServerConnectionDelegate):
    """Takes one request; `steps` say what to do at which call of it."""

    def __init__(self, **steps: Callable[[HTTPConnection], Awaitable[None] | None]) -> None:
        self.steps = steps
        self.recorder = Recorder(self._react)
        self.ended: list[object] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        self.server_conn, self.connection = server_conn, request_conn
        self._react("start")
        return self.recorder

    def on_close(self, server_conn: object) -> None:
        self.ended.append(server_conn)

    def _react(self, call: str) -> Awaitable[None] | None:
        step = self.steps.get(call)
        return None if step is None else step(self.connection)

    @property
    def calls(self) -> list[object]:
        return self.recorder.calls


class AtOnce(HTTPServerConnectionDelegate):
    """Takes requests in one call."""

    takes_requests = True

    def __init__(
        self, step: Callable[[HTTPConnection], object], recorder: Recorder | None = None
    ) -> None:
        self._step = step
        self._recorder = recorder

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        raise NotImplementedError

    def take_request(
        self,
        server_conn: object,
        request_conn: HTTPConnection,
        method: str,
        target: str,
        version: str,
        headers: HTTPHeaders,
    ) -> HTTPMessageDelegate | None:
        self._step(request_conn)
        return self._recorder


def answer(body: bytes = b"", **fields: str) -> Callable[[HTTPConnection], None]:
    def step(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders(fields), body, end=True)

    return step


def close(connection: HTTPConnection) -> None:
    connection.close()


def connect(method: str = "GET", version: str = "HTTP/1.1") -> MemoryConnection:
    return MemoryConnection(RequestStartLine(method, "/", version))


async def begun(
    method: str = "GET", version: str = "HTTP/1.1"
) -> tuple[MemoryConnection, Application]:
    """Return a connection whose request is complete and waits for its answer."""
    connection, application = connect(method, version), Application()
    await connection.send(application, HOST)
    return connection, application


# Asking


async def test_a_request_comes_step_by_step(io_loop: IOLoop) -> None:
    application = Application(finish=answer(b"answered"))
    connection = connect("POST")

    await connection.send(application, HOST, b"body")

    assert application.calls == ["headers", ("data", 4), "finish"]
    assert application.recorder.headers["Content-Length"] == "4"
    assert (await connection.head()).code == 200
    assert await connection.body() == b"answered"
    assert connection.phase is AnswerPhase.ENDED
    assert application.ended == [application.server_conn]


async def test_a_body_in_pieces_may_have_trailers(io_loop: IOLoop) -> None:
    application = Application(finish=answer())

    await connect("POST").send(application, HOST, pieces(b"a", b"", b"bc"), HTTPHeaders({"X": "1"}))

    assert application.calls == [
        "headers",
        ("data", 1),
        ("data", 2),
        ("trailers", "X: 1"),
        "finish",
    ]
    assert application.recorder.headers["Transfer-Encoding"] == "chunked"


async def pieces(*all_of_them: bytes) -> AsyncIterator[bytes]:
    for piece in all_of_them:
        yield piece


async def test_a_length_that_is_given_is_kept(io_loop: IOLoop) -> None:
    application = Application(finish=answer())
    headers = HTTPHeaders({"Content-Length": "1"})

    await connect("POST").send(application, headers, pieces(b"a"))
    await connect("POST").send(application, headers, b"a")

    assert application.recorder.headers.get("Transfer-Encoding") is None
    assert headers.lines() == ["Content-Length: 1"]


async def test_a_request_can_be_taken_at_once(io_loop: IOLoop) -> None:
    connection = connect()

    await connection.send(AtOnce(answer(b"at once")), HOST)

    assert await connection.body() == b"at once"


async def test_a_connection_is_for_one_request(io_loop: IOLoop) -> None:
    connection, application = await begun()

    with pytest.raises(RuntimeError, match="for one request"):
        await connection.send(application, HOST)


async def test_the_next_step_waits_for_what_a_step_returns(io_loop: IOLoop) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    application = Application(headers=lambda connection: wait(), finish=answer())
    sending = asyncio.create_task(connect("POST").send(application, HOST, b"body"))
    for _ in range(3):
        await asyncio.sleep(0)
    before = list(application.calls)
    gate.set()
    await sending

    assert before == ["headers"]
    assert application.calls[1:] == [("data", 4), "finish"]


async def test_a_body_waits_while_reading_is_paused(io_loop: IOLoop) -> None:
    application = Application(
        headers=lambda connection: connection.pause_reading(), finish=answer()
    )
    sending = asyncio.create_task(connect("POST").send(application, HOST, pieces(b"a", b"b")))
    for _ in range(3):
        await asyncio.sleep(0)
    before = list(application.calls)
    application.connection.pause_reading()
    application.connection.resume_reading()
    application.connection.resume_reading()
    await sending

    assert before == ["headers"]
    assert application.calls[1:] == [("data", 1), ("data", 1), "finish"]


async def test_the_rest_of_a_body_is_dropped_once_the_answer_is_there(io_loop: IOLoop) -> None:
    application = Application(data=answer(b"enough"))
    connection = connect("POST")

    await connection.send(application, HOST, pieces(b"a", b"b"))

    assert application.calls == ["headers", ("data", 1)]
    assert await connection.body() == b"enough"


async def test_an_answer_to_the_headers_needs_no_body(io_loop: IOLoop) -> None:
    application = Application(headers=answer(b"no thanks"))
    connection = connect("POST")

    await connection.send(application, HOST, b"body")

    assert application.calls == ["headers"]
    assert await connection.body() == b"no thanks"


@pytest.mark.parametrize(("size", "code"), [(10, 200), (11, 413)])
@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_body_over_the_limit_is_refused(
    io_loop: IOLoop, size: int, code: int, in_pieces: bool
) -> None:
    application = Application(
        headers=lambda connection: connection.set_max_body_size(10), finish=answer()
    )
    connection = connect("POST")
    body = b"x" * size

    await connection.send(application, HOST, pieces(body) if in_pieces else body)

    assert (await connection.head()).code == code
    if code == 413:
        assert application.calls == ["headers", "close", ("lost", None)]
        assert await connection.body() == b"body of 11 bytes, expected no more than 10\n"


async def test_a_body_that_takes_too_long_is_refused(io_loop: IOLoop) -> None:
    async def endless() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    application = Application(headers=lambda connection: connection.set_body_timeout(0.01))
    connection = connect("POST")

    await connection.send(application, HOST, endless())

    assert (await connection.head()).code == 408


async def test_a_timeout_of_the_body_itself_is_raised(io_loop: IOLoop) -> None:
    async def late() -> AsyncIterator[bytes]:
        yield b"a"
        raise TimeoutError("the producer's own")

    connection = connect("POST")
    with pytest.raises(TimeoutError, match="the producer's own"):
        await connection.send(Application(), HOST, late())
    assert connection.phase is AnswerPhase.LOST


# What the application raises


def broken(connection: HTTPConnection) -> None:
    raise ZeroDivisionError("of the application")


async def broken_later() -> None:
    raise ZeroDivisionError("of the application")


async def cancelled_later() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("step", ["start", "headers", "data", "trailers", "finish"])
async def test_an_exception_of_the_application_is_answered_500(
    io_loop: IOLoop, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect("POST")

    await connection.send(Application(**{step: broken}), HOST, b"body", HTTPHeaders())

    assert (await connection.head()).code == 500
    assert "Uncaught exception in the delegate of a request" in caplog.text


@pytest.mark.parametrize("raised", [broken_later, cancelled_later])
async def test_so_is_one_that_comes_later(
    io_loop: IOLoop, raised: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect("POST")

    await connection.send(Application(data=lambda connection: raised()), HOST, b"body")

    assert (await connection.head()).code == 500
    caplog.clear()


async def test_so_is_one_of_a_request_taken_at_once(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect()

    await connection.send(AtOnce(broken), HOST)

    assert (await connection.head()).code == 500
    caplog.clear()


async def test_an_error_of_the_client_is_answered_as_it_says(io_loop: IOLoop) -> None:
    def refuse(connection: HTTPConnection) -> None:
        raise HTTPInputError("not in this form", 415)

    connection = connect("POST")
    await connection.send(Application(data=refuse), HOST, b"body")

    assert (await connection.head()).code == 415
    assert await connection.body() == b"not in this form\n"


async def test_an_exception_after_the_head_closes_the_connection(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def begin_and_break(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders())
        raise ZeroDivisionError

    connection = connect("POST")
    await connection.send(Application(finish=begin_and_break), HOST, b"body")

    with pytest.raises(StreamClosedError):
        await connection.body()
    caplog.clear()


async def test_an_exception_after_the_answer_changes_nothing(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def answer_and_break(connection: HTTPConnection) -> None:
        answer(b"there already")(connection)
        raise ZeroDivisionError

    connection = connect("POST")
    await connection.send(Application(finish=answer_and_break), HOST, b"body")

    assert await connection.body() == b"there already"
    caplog.clear()


# Answering


async def test_an_answer_without_a_length_comes_in_chunks(io_loop: IOLoop) -> None:
    connection, _ = await begun()

    connection.write_headers(OK, HTTPHeaders(), b"a")
    connection.write(b"b")
    connection.finish(HTTPHeaders({"X-Sum": "2"}))

    assert connection.headers is not None
    assert connection.headers["Transfer-Encoding"] == "chunked"
    assert await connection.body() == b"ab"
    assert connection.trailers is not None
    assert connection.trailers["X-Sum"] == "2"


async def test_an_older_client_gets_no_chunks(io_loop: IOLoop) -> None:
    connection, _ = await begun(version="HTTP/1.0")

    connection.write_informational(103, HTTPHeaders())
    connection.write_headers(OK, HTTPHeaders({"Transfer-Encoding": "chunked"}), b"a")
    connection.finish()

    assert connection.headers is not None
    assert "Transfer-Encoding" not in connection.headers
    assert connection.informational == []
    assert await connection.read() == b"a"
    assert await connection.read() == b""


@pytest.mark.parametrize("length", ["2", None])
async def test_head_has_no_body_whatever_is_written(io_loop: IOLoop, length: str | None) -> None:
    connection, _ = await begun("HEAD")

    headers = HTTPHeaders({"Content-Length": length} if length else {})
    connection.write_headers(OK, headers, b"abc" if length is None else b"a")
    connection.write(b"more")
    connection.finish(HTTPHeaders({"X": "1"}))

    assert await connection.body() == b""
    assert connection.trailers is None


async def test_a_length_is_kept_to(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    connection.write_headers(OK, HTTPHeaders({"Content-Length": "3"}), b"ab")
    with pytest.raises(HTTPOutputError, match="2 bytes, where 1 were left"):
        connection.write(b"cd")
    with pytest.raises(HTTPOutputError, match="1 bytes of the body are missing"):
        connection.finish()

    assert connection.phase is AnswerPhase.LOST
    assert await connection.read() == b"ab"
    with pytest.raises(StreamClosedError):
        await connection.read()


@pytest.mark.parametrize(
    ("fields", "body", "end"),
    [
        ({"Content-Length": "1"}, b"ab", False),
        ({"Content-Length": "3"}, b"ab", True),
        ({"Content-Length": "x"}, b"", False),
        ({"Content-Length": "2", "Transfer-Encoding": "chunked"}, b"", False),
        ({"Transfer-Encoding": "gzip"}, b"", False),
    ],
)
async def test_framing_that_contradicts_itself_is_refused(
    io_loop: IOLoop, fields: dict[str, str], body: bytes, end: bool
) -> None:
    connection, _ = await begun()

    with pytest.raises(HTTPOutputError):
        connection.write_headers(OK, HTTPHeaders(fields), body, end=end)
    assert connection.phase is AnswerPhase.AWAITED


@pytest.mark.parametrize("code", [204, 304])
async def test_some_codes_have_no_body(io_loop: IOLoop, code: int) -> None:
    connection, _ = await begun()
    line = ResponseStartLine("HTTP/1.1", code, "")

    with pytest.raises(HTTPOutputError, match=f"1 bytes of body in a {code} response"):
        connection.write_headers(line, HTTPHeaders(), b"a", end=True)
    connection.write_headers(line, HTTPHeaders(), end=True)

    assert await connection.body() == b""


async def test_text_that_breaks_out_of_its_line_is_refused(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    headers = HTTPHeaders()

    with pytest.raises(ValueError, match="control character"):
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "O\nK"), headers)
    with pytest.raises(ValueError, match="latin-1"):
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "\u20ac"), headers)
    for code in (99, 100, 1000):
        with pytest.raises(ValueError, match=f"status code {code}"):
            connection.write_headers(ResponseStartLine("HTTP/1.1", code, ""), headers)
    with pytest.raises(ValueError, match="status code 101"):
        connection.write_informational(101, headers)


async def test_the_order_of_an_answer_is_kept_to(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    with pytest.raises(HTTPOutputError, match="a body before the head"):
        connection.write(b"a")
    with pytest.raises(HTTPOutputError, match="no head"):
        connection.finish()
    connection.write_headers(OK, HTTPHeaders())
    with pytest.raises(HTTPOutputError, match="a second head"):
        connection.write_headers(OK, HTTPHeaders())
    with pytest.raises(HTTPOutputError, match="after the head"):
        connection.write_informational(103, HTTPHeaders())
    with pytest.raises(ValueError, match="cannot be a trailer"):
        connection.finish(HTTPHeaders({"Host": "x"}))
    await connection.write(b"")
    connection.finish()
    connection.finish()

    for late in (
        connection.write(b"late"),
        connection.write_headers(OK, HTTPHeaders()),
        connection.write_informational(103, HTTPHeaders()),
        connection.send_file(io.BytesIO(), 0, 0),
    ):
        with pytest.raises(StreamClosedError):
            await late


async def test_writing_waits_for_the_client_to_read(io_loop: IOLoop) -> None:
    connection = MemoryConnection(RequestStartLine("GET", "/", "HTTP/1.1"), window=10)
    await connection.send(Application(), HOST)
    connection.write_headers(OK, HTTPHeaders())

    await connection.write(b"x" * 10)
    waiting = asyncio.ensure_future(connection.write(b"y" * 5))
    given_up = asyncio.ensure_future(connection.write(b"z"))
    given_up.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await connection.read() == b"x" * 10

    await waiting


async def test_a_file_is_sent_in_pieces(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    connection.write_headers(OK, HTTPHeaders({"Content-Length": "100000"}))

    sending = connection.send_file(io.BytesIO(b"x" * 100_010), 10, 100_000)
    with pytest.raises(HTTPOutputError, match="await it"):
        connection.write(b"y")
    with pytest.raises(HTTPOutputError, match="await it"):
        connection.finish()
    await sending
    connection.finish()

    assert [len(piece) async for piece in connection] == [65536, 34464]


async def test_a_file_that_ends_early_closes_the_connection(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    connection.write_headers(OK, HTTPHeaders({"Content-Length": "3"}))

    with pytest.raises(HTTPOutputError, match="ended after 2 of 3 bytes"):
        await connection.send_file(io.BytesIO(b"ab"), 0, 3)
    assert connection.phase is AnswerPhase.LOST


async def test_a_file_that_is_cancelled_complains_to_nobody(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    connection.write_headers(OK, HTTPHeaders())

    sending = asyncio.ensure_future(connection.send_file(io.BytesIO(b"ab"), 0, 2))
    sending.cancel()
    await asyncio.wait([sending])

    assert sending.cancelled()


async def test_the_client_waits_for_what_comes_later(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    head = asyncio.ensure_future(connection.head())
    body = asyncio.ensure_future(connection.body())
    await asyncio.sleep(0)

    connection.write_informational(103, HTTPHeaders({"Link": "x"}))
    connection.write_headers(OK, HTTPHeaders(), b"a")
    connection.finish()

    assert (await head).code == 200
    assert await body == b"a"
    assert connection.informational[0][0] == 103


# Going away


async def test_a_half_closed_client_is_still_answered(io_loop: IOLoop) -> None:
    connection, application = await begun()

    connection.half_close()
    connection.half_close()
    connection.write_headers(OK, HTTPHeaders(), b"answered", end=True)
    connection.half_close()

    assert application.calls[2:] == ["close"]
    assert await connection.body() == b"answered"


async def test_a_client_that_goes_away_is_reported_once(io_loop: IOLoop) -> None:
    connection, application = await begun()
    connection.window = 0
    connection.write_headers(OK, HTTPHeaders())
    waiting = asyncio.ensure_future(connection.write(b"x"))
    given_up = asyncio.ensure_future(connection.write(b"y"))
    given_up.cancel()
    await asyncio.sleep(0)
    error = ConnectionResetError()

    connection.disconnect(error)
    connection.disconnect()

    assert application.calls[2:] == ["close", ("lost", error)]
    assert len(application.ended) == 1
    with pytest.raises(StreamClosedError):
        await waiting
    with pytest.raises(StreamClosedError):
        await connection.write(b"x")
    connection.finish()
    connection.close()
    connection.pause_reading()


async def test_a_client_may_go_away_before_it_has_asked(io_loop: IOLoop) -> None:
    connection = connect()

    connection.disconnect()

    with pytest.raises(StreamClosedError):
        await connection.head()


async def test_an_application_may_close_the_connection(io_loop: IOLoop) -> None:
    application = Application(data=close)
    connection = connect("POST")

    await connection.send(application, HOST, pieces(b"a", b"b"))

    assert application.calls == ["headers", ("data", 1), "close", ("lost", None)]
    with pytest.raises(StreamClosedError):
        await connection.head()


async def test_who_closes_at_the_start_hears_of_it(io_loop: IOLoop) -> None:
    application = Application(start=close)

    await connect().send(application, HOST)

    assert application.calls == ["close", ("lost", None)]


async def test_who_closes_while_taking_a_request_hears_of_it(io_loop: IOLoop) -> None:
    recorder = Recorder(lambda call: None)

    await connect().send(AtOnce(close, recorder), HOST)

    assert recorder.calls == ["close", ("lost", None)]


async def test_who_answers_while_taking_a_request_hears_nothing(io_loop: IOLoop) -> None:
    recorder = Recorder(lambda call: None)

    await connect().send(AtOnce(answer(), recorder), HOST)

    assert recorder.calls == []


async def test_a_refusal_after_a_half_close_reports_the_loss_alone(io_loop: IOLoop) -> None:
    connection, application = await begun()
    connection.half_close()

    connection.reject(503, "not now")

    assert application.calls[2:] == ["close", ("lost", None)]


# Leaving HTTP


async def test_a_stream_can_be_detached(io_loop: IOLoop) -> None:
    connection, application = await begun()
    connection.write_headers(ResponseStartLine("HTTP/1.1", 101, ""), HTTPHeaders())

    stream = connection.detach()

    assert connection.phase is AnswerPhase.DETACHED
    assert application.ended
    client = await connection.detached()
    connection.disconnect()
    assert client.closed()
    assert stream.closed()
    with pytest.raises(HTTPOutputError, match="over"):
        connection.detach()


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
async def test_a_stream_can_be_detached_after_connect_or_before_any_answer(
    io_loop: IOLoop, method: str
) -> None:
    connection, _ = await begun(method)
    if method == "CONNECT":
        connection.write_headers(OK, HTTPHeaders())

    assert not connection.detach().closed()


async def test_a_stream_cannot_be_detached_amid_a_message(io_loop: IOLoop) -> None:
    def too_early(connection: HTTPConnection) -> None:
        with pytest.raises(HTTPOutputError, match="amid"):
            connection.detach()
        with pytest.raises(HTTPOutputError, match="before the end of the request"):
            connection.write_headers(ResponseStartLine("HTTP/1.1", 101, ""), HTTPHeaders())

    connection = connect("POST")
    await connection.send(Application(headers=too_early), HOST, b"body")
    connection.write_headers(OK, HTTPHeaders())
    with pytest.raises(HTTPOutputError, match="amid"):
        connection.detach()


async def test_a_client_does_not_wait_for_a_stream_that_will_not_be(io_loop: IOLoop) -> None:
    connection, _ = await begun()
    waiting = asyncio.ensure_future(connection.detached())
    await asyncio.sleep(0)
    connection.write_headers(OK, HTTPHeaders(), end=True)

    with pytest.raises(StreamClosedError):
        await waiting


async def test_the_certificate_is_that_of_the_client(io_loop: IOLoop) -> None:
    connection = MemoryConnection(RequestStartLine("GET", "/", "HTTP/1.1"), certificate=b"DER")

    assert connection.get_ssl_certificate(binary_form=True) == b"DER"
    assert connection.context.remote_ip == "127.0.0.1"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
