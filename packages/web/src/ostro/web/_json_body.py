"""A request body as JSON: what is accepted as such, and what is refused and how.

It knows a body and its Content-Type, and nothing of handlers.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any, Final

from ostro.httputil import HTTPInputError, parse_parameters

from .errors import HTTPError, JSONBodyError

__all__ = ["check_json_type", "parse_json_body"]

_is_json_type: Final = re.compile(r"application/(?:[^/+]+\+)*json").fullmatch
"""application/json, and what has the structured suffix. Spec: RFC 6839 section 3.1."""

_has_surrogate: Final = re.compile(r"\\u[dD][89a-fA-F]").search


def check_json_type(content_type: str) -> None:
    """Accept a Content-Type of JSON, whatever its parameters; raise `HTTPError` 415 for another.

    Spec: RFC 8259 section 11: a charset has no meaning.
    """
    try:
        media_type = parse_parameters(content_type)[0]
    except HTTPInputError:
        media_type = ""
    if not _is_json_type(media_type):
        raise HTTPError(
            415, "Content-Type is %a, expected application/json", content_type[:100] or None
        )


# Any: what JSON holds is for the client to choose
def parse_json_body(body: bytes) -> Any:
    """Return the value of a JSON text; raise `JSONBodyError`, a 400 response, if it is none.

    Refused are also, as other receivers may understand them differently: names that come twice in
    an object, NaN and infinities, numbers too large for a double, half surrogate pairs, encodings
    other than UTF-8; and what is nested deeper than the interpreter can follow.

    Spec: RFC 8259, RFC 7493 (I-JSON) section 2.
    """
    if body.startswith(codecs.BOM_UTF8):
        body = body[len(codecs.BOM_UTF8) :]  # RFC 8259 section 8.1: may be ignored
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JSONBodyError(f"byte {error.start} is not UTF-8") from None
    try:
        value = _decode(text)
        if _has_surrogate(text):
            _check_surrogates(value)
    except json.JSONDecodeError as error:
        raise JSONBodyError(error.msg.lower(), error.lineno, error.colno) from None
    except RecursionError:
        raise JSONBodyError("nested too deeply") from None
    except _RefusedError as error:
        raise JSONBodyError(str(error)) from None
    except ValueError:
        # An integer of more digits than Python converts: sys.set_int_max_str_digits().
        raise JSONBodyError("number too long") from None
    return value


class _RefusedError(ValueError):
    """The text is JSON, and we do not take it."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError("a name comes twice in an object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _RefusedError("number too large")
    return number


def _no_constant(name: str) -> float:
    raise _RefusedError(f"{name} is not JSON")


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
).decode


def _check_surrogates(value: object) -> None:
    """Refuse text that cannot be encoded: it would fail later, wherever it is written."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _RefusedError("text has one half of a surrogate pair") from None
