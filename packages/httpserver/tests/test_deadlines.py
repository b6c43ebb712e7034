"""Clients that are silent or slow, by a clock that the test moves."""

import asyncio
from dataclasses import replace

import pytest

from ostro.httpserver._pace import BodyPace, WritePace
from ostro.httpserver._settings import BODY_RATE_GRACE, LINGER_TIMEOUT, ServerSettings
from ostro.httputil import HTTPConnection, HTTPHeaders
from ostro.ioloop import NEVER, IOLoop
from packages.clocks import FakeClock

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
    swept,
    turns,
)

SETTINGS = ServerSettings(
    header_timeout=10,
    idle_connection_timeout=60,
    body_timeout=1000,
    min_body_rate=100,
    write_timeout=20,
)

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"


class Timed:
    """A connection whose time the test moves."""

    def __init__(
        self, io_loop: IOLoop, app: Recorder | None = None, settings: ServerSettings = SETTINGS
    ) -> None:
        self.clock = FakeClock()
        self.app = app or Recorder()
        self.client = Client(io_loop, self.app, settings, self.clock)
        self.stream = self.client.stream

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and the sweeper see it."""
        self.clock.now += seconds
        await swept(self.client.group)
        await turns()

    @property
    def statuses(self) -> list[int]:
        return [response.status for response in responses(self.client.sent)]


# Heads


async def test_a_silent_connection_is_closed_without_a_word(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)

    await timed.pass_time(9.9)
    assert not timed.stream.closed()
    await timed.pass_time(0.2)

    assert timed.stream.closed()
    assert timed.client.sent == b""
    assert timed.client.group.connections == set()
    assert timed.app.closed == 0  # nothing was asked on it


async def test_a_dripped_head_does_not_move_its_deadline_wherever_it_stops(
    io_loop: IOLoop,
) -> None:
    for pieces in list(cuts(GET))[1:-1]:
        timed = Timed(io_loop)
        await timed.client.send(pieces[0][:1])
        await timed.pass_time(9)
        await timed.client.send(pieces[0][1:])

        with logged("ostro.general") as lines:
            await timed.pass_time(1.1)

        assert timed.statuses == [408]
        assert timed.stream.output_ended
        assert len(lines) == 1
        assert timed.app.requests == []
        await timed.client.send(pieces[1])
        assert timed.app.requests == []
        timed.client.connection.close()


async def test_a_later_head_has_a_deadline_of_its_own_from_its_first_byte(
    io_loop: IOLoop,
) -> None:
    timed = Timed(io_loop)
    await timed.client.send(GET)
    await timed.pass_time(50)
    await timed.client.send(GET[:5])
    await timed.pass_time(9)
    assert not timed.stream.ended

    with logged("ostro.general"):
        await timed.pass_time(1.1)

    assert timed.statuses == [200, 408]


async def test_an_idle_connection_is_closed_in_time(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    await timed.client.send(GET)
    await timed.pass_time(59)
    await timed.client.send(GET)
    await timed.pass_time(59)
    assert not timed.stream.closed()

    await timed.pass_time(3)  # the idle time is counted from the last look

    assert timed.stream.closed()
    assert timed.statuses == [200, 200]
    assert timed.app.closed == 1


async def test_empty_lines_do_not_prolong_an_idle_connection(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    await timed.client.send(GET)

    for _ in range(3):
        await timed.pass_time(19)
        await timed.client.send(b"\r\n")
    await timed.pass_time(5)

    assert timed.stream.closed()


async def test_an_application_may_take_its_time(io_loop: IOLoop) -> None:
    timed = Timed(io_loop, Recorder(no_answer))
    await timed.client.send(GET)

    await timed.pass_time(100_000)

    assert not timed.stream.closed()
    assert timed.stream.looks == 1  # whether the client is still there
    respond(timed.app.connections[0])
    assert timed.statuses == [200]


async def test_limits_of_zero_are_no_limits(io_loop: IOLoop) -> None:
    none = ServerSettings(
        header_timeout=0,
        idle_connection_timeout=0,
        body_timeout=0,
        min_body_rate=0,
        write_timeout=0,
    )
    timed = Timed(io_loop, settings=none)

    await timed.pass_time(1e6)
    await timed.client.send(GET[:3])
    await timed.pass_time(1e6)
    await timed.client.send(GET[3:])
    await timed.pass_time(1e6)
    await timed.client.send(POST)
    await timed.pass_time(1e6)
    timed.stream.room = 0
    await timed.client.send(b"x" * 100_000)
    await timed.pass_time(1e6)

    assert not timed.stream.closed()
    timed.stream.take()
    assert timed.statuses == [200, 200]


async def test_a_farewell_without_limit_waits_for_the_reader(io_loop: IOLoop) -> None:
    timed = Timed(io_loop, settings=ServerSettings(write_timeout=0))
    timed.stream.room = 0
    await timed.client.send(b"GET / HTTP/1.0\r\n\r\n")

    await timed.pass_time(1e6)
    timed.stream.take()

    assert timed.stream.closed()
    assert timed.statuses == [200]


# Bodies


async def test_a_body_has_a_total_time_however_steadily_it_comes(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    await timed.client.send(POST)
    for _ in range(9):
        await timed.client.send(b"x" * 10_990)
        await timed.pass_time(109)
    assert not timed.stream.ended

    with logged("ostro.general") as lines:
        await timed.client.send(b"x")
        await timed.pass_time(20)

    assert timed.statuses == [408]
    assert len(lines) == 1
    assert "took 1001 s" in lines[0]
    assert timed.app.requests[0].events == ["headers", "close", "refused 408"]


async def test_a_dripped_body_is_refused_once_the_grace_has_passed(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    await timed.client.send(POST)
    await timed.pass_time(BODY_RATE_GRACE - 1)
    assert not timed.stream.ended
    await timed.client.send(b"x" * 2000)

    with logged("ostro.general") as lines:
        await timed.pass_time(1.1)

    assert timed.statuses == [408]
    assert "66 bytes/s, expected at least 100" in lines[0]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 9", b"too small"),
        (b"Transfer-Encoding: chunked", b"4;x=y\r\nsome\r\n1\r\n.\r\n0\r\nT: x\r\n\r\n"),
    ],
)
async def test_a_body_that_stops_is_refused_wherever_it_does(
    io_loop: IOLoop, framing: bytes, body: bytes
) -> None:
    for size in range(len(body)):
        timed = Timed(io_loop)
        await timed.client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
        await timed.client.send(*(body[index : index + 1] for index in range(size)))
        await timed.pass_time(BODY_RATE_GRACE - 0.1)
        assert timed.statuses == []

        with logged("ostro.general") as lines:
            await timed.pass_time(0.2)

        assert timed.statuses == [408]
        assert len(lines) == 1
        assert timed.app.requests[0].events == ["headers", "close", "refused 408"]
        await timed.client.send(body[size:])
        assert timed.app.targets == []
        await timed.client.ended()
        assert timed.client.group.connections == set()


async def test_a_body_of_just_enough_speed_is_taken(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    await timed.client.send(POST)

    for _ in range(100):
        await timed.client.send(b"x" * 1000)
        await timed.pass_time(9)

    assert timed.statuses == [200]
    assert len(timed.app.requests[0].body) == 100_000


async def test_a_client_is_not_blamed_for_a_pause_of_the_application(io_loop: IOLoop) -> None:
    class Pausing(RecordingDelegate):
        def data_received(self, chunk: bytes) -> None:
            super().data_received(chunk)
            if len(self.request.body) == 1:
                self.conn.pause_reading()

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Pausing(conn, request, self.answer)

    timed = Timed(io_loop, App())
    await timed.client.send(POST + b"x")
    await timed.pass_time(500)
    timed.app.connections[0].resume_reading()

    await timed.pass_time(BODY_RATE_GRACE - 1)
    await timed.client.send(b"x" * 99_999)

    assert timed.statuses == [200]


async def test_the_time_of_a_body_can_be_set_for_one_request(io_loop: IOLoop) -> None:
    class Impatient(RecordingDelegate):
        def data_received(self, chunk: bytes) -> None:
            self.conn.set_body_timeout(5)

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Impatient(conn, request, self.answer)

    timed = Timed(io_loop, App())
    await timed.client.send(POST + b"x")
    await timed.pass_time(4.9)
    assert not timed.stream.ended

    with logged("ostro.general"):
        await timed.pass_time(0.2)

    assert timed.statuses == [408]
    timed.app.connections[0].set_body_timeout(5)  # too late, and harmless


async def test_setting_the_time_of_a_body_where_there_is_none_is_harmless(
    io_loop: IOLoop,
) -> None:
    timed = Timed(io_loop, Recorder(no_answer))
    await timed.client.send(GET)

    timed.app.connections[0].set_body_timeout(1)
    await timed.pass_time(1000)

    assert not timed.stream.closed()


# Answers


def long_answer(conn: HTTPConnection, request: Request) -> None:
    respond(conn, b"x" * 200_000)


@pytest.mark.parametrize(
    "request_bytes", [GET, GET + GET, b"GET / HTTP/1.0\r\n\r\n"], ids=["one", "two", "last"]
)
async def test_a_reader_that_never_reads_is_dropped(request_bytes: bytes, io_loop: IOLoop) -> None:
    timed = Timed(io_loop, Recorder(long_answer))
    timed.stream.room = 100

    await timed.client.send(request_bytes)
    await timed.pass_time(19.9)
    assert not timed.stream.closed()
    with logged("ostro.general") as lines:
        await timed.pass_time(0.2)

    assert timed.stream.closed()
    assert len(lines) == 1
    assert timed.app.closed == 1


@pytest.mark.parametrize("request_bytes", [GET + GET, b"GET / HTTP/1.0\r\n\r\n"])
async def test_a_reader_that_makes_progress_is_kept(request_bytes: bytes, io_loop: IOLoop) -> None:
    timed = Timed(io_loop, Recorder(long_answer))
    timed.stream.room = 100

    await timed.client.send(request_bytes)
    for _ in range(50):
        await timed.pass_time(19)
        timed.stream.take(1)
    assert not timed.stream.closed()

    timed.stream.take()
    await turns()
    assert set(timed.statuses) == {200}


async def test_a_slow_reader_of_an_unfinished_answer_is_dropped(io_loop: IOLoop) -> None:
    timed = Timed(io_loop, Recorder(no_answer))
    timed.stream.room = 0
    await timed.client.send(GET)
    timed.app.connections[0].write_headers(OK, HTTPHeaders())
    written = asyncio.ensure_future(_wait_for(timed.app.connections[0].write(b"x")))
    await timed.pass_time(19)
    timed.stream.take(10)
    await timed.pass_time(19)
    assert not timed.stream.closed()

    with logged("ostro.general"):
        await timed.pass_time(21)  # since the progress was seen

    assert timed.stream.closed()
    assert timed.app.requests[0].events == ["headers", "finish", "close", "lost"]
    assert isinstance(await written, OSError)


async def _wait_for(written: object) -> Exception | None:
    try:
        await written  # type: ignore[misc]  # whatever a write returned
    except OSError as error:
        return error
    return None


async def test_an_answer_during_the_body_is_watched_to_its_end(io_loop: IOLoop) -> None:
    class Early(RecordingDelegate):
        def data_received(self, chunk: bytes) -> None:
            if not self.request.body:
                self.conn.write_headers(OK, HTTPHeaders())
            super().data_received(chunk)
            self.conn.write(b"y" * 1000)

        def finish(self) -> None:
            pass

    class App(Recorder):
        def make_delegate(self, conn: HTTPConnection, request: Request) -> RecordingDelegate:
            return Early(conn, request, self.answer)

    for rest in (b"x", b"x" * 99_999):
        timed = Timed(io_loop, App(), replace(SETTINGS, min_body_rate=0))
        timed.stream.room = 0
        await timed.client.send(POST + b"x", rest)
        await timed.pass_time(19)
        timed.stream.take(10)
        await timed.pass_time(10)
        assert not timed.stream.closed()

        with logged("ostro.general") as lines:
            await timed.pass_time(21)

        assert timed.stream.closed()
        assert "does not read" in lines[0]


async def test_a_reader_that_catches_up_is_no_longer_watched(io_loop: IOLoop) -> None:
    timed = Timed(io_loop, Recorder(no_answer))
    timed.stream.room = 0
    await timed.client.send(GET)
    timed.app.connections[0].write_headers(OK, HTTPHeaders())
    timed.stream.take()

    await timed.pass_time(1000)

    assert not timed.stream.closed()


async def test_an_idle_connection_with_a_small_unread_answer_is_watched(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    timed.stream.room = 0
    await timed.client.send(GET)
    await timed.pass_time(19)
    timed.stream.take()
    await timed.pass_time(59)
    assert not timed.stream.closed()

    await timed.pass_time(3)

    assert timed.stream.closed()
    assert timed.statuses == [200]


async def test_a_request_behind_a_small_unread_answer_has_its_own_deadline(
    io_loop: IOLoop,
) -> None:
    timed = Timed(io_loop)
    timed.stream.room = 0
    await timed.client.send(GET, GET[:5])
    timed.stream.take()

    with logged("ostro.general"):
        await timed.pass_time(10)

    assert timed.statuses == [200, 408]


async def test_a_client_that_goes_on_sending_is_left_after_a_moment(io_loop: IOLoop) -> None:
    timed = Timed(io_loop)
    with logged("ostro.general"):
        await timed.client.send(b"bad\r\n\r\n")
    assert timed.stream.output_ended
    await timed.client.send(b"x" * 1000)
    await timed.pass_time(LINGER_TIMEOUT - 0.1)
    assert not timed.stream.closed()

    await timed.pass_time(0.2)

    assert timed.stream.closed()
    assert timed.client.group.connections == set()


# The parts


def test_the_pace_of_a_body_without_limits_is_never_asked_for() -> None:
    pace = BodyPace(0, 0, 0)

    assert pace.next_check(5) == NEVER
    assert pace.fault(1e9) is None


def test_the_pace_of_writing_counts_from_the_last_progress() -> None:
    pace = WritePace(0, 10, 0)

    assert not pace.stalled(9, 0)
    assert not pace.stalled(15, 1)
    assert pace.next_check() == 25
    assert not pace.stalled(24, 1)
    assert pace.stalled(25, 1)
