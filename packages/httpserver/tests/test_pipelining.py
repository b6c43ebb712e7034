"""Several requests at once: answered in order, one at a time, and only so many kept."""

import asyncio

import pytest

from ostro.httpserver._exchange import Exchange
from ostro.httpserver._settings import PIPELINE_BUFFER_SIZE
from ostro.httputil import HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop

from .support import (
    GET,
    OK,
    Client,
    Recorder,
    Request,
    cuts,
    no_answer,
    respond,
    responses,
    turns,
)


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


async def test_pipelined_requests_are_answered_in_order_wherever_they_are_cut(
    io_loop: IOLoop,
) -> None:
    post = b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    for pieces in cuts(get("/1") + post + get("/3")):
        app = Recorder()
        client = Client(io_loop, app)

        await client.send(*pieces)

        assert [response.body for response in responses(client.sent)] == [b"/1", b"/2", b"/3"]


async def test_the_next_request_is_taken_when_the_one_before_is_answered(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)

    await client.send(get("/1") + get("/2"), get("/3"))

    for number in range(3):
        assert app.targets == ["/1", "/2", "/3"][: number + 1]
        respond(app.connections[number], b"%d" % number)
        await turns()
    assert [response.body for response in responses(client.sent)] == [b"0", b"1", b"2"]


async def test_the_next_request_does_not_see_the_call_stack_of_the_one_before(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET + GET)

    respond(app.connections[0])

    assert len(app.requests) == 1
    await turns()
    assert len(app.requests) == 2


async def test_thousands_of_requests_in_one_read_need_no_deep_stack(io_loop: IOLoop) -> None:
    client = Client(io_loop, Recorder())

    await client.send(GET * 3000)
    await turns(50)

    assert len(responses(client.sent)) == 3000


