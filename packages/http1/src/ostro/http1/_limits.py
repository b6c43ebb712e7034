"""How much of anything a peer may send. Every bound of the codec stands here, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, fields

DEFAULT_MAX_START_LINE_BYTES = 8 * 1024
"""Bytes of a request or status line, without its CRLF. RFC 9112 section 3 asks for 8000 at least.
"""

DEFAULT_MAX_HEAD_BYTES = 64 * 1024
"""Bytes of a whole head, start line and final empty line included. Real heads stay below 16 KiB."""

DEFAULT_MAX_FIELDS = 128
"""Field lines in a head. Browsers behind proxies send about 30."""

DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024
"""Bytes of a body, chunk framing not counted."""

DEFAULT_MAX_CHUNK_EXTENSION_BYTES = 1024
"""Bytes of the extensions of one chunk. Hardly anyone sends any; signatures (AWS) take 86."""

DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES = 1024 * 1024
"""Bytes of the extensions of all chunks of a body, so that a body cannot consist of them."""

DEFAULT_MAX_TRAILER_BYTES = 8 * 1024
"""Bytes of a trailer section, its final empty line included."""

DEFAULT_MAX_TRAILER_FIELDS = 32
"""Field lines in a trailer section. Trailers carry checksums and statuses, a few at most."""

DEFAULT_MAX_EMPTY_LINES = 4
"""CRLFs before a start line. RFC 9112 section 2.2: old clients send one after a form."""

DEFAULT_MAX_INFORMATIONAL = 16
"""1xx responses before the final one, so that a client ends."""

MAX_LENGTH_DIGITS = 19
"""Digits of a Content-Length: all that fit in 63 bits, and more than any disk."""

MAX_CHUNK_SIZE_DIGITS = 16
"""Hexadecimal digits of a chunk size: 64 bits. The grammar of the chunk line has the same figure.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one codec; see the `DEFAULT_MAX_*` constants for what each one counts.

    Raises ValueError when a bound is negative.
    """

    max_start_line_bytes: int = DEFAULT_MAX_START_LINE_BYTES
    max_head_bytes: int = DEFAULT_MAX_HEAD_BYTES
    max_fields: int = DEFAULT_MAX_FIELDS
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    max_chunk_extension_bytes: int = DEFAULT_MAX_CHUNK_EXTENSION_BYTES
    max_chunk_extensions_bytes: int = DEFAULT_MAX_CHUNK_EXTENSIONS_BYTES
    max_trailer_bytes: int = DEFAULT_MAX_TRAILER_BYTES
    max_trailer_fields: int = DEFAULT_MAX_TRAILER_FIELDS
    max_empty_lines: int = DEFAULT_MAX_EMPTY_LINES
    max_informational: int = DEFAULT_MAX_INFORMATIONAL

    def __post_init__(self) -> None:
        for field in fields(self):
            value: int = getattr(self, field.name)
            if value < 0:
                raise ValueError(f"{field.name} is {value}, expected 0 or more")


DEFAULT_LIMITS = Limits()
"""What a codec uses that is told nothing else."""
