"""application/x-www-form-urlencoded: query strings and form bodies.

Spec: URL Standard section 5.1 (application/x-www-form-urlencoded parsing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from .errors import HTTPInputError

DEFAULT_MAX_FIELDS: Final = 10_000
"""Fields in one query string or form. Large data grids stay below it; it takes milliseconds."""


def parse_qs_bytes(
    qs: str | bytes,
    keep_blank_values: bool = False,
    strict_parsing: bool = False,
    *,
    max_num_fields: int | None = DEFAULT_MAX_FIELDS,
) -> dict[str, list[bytes]]:
    """Return the fields of a query string: each name with all its values, as bytes.

    Only `&` separates fields. Names are read as UTF-8, or as Latin-1 when they are not UTF-8. A
    field without `=` has an empty value; empty values are left out unless `keep_blank_values` says
    otherwise. `max_num_fields` None means no limit.

    Raises HTTPInputError for more fields than `max_num_fields` (before any is read), and with
    `strict_parsing` for a field without `=`.
    """
    data = qs.encode("utf-8", "replace") if isinstance(qs, str) else qs
    if max_num_fields is not None and data.count(b"&") >= max_num_fields:
        raise HTTPInputError(
            f"{data.count(b'&') + 1} form fields, expected no more than {max_num_fields}"
        )
    result: dict[str, list[bytes]] = {}
    for field in data.split(b"&"):
        raw_name, equals, value = field.partition(b"=")
        if not equals:
            if not raw_name:
                continue
            if strict_parsing:
                raise HTTPInputError("form field without '='")
        if not value and not keep_blank_values:
            continue
        name = decode_text(_unquote(raw_name))
        values = result.get(name)
        if values is None:
            result[name] = [_unquote(value)]
        else:
            values.append(_unquote(value))
    return result


def parse_urlencoded(
    data: bytes,
    arguments: dict[str, list[bytes]],
    *,
    max_fields: int | None = DEFAULT_MAX_FIELDS,
) -> None:
    """Add the fields of a form body to `arguments`, blank values too.

    Raises HTTPInputError for more fields than `max_fields`; then nothing was added.
    """
    parsed = parse_qs_bytes(data, keep_blank_values=True, max_num_fields=max_fields)
    merge_arguments(arguments, parsed)


def merge_arguments(arguments: dict[str, list[bytes]], more: Mapping[str, list[bytes]]) -> None:
    """Append the values in `more` to those in `arguments`, sharing no list with it."""
    for name, values in more.items():
        known = arguments.get(name)
        if known is None:
            arguments[name] = values.copy()
        else:
            known.extend(values)


def qs_to_qsl(qs: Mapping[str, list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield a (name, value) pair for each value of a parsed query string."""
    for name, values in qs.items():
        for value in values:
            yield name, value


def decode_text(data: bytes) -> str:
    """Return the text of `data`: UTF-8, or Latin-1 for bytes that are not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _unquote(data: bytes) -> bytes:
    if b"+" in data:
        data = data.replace(b"+", b" ")
    if b"%" in data:
        return unquote_to_bytes(data)
    return data
