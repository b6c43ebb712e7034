"""Byte ranges: reading Range, fitting it to what there is, and writing Content-Range.

One range is served. A request for several is answered as if there were no Range header, which the
standard allows, so that no number of ranges, overlapping or not, costs anything.

Spec: RFC 9110 section 14.
"""

from __future__ import annotations

import re
from typing import Final

_BYTE_RANGE: Final = re.compile(r"(?i:bytes)=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")
"""ranges-specifier with one range; 18 digits are more than any file has bytes."""


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
    match = _BYTE_RANGE.fullmatch(range_header)
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        suffix = int(last)
        return (-suffix, None) if suffix else (None, 0)
    start = int(first)
    if not last:
        return start, None
    end = int(last) + 1
    return (start, end) if start < end else None


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


def get_content_range(start: int | None, end: int | None, total: int) -> str:
    """Return the value of Content-Range for the bytes from `start` to before `end`, of `total`.

    >>> get_content_range(None, 1, 4)
    'bytes 0-0/4'

    Spec: RFC 9110 section 14.4.
    """
    first = 0 if start is None else start
    last = (total if end is None else end) - 1
    return f"bytes {first}-{last}/{total}"
