"""A message that comes in pieces, and the check that text is UTF-8 as far as it has come.

Small pieces are kept together: a message of a million fragments takes the memory that one of a
single frame does.

Spec: RFC 6455 sections 5.4 and 8.1.
"""

from __future__ import annotations

import codecs
from typing import Final

from ._frames import INVALID_DATA
from .errors import ProtocolViolation

INVALID_UTF8: Final = "text that is not UTF-8"


def decode(data: bytes) -> str:
    """Return text; raises ProtocolViolation if it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolViolation(INVALID_DATA, INVALID_UTF8) from None


_LARGE_PART: Final = 4096
"""Bytes from which on a part of a message is kept as it is."""


class Message:
    """A message of which some bytes have come, and more are to come."""

    __slots__ = ("_parts", "_small", "_undecided", "compressed", "size", "text")

    def __init__(self, text: bool, compressed: bool) -> None:
        self.text = text
        self.compressed = compressed
        # Bytes that have come, decompressed.
        self.size = 0
        # What has come, in order: large parts as they are, to be copied but once; small ones
        # together, as a message may have come in millions of them.
        self._parts: list[bytes] = []
        self._small = bytearray()
        # The first bytes of a character whose others have not come; at most three.
        self._undecided = b""

    def add(self, data: bytes) -> None:
        """Take the next bytes.

        Raises ProtocolViolation at the first byte that no text in UTF-8 can have there.
        """
        self.size += len(data)
        if len(data) < _LARGE_PART:
            self._small += data
        else:
            self._gather()
            self._parts.append(data)
        # Measured, this look is six times as fast as decoding.
        if self.text and (self._undecided or not data.isascii()):
            self._check(data)

    def _check(self, data: bytes) -> None:
        data = self._undecided + data
        try:
            valid = codecs.utf_8_decode(data, "strict", False)[1]
        except UnicodeDecodeError:
            raise ProtocolViolation(INVALID_DATA, INVALID_UTF8) from None
        self._undecided = data[valid:]
        # The decoder waits for the third byte of a surrogate before it objects.
        if self._undecided[:1] == b"\xed" and self._undecided[1:] >= b"\xa0":
            raise ProtocolViolation(INVALID_DATA, INVALID_UTF8)

    def finish(self) -> str | bytes:
        """Return the message; raises ProtocolViolation if it is text, and ends in mid-character."""
        self._gather()
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        return decode(data) if self.text else data

    def _gather(self) -> None:
        if self._small:
            self._parts.append(bytes(self._small))
            self._small.clear()
