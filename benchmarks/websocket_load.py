"""The load of the WebSocket scenarios: `websocket_load.py PORT KIND SECONDS`; prints the echoes.

It costs next to nothing, and the same for every server: raw sockets, frames that were masked and
compressed before, echoes that are counted by their length. All connections get their messages, then
all echoes are awaited, and so on. The first echo of each connection is compared byte by byte.
"""

from __future__ import annotations

import json
import socket
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

MASK = bytes.fromhex("9ad13b72")
TAIL = b"\x00\x00\xff\xff"
CONNECT_SECONDS = 20.0

BINARY, COMPRESSED_TEXT = 0x82, 0xC1


def frame(first: int, payload: bytes) -> bytes:
    """Return a client's frame."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    mask = (MASK * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + MASK + number.to_bytes(size, "big")


def deflated(text: bytes) -> bytes:
    """Compress a message without regard to those before it, which is always permitted."""
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def some_json(size: int) -> bytes:
    """Return a text of about this size, as dull as what applications send."""
    rows = [
        {
            "id": 1000 + i,
            "name": f"reader {i * 7919 % 211}",
            "price": i * 31 % 97 / 4,
            "in_stock": True,
        }
        for i in range(size // 60)
    ]
    return json.dumps(rows).encode()


@dataclass(frozen=True, slots=True)
class Kind:
    """What is sent: `at_once` messages on each of `connections`, then their echoes are awaited."""

    message: bytes
    connections: int
    at_once: int = 1
    compressed: bool = False

    @property
    def sent(self) -> bytes:
        """What one turn sends on a connection."""
        if self.compressed:
            return frame(COMPRESSED_TEXT, deflated(self.message)) * self.at_once
        return frame(BINARY, self.message) * self.at_once


KINDS: dict[str, Callable[[], Kind]] = {
    "small": lambda: Kind(b"x" * 32, 64),
    "pipelined": lambda: Kind(b"x" * 32, 16, at_once=64),
    "large": lambda: Kind(b"x" * (1 << 20), 4),
    "compressed": lambda: Kind(some_json(1200), 16, at_once=16, compressed=True),
}


def connect(port: int, compressed: bool) -> socket.socket:
    """Return a connection on which the handshake is over."""
    sock = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n" * compressed
    path = "/deflate" if compressed else "/"
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\n{offer}\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)  # so that nothing of the frames is taken
        if not piece:
            raise SystemExit(f"the handshake failed: {head!r}")
        head += piece
    agreed = b"permessage-deflate" in head.lower()
    if b" 101 " not in head[:16] or agreed is not compressed:
        raise SystemExit(f"another answer was expected: {head!r}")
    return sock


class Echoes:
    """Takes the echoes of one turn from a connection."""

    def __init__(self, sock: socket.socket, kind: Kind) -> None:
        self._sock = sock
        self._kind = kind
        self._buffer = bytearray(1 << 21)
        self._view = memoryview(self._buffer)
        # An echo that is not compressed has the same size each time.
        self._size = len(kind.sent) - 4 * kind.at_once

    def check(self) -> None:
        """Send one turn, and compare all echoes with what was sent."""
        kind = self._kind
        self._sock.sendall(kind.sent)
        inflate = zlib.decompressobj(wbits=-15)
        held = b""
        for _ in range(kind.at_once):
            while (end := _frame_end(held, 0)) < 0 or end > len(held):
                held += self._some(1 << 20)
            short = held[1]
            start = 2 if short < 126 else 4 if short == 126 else 10
            payload, first, held = held[start:end], held[0], held[end:]
            if first & 0x40:
                payload = inflate.decompress(payload + TAIL)
            if payload != kind.message:
                raise SystemExit(f"the echo is another: {payload[:60]!r}")

    def take(self) -> None:
        """Wait for the echoes of one turn, and look at nothing but their length."""
        if self._kind.compressed:
            self._take_frames()
            return
        missing = self._size
        while missing:
            received = self._sock.recv_into(self._view, missing if missing < 1 << 21 else 1 << 21)
            if not received:
                raise SystemExit("the server closed the connection")
            missing -= received

    def _take_frames(self) -> None:
        missing = self._kind.at_once
        held = b""
        while missing:
            held += self._some(65536)
            position = 0
            while missing and 0 <= (end := _frame_end(held, position)) <= len(held):
                position = end
                missing -= 1
            held = held[position:]

    def _some(self, most: int) -> bytes:
        received = self._sock.recv(most)
        if not received:
            raise SystemExit("the server closed the connection")
        return received


def _frame_end(held: bytes, position: int) -> int:
    """Return where a server's frame ends, or -1 if that has not come yet."""
    if len(held) < position + 2:
        return -1
    size = held[position + 1]
    if size < 126:
        return position + 2 + size
    width = 2 if size == 126 else 8
    start = position + 2 + width
    if len(held) < start:
        return -1
    return start + int.from_bytes(held[start - width : start], "big")


def run(port: int, kind: Kind, seconds: float) -> int:
    """Load a server for some time; return how many messages it echoed."""
    sockets = [connect(port, kind.compressed) for _ in range(kind.connections)]
    readers = [Echoes(sock, kind) for sock in sockets]
    for reader in readers:
        reader.check()
    sent = kind.sent
    turns = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for sock in sockets:
            sock.sendall(sent)
        for reader in readers:
            reader.take()
        turns += 1
    for sock in sockets:
        sock.close()
    return turns * kind.connections * kind.at_once


if __name__ == "__main__":
    print(run(int(sys.argv[1]), KINDS[sys.argv[2]](), float(sys.argv[3])))
