"""LogFormatter: one record, one line that cannot be mistaken for another."""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

DEFAULT_FORMAT = (
    "%(color)s[%(levelname)1.1s %(asctime)s %(module)s:%(lineno)d]%(end_color)s %(message)s"
)
DEFAULT_DATE_FORMAT = "%y%m%d %H:%M:%S"

DEFAULT_COLORS: Mapping[int, int] = {
    logging.DEBUG: 4,  # blue
    logging.INFO: 2,  # green
    logging.WARNING: 3,  # yellow
    logging.ERROR: 1,  # red
    logging.CRITICAL: 5,  # magenta
}
"""The colour of each level, as the digit that ANSI X3.64 gives it."""

_ANSI_COLOR = "\x1b[3%dm"
_ANSI_RESET = "\x1b[0m"

_UNSAFE = re.compile(
    # Controls other than tab and newline: they move the cursor, clear the screen, end the line.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
    # Bidirectional controls, which rearrange what is shown; halves of surrogate pairs.
    "\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class LogFormatter(logging.Formatter):
    r"""Formats a record as `[I 240531 23:59:58 module:123] message`, with the level's letter.

    A record cannot pass for another one: the lines of a message or traceback after the first
    are indented, control characters are written as escapes (`\x1b`). Messages that are bytes
    are read as UTF-8, and a message whose arguments do not fit is logged as such.

    `fmt`, `datefmt` and `style` are as in `logging.Formatter`; `%(color)s` and `%(end_color)s`
    are empty, or start and end the colour of the level: that is so when `color` is true and
    stderr is a terminal that shows colours (NO_COLOR is respected). `colors` maps levels to the
    digits of ANSI colours.
    """

    def __init__(
        self,
        fmt: str = DEFAULT_FORMAT,
        datefmt: str = DEFAULT_DATE_FORMAT,
        style: Literal["%", "{", "$"] = "%",
        color: bool = True,
        colors: Mapping[int, int] = DEFAULT_COLORS,
    ) -> None:
        super().__init__(fmt, datefmt, style)
        shown = color and shows_colors(sys.stderr, os.environ, sys.platform)
        self._start_of_level = (
            {level: _ANSI_COLOR % digit for level, digit in colors.items()} if shown else {}
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, without a newline at its end."""
        start = self._start_of_level.get(record.levelno, "")
        record.__dict__.update(color=start, end_color=_ANSI_RESET if start else "")
        record.message = _defused(_message_of(record))
        record.asctime = self.formatTime(record, self.datefmt)
        parts = [self.formatMessage(record)]
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            parts.append(_defused(record.exc_text))
        if record.stack_info:
            parts.append(_defused(self.formatStack(record.stack_info)))
        return "\n".join(parts).rstrip().replace("\n", "\n    ")


def shows_colors(stream: TextIO | None, environ: Mapping[str, str], platform: str) -> bool:
    """Return whether ANSI colours written to `stream` are shown as colours.

    `stream` is None where a program has no stderr. `environ` is `os.environ`, `platform`
    `sys.platform`.
    """
    if stream is None or not stream.isatty() or environ.get("NO_COLOR"):
        return False
    if platform == "win32":  # the old console shows the codes; these are set by those that do not
        return any(name in environ for name in ("WT_SESSION", "ANSICON", "ConEmuANSI", "TERM"))
    return environ.get("TERM", "dumb") != "dumb"


def _message_of(record: logging.LogRecord) -> str:
    message: object = record.msg
    try:
        if not isinstance(message, bytes):
            return record.getMessage()
        text = message.decode("utf-8", "backslashreplace")
        return text % record.args if record.args else text
    except Exception as error:  # noqa: BLE001  # a bad log call must not become a bad request
        shown = repr(message) if isinstance(message, str | bytes) else type(message).__name__
        return f"Bad message ({type(error).__name__}: {error}): {shown}"


def _defused(text: str) -> str:
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
