"""Handlers where no event loop runs, as below a WSGI server."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, ClassVar

import pytest

from ostro import gen
from ostro.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine, ResponseStartLine
from ostro.ioloop import Completed
from ostro.web import (
    Application,
    FallbackHandler,
    RequestHandler,
    asynchronous,
    stream_request_body,
)

from .support import MemoryConnection, ask


class LooplessConnection(MemoryConnection):
    loopless: ClassVar[bool] = True

    def __init__(self, start_line: RequestStartLine) -> None:
        super().__init__(start_line, short_cut=False)
        self.loops = 0

    def run_on_loop(self, main: Callable[[], Awaitable[object]]) -> None:
        async def run() -> None:
            await main()

        self.loops += 1
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(run())
            if left := asyncio.all_tasks(loop):  # as below a WSGI server
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(left))
        finally:
            loop.close()


def ask_without_loop(handler: type[RequestHandler], **options: object) -> LooplessConnection:
    return ask_application(Application([("/(.*)", handler, options)]))


def ask_application(
    application: Application,
    method: str = "GET",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> LooplessConnection:
    connection = LooplessConnection(RequestStartLine(method, "/x", "HTTP/1.1"))
    given = HTTPHeaders({"Host": "example.com", **(headers or {})})
    connection.ask(application, given, [body] if body else [])
    return connection


class Plain(RequestHandler):
    def get(self, path: str) -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        self.write(path)


class Native(RequestHandler):
    async def get(self, path: str) -> None:
        await asyncio.sleep(0)
        self.write(path)


class NativePrepared(RequestHandler):
    async def prepare(self) -> None:
        await asyncio.sleep(0)
        self.write("prepared ")

    def get(self, path: str) -> None:
        self.write(path)


class Generated(RequestHandler):
    @gen.coroutine
    def get(self, path: str) -> Generator[Any, Any, None]:
        yield gen.sleep(0)
        self.write(path)


class Decorated(RequestHandler):
    @asynchronous
    @gen.coroutine
    def get(self, path: str) -> Generator[Any, Any, None]:
        yield gen.sleep(0)
        self.write(path)


class Returned(RequestHandler):
    def get(self, path: str) -> Awaitable[None]:
        return self._answer(path)

    async def _answer(self, path: str) -> None:
        await asyncio.sleep(0)
        self.write(path)


class CallingBack(RequestHandler):
    @asynchronous
    def get(self, path: str) -> None:
        self.write("dropped")


class FlushingAndCallingBack(RequestHandler):
    @asynchronous
    def get(self, path: str) -> None:
        self.write("sent")
        self.flush()


def test_a_plain_method_runs_without_a_loop_around_it() -> None:
    connection = ask_without_loop(Plain)

    assert (connection.status, connection.text, connection.loops) == (200, "x", 0)


@pytest.mark.parametrize("handler", [Native, Generated, Decorated, Returned])
def test_a_coroutine_is_run_to_its_end(handler: type[RequestHandler]) -> None:
    connection = ask_without_loop(handler)

    assert (connection.status, connection.text, connection.loops) == (200, "x", 1)


def test_prepare_may_be_a_coroutine() -> None:
    assert ask_without_loop(NativePrepared).text == "prepared x"


def test_a_method_that_is_not_there_starts_no_coroutine() -> None:
    connection = ask_application(Application([("/(.*)", NativePrepared)]), "PROPFIND")

    assert connection.status == 405


def test_what_a_coroutine_raises_is_an_error_page() -> None:
    class Broken(RequestHandler):
        async def get(self, path: str) -> None:
            raise ValueError("broken")

    assert ask_without_loop(Broken).status == 500


def test_a_handler_that_waits_for_a_callback_is_refused_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection = ask_without_loop(CallingBack)

    assert connection.status == 500
    assert "dropped" not in connection.text
    assert "CallingBack.get returned before its response was finished" in caplog.text
    assert "async def" in caplog.text


def test_a_response_that_has_begun_and_is_left_unfinished_is_broken_off() -> None:
    connection = ask_without_loop(FlushingAndCallingBack)

    assert connection.text == "sent"
    assert connection.closed


@pytest.mark.parametrize("handler", [Plain, Native, Generated])
def test_a_fallback_to_another_application(handler: type[RequestHandler]) -> None:
    inner = Application([("/(.*)", handler)])

    connection = ask_without_loop(FallbackHandler, fallback=inner)

    assert connection.text == "x"


def test_a_fallback_to_a_coroutine_function() -> None:
    async def answer(request: HTTPServerRequest) -> None:
        await asyncio.sleep(0)
        assert request.connection is not None
        start_line = ResponseStartLine("HTTP/1.1", 200, "OK")
        request.connection.write_headers(start_line, HTTPHeaders(), b"x", end=True)

    connection = ask_without_loop(FallbackHandler, fallback=answer)

    assert (connection.text, connection.loops) == ("x", 1)


def test_without_a_loop_an_ordinary_connection_refuses_a_coroutine() -> None:
    class Waiting(RequestHandler):
        def get(self) -> Awaitable[None]:
            return Completed(None)

    assert ask(Application([("/x", Waiting)]), "/x").status == 500


# Streamed bodies


@stream_request_body
class Streaming(RequestHandler):
    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.write(b"<" + chunk + b">")
        return None

    def put(self) -> Any:
        self.write(self.request.body)


class StreamingCoroutines(Streaming):
    async def prepare(self) -> None:
        await asyncio.sleep(0)

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.write(b"<" + chunk + b">")

    async def put(self) -> None:
        await asyncio.sleep(0)


class StreamingForever(Streaming):
    @asynchronous
    def put(self) -> None: ...


@pytest.mark.parametrize("handler", [Streaming, StreamingCoroutines])
@pytest.mark.parametrize(("body", "text"), [(b"body", "<body>"), (b"", "")])
def test_a_streamed_body_comes_in_one_piece(
    handler: type[RequestHandler], body: bytes, text: str
) -> None:
    connection = ask_application(Application([("/x", handler)]), "PUT", body)

    assert (connection.status, connection.text, connection.loops) == (200, text, 1)


def test_a_streamed_request_that_stays_unfinished_is_refused() -> None:
    connection = ask_application(Application([("/x", StreamingForever)]), "PUT", b"body")

    assert connection.status == 500


def test_a_coroutine_compresses_a_large_body_before_it_ends() -> None:
    class Large(RequestHandler):
        async def get(self) -> None:
            self.write("0123456789abcdef" * 65536)

    app = Application([("/x", Large)], gzip=True)

    answer = ask_application(app, headers={"Accept-Encoding": "gzip"})

    assert answer.ended
    assert len(gzip.decompress(answer.body)) == 1 << 20
