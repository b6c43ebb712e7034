"""What a handler class says of its requests: how large a body may be, how long it all may take."""

import asyncio
import gc
import logging
import time
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.web import Application, RequestHandler, asynchronous
from packages import clocks

from .support import ask, connected, fetch, raw_get, raw_post, read_answer, serving


class Small(RequestHandler):
    max_body_size = 10

    def post(self) -> None:
        self.write(self.request.body)


class Large(Small):
    max_body_size = 200 << 20
    body_timeout = 0

    def post(self) -> None:
        self.write(str(len(self.request.body)))


async def answer_to(port: int, request: bytes) -> tuple[str, bytes]:
    async with connected(port) as (reader, writer):
        writer.write(request)
        status, _, body = await read_answer(reader)
        return status, body


async def test_a_body_at_the_limit_of_its_handler_is_taken(io_loop: IOLoop) -> None:
    async with serving(Application([("/", Small)])) as port:
        assert await answer_to(port, raw_post("/", b"0123456789")) == (
            "HTTP/1.1 200 OK",
            b"0123456789",
        )


async def test_a_body_over_the_limit_is_refused_before_it_comes(io_loop: IOLoop) -> None:
    async with serving(Application([("/", Small)])) as port:
        status, _ = await answer_to(port, raw_get("/", "Content-Length: 11", method="POST"))

    assert status == "HTTP/1.1 413 Content Too Large"


async def test_a_client_that_waits_for_100_is_told_413(io_loop: IOLoop) -> None:
    request = raw_get("/", "Content-Length: 11", "Expect: 100-continue", method="POST")
    async with serving(Application([("/", Small)])) as port:
        status, _ = await answer_to(port, request)

    assert status == "HTTP/1.1 413 Content Too Large"


async def test_a_chunked_body_is_refused_where_it_passes_the_limit(io_loop: IOLoop) -> None:
    head = raw_get("/", "Transfer-Encoding: chunked", method="POST")
    async with serving(Application([("/", Small)])) as port:
        status, _ = await answer_to(port, head + b"8\r\n01234567\r\n3\r\n")

    assert status == "HTTP/1.1 413 Content Too Large"


async def test_a_handler_may_take_more_than_the_server(io_loop: IOLoop) -> None:
    size = (100 << 20) + 1
    head = raw_get("/", f"Content-Length: {size}", method="POST")
    app = Application([("/large", Large), ("/.*", RequestHandler)])
    async with serving(app) as port:
        assert "413" in (await answer_to(port, head))[0]
        async with connected(port) as (reader, writer):
            writer.write(head.replace(b"POST / ", b"POST /large ", 1) + b"x" * 1000)
            # It is waiting for the rest.
            done, pending = await asyncio.wait([asyncio.ensure_future(reader.read(1))], timeout=0.1)
            assert not done
            pending.pop().cancel()


def test_handlers_that_say_nothing_leave_the_limits_alone() -> None:
    class Plain(RequestHandler):
        def post(self) -> None: ...

    connection = ask(Application([("/", Plain)]), method="POST", body=b"x")

    assert (connection.max_body_size, connection.body_timeout) == (None, None)


def test_the_limits_are_set_at_the_headers() -> None:
    connection = ask(Application([("/", Large)]), method="POST", body=b"x")

    assert (connection.max_body_size, connection.body_timeout) == (200 << 20, 0)


# The time that a handler may take


