"""Plain text to HTML in which web addresses are links.

The text is cut into addresses and what lies between, and every piece is escaped on its own, so
that nothing of the text reaches the result raw. Each step looks at a character a bounded number
of times: brackets are paired once for the whole text, and a search always goes on behind what
the last one consumed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from ._html import xhtml_escape
from ._strings import text_of

DEFAULT_PROTOCOLS = ("http", "https")

LONG_URL = 30
"""Characters above which `shorten` shortens an address."""

LONGEST_SHORTENED = 45
"""Characters of a shortened address above which its host, too, is cut (to LONG_URL)."""

SHOWN_OF_PATH = 8
"""Characters of the first path segment that a shortened address keeps."""

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
"""RFC 3986 section 3.1. It is compiled when it is needed, as is all here: many import this module
who do not call it, and that took as long as all the rest of the package.
"""

_NEED_AUTHORITY = frozenset({"http", "https", "ftp", "ftps", "sftp", "ssh", "git", "ws", "wss"})
"""Schemes that mean nothing without "//host"; others, like mailto, are linked without slashes."""

_CLOSER_TO_OPENER = {")": "(", "]": "[", "}": "{"}
_OPENERS = frozenset(_CLOSER_TO_OPENER.values())

_BRACKET_OR_END = (
    r"[()\[\]{}]"
    # Whitespace, controls, and what RFC 3986 allows in no address: < > " \ `
    r"|[\s<>\"\\`\x00-\x20\x7f-\x9f"
    # The bidirectional controls, which make an address look like another one.
    "\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)

_TRAILING_PUNCTUATION = (
    "?!.,:;'*~|&\u2018\u2019\u201c\u201d\u2026\u3001\u3002\uff0c\uff1b\uff1a\uff1f\uff01"
)
"""What belongs to the sentence, not to the address, at the end of one."""


class _Address(NamedTuple):
    """An address found in the text: where it stands, and what it links to."""

    start: int
    end: int
    shown: str
    href: str
    prefix_length: int
    """Characters of `shown` before the host: `http://`, or none."""


def linkify(
    text: str | bytes,
    shorten: bool = False,
    extra_params: str | Callable[[str], str] = "",
    require_protocol: bool = False,
    permitted_protocols: Collection[str] = DEFAULT_PROTOCOLS,
) -> str:
    """Convert plain text into HTML with links; everything else in it is escaped.

    `linkify("Hello http://tornadoweb.org!")` returns
    `Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!`

    An address ends before whitespace, quotes, `<`, `>`, a bracket without its partner inside
    the address, and the punctuation of a sentence.

    `shorten` displays addresses of more than 30 characters in part, the whole standing in the
    `title`. `extra_params` is HTML for the link tag, inserted as it is, or a callable that gets
    the address, escaped as in the href attribute, and returns such HTML.
    `require_protocol` leaves addresses like `www.facebook.com` alone. `permitted_protocols` are
    the schemes that become links, in any case, others never do: `["http", "ftp", "mailto"]`. It
    is very unsafe to include schemes such as `javascript`.

    The time is linear in the length of the text. Raises TypeError for a text that is neither
    str nor bytes and for protocols given as one str, ValueError for a protocol that is not a
    scheme ("http" is, "http://" is not).
    """
    text = text_of(text)
    start_pattern = _start_pattern(_checked(permitted_protocols), require_protocol)
    pieces: list[str] = []
    done = 0
    if start_pattern is not None:
        for address in _addresses(text, *start_pattern):
            pieces.append(xhtml_escape(text[done : address.start]))
            pieces.append(_anchor(address, shorten, extra_params))
            done = address.end
    pieces.append(xhtml_escape(text[done:]))
    return "".join(pieces)


def _checked(protocols: Collection[str]) -> frozenset[str]:
    if isinstance(protocols, str | bytes):
        raise TypeError(f"expected a list or set of protocols, got {protocols!r}")
    for protocol in protocols:
        if not re.fullmatch(_SCHEME, protocol):
            raise ValueError(f"expected protocols like 'http' and 'mailto', got {protocol!r}")
    return frozenset(protocol.lower() for protocol in protocols)


@functools.lru_cache(maxsize=32)
def _start_pattern(
    protocols: frozenset[str], require_protocol: bool
) -> tuple[re.Pattern[str], str] | None:
    """Return what an address starts with, and the prefix of addresses without a scheme."""
    starts = []
    if protocols:
        starts.append(f"({_any_of(protocols)}):/{{1,3}}")
    if without_slashes := protocols - _NEED_AUTHORITY:
        starts.append(f"({_any_of(without_slashes)}):(?!/)")
    bare_scheme = next((scheme for scheme in DEFAULT_PROTOCOLS if scheme in protocols), None)
    if bare_scheme is not None and not require_protocol:
        starts.append(r"(?<![/@.])(?P<bare>)www\.(?=[^\W_])")
    if not starts:
        return None
    # Not inside a word, nor behind "git+" and its like. ASCII: a long s is no "s" here, and a CJK
    # character is no part of the word.
    pattern = rf"(?<![A-Za-z0-9_])(?<![A-Za-z0-9_][+-])(?:{'|'.join(starts)})"
    return re.compile(pattern, re.IGNORECASE | re.ASCII), f"{bare_scheme}://"


def _any_of(schemes: frozenset[str]) -> str:
    return "|".join(re.escape(scheme) for scheme in sorted(schemes))


def _addresses(text: str, start_pattern: re.Pattern[str], bare_prefix: str) -> list[_Address]:
    found: list[_Address] = []
    match = start_pattern.search(text)
    partners = _paired_brackets(text) if match else {}
    while match:
        start, body = match.span()
        limit = _end_of_address(text, body, partners)
        end = body + len(text[body:limit].rstrip(_TRAILING_PUNCTUATION))
        if any(character.isalnum() for character in text[body:end]):
            shown = text[start:end]
            bare = match.groupdict().get("bare") is not None
            href = bare_prefix + shown if bare else shown
            found.append(_Address(start, end, shown, href, 0 if bare else body - start))
        # What was cut off at the end is punctuation: no address starts there.
        match = start_pattern.search(text, limit)
    return found


def _paired_brackets(text: str) -> dict[int, int]:
    """Map the position of each bracket that has a partner to the position of the partner.

    Only brackets of one uninterrupted run of address characters pair.
    """
    partners: dict[int, int] = {}
    open_brackets: list[int] = []
    for match in re.finditer(_BRACKET_OR_END, text):
        position, character = match.start(), match[0]
        if character in _OPENERS:
            open_brackets.append(position)
        elif character not in _CLOSER_TO_OPENER:
            open_brackets.clear()
        elif open_brackets and text[open_brackets[-1]] == _CLOSER_TO_OPENER[character]:
            partner = open_brackets.pop()
            partners[position] = partner
            partners[partner] = position
    return partners


def _end_of_address(text: str, body: int, partners: dict[int, int]) -> int:
    """Return where the address whose part behind the prefix starts at `body` must end."""
    for match in re.compile(_BRACKET_OR_END).finditer(text, body):
        # -1: neither an ordinary end nor a bracket that stands alone has a partner.
        if partners.get(match.start(), -1) < body:
            return match.start()
    return len(text)


def _anchor(address: _Address, shorten: bool, extra_params: str | Callable[[str], str]) -> str:
    href = xhtml_escape(address.href)
    params = extra_params(href) if callable(extra_params) else extra_params
    attributes = [f'<a href="{href}"']
    if params := params.strip():
        attributes.append(params)
    shown = address.shown
    if shorten:
        shown = _shortened(shown, address.prefix_length)
        if shown != address.shown:
            attributes.append(f'title="{href}"')
    return f"{' '.join(attributes)}>{xhtml_escape(shown)}</a>"


def _shortened(url: str, prefix_length: int) -> str:
    """Return the host and the beginning of the path with "...", or `url` where that is no gain."""
    if len(url) <= LONG_URL:
        return url
    host, slash, path = url[prefix_length:].partition("/")
    segment = re.split("[/?#.]", path, maxsplit=1)[0][:SHOWN_OF_PATH]
    kept = url[:prefix_length] + host + slash + segment
    if len(kept) > LONGEST_SHORTENED:
        kept = kept[:LONG_URL]
    kept += "..."
    return kept if len(kept) < len(url) else url
