"""The body of an answer to a request for parts of a file: one part as it is, several as multipart.

Spec: RFC 9110 sections 14.6 and 15.3.7.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ostro.httputil import get_content_range

__all__ = ["Body", "multipart_body"]


class Body(NamedTuple):
    """What to send: for each part the bytes before it, its first byte, and the one after its last;
    then the bytes at the end. `length`: bytes of all.
    """

    parts: Sequence[tuple[bytes, int, int]]
    tail: bytes
    length: int


def multipart_body(
    ranges: Sequence[tuple[int, int]], size: int, content_type: str
) -> tuple[Body, str]:
    """Return the body for several ranges of a file of `size` bytes, and its Content-Type.

    `ranges` come from `satisfiable_ranges`; `content_type` is that of the file.
    """
    boundary = os.urandom(16).hex()
    parts: list[tuple[bytes, int, int]] = []
    length = 0
    for start, end in ranges:
        lines = [
            f"--{boundary}",
            f"Content-Type: {content_type}",
            f"Content-Range: {get_content_range(start, end, size)}",
        ]
        head = ("\r\n" if parts else "") + "\r\n".join(lines) + "\r\n\r\n"
        parts.append((head.encode("latin-1"), start, end))
        length += len(head) + end - start
    tail = f"\r\n--{boundary}--\r\n".encode()
    return Body(parts, tail, length + len(tail)), f"multipart/byteranges; boundary={boundary}"
