"""A response that comes again is not parsed again, and says the same as if it were."""

from __future__ import annotations

from itertools import product

import pytest

from ostro.http1 import NEED_DATA, PAUSED, ClientCodec, EndOfMessage, ResponseHead
from ostro.httputil import HTTPHeaders

from .support import fields

PLAIN = b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 2\r\n\r\nok"

RESPONSES = {
    "plain": PLAIN,
    "other_field": PLAIN.replace(b"X: 1", b"X: 2"),
    "other_reason": PLAIN.replace(b"OK", b"Fine"),
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "repeated_field": PLAIN.replace(b"X: 1", b"X: 1\r\nX: 2"),
    "not_modified": b"HTTP/1.1 304 Not Modified\r\nEtag: x\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN,
    "last": PLAIN.replace(b"X: 1", b"Connection: close"),
    "until_close": b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\nok",
    "large": PLAIN.replace(b"X: 1", b"X: " + b"1" * 2000),
}


def ask(codec: ClientCodec, method: str, response: bytes) -> list[ResponseHead]:
    """Let a server answer; return the heads, and read as far as the response goes."""
    codec.send_request(method, "/", HTTPHeaders({"Host": "a"}), end=True)
    if method == "HEAD":
        final = response.rindex(b"HTTP/1.1 ")
        response = response[: response.index(b"\r\n\r\n", final) + 4]
    codec.receive(response)
    heads = []
    while not isinstance(event := codec.next_event(), EndOfMessage) and event is not NEED_DATA:
        if isinstance(event, ResponseHead):
            heads.append(event)
    return heads


def summary(head: ResponseHead) -> tuple[object, ...]:
    return (
        head.version,
        head.code,
        head.reason,
        fields(head.headers),
        head.content_length,
        head.chunked,
        head.until_close,
        head.has_body,
        head.keep_alive,
    )


def asked_first(method: str, response: bytes) -> list[tuple[object, ...]]:
    return [summary(head) for head in ask(ClientCodec(), method, response)]


@pytest.mark.parametrize("second", RESPONSES)
@pytest.mark.parametrize("first", RESPONSES)
def test_a_response_reads_the_same_whatever_came_before(first: str, second: str) -> None:
    for methods in product(("GET", "HEAD"), repeat=2):
        codec = ClientCodec()
        exchanges = list(zip(methods, (RESPONSES[first], RESPONSES[second]), strict=True))
        for method, response in [exchanges[0]] * 3 + [exchanges[1]] * 3 + exchanges:
            heads = ask(codec, method, response)
            assert [summary(head) for head in heads] == asked_first(method, response)
            if not codec.can_keep_alive:
                break
            assert codec.next_event() is PAUSED
            codec.start_next_cycle()


def test_headers_are_not_shared_between_responses() -> None:
    codec = ClientCodec()
    for _ in range(5):
        [head] = ask(codec, "GET", PLAIN)
        assert fields(head.headers) == [("X", "1"), ("Content-Length", "2")]
        head.headers["X"] = "changed"
        head.keep_alive = False
        codec.start_next_cycle()
