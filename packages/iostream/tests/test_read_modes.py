"""The pending reads by themselves: bytes in, results out, no stream."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.iostream._reads import (
    AtMost,
    Exactly,
    Into,
    Read,
    Streamed,
    StreamedUntilClose,
    UntilClose,
    UntilDelimiter,
    UntilRegex,
    take,
)

LIMIT = 1 << 20


def feed_dripped(read: Read[bytes], data: bytes, sizes: list[int]) -> tuple[bytes | None, bytes]:
    """Feed the data in pieces of the given sizes; return the result and what is left."""
    results: list[bytes] = []
    read.callback = results.append
    read.run = lambda callback, value: callback(value)
    buffer = bytearray()
    done = False
    for size in [*sizes, len(data)]:
        buffer += data[:size]
        data = data[size:]
        done = done or read.feed(buffer)
    return (results[0] if done else None), bytes(buffer)


pieces = st.lists(st.integers(0, 5), max_size=20)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60), delimiter=st.binary(min_size=1, max_size=3), sizes=pieces)
def test_delimiter_is_found_wherever_the_bytes_are_split(
    data: bytes, delimiter: bytes, sizes: list[int]
) -> None:
    line, found, rest = data.partition(delimiter)

    result, left = feed_dripped(UntilDelimiter(LIMIT, delimiter, None), data, sizes)

    if found:
        assert (result, left) == (line + delimiter, rest)
    else:
        assert (result, left) == (None, data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60), size=st.integers(0, 70), sizes=pieces)
def test_number_of_bytes_is_exact_wherever_the_bytes_are_split(
    data: bytes, size: int, sizes: list[int]
) -> None:
    result, left = feed_dripped(Exactly(LIMIT, size), data, sizes)

    if size <= len(data):
        assert (result, left) == (data[:size], data[size:])
    else:
        assert (result, left) == (None, data)


@pytest.mark.parametrize("size", [0, 1, 3, 5])
def test_take_cuts_the_beginning_off(size: int) -> None:
    buffer = bytearray(b"abcde")

    assert take(buffer, size) == b"abcde"[:size]
    assert buffer == b"abcde"[size:]


class Searched(bytearray):
    """A buffer that counts the bytes in which something is looked for."""

    bytes_seen = 0

    def find(self, sub: object, start: object = 0, *end: object) -> int:
        assert isinstance(sub, bytes)
        assert isinstance(start, int)
        self.bytes_seen += len(self) - start
        return super().find(sub, start)


def test_no_byte_is_searched_again_and_again_as_more_drip_in() -> None:
    read = UntilDelimiter(5_000, b"\r\n\r\n", None)
    buffer = Searched()

    for _ in range(4_000):
        buffer += b"\r"
        read.feed(buffer)

    assert len(buffer) <= buffer.bytes_seen <= 4 * len(buffer)  # the delimiter has four bytes


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (UntilDelimiter(1, b"\n", None), r"read_until(b'\n')"),
        (UntilRegex(1, re.compile(b"x+"), None), "read_until_regex(b'x+')"),
        (Exactly(1, 5), "read_bytes(5)"),
        (AtMost(1, 5), "read_bytes(5, partial=True)"),
        (Streamed(1, 5, print), "read_bytes with a streaming callback, 5 bytes to come"),
        (StreamedUntilClose(1, print), "read_until_close with a streaming callback"),
        (UntilClose(1), "read_until_close()"),
        (Into(memoryview(bytearray(5)), False), "read_into(a buffer of 5 bytes)"),
    ],
    ids=str,
)
def test_a_read_says_what_it_waits_for(read: Read[bytes] | Read[int], text: str) -> None:
    assert repr(read) == text
