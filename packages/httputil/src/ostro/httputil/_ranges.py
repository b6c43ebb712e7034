"""Byte ranges: reading Range, fitting it to what there is, and writing Content-Range.

Who serves one range at a time reads the header with `parse_request_range`, which ignores a request
for several, as the standard allows. `parse_request_ranges` reads several, a bounded number of them,
and `satisfiable_ranges` joins those that overlap, so that no header makes a server send more bytes
than the file has.

Spec: RFC 9110 section 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

DEFAULT_MAX_RANGES: Final = 16
"""Ranges of one request that are served; a PDF reader, which asks for most, sends a few."""

_BYTES_UNIT: Final = re.compile(r"(?i:bytes)=")
_RANGE_SPEC: Final = re.compile(r"[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")
"""range-spec of the unit bytes; 18 digits are more than any file has. Spec: section 14.1.1."""

_PART_OVERHEAD: Final = 80
"""Bytes that a further part of a multipart answer costs, about. Spec: section 15.3.7.2."""

RequestRange: TypeAlias = tuple[int | None, int | None]
"""The first byte and the one after the last; see `parse_request_range`."""


def parse_request_range(range_header: str) -> tuple[int | None, int | None] | None:
    """Return the first byte and the one after the last, or None when the header is to be ignored.

    Either may be None for "from the beginning" and "to the end". A suffix ("the last 5 bytes") has
    a negative start. What is malformed, in another unit, has several ranges, or ends before it
    starts is to be ignored.

    >>> parse_request_range("bytes=1-2")
    (1, 3)
    >>> parse_request_range("bytes=6-")
    (6, None)
    >>> parse_request_range("bytes=-6")
    (-6, None)
    >>> parse_request_range("bytes=-0")
    (None, 0)

    Spec: RFC 9110 section 14.1.2.
    """
    unit = _BYTES_UNIT.match(range_header)
    return None if unit is None else _request_range(range_header, unit.end(), len(range_header))


def parse_request_ranges(
    range_header: str, *, max_ranges: int = DEFAULT_MAX_RANGES
) -> list[tuple[int | None, int | None]] | None:
    """Return all ranges of the header, each as `parse_request_range` does; None when it is to be
    ignored.

    To be ignored is a header of which any part is malformed, and one with more than `max_ranges`.

    >>> parse_request_ranges("bytes=0-1, -5")
    [(0, 2), (-5, None)]

    Spec: RFC 9110 section 14.2.
    """
    unit = _BYTES_UNIT.match(range_header)
    if unit is None or range_header.count(",") >= max_ranges:
        return None
    ranges: list[RequestRange] = []
    start = unit.end()
    for element in range_header[start:].split(","):
        end = start + len(element)
        # An empty element of a list is to be accepted. Spec: RFC 9110 section 5.6.1.2.
        if element.strip(" \t"):
            found = _request_range(range_header, start, end)
            if found is None:
                return None
            ranges.append(found)
        start = end + 1
    return ranges or None


def _request_range(text: str, position: int, end: int) -> RequestRange | None:
    match = _RANGE_SPEC.fullmatch(text, position, end)
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        suffix = int(last)
        return (-suffix, None) if suffix else (None, 0)
    begin = int(first)
    if not last:
        return begin, None
    behind = int(last) + 1
    return (begin, behind) if begin < behind else None


def satisfiable_range(
    request_range: tuple[int | None, int | None], size: int
) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that a range takes of `size` bytes.

    `request_range` comes from `parse_request_range`. A suffix longer than the file is the whole
    file, and an end behind the file's is the file's. None means that the range has no byte of the
    file (status 416).
    """
    start, end = request_range
    if start is None:
        start = 0
    elif start < 0:
        start = max(0, size + start)
    end = size if end is None else min(end, size)
    return (start, end) if start < end else None


def satisfiable_ranges(
    request_ranges: Iterable[tuple[int | None, int | None]], size: int
) -> list[tuple[int, int]]:
    """Return what several ranges take of `size` bytes, each as `satisfiable_range` does.

    Those that have no byte of the file are left out; an empty list means status 416. The others
    stay in their order, unless some overlap, or have so little between them that a part more would
    cost more: these are joined, and then all come in the order of the file.

    Spec: RFC 9110 section 15.3.7.2.
    """
    fitted = [
        found
        for request_range in request_ranges
        if (found := satisfiable_range(request_range, size)) is not None
    ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(fitted):
        if joined and start - joined[-1][1] < _PART_OVERHEAD:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return fitted if len(joined) == len(fitted) else joined


def get_content_range(start: int | None, end: int | None, total: int) -> str:
    """Return the value of Content-Range for the bytes from `start` to before `end`, of `total`.

    >>> get_content_range(None, 1, 4)
    'bytes 0-0/4'

    Spec: RFC 9110 section 14.4.
    """
    first = 0 if start is None else start
    last = (total if end is None else end) - 1
    return f"bytes {first}-{last}/{total}"
