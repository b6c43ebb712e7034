"""The message seam, driven by a producer that has no socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable

import pytest

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)

from .support import Done, MemoryProducer, memory_connection

POST = RequestStartLine("POST", "/echo?a=1", "HTTP/1.1")
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class Echo(HTTPMessageDelegate):
    """Answers a request with its body, and notes what it was told."""

    def __init__(self, connection: HTTPConnection, calls: list[str]) -> None:
        self.connection = connection
        self.calls = calls
        self.request: HTTPServerRequest | None = None
        self.chunks: list[bytes] = []

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self.calls.append("headers")
        self.connection.set_max_body_size(1000)
        self.connection.set_body_timeout(5.0)
        self.request = HTTPServerRequest(
            headers=headers, connection=self.connection, start_line=start_line
        )
        self.connection.write_informational(103, HTTPHeaders({"Link": "</a.css>"}))
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.calls.append("data")
        self.chunks.append(chunk)
        return Done()

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        self.calls.append("trailers")

    def finish(self) -> None:
        assert self.request is not None
        self.calls.append("finish")
        self.request.body = b"".join(self.chunks)
        headers = HTTPHeaders({"Content-Length": str(len(self.request.body))})
        self.connection.write_headers(OK, headers, self.request.body, end=True)

    def on_connection_close(self) -> None:
        self.calls.append("close")

    def on_connection_lost(self, error: BaseException | None) -> None:
        self.calls.append(f"lost {error}")


class EchoApplication(HTTPServerConnectionDelegate):
    def __init__(self) -> None:
        self.calls: list[str] = []

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> Echo:
        self.calls.append("start")
        return Echo(request_conn, self.calls)


class SilentApplication(HTTPServerConnectionDelegate):
    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return HTTPMessageDelegate()


def test_a_request_is_delivered_in_order_and_answered() -> None:
    application = EchoApplication()
    producer = MemoryProducer(application)
    trailers = HTTPHeaders({"Digest": "x"})

    connection = asyncio.run(
        producer.request(POST, HTTPHeaders(), b"hel", b"lo", trailers=trailers)
    )

    assert application.calls == ["start", "headers", "data", "data", "trailers", "finish"]
    assert connection.start_line == OK
    assert connection.body == b"hello"
    assert connection.finished
    assert connection.informational == [103]
    assert (connection.max_body_size, connection.body_timeout) == (1000, 5.0)


def test_one_connection_serves_several_requests() -> None:
    application = EchoApplication()
    producer = MemoryProducer(application)

    bodies = [
        asyncio.run(producer.request(POST, HTTPHeaders(), body)).body for body in (b"1", b"2")
    ]

    assert bodies == [b"1", b"2"]


def test_a_lost_client_is_reported_once_after_its_close() -> None:
    application = EchoApplication()
    producer = MemoryProducer(application)
    asyncio.run(producer.request(POST, HTTPHeaders()))

    producer.lose(ConnectionResetError("reset"))

    assert application.calls[-2:] == ["close", "lost reset"]


def test_a_delegate_may_leave_every_method_as_it_is() -> None:
    producer = MemoryProducer(SilentApplication())

    connection = asyncio.run(
        producer.request(POST, HTTPHeaders(), b"ignored", trailers=HTTPHeaders())
    )
    producer.lose()

    assert connection.start_line is None


def test_an_application_that_promises_the_shorter_way_must_define_it() -> None:
    connection = memory_connection()

    assert not SilentApplication.takes_requests
    with pytest.raises(NotImplementedError, match="SilentApplication does not define take_request"):
        SilentApplication().take_request(
            object(), connection, "GET", "/", "HTTP/1.1", HTTPHeaders()
        )


def test_a_connection_without_a_loop_around_it_must_have_one_for_what_waits() -> None:
    connection = memory_connection()

    assert not connection.loopless
    with pytest.raises(NotImplementedError, match="does not define run_on_loop"):
        connection.run_on_loop(Done)


def test_a_response_may_be_streamed_from_pieces_and_files_and_end_with_trailers() -> None:
    connection = memory_connection()

    connection.write_headers(OK, HTTPHeaders())
    connection.write(b"one ")
    connection.send_file(io.BytesIO(b"xtwo y"), 1, 4)
    connection.finish(HTTPHeaders({"Digest": "x"}))

    assert connection.body == b"one two "
    assert connection.trailers == HTTPHeaders({"Digest": "x"})


def test_a_file_that_ends_early_closes_the_connection() -> None:
    connection = memory_connection()
    connection.write_headers(OK, HTTPHeaders())

    with pytest.raises(HTTPOutputError, match="file ended after 3 bytes, expected 4"):
        connection.send_file(io.BytesIO(b"abc"), 0, 4)

    assert connection.closed


def test_misuse_of_a_connection_is_an_output_error() -> None:
    connection = memory_connection()
    connection.write_headers(OK, HTTPHeaders({"Content-Length": "2"}), b"a")

    with pytest.raises(HTTPOutputError, match="head was already written"):
        connection.write_headers(OK, HTTPHeaders())
    with pytest.raises(HTTPOutputError, match="wrote 1 bytes, expected 2"):
        connection.finish()
    connection.write(b"b")
    connection.finish()
    with pytest.raises(HTTPOutputError, match="finished"):
        connection.write(b"c")
    with pytest.raises(HTTPOutputError, match="no stream"):
        connection.detach()


def test_reading_can_be_paused_and_resumed() -> None:
    connection = memory_connection()

    connection.pause_reading()
    paused = connection.reading_paused
    connection.resume_reading()

    assert (paused, connection.reading_paused) == (True, False)


def test_writes_can_be_awaited_without_a_running_loop() -> None:
    async def answer() -> None:
        connection = memory_connection()
        await connection.write_headers(OK, HTTPHeaders())
        await connection.write(b"body")

    with pytest.raises(StopIteration):
        answer().send(None)
