"""The grammar of a command line, apart from what any option means.

--name=value  --name  -name=value  -h  --help      options, until the first of:
--                                                 ends the options, and is dropped
anything else, "-" and negative numbers included   ends the options, and is kept
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = ("-h", "-help", "--help")


def split_arguments(
    arguments: Sequence[str],
) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Return the options as pairs of name and text, and the arguments that remain.

    The text is None where there is no `=`. The name of the help option, in each of its forms,
    is "help".
    """
    found: list[tuple[str, str | None]] = []
    for index, argument in enumerate(arguments):
        if argument == "--":
            return found, list(arguments[index + 1 :])
        if not _is_option(argument):
            return found, list(arguments[index:])
        if argument in HELP:
            found.append(("help", None))
            continue
        name, equals, text = argument.partition("=")
        name = name[2:] if name.startswith("--") else name[1:]
        found.append((name, text if equals else None))
    return found, []


def _is_option(argument: str) -> bool:
    """Tell an option from "-", which means standard input, and from a negative number."""
    if not argument.startswith("-") or argument == "-":
        return False
    return not argument[1:].replace(".", "", 1).isdigit()
