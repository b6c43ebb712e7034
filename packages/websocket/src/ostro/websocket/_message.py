"""A message that comes in pieces, and the check that text is UTF-8 as far as it has come.

The bytes are kept in one buffer: a message of a million fragments costs what one of a single frame
does.

Spec: RFC 6455 sections 5.4 and 8.1.
"""

from __future__ import annotations

import codecs
from io import BytesIO
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


class Message:
    """A message of which some bytes have come, and more are to come."""

    __slots__ = ("_buffer", "_undecided", "compressed", "size", "text")

    def __init__(self, text: bool, compressed: bool) -> None:
        self.text = text
        self.compressed = compressed
        # Bytes that have come, decompressed.
        self.size = 0
        self._buffer = BytesIO()
        # The first bytes of a character whose others have not come; at most three.
        self._undecided = b""

    def add(self, data: bytes) -> None:
        """Take the next bytes.

        Raises ProtocolViolation at the first byte that no text in UTF-8 can have there.
        """
        self.size += len(data)
        self._buffer.write(data)
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
        data = self._buffer.getvalue()
        return decode(data) if self.text else data
