"""What the tests share: byte streams cut in every way, and what a codec makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    ClientCodec,
    Connection,
    Data,
    EndOfMessage,
    Event,
    RemoteProtocolError,
    RequestHead,
    ResponseHead,
    ServerCodec,
)
from ostro.httputil import HTTPHeaders

HOST = b"Host: a\r\n"

Seen: TypeAlias = tuple[object, ...]
"""An event as a tuple that compares: adjacent `Data` merged, so that cuts do not show."""


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield `data` whole, in two at every byte, and byte by byte."""
    yield [data]
    for index in range(1, len(data)):
        yield [data[:index], data[index:]]
    yield [data[index : index + 1] for index in range(len(data))]


def fields(headers: HTTPHeaders | None) -> list[tuple[str, str]] | None:
    return None if headers is None else list(headers.get_all())


def describe(event: Event) -> Seen:
    if isinstance(event, RequestHead):
        return ("request", event.method, event.target, event.version, fields(event.headers))
    if isinstance(event, ResponseHead):
        return ("response", event.version, event.code, event.reason, fields(event.headers))
    if isinstance(event, Data):
        return ("data", event.data)
    if isinstance(event, EndOfMessage):
        return ("end", fields(event.trailers))
    return (repr(event),)


def add(seen: list[Seen], event: Event) -> None:
    new = describe(event)
    if new[0] == "data" and seen and seen[-1][0] == "data":
        before, after = seen[-1][1], new[1]
        assert isinstance(before, bytes)
        assert isinstance(after, bytes)
        seen[-1] = ("data", before + after)
    else:
        seen.append(new)


def pump(codec: Connection, seen: list[Seen]) -> bool:
    """Take events until there are none, or an error; tell whether to go on."""
    while True:
        try:
            event = codec.next_event()
        except RemoteProtocolError as error:
            seen.append(("error", error.status))
            assert_is_safe(str(error))
            return False
        if event is NEED_DATA:
            return True
        if event is PAUSED:
            if not isinstance(codec, ServerCodec):
                return True
            codec.send_head(200, "OK", HTTPHeaders(), b"", end=True)
            if not codec.can_keep_alive:
                seen.append(("closed",))
                return False
            codec.start_next_cycle()
        else:
            add(seen, event)


def run(codec: Connection, pieces: list[bytes], *, eof: bool = False) -> list[Seen]:
    """Feed `pieces` and return what is seen; a server answers each request at once."""
    seen: list[Seen] = []
    for piece in pieces:
        codec.receive(piece)
        if not pump(codec, seen):
            return seen
    if eof:
        codec.receive(b"")
        pump(codec, seen)
    return seen


def requests(pieces: list[bytes], *, eof: bool = False) -> list[Seen]:
    return run(ServerCodec(), pieces, eof=eof)


def client(method: str = "GET", **more: str) -> ClientCodec:
    """Return a client that has sent a whole request."""
    codec = ClientCodec()
    codec.send_request(
        method, "a:80" if method == "CONNECT" else "/", headers(Host="a", **more), end=True
    )
    return codec


def responses(pieces: list[bytes], *, method: str = "GET", eof: bool = False) -> list[Seen]:
    return run(client(method), pieces, eof=eof)


def headers(**named: str) -> HTTPHeaders:
    return HTTPHeaders({name.replace("_", "-"): value for name, value in named.items()})


def received(codec: ServerCodec, data: bytes) -> RequestHead:
    """Feed a request and return its head."""
    codec.receive(data)
    head = codec.next_event()
    assert isinstance(head, RequestHead)
    return head


def answered(
    method: bytes = b"GET", version: bytes = b"HTTP/1.1", more: bytes = b""
) -> ServerCodec:
    """Return a server that has received a whole request without a body."""
    codec = ServerCodec()
    target = b"a:80" if method == b"CONNECT" else b"/"
    received(codec, b"%b %b %b\r\nHost: a\r\n%b\r\n" % (method, target, version, more))
    assert isinstance(codec.next_event(), EndOfMessage)
    return codec


def assert_is_safe(message: str) -> None:
    """Assert that a message can be logged: printable ASCII, and short."""
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 250
