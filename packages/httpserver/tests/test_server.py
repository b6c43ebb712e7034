"""HTTPServer: settings, the cap on connections, and a graceful end."""

import asyncio

import pytest

from ostro.httpserver import HTTPServer
from ostro.httpserver._server import MAX_REFUSALS
from ostro.httputil import ByteStream, HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop
from packages.clocks import FakeClock

from .support import (
    GET,
    OK,
    RawClient,
    Recorder,
    Request,
    connected,
    hung_up,
    logged,
    no_answer,
    respond,
    responses,
    serving,
)


async def asking(client: RawClient, app: Recorder) -> HTTPConnection:
    """Send a request, and return its connection once it has been taken."""
    count = len(app.connections)
    client.writer.write(GET)
    while len(app.connections) == count:  # noqa: ASYNC110 - the application tells nobody
        await asyncio.sleep(0)
    return app.connections[-1]


async def test_the_first_arguments_have_their_documented_order(io_loop: IOLoop) -> None:
    server = HTTPServer(Recorder(), True, io_loop, True, None)

    assert server.io_loop is io_loop
    async with serving(server) as port, connected(port) as client:
        client.writer.write(GET + GET)
        assert len(responses(await client.rest())) == 1


async def test_a_server_that_never_served_has_nothing_to_end(io_loop: IOLoop) -> None:
    server = HTTPServer(Recorder())

    assert server.connection_count == 0
    assert await server.drain(0)
    await server.close_all_connections()
    server.stop()


async def test_the_size_of_heads_is_limited(io_loop: IOLoop) -> None:
    server = HTTPServer(Recorder(), max_header_size=100)
    with logged("ostro.general"):
        async with serving(server) as port, connected(port) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100 + b"\r\n\r\n")

            assert responses(await client.rest())[0].status == 431


async def test_the_sizes_of_reads_are_those_of_streams(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app, max_buffer_size=1000, read_chunk_size=10)
    async with serving(server) as port, connected(port) as client:
        client.writer.write(GET)
        assert (await client.response()).status == 200


# The cap


async def test_connections_above_the_cap_are_answered_503(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app, max_connections=1)
    with logged("ostro.general") as lines:
        async with serving(server) as port:
            async with connected(port) as first:
                first.writer.write(GET)
                await first.response()
                assert server.connection_count == 1
                for _ in range(3):
                    async with connected(port) as second:
                        second.writer.write(GET)
                        [response] = responses(await second.rest())
                        assert response.status == 503
                        assert response.headers["Connection"] == "close"
                first.writer.write(GET)
                assert (await first.response()).status == 200
            while server.connection_count:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0)
            async with connected(port) as third:
                third.writer.write(GET)
                assert (await third.response()).status == 200

    assert len(lines) == 1
    assert "cap of 1" in lines[0]
    assert len(app.requests) == 3


async def test_too_many_refusals_are_made_without_a_word(io_loop: IOLoop) -> None:
    # On a real clock the first are let go after a while, and make room for others.
    server = HTTPServer(Recorder(), max_connections=0, clock=FakeClock())
    with logged("ostro.general") as lines:
        async with serving(server) as port:
            readers, writers = [], []
            for _ in range(MAX_REFUSALS + 3):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                readers.append(reader)
                writers.append(writer)
            answers = [await reader.readline() for reader in readers]
            for writer in writers:
                await hung_up(writer)

    assert len([answer for answer in answers if b"503" in answer]) == MAX_REFUSALS
    assert answers[-1] == b""
    assert len(lines) == 1


# Draining


