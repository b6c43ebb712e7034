"""What a WSGI application may answer, and what not."""

import io
import sys
from collections.abc import Callable

import pytest

from ostro.wsgi import InvalidResponseError, WSGIError
from ostro.wsgi._answer import Answer, Head
from ostro.wsgi._file_wrapper import FileWrapper

from .support import StartResponse


class ListSink:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.parts: list[bytes] = []
        self.ends: list[bool] = []

    @property
    def ended(self) -> bool:
        return True in self.ends

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        assert not self.ended
        if head is not None:
            self.heads.append(head)
        self.parts.append(data)
        self.ends.append(end)

    def abort(self) -> None:
        raise AssertionError


def new(method: str = "GET") -> tuple[Answer, ListSink]:
    sink = ListSink()
    return Answer(sink, method), sink


def test_nothing_is_sent_before_there_is_a_body() -> None:
    answer, sink = new()

    answer.start_response("200 OK", [("X", "1")])
    answer.send(b"")
    assert not sink.heads
    answer.send(b"body")

    (start_line, headers), *others = sink.heads
    assert not others
    assert (start_line.code, start_line.reason, headers["X"]) == (200, "OK", "1")
    assert sink.parts == [b"body"]
    assert not sink.ended


def test_a_response_without_a_body_is_sent_in_the_end() -> None:
    answer, sink = new()

    answer.start_response("200 OK", [])
    answer.finish()
    answer.finish()

    assert (len(sink.heads), sink.parts, sink.ended) == (1, [b""], True)


def test_the_last_byte_of_a_content_length_is_the_end() -> None:
    answer, sink = new()

    answer.start_response("200 OK", [("Content-Length", "4")])
    answer.send(b"bo")
    answer.send(b"dy")
    assert answer.send(b"")
    answer.finish()

    assert (sink.parts, sink.ends) == ([b"bo", b"dy"], [False, True])


def test_date_and_server_are_added_where_they_are_missing() -> None:
    answer, sink = new()
    answer.start_response("200 OK", [])
    answer.finish()
    own, own_sink = new()
    own.start_response("200 OK", [("Date", "today"), ("server", "mine")])
    own.finish()

    assert sink.heads[0][1]["Server"] == "Ostro"
    assert "GMT" in sink.heads[0][1]["Date"]
    assert dict(own_sink.heads[0][1]) == {"Date": "today", "Server": "mine"}


def test_a_header_may_have_several_values() -> None:
    answer, sink = new()

    answer.start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    answer.finish()

    assert sink.heads[0][1].get_list("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("200 OK", 200, "OK"),
        ("404 Nicht da", 404, "Nicht da"),
        ("418", 418, "I'm a Teapot"),
        ("299 ", 299, "Unknown"),
    ],
)
def test_a_status_has_a_code_and_a_reason(status: str, code: int, reason: str) -> None:
    answer, sink = new()

    answer.start_response(status, [])
    answer.finish()

    assert (sink.heads[0][0].code, answer.status) == (code, code)
    assert sink.heads[0][0].reason.lower() == reason.lower()


@pytest.mark.parametrize(
    "status",
    ["OK", "20 OK", "2000 OK", "100 Continue", "600 Much", "200 a\r\nb", 200, None, b"200"],
)
def test_a_status_that_is_none_is_refused(status: object) -> None:
    answer, _ = new()
    start_response: StartResponse = answer.start_response

    with pytest.raises(InvalidResponseError, match="expected text like"):
        start_response(status, [])

    assert answer.status == 0


@pytest.mark.parametrize(
    "headers",
    [
        (),
        {},
        None,
        [("X", "a\r\nY: b")],
        [("X", "a\0")],
        [("X Y", "a")],
        [("", "a")],
        [("X", "\u20ac")],
        [("X", 5)],
        [("X", None)],
        [(b"X", b"a")],
        [("X", "a", "b")],
        ["X"],
        [("Connection", "close")],
        [("transfer-encoding", "chunked")],
        [("Upgrade", "x")],
        [("Content-Length", "five")],
        [("Content-Length", "-5")],
        [("Content-Length", "5"), ("Content-Length", "6")],
    ],
    ids=repr,
)
def test_headers_that_are_none_are_refused(headers: object) -> None:
    answer, _ = new()
    start_response: StartResponse = answer.start_response

    with pytest.raises(InvalidResponseError):
        start_response("200 OK", headers)


