"""Clients that go away: reported once, the handler's task cancelled, on_finish always run."""

import asyncio
import logging
from collections.abc import Awaitable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.web import Application, RequestHandler, asynchronous

from .support import MemoryConnection, ask

both_ways = pytest.mark.parametrize("short_cut", [True, False])


class Noting(RequestHandler):
    """Notes what happens to it."""

    def initialize(self, events: list[str], handlers: list["Noting"]) -> None:
        self.events = events
        self.release = asyncio.Event()
        handlers.append(self)

    def on_connection_close(self) -> None:
        self.events.append("closed")

    def on_finish(self) -> None:
        self.events.append("finished")


class Asynchronous(Noting):
    @asynchronous
    def get(self) -> None: ...


class Coroutine(Noting):
    async def get(self) -> None:
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise
        self.events.append("released")
        self.write("late")
        self.flush()
        self.write("later")


class Generation2(Noting):
    @gen.coroutine
    def get(self) -> Generator[Any, Any, None]:
        try:
            yield self.release.wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise


class Unstoppable(Coroutine):
    cancel_on_disconnect = False


class SlowPrepare(Noting):
    async def prepare(self) -> None:
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise


def start(
    handler: type[Noting], short_cut: bool = True, slow: bool = False
) -> tuple[MemoryConnection, list[str], Noting]:
    events: list[str] = []
    handlers: list[Noting] = []
    app = Application([("/", handler, {"events": events, "handlers": handlers})])
    connection = ask(app, short_cut=short_cut, slow=slow)
    return connection, events, handlers[0]


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@both_ways
def test_a_half_close_is_reported_once_and_the_request_still_answered(short_cut: bool) -> None:
    connection, events, handler = start(Asynchronous, short_cut)

    connection.half_close()
    connection.half_close()
    assert events == ["closed"]
    handler.finish("answer")

    assert (connection.text, connection.ended) == ("answer", True)
    assert events == ["closed", "finished"]


@both_ways
def test_a_loss_is_reported_once_and_ends_the_request(short_cut: bool) -> None:
    connection, events, _ = start(Asynchronous, short_cut)

    connection.half_close()
    connection.lose()

    assert events == ["closed", "finished"]


def test_a_loss_after_the_answer_is_not_reported() -> None:
    connection, events, handler = start(Asynchronous)
    handler.finish("answer")

    connection.half_close()
    connection.lose()

    assert events == ["finished"]


def test_a_handler_that_has_answered_does_not_hear_of_the_end() -> None:
    events: list[str] = []
    app = Application([("/", Asynchronous, {"events": events, "handlers": []})])
    connection = MemoryConnection(RequestStartLine("GET", "/", "HTTP/1.1"))
    delegate = app.start_request(connection, connection)
    delegate.headers_received(connection.start_line, HTTPHeaders())
    delegate.finish()
    delegate.on_connection_lost(None)
    assert events == ["finished"]

    delegate.on_connection_close()
    delegate.on_connection_lost(None)

    assert events == ["finished"]


def test_a_request_that_is_not_whole_is_dropped() -> None:
    app = Application([("/", Asynchronous)])
    start_line = RequestStartLine("POST", "/", "HTTP/1.1")
    connection = MemoryConnection(start_line)
    delegate = app.start_request(connection, connection)
    delegate.headers_received(start_line, HTTPHeaders({"Content-Length": "9"}))
    delegate.data_received(b"part")

    delegate.on_connection_close()
    delegate.on_connection_lost(None)

    assert connection.status == 0


@both_ways
@pytest.mark.parametrize("handler", [Coroutine, Generation2, SlowPrepare])
async def test_a_loss_cancels_the_task_and_on_finish_runs_after_it(
    io_loop: IOLoop, handler: type[Noting], short_cut: bool, caplog: pytest.LogCaptureFixture
) -> None:
    connection, events, _ = start(handler, short_cut)
    await turn()

    connection.lose()
    assert events == ["closed"]
    await turn()

    assert events == ["closed", "cancelled", "finished"]
    assert not caplog.records


async def test_a_half_close_does_not_cancel_the_task(io_loop: IOLoop) -> None:
    connection, events, handler = start(Coroutine)
    await turn()

    connection.half_close()
    await turn()
    handler.release.set()
    await connection.over()

    assert connection.text == "latelater"
    assert events == ["closed", "released", "finished"]


async def test_a_loss_before_the_task_has_begun_leaves_no_coroutine_behind(io_loop: IOLoop) -> None:
    connection, events, _ = start(Coroutine)

    connection.lose()
    await turn()

    assert events == ["closed", "cancelled", "finished"]