async def test_draining_closes_idle_connections_and_finishes_the_others(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as idle, connected(port) as busy:
        respond(await asking(idle, app))
        await idle.response()
        request = await asking(busy, app)
        server.stop()

        draining = asyncio.ensure_future(server.drain(30))
        assert await idle.rest() == b""
        assert not draining.done()
        respond(request, b"last")
        [response] = responses(await busy.rest())
        busy.close()

        assert await draining
        assert response.body == b"last"
        assert response.headers["Connection"] == "close"
        assert server.connection_count == 0


async def test_draining_is_bounded(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        await asking(client, app)

        assert not await server.drain(0)

        assert await client.rest() == b""
    assert app.requests[0].events[-1] == "lost"


async def test_an_empty_server_is_drained_at_once(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app)
    async with serving(server) as port:
        async with connected(port) as client:
            client.writer.write(GET)
            await client.response()
        while server.connection_count:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)

        assert await server.drain(0)


async def test_several_may_wait_for_the_same_end(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        drains = [asyncio.ensure_future(server.drain(30)) for _ in range(2)]
        await asyncio.sleep(0)

        respond(request)
        await client.rest()
        client.close()

        assert await asyncio.gather(*drains) == [True, True]


async def test_a_first_head_that_is_not_whole_is_not_waited_for(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        client.writer.write(GET[:-2])
        while not server.connection_count:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)

        assert await server.drain(30)


async def test_connections_that_come_while_draining_are_refused(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as busy:
        request = await asking(busy, app)
        draining = asyncio.ensure_future(server.drain(30))
        await asyncio.sleep(0)
        async with connected(port) as late:
            late.writer.write(GET)

            [response] = responses(await late.rest())

        respond(request)
        await busy.rest()
        busy.close()
        assert await draining
    assert response.status == 503
    assert len(app.requests) == 1


async def test_a_drained_server_may_serve_again(io_loop: IOLoop) -> None:
    app = Recorder()
    server = HTTPServer(app)
    for _ in range(2):
        async with serving(server) as port, connected(port) as client:
            for _ in range(2):
                client.writer.write(GET)
                assert (await client.response()).status == 200
            assert await server.drain(30)


async def test_a_long_answer_is_not_cut_off_by_draining(io_loop: IOLoop) -> None:
    def answer(conn: HTTPConnection, request: Request) -> None:
        respond(conn, b"x" * 10_000_000)

    server = HTTPServer(Recorder(answer))
    async with serving(server) as port, connected(port) as client:
        client.writer.write(GET)
        await client.reader.readexactly(1000)

        draining = asyncio.ensure_future(server.drain(30))

        assert len(await client.rest()) > 9_990_000
        client.close()
        assert await draining


async def test_closing_all_connections_ends_answers_in_progress(io_loop: IOLoop) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        request.write_headers(OK, HTTPHeaders({"Content-Length": "10"}), b"a")

        await server.close_all_connections()

        assert (await client.rest()).endswith(b"\r\n\r\na")
    assert app.requests[0].events[-1] == "lost"


@pytest.mark.parametrize("answer_first", [True, False])
async def test_a_detached_stream_is_not_counted_nor_drained(
    answer_first: bool, io_loop: IOLoop
) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        client.writer.write(b"more")
        stream = request.detach()

        assert server.connection_count == 0
        assert await server.drain(0)
        await stream.write(b"raw")
        assert await client.reader.readexactly(3) == b"raw"
        stream.close()


async def test_who_has_taken_a_stream_is_asked_to_close_it_when_the_server_drains(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        streams: list[ByteStream] = []
        streams.append(request.detach(lambda: streams[0].close()))

        assert await server.drain(30)
        assert streams[0].closed()
        assert await client.rest() == b""


async def test_a_stream_that_is_taken_while_the_server_drains_is_asked_for_too(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        draining = asyncio.ensure_future(server.drain(30))
        await asyncio.sleep(0)
        asked = asyncio.Event()
        stream = request.detach(asked.set)
        await asked.wait()
        assert not draining.done()
        stream.close()

        assert await draining


async def test_a_stream_that_nobody_closes_is_closed_when_the_time_to_drain_is_over(
    io_loop: IOLoop,
) -> None:
    app = Recorder(no_answer)
    server = HTTPServer(app)
    async with serving(server) as port, connected(port) as client:
        request = await asking(client, app)
        stream = request.detach(lambda: None)

        assert not await server.drain(0)
        assert stream.closed()
