"""Responses as a server sends them: framing, the Connection field, and what is refused."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    Data,
    Limits,
    LocalProtocolError,
    RemoteProtocolError,
    ServerCodec,
)
from ostro.httputil import HTTPHeaders

from .support import answered, headers, received

NONE = HTTPHeaders()


# Framing


def test_a_whole_body_gets_a_content_length() -> None:
    assert answered().send_head(200, "OK", headers(X="y"), b"hello", end=True) == (
        b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello"
    )


@pytest.mark.parametrize("body", [None, b""])
def test_no_body_at_all_is_a_content_length_of_0(body: bytes | None) -> None:
    assert answered().send_head(404, "Not Found", NONE, body, end=True) == (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    )


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    codec = answered()

    sent = codec.send_head(200, "OK", NONE, b"abc")
    sent += codec.send_data(b"0123456789abcdef") + codec.send_data(b"") + codec.send_end()

    assert sent == (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    )


def test_a_stated_length_is_counted() -> None:
    codec = answered()

    sent = codec.send_head(200, "OK", headers(Content_Length="5"), b"he")
    sent += codec.send_data(b"llo") + codec.send_end()

    assert sent == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def test_counted_data_is_returned_as_it_is() -> None:
    codec = answered()
    codec.send_head(200, "OK", headers(Content_Length="100000"))
    data = b"x" * 100000

    assert codec.send_data(data) is data


def test_an_explicit_transfer_encoding_is_honoured_and_not_repeated() -> None:
    codec = answered()

    sent = codec.send_head(200, "OK", headers(Transfer_Encoding="Chunked"), b"x", end=True)

    assert sent == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    assert codec.response_complete


def test_http_1_0_gets_a_body_that_lasts_until_close() -> None:
    for fields in (NONE, headers(Transfer_Encoding="chunked")):
        codec = answered(version=b"HTTP/1.0", more=b"Connection: keep-alive\r\n")

        sent = codec.send_head(200, "OK", fields, b"a") + codec.send_data(b"b") + codec.send_end()

        assert sent == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab"
        assert not codec.can_keep_alive


def test_a_response_without_a_length_ends_with_the_connection_where_there_are_no_chunks() -> None:
    for version, until_close in ((b"HTTP/1.0", True), (b"HTTP/1.1", False)):
        codec = answered(version=version)
        assert not codec.response_ends_with_connection
        codec.send_head(200, "OK", NONE, b"a")
        assert codec.response_ends_with_connection is until_close
        codec.send_end()
        assert not codec.response_ends_with_connection


def test_an_error_may_be_answered_in_chunks_as_its_version_is_not_known() -> None:
    codec = ServerCodec()

    assert codec.send_head(408, "Request Timeout", NONE) == (
        b"HTTP/1.1 408 Request Timeout\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("fields", "body", "end", "expected"),
    [
        (NONE, b"hello", True, b"Content-Length: 5\r\n"),
        (NONE, b"", True, b"Content-Length: 0\r\n"),
        (NONE, None, True, b""),
        (NONE, None, False, b""),
        (headers(Content_Length="7"), None, True, b"Content-Length: 7\r\n"),
        (headers(Content_Length="7"), b"hello", True, b"Content-Length: 7\r\n"),
        (headers(Transfer_Encoding="chunked"), b"x", True, b"Transfer-Encoding: chunked\r\n"),
    ],
)
def test_the_answer_to_head_has_the_fields_and_no_body(
    fields: HTTPHeaders, body: bytes | None, end: bool, expected: bytes
) -> None:
    codec = answered(b"HEAD")

    sent = codec.send_head(200, "OK", fields, body, end=end)
    if not end:
        sent += codec.send_data(b"swallowed") + codec.send_end()

    assert sent == b"HTTP/1.1 200 OK\r\n" + expected + b"\r\n"
    assert codec.response_complete
    codec.start_next_cycle()


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("body", [None, b""])
def test_a_304_states_no_length_that_nobody_gave(method: bytes, body: bytes | None) -> None:
    codec = answered(method)

    sent = codec.send_head(304, "Not Modified", headers(Etag='"x"'), body, end=True)

    assert sent == b'HTTP/1.1 304 Not Modified\r\nEtag: "x"\r\n\r\n'
    assert codec.response_complete
    assert codec.can_keep_alive


def test_the_answer_to_head_over_http_1_0_has_no_transfer_encoding() -> None:
    codec = answered(b"HEAD", b"HTTP/1.0")

    assert codec.send_head(200, "OK", headers(Transfer_Encoding="chunked")) == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_204_has_neither_body_nor_framing(method: bytes, end: bool) -> None:
    for fields in (NONE, headers(Content_Length="0"), headers(Transfer_Encoding="chunked")):
        before = list(fields.get_all())
        codec = answered(method)

        sent = codec.send_head(204, "No Content", fields, end=end)
        if not end:
            sent += codec.send_data(b"") + codec.send_end()

        assert sent == b"HTTP/1.1 204 No Content\r\n\r\n"
        assert list(fields.get_all()) == before
        codec.start_next_cycle()


def test_304_may_state_the_length_of_what_was_not_modified() -> None:
    fields = headers(Content_Length="5", Etag='"x"')

    assert answered().send_head(304, "Not Modified", fields, end=True) == (
        b'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nEtag: "x"\r\n\r\n'
    )
    assert answered().send_head(304, "Not Modified", headers(Transfer_Encoding="chunked")) == (
        b"HTTP/1.1 304 Not Modified\r\n\r\n"
    )


@pytest.mark.parametrize("code", [204, 304])
def test_a_body_where_there_is_none_is_an_error(code: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"5 bytes of body in a {code} response"):
        answered().send_head(code, "X", NONE, b"hello", end=True)

    codec = answered()
    codec.send_head(code, "X", NONE)
    with pytest.raises(LocalProtocolError, match="5 bytes of body in a message that has none"):
        codec.send_data(b"hello")


@pytest.mark.parametrize(
    ("length", "body", "end", "size"),
    [
        ("5", b"hell", True, 4),
        ("5", None, True, 0),
        ("5", b"hello!", True, 6),
        ("5", b"hello!", False, 6),
        ("0", b"x", True, 1),
    ],
)
def test_a_body_that_differs_from_its_length_is_an_error_with_both_figures(
    length: str, body: bytes | None, end: bool, size: int
) -> None:
    codec = answered()

    with pytest.raises(LocalProtocolError) as caught:
        codec.send_head(200, "OK", headers(Content_Length=length), body, end=end)

    assert str(caught.value) == f"body of {size} bytes, Content-Length said {length}"
    assert not codec.response_started


def test_data_beyond_the_length_is_an_error_with_both_figures() -> None:
    codec = answered()
    codec.send_head(200, "OK", headers(Content_Length="5"), b"he")

    with pytest.raises(LocalProtocolError, match="body of 6 bytes, Content-Length said 5"):
        codec.send_data(b"llo!")
    assert codec.send_data(b"llo") == b"llo"
    with pytest.raises(LocalProtocolError, match="body of 6 bytes, Content-Length said 5"):
        codec.send_data(b"!")


def test_an_end_before_the_length_is_an_error_with_both_figures() -> None:
    codec = answered()
    codec.send_head(200, "OK", headers(Content_Length="5"), b"he")

    with pytest.raises(LocalProtocolError, match="body of 2 bytes, Content-Length said 5"):
        codec.send_end()


@pytest.mark.parametrize("length", ["", "x", "+1", "-1", "1_0", "\xb2", "1,1", "1" * 20])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_length_that_is_no_number_is_an_error(length: str, method: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="expected decimal digits"):
        answered(method).send_head(200, "OK", headers(Content_Length=length))


@pytest.mark.parametrize("coding", ["", "gzip", "gzip, chunked", "identity"])
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_transfer_encoding_other_than_chunked_is_an_error(coding: str, version: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="expected 'chunked'"):
        answered(version=version).send_head(200, "OK", headers(Transfer_Encoding=coding))


def test_both_framing_fields_are_an_error() -> None:
    both = headers(Transfer_Encoding="chunked", Content_Length="5")

    with pytest.raises(LocalProtocolError, match="in one message"):
        answered().send_head(200, "OK", both)


# The Connection field


@pytest.mark.parametrize(
    ("version", "asked", "own", "expected", "kept"),
    [
        (b"HTTP/1.1", b"", None, b"", True),
        (b"HTTP/1.1", b"Connection: close\r\n", None, b"Connection: close\r\n", False),
        (b"HTTP/1.1", b"", "close", b"Connection: close\r\n", False),
        (b"HTTP/1.1", b"", "x, Close", b"Connection: x, Close\r\n", False),
        (b"HTTP/1.1", b"", "keep-alive", b"Connection: keep-alive\r\n", True),
        (b"HTTP/1.1", b"", "x", b"Connection: x\r\n", True),
        (b"HTTP/1.1", b"Connection: close\r\n", "close", b"Connection: close\r\n", False),
        (b"HTTP/1.1", b"Connection: close\r\n", "keep-alive", b"Connection: close\r\n", False),
        (
            b"HTTP/1.1",
            b"Connection: close\r\n",
            "x",
            b"Connection: x\r\nConnection: close\r\n",
            False,
        ),
        (b"HTTP/1.0", b"", None, b"Connection: close\r\n", False),
        (b"HTTP/1.0", b"Connection: keep-alive\r\n", None, b"Connection: keep-alive\r\n", True),
        (
            b"HTTP/1.0",
            b"Connection: keep-alive\r\n",
            "keep-alive",
            b"Connection: keep-alive\r\n",
            True,
        ),
        (b"HTTP/1.0", b"Connection: keep-alive\r\n", "close", b"Connection: close\r\n", False),
        (b"HTTP/1.0", b"", "keep-alive", b"Connection: close\r\n", False),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_the_client_is_told_what_happens_to_the_connection(
    version: bytes, asked: bytes, own: str | None, expected: bytes, kept: bool, method: bytes
) -> None:
    codec = answered(method, version, asked)
    fields = headers(Content_Length="0")
    if own is not None:
        fields["Connection"] = own

    sent = codec.send_head(200, "OK", fields, end=True)

    assert sent == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + expected + b"\r\n"
    assert codec.can_keep_alive is kept


def test_the_last_response_says_so() -> None:
    codec = answered()
    codec.close_after_response()

    assert codec.send_head(204, "No Content", NONE, end=True) == (
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    )
    assert not codec.can_keep_alive
    with pytest.raises(LocalProtocolError, match="keep-alive False"):
        codec.start_next_cycle()


def test_a_connection_may_be_closed_after_the_head_has_been_sent() -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE, b"", end=True)
    codec.close_after_response()

    with pytest.raises(LocalProtocolError):
        codec.start_next_cycle()


def test_the_headers_of_the_caller_are_not_changed() -> None:
    fields = headers(X="y", Connection="keep-alive")
    before = list(fields.get_all())
    answered(more=b"Connection: close\r\n").send_head(200, "OK", fields, b"x", end=True)

    assert list(fields.get_all()) == before


# Injection


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n", "\r\nX: y", "\u20ac"])
def test_a_value_that_breaks_out_of_its_line_is_refused(bad: str) -> None:
    codec = answered()
    fields = HTTPHeaders.from_parsed({"Ok": "fine", "Name": f"a{bad}b"})

    with pytest.raises(ValueError, match="value of header 'Name'"):
        codec.send_head(200, "OK", fields, b"", end=True)
    assert not codec.response_started


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\nX: y", "\x1b", "\x7f", "\u20ac"])
def test_a_reason_that_breaks_out_of_its_line_is_refused(bad: str) -> None:
    codec = answered()

    with pytest.raises(ValueError, match="reason phrase"):
        codec.send_head(200, f"O{bad}K", NONE, b"", end=True)
    assert not codec.response_started


@pytest.mark.parametrize("bad", ["", "a b", "a:", "a\r\nb", "a\0", "\xe9", "(", "a\n"])
def test_a_name_that_is_no_token_is_refused(bad: str) -> None:
    codec = answered()
    fields = HTTPHeaders.from_parsed({bad: "value"})

    with pytest.raises(ValueError, match="is not a token"):
        codec.send_head(200, "OK", fields, b"", end=True)
    assert not codec.response_started


@pytest.mark.parametrize("code", [-1, 0, 99, 1000])
def test_a_status_of_other_than_three_digits_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="expected 100 to 999"):
        answered().send_head(code, "X", NONE)


def test_latin_1_and_tabs_are_sent() -> None:
    fields = HTTPHeaders({"X": "caf\xe9\ta\x85\xa0"})

    assert answered().send_head(200, "\xe9t\xe9\t", fields, end=True) == (
        b"HTTP/1.1 200 \xe9t\xe9\t\r\nX: caf\xe9\ta\x85\xa0\r\nContent-Length: 0\r\n\r\n"
    )


def test_repeated_fields_are_sent_as_lines_of_their_own() -> None:
    fields = headers(Set_Cookie="a=1")
    fields.add("Set-Cookie", "b=2")

    assert b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" in (
        answered().send_head(200, "OK", fields, end=True)
    )


def test_any_number_of_names_and_reasons_can_be_sent() -> None:
    for number in range(1500):
        codec = answered()
        fields = HTTPHeaders({f"X-{number}": "y"})

        assert codec.send_head(200, f"OK {number}", fields, end=True) == (
            b"HTTP/1.1 200 OK %d\r\nX-%d: y\r\nContent-Length: 0\r\n\r\n" % (number, number)
        )


# Trailers


def test_trailers_go_with_chunks() -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE)

    assert codec.send_end(headers(Sum="1", State="x")) == b"0\r\nSum: 1\r\nState: x\r\n\r\n"


def test_trailers_are_left_out_where_there_is_no_room() -> None:
    for version, fields in (
        (b"HTTP/1.0", NONE),
        (b"HTTP/1.1", headers(Content_Length="0")),
    ):
        codec = answered(version=version)
        codec.send_head(200, "OK", fields)

        assert codec.send_end(headers(Sum="1")) == b""


def test_empty_trailers_are_none() -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE)

    assert codec.send_end(NONE) == b"0\r\n\r\n"


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host", "Connection"])
def test_trailers_cannot_be_framing(name: str) -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE)

    with pytest.raises(ValueError, match="cannot be trailers"):
        codec.send_end(HTTPHeaders({name: "1"}))
    assert not codec.response_complete


def test_trailers_cannot_break_out_of_their_line() -> None:
    codec = answered()
    codec.send_head(200, "OK", NONE)

    with pytest.raises(ValueError, match="value of header 'X'"):
        codec.send_end(HTTPHeaders.from_parsed({"X": "a\r\n\r\nHTTP/1.1 200 OK"}))


# Informational responses, switching, CONNECT


def test_informational_responses_come_first() -> None:
    codec = answered()

    assert codec.send_informational(103, headers(Link="</a>")) == (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    )
    assert codec.send_informational(100, NONE) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert codec.send_informational(199, NONE) == b"HTTP/1.1 199 \r\n\r\n"
    assert not codec.response_started


def test_an_http_1_0_client_gets_no_informational_response() -> None:
    assert answered(version=b"HTTP/1.0").send_informational(103, NONE) == b""


@pytest.mark.parametrize("code", [99, 101, 200])
def test_an_informational_response_has_a_code_of_its_own(code: int) -> None:
    with pytest.raises(ValueError, match="expected an informational one"):
        answered().send_informational(code, NONE)


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_an_informational_response_has_no_framing(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="framing field in a 103 response"):
        answered().send_informational(103, HTTPHeaders({name: "1"}))


def test_an_informational_response_cannot_be_injected_into() -> None:
    with pytest.raises(ValueError, match="value of header 'Link'"):
        answered().send_informational(103, HTTPHeaders.from_parsed({"Link": "a\r\nb"}))


def test_an_informational_response_needs_an_open_request() -> None:
    with pytest.raises(LocalProtocolError, match="send_informational"):
        ServerCodec().send_informational(100, NONE)
    codec = answered()
    codec.send_head(200, "OK", NONE)
    with pytest.raises(LocalProtocolError, match="send_informational"):
        codec.send_informational(100, NONE)


@pytest.mark.parametrize("code", [100, 102, 103, 199])
def test_an_informational_code_is_no_final_response(code: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"informational status code {code}"):
        answered().send_head(code, "X", NONE)


UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: Upgrade\r\n"


def test_switching_protocols_hands_the_connection_over() -> None:
    codec = ServerCodec()
    received(codec, UPGRADE + b"\r\n\x81\x05")
    codec.next_event()

    sent = codec.send_head(101, "Switching Protocols", headers(Upgrade="x", Connection="Upgrade"))

    assert sent == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    )
    assert codec.response_complete
    assert codec.next_event() is PAUSED
    assert codec.take_unread() == b"\x81\x05"
    assert not codec.can_keep_alive


def test_switching_waits_for_the_end_of_the_request() -> None:
    codec = ServerCodec()
    received(codec, UPGRADE + b"Content-Length: 5\r\n\r\nhel")

    with pytest.raises(LocalProtocolError, match="a 101 response before the end of the request"):
        codec.send_head(101, "Switching Protocols", NONE)
    with pytest.raises(LocalProtocolError, match="take_unread before the end"):
        codec.take_unread()


def test_switching_needs_a_request_for_it() -> None:
    with pytest.raises(LocalProtocolError, match="cannot be upgraded"):
        answered().send_head(101, "Switching Protocols", NONE)
    codec = ServerCodec()
    with pytest.raises(LocalProtocolError, match="before the end of the request"):
        codec.send_head(101, "Switching Protocols", NONE)


def test_a_connect_that_is_accepted_hands_the_connection_over() -> None:
    codec = ServerCodec()
    received(codec, b"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n\x16\x03")
    codec.next_event()

    assert codec.send_head(200, "OK", headers(Content_Length="0"), end=True) == (
        b"HTTP/1.1 200 OK\r\n\r\n"
    )
    assert codec.take_unread() == b"\x16\x03"


def test_a_connect_that_is_refused_is_answered_as_any_request() -> None:
    codec = answered(b"CONNECT")

    assert codec.send_head(403, "Forbidden", NONE, b"no", end=True) == (
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    )
    codec.start_next_cycle()


# Expect: 100-continue

EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


def test_a_client_waits_until_it_is_told_to_continue() -> None:
    codec = ServerCodec()
    waiting = [codec.waiting_for_continue]
    received(codec, EXPECT)
    waiting.append(codec.waiting_for_continue)
    codec.send_informational(103, NONE)
    waiting.append(codec.waiting_for_continue)
    codec.send_informational(100, NONE)
    waiting.append(codec.waiting_for_continue)

    assert waiting == [False, True, True, False]


def test_a_client_that_does_not_expect_anything_does_not_wait() -> None:
    assert not answered().waiting_for_continue


def test_a_client_does_not_wait_after_the_final_response() -> None:
    codec = ServerCodec()
    received(codec, EXPECT)
    codec.send_head(417, "Expectation Failed", NONE, b"", end=True)

    assert not codec.waiting_for_continue


def test_a_client_that_sends_its_body_all_the_same_does_not_wait() -> None:
    codec = ServerCodec()
    received(codec, EXPECT)
    codec.receive(b"he")
    waiting = [codec.waiting_for_continue]
    assert isinstance(codec.next_event(), Data)
    waiting.append(codec.waiting_for_continue)

    assert waiting == [False, False]


def test_a_body_over_the_limit_is_not_asked_for() -> None:
    codec = ServerCodec(Limits(max_body_bytes=4))
    received(codec, EXPECT)
    waiting = [codec.waiting_for_continue]
    codec.set_max_body(5)
    waiting.append(codec.waiting_for_continue)
    codec.set_max_body(4)

    assert waiting == [False, True]
    with pytest.raises(RemoteProtocolError, match="body of 5 bytes"):
        codec.next_event()


def test_the_next_request_is_told_to_continue_again() -> None:
    codec = ServerCodec()
    for _ in range(2):
        received(codec, EXPECT)
        assert codec.waiting_for_continue
        codec.send_informational(100, NONE)
        codec.receive(b"hello")
        while codec.next_event() is not PAUSED:
            pass
        codec.send_head(200, "OK", NONE, b"", end=True)
        codec.start_next_cycle()


def test_a_chunked_body_may_be_waited_for() -> None:
    codec = ServerCodec()
    received(codec, EXPECT.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"))

    assert codec.waiting_for_continue
    assert codec.next_event() is NEED_DATA
