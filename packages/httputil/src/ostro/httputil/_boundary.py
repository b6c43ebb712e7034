"""The lines between the parts of a multipart body, for the parser of whole bodies and the one that
is fed: they must find the same ones.

Spec: RFC 2046 section 5.1.1.
"""

from __future__ import annotations

import re
from typing import Final

from .errors import HTTPInputError

MAX_BOUNDARY_BYTES: Final = 70
"""Bytes in a boundary. RFC 2046 section 5.1.1."""

MAX_PADDING_BYTES: Final = 64
"""Blanks behind a delimiter. Hardly anybody sends any; a line with more of them is content, so that
a parser need not keep more to know what a line is.
"""

_is_boundary: Final = re.compile(rb"[ -~]*[!-~]").fullmatch
"""We accept any visible character: clients use more of them than the standard has."""

match_end_of_delimiter: Final = re.compile(rb"[ \t]{0,%d}\r\n" % MAX_PADDING_BYTES).match
"""transport-padding CRLF."""

may_end_delimiter: Final = re.compile(rb"-|[ \t]{0,%d}\r?" % MAX_PADDING_BYTES).fullmatch
"""Match what stands behind a delimiter, if more of it could make it one."""


def delimiter_of(boundary: bytes) -> bytes:
    """Return what each delimiter begins with, the CRLF before it included.

    Raises HTTPInputError for a boundary that is malformed.
    """
    if boundary[:1] == b'"' and boundary[-1:] == b'"':
        boundary = boundary[1:-1]
    if len(boundary) > MAX_BOUNDARY_BYTES or not _is_boundary(boundary):
        raise HTTPInputError(
            f"multipart boundary of {len(boundary)} bytes is malformed, "
            f"expected 1 to {MAX_BOUNDARY_BYTES} visible ones"
        )
    return b"\r\n--" + boundary


def delimiter_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Return an expression for whole delimiters that begin with `delimiter`."""
    return re.compile(re.escape(delimiter) + rb"(?:--|[ \t]{0,%d}\r\n)" % MAX_PADDING_BYTES)
