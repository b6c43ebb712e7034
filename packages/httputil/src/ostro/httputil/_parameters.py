"""Parameters of header values: `form-data; name="a"; filename*=UTF-8''b`, in one linear pass."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from ._grammar import TOKEN
from .errors import HTTPInputError

_PARAMETER: Final = re.compile(
    rf"""
    [ \t]* ; [ \t]*
    (?: (?P<name>{TOKEN})
        (?: = (?: "(?P<quoted> (?: [^"\\] | \\. )* )" | (?P<plain> [^;"]*+ ) ) )
    )?
    [ \t]*
    """.replace("#", r"\#"),
    re.VERBOSE | re.DOTALL,
)
"""parameters = *( OWS ";" OWS [ parameter ] ). RFC 9110 section 5.6.6.

We accept an unquoted value that is no token, because boundaries and file names come like that.
"""

_QUOTED_PAIR: Final = re.compile(r'\\(["\\])')
"""We leave a backslash before any other character alone: browsers do not escape it."""

_EXTENDED_VALUE: Final = re.compile(
    r"(?P<charset>[A-Za-z0-9-]+)'[A-Za-z0-9-]*'"
    r"(?P<value>(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9!#$&+.^_`|~-])*)"
)
"""ext-value = charset "'" [ language ] "'" value-chars. RFC 8187 section 3.2.1."""

_CHARSETS: Final = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the parameters, and the parameters: both names in lower case.

    >>> parse_parameters('Form-Data; name="a;b"; filename=c.txt')
    ('form-data', {'name': 'a;b', 'filename': 'c.txt'})

    Raises HTTPInputError for a parameter without a value, an open quote, and a name that comes
    twice.

    Spec: RFC 9110 section 5.6.6.
    """
    semicolon = value.find(";")
    if semicolon < 0:
        return value.strip(" \t").lower(), {}
    parameters: dict[str, str] = {}
    position = semicolon
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None:
            raise HTTPInputError(f"malformed parameters in {value[:100]!a}")
        position = match.end()
        name, quoted, plain = match.group("name", "quoted", "plain")
        if name is None:
            continue
        name = name.lower()
        if name in parameters:
            raise HTTPInputError(f"parameter {name[:100]!a} comes twice")
        parameters[name] = plain.strip(" \t") if quoted is None else _unquote(quoted)
    return value[:semicolon].strip(" \t").lower(), parameters


def decode_extended_value(value: str) -> str:
    """Return the text of an extended value: `UTF-8''na%C3%AFve.txt` is "naïve.txt".

    Raises HTTPInputError when it is malformed, or its charset is neither UTF-8 nor ISO-8859-1.

    Spec: RFC 8187 section 3.2 (which obsoletes RFC 5987).
    """
    match = _EXTENDED_VALUE.fullmatch(value)
    if match is None:
        raise HTTPInputError(f"malformed extended value {value[:100]!a}")
    charset = _CHARSETS.get(match["charset"].lower())
    if charset is None:
        raise HTTPInputError(
            f"extended value in {match['charset'][:100]!a}, expected UTF-8 or ISO-8859-1"
        )
    try:
        return unquote_to_bytes(match["value"]).decode(charset)
    except UnicodeDecodeError:
        raise HTTPInputError(f"extended value {value[:100]!a} is not UTF-8") from None


def _unquote(quoted: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted
