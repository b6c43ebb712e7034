"""The short cut for requests that repeat themselves says what the long way says."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    Data,
    Limits,
    RemoteProtocolError,
    RequestHead,
    ServerCodec,
    TargetForm,
)
from ostro.httputil import HTTPHeaders

from .support import cuts, fields

GET = b"GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"

Summary = tuple[object, ...]


def summary(head: RequestHead) -> Summary:
    return (
        head.method,
        head.target,
        head.version,
        fields(head.headers),
        head.host,
        head.form,
        head.content_length,
        head.chunked,
        head.keep_alive,
        head.expect_continue,
        head.upgrade,
    )


def answer(codec: ServerCodec) -> None:
    codec.send_head(200, "OK", HTTPHeaders(), b"", end=True)
    codec.start_next_cycle()


def long_way(data: bytes) -> Summary:
    codec = ServerCodec()
    codec.receive(data)
    head = codec.next_event()
    assert isinstance(head, RequestHead)
    return summary(head)


def taught(data: bytes = GET) -> ServerCodec:
    """Return a server that has answered `data`, and may remember it."""
    codec = ServerCodec()
    assert codec.receive_request(data) is not None
    answer(codec)
    return codec


OTHERS = {
    "same": GET,
    "other_target": GET.replace(b"/a", b"/b?c=d"),
    "other_method": GET.replace(b"GET", b"DELETE"),
    "head": GET.replace(b"GET", b"HEAD"),
    "other_host": GET.replace(b"Host: a", b"Host: b"),
    "other_field": GET.replace(b"X: 1", b"X: 2"),
    "asterisk": GET.replace(b"GET /a", b"OPTIONS *"),
    "absolute": GET.replace(b"/a", b"http://b/a"),
    "connect": GET.replace(b"GET /a", b"CONNECT a:80"),
    "http_1_0": GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "http_1_2": GET.replace(b"HTTP/1.1", b"HTTP/1.2"),
    "close": GET.replace(b"X: 1", b"Connection: close"),
    "upgrade": GET.replace(b"X: 1", b"Upgrade: x\r\nConnection: upgrade"),
    "empty_body": GET.replace(b"X: 1", b"Content-Length: 0"),
    "expectation": GET.replace(b"X: 1", b"Expect: 100-continue"),
    "repeated_field": GET.replace(b"X: 1", b"X: 1\r\nX: 2"),
    "large": GET.replace(b"X: 1", b"X: " + b"1" * 2000),
}


@pytest.mark.parametrize("second", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("first", OTHERS.values(), ids=OTHERS)
def test_a_request_reads_the_same_whatever_came_before(first: bytes, second: bytes) -> None:
    codec = ServerCodec()
    for data in (first, second, second, first):
        head = codec.receive_request(data)
        assert head is not None
        assert summary(head) == long_way(data)
        assert codec.next_event() is PAUSED
        codec.send_head(200, "OK", HTTPHeaders(), b"", end=True)
        if not codec.can_keep_alive:
            return
        codec.start_next_cycle()


def test_a_request_line_alone_is_no_request() -> None:
    for codec in (ServerCodec(), taught()):
        for piece in (b"GET / HTTP/1.1", b"\r\n"):
            assert codec.receive_request(piece) is None
            assert codec.next_event() is NEED_DATA
        codec.receive(b"\r\n")
        with pytest.raises(RemoteProtocolError, match="without a Host field"):
            codec.next_event()


def test_the_host_is_not_that_of_the_request_before() -> None:
    codec = taught()
    post = b"POST / HTTP/1.1\r\nHost: other\r\nContent-Length: 1\r\n\r\n"
    assert codec.receive_request(post) is not None
    codec.receive(b"x")
    while codec.next_event() is not PAUSED:
        pass
    answer(codec)

    head = codec.receive_request(GET)

    assert head is not None
    assert head.host == "a"


def test_headers_are_not_shared_between_requests() -> None:
    codec = taught()
    first = codec.receive_request(GET)
    assert first is not None
    first.headers["X"] = "changed"
    answer(codec)
    second = codec.receive_request(GET)

    assert second is not None
    assert second.headers["X"] == "1"


def test_headers_of_the_request_that_is_remembered_are_its_own() -> None:
    codec = ServerCodec()
    first = codec.receive_request(GET)
    assert first is not None
    first.headers["X"] = "changed"
    answer(codec)
    second = codec.receive_request(GET)

    assert second is not None
    assert second.headers["X"] == "1"


def test_a_request_in_pieces_takes_the_long_way() -> None:
    for pieces in cuts(GET):
        codec = taught()
        heads = [codec.receive_request(piece) for piece in pieces]
        head = heads[0] if len(pieces) == 1 else codec.next_event()

        assert heads[1:] == [None] * (len(pieces) - 1)
        assert isinstance(head, RequestHead)
        assert summary(head) == long_way(GET)


def test_pipelined_requests_take_the_long_way() -> None:
    codec = taught()

    assert codec.receive_request(GET + GET) is None
    assert isinstance(codec.next_event(), RequestHead)
    codec.next_event()
    assert codec.unread_size == len(GET)


def test_bytes_received_while_paused_wait_for_their_turn() -> None:
    codec = taught()
    assert codec.receive_request(GET) is not None

    assert codec.receive_request(GET) is None
    assert codec.next_event() is PAUSED
    assert codec.unread_size == len(GET)


def test_a_head_with_a_body_to_come_is_returned_too() -> None:
    codec = taught()
    head = codec.receive_request(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")

    assert head is not None
    assert head.content_length == 1
    assert codec.next_event() is NEED_DATA
    codec.receive(b"x")
    assert isinstance(codec.next_event(), Data)


def test_a_body_that_ends_as_a_head_does_is_a_body() -> None:
    codec = taught()
    request = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\n"

    assert codec.receive_request(request) is None
    assert isinstance(codec.next_event(), RequestHead)
    event = codec.next_event()
    assert isinstance(event, Data)
    assert event.data == b"\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GET.replace(b"X: 1", b"X : 1"), "is not a token"),
        (GET.replace(b"/a", b"/a#b"), "has a fragment"),
        (b"CONNECT /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n", "expected host:port"),
        (b"\r\n\r\n" * 3, "empty lines before a start line"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n", "start line of more"),
    ],
)
def test_an_error_is_for_next_event_to_raise(data: bytes, message: str) -> None:
    codec = taught()

    assert codec.receive_request(data) is None
    with pytest.raises(RemoteProtocolError, match=message):
        codec.next_event()


def test_limits_hold_on_the_short_cut() -> None:
    codec = ServerCodec(Limits(max_head_bytes=len(GET)))
    for _ in range(2):
        assert codec.receive_request(GET) is not None
        answer(codec)
    assert codec.receive_request(GET.replace(b"/a", b"/ab")) is None

    with pytest.raises(RemoteProtocolError, match="head of 35 bytes, expected no more than 34"):
        codec.next_event()


def test_the_end_of_input_can_come_this_way_too() -> None:
    codec = taught()

    assert codec.receive_request(b"") is None
    assert codec.next_event() is NEED_DATA


def test_empty_lines_before_a_request_are_no_request() -> None:
    codec = taught()

    assert codec.receive_request(b"\r\n\r\n") is None
    assert codec.next_event() is NEED_DATA
    head = codec.receive_request(GET)
    assert head is not None
    assert head.form is TargetForm.ORIGIN
