"""Typed arguments in URL patterns: `{name:kind}`, and what each kind takes and makes of it.

A pattern is a regular expression with such fields in it. They are resolved once, when the route is
made; this file knows neither routes nor requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Converter", "register_converter", "split_fields"]

_T = TypeVar("_T")

_FIELD = re.compile(r"(?<!\\)\{([A-Za-z_]\w*):([A-Za-z_]\w*)\}")
"""A typed argument. As a part of a path it would be ill-formed: braces are no URL characters."""

MAX_INT = 2**63 - 1
"""What the databases that ids come from can hold; it has 19 digits."""


class Converter(Generic[_T]):
    """What a kind of path argument looks like, what it becomes, and how it is written.

    `pattern`: a regular expression for the text as it stands in the path, percent-encoded, without
    capturing groups; bound its length. `convert`: takes the decoded text and returns what the
    handler gets; a ValueError says that the text stands for nothing, and the route does not match.
    `format`: the text for a value, for `reverse_url`; a ValueError or TypeError says that there is
    none.

    Raises ValueError for a pattern with capturing groups, re.error for a malformed one.
    """

    __slots__ = ("convert", "format", "pattern", "regex")

    def __init__(
        self, pattern: str, convert: Callable[[str], _T], format: Callable[[_T], str] = str
    ) -> None:
        self.pattern = pattern
        self.regex = re.compile(pattern)
        if self.regex.groups:
            raise ValueError(
                f"the pattern {pattern!r} of a converter has capturing groups; use (?:...)"
            )
        self.convert: Callable[[str], _T] = convert
        self.format: Callable[[_T], str] = format


def _int(text: str) -> int:
    number = int(text)
    if number > MAX_INT:
        raise ValueError(f"{text} is above {MAX_INT}")
    return number


def _uuid(text: str) -> object:
    import uuid  # only where it is asked for

    return uuid.UUID(text)


def _format_int(value: object) -> str:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no int")
    return f"{value:d}"


def _format_float(value: float) -> str:
    text = repr(float(value))
    if "e" not in text:
        return text.removesuffix(".0")
    from decimal import Decimal  # only for what is very large or very small

    return f"{Decimal(text):f}"


def _format_text(value: object) -> str:
    if value is None or isinstance(value, bytes):
        raise TypeError("expected text, or what has one")
    return str(value)


# Any: each has a type of its own
_converters: dict[str, Converter[Any]] = {
    "str": Converter(r"[^/]+", str, _format_text),
    "path": Converter(r".+", str, _format_text),
    # Without a sign: ids are what it is for, and few handlers expect a negative one.
    "int": Converter(r"[0-9]{1,19}", _int, _format_int),
    "float": Converter(r"-?[0-9]{1,17}(?:\.[0-9]{1,17})?", float, _format_float),
    "uuid": Converter(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", _uuid),
}


def register_converter(name: str, converter: Converter[Any]) -> None:  # Any: of whatever type
    """Make `converter` known as the kind `name` in URL patterns that are made from now on.

    Raises ValueError if the name is no identifier, or stands for another converter already.
    """
    if not name.isidentifier():
        raise ValueError(f"the name of a converter is an identifier, not {name!r}")
    if _converters.setdefault(name, converter) is not converter:
        raise ValueError(f"there is another converter with the name {name!r}")


def split_fields(pattern: str) -> tuple[str, dict[str, Converter[Any]] | None]:  # Any: as above
    """Return `pattern` as a regular expression, and the converters of its arguments by name.

    None in their place for a pattern without fields, which is returned as it is. In one with
    fields, named groups are arguments of the kind "str". Raises ValueError for an unknown kind, for
    unnamed groups beside the fields, and for a name that is used twice.
    """
    fields: dict[str, Converter[Any]] = {}  # Any: as above

    def as_group(found: re.Match[str]) -> str:
        name, kind = found.groups()
        converter = _converters.get(kind)
        if converter is None:
            raise ValueError(
                f"{kind!r} in the pattern {pattern!r} is no converter; "
                f"there are: {', '.join(_converters)}"
            )
        if name in fields:
            raise ValueError(f"the pattern {pattern!r} has two arguments {name!r}")
        fields[name] = converter
        return f"(?P<{name}>{converter.pattern})"

    regex = _FIELD.sub(as_group, pattern)
    if not fields:
        return pattern, None
    compiled = re.compile(regex)
    if compiled.groups != len(compiled.groupindex):
        raise ValueError(f"the pattern {pattern!r} has named and unnamed arguments")
    text = _converters["str"]
    return regex, {name: fields.get(name, text) for name in compiled.groupindex}


def without_fields(pattern: str) -> str:
    """Return `pattern` with a plain group in place of each field: enough to fill it in."""
    return _FIELD.sub(r"(?P<\1>.)", pattern)
