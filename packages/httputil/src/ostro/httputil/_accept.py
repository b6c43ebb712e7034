"""Accept, Accept-Language and their like: what the client wants, best first."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ._parameters import parse_parameters
from .errors import HTTPInputError

DEFAULT_MAX_ACCEPT_ITEMS: Final = 64
"""Elements of one header that are read. Browsers send fewer than ten."""

_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', re.DOTALL)
"""An element of a list; commas in quoted strings do not end it. RFC 9110 section 5.6.1."""

_is_qvalue: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?").fullmatch
"""qvalue. RFC 9110 section 12.4.2."""


class AcceptItem(NamedTuple):
    """What the client accepts: `value` in lower case, `quality` from 0 ("not this") to 1.

    `parameters` are those of a media type, by name in lower case.
    """

    value: str
    quality: float
    parameters: dict[str, str]


def parse_accept(header: str, *, max_items: int = DEFAULT_MAX_ACCEPT_ITEMS) -> list[AcceptItem]:
    """Return the elements of an Accept header, the best first; among equals in their order.

    It reads Accept, Accept-Language, Accept-Encoding and Accept-Charset. Malformed elements, and
    all after the first `max_items`, are left out. It never raises.

    >>> [item.value for item in parse_accept("text/html;q=0.5, application/json")]
    ['application/json', 'text/html']

    Spec: RFC 9110 section 12.4.2 and 12.5.
    """
    items = [
        item for element in _elements(header, max_items) if (item := _item(element)) is not None
    ]
    items.sort(key=_rank)
    return items


def _elements(header: str, limit: int) -> list[str]:
    """Return the elements of a list, no more than `limit`, and none from an open quote on."""
    elements: list[str] = []
    position = 0
    while position < len(header) and len(elements) < limit:
        match = _ELEMENT.match(header, position)
        if match is not None:
            position = match.end()
        if position < len(header) and header[position] != ",":
            break
        if match is not None:
            elements.append(match.group())
        position += 1
    return elements


def _rank(item: AcceptItem) -> float:
    return -item.quality


def _item(element: str) -> AcceptItem | None:
    try:
        value, parameters = parse_parameters(element)
    except HTTPInputError:
        return None
    qvalue = parameters.pop("q", "1")
    if not value or not _is_qvalue(qvalue):
        return None
    return AcceptItem(value, float(qvalue), parameters)
