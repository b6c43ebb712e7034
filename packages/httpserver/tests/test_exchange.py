"""What an application may do with a request's way back, and what it is told when it may not."""

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from ostro.http1 import LocalProtocolError
from ostro.httpserver._exchange import JOIN_LIMIT, Exchange
from ostro.httpserver._file_pieces import PIECE_SIZE
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPOutputError,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, IOLoop
from ostro.iostream import StreamClosedError

from .support import (
    GET,
    OK,
    Client,
    Recorder,
    RecordingDelegate,
    Request,
    logged,
    no_answer,
    respond,
    responses,
    turns,
)

HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = b"x" * (JOIN_LIMIT + 1)


async def asked(io_loop: IOLoop, request: bytes = GET) -> tuple[Client, Exchange]:
    """A connection on which a request waits for an answer."""
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(request)
    [connection] = app.connections
    assert isinstance(connection, Exchange)
    return client, connection


def sized(size: int) -> HTTPHeaders:
    return HTTPHeaders({"Content-Length": str(size)})


# Heads and bodies


async def test_a_whole_answer_is_one_write_with_its_length(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    assert exchange.write_headers(OK, HTTPHeaders({"X": "y"}), b"abc", end=True) is COMPLETED

    assert client.sent == b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\nabc"


async def test_a_body_in_parts_is_sent_in_chunks_with_trailers(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    exchange.write_headers(OK, HTTPHeaders(), b"ab")
    assert exchange.write(b"c") is COMPLETED
    assert exchange.write(b"") is COMPLETED
    exchange.finish(HTTPHeaders({"X-Sum": "1"}))

    assert client.sent.endswith(b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n")
    await client.send(GET)
    assert not client.stream.ended


async def test_a_counted_body_needs_nothing_at_its_end(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    exchange.write_headers(OK, sized(3), b"ab")
    exchange.write(b"c")
    exchange.finish()

    assert client.sent.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("headers", [HTTPHeaders(), sized(len(BIG))])
@pytest.mark.parametrize("end", [True, False])
async def test_a_large_body_is_sent_like_a_small_one(
    headers: HTTPHeaders, end: bool, io_loop: IOLoop
) -> None:
    client, exchange = await asked(io_loop)

    exchange.write_headers(OK, headers, BIG, end=end)
    if not end:
        exchange.finish()

    [response] = responses(client.sent)
    assert response.body == BIG
    await client.send(GET)
    assert not client.stream.ended


async def test_a_large_body_in_chunks_ends_where_it_should(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    exchange.write_headers(OK, HTTPHeaders({"Transfer-Encoding": "chunked"}), BIG, end=True)

    assert responses(client.sent)[0].body == BIG


@pytest.mark.parametrize("body", [b"abc", BIG])
async def test_the_answer_to_head_has_the_fields_and_no_body(body: bytes, io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop, HEAD)

    exchange.write_headers(OK, HTTPHeaders(), body, end=True)

    [response] = responses(client.sent, "HEAD")
    assert response.headers["Content-Length"] == str(len(body))
    assert client.sent.endswith(b"\r\n\r\n")
    await client.send(GET)
    assert not client.stream.ended


async def test_interim_responses_come_before_the_head(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    assert exchange.write_informational(103, HTTPHeaders({"Link": "<x>"})) is COMPLETED
    respond(exchange)

    assert client.sent.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 ")


async def test_old_clients_get_no_interim_responses(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop, b"GET / HTTP/1.0\r\n\r\n")

    assert exchange.write_informational(103, HTTPHeaders()) is COMPLETED

    assert client.sent == b""


# Misuse


def second_head(exchange: Exchange) -> None:
    exchange.write_headers(OK, HTTPHeaders())
    exchange.write_headers(OK, HTTPHeaders())


def second_large_head(exchange: Exchange) -> None:
    exchange.write_headers(OK, HTTPHeaders())
    exchange.write_headers(OK, HTTPHeaders(), BIG)


def interim_after_head(exchange: Exchange) -> None:
    exchange.write_headers(OK, HTTPHeaders())
    exchange.write_informational(103, HTTPHeaders())


def too_long(exchange: Exchange) -> None:
    exchange.write_headers(OK, sized(3))
    exchange.write(b"abcd")


@pytest.mark.parametrize(
    "misuse",
    [
        second_head,
        second_large_head,
        interim_after_head,
        too_long,
        lambda exchange: exchange.write(b"x"),
        lambda exchange: exchange.finish(),
        lambda exchange: exchange.write_headers(OK, sized(3), b"abcd", end=True),
        lambda exchange: exchange.write_headers(OK, sized(3), b"ab", end=True),
        lambda exchange: exchange.write_headers(OK, sized(3), BIG, end=True),
        lambda exchange: exchange.finish_raw(),
    ],
)
async def test_misuse_raises_and_sends_nothing(
    misuse: Callable[[Exchange], object], io_loop: IOLoop
) -> None:
    client, exchange = await asked(io_loop)

    with pytest.raises(HTTPOutputError) as caught:
        misuse(exchange)

    assert isinstance(caught.value.__cause__, LocalProtocolError)
    assert b"abcd" not in client.sent
    assert client.sent.count(b"HTTP/1.1") <= 1


async def test_an_answer_can_be_given_after_a_misuse_that_sent_nothing(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    with pytest.raises(HTTPOutputError, match="4 bytes"):
        exchange.write_headers(OK, sized(3), b"abcd", end=True)
    with pytest.raises(ValueError, match="X"):
        exchange.write_headers(OK, HTTPHeaders({"X": "a\r\nb"}), end=True)

    respond(exchange, code=500)

    assert responses(client.sent)[0].status == 500


async def test_a_large_body_of_the_wrong_length_closes_the_connection(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    with pytest.raises(HTTPOutputError):
        exchange.write_headers(OK, sized(3), BIG, end=True)

    assert client.sent == b""
    assert client.stream.closed()


async def test_an_answer_that_stops_short_closes_the_connection(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(3), b"ab")

    with pytest.raises(HTTPOutputError, match="2 bytes, Content-Length said 3"):
        exchange.finish()

    assert client.stream.closed()


async def test_line_ends_in_trailers_are_refused(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, HTTPHeaders())
    trailers = HTTPHeaders()
    trailers._single["X"] = "a\r\nb"  # past the check of the headers themselves

    with pytest.raises(ValueError, match="X"):
        exchange.finish(trailers)

    exchange.finish()
    assert client.sent.endswith(b"0\r\n\r\n")


# After the end


async def raises_closed(written: Awaitable[None]) -> bool:
    try:
        await written
    except StreamClosedError:
        return True
    return False


async def test_what_is_written_after_the_end_goes_nowhere(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    respond(exchange)
    sent = client.sent
    file = io.BytesIO(b"abc")

    for written in (
        exchange.write_headers(OK, HTTPHeaders()),
        exchange.write_informational(103, HTTPHeaders()),
        exchange.write(b"x"),
        exchange.write_raw(b"x"),
        exchange.send_file(file, 0, 3),
    ):
        assert await raises_closed(written)
    exchange.finish()
    exchange.finish_raw()
    exchange.close()
    exchange.set_close_callback(None)

    assert client.sent == sent
    assert not client.stream.closed()
    assert exchange.get_ssl_certificate() is None
    with pytest.raises(StreamClosedError):
        _ = exchange.stream
    with pytest.raises(HTTPOutputError):
        exchange.detach()


async def test_what_is_written_after_the_client_has_gone_goes_nowhere(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, HTTPHeaders())
    client.stream.reset(ConnectionResetError("reset by peer"))

    assert await raises_closed(exchange.write(b"x"))
    exchange.finish()

    assert client.group.connections == set()


async def test_close_drops_an_answer_in_progress(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(3), b"a")

    exchange.close()
    assert await raises_closed(exchange.write(b"x"))
    exchange.finish()  # nobody to tell
    exchange.finish_raw()
    await turns()

    assert client.stream.closed()
    assert client.group.connections == set()


# Slowing down


async def test_a_write_ends_when_its_bytes_have_left(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    client.stream.room = 0
    written = asyncio.ensure_future(_await(exchange.write_headers(OK, HTTPHeaders(), b"abc")))
    await turns()
    assert not written.done()

    client.stream.take()

    await written


async def _await(written: Awaitable[None]) -> None:
    await written


# Files


async def test_a_file_is_sent_in_pieces(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    content = bytes(range(256)) * (PIECE_SIZE // 256) * 2 + b"end"
    exchange.write_headers(OK, sized(len(content) - 5))

    await exchange.send_file(io.BytesIO(content), 5, len(content) - 5)
    exchange.finish()

    assert responses(client.sent)[0].body == content[5:]


async def test_nothing_goes_on_before_a_file_is_sent(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(3))
    sending = exchange.send_file(io.BytesIO(b"abc"), 0, 3)

    for going_on in (
        lambda: exchange.write(b"x"),
        exchange.finish,
        lambda: exchange.send_file(io.BytesIO(b"abc"), 0, 3),
    ):
        with pytest.raises(HTTPOutputError, match="send_file"):
            going_on()

    await sending
    exchange.finish()
    assert responses(client.sent)[0].body == b"abc"


async def test_a_file_that_ends_early_closes_the_connection(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(5))

    with pytest.raises(HTTPOutputError, match="ended after 3 of the 5 bytes"):
        await exchange.send_file(io.BytesIO(b"abc"), 0, 5)

    assert client.stream.closed()


async def test_a_client_that_goes_away_ends_the_sending_of_a_file_unwatched(
    io_loop: IOLoop,
) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(3))
    sending = asyncio.ensure_future(_await(exchange.send_file(io.BytesIO(b"abc"), 0, 3)))
    unwatched = cast("asyncio.Future[None]", sending)
    client.stream.reset(ConnectionResetError("reset by peer"))

    with pytest.raises(StreamClosedError):
        await unwatched


class SlowFile(io.BytesIO):
    """A file whose disk takes its time."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.found = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        assert self.found.wait(30)
        return super().read(size)


async def test_sending_a_file_can_be_cancelled(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    exchange.write_headers(OK, sized(3))
    file = SlowFile(b"abc")
    sending = exchange.send_file(file, 0, 3)
    assert isinstance(sending, asyncio.Task)
    await asyncio.sleep(0)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    file.found.set()

    exchange.write(b"abc")
    exchange.finish()
    assert responses(client.sent)[0].body == b"abc"


# Detaching


async def test_a_detached_stream_belongs_to_its_taker(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET + b"the rest")

    stream = app.connections[0].detach()

    assert cast(object, stream) is client.stream
    assert client.stream.unread_data == b"the rest"
    assert client.group.connections == set()
    assert app.closed == 1
    stream.write(b"raw")
    assert client.sent == b"raw"
    await client.ended()
    assert app.requests[0].events == ["headers", "finish"]


async def test_a_switch_of_protocols_is_announced_and_then_the_stream_is_detached(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nthe rest"
    )
    switch = HTTPHeaders({"Connection": "Upgrade", "Upgrade": "x"})

    app.connections[0].write_headers(
        ResponseStartLine("HTTP/1.1", 101, "Switching Protocols"), switch
    )
    app.connections[0].detach()

    assert client.sent.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert client.stream.unread_data == b"the rest"


async def test_a_tunnel_is_opened_and_then_the_stream_is_detached(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")

    app.connections[0].write_headers(OK, HTTPHeaders())
    app.connections[0].detach()

    assert client.sent == b"HTTP/1.1 200 OK\r\n\r\n"


async def test_a_paused_stream_is_handed_over_running(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)
    app.connections[0].pause_reading()

    app.connections[0].detach()

    assert client.stream.reading()


async def test_a_stream_is_not_detached_amid_a_message(io_loop: IOLoop) -> None:
    client, exchange = await asked(
        io_loop, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    )
    with pytest.raises(HTTPOutputError, match="complete"):
        exchange.detach()
    await client.send(b"abc")
    exchange.write_headers(OK, sized(3))

    with pytest.raises(HTTPOutputError, match="response"):
        exchange.detach()

    exchange.write(b"abc")
    exchange.finish()
    assert responses(client.sent)[0].body == b"abc"


# The client goes away


async def test_half_close_is_reported_once_and_a_complete_request_still_answered(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)

    client.stream.feed_eof()
    await turns()
    assert app.requests[0].events == ["headers", "finish", "close"]
    respond(app.connections[0], b"still here")
    await turns()

    assert responses(client.sent)[0].body == b"still here"
    assert client.stream.closed()
    assert app.requests[0].events == ["headers", "finish", "close"]
    assert app.closed == 1


async def test_half_close_amid_a_body_ends_the_request(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app)
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab")

    await client.ended()

    assert app.requests[0].events == ["headers", "close", "lost"]
    assert client.sent == b""
    assert client.stream.closed()


async def test_half_close_amid_a_head_ends_the_connection(io_loop: IOLoop) -> None:
    for size in range(len(GET)):
        app = Recorder()
        client = Client(io_loop, app)
        await client.send(GET[:size])

        await client.ended()

        assert client.stream.closed()
        assert client.sent == b""
        assert app.requests == []


REQUESTS = {
    "no body": GET,
    "counted": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "chunked": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: x\r\n\r\n"
    ),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_a_client_may_leave_after_any_byte(io_loop: IOLoop, request_: bytes) -> None:
    for size in range(len(request_) + 1):
        app = Recorder(no_answer)
        client = Client(io_loop, app)
        with logged("ostro.application") as errors:
            await client.send(*(request_[index : index + 1] for index in range(size)))

            client.stream.reset(ConnectionResetError("reset by peer"))
            await turns()

        ends = ["close", "lost: reset by peer"]
        if size == len(request_):
            assert app.requests[0].events == ["headers", "finish", *ends]
        elif b"\r\n\r\n" in request_[:size]:
            assert app.requests[0].events == ["headers", *ends]
        else:
            assert app.requests == []
        assert client.sent == b""
        assert client.group.connections == set()
        assert client.group.sweeper.members == set()
        assert errors == []


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_half_close_after_any_byte_ends_what_is_not_whole(
    io_loop: IOLoop, request_: bytes
) -> None:
    for size in range(len(request_) + 1):
        app = Recorder()
        client = Client(io_loop, app)
        with logged("ostro.general") as lines:
            await client.send(GET, request_[:size])

            await client.ended()

        whole = 1 + (size == len(request_))
        assert [response.status for response in responses(client.sent)] == [200] * whole
        assert all(request.events[-1] == "lost" for request in app.requests[whole:])
        assert client.stream.closed()
        assert client.group.connections == set()
        assert lines == []


async def test_half_close_behind_a_whole_body_that_is_still_worked_on_is_answered(
    io_loop: IOLoop,
) -> None:
    gate = asyncio.Event()

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> "Waiting":
            return Waiting(conn, request, self.answer)

    class Waiting(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            super().data_received(chunk)
            return _await_event(gate)

    app = App()
    client = Client(io_loop, app)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    await client.send(head + b"ab", b"cd")

    client.stream.feed_eof()
    await turns()
    assert not client.stream.closed()
    gate.set()
    await turns(12)

    assert app.requests[0].body == b"abcd"
    assert responses(client.sent)[0].status == 200
    assert client.stream.closed()


@pytest.mark.parametrize(
    ("request_", "whole"),
    [
        (b"Content-Length: 5\r\n\r\nab", False),
        (b"Content-Length: 2\r\n\r\nab", True),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", False),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
    ],
    ids=["counted, cut off", "counted", "chunked, cut off", "chunked"],
)
async def test_a_body_that_is_cut_off_ends_the_request_though_its_part_is_still_worked_on(
    io_loop: IOLoop, request_: bytes, whole: bool
) -> None:
    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> "Waiting":
            return Waiting(conn, request, self.answer)

    class Waiting(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            super().data_received(chunk)
            return io_loop.asyncio_loop.create_future()

    app = App()
    client = Client(io_loop, app)
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + request_)

    await client.ended()

    assert app.requests[0].body == b"ab"
    assert client.stream.closed() is not whole
    assert app.requests[0].events[-1] == ("close" if whole else "lost")


async def test_a_chunk_that_is_cut_off_behind_a_part_that_is_worked_on_ends_the_request(
    io_loop: IOLoop,
) -> None:
    gate = asyncio.Event()

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> "Waiting":
            return Waiting(conn, request, self.answer)

    class Waiting(RecordingDelegate):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            super().data_received(chunk)
            return _await_event(gate)

    app = App()
    client = Client(io_loop, app)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    await client.send(head + b"2\r\nab\r\n", b"2\r\nc")

    await client.ended()
    assert not client.stream.closed()
    gate.set()
    await turns(12)

    assert client.stream.closed()
    assert app.requests[0].events[-2:] == ["close", "lost"]


async def _await_event(event: asyncio.Event) -> None:
    await event.wait()


async def test_a_reset_is_reported_with_its_error(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)

    client.stream.reset(ConnectionResetError("reset by peer"))

    assert app.requests[0].events == ["headers", "finish", "close", "lost: reset by peer"]
    assert app.closed == 1
    assert client.group.connections == set()


async def test_a_reset_amid_a_write_is_reported_and_fails_the_write(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    client.stream.room = 5
    await client.send(GET)
    written = app.connections[0].write_headers(OK, HTTPHeaders(), b"x" * 1000)

    client.stream.reset(BrokenPipeError("broken pipe"))

    assert await raises_closed(written)
    assert app.requests[0].events[-1] == "lost: broken pipe"


async def test_the_close_callback_is_called_once(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    calls: list[str] = []
    exchange.set_close_callback(lambda: calls.append("closed"))

    client.stream.feed_eof()
    client.stream.reset(ConnectionResetError("reset"))

    assert calls == ["closed"]


async def test_a_close_callback_that_was_taken_back_is_not_called(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)
    calls: list[str] = []
    exchange.set_close_callback(lambda: calls.append("closed"))
    exchange.set_close_callback(None)

    client.stream.feed_eof()

    assert calls == []


async def test_a_close_callback_that_fails_is_logged(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    def fail() -> None:
        raise RuntimeError("broken")

    exchange.set_close_callback(fail)
    with logged("ostro.application") as errors:
        client.stream.feed_eof()

    assert len(errors) == 1


async def test_a_request_names_its_client(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    assert exchange.context.remote_ip == "192.0.2.1"
    assert exchange.context.protocol == "http"
    assert not exchange.context.secure
    assert exchange.address == ("192.0.2.1", 5000)
    assert cast(object, exchange.stream) is client.stream
    assert exchange.get_ssl_certificate() is None


async def test_half_close_while_the_last_answer_is_on_its_way_lets_it_arrive(
    io_loop: IOLoop,
) -> None:
    client, exchange = await asked(io_loop, b"GET / HTTP/1.0\r\n\r\n")
    client.stream.room = 10
    respond(exchange, b"x" * 1000)

    client.stream.feed_eof()
    await turns()
    assert not client.stream.closed()
    client.stream.take()

    assert client.stream.closed()
    assert responses(client.sent)[0].body == b"x" * 1000


async def test_an_application_that_closes_the_stream_itself_ends_the_connection_once(
    io_loop: IOLoop,
) -> None:
    app = Recorder()
    client = Client(io_loop, app)
    await client.send(GET)

    client.stream.close()
    client.connection.close_when_idle()
    await turns()

    assert app.closed == 1
    assert client.group.connections == set()


async def test_pausing_where_there_is_no_body_is_harmless(io_loop: IOLoop) -> None:
    client, exchange = await asked(io_loop)

    exchange.pause_reading()
    exchange.resume_reading()
    await turns()
    respond(exchange)

    assert len(responses(client.sent)) == 1
