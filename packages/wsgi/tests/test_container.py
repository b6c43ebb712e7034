"""WSGIContainer: WSGI applications on HTTPServer."""

import asyncio
import concurrent.futures
import contextvars
import io
import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from ostro.ioloop import IOLoop
from ostro.web import Application, FallbackHandler, Mount, RequestHandler
from ostro.wsgi import ClientGoneError, WSGIContainer

from .support import (
    Environ,
    MemoryConnection,
    StartResponse,
    ask,
    connected,
    container,
    serving,
)

TEXT = [("Content-Type", "text/plain")]
MODES: list[dict[str, Any]] = [{"threads": 2}, {"threads": 0}]  # Any: as WSGIContainer has them
each_mode = pytest.mark.parametrize("mode", MODES, ids=["threads", "inline"])


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [b"hello ", environ["PATH_INFO"].encode("latin-1")]


class Gate:
    """Lets a test see what a worker's thread has come to, and lets that go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(30)

    async def until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 30)


# Answers


@each_mode
async def test_an_application_answers(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    async with container(hello, **mode) as made:
        status, headers, body = await ask(made, "/x%20%C3%A9")

    assert (status, body) == ("200 OK", "hello /x é".encode())
    assert headers["Content-Type"] == "text/plain"
    assert headers["Server"] == "Ostro"
    assert "Date" in headers


@each_mode
async def test_a_connection_serves_many_requests(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    async with container(hello, **mode) as made, serving(made) as port, connected(port) as client:
        bodies = [(await client.ask(f"/{number}"))[2] for number in range(3)]

    assert bodies == [b"hello /0", b"hello /1", b"hello /2"]


@each_mode
async def test_a_body_of_one_part_has_its_length_stated(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [b"body"]

    async with container(application, **mode) as made:
        _, headers, body = await ask(made)

    assert (headers.get("Content-Length"), body) == ("4", b"body")


@each_mode
async def test_an_empty_body_has_the_length_0(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        return []

    async with container(application, **mode) as made:
        _, headers, body = await ask(made)

    assert (headers.get("Content-Length"), body) == ("0", b"")


@each_mode
async def test_head_gets_the_head_alone(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield from [b"part", b"part"]

    def sized(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "1000")])
        return []

    def unsized(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return []

    # Where the parts have come together before they are sent, their length is known.
    for app, lengths in ((application, (None, "8")), (sized, ("1000",)), (unsized, (None,))):
        async with container(app, **mode) as made, serving(made) as port, connected(port) as client:
            for _ in range(2):
                client.send(method="HEAD")
                status, headers = await client.head()
                assert status == "200 OK"
                assert headers.get("Content-Length") in lengths


@each_mode
async def test_write_sends_before_what_is_returned(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    async with container(application, **mode) as made:
        assert (await ask(made))[2] == b"one two three"


@each_mode
async def test_start_response_may_be_called_with_the_first_part(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        yield b""
        start_response("201 Created", TEXT)
        yield b"late"

    async with container(application, **mode) as made:
        status, _, body = await ask(made)

    assert (status, body) == ("201 Created", b"late")


@each_mode
async def test_a_body_longer_than_announced_is_cut(
    io_loop: IOLoop, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        while True:
            yield b"bod"

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        assert [(await client.ask())[2] for _ in range(2)] == [b"bodb", b"bodb"]
    assert "longer than its Content-Length" in caplog.text


async def test_parts_are_sent_as_they_come(io_loop: IOLoop) -> None:
    gate = Gate()

    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"one"
        gate.wait()
        yield b"two"

    async with container(application) as made, serving(made) as port, connected(port) as client:
        client.send()
        await client.head()
        assert await client.chunk() == b"one"
        gate.opened.set()
        assert await client.chunk() == b"two"
        assert await client.chunk() == b""


# Errors


def broken(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise ValueError("broken")


def broken_after_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise ValueError("broken")


def broken_in_iteration(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b""
    raise ValueError("broken")


def silent(environ: Environ, start_response: StartResponse) -> list[bytes]:
    return []


def textual(environ: Environ, start_response: StartResponse) -> Iterable[Any]:
    start_response("200 OK", TEXT)
    return ["text"]


@each_mode
@pytest.mark.parametrize(
    "application", [broken, broken_after_start, broken_in_iteration, silent, textual]
)
async def test_an_error_before_the_head_is_sent_is_a_500(
    io_loop: IOLoop, mode: dict[str, Any], application: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        for _ in range(2):
            status, _, body = await client.ask()
            assert (status, body) == (
                "500 Internal Server Error",
                b"Internal Server Error\n",
            )

    assert "Uncaught exception in a WSGI application" in caplog.text
    assert "Traceback" in caplog.text


@each_mode
async def test_an_application_that_wants_to_exit_is_an_error(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        sys.exit("not here")

    async with container(application, **mode) as made:
        assert (await ask(made))[0] == "500 Internal Server Error"


@each_mode
async def test_an_error_after_the_head_closes_the_connection(
    io_loop: IOLoop, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"begun"
        raise ValueError("broken")

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        client.send()
        assert not (await client.reader.read()).endswith(b"0\r\n\r\n")
    assert "ValueError: broken" in caplog.text


@each_mode
async def test_a_body_shorter_than_announced_closes_the_connection(
    io_loop: IOLoop, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "9")])
        return [b"body"]

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        client.send()
        assert (await client.reader.read()).endswith(b"body")
    assert "5 bytes before its Content-Length" in caplog.text


@each_mode
async def test_what_close_raises_after_the_answer_is_logged(
    io_loop: IOLoop, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    class Result(list[bytes]):
        def close(self) -> None:
            raise ValueError("broken close")

    def application(environ: Environ, start_response: StartResponse) -> Result:
        start_response("200 OK", [("Content-Length", "4")])
        return Result([b"bo", b"dy"])

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        assert [(await client.ask())[2] for _ in range(2)] == [b"body", b"body"]
    assert "broken close" in caplog.text


class Result:
    """An iterable that tells how it ended."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts = iter(parts)
        self.closed = threading.Event()
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        part = next(self.parts)
        self.taken += 1
        return part

    def close(self) -> None:
        self.closed.set()


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65536


