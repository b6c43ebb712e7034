"""Bytes received and not yet read.

Owns the bytes and how far they have been looked at; knows no message. Most reads hold whole
messages, so a read into an empty buffer is kept by reference; only what is cut in the middle is
copied, once, into a bytearray.
"""

from __future__ import annotations

from ._grammar import BROKEN_LINE
from .errors import RemoteProtocolError


class ReceiveBuffer:
    """The unread bytes: `data[position:]`. `data` is empty whenever nothing is unread.

    `scanned` is the index before which no delimiter was found, so that input that drips in is
    searched once.
    """

    __slots__ = ("at_eof", "data", "position", "scanned")

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        self.position = 0
        self.scanned = 0
        self.at_eof = False

    def __len__(self) -> int:
        return len(self.data) - self.position

    def append(self, data: bytes) -> None:
        """Add `data` after what is unread, of which there is some."""
        unread = self.data
        if type(unread) is bytearray:
            if self.position:
                del unread[: self.position]
        else:
            unread = bytearray(memoryview(unread)[self.position :])
        self.scanned = max(self.scanned - self.position, 0)
        self.position = 0
        unread += data
        self.data = unread

    def advance(self, position: int) -> None:
        """Count what stands before index `position` as read."""
        if position == len(self.data):
            self.data = b""
            self.position = self.scanned = 0
        else:
            self.position = position

    def take(self, limit: int) -> bytes:
        """Read at most `limit` bytes: without copying, where they are a whole read."""
        data = self.data
        start = self.position
        end = len(data)
        if start == 0 and end <= limit and type(data) is bytes:
            piece = data
        else:
            end = min(end, start + limit)
            piece = bytes(memoryview(data)[start:end])
        self.advance(end)
        return piece

    def find(self, delimiter: bytes) -> int:
        """Return the index of `delimiter` in the unread bytes, -1 when it is not there yet.

        Only bytes that no earlier call has looked at are searched. Raises RemoteProtocolError as
        soon as these hold what cannot stand in a line, as their sender might wait for an answer.
        """
        data = self.data
        seen = max(self.scanned, self.position)
        index = data.find(delimiter, max(self.position, seen - len(delimiter) + 1))
        if index < 0:
            # One byte is looked at again: a CR that came last.
            broken = BROKEN_LINE.search(data, max(self.position, seen - 1))
            if broken is not None:
                raise RemoteProtocolError(_describe_broken(data[broken.start()]))
            self.scanned = len(data)
        return index


def _describe_broken(octet: int) -> str:
    if octet == 10:
        return "a line ends in LF alone, expected CRLF"
    if octet == 13:
        return "a CR stands without its LF"
    return f"control byte 0x{octet:02x} in a line"
