"""Percent-encoding of one value in a URL.

`urllib.parse` is imported when it is needed: it takes as long as all the rest of this package.
"""

from __future__ import annotations

from typing import overload

from ._strings import type_error


def url_escape(value: str | bytes, plus: bool = True) -> str:
    """Percent-encode a value for a URL; a str is encoded as UTF-8 first.

    With `plus` (the form of a query string) a space becomes `+` and `/` becomes `%2F`; without
    it (the form of a path) a space becomes `%20` and `/` stays.
    Raises TypeError for anything but str and bytes, UnicodeEncodeError for a lone surrogate.
    Spec: RFC 3986 section 2.1; the plus sign: HTML, application/x-www-form-urlencoded.
    """
    if not isinstance(value, str | bytes):
        raise type_error("str or bytes", value)
    import urllib.parse

    return urllib.parse.quote_plus(value) if plus else urllib.parse.quote(value)


@overload
def url_unescape(value: str | bytes, encoding: str = "utf-8", plus: bool = True) -> str: ...
@overload
def url_unescape(value: str | bytes, encoding: None, plus: bool = True) -> bytes: ...
def url_unescape(
    value: str | bytes, encoding: str | None = "utf-8", plus: bool = True
) -> str | bytes:
    """Decode a percent-encoded value of a URL.

    `encoding` is that of the bytes which the value stands for; those that are not valid in it
    become U+FFFD. With `None` the bytes themselves are returned. With `plus`, `+` is a space.
    A `%` that no two hexadecimal digits follow stays as it is.
    Raises TypeError for anything but str and bytes, LookupError for an unknown encoding.
    """
    if isinstance(value, str):
        if encoding is not None:
            import urllib.parse

            unquote = urllib.parse.unquote_plus if plus else urllib.parse.unquote
            return unquote(value, encoding)
        value = value.encode("utf-8")
    elif not isinstance(value, bytes):
        raise type_error("str or bytes", value)
    octets = unquote_bytes(value, plus)
    return octets if encoding is None else octets.decode(encoding, "replace")


def unquote_bytes(value: bytes, plus: bool) -> bytes:
    """Return the bytes that `value` stands for, in time linear in its length."""
    if plus and b"+" in value:
        value = value.replace(b"+", b" ")
    if b"%" not in value:
        return value
    import urllib.parse

    return urllib.parse.unquote_to_bytes(value)