class Late(RequestHandler):
    handler_timeout = 0.01

    def initialize(self, events: list[str]) -> None:
        self.events = events

    async def get(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise

    @gen.coroutine
    def post(self) -> Generator[Any, Any, None]:
        yield asyncio.Event().wait()

    @asynchronous
    def put(self) -> None: ...

    async def patch(self) -> None:
        self.write("some")
        await self.flush()
        await asyncio.Event().wait()

    def on_finish(self) -> None:
        self.events.append("finished")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_a_handler_that_takes_too_long_is_answered_for(
    io_loop: IOLoop, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[str] = []

    answer = await fetch(Application([("/", Late, {"events": events})]), method=method)

    assert answer.status == 503
    assert events == (["cancelled", "finished"] if method == "GET" else ["finished"])
    (record,) = [record for record in caplog.records if record.name == "ostro.general"]
    assert record.levelno == logging.WARNING
    assert "The handler took more than 0.01 s" in record.getMessage()


async def test_an_answer_that_has_begun_is_broken_off(io_loop: IOLoop) -> None:
    answer = await fetch(Application([("/", Late, {"events": []})]), method="PATCH")

    assert (answer.status, answer.ended, answer.closed) == (200, False, True)


async def test_time_is_up_for_a_handler_that_the_loop_had_no_time_to_begin(io_loop: IOLoop) -> None:
    events: list[str] = []
    asked = ask(Application([("/", Late, {"events": events})]))
    busy_until = time.monotonic() + 5 * Late.handler_timeout
    while time.monotonic() < busy_until:
        """Do what keeps a loop from its tasks."""

    await asked.over()

    assert asked.status == 503
    assert events == ["cancelled", "finished"]


async def test_prepare_is_timed_too(io_loop: IOLoop) -> None:
    class Handler(Late):
        async def prepare(self) -> None:
            await asyncio.Event().wait()

    answer = await fetch(Application([("/", Handler, {"events": []})]))

    assert answer.status == 503


class Quick(Late):
    async def get(self) -> None:
        await asyncio.sleep(0)
        self.write("in time")

    @gen.coroutine
    def post(self) -> Generator[Any, Any, None]:
        self.write("at once")
        yield None

    @asynchronous
    def put(self) -> None:
        self.finish("soon")

    @asynchronous
    async def patch(self) -> None:
        await asyncio.sleep(0)
        self.write("in time")


QUICK = {"GET": "in time", "POST": "at once", "PUT": "soon", "PATCH": "in time"}


async def test_a_handler_in_time_is_left_alone(io_loop: IOLoop) -> None:
    class Unhurried(Quick):
        handler_timeout = 60

    events: list[str] = []
    app = Application([("/", Unhurried, {"events": events})])

    assert {method: (await fetch(app, method=method)).text for method in QUICK} == QUICK
    assert events == ["finished"] * 4


def test_a_handler_that_was_in_time_is_left_alone_when_its_time_has_passed() -> None:
    loop = clocks.StandingLoop()
    events: list[str] = []
    app = Application([("/", Quick, {"events": events})])

    async def ask_and_wait() -> None:
        for method, text in QUICK.items():
            assert (await fetch(app, method=method)).text == text
        passed = asyncio.Event()
        loop.call_later(2 * Quick.handler_timeout, passed.set)
        loop.now += 2 * Quick.handler_timeout
        await passed.wait()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(ask_and_wait())

    assert events == ["finished"] * 4


async def test_callbacks_that_keep_their_handler_are_in_time_when_it_has_finished(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[RequestHandler] = []

    class Kept(Late):
        @asynchronous
        def put(self) -> None:
            kept.append(self)
            self.finish("soon")

    assert (await fetch(Application([("/", Kept, {"events": []})]), method="PUT")).text == "soon"
    await asyncio.sleep(0.02)

    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_callbacks_that_do_not_keep_their_handler_leave_nothing_to_be_timed(
    io_loop: IOLoop,
) -> None:
    class Dropped(Late):
        @asynchronous
        def put(self) -> None:
            self.finish("soon")

    assert (await fetch(Application([("/", Dropped, {"events": []})]), method="PUT")).text == "soon"
    gc.collect()
    await asyncio.sleep(0.02)


async def test_a_handler_that_catches_the_cancellation_may_answer_itself(io_loop: IOLoop) -> None:
    class Stubborn(Late):
        async def get(self) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.write("a part")

    answer = await fetch(Application([("/", Stubborn, {"events": []})]))

    assert (answer.status, answer.text) == (200, "a part")
