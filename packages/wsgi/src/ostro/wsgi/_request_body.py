"""The body of a request below a WSGI server: its length, its limit, its pieces.

Spec: PEP 3333, and `wsgi.input_terminated` as the servers that decode chunks agree on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ostro.httputil import HTTPInputError

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["DEFAULT_MAX_BODY_SIZE", "check_length", "read_body"]

DEFAULT_MAX_BODY_SIZE = 100 * 1024 * 1024
"""Bytes that the body of a request may have: as many as on HTTPServer."""

_PIECE_SIZE = 65536
"""Bytes that are read at a time."""

_LENGTH = re.compile(r"[0-9]{1,19}")


def check_length(environ: WSGIEnvironment, limit: int) -> int | None:
    """Return the length of the body in bytes; None means that it ends with the input.

    Raises HTTPInputError: 413 above `limit`, 411 where the end of the body cannot be found, 400 for
    a length that is no number.
    """
    text = environ.get("CONTENT_LENGTH") or ""
    if text:
        if _LENGTH.fullmatch(text) is None:
            raise HTTPInputError(f"Content-Length is {text[:100]!a}, expected decimal digits")
        length = int(text)
        if length > limit:
            raise _too_large(length, limit)
        return length
    if environ.get("wsgi.input_terminated"):
        return None
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise HTTPInputError("this server does not decode chunks; send a Content-Length", 411)
    return 0


def read_body(environ: WSGIEnvironment, length: int | None, limit: int) -> Iterator[bytes]:
    """Read the body in pieces.

    Raises HTTPInputError: 413 above `limit`, 400 when the input ends before `length` bytes.
    """
    read = environ["wsgi.input"].read
    received = 0
    while length is None or received < length:
        size = _PIECE_SIZE if length is None else min(_PIECE_SIZE, length - received)
        piece = read(size)
        if not piece:
            break
        received += len(piece)
        if received > limit:
            raise _too_large(received, limit)
        yield piece
    if length is not None and received < length:
        raise HTTPInputError(f"the body ended after {received} of {length} bytes")


def _too_large(size: int, limit: int) -> HTTPInputError:
    return HTTPInputError(f"body of {size} bytes, expected no more than {limit}", 413)
