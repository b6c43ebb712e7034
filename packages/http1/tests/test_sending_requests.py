"""Requests as a client sends them: framing, and what is refused."""

from __future__ import annotations

import pytest

from ostro.http1 import ClientCodec, LocalProtocolError
from ostro.httputil import HTTPHeaders

from .support import client, headers, run

HOST = headers(Host="a")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def send(
    method: str = "GET",
    target: str = "/",
    fields: HTTPHeaders = HOST,
    body: bytes | None = None,
    *,
    end: bool = True,
) -> bytes:
    return ClientCodec().send_request(method, target, fields, body, end)


def test_a_request_without_a_body_says_nothing_of_one() -> None:
    assert send("GET", "/a?b") == b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"
    assert send("DELETE") == b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_method_that_has_a_body_says_that_it_is_empty(method: str) -> None:
    assert send(method).endswith(b"\r\nHost: a\r\nContent-Length: 0\r\n\r\n")


def test_a_whole_body_gets_a_content_length() -> None:
    assert send("GET", body=b"abc").endswith(b"\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    codec = ClientCodec()

    sent = codec.send_request("PUT", "/", HOST) + codec.send_data(b"abc")
    assert not codec.request_complete
    sent += codec.send_end(headers(Sum="1"))

    assert sent == (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nSum: 1\r\n\r\n"
    )
    assert codec.request_complete


def test_a_stated_length_is_counted() -> None:
    codec = ClientCodec()
    fields = headers(Host="a", Content_Length="5")

    sent = codec.send_request("PUT", "/", fields, b"he") + codec.send_data(b"llo")

    assert sent == b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    assert codec.send_end() == b""
    with pytest.raises(LocalProtocolError, match="body of 2 bytes, Content-Length said 5"):
        send("PUT", fields=fields, body=b"he")


def test_an_explicit_transfer_encoding_is_honoured() -> None:
    fields = headers(Host="a", Transfer_Encoding="chunked")

    assert send("PUT", fields=fields, body=b"x").endswith(b"\r\n\r\n1\r\nx\r\n0\r\n\r\n")


def test_a_connect_is_whole_with_its_head() -> None:
    codec = ClientCodec()

    assert codec.send_request("CONNECT", "b:443", HOST) == (
        b"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert codec.request_complete


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (HOST, b"x"),
        (headers(Host="a", Content_Length="0"), None),
        (headers(Host="a", Transfer_Encoding="chunked"), None),
    ],
)
def test_a_connect_has_no_body(fields: HTTPHeaders, body: bytes | None) -> None:
    with pytest.raises(LocalProtocolError, match="CONNECT request with a body"):
        send("CONNECT", "b:443", fields, body)


@pytest.mark.parametrize("method", ["", "GET ", "G T", "GET\r\nX: y", "G\0", "GET\n", "G\xc9T"])
def test_a_method_that_is_no_token_is_refused(method: str) -> None:
    codec = ClientCodec()

    with pytest.raises(ValueError, match="is not a token"):
        codec.send_request(method, "/", HOST)
    assert not codec.request_complete
    assert codec.send_request("GET", "/", HOST, end=True)


@pytest.mark.parametrize(
    "target", ["", "/ ", "/a b", "/\r\nX: y", "/\0", "/\n", "/\xe9", "/#a", "/\u20ac", "/\x7f"]
)
def test_a_target_that_breaks_out_of_its_line_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="expected visible ASCII"):
        send(target=target)


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\nX: y", "\u20ac"])
def test_a_value_that_breaks_out_of_its_line_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="value of header 'X'"):
        send(fields=HTTPHeaders.from_parsed({"Host": "a", "X": bad}))


def test_a_name_that_is_no_token_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a token"):
        send(fields=HTTPHeaders.from_parsed({"Host": "a", "X\r\n": "y"}))


def test_a_request_needs_one_host() -> None:
    two = headers(Host="a")
    two.add("Host", "a")
    for fields in (HTTPHeaders(), two, headers(Host="a,b")):
        with pytest.raises(LocalProtocolError, match="one Host field"):
            send(fields=fields)


def test_an_empty_host_is_one() -> None:
    assert send("OPTIONS", "*", headers(Host="")) == b"OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n"


def test_the_last_request_says_so() -> None:
    codec = ClientCodec()
    codec.close_after_response()
    sent = codec.send_request("GET", "/", headers(Host="a", Connection="keep-alive"), end=True)
    run(codec, [OK])

    assert sent == b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert codec.response_complete
    assert not codec.can_keep_alive


def test_a_connection_that_the_caller_closes_is_not_kept() -> None:
    codec = client(Connection="close")
    run(codec, [OK])

    assert not codec.can_keep_alive


def test_one_request_at_a_time() -> None:
    codec = client()
    with pytest.raises(LocalProtocolError, match="send_request where"):
        codec.send_request("GET", "/", HOST)
    run(codec, [OK])
    with pytest.raises(LocalProtocolError, match="send_request where"):
        codec.send_request("GET", "/", HOST)
    codec.start_next_cycle()

    assert codec.send_request("GET", "/", HOST, end=True)


def test_the_headers_of_the_caller_are_not_changed() -> None:
    fields = headers(Host="a", Connection="close")
    send("PUT", fields=fields, body=b"x")

    assert list(fields.get_all()) == [("Host", "a"), ("Connection", "close")]
