"""Query strings and urlencoded forms, as bytes: the character set is the application's affair."""

from __future__ import annotations

from ._strings import type_error
from ._url import unquote_bytes
from .errors import MalformedFieldError, TooManyFieldsError

DEFAULT_MAX_NUM_FIELDS = 1000
"""Fields in one query string or form: far above any form people fill in, far below what would
keep a server busy."""


def parse_qs_bytes(
    qs: str | bytes,
    keep_blank_values: bool = False,
    strict_parsing: bool = False,
    *,
    max_num_fields: int | None = DEFAULT_MAX_NUM_FIELDS,
) -> dict[str, list[bytes]]:
    """Parse a query string or an urlencoded form into its values, undecoded, by name.

    Fields are separated by `&` alone (`;` is part of a value). The values of a repeated name
    keep their order. Names are decoded as UTF-8, or as Latin-1 where they are not UTF-8. A str
    is taken as its UTF-8 bytes.

    Fields with an empty value are dropped unless `keep_blank_values`. A non-empty field without
    `=` counts as one with an empty value, or with `strict_parsing` raises MalformedFieldError.
    More than `max_num_fields` fields (`None`: no limit), empty and repeated ones counted, raise
    TooManyFieldsError before any is parsed. Raises TypeError for anything but str and bytes.
    Spec: URL Standard section 5.1.
    """
    if isinstance(qs, str):
        qs = qs.encode("utf-8")
    elif not isinstance(qs, bytes):
        raise type_error("str or bytes", qs)
    if not qs:
        return {}
    if max_num_fields is not None:
        count = qs.count(b"&") + 1
        if count > max_num_fields:
            raise TooManyFieldsError(count, max_num_fields)
    fields: dict[str, list[bytes]] = {}
    for field in qs.split(b"&"):
        name, equals, value = field.partition(b"=")
        if not equals and strict_parsing:
            raise MalformedFieldError(field)
        if value or (keep_blank_values and field):
            fields.setdefault(_decode_name(name), []).append(unquote_bytes(value, plus=True))
    return fields


def _decode_name(name: bytes) -> str:
    octets = unquote_bytes(name, plus=True)
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