@each_mode
@pytest.mark.parametrize("parts", [[b"one", b"two"], ["text"], []], ids=repr)
async def test_what_was_returned_is_closed_in_the_end(
    io_loop: IOLoop, mode: dict[str, Any], parts: list[Any]
) -> None:
    result = Result(parts)

    def application(environ: Environ, start_response: StartResponse) -> Result:
        start_response("200 OK", TEXT)
        return result

    async with container(application, **mode) as made:
        await ask(made)
        assert await asyncio.to_thread(result.closed.wait, 30)


@each_mode
async def test_a_client_that_goes_away_ends_the_iteration(
    io_loop: IOLoop, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    result = Result(endless())

    def application(environ: Environ, start_response: StartResponse) -> Result:
        start_response("200 OK", TEXT)
        return result

    async with container(application, **mode) as made, serving(made) as port:
        async with connected(port) as client:
            client.send()
            await client.head()
        assert await asyncio.to_thread(result.closed.wait, 30)
    assert "Traceback" not in caplog.text


@each_mode
async def test_an_application_waits_for_a_client_that_reads_slowly(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    parts, part = 100, b"x" * 65536
    result = Result(iter([part] * parts))

    def application(environ: Environ, start_response: StartResponse) -> Result:
        start_response("200 OK", [("Content-Length", str(parts * len(part)))])
        return result

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port, small_buffer=True) as client,
    ):
        client.send()
        await client.head()
        for number in range(parts):
            # Whatever the buffers on the way hold, it is far from the whole.
            assert result.taken - number < 30
            assert await client.reader.readexactly(len(part)) == part

    assert result.taken == parts


