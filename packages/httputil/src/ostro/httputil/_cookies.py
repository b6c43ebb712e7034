"""Reading the Cookie header, as browsers write it and not as the grammar wishes it were.

Everything here is linear, and nothing raises: what a client sends in Cookie must not break a site
for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http.cookies import Morsel
from typing import Final

_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)
"""In a quoted value, an octal escape or a quoted character, as `http.cookies` writes them."""

_find_control: Final = re.compile(r"[\x00-\x1f\x7f]").search


def parse_cookie(cookie: str) -> dict[str, str]:
    """Return the names and values of a Cookie header. It never raises.

    Pairs are separated by `;`, within quotes too, as browsers do it. A pair without `=` is a value
    without a name. Of several cookies with one name the last counts. A quoted value is unquoted.
    Bytes that were escaped, or that came raw in the header (which is Latin-1 text), are read as
    UTF-8 if they are UTF-8.

    Spec: RFC 6265bis section 5.7 (what browsers send).
    """
    cookies: dict[str, str] = {}
    for pair in cookie.split(";"):
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", name
        name = name.strip(" \t")
        value = value.strip(" \t")
        if name or value:
            cookies[name] = _unquote(value)
    return cookies


class Cookies(Mapping[str, Morsel[str]]):
    """The cookies of a Cookie header as morsels, by name. It never raises for what it reads.

    A cookie without a name, or with a control character even after unquoting, is left out. For the
    rest see `parse_cookie`. A morsel is made when it is first asked for: it costs as much as
    parsing five cookies.
    """

    __slots__ = ("_coded", "_morsels")

    def __init__(self, header: str = "") -> None:
        self._morsels: dict[str, Morsel[str]] = {}
        self._coded: dict[str, str] = {}
        # Without one of these in the header no cookie can have a control character in it.
        suspicious = "\\" in header or _find_control(header) is not None
        for pair in header.split(";"):
            name, equals, coded = pair.partition("=")
            name = name.strip(" \t")
            if not equals or not name:
                continue
            coded = coded.strip(" \t")
            if not (suspicious and _has_control(name, coded)):
                self._coded[name] = coded

    def __getitem__(self, name: str) -> Morsel[str]:
        morsel = self._morsels.get(name)
        if morsel is None:
            coded = self._coded[name]
            morsel = self._morsels[name] = Morsel()
            # Not Morsel.set: it refuses names that browsers do send ("path", "a[0]").
            morsel.__setstate__(  # type: ignore[attr-defined]  # typeshed lacks the pickle protocol
                {"key": name, "value": _unquote(coded), "coded_value": coded}
            )
        return morsel

    def __contains__(self, name: object) -> bool:
        return name in self._coded

    def __iter__(self) -> Iterator[str]:
        return iter(self._coded)

    def __len__(self) -> int:
        return len(self._coded)

    def __repr__(self) -> str:
        # Values are credentials; names are enough for whoever debugs.
        return f"Cookies({list(self._coded)!a})"


def _has_control(name: str, coded: str) -> bool:
    return any(_find_control(text) for text in (name, coded, _unquote(coded)))


def _unquote(value: str) -> str:
    """Undo the quoting of a value, and read the bytes it stands for as UTF-8 if they are it."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
        if "\\" in value:
            value = _ESCAPE.sub(_unescape, value)
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _unescape(match: re.Match[str]) -> str:
    octal, character = match.groups()
    return chr(int(octal, 8)) if octal else character
