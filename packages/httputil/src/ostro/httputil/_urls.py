"""Small pieces of URLs: query strings to append, host and port, credentials."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote_plus

_PORT: Final = re.compile(r"[0-9]{1,5}").fullmatch

Argument = str | bytes | int | float
"""What a query string can hold. Numbers are written in decimal."""

ArgumentValue = Argument | None | Iterable[Argument]


def url_concat(
    url: str,
    args: Mapping[str, ArgumentValue] | Iterable[tuple[str, ArgumentValue]] | None,
) -> str:
    """Return `url` with `args` added to its query string, whether it has one already or not.

    A list or tuple of values adds the name once for each of them; a value of None adds nothing.
    What the URL has stays as it is, its fragment at the end.

    >>> url_concat("http://example.com/foo?a=b", {"c": "d"})
    'http://example.com/foo?a=b&c=d'
    """
    if args is None:
        return url
    pairs = args.items() if isinstance(args, Mapping) else args
    added = "&".join([field for name, value in pairs for field in _fields(name, value)])
    if not added:
        return url
    base, hash_sign, fragment = url.partition("#")
    if "?" not in base:
        base += "?"
    elif base[-1] not in "?&":
        base += "&"
    return base + added + hash_sign + fragment


def split_host_and_port(netloc: str) -> tuple[str, int | None]:
    """Return the host and the port, or None without one. The brackets of an IPv6 address stay.

    A port may be empty, and is none then.

    >>> split_host_and_port("[::1]:8888")
    ('[::1]', 8888)

    Spec: RFC 3986 section 3.2.3.
    """
    host, colon, port = netloc.rpartition(":")
    if colon and host and not port:
        return host, None
    if colon and host and _PORT(port):
        return host, int(port)
    return netloc, None


def encode_username_password(username: str | bytes, password: str | bytes) -> bytes:
    """Return `username:password` as the Basic scheme wants it before base64: text in NFC, as UTF-8.

    Spec: RFC 7617 section 2.1.
    """
    return _normalized(username) + b":" + _normalized(password)


def _fields(name: str, value: ArgumentValue) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (str, bytes, int, float)):
        return [f"{quote_plus(name)}={_quote(value)}"]
    return [f"{quote_plus(name)}={_quote(each)}" for each in value]


def _quote(value: Argument) -> str:
    return quote_plus(value if isinstance(value, (str, bytes)) else str(value))


def _normalized(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    return unicodedata.normalize("NFC", text).encode("utf-8")
