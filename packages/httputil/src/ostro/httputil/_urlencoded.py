"""application/x-www-form-urlencoded: query strings and form bodies, with errors for HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ostro.escape import DEFAULT_MAX_NUM_FIELDS, TooManyFieldsError, parse_qs_bytes

from .errors import HTTPInputError


def parse_urlencoded(
    data: bytes,
    arguments: dict[str, list[bytes]],
    *,
    max_fields: int | None = DEFAULT_MAX_NUM_FIELDS,
) -> None:
    """Add the fields of a form body to `arguments`, blank values too.

    Only `&` separates fields. Names are UTF-8, or Latin-1 if they are not UTF-8. `max_fields` None
    means no limit.

    Raises HTTPInputError for more fields than `max_fields`; then nothing was added.

    Spec: URL Standard section 5.1 (application/x-www-form-urlencoded parsing).
    """
    for name, values in parse_fields(data, max_fields).items():
        known = arguments.setdefault(name, values)
        if known is not values:
            known.extend(values)


def parse_fields(data: bytes, max_fields: int | None) -> dict[str, list[bytes]]:
    """Return the fields in `data`; raise HTTPInputError for too many, before one is read."""
    try:
        return parse_qs_bytes(data, keep_blank_values=True, max_num_fields=max_fields)
    except TooManyFieldsError as error:
        raise HTTPInputError(
            f"{error.count} form fields, expected no more than {error.limit}"
        ) from error


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
