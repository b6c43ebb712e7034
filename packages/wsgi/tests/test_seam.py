"""WSGIAdapter as a producer of the message seam: what a consumer may do, and what not."""

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest

from ostro.httpserver import CallbackDelegate
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED
from ostro.iostream import StreamClosedError
from ostro.web import RequestHandler
from ostro.wsgi import ResponseAbortedError, WSGIAdapter, WSGIApplication

from .support import Reply, call

OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class Delegate(HTTPMessageDelegate, HTTPServerConnectionDelegate):
    """A consumer that does what a test says at a certain step."""

    def __init__(
        self, step: str, action: Callable[[HTTPConnection], Awaitable[None] | None]
    ) -> None:
        self.step = step
        self.action = action
        self.steps: list[str] = []
        self.connection: HTTPConnection | None = None

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> "Delegate":
        self.connection = request_conn
        return self

    def _do(self, step: str) -> Awaitable[None] | None:
        self.steps.append(step)
        assert self.connection is not None
        return self.action(self.connection) if step == self.step else None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        return self._do("headers")

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._do("data")

    def finish(self) -> None:
        self._do("finish")

    def on_connection_close(self) -> None:
        self.steps.append("close")

    def on_connection_lost(self, error: BaseException | None) -> None:
        self.steps.append("lost")

    def on_close(self, server_conn: object) -> None:
        self.steps.append("over")


def answered(connection: HTTPConnection) -> None:
    connection.write_headers(OK, HTTPHeaders(), b"done", end=True)


def answered_and(then: Callable[[HTTPConnection], object]) -> Callable[[HTTPConnection], object]:
    def misuse(connection: HTTPConnection) -> None:
        answered(connection)
        then(connection)

    return misuse


def seam(step: str, action: Callable[[HTTPConnection], Awaitable[None] | None]) -> Reply:
    delegate = Delegate(step, action)
    reply = call(WSGIAdapter(delegate), method="POST", body=b"body")
    assert delegate.steps[-1] == "over"
    return reply


@pytest.mark.parametrize(
    ("step", "steps"),
    [("headers", ["headers"]), ("data", ["headers", "data"]), ("finish", ["headers", "data"])],
)
def test_an_answer_may_come_before_the_body_has(step: str, steps: list[str]) -> None:
    delegate = Delegate(step, answered)

    reply = call(WSGIAdapter(delegate), method="POST", body=b"body")

    assert reply.text == "done"
    assert delegate.steps == [*steps, *(["finish"] if step == "finish" else []), "over"]


@pytest.mark.parametrize("step", ["headers", "data"])
def test_what_a_step_waits_for_is_waited_for(step: str) -> None:
    waited: list[str] = []

    async def wait() -> None:
        await asyncio.sleep(0)
        waited.append(step)

    delegate = Delegate(step, lambda _: wait())
    reply = call(WSGIAdapter(delegate), method="POST", body=b"body")

    assert waited == [step]
    assert reply.code == 500  # nobody answered


def test_nothing_is_waited_for_that_is_done() -> None:
    def answer_without_waiting(connection: HTTPConnection) -> Awaitable[None]:
        answered(connection)
        return COMPLETED

    assert seam("data", answer_without_waiting).text == "done"


def test_a_request_that_nobody_answers_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert seam("never", answered).code == 500
    assert "was left unanswered" in caplog.text


@pytest.mark.parametrize("step", ["headers", "data", "finish"])
def test_what_a_delegate_raises_is_a_500(step: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(connection: HTTPConnection) -> None:
        raise ValueError("broken")

    assert seam(step, fail).code == 500
    assert "ValueError: broken" in caplog.text


def test_a_delegate_may_refuse_a_request_and_is_told_of_the_end() -> None:
    def refuse(connection: HTTPConnection) -> None:
        raise HTTPInputError("not like this", 422)

    delegate = Delegate("data", refuse)
    reply = call(WSGIAdapter(delegate), method="POST", body=b"body")

    assert (reply.code, reply.text) == (422, "not like this\n")
    assert delegate.steps == ["headers", "data", "close", "lost", "over"]


def test_the_limit_of_a_body_can_be_moved_for_one_request() -> None:
    assert seam("headers", lambda connection: connection.set_max_body_size(3)).code == 413


def test_what_a_wsgi_server_has_no_word_for_is_passed_over() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_informational(103, HTTPHeaders())
        connection.pause_reading()
        connection.resume_reading()
        connection.set_body_timeout(1.0)
        assert connection.get_ssl_certificate() is None
        connection.write_headers(OK, HTTPHeaders())
        connection.finish(HTTPHeaders({"Digest": "x"}))

    reply = seam("finish", answer)

    assert (reply.code, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda c: c.write(b"x"), "outside of a response"),
        (lambda c: c.finish(), "outside of a response"),
        (answered_and(answered), "a second head"),
        (answered_and(lambda c: c.write(b"x")), "outside of a response"),
        (answered_and(lambda c: c.finish()), "outside of a response"),
        (
            lambda c: c.write_headers(OK, HTTPHeaders({"Content-Length": "1"}), b"xy"),
            "2 bytes of body, where 1 remain",
        ),
        (
            lambda c: c.write_headers(OK, HTTPHeaders({"Content-Length": "3"}), b"xy", end=True),
            "1 bytes before its Content-Length",
        ),
        (
            lambda c: c.write_headers(OK, HTTPHeaders({"Content-Length": "x"})),
            "expected digits",
        ),
        (
            lambda c: c.write_headers(
                ResponseStartLine("HTTP/1.1", 204, "No Content"), HTTPHeaders(), b"x"
            ),
            "which has none",
        ),
    ],
)
def test_misuse_is_an_error_of_the_caller(
    misuse: Callable[[HTTPConnection], object], message: str
) -> None:
    caught: list[str] = []

    def answer(connection: HTTPConnection) -> None:
        with pytest.raises(HTTPOutputError) as error:
            misuse(connection)
        caught.append(str(error.value))

    seam("finish", answer)

    assert message in caught[0]


