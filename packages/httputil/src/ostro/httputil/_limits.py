"""What a form body may cost."""

from __future__ import annotations

from typing import Final

from ostro.escape import DEFAULT_MAX_NUM_FIELDS

from ._part_head import DEFAULT_MAX_PART_HEAD_BYTES, DEFAULT_MAX_PART_HEADERS

DEFAULT_MAX_PARTS: Final = 100
"""Parts in one multipart body. Each may be a file, so they are dearer than fields."""


class BodyLimits:
    """The limits of the form parsers; the size of the body is the server's to limit.

    `max_fields`: fields in a urlencoded form or a query string. `max_parts`: parts in a multipart
    body. `max_part_headers`, `max_part_head_bytes`: header fields in one part, and bytes.
    """

    __slots__ = ("max_fields", "max_part_head_bytes", "max_part_headers", "max_parts")

    def __init__(
        self,
        *,
        max_fields: int = DEFAULT_MAX_NUM_FIELDS,
        max_parts: int = DEFAULT_MAX_PARTS,
        max_part_headers: int = DEFAULT_MAX_PART_HEADERS,
        max_part_head_bytes: int = DEFAULT_MAX_PART_HEAD_BYTES,
    ) -> None:
        self.max_fields = max_fields
        self.max_parts = max_parts
        self.max_part_headers = max_part_headers
        self.max_part_head_bytes = max_part_head_bytes


DEFAULT_BODY_LIMITS: Final = BodyLimits()
