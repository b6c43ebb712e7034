"""Whitespace modes: how much of the whitespace between directives reaches the output."""

from __future__ import annotations

import re

WHITESPACE_MODES = ("all", "single", "oneline")

_BLANKS = re.compile(r"[\t ]+")
_AROUND_NEWLINE = re.compile(r"\s*\n\s*")
_WHITESPACE = re.compile(r"\s+")
_VERBATIM = re.compile(r"<(/?)(?:pre|textarea)\b", re.IGNORECASE)


def filter_whitespace(mode: str, text: str) -> str:
    """Return `text` with its whitespace reduced as `mode` says.

    `"all"` leaves it as it is, `"single"` collapses each run into one space, or one newline where
    the run holds any, `"oneline"` collapses each run into one space, newlines included. Raises
    ValueError for another mode.
    """
    check_mode(mode)
    if mode == "single":
        return _AROUND_NEWLINE.sub("\n", _BLANKS.sub(" ", text))
    return _WHITESPACE.sub(" ", text) if mode == "oneline" else text


def check_mode(mode: str) -> None:
    """Raise ValueError unless `mode` is the name of a whitespace mode."""
    if mode not in WHITESPACE_MODES:
        raise ValueError(f"invalid whitespace mode {mode!r}, expected one of {WHITESPACE_MODES}")


def default_mode(name: str) -> str:
    """Return the mode of a template that says nothing: whitespace means little in HTML and JS."""
    return "single" if name.endswith((".html", ".js")) else "all"


class WhitespaceFilter:
    """Filters the pieces of one file in order, leaving <pre> and <textarea> alone."""

    def __init__(self, mode: str) -> None:
        check_mode(mode)
        self.mode = mode
        self._verbatim = False

    def filter(self, text: str) -> str:
        """Return a piece of text as it shall go out.

        A piece that lies partly in an element whose whitespace counts stays as it is.
        """
        verbatim = self._verbatim
        for tag in _VERBATIM.finditer(text):
            verbatim = True
            self._verbatim = not tag[1]
        return text if verbatim else filter_whitespace(self.mode, text)
