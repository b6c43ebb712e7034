"""Building Set-Cookie, with the checks that browsers make: what they would drop is an error here.

Spec: RFC 6265bis section 4.1.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Final

from ._dates import format_timestamp
from ._grammar import is_cookie_name

_find_bad: Final = re.compile(r"[\x00-\x1f\x7f;]").search
_find_bad_raw: Final = re.compile(r"[\x00-\x1f\x7f;\u0100-\U0010ffff]").search
"""In attributes, which are not quoted: what does not go into a header either."""

_is_plain: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~:]+").fullmatch
"""Values that go out without quotes: those that `http.cookies` sends so."""

_QUOTE: Final = re.compile(r'[",\\]|[^\x00-\x7f]+')
"""What is escaped in quotes. The comma is, because some take it as the end of a header value."""

_SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}


def format_set_cookie(
    name: str,
    value: str,
    *,
    domain: str | None = None,
    expires: float | tuple[int, ...] | time.struct_time | datetime | None = None,
    path: str | None = "/",
    max_age: int | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = None,
    partitioned: bool = False,
) -> str:
    """Return the value of a Set-Cookie header.

    `expires` is a time as `format_timestamp` takes it, `max_age` a number of seconds, `samesite`
    one of "Lax", "Strict" and "None" in any case. A value with spaces, quotes or other characters
    that do not fit is quoted as `http.cookies` does it, text beyond ASCII as its UTF-8 bytes;
    `parse_cookie` undoes that. With None, and an empty `domain` or `path`, an attribute is left
    out.

    Raises ValueError for a name that is no token, for a `;`, CR, LF or other control character in
    anything, for a character beyond Latin-1 in an attribute, for another `samesite`, for `samesite`
    "None" or `partitioned` without `secure`, and for a `__Secure-` or `__Host-` name whose rules
    are not kept (`secure`; for `__Host-` also path "/" and no domain): browsers ignore such
    cookies.
    """
    _check(name, value, domain, path, samesite)
    same_site = _same_site(samesite)
    if not secure:
        _check_insecure(name, same_site, partitioned)
    if name.lower().startswith("__host-") and (domain or path != "/"):
        raise ValueError(f"cookie {name} must have path '/' and no domain, because of its prefix")
    parts = [f"{name}={_quote(value)}"]
    if domain:
        parts.append(f"Domain={domain}")
    if expires is not None:
        parts.append(f"expires={format_timestamp(expires)}")
    if httponly:
        parts.append("HttpOnly")
    if max_age is not None:
        parts.append(f"Max-Age={int(max_age)}")
    if partitioned:
        parts.append("Partitioned")
    if path:
        parts.append(f"Path={path}")
    if same_site:
        parts.append(f"SameSite={same_site}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts)


def _check(
    name: str, value: str, domain: str | None, path: str | None, samesite: str | None
) -> None:
    """Refuse whatever could end the attribute that it is in, or the header."""
    if not is_cookie_name(name):
        raise ValueError(f"cookie name {name[:100]!a} is not a token")
    for what, text in (
        ("value", value), ("domain", domain), ("path", path), ("samesite", samesite),
    ):  # fmt: skip
        find = _find_bad if what == "value" else _find_bad_raw
        bad = find(text) if text else None
        if bad is not None:
            raise ValueError(f"{what} of cookie {name} has the character {bad.group()!a}")


def _same_site(samesite: str | None) -> str | None:
    if samesite is None:
        return None
    same_site = _SAME_SITE.get(samesite.lower())
    if same_site is None:
        raise ValueError(f"samesite is {samesite[:100]!a}, expected Lax, Strict or None")
    return same_site


def _check_insecure(name: str, same_site: str | None, partitioned: bool) -> None:
    """Refuse what only a cookie that is `secure` may be."""
    if name.lower().startswith(("__host-", "__secure-")):
        raise ValueError(f"cookie {name} must be secure, because of its prefix")
    if same_site == "None":
        raise ValueError(f"cookie {name} has samesite 'None', and so must be secure")
    if partitioned:
        raise ValueError(f"cookie {name} is partitioned, and so must be secure")


def _quote(value: str) -> str:
    if _is_plain(value):
        return value
    return '"' + _QUOTE.sub(_escape, value) + '"'


def _escape(match: re.Match[str]) -> str:
    text = match.group()
    if text in '"\\':
        return "\\" + text
    return "".join([f"\\{byte:03o}" for byte in text.encode("utf-8")])
