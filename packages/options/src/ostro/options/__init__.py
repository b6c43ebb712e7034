"""Typed options from the command line and from config files, and pretty logging.

Importing this costs a few milliseconds, so that any module can afford to define its options:
`logging` and the rest of what only some calls need is imported by those calls.
"""

from __future__ import annotations

from ._default import (
    add_parse_callback,
    define,
    enable_pretty_logging,
    options,
    parse_command_line,
    parse_config_file,
    print_help,
)
from ._logging_options import define_logging_options
from ._parser import OptionParser
from ._values import DEFAULT_MAX_RANGE
from .errors import (
    ConfigFileError,
    ConfigFileUnreadableError,
    DefinitionError,
    Error,
    InvalidValueError,
    MissingValueError,
    RedefinedOptionError,
    UnknownOptionError,
)

__all__ = [
    "DEFAULT_MAX_RANGE",
    "ConfigFileError",
    "ConfigFileUnreadableError",
    "DefinitionError",
    "Error",
    "InvalidValueError",
    "LogFormatter",
    "MissingValueError",
    "OptionParser",
    "RedefinedOptionError",
    "UnknownOptionError",
    "add_parse_callback",
    "define",
    "define_logging_options",
    "enable_pretty_logging",
    "options",
    "parse_command_line",
    "parse_config_file",
    "print_help",
]

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, as type checkers know it
if TYPE_CHECKING:
    from ._formatter import LogFormatter
else:  # hidden from type checkers: to them it would mean that every name exists

    def __getattr__(name: str) -> type[object]:
        """Import the one name whose module needs `logging` when it is asked for."""
        if name == "LogFormatter":
            from ._formatter import LogFormatter

            return LogFormatter
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
