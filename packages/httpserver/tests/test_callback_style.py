"""The style of 2.3: a callback is given a whole request, and writes the whole answer itself."""

import asyncio
import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from ostro.httpserver import CallbackDelegate, HTTPConnection, HTTPRequest, HTTPServer
from ostro.httpserver._settings import ServerSettings
from ostro.httputil import HTTPHeaders, HTTPOutputError, HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.iostream import IOStream
from ostro.stack_context import StackContext

from .support import (
    GET,
    OK,
    Client,
    MemoryStream,
    cuts,
    hung_up,
    logged,
    responses,
    serving,
    turns,
)

POST = (
    b"POST /x?a=1 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nCookie: c=2\r\n\r\nb=3"
)


def echo(request: HTTPRequest) -> None:
    message = f"You requested {request.uri}\n"
    request.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(message)}\r\n\r\n{message}")
    request.finish()


def test_the_request_class_has_its_documented_name() -> None:
    assert HTTPRequest is HTTPServerRequest


async def test_a_callback_gets_the_whole_request_wherever_it_is_cut(io_loop: IOLoop) -> None:
    for pieces in cuts(POST):
        requests: list[HTTPRequest] = []

        def callback(request: HTTPRequest, requests: list[HTTPRequest] = requests) -> None:
            requests.append(request)
            echo(request)

        client = Client(io_loop, callback)

        await client.send(*pieces)

        [request] = requests
        assert (request.method, request.uri, request.path) == ("POST", "/x?a=1", "/x")
        assert request.version == "HTTP/1.1"
        assert request.supports_http_1_1()
        assert request.body == b"b=3"
        assert request.arguments == {"a": [b"1"], "b": [b"3"]}
        assert request.cookies["c"].value == "2"
        assert request.host == "a:80"
        assert request.remote_ip == "192.0.2.1"
        assert request.protocol == "http"
        assert request.full_url() == "http://a:80/x?a=1"
        assert request.request_time() >= 0
        assert request.get_ssl_certificate() is None
        assert request.connection is not None
        assert responses(client.sent)[0].body == b"You requested /x?a=1\n"


async def test_raw_answers_keep_the_connection_alive(io_loop: IOLoop) -> None:
    client = Client(io_loop, echo)

    await client.send(GET + GET, GET)

    assert len(responses(client.sent)) == 3
    assert not client.stream.ended


async def test_raw_answers_end_the_connection_where_the_client_asks_for_it(
    io_loop: IOLoop,
) -> None:
    client = Client(io_loop, echo)

    await client.send(b"GET / HTTP/1.0\r\n\r\n")

    assert client.stream.closed()
    assert len(responses(client.sent)) == 1


async def test_no_keep_alive_ends_the_connection_after_a_raw_answer(io_loop: IOLoop) -> None:
    def without_length(request: HTTPRequest) -> None:
        request.write(b"HTTP/1.1 200 OK\r\n\r\nas long as it is")
        request.finish()

    client = Client(io_loop, without_length, ServerSettings(no_keep_alive=True))

    await client.send(GET + GET)

    assert [response.body for response in responses(client.sent)] == [b"as long as it is"]
    assert client.stream.output_ended


async def test_a_write_callback_runs_when_the_bytes_have_left(io_loop: IOLoop) -> None:
    done = asyncio.Event()

    def callback(request: HTTPRequest) -> None:
        request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", done.set)

    await Client(io_loop, callback).send(GET)

    await done.wait()


async def test_an_answer_may_come_after_the_callback_has_returned(io_loop: IOLoop) -> None:
    def callback(request: HTTPRequest) -> None:
        io_loop.add_callback(echo, request)

    client = Client(io_loop, callback)

    await client.send(GET + GET)
    await turns()

    assert len(responses(client.sent)) == 2


async def test_a_callback_may_be_a_coroutine_function(io_loop: IOLoop) -> None:
    async def callback(request: HTTPRequest) -> None:
        await asyncio.sleep(0)
        echo(request)

    client = Client(io_loop, callback)

    await client.send(GET)
    await turns()

    assert len(responses(client.sent)) == 1


async def test_a_coroutine_ends_with_its_connection(io_loop: IOLoop) -> None:
    cancelled = asyncio.Event()

    async def callback(request: HTTPRequest) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    client = Client(io_loop, callback)
    await client.send(GET)

    client.stream.reset(ConnectionResetError("reset"))

    await cancelled.wait()


async def test_the_end_of_a_connection_before_a_coroutine_is_harmless(io_loop: IOLoop) -> None:
    client = Client(io_loop, echo)
    await client.send(POST[:-1])

    client.stream.reset(ConnectionResetError("reset"))

    assert client.group.connections == set()


async def test_what_a_callback_raises_is_logged_and_closes(io_loop: IOLoop) -> None:
    def fail(request: HTTPRequest) -> None:
        raise RuntimeError("broken")

    client = Client(io_loop, fail)

    with logged("ostro.application") as errors:
        await client.send(GET + GET)

    assert client.stream.closed()
    assert client.sent == b""
    assert len(errors) == 1
    assert "HTTPServerRequest" in errors[0]


async def test_what_a_later_callback_raises_is_logged_and_closes(io_loop: IOLoop) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    client = Client(io_loop, lambda request: io_loop.add_callback(fail))

    with logged("ostro.application") as errors:
        await client.send(GET)

    assert client.stream.closed()
    assert len(errors) == 1


