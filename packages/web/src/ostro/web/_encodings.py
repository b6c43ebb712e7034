"""Which of several encodings of a representation a client wants.

Spec: RFC 9110 section 12.5.3.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from ostro.httputil import parse_accept

__all__ = ["accepted_encodings"]

_CACHED_LENGTH: Final = 200
"""Characters up to which a header is remembered; those of browsers have about 30."""

_ALIASES: Final = {"x-gzip": "gzip"}
"""Spec: RFC 9110 section 8.4.1.3."""


def accepted_encodings(header: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Return those of the `offered` content codings that the client prefers to none, best first.

    `header` is its Accept-Encoding. Among equals, `offered` says which is better. What the header
    does not list is not accepted, unless it lists `*`.
    """
    if not header:
        return ()
    find = _remembered if len(header) <= _CACHED_LENGTH else _accepted
    return find(header, tuple(offered))


def _accepted(header: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    qualities: dict[str, float] = {}
    for item in parse_accept(header):
        qualities.setdefault(_ALIASES.get(item.value, item.value), item.quality)
    otherwise = qualities.get("*", 0.0)
    least = qualities.get("identity", 0.0)
    ranked = [(qualities.get(coding, otherwise), coding) for coding in offered]
    wanted = [(quality, coding) for quality, coding in ranked if quality > 0 and quality >= least]
    wanted.sort(key=_rank)
    return tuple([coding for _, coding in wanted])


_remembered = functools.lru_cache(maxsize=256)(_accepted)


def _rank(entry: tuple[float, str]) -> float:
    return -entry[0]
