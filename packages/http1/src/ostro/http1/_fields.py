"""Header and trailer sections: from a block that the grammar has passed to a dict, and why it did
not pass.

Knows no field by name; what fields mean for the framing is in `_framing`.
"""

from __future__ import annotations

from typing import Final

from ostro.httputil import canonical_name

from ._grammar import is_token
from .errors import RemoteProtocolError, excerpt

# `canonical_name` under a name of this module: one lookup less for each field.
_canonical: Final = canonical_name


def parse_fields(
    lines: list[str], max_fields: int
) -> tuple[dict[str, str], dict[str, list[str]] | None]:
    """Return the fields of `lines`, which are valid and come without their CRLFs.

    The first dict maps each canonical name to its value, joined by commas where the name came more
    than once; the second one, if there is such a name, to all its values. Raises
    RemoteProtocolError (431) for more than `max_fields` lines. Time is linear, whatever is
    repeated.
    """
    if len(lines) > max_fields:
        raise too_many_fields(len(lines), max_fields)
    single: dict[str, str] = {}
    repeated: dict[str, list[str]] | None = None
    for line in lines:
        name, _, value = line.partition(":")
        name = _canonical(name)
        value = value.strip(" \t")
        if name not in single:
            single[name] = value
            continue
        if repeated is None:
            repeated = {}
        if name in repeated:
            repeated[name].append(value)
        else:
            repeated[name] = [single[name], value]
    if repeated is not None:
        for name, values in repeated.items():
            single[name] = ",".join(values)
    return single, repeated


def too_many_fields(count: int, limit: int) -> RemoteProtocolError:
    """Return the error for a section of `count` field lines."""
    return RemoteProtocolError(f"{count} header fields, expected no more than {limit}", 431)


def explain_fields(lines: list[str]) -> RemoteProtocolError:
    """Return the error that says what is wrong with a section that the grammar refused."""
    reasons = filter(None, map(_explain_field, lines))
    return RemoteProtocolError(next(reasons, "malformed header section"))


def _explain_field(line: str) -> str:
    """Return what is wrong with one line, "" when nothing is."""
    if line[:1] in (" ", "\t"):
        return "a header line begins with white space; folded lines are not accepted"
    name, colon, value = line.partition(":")
    if not colon:
        return f"header line without a colon: {excerpt(line)}"
    if not name:
        return "a header field has an empty name"
    if not is_token(name):
        return f"header name {excerpt(name)} is not a token"
    if "\r" in value or "\n" in value:
        return f"CR or LF alone in header field {excerpt(name)}, expected lines that end in CRLF"
    if not _is_field_value(value):
        return f"control byte in the value of header field {excerpt(name)}"
    return ""


def _is_field_value(value: str) -> bool:
    return all(
        character == "\t" or (character >= " " and character != "\x7f") for character in value
    )