async def test_what_a_coroutine_raises_is_logged_and_closes(io_loop: IOLoop) -> None:
    async def fail(request: HTTPRequest) -> None:
        raise RuntimeError("broken")

    client = Client(io_loop, fail)

    with logged("ostro.application") as errors:
        await client.send(GET)

    assert client.stream.closed()
    assert len(errors) == 1


async def test_a_callback_that_looks_at_something_cancelled_is_logged_and_closes(
    io_loop: IOLoop,
) -> None:
    def fail(request: HTTPRequest) -> None:
        raise asyncio.CancelledError

    async def fail_later(request: HTTPRequest) -> None:
        await asyncio.sleep(0)
        raise asyncio.CancelledError

    for callback in (fail, fail_later):
        client = Client(io_loop, callback)

        with logged("ostro.application") as errors:
            await client.send(GET + GET)

        assert client.stream.closed()
        assert client.sent == b""
        assert len(errors) == 1


def test_a_keyboard_interrupt_in_a_callback_is_nobodys_error(io_loop: IOLoop) -> None:
    def interrupt(request: HTTPRequest) -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        Client(io_loop, interrupt).stream.feed(GET)

    with pytest.raises(KeyboardInterrupt):
        io_loop.run_sync(main)


async def test_finish_without_an_answer_is_an_error(io_loop: IOLoop) -> None:
    caught: list[HTTPOutputError] = []

    def callback(request: HTTPRequest) -> None:
        try:
            request.finish()
        except HTTPOutputError as error:
            caught.append(error)
        echo(request)

    client = Client(io_loop, callback)

    await client.send(GET)

    assert len(caught) == 1
    assert len(responses(client.sent)) == 1


async def test_raw_and_framed_answers_do_not_mix(io_loop: IOLoop) -> None:
    caught: list[HTTPOutputError] = []

    def callback(request: HTTPRequest) -> None:
        assert request.connection is not None
        request.connection.write_headers(OK, HTTPHeaders({"Content-Length": "0"}))
        try:
            request.write(b"HTTP/1.1 200 OK\r\n\r\n")
        except HTTPOutputError as error:
            caught.append(error)
        request.connection.finish()

    client = Client(io_loop, callback)

    await client.send(GET)

    assert len(caught) == 1
    assert len(responses(client.sent)) == 1


async def test_requests_do_not_share_context(io_loop: IOLoop) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    def callback(request: HTTPRequest) -> None:
        seen.append(variable.get())
        variable.set(request.uri)
        echo(request)

    await Client(io_loop, callback).send(GET + GET, GET)

    assert seen == ["unset"] * 3


async def test_a_stack_context_of_whoever_serves_is_not_seen_by_requests(
    io_loop: IOLoop,
) -> None:
    entered: list[str] = []

    @contextmanager
    def noting() -> Iterator[None]:
        entered.append("in")
        yield

    def callback(request: HTTPRequest) -> None:
        entered.clear()
        io_loop.add_callback(echo, request)

    client = Client(io_loop, callback)
    with StackContext(noting):
        client.stream.feed(GET)
    await turns()

    assert len(responses(client.sent)) == 1
    assert entered == []


# HTTPConnection as documented


async def test_a_connection_can_be_made_by_hand(io_loop: IOLoop) -> None:
    stream = MemoryStream(io_loop)
    connection = HTTPConnection(as_iostream(stream), ("192.0.2.1", 1), echo, False, True)
    assert connection.address == ("192.0.2.1", 1)

    stream.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert len(responses(bytes(stream.sent))) == 1
    connection.close()
    await turns()


async def test_a_connection_made_by_hand_can_be_without_keep_alive(io_loop: IOLoop) -> None:
    stream = MemoryStream(io_loop)
    connection = HTTPConnection(as_iostream(stream), ("192.0.2.1", 1), echo, True)

    stream.feed(GET)

    assert stream.output_ended
    connection.close()
    await turns()


async def test_a_connection_needs_somebody_to_answer(io_loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="request_callback"):
        HTTPConnection(as_iostream(MemoryStream(io_loop)), ("192.0.2.1", 1))


async def test_a_connection_writes_and_finishes_the_answer_in_progress(io_loop: IOLoop) -> None:
    client = Client(io_loop, lambda request: None)
    with pytest.raises(HTTPOutputError, match="no request"):
        client.connection.write(b"x")
    with pytest.raises(HTTPOutputError, match="no request"):
        client.connection.finish()
    await client.send(GET)

    client.connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    client.connection.finish()

    assert len(responses(client.sent)) == 1
    await client.send(GET)
    assert not client.stream.ended


def as_iostream(stream: MemoryStream) -> IOStream:
    return cast(IOStream, stream)


# HTTPServer as documented


def test_only_what_can_be_called_is_a_request_callback() -> None:
    with pytest.raises(TypeError, match=r"callable.*not int"):
        HTTPServer(5)  # type: ignore[arg-type]  # what is refused


async def test_a_delegate_for_callbacks_is_public(io_loop: IOLoop) -> None:
    client = Client(io_loop, CallbackDelegate(echo))

    await client.send(GET)

    assert len(responses(client.sent)) == 1


async def test_the_documented_example_over_a_socket(io_loop: IOLoop) -> None:
    async with serving(HTTPServer(echo)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /uri HTTP/1.0\r\n\r\n")

        answer = await reader.read()
        await hung_up(writer)

    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nYou requested /uri\n"
