"""Responses that the caller composes itself: the codec only keeps count of where they are."""

import pytest

from ostro.http1 import NEED_DATA, PAUSED, LocalProtocolError, RequestHead, ServerCodec
from ostro.httputil import HTTPHeaders

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def _asked(request: bytes = GET) -> ServerCodec:
    """A codec that has taken a whole request."""
    codec = ServerCodec()
    codec.receive(request)
    assert isinstance(codec.next_event(), RequestHead)
    codec.next_event()
    assert codec.next_event() is PAUSED
    return codec


def test_a_raw_response_of_several_parts_lets_the_next_request_come() -> None:
    codec = _asked()

    codec.send_raw()
    codec.send_raw()
    started, complete = codec.response_started, codec.response_complete
    codec.send_raw_end()

    assert (started, complete) == (True, False)
    assert codec.response_complete
    assert codec.can_keep_alive
    codec.start_next_cycle()
    assert codec.next_event() is NEED_DATA


def test_whether_the_connection_goes_on_after_a_raw_response_is_the_requests_word() -> None:
    codec = _asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    codec.send_raw()
    codec.send_raw_end()

    assert not codec.can_keep_alive


def test_a_raw_response_without_a_request_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="send_raw"):
        ServerCodec().send_raw()


def test_a_raw_response_after_a_framed_one_is_refused() -> None:
    codec = _asked()
    codec.send_head(200, "OK", HTTPHeaders(), b"x", end=True)

    with pytest.raises(LocalProtocolError, match="send_raw"):
        codec.send_raw()


def test_ending_a_raw_response_that_has_not_begun_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="send_raw_end"):
        _asked().send_raw_end()


def test_raw_and_framed_parts_do_not_mix() -> None:
    codec = _asked()
    codec.send_raw()

    with pytest.raises(LocalProtocolError):
        codec.send_head(200, "OK", HTTPHeaders())
    with pytest.raises(LocalProtocolError):
        codec.send_data(b"x")
    with pytest.raises(LocalProtocolError):
        codec.send_end()
