"""FallbackHandler: requests that something else answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from ostro.ioloop import IOLoop
from ostro.web import Application, FallbackHandler, RequestHandler, asynchronous

from .support import ask, connected, fetch, raw_get, read_answer, serving


class Inner(RequestHandler):
    """Tells what it got, and what happens to it."""

    events: list[str] = []
    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "PROPFIND")

    def get(self, rest: str) -> None:
        self.write(f"inner {rest} {self.request.body!r}")

    post = propfind = get

    def on_connection_close(self) -> None:
        self.events.append("closed")

    def on_finish(self) -> None:
        self.events.append("finished")


class Waiting(Inner):
    @asynchronous
    def get(self, rest: str) -> None: ...


@pytest.fixture(autouse=True)
def _no_events() -> None:
    Inner.events.clear()


def outer(fallback: object, handler: type[FallbackHandler] = FallbackHandler) -> Application:
    return Application([("/own", Inner), ("/.*", handler, {"fallback": fallback})])


@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
def test_another_application_answers_whatever_the_method(method: str) -> None:
    answer = ask(outer(Application([("/(.*)", Inner)])), "/x", method=method)

    assert answer.text == "inner x b''"


def test_the_body_comes_along() -> None:
    answer = ask(outer(Application([("/(.*)", Inner)])), "/x", method="POST", body=b"body")

    assert answer.text == "inner x b'body'"


def test_the_errors_of_the_other_application_are_its_own() -> None:
    assert ask(outer(Application()), "/x").status == 404


def test_the_request_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "ostro.access")

    ask(outer(Application([("/(.*)", Inner)])), "/x")

    assert len(caplog.records) == 1


@pytest.mark.parametrize("short_cut", [True, False])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_handler_that_answers_learns_that_the_client_is_gone(
    short_cut: bool, depth: int
) -> None:
    app = Application([("/(.*)", Waiting)])
    for _ in range(depth):
        app = outer(app)

    connection = ask(app, "/x", short_cut=short_cut)
    connection.half_close()
    assert Inner.events == ["closed"]
    connection.lose()

    assert Inner.events == ["closed", "finished"]


def plain(request: HTTPServerRequest) -> None:
    connection = request.connection
    assert connection is not None
    start_line = ResponseStartLine("HTTP/1.1", 200, "OK")
    connection.write_headers(start_line, HTTPHeaders(), request.path.encode(), end=True)


async def slow(request: HTTPServerRequest) -> None:
    await asyncio.sleep(0)
    plain(request)


def test_a_plain_callback_answers() -> None:
    assert ask(outer(plain), "/x").text == "/x"


async def test_a_coroutine_function_answers(io_loop: IOLoop) -> None:
    assert (await fetch(outer(slow), "/x")).text == "/x"


def broken(request: HTTPServerRequest) -> None:
    raise ValueError("broken")


async def broken_later(request: HTTPServerRequest) -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("fallback", [broken, broken_later])
async def test_a_fallback_that_fails_is_a_500(
    io_loop: IOLoop,
    fallback: Callable[[HTTPServerRequest], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert (await fetch(outer(fallback), "/x")).status == 500
    assert "ValueError: broken" in caplog.text


def test_on_finish_runs_when_the_request_has_been_handed_over() -> None:
    class Handler(FallbackHandler):
        def on_finish(self) -> None:
            Inner.events.append("outer finished")

    ask(outer(plain, Handler), "/x")

    assert Inner.events == ["outer finished"]


def test_a_subclass_may_answer_instead() -> None:
    class Handler(FallbackHandler):
        def prepare(self) -> Any:  # Any: that of RequestHandler is an awaitable or None
            if self.request.path == "/no":
                self.send_error(403)
                return None
            return super().prepare()

    app = outer(plain, Handler)

    assert ask(app, "/no").status == 403
    assert ask(app, "/yes").text == "/yes"


async def test_a_lost_client_of_a_callback_is_no_trouble(io_loop: IOLoop) -> None:
    never = asyncio.Event()

    async def wait(request: HTTPServerRequest) -> None:
        await never.wait()

    connection = ask(outer(wait), "/x")
    await asyncio.sleep(0)
    connection.half_close()
    connection.lose()
    await asyncio.sleep(0)

    assert connection.status == 0


async def test_a_raw_answer_goes_over_the_wire(io_loop: IOLoop) -> None:
    def raw(request: HTTPServerRequest) -> None:
        request.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nraw")
        request.finish()

    async with serving(outer(raw)) as port, connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(raw_get("/x"))
            status_line, _, body = await read_answer(reader)
            assert (status_line, body) == ("HTTP/1.1 200 OK", b"raw")
