"""Canonical names of header fields ("content-type" is Content-Type), from a bounded cache.

A name that the cache holds is a valid token: `HTTPHeaders` relies on that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ._grammar import is_token

MAX_CACHED_NAMES: Final = 2048
"""Entries. Names come from the network: a full cache forgets all but the well-known ones."""

MAX_CACHED_NAME_LENGTH: Final = 64
"""Characters. Longer names, which no standard has, are computed each time."""

_WELL_KNOWN: Final = """
A-IM Accept Accept-CH Accept-Charset Accept-Encoding Accept-Language Accept-Ranges
Access-Control-Allow-Credentials Access-Control-Allow-Headers Access-Control-Allow-Methods
Access-Control-Allow-Origin Access-Control-Expose-Headers Access-Control-Max-Age
Access-Control-Request-Headers Access-Control-Request-Method Age Allow Alt-Svc Alt-Used
Authorization Cache-Control CDN-Loop Clear-Site-Data Connection Content-Disposition Content-Encoding
Content-Language Content-Length Content-Location Content-MD5 Content-Range Content-Security-Policy
Content-Security-Policy-Report-Only Content-Type Cookie Cross-Origin-Embedder-Policy
Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy Date Device-Memory DNT Early-Data ETag
Expect Expires Forwarded From Host HTTP2-Settings If-Match If-Modified-Since If-None-Match If-Range
If-Unmodified-Since Keep-Alive Last-Modified Link Location Max-Forwards Origin Permissions-Policy
Pragma Prefer Priority Proxy-Authenticate Proxy-Authorization Proxy-Connection Range Referer
Referrer-Policy Retry-After Save-Data Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-Fetch-Dest
Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC Sec-WebSocket-Accept Sec-WebSocket-Extensions
Sec-WebSocket-Key Sec-WebSocket-Key1 Sec-WebSocket-Key2 Sec-WebSocket-Protocol Sec-WebSocket-Version
Server Server-Timing Set-Cookie Set-Cookie2 SourceMap Strict-Transport-Security TE Trailer
Transfer-Encoding Upgrade Upgrade-Insecure-Requests User-Agent Vary Via Warning WWW-Authenticate
X-Amzn-Trace-Id X-Content-Type-Options X-Correlation-ID X-CSRFToken X-CSRF-Token X-Forwarded-For
X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Frame-Options X-HTTP-Method-Override
X-Powered-By X-Real-IP X-Request-ID X-Requested-With X-Robots-Tag X-Scheme X-UA-Compatible
X-XSRFToken X-XSS-Protection traceparent tracestate baggage """.split()  # noqa: SIM905  # a list literal would take ninety lines


def compute_canonical_name(name: str) -> str:
    """Return `name` with each word capitalised; a name that is no token is returned as it is."""
    if not is_token(name):
        return name
    return "-".join([word.capitalize() for word in name.split("-")])


_WELL_KNOWN_SPELLINGS: Final = {
    spelling: compute_canonical_name(name)
    for name in _WELL_KNOWN
    for spelling in (compute_canonical_name(name), name, name.lower(), name.upper())
}


class NameCache(dict[str, str]):
    """Spellings of header names, each with its canonical form."""

    __slots__ = ()

    def __missing__(self, name: str) -> str:
        canonical = compute_canonical_name(name)
        if len(name) <= MAX_CACHED_NAME_LENGTH and is_token(name):
            if len(self) >= MAX_CACHED_NAMES:
                # Rather than stay full: else names that somebody made up would keep real ones out.
                self.clear()
                self.update(_WELL_KNOWN_SPELLINGS)
            self[name] = canonical
        return canonical


name_cache: Final = NameCache(_WELL_KNOWN_SPELLINGS)

canonical_name: Final[Callable[[str], str]] = name_cache.__getitem__
"""Return the canonical spelling of a header name: `canonical_name("content-type")` is
"Content-Type".

Names compare without regard to case (RFC 9110 section 5.1), and canonical names compare with `==`.
What is no token comes back unchanged. It is the bound method of a dict, so that a name seen before
costs one lookup; the cache is bounded.
"""
