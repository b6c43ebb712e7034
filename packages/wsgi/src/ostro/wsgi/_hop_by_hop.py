"""The headers that concern one connection alone, and so are never an application's.

Spec: PEP 3333 (Other HTTP Features), RFC 9110 section 7.6.1.
"""

from __future__ import annotations

__all__ = ["HOP_BY_HOP"]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)
"""Their names, in lower case."""
