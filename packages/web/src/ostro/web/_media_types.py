"""The media type of a file, by its name."""

from __future__ import annotations

from typing import Final

UNKNOWN_TYPE: Final = "application/octet-stream"

_OF_THE_WEB: Final = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".htm": "text/html",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "text/xml",
}
"""What browsers insist on, and platforms have wrong or miss: Windows may call a script plain text.
"""

_COMPRESSED: Final = {"gzip": "application/gzip"}
"""What a file is that is delivered as it is, compressed. Spec: RFC 6713."""


def media_type(path: str) -> str:
    """Return the media type of a file by its name, without parameters.

    A compressed file (`x.tar.gz`) is what its compression makes of it, because that is how it is
    stored. The first call may read the platform's lists of types: make it off the loop.
    """
    known = _OF_THE_WEB.get(path[path.rfind(".") :].lower())
    if known is not None:
        return known
    import mimetypes  # most applications serve no files

    guessed, encoding = mimetypes.guess_type("/" + path.rpartition("/")[2])
    if encoding is not None:
        return _COMPRESSED.get(encoding, UNKNOWN_TYPE)
    return guessed or UNKNOWN_TYPE


def with_charset(kind: str, charset: str | None) -> str:
    """Return a media type with `charset` as its parameter, if it is text and has none yet."""
    if charset and kind.startswith("text/") and ";" not in kind:
        return f"{kind}; charset={charset}"
    return kind
