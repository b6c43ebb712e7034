"""The Vary header: what of a request an answer depends on, for caches to know.

Spec: RFC 9110 section 12.5.5.
"""

from __future__ import annotations

from ostro.httputil import HTTPHeaders

__all__ = ["add_vary"]


def add_vary(headers: HTTPHeaders, name: str) -> None:
    """Name a request header in Vary, beside those that are there."""
    known = headers.get("Vary")
    if not known:
        headers["Vary"] = name
    elif not {"*", name.lower()} & {part.strip(" \t").lower() for part in known.split(",")}:
        headers["Vary"] = f"{known}, {name}"
