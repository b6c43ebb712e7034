"""What several test modules share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ostro.options import OptionParser


def parser_with(name: str = "x", **definition: Any) -> OptionParser:  # Any: what define() takes
    """Return a parser that has one option."""
    options = OptionParser()
    options.define(name, **definition)
    return options


def parse(options: OptionParser, *arguments: str) -> list[str]:
    """Parse arguments behind the name of a program."""
    return options.parse_command_line(["prog", *arguments])


ConfigWriter = Callable[[str], Path]
"""Writes a config file and returns its path."""
