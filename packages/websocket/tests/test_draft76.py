"""The draft before RFC 6455: off by default; its own examples, and what it cannot do."""

import asyncio
import logging

import pytest

from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop, Sweeper
from ostro.websocket import Event, HandshakeError, WebSocketClosedError, WebSocketHandler
from ostro.websocket._draft76 import (
    KEY3_SIZE,
    OPENING_TIMEOUT,
    Draft76Opening,
    Draft76Protocol,
    check_draft76_request,
    draft76_digest,
)

from .browser import Browser, connected, serving, talking
from .memory import MemoryStream, turns
from .support import Seen, cuts, describe

# The first example is that of section 1.2, the second that of section 1.3 of the draft.
EXAMPLES = [
    ("4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", b"^n:ds[4U", b"8jKS'y:G*Co,Wxa-"),
    (
        "18x 6]8vM;54 *(5:  {   U1[8  z [  8",
        "1_ tx7X d  <  nw  334J702) 7]o}` 0",
        b"Tm[K T2u",
        b"fQJ,fN/4F4!~K~MH",
    ),
]


def header(**changes: str | None) -> HTTPHeaders:
    headers = HTTPHeaders()
    fields: dict[str, str | None] = {
        "Host": "example.com",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key2": EXAMPLES[0][1],
        "Upgrade": "WebSocket",
        "Sec-WebSocket-Key1": EXAMPLES[0][0],
        "Origin": "http://example.com",
    }
    for name, value in (fields | changes).items():
        if value is not None:
            headers[name.replace("_", "-")] = value
    return headers


def request(key3: bytes = EXAMPLES[0][2], **changes: str | None) -> bytes:
    lines = ["GET /demo?a=b HTTP/1.1", *header(**changes).lines()]
    return "\r\n".join([*lines, "", ""]).encode() + key3


# The handshake


@pytest.mark.parametrize(("key1", "key2", "key3", "answer"), EXAMPLES)
def test_the_examples_of_the_draft_are_answered(
    key1: str, key2: str, key3: bytes, answer: bytes
) -> None:
    headers = HTTPHeaders(header())
    headers["Sec-WebSocket-Key1"] = key1
    headers["Sec-WebSocket-Key2"] = key2

    assert draft76_digest(check_draft76_request("GET", headers), key3) == answer


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": None},
        {"Connection": "close"},
        {"Origin": None},
        {"Sec-WebSocket-Key1": ""},
        {"Sec-WebSocket-Key1": "1234"},
        {"Sec-WebSocket-Key1": "a b c"},
        {"Sec-WebSocket-Key1": "1 2 3"},
        {"Sec-WebSocket-Key2": "9999999999 "},
        {"Sec-WebSocket-Key2": "1 " + "0" * 4000},
    ],
)
def test_a_request_that_is_no_handshake_is_refused(changes: dict[str, str | None]) -> None:
    with pytest.raises(HandshakeError):
        check_draft76_request("GET", header(**changes))


def test_a_handshake_is_a_get_request() -> None:
    with pytest.raises(HandshakeError):
        check_draft76_request("POST", header())


# The framing


def seen(*pieces: bytes, limit: int = 1000) -> list[Seen]:
    protocol = Draft76Protocol(limit)
    events: list[Event] = []
    for piece in pieces:
        events += protocol.receive(piece)
    return [describe(event) for event in events]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00Hello\xff\x00\xff", [("text", "Hello"), ("text", "")]),
        ("\x00\u20ac\u00fc".encode() + b"\xff", [("text", "\u20ac\u00fc")]),
        (b"\x00a\xff\xff\x00\x00late\xff", [("text", "a"), ("close", 1005, "")]),
        (b"\x00\xc3\x28\xff\x00late\xff", [("failure", 1007, "text that is not UTF-8")]),
        (b"\x01late", [("failure", 1002, "a frame of unknown type")]),
        (b"\x80\x01a", [("failure", 1002, "a frame of unknown type")]),
        (b"\xff\xff", [("failure", 1002, "a frame of unknown type")]),
        (b"\xff\x01", [("failure", 1002, "a frame of unknown type")]),
        (b"\x00" + b"x" * 10 + b"\xff", [("text", "x" * 10)]),
        (b"\x00" + b"x" * 11, [("failure", 1009, "message too big")]),
    ],
)
def test_frames_mean_the_same_however_they_are_cut(data: bytes, expected: list[Seen]) -> None:
    for pieces in cuts(data):
        assert seen(*pieces, limit=10) == expected


def test_there_is_text_and_a_close_to_send() -> None:
    protocol = Draft76Protocol(1000)

    assert protocol.send_text("\u20ac") == b"\x00\xe2\x82\xac\xff"
    assert protocol.send_close(4000, "dropped") == b"\xff\x00"
    with pytest.raises(WebSocketClosedError):
        protocol.send_text("x")
    with pytest.raises(WebSocketClosedError):
        protocol.send_close()


def test_there_is_nothing_else_to_send() -> None:
    protocol = Draft76Protocol(1000)

    with pytest.raises(ValueError, match="binary"):
        protocol.send_binary(b"x")
    with pytest.raises(ValueError, match="pings"):
        protocol.send_ping()
    with pytest.raises(ValueError, match="pongs"):
        protocol.send_pong()


# The eight bytes


