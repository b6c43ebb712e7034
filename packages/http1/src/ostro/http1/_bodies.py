"""Readers of bodies: one object for each way in which a body ends.

A reader turns the bytes of a buffer into `Data` events and an `EndOfMessage`, and guards the
limits. It is made for one message and dropped after it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from enum import Enum
from typing import Final, TypeAlias

from ostro.httputil import HTTPHeaders

from ._buffer import ReceiveBuffer
from ._events import END_OF_MESSAGE, NEED_DATA, Data, EndOfMessage, NeedData
from ._fields import explain_fields, parse_fields
from ._grammar import CHUNK_LINE, CHUNK_LINE_START, PLAIN_CHUNK_LINE, TRAILERS
from ._limits import MAX_CHUNK_SIZE_DIGITS, Limits
from .errors import IncompleteMessage, RemoteProtocolError, excerpt

BodyEvent: TypeAlias = Data | EndOfMessage | NeedData

_COALESCED_BYTES: Final = 65536
"""Bytes of small chunks that are gathered into one event at most, so that memory stays bounded."""

_COALESCED_CHUNKS: Final = 4096
"""Chunks that are gathered into one event at most: each costs 90 bytes while they are joined."""

_WINDOW_BYTES: Final = 131072
"""Bytes of a bytearray that are looked at together, in a copy."""


class BodyReader(ABC):
    """Reads one body. `received` counts its bytes, `max_body` is how many it may have."""

    __slots__ = ("max_body", "received")

    def __init__(self, max_body: int) -> None:
        self.max_body = max_body
        self.received = 0

    @abstractmethod
    def read(self, buffer: ReceiveBuffer) -> BodyEvent:
        """Return the next event. Raises RemoteProtocolError."""

    def missing(self, buffer: ReceiveBuffer) -> int | None:
        """Return how many bytes of the body have yet to arrive; None when nobody can know."""
        return None

    def check_size(self, size: int) -> None:
        """Accept a body of `size` bytes so far. Raises RemoteProtocolError (413)."""
        if size > self.max_body:
            raise RemoteProtocolError(
                f"body of {size} bytes, expected no more than {self.max_body}", 413
            )


class CountedReader(BodyReader):
    """A body whose length the head states. Spec: RFC 9112 section 6.2."""

    __slots__ = ("length",)

    def __init__(self, length: int, max_body: int) -> None:
        super().__init__(max_body)
        self.length = length

    def read(self, buffer: ReceiveBuffer) -> BodyEvent:
        # The limit is looked at before the first byte, and again should it have been changed.
        self.check_size(self.length)
        remaining = self.length - self.received
        if not remaining:
            return END_OF_MESSAGE
        if buffer.data:
            data = buffer.take(remaining)
            self.received += len(data)
            return Data(data)
        if buffer.at_eof:
            raise IncompleteMessage(
                f"connection closed after {self.received} of {self.length} bytes of the body"
            )
        return NEED_DATA

    def missing(self, buffer: ReceiveBuffer) -> int | None:
        return max(0, self.length - self.received - len(buffer))


class UntilCloseReader(BodyReader):
    """A body that ends with the connection (responses only). Spec: RFC 9112 section 6.3, item 8."""

    __slots__ = ()

    def read(self, buffer: ReceiveBuffer) -> BodyEvent:
        if buffer.data:
            self.check_size(self.received + len(buffer))
            data = buffer.take(len(buffer))
            self.received += len(data)
            return Data(data)
        return END_OF_MESSAGE if buffer.at_eof else NEED_DATA


class _Chunk(Enum):
    """What comes next in a chunked body."""

    LINE = "size and extensions"
    DATA = "data"
    DATA_END = "the CRLF after the data"
    TRAILERS = "trailer section"
    OVER = "nothing"


_LINE: Final = _Chunk.LINE
_DATA: Final = _Chunk.DATA
_DATA_END: Final = _Chunk.DATA_END
_TRAILERS: Final = _Chunk.TRAILERS
_OVER: Final = _Chunk.OVER


class ChunkedReader(BodyReader):
    """A body in chunks. Data of chunks that have arrived together is reported together.

    Spec: RFC 9112 section 7.1.
    """

    __slots__ = ("_expecting", "_extension_bytes", "_limits", "_remaining", "_trailers")

    def __init__(self, limits: Limits, max_body: int) -> None:
        super().__init__(max_body)
        self._limits = limits
        self._expecting = _LINE
        # Bytes of the chunk at hand that are still to come.
        self._remaining = 0
        # Bytes of the extensions of all chunks so far.
        self._extension_bytes = 0
        self._trailers: HTTPHeaders | None = None

    def missing(self, buffer: ReceiveBuffer) -> int | None:
        return 0 if self._expecting is _OVER else None

    def read(self, buffer: ReceiveBuffer) -> BodyEvent:
        self.check_size(self.received)
        pieces: list[bytes] = []
        gathered = 0
        while buffer.data and gathered < _COALESCED_BYTES and len(pieces) < _COALESCED_CHUNKS:
            expecting = self._expecting
            if expecting is _DATA:
                piece = buffer.take(self._remaining)
                pieces.append(piece)
                gathered += len(piece)
                self._remaining -= len(piece)
                if not self._remaining:
                    self._expecting = _DATA_END
            elif expecting is _DATA_END:
                if not self._read_data_end(buffer):
                    break
            elif expecting is _LINE:
                size = self._take_whole_chunks(buffer, pieces, gathered)
                gathered += size
                if not size and not self._read_line(buffer, gathered):
                    break
            elif expecting is _OVER or not self._read_trailers(buffer):
                break
        if pieces:
            self.received += gathered
            return Data(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if self._expecting is _OVER:
            return END_OF_MESSAGE if self._trailers is None else EndOfMessage(self._trailers)
        if buffer.at_eof:
            raise IncompleteMessage(
                f"connection closed after {self.received} bytes of a chunked body, before its end"
            )
        return NEED_DATA

    def _take_whole_chunks(self, buffer: ReceiveBuffer, pieces: list[bytes], gathered: int) -> int:
        """Read the chunks that are there as a whole; return the size of what is added to `pieces`.

        The other methods could do it too. This one makes many small chunks cheap, and leaves all
        that is not plain to them: extensions, the last chunk, a chunk over the limit, errors.
        """
        position = buffer.position
        if buffer.scanned > position:
            return 0
        window = buffer.data
        offset = 0
        if not isinstance(window, bytes):
            window = bytes(memoryview(window)[position : position + _WINDOW_BYTES])
            offset, position = position, 0
        room = min(_COALESCED_BYTES, self.max_body - self.received) - gathered
        total = 0
        while len(pieces) < _COALESCED_CHUNKS:
            line = PLAIN_CHUNK_LINE.match(window, position)
            if line is None:
                break
            size = int(line[1], 16)
            start = line.end()
            end = start + size
            if not size or total + size > room or window[end : end + 2] != b"\r\n":
                break
            pieces.append(window[start:end])
            total += size
            position = end + 2
        if total:
            buffer.advance(offset + position)
        return total

    def _read_data_end(self, buffer: ReceiveBuffer) -> bool:
        start = buffer.position
        ending = buffer.data[start : start + 2]
        if ending == b"\r\n":
            buffer.advance(start + 2)
            self._expecting = _LINE
            return True
        if ending != b"\r":
            raise RemoteProtocolError(
                "chunk data longer than its chunk size, or without CRLF after it"
            )
        return False

    def _read_line(self, buffer: ReceiveBuffer, gathered: int) -> bool:
        start = buffer.position
        match = None
        if buffer.scanned <= start:
            # Nobody has looked at this line yet; mostly it is whole.
            match = CHUNK_LINE.match(buffer.data, start)
        if match is None:
            match = self._find_line(buffer)
            if match is None:
                return False
        extension_bytes = match.end(2) - match.start(2)
        if extension_bytes:
            self._count_extensions(extension_bytes)
        size = int(match[1], 16)
        self.check_size(self.received + gathered + size)
        buffer.advance(match.end())
        self._remaining = size
        self._expecting = _DATA if size else _TRAILERS
        return True

    def _find_line(self, buffer: ReceiveBuffer) -> re.Match[bytes] | None:
        """Return the match of a line that came in parts, None while it is not whole."""
        start = buffer.position
        end = buffer.find(b"\r\n")
        if end >= 0:
            match = CHUNK_LINE.match(buffer.data, start)
            if match is None:
                raise _explain_line(bytes(buffer.data[start:end]))
            return match
        if CHUNK_LINE_START.match(buffer.data, start) is None:
            raise _explain_line(bytes(buffer.data[start:]))
        if len(buffer) > MAX_CHUNK_SIZE_DIGITS + self._limits.max_chunk_extension_bytes + 1:
            self._count_extensions(len(buffer) - MAX_CHUNK_SIZE_DIGITS)
        return None

    def _count_extensions(self, size: int) -> None:
        limits = self._limits
        self._extension_bytes += size
        if size > limits.max_chunk_extension_bytes:
            raise RemoteProtocolError(
                f"chunk extensions of {size} bytes, "
                f"expected no more than {limits.max_chunk_extension_bytes}"
            )
        if self._extension_bytes > limits.max_chunk_extensions_bytes:
            raise RemoteProtocolError(
                f"chunk extensions of {self._extension_bytes} bytes in one body, "
                f"expected no more than {limits.max_chunk_extensions_bytes}"
            )

    def _read_trailers(self, buffer: ReceiveBuffer) -> bool:
        start = buffer.position
        if buffer.data[start : start + 2] == b"\r\n":
            buffer.advance(start + 2)
            self._expecting = _OVER
            return True
        found = buffer.find(b"\r\n\r\n")
        self._check_trailer_size(len(buffer) if found < 0 else found + 4 - start)
        if found < 0:
            return False
        self._trailers = self._parse_trailers(buffer, start, found)
        buffer.advance(found + 4)
        self._expecting = _OVER
        return True

    def _check_trailer_size(self, size: int) -> None:
        limit = self._limits.max_trailer_bytes
        if size > limit:
            raise RemoteProtocolError(
                f"trailer section of {size} bytes, expected no more than {limit}", 431
            )

    def _parse_trailers(self, buffer: ReceiveBuffer, start: int, end: int) -> HTTPHeaders:
        lines = buffer.data[start:end].decode("latin-1").split("\r\n")
        if TRAILERS.match(buffer.data, start) is None:
            raise explain_fields(lines)
        return HTTPHeaders.from_parsed(*parse_fields(lines, self._limits.max_trailer_fields))


def _explain_line(line: bytes) -> RemoteProtocolError:
    size = line.partition(b";")[0]
    if len(size) > MAX_CHUNK_SIZE_DIGITS:
        return RemoteProtocolError(
            f"chunk size of {len(size)} characters, expected no more than {MAX_CHUNK_SIZE_DIGITS}"
        )
    if CHUNK_LINE.fullmatch(size + b"\r\n") is None:
        return RemoteProtocolError(f"chunk size is {excerpt(size)}, expected hexadecimal digits")
    return RemoteProtocolError(f"malformed chunk extension in {excerpt(line)}")