def test_a_second_head_needs_a_reason() -> None:
    answer, _ = new()
    answer.start_response("200 OK", [])

    with pytest.raises(InvalidResponseError, match="second time"):
        answer.start_response("200 OK", [])


def failed() -> tuple[type[BaseException], BaseException, None]:
    return ValueError, ValueError("failed"), None


def test_an_error_replaces_the_head_before_it_is_sent() -> None:
    answer, sink = new()

    answer.start_response("200 OK", [("Content-Length", "4")])
    answer.start_response("500 Failed", [], failed())
    answer.send(b"sorry")
    answer.finish()

    assert sink.heads[0][0].code == 500
    assert "Content-Length" not in sink.heads[0][1]
    assert sink.parts == [b"sorry", b""]


def test_an_error_after_the_head_is_raised_again() -> None:
    answer, _ = new()
    answer.start_response("200 OK", [])
    answer.send(b"begun")

    with pytest.raises(ValueError, match="failed"):
        answer.start_response("500 Failed", [], failed())


def test_no_error_at_all_may_be_given_as_one() -> None:
    answer, _ = new()
    answer.start_response("200 OK", [])
    answer.send(b"begun")

    answer.start_response("200 OK", [], sys.exc_info())


@pytest.mark.parametrize("call", [Answer.finish, lambda answer: answer.send(b"x")])
def test_a_body_needs_a_head(call: Callable[[Answer], object]) -> None:
    answer, _ = new()

    with pytest.raises(InvalidResponseError, match="start_response"):
        call(answer)


@pytest.mark.parametrize("data", ["text", None, bytearray(b"x"), 5])
def test_a_body_consists_of_bytes(data: object) -> None:
    answer, _ = new()
    write: Callable[[object], object] = answer.start_response("200 OK", [])  # type: ignore[assignment]  # on purpose

    with pytest.raises(InvalidResponseError, match="not bytes"):
        write(data)


def test_a_body_that_is_too_long_is_cut() -> None:
    answer, sink = new()
    write = answer.start_response("200 OK", [("Content-Length", "4")])

    assert not answer.send(b"body and more")
    assert not answer.send(b"more")
    write(b"")
    with pytest.raises(InvalidResponseError, match="longer than its Content-Length"):
        write(b"more")

    assert (sink.parts, sink.ended) == ([b"body"], True)


def test_a_body_that_is_too_short_is_an_error() -> None:
    answer, sink = new()
    answer.start_response("200 OK", [("Content-Length", "4")])
    answer.send(b"bo")

    with pytest.raises(InvalidResponseError, match="2 bytes before its Content-Length"):
        answer.finish()

    assert not sink.ended


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_a_body_has_none(status: str) -> None:
    answer, sink = new()
    answer.start_response(status, [("Content-Length", "4")])

    answer.send(b"body")
    answer.finish()

    assert (sink.parts, sink.ended) == ([b"", b""], True)


def test_head_may_announce_what_it_does_not_send() -> None:
    answer, sink = new("HEAD")
    answer.start_response("200 OK", [("Content-Length", "4")])

    answer.finish()

    assert sink.heads[0][1]["Content-Length"] == "4"


def test_the_exceptions_have_one_root() -> None:
    assert issubclass(InvalidResponseError, WSGIError)


class Unclosable:
    def read(self, size: int, /) -> bytes:
        return b""


def test_a_file_is_sent_in_blocks_of_some_size_and_closed() -> None:
    file = io.BytesIO(b"x" * 100_000)

    wrapper = FileWrapper(file, 10)
    assert [len(block) for block in wrapper] == [65536, 34464]
    wrapper.close()

    assert file.closed
    assert FileWrapper(file, 1_000_000).block_size == 1_000_000


def test_what_cannot_be_closed_is_not() -> None:
    wrapper = FileWrapper(Unclosable())

    assert list(wrapper) == []
    wrapper.close()
