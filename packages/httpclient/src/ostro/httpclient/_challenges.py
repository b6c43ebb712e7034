"""WWW-Authenticate and Proxy-Authenticate, read in one linear pass.

Spec: RFC 9110 section 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Challenge", "parse_challenges"]

_NAME: Final = r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+"

_ITEM: Final = re.compile(
    r"[ \t,]*(?:"
    rf"(?P<name>{_NAME})[ \t]*=[ \t]*"
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"=]+)(?=[ \t]*(?:,|$)))'
    rf"|(?P<scheme>{_NAME})(?=[ \t,]|$)(?:[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$)))?"
    r")"
)
"""auth-param, or auth-scheme with its token68, if it has one; whatever separates them before it."""

_QUOTED_PAIR: Final = re.compile(r"\\(.)")


class Challenge(NamedTuple):
    """One way in which a server wants to know who asks. All names are in lower case."""

    scheme: str
    parameters: dict[str, str]


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Return the challenges of all fields of the name. What is malformed ends its field."""
    challenges: list[Challenge] = []
    for value in values:
        position = 0
        current: Challenge | None = None
        while (match := _ITEM.match(value, position)) is not None:
            position = match.end()
            scheme, name = match["scheme"], match["name"]
            if scheme is not None:
                current = Challenge(scheme.lower(), {})
                challenges.append(current)
            elif current is not None:
                quoted = match["quoted"]
                text = match["plain"] if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
                current.parameters.setdefault(name.lower(), text)
    return challenges
