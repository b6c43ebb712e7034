"""Responses as a client receives them: what is accepted and what it means, what is refused."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    ClientCodec,
    Data,
    EndOfMessage,
    IncompleteMessage,
    Limits,
    LocalProtocolError,
    RemoteProtocolError,
    ResponseHead,
)

from .support import Seen, client, cuts, headers, responses, run

OK = b"HTTP/1.1 200 OK\r\n"


def response(
    fields: bytes = b"Content-Length: 0\r\n", body: bytes = b"", *, line: bytes = b"HTTP/1.1 200 OK"
) -> bytes:
    return line + b"\r\n" + fields + b"\r\n" + body


def parse(data: bytes, method: str = "GET") -> ResponseHead:
    codec = client(method)
    codec.receive(data)
    head = codec.next_event()
    assert isinstance(head, ResponseHead)
    return head


GOOD = {
    "counted": response(b"Content-Length: 5\r\n", b"hello"),
    "empty": response(),
    "chunked": response(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "trailers": response(b"Transfer-Encoding: chunked\r\n", b"0\r\nA: b\r\n\r\n"),
    "equal_lengths": response(b"Content-Length: 1\r\nContent-Length: 1\r\n", b"x"),
    "no_fields": response(b"", line=b"HTTP/1.1 204 No Content"),
    "not_modified_with_length": response(
        b"Content-Length: 5\r\n", line=b"HTTP/1.1 304 Not Modified"
    ),
    "not_modified_chunked": response(
        b"Transfer-Encoding: chunked\r\n", line=b"HTTP/1.1 304 Not Modified"
    ),
    "no_content_with_length": response(b"Content-Length: 5\r\n", line=b"HTTP/1.1 204 No Content"),
    "empty_reason": response(line=b"HTTP/1.1 200 "),
    "no_space_after_the_code": response(line=b"HTTP/1.1 200"),
    "reason_in_latin_1": response(line=b"HTTP/1.1 200 \xe9t\xe9 \tx"),
    "unknown_code": response(line=b"HTTP/1.1 799 What"),
    "http_1_0": response(line=b"HTTP/1.0 200 OK"),
    "http_1_2": response(line=b"HTTP/1.2 200 OK"),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + response(),
    "early_hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + response(),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_good_response_is_the_same_however_it_is_cut(data: bytes) -> None:
    whole = responses([data])

    assert whole[-1][0] == "end"
    for pieces in cuts(data):
        assert responses(pieces) == whole


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_bytes_after_a_response_belong_to_nothing_and_end_the_connection(data: bytes) -> None:
    codec = client()
    run(codec, [data + b"HTTP"])

    assert codec.next_event() is PAUSED
    assert codec.unread_size == 4
    assert not codec.can_keep_alive
    with pytest.raises(LocalProtocolError):
        codec.start_next_cycle()


BAD = {
    # The status line
    "two_spaces_after_the_version": response(line=b"HTTP/1.1  200 OK"),
    "tab_after_the_version": response(line=b"HTTP/1.1\t200 OK"),
    "code_of_two_digits": response(line=b"HTTP/1.1 20 OK"),
    "code_of_four_digits": response(line=b"HTTP/1.1 2000 OK"),
    "code_with_a_sign": response(line=b"HTTP/1.1 +20 OK"),
    "code_below_100": response(line=b"HTTP/1.1 099 OK"),
    "code_with_unicode_digits": response(line=b"HTTP/1.1 20\xb2 OK"),
    "no_code": response(line=b"HTTP/1.1"),
    "reason_with_nul": response(line=b"HTTP/1.1 200 O\x00K"),
    "reason_with_cr": response(line=b"HTTP/1.1 200 O\rK"),
    "other_protocol": response(line=b"ICY 200 OK"),
    "http_in_lower_case": response(line=b"http/1.1 200 OK"),
    "http_1_10": response(line=b"HTTP/1.10 200 OK"),
    "http_2": response(line=b"HTTP/2.0 200 OK"),
    "http_0_9": b"<html>\r\nhello\r\n</html>\r\n",
    "space_before": response(line=b" HTTP/1.1 200 OK"),
    "empty_line_before": b"\r\n" + response(),
    "tls": b"\x16\x03\x03\x00\x4a",
    # Header fields
    "no_colon": response(b"X\r\n"),
    "empty_name": response(b": x\r\n"),
    "space_before_the_colon": response(b"X : y\r\n"),
    "bad_name": response(b"X(: y\r\n"),
    "nul_in_the_value": response(b"X: \x00\r\n"),
    "control_byte_in_the_value": response(b"X: \x08\r\n"),
    "del_in_the_value": response(b"X: \x7f\r\n"),
    "bare_cr": response(b"X: a\rb\r\n"),
    "bare_lf": response(b"X: a\nY: b\r\n"),
    "bare_lf_only": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "folded_line": response(b"X: a\r\n b\r\n"),
    "space_before_the_first_field": response(b" X: a\r\n"),
    # Framing
    "length_with_plus": response(b"Content-Length: +1\r\n", b"x"),
    "length_hexadecimal": response(b"Content-Length: 0x1\r\n", b"x"),
    "length_empty": response(b"Content-Length:\r\n"),
    "length_of_20_digits": response(b"Content-Length: " + b"0" * 20 + b"\r\n"),
    "length_as_a_list": response(b"Content-Length: 1, 1\r\n", b"x"),
    "unequal_lengths": response(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"x"),
    "coding_and_length": response(b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
    "coding_twice": response(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    "coding_not_last": response(b"Transfer-Encoding: chunked, gzip\r\n"),
    "coding_unknown": response(b"Transfer-Encoding: foo\r\n"),
    "coding_empty": response(b"Transfer-Encoding:\r\n"),
    "coding_with_vertical_tab": response(b"Transfer-Encoding: \x0bchunked\r\n"),
    "coding_with_kelvin_sign": response("Transfer-Encoding: chun\u212aed\r\n".encode()),
    "coding_that_we_do_not_decode": response(b"Transfer-Encoding: gzip, chunked\r\n"),
    "coding_on_http_1_0": response(b"Transfer-Encoding: chunked\r\n", line=b"HTTP/1.0 200 OK"),
    "bad_length_without_a_body": response(b"Content-Length: x\r\n", line=b"HTTP/1.1 204 No"),
    "bad_chunk": response(b"Transfer-Encoding: chunked\r\n", b"-1\r\nx"),
    "switching_without_being_asked": response(line=b"HTTP/1.1 101 Switching Protocols"),
    "bad_informational": b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + response(),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_bad_response_is_refused_however_it_is_cut(data: bytes) -> None:
    for pieces in cuts(data):
        assert responses(pieces)[-1][0] == "error"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (response(line=b"HTTP/1.1 20 OK"), "status line 'HTTP/1.1 20 OK', expected"),
        (b"SSH-2.0-x\r\n", "status line 'SSH-2.0-x', expected"),
        (response(line=b"HTTP/2.0 200 OK"), "version 'HTTP/2.0', expected HTTP/1.1"),
        (response(b"X : y\r\n"), "header name 'X ' is not a token"),
        (response(line=b"HTTP/1.1 101 X"), "101 response to a request without Upgrade"),
    ],
)
def test_an_error_names_what_is_wrong(data: bytes, message: str) -> None:
    codec = client()
    codec.receive(data)

    with pytest.raises(RemoteProtocolError) as caught:
        codec.next_event()

    assert message in str(caught.value)


UNTIL_CLOSE = {
    "http_1_1": response(b"", b"hello"),
    "http_1_0": response(b"", b"hello", line=b"HTTP/1.0 200 OK"),
    "http_1_0_that_would_keep_alive": response(
        b"Connection: keep-alive\r\n", b"hello", line=b"HTTP/1.0 200 OK"
    ),
}


@pytest.mark.parametrize("data", UNTIL_CLOSE.values(), ids=UNTIL_CLOSE)
def test_a_body_without_framing_lasts_until_the_connection_closes(data: bytes) -> None:
    for pieces in cuts(data):
        codec = client()

        seen = run(codec, pieces, eof=True)

        assert seen[1:] == [("data", b"hello"), ("end", None)]
        assert not codec.can_keep_alive


def test_an_empty_body_may_last_until_close() -> None:
    codec = client()
    codec.receive(response(b""))
    head = codec.next_event()
    assert isinstance(head, ResponseHead)
    assert (head.until_close, head.has_body) == (True, True)
    assert codec.next_event() is NEED_DATA
    codec.receive(b"")

    assert isinstance(codec.next_event(), EndOfMessage)


def test_what_is_missing_of_a_body_until_close_is_not_known() -> None:
    codec = client()
    codec.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    codec.next_event()

    assert codec.body_bytes_missing is None


def test_a_body_until_close_has_a_limit() -> None:
    for limit, last in ((5, ("end", None)), (4, ("error", 413))):
        codec = ClientCodec(Limits(max_body_bytes=limit))
        codec.send_request("GET", "/", headers(Host="a"), end=True)

        assert run(codec, [response(b"", b"hel"), b"lo"], eof=True)[-1] == last


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "data",
    [
        response(b"Content-Length: 5\r\n", line=b"HTTP/1.1 304 Not Modified"),
        response(b"", line=b"HTTP/1.1 204 No Content"),
        response(b"Transfer-Encoding: chunked\r\n", line=b"HTTP/1.1 304 Not Modified"),
    ],
)
def test_a_body_that_never_comes_is_not_waited_for(method: str, data: bytes) -> None:
    codec = client(method)

    assert [kind for kind, *_ in run(codec, [data])] == ["response", "end"]
    assert codec.can_keep_alive
    codec.start_next_cycle()


@pytest.mark.parametrize(
    "fields", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""]
)
def test_the_body_of_a_head_response_is_not_waited_for(fields: bytes) -> None:
    codec = client("HEAD")
    head, end = run(codec, [response(fields)])

    assert end == ("end", None)
    assert head[0] == "response"
    assert codec.can_keep_alive
    assert parse(response(fields), "HEAD").has_body is False


def test_a_head_response_states_the_length_that_get_would_have() -> None:
    assert parse(response(b"Content-Length: 5\r\n"), "HEAD").content_length == 5


@pytest.mark.parametrize("fields", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: x\r\n"])
def test_after_a_connect_the_rest_is_the_tunnel_s(fields: bytes) -> None:
    codec = client("CONNECT")
    seen = run(codec, [response(fields, b"\x16\x03tunnel")])

    assert seen[1:] == [("end", None)]
    assert codec.take_unread() == b"\x16\x03tunnel"
    assert not codec.can_keep_alive


def test_a_connect_that_was_refused_has_a_body() -> None:
    codec = client("CONNECT")
    data = response(b"Content-Length: 2\r\n", b"no", line=b"HTTP/1.1 403 Forbidden")

    assert run(codec, [data])[1:] == [("data", b"no"), ("end", None)]
    assert codec.can_keep_alive


def test_after_switching_protocols_the_rest_is_theirs() -> None:
    codec = client(Upgrade="websocket", Connection="Upgrade")
    data = response(
        b"Upgrade: websocket\r\n", b"\x81\x00", line=b"HTTP/1.1 101 Switching Protocols"
    )

    assert run(codec, [data])[1:] == [("end", None)]
    assert codec.response_complete
    assert codec.take_unread() == b"\x81\x00"
    codec.receive(b"more")
    assert codec.next_event() is PAUSED
    assert codec.take_unread() == b"more"
    assert codec.response_complete


def test_informational_responses_come_before_the_final_one() -> None:
    codec = client()
    codec.receive(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response())
    first, second = codec.next_event(), codec.next_event()
    assert isinstance(first, ResponseHead)
    assert isinstance(second, ResponseHead)

    assert (first.code, first.informational, first.headers["Link"]) == (103, True, "</a>")
    assert (second.code, second.informational) == (200, False)


def test_an_informational_response_does_not_start_the_response() -> None:
    codec = client()
    run(codec, [b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n"])
    before = codec.response_started
    run(codec, [response()])

    assert (before, codec.response_started) == (False, True)
    assert codec.can_keep_alive


def test_informational_responses_end() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    for count, last in ((2, "end"), (3, "error")):
        codec = ClientCodec(Limits(max_informational=2))
        for _ in range(2):
            codec.send_request("GET", "/", headers(Host="a"), end=True)
            seen = run(codec, [hint * count + response()])
            assert seen[-1][0] == last
            if last == "error":
                break
            codec.start_next_cycle()


@pytest.mark.parametrize(
    ("line", "fields", "kept"),
    [
        (b"HTTP/1.1 200 OK", b"Content-Length: 0\r\n", True),
        (b"HTTP/1.1 200 OK", b"Content-Length: 0\r\nConnection: close\r\n", False),
        (b"HTTP/1.1 200 OK", b"Content-Length: 0\r\nConnection: x\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK", b"Content-Length: 0\r\n", False),
        (b"HTTP/1.0 200 OK", b"Content-Length: 0\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_the_connection_is_kept_as_version_and_field_say(
    line: bytes, fields: bytes, kept: bool
) -> None:
    codec = client()
    run(codec, [response(fields, line=line)])

    assert codec.can_keep_alive is kept
    assert parse(response(fields, line=line)).keep_alive is kept


def test_the_connection_is_not_kept_after_the_server_closed_its_side() -> None:
    codec = client()
    run(codec, [response()], eof=True)

    assert codec.response_complete
    assert not codec.can_keep_alive


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "connection closed before a response"),
        (b"HTTP/1.1 2", "after 10 bytes of a head"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "connection closed before a response"),
        (response(b"Content-Length: 5\r\n", b"hel"), "after 3 of 5 bytes"),
        (response(b"Transfer-Encoding: chunked\r\n", b"5\r\nhel"), "after 3 bytes of a chunked"),
        (response(b"Transfer-Encoding: chunked\r\n", b"0\r\n"), "after 0 bytes of a chunked"),
    ],
)
def test_a_response_that_is_cut_off_is_an_incomplete_message(data: bytes, message: str) -> None:
    codec = client()
    if data:
        run(codec, [data])
    codec.receive(b"")

    with pytest.raises(IncompleteMessage, match=message):
        codec.next_event()


def test_bytes_before_a_request_are_an_error() -> None:
    codec = ClientCodec()
    assert codec.next_event() is NEED_DATA
    before = codec.can_keep_alive
    codec.receive(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert (before, codec.can_keep_alive) == (True, False)

    with pytest.raises(RemoteProtocolError, match="32 bytes from the server before a request"):
        codec.next_event()


def test_the_end_of_input_before_a_request_is_no_error() -> None:
    codec = ClientCodec()
    codec.receive(b"")

    assert codec.next_event() is NEED_DATA
    assert not codec.can_keep_alive


def test_a_response_may_be_complete_before_its_request() -> None:
    codec = ClientCodec()
    codec.send_request("POST", "/", headers(Host="a", Content_Length="10"))
    seen: list[Seen] = run(codec, [response(line=b"HTTP/1.1 413 Content Too Large")])

    assert seen[-1] == ("end", None)
    assert codec.response_complete
    assert not codec.request_complete
    with pytest.raises(LocalProtocolError):
        codec.start_next_cycle()
    assert codec.send_data(b"0123456789") == b"0123456789"
    codec.send_end()
    codec.start_next_cycle()


def test_a_body_in_a_head_response_is_not_an_event() -> None:
    codec = client("HEAD")
    codec.receive(response(b"Content-Length: 5\r\n", b"hello"))

    assert not any(isinstance(codec.next_event(), Data) for _ in range(4))
    assert not codec.can_keep_alive


def test_reprs_name_what_matters() -> None:
    assert repr(parse(response())) == (
        "ResponseHead('HTTP/1.1', 200, 'OK', HTTPHeaders([('Content-Length', '0')]))"
    )
    assert (repr(NEED_DATA), repr(PAUSED)) == ("NEED_DATA", "PAUSED")
