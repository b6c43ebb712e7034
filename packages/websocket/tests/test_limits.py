"""Limits, on both sides of them, and what a hostile peer can make this end spend."""

import time
import tracemalloc
import zlib

import pytest

from ostro.websocket import Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement

from .support import (
    BINARY,
    BOTH_ROLES,
    CONTINUATION,
    TEXT,
    describe,
    events,
    frame,
    seen_in_every_cut,
)

both_roles = pytest.mark.parametrize("role", BOTH_ROLES)

TOO_BIG = ("failure", 1009)


@both_roles
@pytest.mark.parametrize("limit", [0, 1, 125, 126, 65536])
def test_a_message_may_be_as_long_as_the_limit_and_no_longer(limit: int, role: Role) -> None:
    payload = b"x" * (limit + 1)

    def seen(size: int) -> list[tuple[object, ...]]:
        protocol = WebSocketProtocol(role, max_message_size=limit)
        return events(protocol, frame(BINARY, payload[:size], to=role))

    assert seen(limit) == [("binary", payload[:limit])]
    assert seen(limit + 1)[0][:2] == TOO_BIG


@both_roles
def test_a_message_that_is_too_big_is_refused_when_it_is_announced(role: Role) -> None:
    protocol = WebSocketProtocol(role, max_message_size=1000)
    data = frame(BINARY, b"x" * 1001, to=role)

    assert events(protocol, data[:3]) == []
    assert events(protocol, data[3:4])[0][:2] == TOO_BIG


@both_roles
def test_the_fragments_of_a_message_are_counted_together(role: Role) -> None:
    data = frame(TEXT, b"x" * 6, to=role, fin=False) + frame(CONTINUATION, b"y" * 4, to=role)
    longer = frame(TEXT, b"x" * 6, to=role, fin=False) + frame(CONTINUATION, b"y" * 5, to=role)

    assert seen_in_every_cut(data, role, max_message_size=10) == [("text", "xxxxxxyyyy")]
    assert seen_in_every_cut(longer, role, max_message_size=10)[0][:2] == TOO_BIG


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 bytes, expected 0 or more"):
        WebSocketProtocol(Role.SERVER, max_message_size=-1)


@pytest.mark.parametrize("size", [1, 2])
def test_many_tiny_fragments_take_no_more_memory_than_their_bytes(size: int) -> None:
    protocol = WebSocketProtocol(Role.CLIENT)
    count = 20_000
    data = frame(CONTINUATION, b"x" * size, to=Role.CLIENT, fin=False) * count
    protocol.receive(frame(BINARY, b"", to=Role.CLIENT, fin=False))
    tracemalloc.start()

    protocol.receive(data)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken < 3 * size * count
    assert events(protocol, frame(CONTINUATION, b"", to=Role.CLIENT)) == [
        ("binary", b"x" * size * count)
    ]


def test_what_drips_costs_no_more_in_a_large_message_than_in_a_small_one() -> None:
    drops = 500

    def seconds(size: int) -> float:
        protocol = WebSocketProtocol(Role.SERVER, max_message_size=size)
        data = WebSocketProtocol(Role.CLIENT).send_text("x" * size)
        protocol.receive(data[:-drops])
        started = time.process_time()
        for index in range(len(data) - drops, len(data) - 1):
            protocol.receive(data[index : index + 1])
        return time.process_time() - started

    # To copy what has come, with each drop, would take some hundred times as long.
    assert min(seconds(8_000_000) for _ in range(3)) < 20 * min(seconds(1000) for _ in range(3))


# Compressed messages


def compressed(payload: bytes) -> bytes:
    context = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (context.compress(payload) + context.flush(zlib.Z_SYNC_FLUSH))[:-4]


@both_roles
@pytest.mark.parametrize("fragments", [1, 2, 5])
def test_the_limit_counts_what_a_message_decompresses_to(fragments: int, role: Role) -> None:
    def seen(size: int) -> list[tuple[object, ...]]:
        data = compressed(b"x" * size)
        step = -(-len(data) // fragments)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        protocol = WebSocketProtocol(role, DeflateAgreement(), max_message_size=20000)
        stream = b""
        for index, piece in enumerate(pieces):
            stream += frame(
                CONTINUATION if index else TEXT,
                piece,
                to=role,
                rsv=0 if index else 4,
                fin=index == len(pieces) - 1,
            )
        return events(protocol, stream)

    assert seen(20000) == [("text", "x" * 20000)]
    assert seen(20001)[0][:2] == TOO_BIG


def test_a_compressed_message_may_be_longer_than_the_limit_on_the_wire() -> None:
    data = frame(BINARY, compressed(bytes(range(10))), to=Role.SERVER, rsv=4)
    protocol = WebSocketProtocol(Role.SERVER, DeflateAgreement(), max_message_size=10)

    assert events(protocol, data) == [("binary", bytes(range(10)))]


def test_a_bomb_is_not_inflated_beyond_the_limit() -> None:
    bomb = compressed(bytes(100_000_000))
    protocol = WebSocketProtocol(Role.CLIENT, DeflateAgreement(), max_message_size=100_000)
    tracemalloc.start()

    seen = events(protocol, frame(BINARY, bomb, to=Role.CLIENT, rsv=4))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert seen[0][:2] == TOO_BIG
    assert peak < 2_000_000


def test_many_small_bombs_are_inflated_a_few_at_a_time() -> None:
    agreement = DeflateAgreement(client_no_context_takeover=True)
    bomb = frame(BINARY, compressed(bytes(300_000)), to=Role.SERVER, rsv=4)
    protocol = WebSocketProtocol(Role.SERVER, agreement)

    counts = [len(protocol.receive(bomb * 10 + frame(TEXT, b"end", to=Role.SERVER)))]
    while protocol.has_more:
        counts.append(len(protocol.receive(b"")))

    assert counts == [4, 4, 3]


def test_after_the_last_of_them_there_is_no_more() -> None:
    bomb = frame(BINARY, compressed(bytes(2_000_000)), to=Role.SERVER, rsv=4)
    protocol = WebSocketProtocol(Role.SERVER, DeflateAgreement())

    assert len(protocol.receive(bomb)) == 1
    assert not protocol.has_more


def test_a_close_behind_them_ends_it_all() -> None:
    bomb = frame(BINARY, compressed(bytes(2_000_000)), to=Role.SERVER, rsv=4)
    protocol = WebSocketProtocol(Role.SERVER, DeflateAgreement())
    protocol.receive(bomb + frame(8, to=Role.SERVER) + bomb)

    assert [describe(event) for event in protocol.receive(b"")] == [("close", 1005, "")]
    assert not protocol.has_more
    assert protocol.receive(b"") == []
