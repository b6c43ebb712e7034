"""@stream_request_body: the body is handed over as it comes, and the handler sets the pace."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextvars import ContextVar
from typing import Any

import pytest

from ostro import gen
from ostro.httputil import (
    HTTPHeaders,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop
from ostro.iostream import StreamClosedError
from ostro.web import (
    Application,
    FallbackHandler,
    HTTPError,
    Mount,
    RequestHandler,
    stream_request_body,
)

from .support import (
    MemoryConnection,
    ask,
    connected,
    raw_get,
    raw_post,
    read_answer,
    serving,
)

Events = asyncio.Queue[str]


@stream_request_body
class Noting(RequestHandler):
    """Notes what happens to it."""

    def initialize(self, events: Events) -> None:
        self.events = events
        self.gate = asyncio.Event()

    def note(self, event: str) -> None:
        self.events.put_nowait(event)

    def prepare(self) -> Awaitable[None] | None:
        self.note("prepare")
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.note(chunk.decode())
        return None

    def put(self) -> Any:
        self.note("put")
        self.write({"body": self.request.body.decode(), "files": len(self.request.files)})

    def on_connection_close(self) -> None:
        self.note("closed")

    def on_finish(self) -> None:
        self.note("finished")


@contextlib.asynccontextmanager
async def asking(
    handler: type[Noting],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Events]]:
    """A client of a server with this handler, and what the handler notes."""
    events = Events()
    app = Application([("/", handler, {"events": events})])
    async with serving(app) as port, connected(port) as (reader, writer):
        yield reader, writer, events


def noted(events: Events) -> list[str]:
    return [events.get_nowait() for _ in range(events.qsize())]


async def until(events: Events, event: str) -> list[str]:
    """Wait for an event, and return what was noted up to it."""
    seen: list[str] = []
    while event not in seen:
        seen.append(await events.get())
    return seen


def head(size: int, *fields: str) -> bytes:
    return raw_get("/", f"Content-Length: {size}", *fields, method="PUT")


async def test_the_body_is_handed_over_as_it_comes(io_loop: IOLoop) -> None:
    async with asking(Noting) as (reader, writer, events):
        writer.write(head(6))
        assert await until(events, "prepare") == ["prepare"]
        writer.write(b"one")
        assert await until(events, "one") == ["one"]
        writer.write(b"two")
        status, _, body = await read_answer(reader)

    assert status == "HTTP/1.1 200 OK"
    assert body == b'{"body": "", "files": 0}'
    assert noted(events) == ["two", "put", "finished"]


async def test_chunks_and_further_requests_are_handed_over(io_loop: IOLoop) -> None:
    chunked = raw_get("/", "Transfer-Encoding: chunked", method="PUT")
    async with asking(Noting) as (reader, writer, events):
        writer.write((chunked + b"3\r\none\r\n0\r\n\r\n") * 2)
        for _ in range(2):
            assert (await read_answer(reader))[0] == "HTTP/1.1 200 OK"

    assert noted(events) == ["prepare", "one", "put", "finished"] * 2


@pytest.mark.parametrize("short_cut", [True, False])
def test_a_request_without_a_body_needs_no_data(short_cut: bool) -> None:
    events = Events()
    app = Application([("/", Noting, {"events": events})])

    assert ask(app, method="PUT", short_cut=short_cut).status == 200
    assert noted(events) == ["prepare", "put", "finished"]


def test_a_body_needs_no_loop_where_nothing_waits() -> None:
    events = Events()
    app = Application([("/", Noting, {"events": events})])

    assert ask(app, method="PUT", body=[b"a", b"b"]).status == 200
    assert noted(events) == ["prepare", "a", "b", "put", "finished"]


# Coroutines, and the pace

_who: ContextVar[str] = ContextVar("_who", default="nobody")


class Waiting(Noting):
    """Everything of it is a coroutine, and waits."""

    async def prepare(self) -> None:
        await asyncio.sleep(0)
        _who.set("me")
        self.note("prepare")

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.note(f"{chunk.decode()} for {_who.get()}")

    async def put(self) -> None:
        await asyncio.sleep(0)
        self.note(f"put for {_who.get()}")
        self.write("done")


async def test_coroutines_run_one_after_the_other_and_share_what_prepare_has_set(
    io_loop: IOLoop,
) -> None:
    async with asking(Waiting) as (reader, writer, events):
        writer.write(head(6) + b"one")
        assert await until(events, "one for me") == ["prepare", "one for me"]
        writer.write(b"two")
        assert (await read_answer(reader))[2] == b"done"

    assert noted(events) == ["two for me", "put for me", "finished"]


async def test_generators_are_coroutines(io_loop: IOLoop) -> None:
    class Handler(Noting):
        @gen.coroutine
        def data_received(self, chunk: bytes) -> Generator[Any, Any, None]:
            yield gen.moment
            self.note(chunk.decode())

        @gen.coroutine
        def put(self) -> Generator[Any, Any, None]:
            yield gen.moment
            self.write("done")

    async with asking(Handler) as (reader, writer, events):
        writer.write(head(3) + b"one")
        assert (await read_answer(reader))[2] == b"done"

    assert noted(events) == ["prepare", "one", "finished"]


async def test_a_coroutine_that_does_not_wait_costs_no_turn(io_loop: IOLoop) -> None:
    class Handler(Noting):
        async def data_received(self, chunk: bytes) -> None:
            self.note(chunk.decode())

    async with asking(Handler) as (reader, writer, events):
        writer.write(head(3) + b"one")
        assert (await read_answer(reader))[0] == "HTTP/1.1 200 OK"

    assert noted(events) == ["prepare", "one", "put", "finished"]


async def test_a_client_is_slowed_down_to_the_pace_of_the_handler(io_loop: IOLoop) -> None:
    gate = asyncio.Event()
    taken = 0

    class Slow(Noting):
        async def data_received(self, chunk: bytes) -> None:
            nonlocal taken
            taken += len(chunk)
            self.note("some")
            await gate.wait()

    size = 64 << 20
    async with asking(Slow) as (reader, writer, events):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # no kernel takes it all
        writer.write(head(size))
        sending = asyncio.ensure_future(_send(writer, size))
        await until(events, "some")
        await asyncio.wait([sending], timeout=0.2)
        assert not sending.done()
        assert taken < 1 << 20  # one piece: the rest is in the kernel, or with the client
        gate.set()
        assert (await read_answer(reader))[0] == "HTTP/1.1 200 OK"
        await sending

    assert taken == size


async def _send(writer: asyncio.StreamWriter, size: int) -> None:
    piece = b"x" * 65536
    for _ in range(size // len(piece)):
        writer.write(piece)
        await writer.drain()


async def test_the_body_waits_for_prepare_and_100_continue_does(io_loop: IOLoop) -> None:
    gate = asyncio.Event()

    class Handler(Noting):
        async def prepare(self) -> None:
            self.note("prepare")
            await gate.wait()

    async with asking(Handler) as (reader, writer, events):
        writer.write(head(3, "Expect: 100-continue"))
        await until(events, "prepare")
        gate.set()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"one")
        assert (await read_answer(reader))[0] == "HTTP/1.1 200 OK"

    assert noted(events) == ["one", "put", "finished"]


# Early answers


class Refusing(Noting):
    def prepare(self) -> Awaitable[None] | None:
        raise HTTPError(403)


class RefusingLater(Noting):
    async def prepare(self) -> None:
        await asyncio.sleep(0)
        raise HTTPError(403)


class RefusingData(Noting):
    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        raise HTTPError(403)


class RefusingDataLater(Noting):
    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        raise HTTPError(403)


class Answering(Noting):
    def prepare(self) -> Awaitable[None] | None:
        self.set_status(403)
        self.finish("no")
        return None


@pytest.mark.parametrize(
    "handler", [Refusing, RefusingLater, RefusingData, RefusingDataLater, Answering]
)
async def test_an_answer_before_the_end_of_the_body_reaches_a_client_that_goes_on_sending(
    io_loop: IOLoop, handler: type[Noting], caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(handler) as (reader, writer, events):
        writer.write(head(8 << 20) + b"x" * 65536)
        status, headers, _ = await read_answer(reader)
        assert status == "HTTP/1.1 403 Forbidden"
        assert headers["Connection"] == "close"
        with contextlib.suppress(ConnectionError):
            writer.write(b"y" * (1 << 20))
            await writer.drain()

    assert noted(events)[-1] == "finished"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_refused_client_that_waits_for_100_is_not_told_to_continue(io_loop: IOLoop) -> None:
    async with asking(Refusing) as (reader, writer, _):
        writer.write(head(8, "Expect: 100-continue"))
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")


@pytest.mark.parametrize("handler", [Refusing, Answering, RefusingData])
def test_a_body_behind_the_answer_is_dropped(handler: type[Noting]) -> None:
    events = Events()
    app = Application([("/", handler, {"events": events})])

    assert ask(app, method="PUT", body=[b"a", b"b"]).status == 403
    assert noted(events)[-1] == "finished"
    assert "put" not in noted(events)


def test_another_method_is_refused_before_the_body() -> None:
    events = Events()
    app = Application([("/", Noting, {"events": events})])

    assert ask(app, method="PROPFIND", body=b"a").status == 405
    assert noted(events) == ["finished"]


def test_a_body_without_an_xsrf_token_in_the_headers_is_refused_before_it_comes() -> None:
    events = Events()
    app = Application([("/", Noting, {"events": events})], xsrf_cookies=True)
    token = {"Cookie": "_xsrf=" + "ab" * 16}

    refused = ask(app, method="PUT", body=b"_xsrf=" + b"ab" * 16, headers=token)
    assert (refused.status, noted(events)) == (403, ["finished"])

    taken = ask(app, method="PUT", body=b"a", headers={**token, "X-XSRFToken": "ab" * 16})
    assert (taken.status, noted(events)) == (200, ["prepare", "a", "put", "finished"])


def test_a_handler_that_cannot_be_made_is_answered_before_the_body() -> None:
    @stream_request_body
    class Broken(RequestHandler):
        def initialize(self) -> None:
            raise HTTPError(418)

    assert ask(Application([("/", Broken)]), method="PUT", body=b"a").status == 418


def test_an_exception_in_the_method_is_answered() -> None:
    class Broken(Noting):
        def put(self) -> None:
            raise HTTPError(409)

    app = Application([("/", Broken, {"events": Events()})])

    assert ask(app, method="PUT", body=b"a").status == 409


def test_a_handler_without_data_received_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    @stream_request_body
    class Lacking(RequestHandler):
        def put(self) -> None: ...

    assert ask(Application([("/", Lacking)]), method="PUT", body=b"a").status == 500
    assert "Lacking does not define data_received" in caplog.text


def test_a_method_may_finish_the_answer_itself() -> None:
    class Finishing(Noting):
        def put(self) -> None:
            self.finish("done")

    app = Application([("/", Finishing, {"events": Events()})])

    assert ask(app, method="PUT", body=b"a").text == "done"


async def test_an_answer_may_be_streamed_while_the_body_comes(io_loop: IOLoop) -> None:
    class Echo(Noting):
        async def data_received(self, chunk: bytes) -> None:
            self.write(chunk)
            await self.flush()

        def put(self) -> None: ...

    async with asking(Echo) as (reader, writer, _):
        writer.write(head(6) + b"one")
        assert (await reader.readuntil(b"3\r\none\r\n")).startswith(b"HTTP/1.1 200 OK")
        writer.write(b"two")
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


# Clients that go away


class Hanging(Noting):
    async def hang(self, where: str) -> None:
        self.note(where)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.note("cancelled")
            raise


class HangsInPrepare(Hanging):
    async def prepare(self) -> None:
        await self.hang("hangs")


class HangsInData(Hanging):
    async def data_received(self, chunk: bytes) -> None:
        await self.hang("hangs")


@pytest.mark.parametrize("handler", [HangsInPrepare, HangsInData])
async def test_a_client_that_goes_away_cancels_what_runs(
    io_loop: IOLoop, handler: type[Noting], caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(handler) as (_, writer, events):
        writer.write(head(100) + b"some")
        await until(events, "hangs")
        writer.transport.abort()
        assert await until(events, "finished") == ["closed", "cancelled", "finished"]

    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_client_that_goes_away_between_two_parts_ends_the_request(io_loop: IOLoop) -> None:
    async with asking(Noting) as (_, writer, events):
        writer.write(head(100) + b"some")
        await until(events, "some")
        writer.close()
        assert await until(events, "finished") == ["closed", "finished"]


async def test_a_body_that_breaks_off_or_is_malformed_ends_the_request(io_loop: IOLoop) -> None:
    chunked = raw_get("/", "Transfer-Encoding: chunked", method="PUT")
    async with asking(Noting) as (reader, writer, events):
        writer.write(chunked + b"3\r\none\r\n")
        assert await until(events, "one") == ["prepare", "one"]
        writer.write(b"zzz\r\n")
        assert (await read_answer(reader))[0] == "HTTP/1.1 400 Bad Request"

        assert noted(events) == ["closed", "finished"]


async def test_an_answer_to_a_client_that_has_gone_is_no_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Unstoppable(HangsInData):
        cancel_on_disconnect = False

        async def data_received(self, chunk: bytes) -> None:
            self.note("hangs")
            await self.gate.wait()
            with pytest.raises(StreamClosedError):
                await self.flush()
            self.note("gone")

        def on_connection_close(self) -> None:
            super().on_connection_close()
            asyncio.get_running_loop().call_soon(self.gate.set)

    async with asking(Unstoppable) as (_, writer, events):
        writer.write(head(100) + b"some")
        await until(events, "hangs")
        writer.transport.abort()
        assert await until(events, "finished") == ["closed", "gone", "finished"]


async def test_a_cancelled_step_that_nobody_lost_is_answered(io_loop: IOLoop) -> None:
    class Cancelled(Noting):
        async def data_received(self, chunk: bytes) -> None:
            await asyncio.sleep(0)
            raise asyncio.CancelledError

    async with asking(Cancelled) as (reader, writer, _):
        writer.write(head(4) + b"some")
        assert (await read_answer(reader))[0] == "HTTP/1.1 500 Internal Server Error"


# Limits, set when the headers have come


class Limiting(Noting):
    max_body_size = 10
    body_timeout = 5.0

    def prepare(self) -> Awaitable[None] | None:
        wanted = self.request.headers.get("X-Limit")
        assert self.request.connection is not None
        if wanted:
            self.request.connection.set_max_body_size(int(wanted))
            self.request.connection.set_body_timeout(7)
        return super().prepare()


@pytest.mark.parametrize(
    ("size", "fields", "status"),
    [(10, (), 200), (11, (), 413), (20, ("X-Limit: 20",), 200), (5, ("X-Limit: 4",), 413)],
)
async def test_prepare_can_move_the_limit_that_the_class_sets(
    io_loop: IOLoop, size: int, fields: tuple[str, ...], status: int
) -> None:
    async with asking(Limiting) as (reader, writer, _):
        writer.write(raw_post("/", b"x" * size, *fields, method="PUT"))
        answer, _, _ = await read_answer(reader)

    assert f" {status} " in answer


def test_the_time_for_the_body_is_set_at_the_headers() -> None:
    app = Application([("/", Limiting, {"events": Events()})])

    by_class = ask(app, method="PUT", body=b"x")
    by_prepare = ask(app, method="PUT", body=b"x", headers={"X-Limit": "5"})

    assert (by_class.max_body_size, by_class.body_timeout) == (10, 5.0)
    assert (by_prepare.max_body_size, by_prepare.body_timeout) == (5, 7)


def test_only_handler_classes_can_be_decorated() -> None:
    with pytest.raises(TypeError, match="RequestHandler"):
        stream_request_body(dict)  # type: ignore[type-var]  # this is the mistake
    with pytest.raises(TypeError, match="RequestHandler"):
        stream_request_body(Noting.put)  # type: ignore[arg-type]  # and so is this


def test_a_subclass_streams_too_and_a_base_class_does_not() -> None:
    @stream_request_body
    class Streaming(RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            self.write(b"<" + chunk + b">")

        def put(self) -> None: ...

    class Derived(Streaming):
        pass

    class Plain(RequestHandler):
        def put(self) -> None:
            self.write(self.request.body)

    app = Application([("/derived", Derived), ("/plain", Plain)])

    assert ask(app, "/derived", method="PUT", body=[b"a", b"b"]).text == "<a><b>"
    assert ask(app, "/plain", method="PUT", body=[b"a", b"b"]).text == "ab"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda app: Application([Mount("/a", app)]),
        lambda app: Application([(".*", FallbackHandler, {"fallback": app})]),
        lambda app: Application([Mount("", Application([Mount("/a", app)]))]),
    ],
    ids=["mounted", "fallback", "mounted twice"],
)
def test_a_handler_of_another_application_gets_its_body_as_it_comes(
    wrap: Callable[[Application], Application],
) -> None:
    events = Events()
    inner = Application([("(?:/a)?/x", Limiting, {"events": events})])

    connection = ask(wrap(inner), "/a/x", method="PUT", body=[b"a", b"b"])

    assert (connection.status, connection.max_body_size) == (200, 10)
    assert noted(events) == ["prepare", "a", "b", "put", "finished"]


def test_a_fallback_that_is_no_application_gets_the_whole_body() -> None:
    def fallback(request: HTTPServerRequest) -> None:
        assert request.connection is not None
        line = ResponseStartLine("HTTP/1.1", 200, "OK")
        request.connection.write_headers(line, HTTPHeaders(), request.body, end=True)

    app = Application([(".*", FallbackHandler, {"fallback": fallback})])

    assert ask(app, method="PUT", body=[b"a", b"b"]).text == "ab"


def test_a_connection_lost_before_the_headers_is_nobodys() -> None:
    connection = MemoryConnection(RequestStartLine("PUT", "/", "HTTP/1.1"))
    delegate = Application([]).start_request(connection, connection)

    delegate.on_connection_close()
    delegate.on_connection_lost(None)
