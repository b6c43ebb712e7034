"""Where a redirect leads: to this host, unless the application names another one.

The URL may come from an attacker, as the `next` of a login page does. A browser takes what follows
two slashes, or backslashes, for a host, so no Location begins like that.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, urljoin, urlsplit

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers drop from a URL or take for a slash. Spec: WHATWG URL, section 4.4."""

_SENT_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
"""Visible ASCII; what is beyond goes out percent-encoded. Spec: RFC 3986 section 2."""


def location(base: str, url: str | bytes) -> str:
    """Return the value of a Location header: `url` relative to `base`, the target of the request.

    Raises ValueError for control characters.
    """
    text = url.decode("utf-8") if isinstance(url, bytes) else url
    if _CONTROL.search(text):
        raise ValueError(f"redirect URL {text[:200]!a} has control characters")
    joined = urljoin(on_this_host(base), on_this_host(text.strip(" ")))
    # Again: dot segments are gone now, and what followed them may begin with slashes.
    return quote(on_this_host(joined), safe=_SENT_AS_IT_IS)


def on_this_host(url: str) -> str:
    """Return `url` with one slash where several, or backslashes, would make its path a host."""
    if len(url) > 1 and url[0] in "/\\" and url[1] in "/\\":
        return "/" + url.lstrip("/\\")
    return url


def is_on_hosts(url: str, scheme: str, hosts: Collection[str]) -> bool:
    """Tell whether every browser takes `url` for a path, or for a URL of one of `hosts`.

    `hosts` are in lower case. A URL with a scheme must have `scheme` or https.
    """
    if _AMBIGUOUS.search(url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in (scheme, "https") and parts.netloc.lower() in hosts
