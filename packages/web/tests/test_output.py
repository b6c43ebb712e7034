"""The response: its head, its body, how it leaves."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest, parse_date
from ostro.ioloop import IOLoop
from ostro.web import Application, ChunkedTransferEncoding, OutputTransform, RequestHandler

from .support import MemoryConnection, ask, fetch


def app_of(
    act: Callable[[RequestHandler], object],
    transforms: list[type[OutputTransform]] | None = None,
) -> Application:
    class Handler(RequestHandler):
        def get(self) -> None:
            act(self)

        head = post = get

    return Application([("/", Handler)], transforms=transforms)


def answer_of(act: Callable[[RequestHandler], object], method: str = "GET") -> MemoryConnection:
    return ask(app_of(act), method=method)


# The head


def test_a_response_has_the_usual_headers() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    answer = answer_of(lambda handler: handler.write("é"))

    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.headers["Server"] == "Ostro"
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Content-Length"] == "2"
    date = parse_date(answer.headers["Date"])
    assert date is not None
    assert before - timedelta(seconds=1) <= date <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("text", "text"),
        (b"bytes", "bytes"),
        (5, "5"),
        (1.5, "1.5"),
        (True, "True"),
        (datetime(2012, 5, 31, 12, 0, tzinfo=UTC), "Thu, 31 May 2012 12:00:00 GMT"),
        (datetime(2012, 5, 31, 12, 0), "Thu, 31 May 2012 12:00:00 GMT"),
        ("é€", "é€".encode().decode("latin-1")),
        (b"\xff", "\xff"),
    ],
)
def test_header_values_are_converted_to_text(value: Any, sent: str) -> None:
    # Any: HeaderValue, and the bool that is no case of it
    answer = answer_of(lambda handler: handler.set_header("X-Value", value))

    assert answer.headers["X-Value"] == sent


def test_whatever_has_a_text_can_be_a_header_value() -> None:
    answer = answer_of(lambda handler: handler.set_header("X-Value", [1]))  # type: ignore[arg-type]  # 2.3 says so

    assert answer.headers["X-Value"] == "[1]"


def test_none_is_no_header_value(caplog: pytest.LogCaptureFixture) -> None:
    answer = answer_of(lambda handler: handler.set_header("X-Value", None))  # type: ignore[arg-type]  # that is the point

    assert answer.status == 500
    assert "a header value cannot be None" in caplog.text


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\0b", b"a\r\nb"])
@pytest.mark.parametrize("setter", ["set_header", "add_header"])
def test_header_values_with_line_breaks_are_refused(setter: str, value: str | bytes) -> None:
    refused = []

    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError):
            getattr(handler, setter)("X-Value", value)
        refused.append(value)

    answer = answer_of(act)

    assert refused
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é"])
def test_header_names_that_are_no_tokens_are_refused(name: str) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError):
            handler.set_header(name, "value")
        handler.write("refused")

    assert answer_of(act).text == "refused"


def test_set_header_replaces_and_add_header_adds() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_header("X-One", "a")
        handler.set_header("x-one", "b")
        handler.add_header("X-Two", "a")
        handler.add_header("X-Two", 2)

    headers = answer_of(act).headers

    assert headers.get_list("X-One") == ["b"]
    assert headers.get_list("X-Two") == ["a", "2"]


def test_clear_header_removes_a_header_and_forgives_a_missing_one() -> None:
    def act(handler: RequestHandler) -> None:
        handler.clear_header("server")
        handler.clear_header("X-Unknown")

    assert "Server" not in answer_of(act).headers


def test_clear_resets_the_response_and_sets_the_default_headers_again() -> None:
    class Handler(RequestHandler):
        def set_default_headers(self) -> None:
            self.set_header("Server", "Mine")

        def get(self) -> None:
            self.set_status(404, "Gone fishing")
            self.clear_header("Server")
            self.set_header("X-Set", "yes")
            self.write("dropped")
            self.clear()

    answer = ask(Application([("/", Handler)]))

    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"")
    assert answer.headers["Server"] == "Mine"
    assert "X-Set" not in answer.headers


@pytest.mark.parametrize(
    ("status", "reason", "sent"),
    [(404, None, "Not Found"), (404, "Lost", "Lost"), (299, None, "Unknown"), (200, "é", "é")],
)
def test_the_status_has_its_reason(status: int, reason: str | None, sent: str) -> None:
    answer = answer_of(lambda handler: handler.set_status(status, reason))

    assert (answer.status, answer.reason) == (status, sent)


@pytest.mark.parametrize("status", [0, 99, 100, 102, 199, 600, -200])
def test_a_status_that_no_response_can_have_is_refused(status: int) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError, match=f"status code {status} is not one"):
            handler.set_status(status)
        handler.finish(str(handler.get_status()))

    assert answer_of(act).text == "200"


@pytest.mark.parametrize("reason", ["a\r\nb", "a\nb", "\0", "€"])
def test_a_reason_that_cannot_be_sent_is_refused(reason: str) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError, match="reason phrase"):
            handler.set_status(200, reason)

    assert answer_of(act).reason == "OK"


# The body


def test_text_is_sent_as_utf8_and_bytes_as_they_are() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write("é")
        handler.write(b"\xff")
        handler.write("")

    assert answer_of(act).body == b"\xc3\xa9\xff"


def test_a_dictionary_is_sent_as_json() -> None:
    answer = answer_of(lambda handler: handler.write({"a": ["</script>", 1]}))

    assert answer.text == '{"a": ["<\\/script>", 1]}'
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"


def test_the_content_type_of_json_can_be_set_after_writing_it() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write({})
        handler.set_header("Content-Type", "application/problem+json")

    assert answer_of(act).headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("chunk", "complaint"),
    [
        ([1], "not list; wrap a list in a dictionary"),
        (None, "not NoneType"),
        (5, "not int"),
        (object, "not type"),
    ],
)
def test_what_cannot_be_written_is_a_500(
    caplog: pytest.LogCaptureFixture, chunk: Any, complaint: str
) -> None:
    # Any: the types forbid it
    answer = answer_of(lambda handler: handler.write(chunk))

    assert answer.status == 500
    assert complaint in caplog.text


def test_finish_writes_its_argument() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write("a")
        handler.finish("b")

    answer = answer_of(act)

    assert answer.text == "ab"


@pytest.mark.parametrize("what", ["write", "finish"])
def test_nothing_can_be_written_after_the_end(what: str) -> None:
    def act(handler: RequestHandler) -> None:
        handler.finish("done")
        with pytest.raises(RuntimeError, match="finish"):
            getattr(handler, what)("more")

    assert answer_of(act).text == "done"


def test_a_flush_after_the_end_sends_nothing() -> None:
    answer = answer_of(lambda handler: (handler.finish("done"), handler.flush()))

    assert answer.text == "done"


# HEAD


def test_head_has_the_length_of_the_body_and_no_body() -> None:
    got = answer_of(lambda handler: handler.write("hello"))
    head = answer_of(lambda handler: handler.write("hello"), "HEAD")

    assert head.body == b""
    assert head.headers["Content-Length"] == "5"
    assert head.headers["Etag"] == got.headers["Etag"]


def test_head_may_state_a_length_without_making_the_body() -> None:
    answer = answer_of(lambda handler: handler.set_header("Content-Length", 12345), "HEAD")

    assert (answer.status, answer.headers["Content-Length"]) == (200, "12345")


def test_head_with_flushes_has_no_body() -> None:
    def act(handler: RequestHandler) -> None:
        handler.write("a")
        handler.flush()
        handler.write("b")

    answer = answer_of(act, "HEAD")

    assert (answer.body, answer.ended) == (b"", True)


# Statuses without a body


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("flushed", [False, True])
def test_a_response_without_a_body_has_no_entity_headers(status: int, flushed: bool) -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_status(status)
        handler.set_header("Content-Language", "de")
        handler.set_header("X-Kept", "yes")
        if flushed:
            handler.flush()

    answer = answer_of(act)

    assert (answer.status, answer.body, answer.ended) == (status, b"", True)
    assert not {"Content-Type", "Content-Length", "Content-Language"} & set(answer.headers)
    assert answer.headers["X-Kept"] == "yes"


@pytest.mark.parametrize("status", [204, 304])
def test_a_body_where_none_can_be_is_a_500(caplog: pytest.LogCaptureFixture, status: int) -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_status(status)
        handler.write("text")

    assert answer_of(act).status == 500
    assert f"a response with status {status} has no body; 4 bytes were written" in caplog.text


# Lengths


def test_a_right_content_length_is_kept() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_header("Content-Length", 4)
        handler.write("text")

    answer = answer_of(act)

    assert (answer.status, answer.headers["Content-Length"]) == (200, "4")


@pytest.mark.parametrize("length", [3, 5])
def test_a_wrong_content_length_is_a_500(length: int) -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_header("Content-Length", length)
        handler.write("text")

    answer = answer_of(act)

    assert (answer.status, answer.ended) == (500, True)


@pytest.mark.parametrize("length", [3, 5])
def test_a_wrong_content_length_found_after_the_headers_closes_the_connection(
    caplog: pytest.LogCaptureFixture, length: int
) -> None:
    finished = []

    class Handler(RequestHandler):
        def get(self) -> None:
            self.set_header("Content-Length", length)
            self.write("te")
            self.flush()
            self.write("xt")

        def on_finish(self) -> None:
            finished.append(self)

    answer = ask(Application([("/", Handler)]))

    assert (answer.ended, answer.closed) == (False, True)
    assert len(finished) == 1
    assert "HTTPOutputError" in caplog.text


# flush


def test_flush_sends_what_there_is_and_the_rest_comes_later() -> None:
    seen = []

    def act(handler: RequestHandler) -> None:
        connection = handler.request.connection
        assert isinstance(connection, MemoryConnection)
        handler.write("a")
        seen.append((connection.status, connection.text))
        handler.flush()
        seen.append((connection.status, connection.text))
        handler.write("b")
        handler.flush()
        seen.append((connection.status, connection.text))
        handler.flush()

    answer = answer_of(act)

    assert seen == [(0, ""), (200, "a"), (200, "ab")]
    assert (answer.ended, answer.chunked) == (True, True)
    assert "Content-Length" not in answer.headers
    assert "Etag" not in answer.headers


async def test_an_awaited_flush_waits_for_the_client(io_loop: IOLoop) -> None:
    steps = []

    class Handler(RequestHandler):
        async def get(self) -> None:
            self.write("a")
            await self.flush()
            steps.append("sent")
            self.write("b")
            await self.finish()
            steps.append("finished")

    connection = ask(Application([("/", Handler)]), slow=True)
    await turn(io_loop)
    assert steps == []
    connection.take_all()
    await turn(io_loop)
    assert steps == ["sent"]
    connection.take_all()
    await turn(io_loop)
    assert steps == ["sent", "finished"]
    assert connection.text == "ab"


async def turn(io_loop: IOLoop) -> None:
    """Let the loop do what is due."""
    for _ in range(5):
        done = io_loop.asyncio_loop.create_future()
        io_loop.add_callback(done.set_result, None)
        await done


class Flushing(RequestHandler):
    """Flushes twice with a callback, under the control of a test."""

    def initialize(self, calls: list[str]) -> None:
        self.calls = calls
        self._auto_finish = False

    def on_flushed(self) -> None:
        self.calls.append("first")

    def get(self) -> None:
        self.write("a")
        assert self.flush(callback=self.on_flushed) is not None
        self.handlers.append(self)

    handlers: list["Flushing"] = []


async def start_flushing() -> tuple[Flushing, MemoryConnection, list[str]]:
    calls: list[str] = []
    connection = ask(Application([("/", Flushing, {"calls": calls})]), slow=True)
    return Flushing.handlers.pop(), connection, calls


async def test_a_flush_calls_its_callback_once_everything_is_sent(io_loop: IOLoop) -> None:
    _, connection, calls = await start_flushing()
    await turn(io_loop)
    assert calls == []

    connection.take_all()
    await turn(io_loop)

    assert calls == ["first"]


@pytest.mark.parametrize("same", [True, False])
async def test_the_next_flush_discards_a_callback_that_has_not_run(
    io_loop: IOLoop, same: bool
) -> None:
    handler, connection, calls = await start_flushing()
    callback = handler.on_flushed
    handler.flush(callback=callback)
    handler.flush(callback=callback if same else lambda: calls.append("second"))

    connection.take_all()
    await turn(io_loop)

    assert calls == (["first"] if same else ["second"])


async def test_a_flush_without_a_callback_discards_the_one_before(io_loop: IOLoop) -> None:
    handler, connection, calls = await start_flushing()
    handler.flush()

    connection.take_all()
    await turn(io_loop)

    assert calls == []


async def test_a_flush_of_nothing_calls_its_callback(io_loop: IOLoop) -> None:
    handler, connection, calls = await start_flushing()
    connection.take_all()
    await turn(io_loop)

    handler.flush(callback=lambda: calls.append("second"))
    await turn(io_loop)

    assert calls == ["first", "second"]


# Transforms


class Upper(OutputTransform):
    """Writes in capitals, and says how it was asked."""

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self.active = "loud" in request.uri

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        headers["X-Finishing"] = str(finishing)
        return status_code + self.active, headers, self.transform_chunk(chunk, finishing)

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        return (chunk.upper() + (b"!" if finishing else b"")) if self.active else chunk


class Plain(OutputTransform):
    """Changes nothing."""


def flush_twice(handler: RequestHandler) -> None:
    handler.write("a")
    handler.flush()
    handler.write("b")
    handler.flush()
    handler.write("c")


def flush_nothing(handler: RequestHandler) -> None:
    handler.set_status(204)
    handler.flush()


def flush_counted(handler: RequestHandler) -> None:
    handler.set_header("Content-Length", 3)
    flush_twice(handler)


def test_transforms_change_a_whole_response() -> None:
    answer = ask(app_of(lambda handler: handler.write("abc"), [Upper, Plain]), "/?loud")

    assert (answer.status, answer.text) == (201, "ABC!")
    assert answer.headers["X-Finishing"] == "True"
    assert answer.headers["Content-Length"] == "4"


def test_transforms_change_each_part_of_a_response() -> None:
    answer = ask(app_of(flush_twice, [Upper, Plain]), "/?loud")

    assert (answer.status, answer.text) == (201, "ABC!")
    assert answer.headers["X-Finishing"] == "False"


def test_a_transform_is_made_for_each_request() -> None:
    app = app_of(lambda handler: handler.write("abc"))
    app.add_transform(Upper)

    assert ask(app, "/?loud").text == "ABC!"
    assert ask(app, "/").text == "abc"


def test_the_log_has_the_status_that_a_transform_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    ask(app_of(lambda handler: handler.write("abc"), [Upper]), "/?loud")

    assert caplog.messages[-1].startswith("201 GET /?loud")


@pytest.mark.parametrize(
    ("act", "version", "coding"),
    [
        (flush_twice, "HTTP/1.1", "chunked"),
        (flush_twice, "HTTP/1.0", None),
        (lambda handler: handler.write("abc"), "HTTP/1.1", None),
        (flush_nothing, "HTTP/1.1", None),
        (flush_counted, "HTTP/1.1", None),
    ],
)
def test_the_chunked_transform_asks_for_chunks_where_the_length_is_unknown(
    act: Callable[[RequestHandler], object], version: str, coding: str | None
) -> None:
    answer = ask(app_of(act, [ChunkedTransferEncoding]), version=version)

    assert answer.ended
    assert answer.headers.get("Transfer-Encoding") == coding


# What comes back


async def test_flush_and_finish_can_be_awaited(io_loop: IOLoop) -> None:
    results: list[Awaitable[None]] = []

    class Handler(RequestHandler):
        async def get(self) -> None:
            self.write("a")
            results.extend([self.flush(), self.flush(), self.finish("b")])
            for result in results:
                assert await result is None  # type: ignore[func-returns-value]  # None it is

    assert (await fetch(Application([("/", Handler)]))).text == "ab"
    assert len(results) == 3
