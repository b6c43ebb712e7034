"""ECDSA on the curve P-256: a key and a signature, in plain integers.

It is slow (milliseconds) and takes a time that depends on the key, which is why it is for the
throw-away keys of tests and for nothing else.

Spec: FIPS 186-5 section 6, SP 800-186 section 3.2.1.3.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

__all__ = ["PrivateKey", "multiply"]

_Point = tuple[int, int]

_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G: Final[_Point] = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _through(a: _Point, b: _Point, slope: int) -> _Point:
    """Return the sum of two points on a line with that slope."""
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _add(a: _Point, b: _Point) -> _Point:
    """Return the sum of two points, which are neither equal nor opposite."""
    return _through(a, b, (b[1] - a[1]) * pow(b[0] - a[0], -1, _P))


def _double(a: _Point) -> _Point:
    return _through(a, a, 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, _P))  # the curve's a is -3


def multiply(factor: int) -> _Point:
    """Return a multiple of the curve's base point; `factor` is from 1 to its order - 1."""
    result: _Point | None = None
    power = _G
    while factor:
        if factor & 1:
            # What was added so far is less than this power: the two are never equal.
            result = power if result is None else _add(result, power)
        power = _double(power)
        factor >>= 1
    assert result is not None
    return result


class PrivateKey:
    """A new key.

    `secret` is its number in 32 bytes, `public` the point that belongs to it, uncompressed.
    """

    def __init__(self) -> None:
        self._number = secrets.randbelow(_N - 1) + 1
        x, y = multiply(self._number)
        self.secret = self._number.to_bytes(32, "big")
        self.public = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def sign(self, message: bytes) -> tuple[int, int]:
        """Return the signature of a message with SHA-256: r and s."""
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        nonce = secrets.randbelow(_N - 1) + 1
        r = multiply(nonce)[0] % _N
        # That r or s is 0 has a probability of one in 2**255.
        return r, pow(nonce, -1, _N) * (digest + r * self._number) % _N
