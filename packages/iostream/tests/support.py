"""Connected pairs of streams of every kind, certificates, and receivers that take notes."""

import asyncio
import functools
import os
import select
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import trustme

from ostro.ioloop import IOLoop
from ostro.iostream import BaseIOStream, IOStream, PipeIOStream, SSLIOStream

HOSTNAME = "server.example"

KERNEL_BUFFER_SIZE = 200_000
"""Bytes for which the kernel is asked in each direction. It takes twice as many, where it would
otherwise take as many as it likes: more than 30 MB with the settings of some systems."""


@dataclass(frozen=True)
class Options:
    """The limits of a stream under test."""

    max_buffer_size: int | None = 104857600
    read_chunk_size: int | None = 65536
    max_write_buffer_size: int | None = None


DEFAULTS = Options()


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(HOSTNAME, "127.0.0.1").configure_cert(context)
    return context


@functools.cache
def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context


def plain_pair(
    io_loop: IOLoop, first: Options = DEFAULTS, second: Options = DEFAULTS
) -> tuple[IOStream, IOStream]:
    """Two connected streams over TCP, so that resets are what they are in real life."""
    one, other = tcp_sockets()
    return (
        IOStream(
            one,
            io_loop,
            first.max_buffer_size,
            first.read_chunk_size,
            max_write_buffer_size=first.max_write_buffer_size,
        ),
        IOStream(
            other,
            io_loop,
            second.max_buffer_size,
            second.read_chunk_size,
            max_write_buffer_size=second.max_write_buffer_size,
        ),
    )


def tls_pair(
    io_loop: IOLoop, client: Options = DEFAULTS, server: Options = DEFAULTS
) -> tuple[SSLIOStream, SSLIOStream]:
    one, other = tcp_sockets()
    return (
        SSLIOStream(
            one,
            io_loop,
            client.max_buffer_size,
            client.read_chunk_size,
            max_write_buffer_size=client.max_write_buffer_size,
            ssl_options=client_context(),
            server_hostname=HOSTNAME,
        ),
        SSLIOStream(
            other,
            io_loop,
            server.max_buffer_size,
            server.read_chunk_size,
            max_write_buffer_size=server.max_write_buffer_size,
            ssl_options=server_context(),
            server_side=True,
        ),
    )


def pipe_pair(
    io_loop: IOLoop, writer: Options = DEFAULTS, reader: Options = DEFAULTS
) -> tuple[PipeIOStream, PipeIOStream]:
    reading, writing = os.pipe()
    return (
        PipeIOStream(
            writing,
            io_loop,
            writer.max_buffer_size,
            writer.read_chunk_size,
            max_write_buffer_size=writer.max_write_buffer_size,
        ),
        PipeIOStream(
            reading,
            io_loop,
            reader.max_buffer_size,
            reader.read_chunk_size,
            max_write_buffer_size=reader.max_write_buffer_size,
        ),
    )


class Channels:
    """Makes pairs of one kind, (writer, reader), and closes all of them in the end."""

    def __init__(self, kind: str, io_loop: IOLoop) -> None:
        self.kind = kind
        self._io_loop = io_loop
        self._streams: list[BaseIOStream] = []

    def pair(
        self, writer: Options = DEFAULTS, reader: Options = DEFAULTS
    ) -> tuple[BaseIOStream, BaseIOStream]:
        streams: tuple[BaseIOStream, BaseIOStream]
        if self.kind == "plain":
            streams = plain_pair(self._io_loop, writer, reader)
        elif self.kind == "tls":
            streams = tls_pair(self._io_loop, writer, reader)
        else:
            streams = pipe_pair(self._io_loop, writer, reader)
        self._streams.extend(streams)
        return streams

    async def ready_pair(
        self, writer: Options = DEFAULTS, reader: Options = DEFAULTS
    ) -> tuple[BaseIOStream, BaseIOStream]:
        """Return a pair that has its handshake behind it."""
        streams = self.pair(writer, reader)
        for stream in streams:
            if isinstance(stream, SSLIOStream):
                await stream.wait_for_handshake()
        return streams

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


def tcp_sockets() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets between which the kernel keeps far less than a megabyte."""
    client = socket.socket()
    with socket.create_server(("127.0.0.1", 0)) as server:
        for sock in (client, server):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_SIZE)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_SIZE)
        client.connect(server.getsockname())
        accepted, _ = server.accept()
    return client, accepted


def reset(sock: socket.socket) -> None:
    """Close the socket so that the peer gets a reset instead of an end of file."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def turns(number: int = 6) -> None:
    """Let the loop go round a few times, in which what was put off happens.

    What was sent may arrive meanwhile, or later: nothing may depend on that.
    """
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nobody tells of."""
    while not condition():  # noqa: ASYNC110 - that is the point
        await asyncio.sleep(0)


async def arrived(stream: BaseIOStream) -> None:
    """Wait until the kernel has something for a stream that does not read."""
    await until(lambda: select.select([stream.fileno()], [], [], 0)[0])


async def until_stuck(stream: BaseIOStream) -> int:
    """Wait until nothing leaves the stream any more; return the number of bytes that have left."""
    before = -1
    while stream.bytes_sent != before:
        before = stream.bytes_sent
        await turns(200)
    return before


@dataclass
class Notes:
    """A receiver that writes down what it is told."""

    data: bytearray = field(default_factory=bytearray)
    events: list[str] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self.data += data
        self._note("data")

    def eof_received(self) -> None:
        self._note("eof")

    def drained(self) -> None:
        self._note("drained")

    def connection_lost(self, error: BaseException | None) -> None:
        self.errors.append(error)
        self._note("lost")

    def _note(self, event: str) -> None:
        if not self.events or self.events[-1] != event or event != "data":
            self.events.append(event)
        self.changed.set()

    async def until(self, event: str) -> None:
        """Wait for an event that may have happened already."""
        while event not in self.events:
            self.changed.clear()
            await self.changed.wait()

    async def until_received(self, size: int) -> None:
        while len(self.data) < size:
            self.changed.clear()
            await self.changed.wait()
