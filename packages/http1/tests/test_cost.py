"""Cost grows with what is received, not faster: input that drips in, many chunks, many repeats.

Times are compared with each other, in CPU seconds of this process; a quadratic reader exceeds the
factor here more than twice over. The least of several measurements counts, of both sizes in turn,
so that it is the cost of the code: whatever else the machine does only adds to some of them.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable

import pytest

from ostro.http1 import (
    NEED_DATA,
    PAUSED,
    Data,
    Limits,
    RemoteProtocolError,
    ServerCodec,
)
from ostro.httputil import HTTPHeaders

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
WIDE = Limits(
    max_start_line_bytes=1 << 30,
    max_head_bytes=1 << 30,
    max_fields=1 << 30,
    max_body_bytes=1 << 30,
    max_chunk_extension_bytes=1 << 30,
    max_chunk_extensions_bytes=1 << 30,
    max_trailer_bytes=1 << 30,
    max_trailer_fields=1 << 30,
)


def drain(codec: ServerCodec) -> int:
    """Take all events and return the bytes of body among them."""
    size = 0
    while (event := codec.next_event()) is not NEED_DATA and event is not PAUSED:
        if isinstance(event, Data):
            size += len(event.data)
    return size


def consume(pieces: Iterable[bytes]) -> int:
    codec = ServerCodec(WIDE)
    size = 0
    for piece in pieces:
        codec.receive(piece)
        size += drain(codec)
    return size


MEASUREMENTS = 30
"""How often a cost is measured at most, before it is believed to be too high."""


def ratio(work: Callable[[int], object], small: int, large: int) -> float:
    """Return how many times the cost of `small` that of `large` is."""
    of_small = of_large = 1e9
    for measurement in range(MEASUREMENTS):
        of_small = min(of_small, seconds(work, small))
        of_large = min(of_large, seconds(work, large))
        if measurement >= 2 and of_large < LIMIT * max(of_small, 1e-4):
            break
    return of_large / max(of_small, 1e-4)


def seconds(work: Callable[[int], object], size: int) -> float:
    gc.collect()
    start = time.process_time()
    work(size)
    return time.process_time() - start


LIMIT = 30
"""What is eight times as large costs less than this many times as much: 8 when the cost is linear,
64 when it is quadratic."""


def octets(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


GROWING: dict[str, Callable[[int], list[bytes]]] = {
    "dripped_target": lambda n: octets(b"GET /" + b"a" * n),
    "dripped_value": lambda n: octets(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * n),
    "dripped_fields": lambda n: octets(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * (n // 6)),
    "dripped_chunk_extension": lambda n: [CHUNKED, *octets(b"1;" + b"a" * n)],
    "dripped_trailer": lambda n: [CHUNKED + b"0\r\n", *octets(b"A: " + b"b" * n)],
    "dripped_data": lambda n: [CHUNKED + b"%x\r\n" % n, *octets(b"x" * n)],
    "dripped_chunks": lambda n: [CHUNKED, *octets(b"1\r\nx\r\n" * (n // 6))],
    "repeated_fields": lambda n: [b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * n + b"\r\n"],
    "fields_of_different_names": lambda n: [
        b"GET / HTTP/1.1\r\nHost: a\r\n"
        + b"".join(b"A%d: b\r\n" % number for number in range(n))
        + b"\r\n"
    ],
    "spaces": lambda n: [b"GET / HTTP/1.1\r\nHost: a\r\nA:" + b" " * 10 * n + b"b\r\n\r\n"],
    "spaces_to_an_error": lambda n: [b"GET / HTTP/1.1\r\nHost: a\r\nA:" + b" " * 10 * n],
    "pipelined": lambda n: [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * (n // 6)],
    "one_byte_chunks": lambda n: [CHUNKED + b"1\r\nx\r\n" * n],
    "quoted_extension": lambda n: [CHUNKED + b'1;a="' + b"\\a" * 10 * n + b'"\r\n'],
}


@pytest.mark.parametrize("pieces", GROWING.values(), ids=GROWING)
def test_cost_is_linear(pieces: Callable[[int], list[bytes]]) -> None:
    made = {size: pieces(size) for size in (2_000, 16_000)}

    assert ratio(lambda size: consume(made[size]), 2_000, 16_000) < LIMIT


def test_a_field_that_fails_late_is_refused_in_linear_time() -> None:
    def refuse(size: int) -> None:
        codec = ServerCodec(WIDE)
        codec.receive(b"GET / HTTP/1.1\r\n" + b"A:" + b" \t" * size + b"\0\r\n\r\n")
        with pytest.raises(RemoteProtocolError):
            codec.next_event()

    assert ratio(refuse, 50_000, 400_000) < LIMIT


def test_a_million_one_byte_chunks_are_read_in_bounded_memory() -> None:
    read = b"1\r\nx\r\n" * 10_000
    codec = ServerCodec()
    codec.receive(CHUNKED)
    drain(codec)
    size = 0
    for _ in range(99):
        codec.receive(read)
        size += drain(codec)
    tracemalloc.start()
    try:
        codec.receive(read)
        size += drain(codec)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size == 1_000_000
    assert peak < 500_000


def test_an_upload_is_read_in_constant_memory() -> None:
    codec = ServerCodec(WIDE)
    codec.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (1 << 28))
    codec.next_event()
    read = b"x" * 65536
    tracemalloc.start()
    try:
        size = 0
        for _ in range(1 << 12):
            codec.receive(read)
            size += drain(codec)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size == 1 << 28
    assert peak < 100_000


def test_an_idle_connection_holds_no_bytes_of_what_it_has_read() -> None:
    codec = ServerCodec()
    codec.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000)
    drain(codec)
    codec.send_head(200, "OK", HTTPHeaders(), b"", end=True)
    codec.start_next_cycle()

    assert codec.unread_size == 0
    assert b"x" * 60000 not in gc.get_referents(*gc.get_referents(codec))
