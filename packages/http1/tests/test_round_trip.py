"""Both roles in a pair: what one sends, the other receives, however the bytes are cut."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    ClientCodec,
    Connection,
    Event,
    RequestHead,
    ResponseHead,
    ServerCodec,
)
from ostro.httputil import HTTPHeaders

from .support import Seen, add, requests, responses

TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=10)
RESERVED = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect"}
NAME = TOKEN.filter(lambda name: name.lower() not in RESERVED)
VALUE = st.text("\t" + "".join(map(chr, [*range(32, 127), *range(128, 256)])), max_size=20).map(
    lambda value: value.strip(" \t")
)
TARGET = st.text(
    "".join(chr(code) for code in range(33, 127) if chr(code) != "#"), max_size=20
).map(lambda tail: "/" + tail)
PARTS = st.lists(st.binary(max_size=40), max_size=4)
FIELDS = st.lists(st.tuples(NAME, VALUE), max_size=5)
FRAMING = st.sampled_from(["counted", "chunked", "whole"])


def made(fields: list[tuple[str, str]], **more: str) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in [*more.items(), *fields]:
        headers.add(name, value)
    return headers


def feed(codec: Connection, data: bytes, random: st.DataObject) -> list[Event]:
    """Feed `data` cut at random places and return the events."""
    events: list[Event] = []
    while data:
        size = random.draw(st.integers(1, len(data)))
        codec.receive(data[:size])
        data = data[size:]
        while (event := codec.next_event()) is not NEED_DATA and event is not PAUSED:
            events.append(event)
    return events


def send_body(
    codec: Connection, parts: list[bytes], framing: str, trailers: HTTPHeaders | None
) -> bytes:
    if framing == "whole":
        return b""
    return b"".join(map(codec.send_data, parts)) + codec.send_end(trailers)


def seen_of(events: list[Event]) -> list[Seen]:
    seen: list[Seen] = []
    for event in events:
        add(seen, event)
    return seen


def expected_tail(parts: list[bytes], framing: str, trailers: HTTPHeaders) -> list[Seen]:
    body = b"".join(parts)
    tail: list[Seen] = [("data", body)] if body else []
    has_trailers = framing == "chunked" and len(trailers) > 0
    return [*tail, ("end", list(trailers.get_all()) if has_trailers else None)]


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    method=TOKEN.filter(lambda method: method not in ("CONNECT", "HEAD")),
    target=TARGET,
    request_parts=PARTS,
    response_parts=PARTS,
    fields=FIELDS,
    trailer_fields=FIELDS,
    request_framing=FRAMING,
    response_framing=FRAMING,
    code=st.integers(200, 999).filter(lambda code: code not in (204, 304)),
    hints=st.integers(0, 2),
)
def test_exchanges_arrive_as_they_were_sent(
    data: st.DataObject,
    method: str,
    target: str,
    request_parts: list[bytes],
    response_parts: list[bytes],
    fields: list[tuple[str, str]],
    trailer_fields: list[tuple[str, str]],
    request_framing: str,
    response_framing: str,
    code: int,
    hints: int,
) -> None:
    client, server = ClientCodec(), ServerCodec()
    trailers = made(trailer_fields)
    for _ in range(2):
        # The request
        headers = made(fields, Host="example.com")
        if request_framing == "counted":
            headers["Content-Length"] = str(sum(map(len, request_parts)))
        wire = client.send_request(
            method,
            target,
            headers,
            b"".join(request_parts) if request_framing == "whole" else None,
            end=request_framing == "whole",
        )
        wire += send_body(client, request_parts, request_framing, trailers)
        events = feed(server, wire, data)

        head = events[0]
        assert isinstance(head, RequestHead)
        assert (head.method, head.target, head.host) == (method, target, "example.com")
        assert made(fields).items() <= head.headers.items()
        assert seen_of(events[1:]) == expected_tail(request_parts, request_framing, trailers)

        # The response
        headers = made(fields)
        if response_framing == "counted":
            headers["Content-Length"] = str(sum(map(len, response_parts)))
        wire = b"".join(server.send_informational(103, made(fields)) for _ in range(hints))
        wire += server.send_head(
            code,
            "Any Reason",
            headers,
            b"".join(response_parts) if response_framing == "whole" else None,
            end=response_framing == "whole",
        )
        wire += send_body(server, response_parts, response_framing, trailers)
        events = feed(client, wire, data)

        codes = [event.code for event in events if isinstance(event, ResponseHead)]
        assert codes == [103] * hints + [code]
        head = events[hints]
        assert isinstance(head, ResponseHead)
        assert made(fields).items() <= head.headers.items()
        assert seen_of(events[hints + 1 :]) == expected_tail(
            response_parts, response_framing, trailers
        )
        client.start_next_cycle()
        server.start_next_cycle()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.booleans())
def test_no_bytes_raise_anything_but_the_named_errors(pieces: list[bytes], with_head: bool) -> None:
    before = [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"]
    requests(before * with_head + pieces, eof=True)
    before = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
    responses(before * with_head + pieces, eof=True)


SCRAPS = st.sampled_from(
    [
        b"GET ",
        b"POST ",
        b"/",
        b"*",
        b" HTTP/1.1",
        b" HTTP/1.0",
        b"\r\n",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b"Host: a\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b": ",
        b"x",
        b"0",
        b"3",
        b";",
        b" ",
        b"\t",
        b'"',
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"abc",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SCRAPS, max_size=16), st.data())
def test_how_bytes_are_cut_changes_nothing(scraps: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(scraps)
    if not whole:
        return
    pieces = []
    rest = whole
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        pieces.append(rest[:size])
        rest = rest[size:]

    together, apart = requests([whole]), requests(pieces)

    # Data before an error may be lost when both come together; nothing else differs.
    if together and together[-1][0] == "error":
        together = [seen for seen in together if seen[0] != "data"]
        apart = [seen for seen in apart if seen[0] != "data"]
    assert together == apart
