"""What breaks the protocol, sent to a running server and to the client: the right code comes back.

Each line is one of the weaknesses that other implementations had. How the protocol takes each in
every cut of its bytes is in `test_violations`, `test_deflate` and `test_limits`.
"""

import asyncio
import functools
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import Close, Role, WebSocketHandler, WebSocketProtocol, websocket_connect
from ostro.websocket._deflate import DeflateAgreement

from .browser import serving, talking
from .servers import RawServer, accepting
from .support import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

LIMIT = 1000


def compressed(data: bytes) -> bytes:
    """Return what a message of these bytes is on the wire."""
    context = zlib.compressobj(wbits=-15)
    return (context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


@functools.cache
def violations(to: Role) -> dict[str, tuple[bytes, int]]:
    """Return what the end in the role `to` must not be sent, and the code that it answers."""
    server = to is Role.SERVER
    mask_bit = 0x80 if server else 0
    return {
        "a mask on the wrong side": (frame(TEXT, b"x", to=to, masked=not server), 1002),
        "a length of 16 bits for 125 bytes": (frame(TEXT, b"x" * 125, to=to, length=3), 1002),
        "a length of 64 bits for 126 bytes": (frame(TEXT, b"x" * 126, to=to, length=9), 1002),
        "a length of 2 ** 63": (bytes([0x82, mask_bit | 127, 0x80]) + bytes(11), 1002),
        "RSV1 on a ping": (frame(PING, b"x", to=to, rsv=4), 1002),
        "RSV1 on a continuation": (
            frame(TEXT, b"x", to=to, fin=False) + frame(CONTINUATION, b"x", to=to, rsv=4),
            1002,
        ),
        "RSV2": (frame(TEXT, b"x", to=to, rsv=2), 1002),
        "RSV3": (frame(TEXT, b"x", to=to, rsv=1), 1002),
        "a reserved data frame": (frame(3, b"x", to=to), 1002),
        "a reserved control frame": (frame(11, b"x", to=to), 1002),
        "a fragmented ping": (frame(PING, b"x", to=to, fin=False), 1002),
        "a fragmented close": (frame(CLOSE, b"\x03\xe8", to=to, fin=False), 1002),
        "a ping of 126 bytes": (frame(PING, b"x" * 126, to=to), 1002),
        "a pong of 126 bytes": (frame(PONG, b"x" * 126, to=to), 1002),
        "a close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 124, to=to), 1002),
        "a continuation of nothing": (frame(CONTINUATION, b"x", to=to), 1002),
        "a message within a message": (
            frame(TEXT, b"x", to=to, fin=False) + frame(TEXT, b"x", to=to),
            1002,
        ),
        "text that is not UTF-8": (frame(TEXT, b"\xff", to=to), 1007),
        "text that is not UTF-8 in a fragment": (
            frame(TEXT, "ä".encode()[:1], to=to, fin=False)
            + frame(CONTINUATION, b"x", to=to, fin=False),
            1007,
        ),
        "text that is not UTF-8 at the start of a frame": (
            frame(BINARY, b"", to=to) + frame(TEXT, b"\xffx" * 400, to=to)[:40],
            1007,
        ),
        "a close of one byte": (frame(CLOSE, b"\x03", to=to), 1002),
        **{
            f"a close with {code}": (frame(CLOSE, code.to_bytes(2, "big"), to=to), 1002)
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        },
        "a reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff", to=to), 1007),
        "a message that is too long": (frame(BINARY, b"x" * (LIMIT + 1), to=to)[:14], 1009),
        "fragments that are too long": (
            frame(BINARY, b"x" * LIMIT, to=to, fin=False) + frame(CONTINUATION, b"x", to=to),
            1009,
        ),
        "corrupt compressed data": (frame(TEXT, b"\xff" * 9, to=to, rsv=4), 1007),
        "a bomb": (frame(TEXT, compressed(bytes(1 << 20)), to=to, rsv=4), 1009),
        "a bomb in fragments": (
            frame(TEXT, compressed(bytes(1 << 20))[:200], to=to, rsv=4, fin=False),
            1009,
        ),
        "compressed text that is not UTF-8": (
            frame(TEXT, compressed(b"\xff"), to=to, rsv=4),
            1007,
        ),
    }