class Opening:
    """An opening in memory."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stream = MemoryStream()
        self.happened: list[str] = []
        self.opening = Draft76Opening(
            self.stream,
            check_draft76_request("GET", header()),
            Sweeper(IOLoop.current(), lambda: self.now),
            lambda: self.happened.append("opened"),
            lambda: self.happened.append("failed"),
        )
        self.opening.start()


async def test_the_eight_bytes_may_come_one_by_one(io_loop: IOLoop) -> None:
    key3, answer = EXAMPLES[0][2:]
    opening = Opening()

    for index in range(KEY3_SIZE):
        assert opening.happened == []
        opening.opening.data_received(key3[index : index + 1])

    assert opening.happened == ["opened"]
    assert opening.stream.sent == [answer]
    assert opening.stream.receiver is None


async def test_what_comes_behind_the_eight_bytes_is_for_whoever_reads_next(
    io_loop: IOLoop,
) -> None:
    opening = Opening()

    opening.opening.data_received(EXAMPLES[0][2] + b"\x00early\xff")
    opening.opening.drained()

    assert opening.stream.unread_data == b"\x00early\xff"


@pytest.mark.parametrize("how", ["too late", "the end", "lost"])
async def test_without_the_eight_bytes_nothing_is_opened(how: str, io_loop: IOLoop) -> None:
    opening = Opening()
    opening.opening.data_received(b"seven..")

    if how == "too late":
        opening.opening.expire(OPENING_TIMEOUT)
    elif how == "the end":
        opening.opening.eof_received()
    else:
        opening.stream.lose()
    await turns()

    assert opening.happened == ["failed"]
    assert opening.stream.closed()


# Handlers


class Old(WebSocketHandler):
    """Speaks the draft."""

    def allow_draft76(self) -> bool:
        return True

    def open(self) -> None:
        self.write_message("welcome")

    def on_message(self, message: str | bytes) -> None:
        if message == "binary":
            self.write_message(b"x", binary=True)
        elif message == "ping":
            self.ping()
        else:
            self.write_message(message)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0]

    def on_finish(self) -> None:
        self.settings["ends"].put_nowait(self.close_code)


async def open_old(browser: Browser, data: bytes) -> bytes:
    assert await browser.open(data) == 101
    return await browser.reader.readexactly(16)


async def test_a_handler_that_allows_it_speaks_the_draft(io_loop: IOLoop) -> None:
    ends = asyncio.Queue[int | None]()
    async with serving(Old, ends=ends) as (_, port), connected(port) as browser:
        assert await open_old(browser, request(Sec_WebSocket_Protocol="sample")) == EXAMPLES[0][3]
        assert browser.head.startswith("HTTP/1.1 101 ")
        fields = browser.fields()
        assert fields["upgrade"] == "WebSocket"
        assert fields["sec-websocket-origin"] == "http://example.com"
        assert fields["sec-websocket-location"] == "ws://example.com/demo?a=b"
        assert fields["sec-websocket-protocol"] == "sample"

        browser.writer.write(b"\x00Hello\xff\xff\x00")

        assert await browser.reader.read() == b"\x00welcome\xff\x00Hello\xff\xff\x00"
        assert await ends.get() == 1005


async def test_the_scheme_of_the_location_can_be_overridden(io_loop: IOLoop) -> None:
    class Behind(Old):
        def get_websocket_scheme(self) -> str:
            return "wss"

    async with serving(Behind, ends=asyncio.Queue()) as (_, port), connected(port) as browser:
        await open_old(browser, request())
        assert browser.fields()["sec-websocket-location"] == "wss://example.com/demo?a=b"
        assert "sec-websocket-protocol" not in browser.fields()


@pytest.mark.parametrize("what", ["binary", "ping"])
async def test_what_the_draft_cannot_do_is_an_error_of_the_handler(
    what: str, io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Old, ends=asyncio.Queue()) as (_, port), connected(port) as browser:
        await open_old(browser, request() + b"\x00" + what.encode() + b"\xff")
        assert await browser.reader.readexactly(11) == b"\x00welcome\xff\xff\x00"
    assert "not supported by this version" in caplog.text


async def test_settings_for_pings_mean_nothing_to_the_draft(io_loop: IOLoop) -> None:
    ends = asyncio.Queue[int | None]()
    async with (
        serving(Old, ends=ends, websocket_ping_interval=0.001) as (_, port),
        connected(port) as browser,
    ):
        await open_old(browser, request())
        for number in range(50):
            browser.writer.write(b"\x00%d\xff" % number)
            await browser.reader.readuntil(b"%d\xff" % number)


async def test_a_client_that_does_not_send_the_eight_bytes_gets_no_further(
    io_loop: IOLoop,
) -> None:
    ends = asyncio.Queue[int | None]()
    async with serving(Old, ends=ends) as (_, port), connected(port) as browser:
        assert await browser.open(request(b"seven..")) == 101
        browser.writer.write_eof()
        assert await browser.reader.read() == b""
        assert await ends.get() is None


async def test_a_server_that_ends_does_not_wait_for_the_eight_bytes(io_loop: IOLoop) -> None:
    async with serving(Old, ends=asyncio.Queue()) as (server, port), connected(port) as browser:
        assert await browser.open(request(b"seven..")) == 101
        assert await server.drain(60)
        assert await browser.reader.read() == b""


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec_WebSocket_Key1": "none"}, 400),
    ],
)
async def test_a_handshake_that_is_not_right_is_refused(
    changes: dict[str, str | None], status: int, io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with serving(Old, ends=asyncio.Queue()) as (_, port), connected(port) as browser:
        assert await browser.open(request(EXAMPLES[0][2], **changes)) == status


async def test_by_default_the_draft_is_not_spoken(io_loop: IOLoop) -> None:
    async with serving(WebSocketHandler) as (_, port), connected(port) as browser:
        assert await browser.open(request(b"")) == 426


async def test_who_allows_the_draft_still_speaks_the_rfc(io_loop: IOLoop) -> None:
    async with serving(Old, ends=asyncio.Queue()) as (_, port), talking(port) as browser:
        assert await browser.text() == "welcome"
