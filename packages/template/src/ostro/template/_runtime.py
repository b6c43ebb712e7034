"""What the generated code calls, and the names that every template starts with."""

from __future__ import annotations

import datetime
from typing import Final

from ostro.escape import json_encode, linkify, squeeze, url_escape, xhtml_escape

NAMESPACE: Final[dict[str, object]] = {
    "escape": xhtml_escape,
    "xhtml_escape": xhtml_escape,
    "url_escape": url_escape,
    "json_encode": json_encode,
    "squeeze": squeeze,
    "linkify": linkify,
    "datetime": datetime,
}

ESCAPES_HTML: Final = frozenset({"escape", "xhtml_escape"})
"""The names in NAMESPACE of the function whose work the generated code can take over."""


def text(value: object) -> str:
    """Return what a value looks like in the output: UTF-8 bytes decoded, others by `str`.

    The result is exactly a str: no method of a subclass decides what is escaped.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8")
    # Not isinstance, which believes a proxy that says it is a str.
    return str.__str__(value if issubclass(type(value), str) else str(value))


MODULES: Final = "_tt_modules"
"""Where `{% module NAME(...) %}` finds the modules: an object whose attributes they are."""

HELPERS: Final = {
    "_tt_str": str,
    "_tt_type": type,
    "_tt_text": text,
    "_tt_escape": xhtml_escape,
    "_tt_join": "".join,
}
"""The last parameters of each generated function, with their values."""
