"""Signed values: text that a client keeps and cannot change, such as a secure cookie.

Format 2 is length-delimited, so that no part can be taken for another:

    2|1:KEY_VERSION|10:TIMESTAMP|N:NAME|N:BASE64_VALUE|HEX_HMAC_SHA256

each field with its length in decimal before a colon, the signature over all that precedes it.
Format 1, `BASE64_VALUE|TIMESTAMP|HEX_HMAC_SHA1`, is read where the application allows it, and
written only on demand. Both are what Tornado reads and writes. This file knows no request and no
handler.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ostro.escape import utf8

__all__ = [
    "DEFAULT_SIGNED_VALUE_MIN_VERSION",
    "DEFAULT_SIGNED_VALUE_VERSION",
    "create_signed_value",
    "decode_signed_value",
    "get_signature_key_version",
]

CookieSecret: TypeAlias = str | bytes | Mapping[int, str | bytes]
"""One secret, or several by key version (key rotation)."""

DEFAULT_SIGNED_VALUE_VERSION = 2
DEFAULT_SIGNED_VALUE_MIN_VERSION = 1

_SECONDS_PER_DAY = 86400
_FUTURE_DAYS = 31
"""How far ahead of now a timestamp may lie, for clocks that differ between servers. In format 1,
whose fields are not delimited, digits moved from the value to the timestamp would otherwise make a
value that stays valid for ages.
"""

_MAX_FIELD_DIGITS = 8
_key_version = re.compile(rb"-?[0-9]{1,18}").fullmatch
_MAX_TIMESTAMP_DIGITS = 12
"""Enough for 30,000 years. Python refuses to read a number of thousands of digits."""


class _Fields(NamedTuple):
    """A parsed value in format 2. `signed` is the part that the signature covers."""

    key_version: int
    timestamp: bytes
    name: bytes
    value: bytes
    signature: bytes
    signed: bytes


def create_signed_value(
    secret: CookieSecret,
    name: str,
    value: str | bytes,
    version: int | None = None,
    clock: Callable[[], float] | None = None,
    key_version: int | None = None,
) -> bytes:
    """Sign `value`, together with `name` and the time, so that it cannot be forged.

    `secret`: a long random string, or several by key version, of which `key_version` is used.
    `version`: the format, 2 unless told otherwise. `clock` returns unix seconds. Raises ValueError
    for an unknown format, a `key_version` missing with several secrets, and a `key_version` that is
    not among them or no number (of at most 18 digits), since such a value could not be read.
    """
    timestamp = str(int((clock or time.time)())).encode()
    encoded = base64.b64encode(_bytes(value))
    match DEFAULT_SIGNED_VALUE_VERSION if version is None else version:
        case 1:
            if isinstance(secret, Mapping):
                raise ValueError("signed value format 1 has no key versions; give one secret")
            signature = _sign_v1(secret, utf8(name), encoded, timestamp)
            return b"|".join([encoded, timestamp, signature])
        case 2:
            number, key = _signing_key(secret, key_version)
            signed = b"|".join(
                [b"2"]
                + [_field(part) for part in (str(number).encode(), timestamp, utf8(name), encoded)]
                + [b""]
            )
            return signed + _sign_v2(key, signed)
        case other:
            raise ValueError(f"signed value format {other} is unknown, expected 1 or 2")


def decode_signed_value(
    secret: CookieSecret,
    name: str,
    value: str | bytes | None,
    max_age_days: float = 31,
    clock: Callable[[], float] | None = None,
    min_version: int | None = None,
) -> bytes | None:
    """Return what was signed, or None if `value` was not signed for `name` with this secret, or is
    too old.

    `max_age_days`: the greatest age, in days. `min_version`: the oldest format accepted, 1 by
    default. Raises ValueError if `min_version` is greater than 2. The comparison takes constant
    time.
    """
    lowest = DEFAULT_SIGNED_VALUE_MIN_VERSION if min_version is None else min_version
    if lowest > 2:
        raise ValueError(f"min_version {lowest} is unknown, expected 1 or 2")
    if not value:
        return None
    data = _received(value)
    now = (clock or time.time)()
    if data.startswith(b"2|"):
        return _decode_v2(secret, utf8(name), data, max_age_days, now)
    if lowest > 1 or isinstance(secret, Mapping):
        return None
    return _decode_v1(secret, utf8(name), data, max_age_days, now)


def get_signature_key_version(value: str | bytes) -> int | None:
    """Return the key version that a value in format 2 names, unverified; None for anything else."""
    fields = _parse_v2(_received(value))
    return None if fields is None else fields.key_version


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _received(value: str | bytes) -> bytes:
    """Return as bytes what anybody may have sent; no signature is right where something had to be
    replaced.
    """
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


def _field(part: bytes) -> bytes:
    return b"%d:%s" % (len(part), part)


def _signing_key(secret: CookieSecret, key_version: int | None) -> tuple[int, str | bytes]:
    if not isinstance(secret, Mapping):
        return 0, secret
    if key_version is None:
        raise ValueError("several cookie secrets are set; key_version must say which one signs")
    if key_version not in secret:
        raise ValueError(f"key version {key_version} is not among the cookie secrets")
    number: object = key_version  # from a configuration, perhaps
    if not isinstance(number, int) or _key_version(b"%d" % number) is None:
        raise ValueError(f"key version {key_version!r} is no whole number of at most 18 digits")
    return key_version, secret[key_version]


def _sign_v1(secret: str | bytes, *parts: bytes) -> bytes:
    return hmac.new(_bytes(secret), b"".join(parts), hashlib.sha1).hexdigest().encode()


def _sign_v2(secret: str | bytes, signed: bytes) -> bytes:
    return hmac.new(_bytes(secret), signed, hashlib.sha256).hexdigest().encode()


def _decode_v1(
    secret: str | bytes, name: bytes, data: bytes, max_age_days: float, now: float
) -> bytes | None:
    parts = data.split(b"|")
    if len(parts) != 3:
        return None
    encoded, timestamp, signature = parts
    if not hmac.compare_digest(signature, _sign_v1(secret, name, encoded, timestamp)):
        return None
    # A leading zero would also be a digit moved over from the value, as would be too many of them.
    if (
        not timestamp.isdigit()
        or timestamp.startswith(b"0")
        or len(timestamp) > _MAX_TIMESTAMP_DIGITS
    ):
        return None
    return _fresh(encoded, int(timestamp), max_age_days, now)


def _decode_v2(
    secret: CookieSecret, name: bytes, data: bytes, max_age_days: float, now: float
) -> bytes | None:
    fields = _parse_v2(data)
    if fields is None:
        return None
    if isinstance(secret, Mapping):
        key = secret.get(fields.key_version)
        if key is None:
            return None
    else:
        key = secret
    if not hmac.compare_digest(fields.signature, _sign_v2(key, fields.signed)):
        return None
    if fields.name != name or not fields.timestamp.isdigit():
        return None
    return _fresh(fields.value, int(fields.timestamp), max_age_days, now)


def _fresh(encoded: bytes, signed_at: int, max_age_days: float, now: float) -> bytes | None:
    oldest = now - max_age_days * _SECONDS_PER_DAY
    if not oldest <= signed_at <= now + _FUTURE_DAYS * _SECONDS_PER_DAY:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None


def _parse_v2(data: bytes) -> _Fields | None:
    if not data.startswith(b"2|"):
        return None
    position = 2
    parts: list[bytes] = []
    for _ in range(4):
        parsed = _take_field(data, position)
        if parsed is None:
            return None
        part, position = parsed
        parts.append(part)
    key_version, timestamp, name, value = parts
    if _key_version(key_version) is None:
        return None
    return _Fields(int(key_version), timestamp, name, value, data[position:], data[:position])


def _take_field(data: bytes, position: int) -> tuple[bytes, int] | None:
    """Return the field that starts at `position`, and where the next one starts."""
    colon = data.find(b":", position, position + _MAX_FIELD_DIGITS + 1)
    if colon < 0:
        return None
    digits = data[position:colon]
    if not digits.isdigit():
        return None
    end = colon + 1 + int(digits)
    if data[end : end + 1] != b"|":
        return None
    return data[colon + 1 : end], end + 1
