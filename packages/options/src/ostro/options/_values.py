"""From text to the value of an option, and whether a value is of an option's type.

Pure functions: they know types, not options. `Refused` carries the reason to whoever knows the
option's name. Custom types come here too: a type is a class or a callable that takes the text.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ._times import parse_datetime, parse_timedelta
from .errors import Error

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    # Any: what a custom type returns is the affair of the program that defines the option.
    # Classes stand apart: not all of them (timedelta) take a text, those have a parser here.
    Kind: TypeAlias = type[Any] | Callable[[str], Any]

DEFAULT_MAX_RANGE = 1_000_000
"""Integers that one value may list by ranges: all ports fit many times, the memory does too."""

TRUE_WORDS = ("true", "yes", "on", "t", "y", "1")
FALSE_WORDS = ("false", "no", "off", "f", "n", "0")


class Refused(Error):  # noqa: N818  # never leaves the package: an InvalidValueError replaces it
    """A value is not of the type; the message says what would be."""


def parse_text(kind: Kind, text: str) -> Any:
    """Return the value of type `kind` that `text` stands for. Raises Refused."""
    parse = _PARSERS.get(kind) if isinstance(kind, type) else None
    try:
        return kind(text) if parse is None else parse(text)
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"expected {name_of(kind)} ({error})") from error


def parse_list(kind: Kind, text: str) -> list[Any]:
    """Return the values that comma-separated `text` stands for; none for an empty text.

    For integers `x:y` stands for `range(x, y)`. Raises Refused.
    """
    values: list[Any] = []
    for part in text.split(",") if text else ():
        if kind is int and ":" in part:
            numbers = _parse_range(part)
            # Not len(): it fails for ranges beyond the address space.
            if len(values) + numbers.stop - numbers.start > DEFAULT_MAX_RANGE:
                raise Refused(f"expected ranges of no more than {DEFAULT_MAX_RANGE} numbers")
            values.extend(numbers)
        else:
            values.append(parse_text(kind, part))
    return values


def fit(kind: Kind, value: object) -> object:
    """Return `value` as one of type `kind`, where it is one or has an exact equal. Raises Refused.

    A custom type that is no class cannot tell: every value is its.
    """
    if not isinstance(kind, type):
        return value
    if isinstance(value, bool) and kind in (int, float):
        raise Refused(f"expected {kind.__name__}")
    if isinstance(value, kind):
        return value
    if kind is float and isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            raise Refused("expected float, no larger than one holds") from None
    if kind is bool and value in (0, 1):
        return value == 1
    raise Refused(f"expected {kind.__name__}")


def name_of(kind: Kind) -> str:
    """Return what to call a type in a message or a help text."""
    name: str = getattr(kind, "__name__", type(kind).__name__)
    return name


def _parse_range(text: str) -> range:
    first, _, end = text.partition(":")
    try:
        numbers = range(int(first), int(end))
    except ValueError:
        raise Refused("expected x:y, two integers, for range(x, y)") from None
    if numbers.stop < numbers.start:
        raise Refused("expected x:y with x no larger than y, for range(x, y)")
    return numbers


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("expected an integer") from None


def _parse_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused("expected a number") from None


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise Refused(f"expected one of {', '.join(TRUE_WORDS + FALSE_WORDS)}")


def _parse_datetime(text: str) -> datetime:
    try:
        return parse_datetime(text)
    except ValueError as error:
        raise Refused(str(error)) from None


def _parse_timedelta(text: str) -> timedelta:
    try:
        return parse_timedelta(text)
    except ValueError as error:
        raise Refused(str(error)) from None


def _parse_container(text: str) -> object:
    raise Refused("expected a value from a config file (one with multiple=True can be given here)")


_PARSERS: dict[type, Callable[[str], object]] = {
    str: str,
    int: _parse_int,
    float: _parse_float,
    bool: _parse_bool,
    datetime: _parse_datetime,
    timedelta: _parse_timedelta,
    # Inferred from a default: list("abc") would be ["a", "b", "c"], which nobody means.
    list: _parse_container,
    tuple: _parse_container,
    set: _parse_container,
    dict: _parse_container,
}
