"""Form bodies of either kind, with their limits."""

from __future__ import annotations

from typing import Final

from ._file import HTTPFile
from ._headers import HTTPHeaders
from ._urlencoded import DEFAULT_MAX_FIELDS, parse_urlencoded


class BodyLimits:
    __slots__ = ("max_fields",)

    def __init__(self, max_fields: int = DEFAULT_MAX_FIELDS) -> None:
        self.max_fields = max_fields


DEFAULT_BODY_LIMITS: Final = BodyLimits()


def parse_body_arguments(
    content_type: str,
    body: bytes,
    arguments: dict[str, list[bytes]],
    files: dict[str, list[HTTPFile]],
    headers: HTTPHeaders | None = None,
    *,
    limits: BodyLimits = DEFAULT_BODY_LIMITS,
) -> None:
    if content_type.startswith("application/x-www-form-urlencoded"):
        parse_urlencoded(body, arguments, max_fields=limits.max_fields)