async def test_a_client_that_sends_faster_than_it_is_answered_is_held_back(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    await client.send(GET)

    for _ in range(20):
        await client.send(GET * 200)

    assert not client.stream.reading()
    assert client.connection.codec.unread_size < 80_000
    number = 0
    while number < len(app.connections):
        respond(app.connections[number])
        number += 1
        await turns(3)
    assert number == 4001
    assert client.stream.reading()


async def test_a_long_body_behind_a_full_pipeline_is_read(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    size = 500_000
    await client.send(GET)
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
    for _ in range(size // 10_000):
        await client.send(b"x" * 10_000)
    assert not client.stream.reading()

    respond(app.connections[0])
    await turns()

    assert len(app.requests[1].body) == size
    assert client.stream.reading()


async def test_what_comes_right_behind_each_answer_is_bounded_too(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    client = Client(io_loop, app)
    block = GET * 1000
    await client.send(block)

    for number in range(20):
        respond(app.connections[number])  # the next request is taken with the next turn
        client.stream.feed(block)
        await turns()

    assert client.connection.codec.unread_size <= PIPELINE_BUFFER_SIZE + len(block)
    assert not client.stream.reading()
    app.answer = lambda conn, request: respond(conn)
    respond(app.connections[20])
    await turns()
    assert len(app.requests) == 21_000
    assert client.stream.reading()


async def test_nothing_after_a_request_that_asks_to_close_is_processed(io_loop: IOLoop) -> None:
    data = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/2")
    for pieces in cuts(data):
        app = Recorder()
        client = Client(io_loop, app)

        await client.send(*pieces)

        assert app.targets == ["/1"]
        assert len(responses(client.sent)) == 1


async def test_a_pipelined_request_waits_until_long_answers_have_been_read(
    io_loop: IOLoop,
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn, b"x" * 200_000)

    app = Recorder(answer)
    client = Client(io_loop, app)
    client.stream.room = 1000

    await client.send(GET * 3)

    assert len(app.requests) == 1
    client.stream.take()
    await turns()
    assert len(app.requests) == 3
    assert len(responses(client.sent)) == 3


async def test_half_close_behind_pipelined_requests_leaves_none_without_answer(
    io_loop: IOLoop,
) -> None:
    for pieces in cuts(get("/1") + get("/2")):
        client = Client(io_loop, Recorder())
        for piece in pieces:
            client.stream.feed(piece)
        client.stream.feed_eof()

        await turns()

        assert [response.body for response in responses(client.sent)] == [b"/1", b"/2"]
        assert client.stream.closed()


@pytest.mark.parametrize("count", [1, 40])
async def test_answers_that_leave_together_all_leave(count: int, io_loop: IOLoop) -> None:
    """With many connections, what is answered in one turn of the loop is sent at its end."""
    app = Recorder()
    first = Client(io_loop, app)
    clients = [first, *(Client(io_loop, app, group=first.group) for _ in range(count - 1))]

    for client in clients:
        client.stream.feed(GET * 3)
        client.stream.feed(get("/last"))
        client.stream.feed_eof()
    await turns(20)

    for client in clients:
        assert [response.body for response in responses(client.sent)][-1] == b"/last"
        assert len(responses(client.sent)) == 4
        assert client.stream.closed()


async def test_many_answers_of_one_turn_do_not_pile_up(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn, b"x" * 30_000)

    app = Recorder(answer)
    first = Client(io_loop, app)
    clients = [first, *(Client(io_loop, app, group=first.group) for _ in range(40))]

    for client in clients:
        client.stream.feed(GET)
    clients[0].stream.feed(GET * 9)
    await turns(40)

    assert len(responses(clients[0].sent)) == 10
    assert all(len(responses(client.sent)) == 1 for client in clients[1:])


@pytest.mark.parametrize("second", ["close", "detach", "error", "stream"])
async def test_an_answer_that_was_put_off_is_sent_before_anything_else_happens(
    second: str, io_loop: IOLoop
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        if request.target == "/1":
            respond(conn, b"first")
        elif second == "close":
            conn.close()
        elif second == "detach":
            conn.detach()
        elif second == "error":
            respond(conn, b"error", code=500)
        else:
            conn.write_headers(OK, HTTPHeaders({"Content-Length": "1"}))
            conn.write(b"x")
            conn.finish()

    app = Recorder(answer)
    first = Client(io_loop, app)
    others = [Client(io_loop, app, group=first.group) for _ in range(40)]

    await first.send(get("/1") + get("/2"))

    assert responses(first.sent)[0].body == b"first"
    for other in others:
        other.connection.close()
    await turns()


async def test_what_is_written_past_the_connection_follows_earlier_answers(
    io_loop: IOLoop,
) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        if request.target == "/1":
            respond(conn, b"first")
        else:
            assert isinstance(conn, Exchange)
            conn.stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")

    app = Recorder(answer)
    first = Client(io_loop, app)
    others = [Client(io_loop, app, group=first.group) for _ in range(40)]

    await first.send(get("/1") + get("/2"))

    assert [response.body for response in responses(first.sent)] == [b"first", b"second"]
    assert len(others) == 40


async def test_a_stream_that_breaks_takes_its_answers_with_it(io_loop: IOLoop) -> None:
    app = Recorder()
    first = Client(io_loop, app)
    others = [Client(io_loop, app, group=first.group) for _ in range(40)]

    first.stream.feed(GET)
    first.stream.reset(ConnectionResetError("reset"))
    await turns()

    assert first.group.connections == {other.connection for other in others}


async def test_requests_of_many_connections_do_not_wait_for_each_other(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    first = Client(io_loop, app)
    second = Client(io_loop, app, group=first.group)
    await first.send(GET)
    await second.send(GET)

    respond(app.connections[1], b"second")
    await asyncio.sleep(0)

    assert responses(second.sent)[0].body == b"second"
    assert first.sent == b""


async def test_a_gathered_answer_that_is_not_read_is_watched(io_loop: IOLoop) -> None:
    app = Recorder()
    first = Client(io_loop, app)
    others = [Client(io_loop, app, group=first.group) for _ in range(40)]
    first.stream.room = 0

    await first.send(GET)

    assert first.connection.deadline < first.group.sweeper.clock() + 200  # not the idle time
    first.stream.take()
    assert len(responses(first.sent)) == 1
    assert len(others) == 40
