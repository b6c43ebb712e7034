"""DER: the few types of ASN.1 that a certificate is made of.

Spec: ITU-T X.690.
"""

from __future__ import annotations

import datetime

__all__ = [
    "bit_string",
    "boolean",
    "context",
    "integer",
    "object_identifier",
    "octet_string",
    "primitive_context",
    "sequence",
    "set_of",
    "time",
    "utf8_string",
]


def _element(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of elements."""
    return _element(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """Return a SET of elements."""
    return _element(0x31, *parts)


def context(number: int, *parts: bytes) -> bytes:
    """Return elements under a context-specific tag."""
    return _element(0xA0 | number, *parts)


def primitive_context(number: int, content: bytes) -> bytes:
    """Return plain content under a context-specific tag."""
    return _element(0x80 | number, content)


def boolean(value: bool) -> bytes:
    """Return a BOOLEAN."""
    return _element(0x01, b"\xff" if value else b"\0")


def integer(value: int) -> bytes:
    """Return an INTEGER, not negative."""
    return _element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING whose last `unused` bits do not count."""
    return _element(0x03, bytes((unused,)), content)


def octet_string(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return _element(0x04, content)


def object_identifier(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER, given as "1.2.840"."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    return _element(0x06, *(_base_128(number) for number in (40 * first + second, *rest)))


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


def utf8_string(text: str) -> bytes:
    """Return a UTF8String."""
    return _element(0x0C, text.encode())


def time(moment: datetime.datetime) -> bytes:
    """Return a UTCTime, which is for years before 2050. `moment` is in UTC."""
    return _element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
