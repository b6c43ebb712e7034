"""Conversions between bytes and str, always as UTF-8.

Everything else in this package starts here: its functions take str or bytes and first ask
`text_of` for the str.
"""

from __future__ import annotations

from typing import Any, overload


def type_error(accepted: str, value: object) -> TypeError:
    """Return the error that says what came and what would have been accepted."""
    return TypeError(f"expected {accepted}, got {type(value).__name__}")


@overload
def utf8(value: str) -> bytes: ...
@overload
def utf8(value: bytes) -> bytes: ...
@overload
def utf8(value: None) -> None: ...
def utf8(value: str | bytes | None) -> bytes | None:
    """Encode a str as UTF-8; return bytes and `None` unchanged.

    Raises TypeError for anything else, UnicodeEncodeError for a lone surrogate.
    """
    if isinstance(value, str):
        return value.encode("utf-8")
    if value is None or isinstance(value, bytes):
        return value
    raise type_error("str, bytes or None", value)


@overload
def to_unicode(value: str) -> str: ...
@overload
def to_unicode(value: bytes) -> str: ...
@overload
def to_unicode(value: None) -> None: ...
def to_unicode(value: str | bytes | None) -> str | None:
    """Decode bytes as UTF-8; return a str and `None` unchanged.

    Raises TypeError for anything else, UnicodeDecodeError for bytes that are not UTF-8.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise type_error("str, bytes or None", value)


native_str = to_unicode
"""Convert to type `str`: the same function as `to_unicode`, named for what code of Python 2 asked
for."""

to_basestring = to_unicode
"""Convert to a string that mixes with str constants: the same function as `to_unicode`, named for
what code of Python 2 asked for."""


def text_of(value: str | bytes) -> str:
    """Return an exact `str`, decoding bytes as UTF-8, for functions that do not accept None.

    A subclass of str is copied to a plain one: its own `replace` or `split` must not decide
    what gets escaped.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise type_error("str or bytes", value)


# Any: the shape of the result follows that of the argument, element by element, which no
# signature can say.
def recursive_unicode(obj: Any) -> Any:
    """Return `obj` with every bytes in it decoded as UTF-8, through dicts, lists and tuples.

    Keys are decoded like values. Dicts, lists and tuples are copied, subclasses becoming the
    plain type; any other object is returned as it is. Raises UnicodeDecodeError for bytes that
    are not UTF-8.
    """
    if isinstance(obj, bytes):
        return obj.decode("utf-8")
    if isinstance(obj, dict):
        return {recursive_unicode(key): recursive_unicode(item) for key, item in obj.items()}
    if isinstance(obj, list):
        return [recursive_unicode(item) for item in obj]
    if isinstance(obj, tuple):
        return tuple([recursive_unicode(item) for item in obj])
    return obj
