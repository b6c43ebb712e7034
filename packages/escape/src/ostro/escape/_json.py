"""JSON, safe to place inside a <script> element."""

from __future__ import annotations

import json
from typing import Any

from ._strings import text_of


def json_encode(value: object) -> str:
    r"""Encode an object as JSON that may stand inside a <script> element.

    `</` is written `<\/` and `<!--` is written `\u003c!--`, so that no string in the data can end
    the element, nor start a comment that hides its end; a JSON parser reads both back as they
    were. Everything beyond ASCII is written as `\uXXXX`.
    Takes what `json.dumps` takes, raises what it raises: TypeError for a type without a JSON
    form (bytes too: decode them, or use `recursive_unicode`), ValueError for a circular
    structure.
    """
    text = json.dumps(value)
    if "<" in text:  # inside JSON only a string can hold it, so both escapes are legal there
        text = text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
    return text


# Any: what comes out depends on the text alone.
def json_decode(value: str | bytes) -> Any:
    """Decode a JSON text, given as str or as UTF-8 bytes.

    Raises json.JSONDecodeError (a ValueError) for a malformed text, one nested deeper than the
    interpreter's recursion limit included; plain ValueError for an integer of more digits than
    `int` takes; UnicodeDecodeError (a ValueError too) for bytes that are not UTF-8; TypeError
    for anything but str and bytes. Spec: RFC 8259.
    """
    text = text_of(value)
    try:
        return json.loads(text)
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None
