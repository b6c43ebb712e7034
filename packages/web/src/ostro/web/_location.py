"""The Location of a redirect: on this host, unless the application names another one.

The URL may come from an attacker, as the `next` of a login page does. A browser takes what follows
two slashes, or backslashes, for a host, so no Location begins like that.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_SENT_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
"""Visible ASCII; what is beyond goes out percent-encoded. Spec: RFC 3986 section 2."""


def location(base: str, url: str | bytes) -> str:
    """Return the value of a Location header: `url` relative to `base`, the target of the request.

    Raises ValueError for control characters.
    """
    text = url.decode("utf-8") if isinstance(url, bytes) else url
    if _CONTROL.search(text):
        raise ValueError(f"redirect URL {text[:200]!a} has control characters")
    joined = urljoin(_on_this_host(base), _on_this_host(text.strip(" ")))
    # Again: dot segments are gone now, and what followed them may begin with slashes.
    return quote(_on_this_host(joined), safe=_SENT_AS_IT_IS)


def _on_this_host(url: str) -> str:
    """Return `url` with one slash where several, or backslashes, would make its path a host."""
    if len(url) > 1 and url[0] in "/\\" and url[1] in "/\\":
        return "/" + url.lstrip("/\\")
    return url
