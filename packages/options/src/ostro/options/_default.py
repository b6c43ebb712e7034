"""The global options of a program, and the functions that work on them."""

from __future__ import annotations

from ._logging_options import define_logging_options
from ._parser import OptionParser

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    import logging
    import os
    from collections.abc import Callable, Sequence
    from typing import Any, TextIO

    from ._values import Kind

options = OptionParser()
"""The options that all modules of a program share."""

define_logging_options(options)

_shared = options  # under a name that no parameter hides


# Any: as in OptionParser.
def define(
    name: str,
    default: Any = None,
    type: Kind | None = None,
    help: str | None = None,
    metavar: str | None = None,
    multiple: bool = False,
    group: str | None = None,
    callback: Callable[[Any], object] | None = None,
) -> None:
    """Define an option in the global options. See `OptionParser.define`."""
    options.define(name, default, type, help, metavar, multiple, group, callback)


def parse_command_line(args: Sequence[str] | None = None, final: bool = True) -> list[str]:
    """Set global options from a command line (`sys.argv`). See `OptionParser.parse_command_line`.

    Turns on pretty logging, unless `final` is false.
    """
    return options.parse_command_line(args, final)


def parse_config_file(path: str | os.PathLike[str], final: bool = True) -> None:
    """Set global options from a config file. See `OptionParser.parse_config_file`.

    Turns on pretty logging, unless `final` is false.
    """
    options.parse_config_file(path, final)


def print_help(file: TextIO | None = None) -> None:
    """Print the global options with their help to `file` (None: stdout)."""
    options.print_help(file)


def add_parse_callback(callback: Callable[[], object]) -> None:
    """Have `callback` called when the parsing of the global options is done."""
    options.add_parse_callback(callback)


def enable_pretty_logging(
    options: OptionParser | None = None, logger: logging.Logger | None = None
) -> None:
    """Turn on formatted logging as the logging options say.

    Called by `parse_command_line` and `parse_config_file`. `options` are the global ones by
    default, or ones that `define_logging_options` was called for; `logger` is the root logger by
    default. Calling it again replaces what an earlier call did, and with `--logging=none` undoes
    it.

    Raises InvalidValueError for an option that makes no sense (a level, a mode of rotation) and
    for a log file that cannot be opened.
    """
    from ._pretty_logging import enable  # not at the top: it imports logging

    enable(_shared if options is None else options, logger)
