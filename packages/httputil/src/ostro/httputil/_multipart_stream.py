r"""multipart/form-data bodies that come piece by piece.

The parser is fed bytes, split anywhere, and returns what they hold. It finds what the parser of
whole bodies finds, refuses what that refuses, and keeps no more than the head of one part, or a
line that may become a delimiter.

Spec: RFC 7578, RFC 2046 section 5.1.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, TypeAlias

from ._boundary import delimiter_of, delimiter_pattern, match_end_of_delimiter, may_end_delimiter
from ._headers import HTTPHeaders
from ._limits import DEFAULT_BODY_LIMITS, BodyLimits
from ._parameters import parse_parameters
from ._part_head import PartHead, parse_part_head
from .errors import HTTPInputError


class PartEnd:
    """The end of a part."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PART_END"


PART_END: Final = PartEnd()

MultipartEvent: TypeAlias = PartHead | bytes | PartEnd
"""A part begins, goes on (never with no bytes), ends."""


class _State(Enum):
    """What the next bytes are."""

    PREAMBLE = "what stands before the first part"
    HEAD = "the head of a part"
    CONTENT = "the content of a part"
    EPILOGUE = "what stands after the last part"


_PREAMBLE: Final = _State.PREAMBLE
_HEAD: Final = _State.HEAD
_CONTENT: Final = _State.CONTENT
_EPILOGUE: Final = _State.EPILOGUE


class MultipartParser:
    """Parses one multipart/form-data body that is fed to it.

    `feed` and `finish` raise HTTPInputError when the body is malformed or over a limit; the parser
    is of no use after that.
    """

    __slots__ = ("_delimiter", "_held", "_limits", "_parts", "_pattern", "_skip", "_state")

    def __init__(self, boundary: bytes, *, limits: BodyLimits = DEFAULT_BODY_LIMITS) -> None:
        self._delimiter = delimiter_of(boundary)
        # Finds whole delimiters; made where there is more than one to look at.
        self._pattern: re.Pattern[bytes] | None = None
        self._limits = limits
        self._state = _PREAMBLE
        self._parts = 0
        # Bytes that were fed and not understood yet. At first the line end that a delimiter at the
        # very beginning does without.
        self._held = b"\r\n"
        # How many of the next bytes belong to the head before them: the line end that would begin a
        # delimiter right behind it.
        self._skip = 0

    def feed(self, data: bytes) -> list[MultipartEvent]:
        """Take the next bytes of the body, and return what they bring."""
        if self._held:
            data = self._held + data
            self._held = b""
        events: list[MultipartEvent] = []
        position = 0
        while position >= 0:
            if self._state is _HEAD:
                position = self._read_head(data, position, events)
            elif self._state is _EPILOGUE:
                break
            else:
                position = self._read_content(data, position, events)
        return events

    def finish(self) -> None:
        """Take note that the body has ended."""
        if self._state is not _EPILOGUE:
            raise HTTPInputError("multipart body has no closing delimiter")

    # Both return where to go on, or -1 when more bytes are needed, and then keep what must be kept.

    def _read_head(self, data: bytes, start: int, events: list[MultipartEvent]) -> int:
        most = self._limits.max_part_head_bytes
        end = data.find(b"\r\n\r\n", start, start + most + 4)
        if end < 0:
            if len(data) - start >= most + 4:
                raise HTTPInputError(f"head of a multipart part is over {most} bytes")
            self._held = data[start:]
            return -1
        if self._find_delimiter(data, start, end + 2)[0] >= 0:
            raise HTTPInputError("part of multipart body has no head")
        events.append(parse_part_head(data[start:end], self._limits.max_part_headers))
        self._state = _CONTENT
        self._skip = 2
        return end + 2

    def _read_content(self, data: bytes, start: int, events: list[MultipartEvent]) -> int:
        found, after = self._find_delimiter(data, start, len(data))
        if found < 0:
            end = -found - 1
            if end > start:
                self._emit(data, start, end, events)
            self._held = data[end:]
            return -1
        if found < start + self._skip:
            raise HTTPInputError("part of multipart body has no head")
        self._emit(data, start, found, events)
        if self._state is _CONTENT:
            events.append(PART_END)
        if not after:
            self._state = _EPILOGUE
            return -1
        self._parts += 1
        if self._parts > self._limits.max_parts:
            raise HTTPInputError(f"multipart body has more than {self._limits.max_parts} parts")
        self._state = _HEAD
        return after

    def _emit(self, data: bytes, start: int, end: int, events: list[MultipartEvent]) -> None:
        content = data[start + self._skip : end]
        self._skip = 0
        if content and self._state is _CONTENT:
            events.append(content)

    def _find_delimiter(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """Return where the next delimiter begins, and where the part behind it does: 0 when it is
        the closing one.

        Without one, return -1 - (where something begins that may become one), or -1 - `end`.
        """
        delimiter = self._delimiter
        found = data.find(delimiter, start, end)
        if found < 0:
            return -1 - self._begun_delimiter(data, start, end), 0
        after = found + len(delimiter)
        if data.startswith(b"--", after):
            return found, 0
        match = match_end_of_delimiter(data, after)
        if match is not None:
            return found, match.end()
        return self._find_among_similar(data, found, end)

    def _find_among_similar(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """Do as `_find_delimiter` where something is that looks like one: it may be full of such.

        An expression takes them faster than a loop does, and is compiled when it is needed.
        """
        if self._pattern is None:
            self._pattern = delimiter_pattern(self._delimiter)
        match = self._pattern.search(data, start, end)
        if match is not None:
            after = match.end()
            return match.start(), 0 if data.startswith(b"--", after - 2) else after
        last = data.rfind(self._delimiter, start, end)
        if may_end_delimiter(data, last + len(self._delimiter), end) is not None:
            return -1 - last, 0
        return -1 - self._begun_delimiter(data, start, end), 0

    def _begun_delimiter(self, data: bytes, start: int, end: int) -> int:
        """Return where `data` ends like the beginning of a delimiter; `end` if it does not."""
        found = data.find(b"\r", max(start, end - len(self._delimiter) + 1), end)
        while found >= 0 and not self._delimiter.startswith(data[found:end]):
            found = data.find(b"\r", found + 1, end)
        return found if found >= 0 else end


def multipart_parser(
    headers: HTTPHeaders, *, limits: BodyLimits = DEFAULT_BODY_LIMITS
) -> MultipartParser | None:
    """Return a parser for the body of a request with these headers; None for one that is no
    multipart/form-data.

    Raises HTTPInputError for a boundary that is missing or malformed, and with status 415 for a
    body that is compressed.
    """
    content_type = headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip(" \t").lower() != "multipart/form-data":
        return None
    check_not_compressed(headers)
    boundary = parse_parameters(content_type)[1].get("boundary")
    if not boundary:
        raise HTTPInputError("multipart/form-data without a boundary")
    return MultipartParser(boundary.encode("utf-8", "replace"), limits=limits)


def check_not_compressed(headers: HTTPHeaders | None) -> None:
    """Refuse a form body that still has a content coding."""
    coding = None if headers is None else headers.get("Content-Encoding")
    if coding is not None and coding.lower() != "identity":
        raise HTTPInputError(f"form body has the content coding {coding[:100]!a}", 415)