async def test_write_tells_that_the_client_is_gone(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caught: list[BaseException] = []
    ended = threading.Event()

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        try:
            while True:
                write(b"x" * 65536)
        except ConnectionError as error:
            caught.append(error)
            raise RuntimeError("an application that wraps what it sees") from error
        finally:
            ended.set()

    async with container(application) as made, serving(made) as port:
        async with connected(port) as client:
            client.send()
            await client.head()
        assert await asyncio.to_thread(ended.wait, 30)
    assert isinstance(caught[0], ClientGoneError)
    assert "Traceback" not in caplog.text


async def test_a_request_whose_client_left_while_it_waited_is_not_run(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ostro.access")
    gate = Gate()
    served: list[str] = []

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        served.append(environ["PATH_INFO"])
        gate.wait()
        return hello(environ, start_response)

    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        made = WSGIContainer(application, executor)
        first = made(HTTPServerRequest("GET", "/first", connection=MemoryConnection()))
        await gate.until_reached()
        delegate = made.start_request(None, MemoryConnection())
        delegate.headers_received(RequestStartLine("POST", "/second", "HTTP/1.1"), HTTPHeaders())
        delegate.data_received(b"body")
        delegate.finish()
        delegate.on_connection_lost(None)
        third = asyncio.ensure_future(
            made(HTTPServerRequest("GET", "/third", connection=MemoryConnection()))
        )
        third.cancel()
        await asyncio.wait([third])
        gate.opened.set()
        await first

    assert served == ["/first"]
    lines = [record.getMessage() for record in caplog.records if record.name == "ostro.access"]
    assert [line[:11] for line in lines] == ["200 GET /fi", "499 POST /s", "499 GET /th"]


# Threads


async def test_the_loop_serves_while_an_application_waits(io_loop: IOLoop) -> None:
    gate = Gate()

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            gate.wait()
        start_response("200 OK", TEXT)
        return [environ["PATH_INFO"].encode()]

    async with (
        container(application, threads=2) as made,
        serving(made) as port,
        connected(port) as slow,
        connected(port) as quick,
    ):
        slow.send("/slow")
        await gate.until_reached()
        assert (await quick.ask("/quick"))[2] == b"/quick"
        gate.opened.set()
        assert (await slow.answer())[2] == b"/slow"


async def test_an_executor_of_ones_own_is_used(io_loop: IOLoop) -> None:
    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [threading.current_thread().name.encode(), str(environ["wsgi.multithread"]).encode()]

    with concurrent.futures.ThreadPoolExecutor(1, "mine") as executor:
        made = WSGIContainer(application, executor)
        assert (await ask(made))[2] == b"mine_0True"
        made.close()
        assert executor.submit(int).result() == 0

    async with container(application, threads=0) as made:
        assert (await ask(made))[2] == threading.current_thread().name.encode() + b"False"


async def test_an_executor_that_is_closed_is_a_500(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()

    assert (await ask(WSGIContainer(hello, executor)))[0] == "500 Internal Server Error"


def test_a_negative_number_of_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="threads is -1"):
        WSGIContainer(hello, threads=-1)


@each_mode
async def test_an_application_runs_in_a_context_of_its_own(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    variable = contextvars.ContextVar("variable", default=b"outer")

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", TEXT)
        seen = variable.get()
        variable.set(b"inner")
        return [seen]

    async with (
        container(application, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        assert [(await client.ask())[2] for _ in range(3)] == [b"outer"] * 3


# Bodies


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Length", environ.get("CONTENT_LENGTH", "none"))])
    return [data]


@each_mode
@pytest.mark.parametrize("size", [0, 1, 100_000, 1_000_000])
async def test_a_body_reaches_the_application_whole(
    io_loop: IOLoop, mode: dict[str, Any], size: int
) -> None:
    body = (b"0123456789" * 100_000)[:size]

    async with (
        container(echo, spool_size=200_000, **mode) as made,
        serving(made) as port,
        connected(port) as client,
    ):
        for _ in range(2):
            _, headers, echoed = await client.ask(method="POST", body=body)
            assert echoed == body
            assert headers["X-Length"] == (str(size) if size else "none")


@each_mode
async def test_chunks_arrive_decoded_with_their_length(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    async with container(echo, **mode) as made, serving(made) as port, connected(port) as client:
        client.send("/", "Transfer-Encoding: chunked", method="POST")
        client.writer.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        _, headers, body = await client.answer()

    assert (headers["X-Length"], body) == ("5", b"abcde")


@pytest.mark.parametrize("sent", [b"abc", b"x" * 500_000], ids=["memory", "file"])
async def test_a_client_that_leaves_in_the_body_leaves_nothing(
    io_loop: IOLoop, sent: bytes
) -> None:
    called: list[str] = []

    def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
        called.append(environ["PATH_INFO"])
        return echo(environ, start_response)

    async with container(application, spool_size=100_000) as made, serving(made) as port:
        async with connected(port) as client:
            client.send("/left", "Content-Length: 1000000", method="POST")
            client.writer.write(sent)
            await client.writer.drain()
        async with connected(port) as client:
            await client.ask("/stayed")

    assert called == ["/stayed"]


def test_a_client_that_leaves_before_the_body_leaves_nothing() -> None:
    delegate = WSGIContainer(hello).start_request(None, MemoryConnection())

    delegate.headers_received(RequestStartLine("POST", "/", "HTTP/1.1"), HTTPHeaders())
    delegate.on_connection_lost(None)


# Beside handlers


class Own(RequestHandler):
    def get(self) -> None:
        self.write("own")


@each_mode
async def test_handlers_and_an_application_share_a_server(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    async with container(echo, **mode) as made:
        app = Application([(r"/own", Own), (r".*", FallbackHandler, {"fallback": made})])
        async with serving(app) as port, connected(port) as client:
            for _ in range(2):
                assert (await client.ask("/own"))[2] == b"own"
                assert (await client.ask("/x", method="POST", body=b"body"))[2] == b"body"
                assert (await client.ask("/x"))[2] == b""


@each_mode
async def test_a_mounted_application_gets_large_bodies_from_a_file(
    io_loop: IOLoop, mode: dict[str, Any]
) -> None:
    inputs: list[type] = []

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        inputs.append(type(environ["wsgi.input"]))
        return echo(environ, start_response)

    async with container(application, spool_size=10, **mode) as made:
        app = Application([(r"/own", Own), Mount("", made)])
        async with serving(app) as port, connected(port) as client:
            assert (await client.ask("/own"))[2] == b"own"
            for size in (10, 11):
                body = b"x" * size
                assert (await client.ask("/x", method="POST", body=body))[2] == body

    assert [kind is io.BytesIO for kind in inputs] == [True, False]


async def test_behind_a_fallback_handler_a_lost_client_ends_the_iteration(
    io_loop: IOLoop,
) -> None:
    result = Result(endless())

    def application(environ: Environ, start_response: StartResponse) -> Result:
        start_response("200 OK", TEXT)
        return result

    async with container(application) as made:
        app = Application([(r".*", FallbackHandler, {"fallback": made})])
        async with serving(app) as port:
            async with connected(port) as client:
                client.send()
                await client.head()
            assert await asyncio.to_thread(result.closed.wait, 30)


@each_mode
async def test_it_is_a_plain_request_callback_too(io_loop: IOLoop, mode: dict[str, Any]) -> None:
    async with container(echo, **mode) as made:
        assert (await ask(lambda request: made(request), method="POST", body=b"body"))[2] == b"body"

        def unawaited(request: HTTPServerRequest) -> None:
            made(request)

        assert (await ask(unawaited, method="POST", body=b"body"))[2] == b"body"


def test_a_request_without_a_connection_cannot_be_answered() -> None:
    with pytest.raises(ValueError, match="no connection"):
        WSGIContainer(hello)(HTTPServerRequest())


# Access log


async def ask_for_statuses(made: WSGIContainer) -> None:
    async with serving(made) as port, connected(port) as client:
        for target in ("/200?a=b", "/404", "/500"):
            await client.ask(target)


def status_in_path(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response(environ["PATH_INFO"][1:4] + " Status", TEXT)
    return []


@pytest.mark.parametrize("inline", [True, False])
async def test_requests_are_logged(
    io_loop: IOLoop, inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ostro.access")

    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        await ask_for_statuses(
            WSGIContainer(status_in_path, None if inline else executor, threads=0)
        )

    logged = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in logged] == ["INFO", "WARNING", "ERROR"]
    assert logged[0][1].startswith("200 GET /200?a=b (127.0.0.1) ")


async def test_what_is_not_to_be_logged_costs_nothing(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "ostro.access")

    async with container(hello) as made:
        assert (await ask(made))[0] == "200 OK"
    assert not caplog.records
