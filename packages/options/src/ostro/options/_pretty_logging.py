"""Logging as the logging options say: handlers put on a logger, and taken off again.

Imported on first use, as `logging` takes longer to import than this package.
"""

from __future__ import annotations

import logging
import logging.handlers
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ._formatter import LogFormatter
from .errors import InvalidValueError

if TYPE_CHECKING:
    from ._parser import OptionParser

LEVELS = ("debug", "info", "warning", "error", "critical")
ROTATE_MODES = ("size", "time")
ROTATE_WHEN = ("S", "M", "H", "D", "W0", "W1", "W2", "W3", "W4", "W5", "W6", "MIDNIGHT")


@dataclass(frozen=True, slots=True)
class _Installed:
    """What an earlier call did to a logger."""

    handlers: list[logging.Handler]
    level: int
    level_before: int


_installed: WeakKeyDictionary[logging.Logger, _Installed] = WeakKeyDictionary()
"""By logger, so that a second call (a config file, then a command line) replaces the first."""


def enable(options: OptionParser, logger: logging.Logger | None = None) -> None:
    """Configure `logger` (None: the root logger) as the logging options say.

    Raises InvalidValueError for an option that makes no sense or a log file that cannot be
    opened; the logger is as before then.
    """
    if logger is None:
        logger = logging.getLogger()
    before = _installed.get(logger)
    kept = [handler for handler in logger.handlers if not (before and handler in before.handlers)]
    level = _level(options)
    handlers = [] if level is None else _handlers(options, bool(kept))
    _undo(logger)
    if level is None:
        return
    _installed[logger] = _Installed(handlers, level, logger.level)
    logger.setLevel(level)
    for handler in handlers:
        logger.addHandler(handler)


def _undo(logger: logging.Logger) -> None:
    before = _installed.pop(logger, None)
    if before is None:
        return
    for handler in before.handlers:
        logger.removeHandler(handler)
        handler.close()
    if logger.level == before.level:  # otherwise someone has set it since
        logger.setLevel(before.level_before)


def _level(options: OptionParser) -> int | None:
    """Return the level to log from, or None to leave logging alone."""
    if options.logging is None or options.logging.lower() == "none":
        return None
    name = _choice(options, "logging", (*LEVELS, "none"))
    return logging.getLevelNamesMapping()[name.upper()]


def _handlers(options: OptionParser, has_others: bool) -> list[logging.Handler]:
    handlers: list[logging.Handler] = []
    if options.log_file_prefix:
        handler = _file_handler(options)
        handler.setFormatter(LogFormatter(color=False))
        handlers.append(handler)
    wanted = options.log_to_stderr
    if wanted or (wanted is None and not handlers and not has_others):
        stderr = logging.StreamHandler()
        stderr.setFormatter(LogFormatter())
        handlers.append(stderr)
    return handlers


def _file_handler(options: OptionParser) -> logging.Handler:
    path: str = options.log_file_prefix
    backups = _at_least(options, "log_file_num_backups", 0)
    mode = _choice(options, "log_rotate_mode", ROTATE_MODES)
    # The formatter leaves nothing that UTF-8 cannot hold; formatters of others may.
    encoding, errors = "utf-8", "backslashreplace"
    try:
        if mode == "size":
            size = _at_least(options, "log_file_max_size", 0)
            return logging.handlers.RotatingFileHandler(
                path, maxBytes=size, backupCount=backups, encoding=encoding, errors=errors
            )
        when = _choice(options, "log_rotate_when", ROTATE_WHEN)
        interval = _at_least(options, "log_rotate_interval", 1)
        return logging.handlers.TimedRotatingFileHandler(
            path, when, interval, backups, encoding=encoding, errors=errors
        )
    except OSError as error:
        reason = f"cannot open the log file ({error.strerror or error})"
        raise InvalidValueError("log_file_prefix", path, reason) from error


def _choice(options: OptionParser, name: str, choices: tuple[str, ...]) -> str:
    value: str | None = options[name]
    for choice in choices:
        if value is not None and value.lower() == choice.lower():
            return choice
    raise InvalidValueError(name, value, f"expected one of {', '.join(choices)}")


def _at_least(options: OptionParser, name: str, least: int) -> int:
    value: int | None = options[name]
    if value is None or value < least:
        raise InvalidValueError(name, value, f"expected {least} or more")
    return value
