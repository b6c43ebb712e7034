"""Masking: the XOR of a payload with four bytes that are repeated.

Python has no XOR of bytes, but one of integers of any size: measured, it beats `bytes.translate`
and everything else in the standard library. Up to a short frame's 125 bytes the repetition is a
multiplication with a constant; above, pieces that stay in the processor's cache. `_speedups` does
the same in C, for a fortieth of that, where it could be compiled.

Spec: RFC 6455 section 5.3.
"""

from __future__ import annotations

import os
from typing import Final

SHORT: Final = 125
"""The most bytes that the tables below serve: the payload of a frame with a short header."""

REPEAT: Final = tuple(sum(1 << (32 * i) for i in range(count)) for count in range(34))
"""By count of words: a 32-bit number times this is the number, repeated."""

KEEP: Final = tuple((1 << (8 * size)) - 1 for size in range(SHORT + 5))
"""By count of bytes: an integer with these bits set."""

_PIECE: Final = 4096
"""Bytes that are XORed at a time: 1.4 ns for each, where one integer of a MiB costs 3.1."""

_POOL_SIZE: Final = 64
"""Masks that are drawn from the system's random source at a time: a call for each costs more than
the masking of a short frame."""


def mask_in_python(data: bytes, mask: bytes, /) -> bytes:
    """Return `data` XORed with the four bytes of `mask`, repeated: masks and unmasks.

    Spec: RFC 6455 section 5.3.
    """
    size = len(data)
    if size <= _PIECE:
        words = (size + 3) >> 2
        key = int.from_bytes(mask * words, "little")
        return (int.from_bytes(data, "little") ^ key).to_bytes(words << 2, "little")[:size]
    key = int.from_bytes(mask * (_PIECE >> 2), "little")
    whole = size - size % _PIECE
    pieces = [
        (int.from_bytes(data[at : at + _PIECE], "little") ^ key).to_bytes(_PIECE, "little")
        for at in range(0, whole, _PIECE)
    ]
    if whole < size:
        pieces.append(mask_in_python(data[whole:], mask))
    return b"".join(pieces)


try:
    from ._speedups import apply_mask as apply_mask  # said twice, it is exported
except ImportError:  # pragma: no cover  # whether it is compiled depends on the machine
    apply_mask = mask_in_python


def rotate_mask(mask: bytes, count: int) -> bytes:
    """Return the mask for what follows after `count` bytes."""
    shift = count & 3
    return mask[shift:] + mask[:shift]


class MaskSource:
    """Draws masks that nobody can predict, for one connection: a peer that sees the masks of its
    own knows nothing of those of another, in a forked process either.

    Spec: RFC 6455 section 10.3.
    """

    __slots__ = ("_pool", "_position")

    def __init__(self) -> None:
        self._pool = b""
        self._position = 0

    def next_mask(self) -> bytes:
        """Return four bytes."""
        position = self._position
        if position == len(self._pool):
            self._pool = os.urandom(4 * _POOL_SIZE)
            position = 0
        self._position = position + 4
        return self._pool[position : position + 4]
