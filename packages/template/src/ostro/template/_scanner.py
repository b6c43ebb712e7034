"""From text to tokens: where a piece of text, an expression, a directive begins and ends.

Knows the brackets `{{ }}`, `{% %}`, `{# #}` and as much of Python as it takes to find the closing
one: strings and braces. What stands in between is the parser's concern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from .errors import ParseError

_OPENING = re.compile(r"\{+[{%#]")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_PIECE = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"""
    | \'\'\'(?:[^'\\]|\\.|'(?!''))*\'\'\'
    | "(?:[^"\\\n]|\\.)*"
    | '(?:[^'\\\n]|\\.)*'
    | \{[{%] | [{}] | %\}''',
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"\s*comment\b")


class Kind(Enum):
    """What a token is."""

    TEXT = "text"
    EXPRESSION = "expression"
    DIRECTIVE = "directive"


class Token(NamedTuple):
    """A piece of a template without its brackets, and the line on which it begins."""

    kind: Kind
    text: str
    line: int


class Scanner:
    """Cuts the text of one template into tokens."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._line = 1
        self._counted = 0  # up to here the newlines are in _line

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens in order. Raises ParseError for a bracket that is never closed.

        Neighbouring texts come as one token, except where a comment stood between them.
        """
        text, position = self._text, 0
        literal: list[str] = []
        literal_start = 0
        while opening := _OPENING.search(text, position):
            start = opening.end() - 2  # of {{{ the last two: LaTeX has braces of its own
            literal.append(text[position:start])
            if text.startswith("!", opening.end()):
                literal.append(opening[0][-2:])
                position = opening.end() + 1
                continue
            if value := "".join(literal):
                yield Token(Kind.TEXT, value, self._line_at(literal_start))
            literal.clear()
            bracket = opening[0][-2:]
            line = self._line_at(start)
            end = self._end_of(bracket, opening.end())
            if end < 0:
                raise ParseError(f"missing end {_CLOSING[bracket]}", self._name, line)
            if bracket != "{#":
                kind = Kind.EXPRESSION if bracket == "{{" else Kind.DIRECTIVE
                yield Token(kind, text[opening.end() : end], line)
            position = literal_start = end + 2
        literal.append(text[position:])
        if value := "".join(literal):
            yield Token(Kind.TEXT, value, self._line_at(literal_start))

    def _line_at(self, position: int) -> int:
        """Return the line of a position, none of which lies before that of the last call."""
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def _end_of(self, bracket: str, start: int) -> int:
        """Return where the closing bracket stands, -1 if there is none."""
        text, closing = self._text, _CLOSING[bracket]
        first = text.find(closing, start)
        inside = text[start:first]
        if first < 0 or bracket == "{#" or not ("'" in inside or '"' in inside or "{" in inside):
            return first
        if bracket == "{%" and _COMMENT.match(inside):
            return first
        found = self._end_of_python(closing, start)
        return first if found < 0 else found

    def _end_of_python(self, closing: str, start: int) -> int:
        """Return where the first closing bracket stands that is no part of a string or a dict."""
        depth = 0
        for piece in _PIECE.finditer(self._text, start):
            if piece[0] in ("{{", "{%"):
                break  # no Python: what began here was never closed, and there the next one begins
            if piece[0] == "{":
                depth += 1
            elif piece[0] in ("}", "%}"):
                if depth <= 0 and self._text.startswith(closing, piece.start()):
                    return piece.start()
                depth -= piece[0] == "}"
        return -1