async def test_a_handler_that_opts_out_runs_to_its_end(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    connection, events, handler = start(Unstoppable)
    await turn()

    connection.lose()
    await turn()
    assert events == ["closed"]
    handler.release.set()
    await turn()

    assert events == ["closed", "released", "finished"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_handler_whose_task_is_done_waits_for_nothing(io_loop: IOLoop) -> None:
    class Handler(Noting):
        async def prepare(self) -> None:
            await asyncio.sleep(0)

        @asynchronous
        def get(self) -> None: ...

    connection, events, _ = start(Handler)
    await turn()

    connection.lose()

    assert events == ["closed", "finished"]


# What is written afterwards


async def test_what_is_written_to_a_lost_client_is_dropped(io_loop: IOLoop) -> None:
    connection, events, handler = start(Asynchronous)
    connection.lose()

    handler.write("more")
    handler.send_error(500)
    for sent in (handler.flush(), handler.finish("more")):
        with pytest.raises(StreamClosedError):
            await sent

    assert (connection.status, connection.body) == (0, b"")
    assert events == ["closed", "finished"]


async def test_a_stream_to_a_lost_client_ends_by_itself(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Endless(Noting):
        cancel_on_disconnect = False

        async def get(self) -> None:
            while True:
                self.write("x" * 1000)
                await self.flush()
                await asyncio.sleep(0)

    connection, events, _ = start(Endless)
    await turn()

    connection.lose()
    await turn()

    assert events == ["closed", "finished"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_client_that_leaves_before_the_answer_is_sent_is_no_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Handler(Noting):
        def get(self) -> Awaitable[None]:
            return self.finish("answer")

    connection, events, _ = start(Handler, slow=True)
    await turn()

    connection.lose()
    await turn()

    assert events == ["finished"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_flush_callback_of_a_lost_client_is_not_called(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Handler(Noting):
        @asynchronous
        def get(self) -> None:
            self.write("some")
            self.flush(callback=lambda: self.events.append("flushed"))

    connection, events, _ = start(Handler, slow=True)
    await turn()

    connection.lose()
    await turn()

    assert events == ["closed", "finished"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# A loss found while the handler runs


class LosesItself(Noting):
    def lose(self) -> None:
        assert isinstance(self.request.connection, MemoryConnection)
        self.write("some")
        self.flush()
        self.request.connection.lose()


async def test_a_loss_in_the_middle_of_a_plain_method_ends_the_request(io_loop: IOLoop) -> None:
    class Handler(LosesItself):
        def get(self) -> None:
            self.lose()
            self.write("more")

    _, events, _ = start(Handler, short_cut=False)

    assert events == ["closed", "finished"]


async def test_a_loss_in_the_first_step_of_a_coroutine_cancels_it(io_loop: IOLoop) -> None:
    class Handler(LosesItself):
        @gen.coroutine
        def get(self) -> Generator[Any, Any, None]:
            self.lose()
            try:
                yield self.release.wait()
            except asyncio.CancelledError:
                self.events.append("cancelled")
                raise

    _, events, _ = start(Handler, short_cut=False)
    await turn()

    assert events == ["closed", "finished", "cancelled"]


async def test_a_loss_in_prepare_keeps_the_method_from_running(io_loop: IOLoop) -> None:
    class Handler(LosesItself):
        def prepare(self) -> None:
            self.lose()

        def get(self) -> None:
            self.events.append("get")

    _, events, _ = start(Handler, short_cut=False)

    assert events == ["closed", "finished"]


# Broken hooks


def test_an_exception_in_on_connection_close_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Asynchronous):
        def on_connection_close(self) -> None:
            raise ValueError("broken hook")

    connection, events, _ = start(Handler)
    connection.lose()

    assert events == ["finished"]
    assert "ValueError: broken hook" in caplog.text


@pytest.mark.parametrize("handler", [Asynchronous, Coroutine])
async def test_an_exception_in_on_finish_of_a_lost_request_is_logged(
    io_loop: IOLoop, handler: type[Noting], caplog: pytest.LogCaptureFixture
) -> None:
    def on_finish(self: Noting) -> None:
        raise ValueError("broken hook")

    connection, _, _ = start(type("Handler", (handler,), {"on_finish": on_finish}))
    await turn()

    connection.lose()
    await turn()

    assert "ValueError: broken hook" in caplog.text


def test_the_log_has_a_line_for_a_lost_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ostro.access")
    connection, _, _ = start(Asynchronous)

    connection.lose()

    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage().startswith("499 GET / ")


def test_finishing_in_on_connection_close_is_possible() -> None:
    class Handler(Asynchronous):
        def on_connection_close(self) -> None:
            self.finish("goodbye")

    connection, events, _ = start(Handler)
    connection.half_close()

    assert (connection.text, events) == ("goodbye", ["finished"])


def test_a_request_made_by_hand_is_answered() -> None:
    connection = MemoryConnection(RequestStartLine("GET", "/", "HTTP/1.1"))

    class Handler(RequestHandler):
        def get(self) -> None:
            self.write("by hand")

    Application([("/", Handler)])(HTTPServerRequest("GET", "/", connection=connection))

    assert connection.text == "by hand"
