"""The order of calls: exchanges one after the other, pipelining, errors, and handing over."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    END_OF_MESSAGE,
    NEED_DATA,
    PAUSED,
    HTTP1Error,
    LocalProtocolError,
    RemoteProtocolError,
    RequestHead,
    ServerCodec,
)
from ostro.httputil import HTTPHeaders

from .support import answered, received, requests

NONE = HTTPHeaders()
GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


def test_the_next_request_waits_for_the_answer() -> None:
    codec = ServerCodec()
    codec.receive(GET % 1 + GET % 2)
    assert isinstance(codec.next_event(), RequestHead)
    assert codec.next_event() is END_OF_MESSAGE
    assert codec.next_event() is PAUSED
    assert codec.next_event() is PAUSED
    assert codec.unread_size == len(GET % 2)

    codec.send_head(200, "OK", NONE, b"", end=True)
    assert codec.next_event() is PAUSED
    codec.start_next_cycle()
    head = codec.next_event()

    assert isinstance(head, RequestHead)
    assert head.target == "/2"
    assert codec.unread_size == 0


def test_pipelined_requests_are_answered_after_the_end_of_input() -> None:
    seen = requests([GET % 1 + GET % 2], eof=True)

    assert [kind for kind, *_ in seen] == ["request", "end"] * 2


def test_nothing_after_a_last_request_is_processed() -> None:
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    seen = requests([last + GET % 2 + b"\0\0\0"])

    assert [kind for kind, *_ in seen] == ["request", "end", "closed"]


def test_bytes_may_come_while_paused() -> None:
    codec = answered()
    for piece in (b"GET /", b"2 HTTP/1.1\r\nHo", b"st: a\r\n\r\n"):
        codec.receive(piece)
        assert codec.next_event() is PAUSED
    codec.send_head(200, "OK", NONE, b"", end=True)
    codec.start_next_cycle()

    assert isinstance(codec.next_event(), RequestHead)


def test_a_response_may_begin_before_its_request_is_complete() -> None:
    codec = ServerCodec()
    received(codec, b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
    states = [(codec.request_complete, codec.response_started, codec.response_complete)]
    codec.send_head(200, "OK", NONE)
    states.append((codec.request_complete, codec.response_started, codec.response_complete))
    codec.send_end()
    states.append((codec.request_complete, codec.response_started, codec.response_complete))

    assert states == [(False, False, False), (False, True, False), (False, True, True)]
    with pytest.raises(LocalProtocolError, match="received BODY, sent SENT, keep-alive True"):
        codec.start_next_cycle()
    codec.receive(b"abc")
    codec.next_event()
    codec.next_event()
    assert codec.request_complete
    codec.start_next_cycle()


def test_the_next_cycle_waits_for_both_messages() -> None:
    with pytest.raises(LocalProtocolError, match="received HEAD, sent IDLE"):
        ServerCodec().start_next_cycle()
    codec = answered()
    with pytest.raises(LocalProtocolError, match="received DONE, sent IDLE"):
        codec.start_next_cycle()
    codec.send_head(200, "OK", NONE)
    with pytest.raises(LocalProtocolError, match="received DONE, sent CHUNKED"):
        codec.start_next_cycle()
    codec.send_end()
    codec.start_next_cycle()


@pytest.mark.parametrize("name", ["send_data", "send_end"])
def test_a_body_needs_a_head_and_ends_once(name: str) -> None:
    codec = answered()

    def call() -> bytes:
        return codec.send_data(b"x") if name == "send_data" else codec.send_end()

    with pytest.raises(LocalProtocolError, match=f"{name} where a head is expected"):
        call()
    codec.send_head(200, "OK", NONE, b"", end=True)
    with pytest.raises(LocalProtocolError, match=f"{name} where nothing before the next cycle"):
        call()


def test_one_head_for_each_response() -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE)

    with pytest.raises(LocalProtocolError, match="send_head where a body in chunks is expected"):
        codec.send_head(200, "OK", NONE)


# Errors


def test_an_error_is_raised_again_and_again() -> None:
    codec = ServerCodec()
    codec.receive(b"\0")
    caught = []
    for _ in range(3):
        with pytest.raises(RemoteProtocolError) as each:
            codec.next_event()
        caught.append((str(each.value), each.value.status))
        codec.receive(GET % 1)

    assert caught == [("control byte 0x00 in a line", 400)] * 3


def test_after_an_error_the_last_response_can_be_sent() -> None:
    codec = ServerCodec()
    codec.receive(b"GET / HTTP/1.1\r\n\r\n" + GET % 2)
    with pytest.raises(RemoteProtocolError):
        codec.next_event()

    sent = codec.send_head(400, "Bad Request", NONE, b"no", end=True)

    assert sent == (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    assert not codec.can_keep_alive
    assert codec.unread_size == 0


def test_after_an_error_in_a_body_the_last_response_can_be_sent() -> None:
    codec = ServerCodec()
    received(codec, b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx")
    with pytest.raises(RemoteProtocolError):
        codec.next_event()

    assert codec.send_head(400, "Bad Request", NONE, b"no", end=True) == (
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )


def test_what_arrives_after_an_error_is_not_gathered() -> None:
    codec = ServerCodec()
    codec.receive(b"\0")
    with pytest.raises(RemoteProtocolError):
        codec.next_event()
    for _ in range(100):
        codec.receive(b"x" * 1000)

    assert codec.unread_size <= 1000


def test_nothing_is_received_after_the_end_of_input() -> None:
    codec = ServerCodec()
    codec.receive(b"")
    codec.receive(b"")

    with pytest.raises(LocalProtocolError, match="receive after the end of input"):
        codec.receive(b"x")


def test_errors_have_one_root() -> None:
    assert issubclass(RemoteProtocolError, HTTP1Error)
    assert issubclass(LocalProtocolError, HTTP1Error)
    assert RemoteProtocolError("x").status == 400


# Handing over


def test_a_connection_can_be_detached_after_the_request() -> None:
    codec = answered()
    codec.receive(b"rest")

    assert codec.take_unread() == b"rest"
    assert codec.take_unread() == b""
    assert codec.request_complete
    codec.receive(b"mo")
    codec.receive(b"re")
    assert codec.next_event() is PAUSED
    assert codec.take_unread() == b"more"
    with pytest.raises(LocalProtocolError):
        codec.start_next_cycle()


@pytest.mark.parametrize("data", [b"", b"GET / H", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_nothing_is_handed_over_in_the_middle_of_a_message(data: bytes) -> None:
    codec = ServerCodec()
    if data:
        codec.receive(data)
        codec.next_event()

    with pytest.raises(LocalProtocolError, match="take_unread before the end"):
        codec.take_unread()


def test_a_head_in_many_pieces_after_another_is_read() -> None:
    codec = ServerCodec()
    for number in range(3):
        for piece in (b"GET /%d" % number, b" HTTP/1.1\r\n", b"Host: a\r\n", b"\r\nGET"[:2]):
            assert codec.next_event() is NEED_DATA
            codec.receive(piece)
        head = codec.next_event()
        assert isinstance(head, RequestHead)
        assert head.target == f"/{number}"
        codec.next_event()
        codec.send_head(200, "OK", NONE, b"", end=True)
        codec.start_next_cycle()