class Deflated(WebSocketHandler):
    closings: "asyncio.Queue[int | None]"

    def initialize(self, closings: "asyncio.Queue[int | None]") -> None:
        self.closings = closings

    def get_compression_options(self) -> dict[str, object]:
        return {}

    def on_message(self, message: str | bytes) -> None:
        """Take it."""

    def on_close(self) -> None:
        self.closings.put_nowait(self.close_code)


@pytest.mark.parametrize("what", violations(Role.SERVER))
async def test_a_server_answers_with_the_code_and_closes(what: str, io_loop: IOLoop) -> None:
    data, code = violations(Role.SERVER)[what]
    closings: asyncio.Queue[int | None] = asyncio.Queue()
    async with (
        serving(Deflated, kwargs={"closings": closings}, websocket_max_message_size=LIMIT) as (
            _,
            port,
        ),
        talking(port, Sec_WebSocket_Extensions="permessage-deflate") as browser,
    ):
        browser.writer.write(data)

        assert (await browser.next())[:2] == ("close", code)
        assert await browser.next() == ("end",)
        assert await closings.get() == 1006


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    """Run a server that agrees to compress, and says what it is told."""
    extensions = "Sec-WebSocket-Extensions: permessage-deflate"
    async with RawServer(lambda accept: accepting(accept, extensions)) as server:
        yield server


@pytest.mark.parametrize("what", violations(Role.CLIENT))
async def test_a_client_answers_with_the_code_and_closes(what: str, io_loop: IOLoop) -> None:
    data, code = violations(Role.CLIENT)[what]
    async with raw_server() as server:
        connection = await websocket_connect(
            server.url, compression_options={}, max_message_size=LIMIT
        )
        assert server.writer is not None
        server.writer.write(data)
        messages = [message async for message in connection]
        await server.lost.wait()
        await connection.wait_closed()

    assert connection.close_code == 1006
    assert messages in ([], [b""])
    (close,) = WebSocketProtocol(Role.SERVER, DeflateAgreement()).receive(bytes(server.received))
    assert isinstance(close, Close)
    assert close.code == code


@pytest.mark.parametrize("reserved", [1, 2, 4])
async def test_reserved_bits_need_an_extension(reserved: int, io_loop: IOLoop) -> None:
    closings: asyncio.Queue[int | None] = asyncio.Queue()
    async with (
        serving(Deflated, kwargs={"closings": closings}) as (_, port),
        talking(port) as browser,
    ):
        browser.writer.write(frame(TEXT, b"x", to=Role.SERVER, rsv=reserved))

        assert (await browser.next())[:2] == ("close", 1002)


async def test_a_ping_between_compressed_fragments_is_answered(io_loop: IOLoop) -> None:
    closings: asyncio.Queue[int | None] = asyncio.Queue()
    text = compressed(b"Hello")
    async with (
        serving(Deflated, kwargs={"closings": closings}) as (_, port),
        talking(port, Sec_WebSocket_Extensions="permessage-deflate") as browser,
    ):
        browser.writer.write(frame(TEXT, text[:3], to=Role.SERVER, rsv=4, fin=False))
        browser.writer.write(frame(PING, b"there?", to=Role.SERVER))
        browser.writer.write(frame(CONTINUATION, text[3:], to=Role.SERVER))
        browser.close()

        assert await browser.next() == ("pong", b"there?")
        assert await browser.next() == ("close", 1000, "")


@pytest.mark.parametrize(
    ("offer", "accepted"),
    [
        ("permessage-deflate; server_max_window_bits=8", "server_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
        ("permessage-deflate; server_max_window_bits=99", None),
        ("permessage-deflate; server_max_window_bits=7", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=x", None),
        ("permessage-deflate; server_max_window_bits=09", None),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; unknown", None),
        ("x-webkit-deflate-frame", None),
    ],
)
async def test_parameters_of_compression_work_or_are_declined(
    offer: str, accepted: str | None, io_loop: IOLoop
) -> None:
    closings: asyncio.Queue[int | None] = asyncio.Queue()
    async with (
        serving(Deflated, kwargs={"closings": closings}) as (_, port),
        talking(port, Sec_WebSocket_Extensions=offer) as browser,
    ):
        answer = browser.fields().get("sec-websocket-extensions")

    assert answer == (None if accepted is None else f"permessage-deflate; {accepted}")
