"""Requests without a body: what is accepted and what it means, what is refused and how."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    END_OF_MESSAGE,
    NEED_DATA,
    IncompleteMessage,
    RemoteProtocolError,
    RequestHead,
    ServerCodec,
    TargetForm,
)

from .support import HOST, cuts, received, requests

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


def request(
    line: bytes = b"GET / HTTP/1.1", fields: bytes = HOST, *, ending: bytes = b"\r\n"
) -> bytes:
    return line + b"\r\n" + fields + ending


def parse(data: bytes) -> RequestHead:
    return received(ServerCodec(), data)


GOOD = {
    "get": request(),
    "any_method_token": request(b"M-SEARCH!#$%&'*+.^_`|~09 / HTTP/1.1"),
    "method_in_lower_case": request(b"get / HTTP/1.1"),
    "http_1_0_without_host": request(b"GET / HTTP/1.0", b""),
    "http_1_0_with_host": request(b"GET / HTTP/1.0"),
    "later_minor_version": request(b"GET / HTTP/1.2"),
    "query": request(b"GET /a?b=c&d=%20;e HTTP/1.1"),
    "two_slashes": request(b"GET //a//b HTTP/1.1"),
    "characters_that_browsers_do_not_escape": request(b'GET /|{}^"<>[]`\\ HTTP/1.1'),
    "absolute": request(b"GET http://b:8080/c?d HTTP/1.1"),
    "absolute_without_path": request(b"GET HTTPS://b HTTP/1.1"),
    "absolute_with_query_only": request(b"GET http://b?c HTTP/1.1"),
    "asterisk": request(b"OPTIONS * HTTP/1.1"),
    "authority": request(b"CONNECT b:443 HTTP/1.1", b"Host: b:443\r\n"),
    "authority_ipv6": request(b"CONNECT [::1]:443 HTTP/1.1"),
    "empty_host": request(fields=b"Host:\r\n"),
    "host_with_port": request(fields=b"Host: example.com:8080\r\n"),
    "host_with_empty_port": request(fields=b"Host: example.com:\r\n"),
    "host_ipv4": request(fields=b"Host: 127.0.0.1:80\r\n"),
    "host_ipv6": request(fields=b"Host: [2001:db8::1]:80\r\n"),
    "host_ipv4_in_ipv6": request(fields=b"Host: [::ffff:127.0.0.1]\r\n"),
    "host_underscore": request(fields=b"Host: a_b.c-d~e\r\n"),
    "host_percent": request(fields=b"Host: a%20b\r\n"),
    "obs_text": request(fields=HOST + b"X: caf\xc3\xa9 \x80\xff\r\n"),
    "empty_value": request(fields=HOST + b"X:\r\nY: \t \r\n"),
    "white_space_around_the_value": request(fields=b"Host:\t a \t\r\nX:y\r\nZ:   z z\tz   \r\n"),
    "no_break_space_is_no_white_space": request(fields=HOST + b"X: \xa0a\x85\r\n"),
    "colons_in_the_value": request(fields=HOST + b"X: a:b::c\r\n"),
    "every_token_character": request(fields=HOST + b"!#$%&'*+-.^_`|~09aZ: 1\r\n"),
    "repeated": request(fields=HOST + b"X: 1\r\nY: 2\r\nx: 3\r\nX: 4\r\n"),
    "empty_lines_before": b"\r\n\r\n\r\n\r\n" + request(),
    "equal_content_lengths": request(fields=HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n"),
    "unknown_upgrade": request(fields=HOST + b"Upgrade: h9\r\nConnection: upgrade\r\n"),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_good_request_is_the_same_however_it_is_cut(data: bytes) -> None:
    whole = requests([data])

    assert [kind for kind, *_ in whole if kind != "closed"] == ["request", "end"]
    for pieces in cuts(data):
        assert requests(pieces) == whole


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_what_follows_a_good_request_is_the_next_one(data: bytes) -> None:
    seen = requests([data + NEXT])

    if ("closed",) in seen:
        assert seen == requests([data])
    else:
        assert seen == requests([data]) + requests([NEXT])


BAD = {
    # The request line
    "two_spaces_after_the_method": (request(b"GET  / HTTP/1.1"), 400),
    "two_spaces_after_the_target": (request(b"GET /  HTTP/1.1"), 400),
    "tab_after_the_method": (request(b"GET\t/ HTTP/1.1"), 400),
    "tab_after_the_target": (request(b"GET /\tHTTP/1.1"), 400),
    "space_before_the_method": (request(b" GET / HTTP/1.1"), 400),
    "space_after_the_version": (request(b"GET / HTTP/1.1 "), 400),
    "garbage_after_the_version": (request(b"GET / HTTP/1.1 x"), 400),
    "no_version": (request(b"GET /"), 400),
    "http_0_9": (request(b"GET / HTTP/0.9"), 400),
    "empty_method": (request(b" / HTTP/1.1"), 400),
    "empty_target": (request(b"GET  HTTP/1.1"), 400),
    "bad_method": (request(b"G(T / HTTP/1.1"), 400),
    "method_with_a_control_byte": (request(b"G\x01T / HTTP/1.1"), 400),
    "method_not_ascii": (request(b"G\xc9T / HTTP/1.1"), 400),
    "nul_in_the_target": (request(b"GET /\x00 HTTP/1.1"), 400),
    "control_byte_in_the_target": (request(b"GET /\x1f HTTP/1.1"), 400),
    "del_in_the_target": (request(b"GET /\x7f HTTP/1.1"), 400),
    "target_not_ascii": (request(b"GET /\xc3\xa9 HTTP/1.1"), 400),
    "space_in_the_target": (request(b"GET /a b HTTP/1.1"), 400),
    "fragment": (request(b"GET /a#b HTTP/1.1"), 400),
    "fragment_in_an_absolute_target": (request(b"GET http://a/#b HTTP/1.1"), 400),
    "relative_target": (request(b"GET a/b HTTP/1.1"), 400),
    "dots": (request(b"GET ../a HTTP/1.1"), 400),
    "query_alone": (request(b"GET ?a HTTP/1.1"), 400),
    "authority_without_connect": (request(b"GET a:80 HTTP/1.1"), 400),
    "scheme_without_authority": (request(b"GET http:/a HTTP/1.1"), 400),
    "empty_authority": (request(b"GET http:///a HTTP/1.1"), 400),
    "other_scheme": (request(b"GET file://a/b HTTP/1.1"), 400),
    "userinfo": (request(b"GET http://a@b/ HTTP/1.1"), 400),
    "bad_authority_port": (request(b"GET http://a:b/ HTTP/1.1"), 400),
    "asterisk_with_get": (request(b"GET * HTTP/1.1"), 400),
    "asterisk_and_more": (request(b"OPTIONS *a HTTP/1.1"), 400),
    "connect_with_a_path": (request(b"CONNECT / HTTP/1.1"), 400),
    "connect_without_a_port": (request(b"CONNECT a HTTP/1.1"), 400),
    "connect_with_an_empty_port": (request(b"CONNECT a: HTTP/1.1"), 400),
    "connect_with_ipv6_without_a_port": (request(b"CONNECT [::1] HTTP/1.1"), 400),
    "connect_with_a_url": (request(b"CONNECT http://a:80 HTTP/1.1"), 400),
    "connect_with_a_body": (
        request(b"CONNECT a:80 HTTP/1.1", HOST + b"Content-Length: 1\r\n"),
        400,
    ),
    "http_1_10": (request(b"GET / HTTP/1.10"), 400),
    "http_in_lower_case": (request(b"GET / http/1.1"), 400),
    "http_without_minor": (request(b"GET / HTTP/1"), 400),
    "other_protocol": (request(b"GET / HTCPCP/1.0"), 400),
    "unicode_digit_in_the_version": (request("GET / HTTP/1.\u0661".encode()), 400),
    "superscript_digit_in_the_version": (request(b"GET / HTTP/1.\xb9"), 400),
    "http_2": (request(b"GET / HTTP/2.0"), 505),
    "http_3": (request(b"GET / HTTP/3.0"), 505),
    "http_9": (request(b"GET / HTTP/9.9"), 505),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "tls_hello": (bytes.fromhex("16030100f8010000f40303"), 400),
    "tls_hello_with_line_ends": (b"\x16\x03\x01\r\n\r\n", 400),
    "ssl_2_hello": (bytes.fromhex("802e0100020015000000"), 400),
    # Header fields
    "no_colon": (request(fields=HOST + b"X\r\n"), 400),
    "empty_name": (request(fields=HOST + b": x\r\n"), 400),
    "space_before_the_colon": (request(fields=HOST + b"X : y\r\n"), 400),
    "tab_before_the_colon": (request(fields=HOST + b"X\t: y\r\n"), 400),
    "space_in_the_name": (request(fields=HOST + b"X Y: z\r\n"), 400),
    "parenthesis_in_the_name": (request(fields=HOST + b"X(: y\r\n"), 400),
    "nul_in_the_name": (request(fields=HOST + b"X\x00: y\r\n"), 400),
    "name_not_ascii": (request(fields=HOST + b"X\xe9: y\r\n"), 400),
    "nul_in_the_value": (request(fields=HOST + b"X: a\x00b\r\n"), 400),
    "control_byte_in_the_value": (request(fields=HOST + b"X: a\x0bb\r\n"), 400),
    "escape_in_the_value": (request(fields=HOST + b"X: \x1b[31m\r\n"), 400),
    "del_in_the_value": (request(fields=HOST + b"X: a\x7fb\r\n"), 400),
    "bare_cr_in_the_value": (request(fields=HOST + b"X: a\rb\r\n"), 400),
    "cr_before_the_crlf": (request(fields=HOST + b"X: a\r\r\n"), 400),
    "bare_lf_in_the_head": (request(fields=HOST + b"X: a\nY: b\r\n"), 400),
    "bare_lf_after_the_request_line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "bare_lf_only": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "lf_lf_at_the_end": (b"GET / HTTP/1.1\r\nHost: a\n\n", 400),
    "bare_lf_at_the_start": (b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "cr_only": (b"GET / HTTP/1.1\rHost: a\r\r", 400),
    "folded_line": (request(fields=HOST + b"X: a\r\n b\r\n"), 400),
    "folded_with_tab": (request(fields=HOST + b"X: a\r\n\tb\r\n"), 400),
    "space_before_the_first_field": (request(fields=b" Host: a\r\n"), 400),
    "line_of_white_space": (request(fields=HOST + b" \r\n"), 400),
    # Host
    "no_host": (request(fields=b""), 400),
    "no_host_in_a_later_minor_version": (request(b"GET / HTTP/1.2", b""), 400),
    "no_host_with_an_absolute_target": (request(b"GET http://a/ HTTP/1.1", b""), 400),
    "two_hosts": (request(fields=b"Host: a\r\nHost: b\r\n"), 400),
    "two_equal_hosts": (request(fields=b"Host: a\r\nHost: a\r\n"), 400),
    "two_empty_hosts": (request(fields=b"Host:\r\nHost:\r\n"), 400),
    "two_hosts_on_http_1_0": (request(b"GET / HTTP/1.0", b"Host: a\r\nhost: a\r\n"), 400),
    "host_with_a_comma": (request(fields=b"Host: a,b\r\n"), 400),
    "host_with_a_slash": (request(fields=b"Host: a/b\r\n"), 400),
    "host_with_an_at": (request(fields=b"Host: a@b\r\n"), 400),
    "host_with_a_question_mark": (request(fields=b"Host: a?b\r\n"), 400),
    "host_with_a_number_sign": (request(fields=b"Host: a#b\r\n"), 400),
    "host_with_a_space": (request(fields=b"Host: a b\r\n"), 400),
    "host_with_a_tab": (request(fields=b"Host: a\tb\r\n"), 400),
    "host_with_a_control_byte": (request(fields=b"Host: a\x01\r\n"), 400),
    "host_not_ascii": (request(fields=b"Host: caf\xe9\r\n"), 400),
    "host_with_a_backslash": (request(fields=b"Host: a\\b\r\n"), 400),
    "host_with_a_half_percent": (request(fields=b"Host: a%2\r\n"), 400),
    "host_with_a_port_that_is_no_number": (request(fields=b"Host: a:http\r\n"), 400),
    "host_with_a_signed_port": (request(fields=b"Host: a:+80\r\n"), 400),
    "host_with_a_unicode_port": (request(fields=b"Host: a:\xb2\r\n"), 400),
    "host_with_port_65536": (request(fields=b"Host: a:65536\r\n"), 400),
    "host_with_a_long_port": (request(fields=b"Host: a:000080\r\n"), 400),
    "host_with_two_ports": (request(fields=b"Host: a:1:2\r\n"), 400),
    "host_with_a_port_alone": (request(fields=b"Host: :80\r\n"), 400),
    "host_ipv6_without_brackets": (request(fields=b"Host: ::1\r\n"), 400),
    "host_ipv6_malformed": (request(fields=b"Host: [:::]\r\n"), 400),
    "host_ipv6_open": (request(fields=b"Host: [::1\r\n"), 400),
    "host_ipv6_with_a_name": (request(fields=b"Host: [a]\r\n"), 400),
    "bad_host_with_an_absolute_target": (request(b"GET http://a/ HTTP/1.1", b"Host: b@c\r\n"), 400),
    "bad_host_on_http_1_0": (request(b"GET / HTTP/1.0", b"Host: a/b\r\n"), 400),
    # Content-Length
    "length_with_plus": (request(fields=HOST + b"Content-Length: +1\r\n"), 400),
    "length_with_minus": (request(fields=HOST + b"Content-Length: -1\r\n"), 400),
    "length_hexadecimal": (request(fields=HOST + b"Content-Length: 0x1\r\n"), 400),
    "length_with_underscore": (request(fields=HOST + b"Content-Length: 1_0\r\n"), 400),
    "length_empty": (request(fields=HOST + b"Content-Length:\r\n"), 400),
    "length_with_unicode_digits": (request(fields=HOST + b"Content-Length: \xb2\r\n"), 400),
    "length_with_arabic_digits": (
        request(fields=HOST + b"Content-Length: " + "\u0661".encode() + b"\r\n"),
        400,
    ),
    "length_with_a_fraction": (request(fields=HOST + b"Content-Length: 1.0\r\n"), 400),
    "length_with_an_exponent": (request(fields=HOST + b"Content-Length: 1e1\r\n"), 400),
    "length_with_a_space": (request(fields=HOST + b"Content-Length: 1 0\r\n"), 400),
    "length_of_20_digits": (request(fields=HOST + b"Content-Length: " + b"0" * 20 + b"\r\n"), 400),
    "length_as_a_list": (request(fields=HOST + b"Content-Length: 1, 1\r\n"), 400),
    "unequal_lengths": (
        request(fields=HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n"),
        400,
    ),
    "lengths_unequal_as_text": (
        request(fields=HOST + b"Content-Length: 1\r\nContent-Length: 01\r\n"),
        400,
    ),
    "length_repeated_and_empty": (
        request(fields=HOST + b"Content-Length:\r\nContent-Length:\r\n"),
        400,
    ),
    # Transfer-Encoding
    "coding_and_length": (
        request(fields=HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
        400,
    ),
    "length_and_coding": (
        request(fields=HOST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
        400,
    ),
    "coding_twice": (
        request(fields=HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        400,
    ),
    "coding_twice_in_one_field": (
        request(fields=HOST + b"Transfer-Encoding: chunked, chunked\r\n"),
        400,
    ),
    "chunked_not_last": (request(fields=HOST + b"Transfer-Encoding: chunked, gzip\r\n"), 400),
    "gzip_without_chunked": (request(fields=HOST + b"Transfer-Encoding: gzip\r\n"), 400),
    "unknown_coding": (request(fields=HOST + b"Transfer-Encoding: foo\r\n"), 400),
    "unknown_coding_before_chunked": (
        request(fields=HOST + b"Transfer-Encoding: foo, chunked\r\n"),
        400,
    ),
    "identity": (request(fields=HOST + b"Transfer-Encoding: identity\r\n"), 400),
    "xchunked": (request(fields=HOST + b"Transfer-Encoding: xchunked\r\n"), 400),
    "chunked_with_a_parameter": (request(fields=HOST + b"Transfer-Encoding: chunked;a=b\r\n"), 400),
    "chunked_in_quotes": (request(fields=HOST + b'Transfer-Encoding: "chunked"\r\n'), 400),
    "empty_coding": (request(fields=HOST + b"Transfer-Encoding:\r\n"), 400),
    "empty_list_member": (request(fields=HOST + b"Transfer-Encoding: , chunked\r\n"), 400),
    "vertical_tab": (request(fields=HOST + b"Transfer-Encoding: \x0bchunked\r\n"), 400),
    "no_break_space": (request(fields=HOST + b"Transfer-Encoding: \xa0chunked\r\n"), 400),
    "kelvin_sign": (
        request(fields=HOST + "Transfer-Encoding: chun\u212aed\r\n".encode()),
        400,
    ),
    "coding_on_http_1_0": (
        request(b"GET / HTTP/1.0", HOST + b"Transfer-Encoding: chunked\r\n"),
        400,
    ),
    "coding_that_we_do_not_decode": (
        request(fields=HOST + b"Transfer-Encoding: gzip, chunked\r\n"),
        501,
    ),
    # Expect
    "unknown_expectation": (request(fields=HOST + b"Expect: miracles\r\n"), 417),
    "two_expectations": (request(fields=HOST + b"Expect: 100-continue, miracles\r\n"), 417),
    # Limits that need no setting
    "five_empty_lines": (b"\r\n" * 5 + request(), 400),
}


@pytest.mark.parametrize(("data", "status"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_however_it_is_cut(data: bytes, status: int) -> None:
    for pieces in cuts(data):
        assert requests(pieces) == [("error", status)]


@pytest.mark.parametrize(("data", "status"), BAD.values(), ids=BAD)
def test_nothing_after_a_bad_request_is_processed(data: bytes, status: int) -> None:
    assert requests([NEXT + data + NEXT]) == [*requests([NEXT]), ("error", status)]


EXPLAINED = {
    "spaces": (request(b"GET /a b HTTP/1.1"), "'GET /a b HTTP/1.1' has 3 spaces"),
    "method": (request(b"G(T / HTTP/1.1"), "method 'G(T' is not a token"),
    "fragment": (request(b"GET /a#b HTTP/1.1"), "'/a#b' has a fragment"),
    "target": (request(b"GET /\xe9 HTTP/1.1"), r"target '/\xe9', expected visible ASCII"),
    "version": (request(b"GET / HTTP/1.10"), "ends in no HTTP version, expected HTTP/1.1"),
    "later_version": (request(b"GET / HTTP/2.0"), "version 'HTTP/2.0', expected HTTP/1.1"),
    "tls": (b"\x16\x03\x01\r\n\r\n", "TLS handshake on a connection that speaks plain HTTP"),
    "cut_tls": (b"\x16\x03\x01", "TLS handshake on a connection that speaks plain HTTP"),
    "folding": (request(fields=HOST + b" x\r\n"), "folded lines are not accepted"),
    "colon": (request(fields=HOST + b"\xff\r\n"), r"without a colon: '\xff'"),
    "name": (request(fields=HOST + b"X : y\r\n"), "header name 'X ' is not a token"),
    "empty_name": (request(fields=HOST + b": y\r\n"), "empty name"),
    "lf": (request(fields=HOST + b"X: y\nz\r\n"), "LF alone in header field 'X'"),
    "control": (
        request(fields=HOST + b"X: \x00\r\n"),
        "control byte in the value of header field 'X'",
    ),
    "cut_lf": (b"GET / HTTP/1.1\n", "LF alone, expected CRLF"),
    "cut_cr": (b"GET / HTTP/1.1\rH", "CR stands without its LF"),
    "cut_control": (b"GET /\x01", "control byte 0x01"),
    "two_hosts": (request(fields=HOST + HOST), "more than one host: 'a,a'"),
    "long": (
        request(fields=HOST + b"Content-Length: " + b"x" * 15 + b"\r\n"),
        "'" + "x" * 15 + "'",
    ),
    "excerpt": (request(b"GET " + b"x" * 99 + b" HTTP/1.1"), "'" + "x" * 64 + "'..."),
}


@pytest.mark.parametrize(("data", "message"), EXPLAINED.values(), ids=EXPLAINED)
def test_an_error_names_what_is_wrong(data: bytes, message: str) -> None:
    codec = ServerCodec()
    codec.receive(data)

    with pytest.raises(RemoteProtocolError) as caught:
        codec.next_event()

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "form", "host"),
    [
        (b"GET / HTTP/1.1", TargetForm.ORIGIN, "a"),
        (b"GET http://b:1/ HTTP/1.1", TargetForm.ABSOLUTE, "b:1"),
        (b"GET https://[::1]?q HTTP/1.1", TargetForm.ABSOLUTE, "[::1]"),
        (b"CONNECT b:2 HTTP/1.1", TargetForm.AUTHORITY, "b:2"),
        (b"OPTIONS * HTTP/1.1", TargetForm.ASTERISK, "a"),
    ],
)
def test_the_host_is_that_of_the_target_where_it_names_one(
    line: bytes, form: TargetForm, host: str
) -> None:
    head = parse(request(line))

    assert (head.form, head.host, head.headers["Host"]) == (form, host, "a")


def test_a_host_that_was_good_before_is_no_excuse_for_another() -> None:
    codec = ServerCodec()
    seen = requests([request(fields=b"Host: a\r\n"), request(fields=b"Host: b/\r\n")])

    assert seen[-1] == ("error", 400)
    assert received(codec, request(b"GET / HTTP/1.0", b"")).host == ""


def test_an_empty_host_may_follow_another() -> None:
    seen = requests([request(fields=b"Host: a\r\n"), request(fields=b"Host:\r\n")])

    assert seen[-1] == ("end", None)


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"HTTP/1.1", None, True),
        (b"HTTP/1.1", b"close", False),
        (b"HTTP/1.1", b"CLOSE", False),
        (b"HTTP/1.1", b"x, close", False),
        (b"HTTP/1.1", b"keep-alive, close", False),
        (b"HTTP/1.1", b"x", True),
        (b"HTTP/1.1", b"closed", True),
        (b"HTTP/1.0", None, False),
        (b"HTTP/1.0", b"Keep-Alive", True),
        (b"HTTP/1.0", b"x\t, keep-alive", True),
        (b"HTTP/1.0", b"close", False),
        (b"HTTP/1.2", None, True),
    ],
)
def test_the_connection_is_kept_as_version_and_field_say(
    version: bytes, connection: bytes | None, keep_alive: bool
) -> None:
    field = b"" if connection is None else b"Connection: %b\r\n" % connection

    assert parse(request(b"GET / " + version, HOST + field)).keep_alive is keep_alive


def test_two_connection_fields_are_one_list() -> None:
    head = parse(request(fields=HOST + b"Connection: x\r\nConnection: close\r\n"))

    assert not head.keep_alive


@pytest.mark.parametrize(
    ("line", "fields", "upgrade"),
    [
        (b"GET / HTTP/1.1", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", "websocket"),
        (b"GET / HTTP/1.1", b"Upgrade: a, b\r\nConnection: keep-alive, upgrade\r\n", "a, b"),
        (b"GET / HTTP/1.1", b"Upgrade: websocket\r\n", ""),
        (b"GET / HTTP/1.1", b"Upgrade: websocket\r\nConnection: keep-alive\r\n", ""),
        (b"GET / HTTP/1.1", b"Connection: Upgrade\r\n", ""),
        (b"POST / HTTP/1.1", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
        (b"GET / HTTP/1.0", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
    ],
)
def test_only_a_get_of_http_1_1_may_be_upgraded(line: bytes, fields: bytes, upgrade: str) -> None:
    assert parse(request(line, HOST + fields)).upgrade == upgrade


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        (b"HTTP/1.1", b"Expect: 100-continue\r\nContent-Length: 1\r\n", True),
        (b"HTTP/1.1", b"Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", True),
        (b"HTTP/1.1", b"Expect: 100-continue\r\nContent-Length: 0\r\n", False),
        (b"HTTP/1.1", b"Expect: 100-continue\r\n", False),
        (b"HTTP/1.0", b"Expect: 100-continue\r\nContent-Length: 1\r\n", False),
        (b"HTTP/1.0", b"Expect: miracles\r\n", False),
    ],
)
def test_continue_is_expected_of_http_1_1_with_a_body(
    version: bytes, fields: bytes, expected: bool
) -> None:
    assert parse(request(b"POST / " + version, HOST + fields)).expect_continue is expected


def test_equal_content_lengths_are_one_field() -> None:
    head = parse(
        request(fields=HOST + b"Content-Length: 5\r\nX: 1\r\nX: 2\r\nContent-Length: 5\r\n")
    )

    assert head.content_length == 5
    assert list(head.headers.get_all()) == [
        ("Host", "a"),
        ("Content-Length", "5"),
        ("X", "1"),
        ("X", "2"),
    ]


def test_field_values_are_latin_1_and_trimmed_of_space_and_tab_only() -> None:
    head = parse(request(fields=HOST + b"X: \t\xa0\xff\x85 \t\r\n"))

    assert head.headers["X"] == "\xa0\xff\x85"


def test_trimming_leaves_obs_text_inside_alone() -> None:
    assert parse(request(fields=HOST + b"X: a\xa0b\r\n")).headers["X"] == "a\xa0b"


def test_the_end_of_input_between_requests_is_no_error() -> None:
    codec = ServerCodec()
    codec.receive(b"")

    assert codec.next_event() is NEED_DATA
    assert requests([request() + b"\r\n"], eof=True) == requests([request()])


@pytest.mark.parametrize("size", [1, 5, 20, len(request()) - 1])
def test_the_end_of_input_in_a_head_is_an_incomplete_message(size: int) -> None:
    codec = ServerCodec()
    codec.receive(request()[:size])
    assert codec.next_event() is NEED_DATA
    codec.receive(b"")

    with pytest.raises(IncompleteMessage, match=f"after {size} bytes of a head") as caught:
        codec.next_event()

    assert caught.value.status == 400


def test_a_request_line_is_judged_before_the_rest_of_the_head_has_come() -> None:
    assert requests([b"GET /a b HTTP/1.1\r\n"]) == [("error", 400)]
    assert requests([b"GET relative HTTP/1.1\r\nHos"]) == [("error", 400)]
    assert requests([b"GET / HTTP/2.0\r\nHost: a\r"]) == [("error", 505)]
    assert requests([b"GET / HTTP/1.1\r\nHos"]) == []


def test_a_request_without_a_body_ends_with_the_shared_event() -> None:
    codec = ServerCodec()
    head = received(codec, request())

    assert not head.has_body
    assert codec.next_event() is END_OF_MESSAGE


def test_reprs_name_what_matters() -> None:
    assert repr(parse(request())) == (
        "RequestHead('GET', '/', 'HTTP/1.1', HTTPHeaders([('Host', 'a')]))"
    )