def test_text_that_is_no_bytes_does_not_get_into_a_head() -> None:
    def answer(connection: HTTPConnection) -> None:
        with pytest.raises(UnicodeEncodeError):
            connection.write_headers(OK, HTTPHeaders({"X": "\u20ac"}))
        answered(connection)

    assert seam("finish", answer).text == "done"


def test_a_body_shorter_than_announced_is_given_up() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders({"Content-Length": "3"}), b"x")
        connection.write(b"y")
        with pytest.raises(HTTPOutputError, match="1 bytes before"):
            connection.finish()
        connection.finish()  # too late to matter

    with pytest.raises(ResponseAbortedError):
        seam("finish", answer)


def test_nothing_follows_once_the_connection_is_closed() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.close()
        with pytest.raises(StreamClosedError):
            connection.write_headers(OK, HTTPHeaders())

    with pytest.raises(ResponseAbortedError):
        seam("finish", answer)


def test_a_part_after_the_connection_is_closed_is_refused() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders())
        connection.close()
        with pytest.raises(StreamClosedError):
            connection.write(b"x")

    with pytest.raises(ResponseAbortedError):
        seam("finish", answer)


def test_a_delegate_that_fails_half_way_gives_the_response_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders())
        raise ValueError("broken")

    with pytest.raises(ResponseAbortedError):
        seam("finish", answer)
    assert "ValueError: broken" in caplog.text


def test_a_client_that_is_lost_twice_is_reported_once() -> None:
    def write(data: bytes) -> None:
        raise BrokenPipeError

    def answer(connection: HTTPConnection) -> None:
        with pytest.raises(StreamClosedError):
            connection.write_headers(OK, HTTPHeaders())
        raise HTTPInputError("late")

    delegate = Delegate("finish", answer)
    with pytest.raises(BrokenPipeError):
        call(WSGIAdapter(delegate), write=write)

    assert delegate.steps == ["headers", "finish", "close", "lost", "over"]


def test_closing_after_the_end_changes_nothing() -> None:
    def answer(connection: HTTPConnection) -> None:
        answered(connection)
        connection.close()

    assert seam("finish", answer).text == "done"


# Files


def test_a_file_is_sent_in_pieces() -> None:
    content = bytes(range(256)) * 4000

    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders({"Content-Length": "1000000"}))
        assert connection.send_file(io.BytesIO(content), 10, 1_000_000) is COMPLETED
        connection.finish()

    reply = seam("finish", answer)

    assert reply.body == content[10:1_000_010]
    assert max(map(len, reply.written)) == 262144


def test_a_file_that_ends_early_gives_the_response_up() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders())
        with pytest.raises(HTTPOutputError, match="after 4 of the 5 bytes"):
            connection.send_file(io.BytesIO(b"file"), 0, 5)

    with pytest.raises(ResponseAbortedError):
        seam("finish", answer)


def test_a_file_to_a_client_that_is_gone_is_not_read_on() -> None:
    file = io.BytesIO(b"x" * 1_000_000)

    class Sending(RequestHandler):
        async def get(self, path: str) -> None:
            connection = self.request.connection
            assert connection is not None
            connection.write_headers(OK, HTTPHeaders())
            with pytest.raises(StreamClosedError):
                await connection.send_file(file, 0, 1_000_000)

    def write(data: bytes) -> None:
        if data:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        call(WSGIApplication([(r"/(.*)", Sending)]), write=write)
    assert file.tell() == 262144


def test_a_file_for_head_is_not_sent() -> None:
    def answer(connection: HTTPConnection) -> None:
        connection.write_headers(OK, HTTPHeaders({"Content-Length": "4"}))
        connection.send_file(io.BytesIO(b"file"), 0, 4)
        connection.finish()

    reply = call(WSGIAdapter(Delegate("finish", answer)), method="HEAD")

    assert (reply.headers["Content-Length"], reply.body) == ("4", b"")


def test_a_plain_request_callback_can_be_adapted_too() -> None:
    def answer(request: HTTPServerRequest) -> None:
        assert request.connection is not None
        answered(request.connection)

    assert call(WSGIAdapter(CallbackDelegate(answer))).text == "done"
