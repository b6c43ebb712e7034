"""What --help shows."""

from __future__ import annotations

import textwrap

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._option import Option

WIDTH = 79
COLUMN = 35
"""Where the descriptions start."""


def format_help(program: str, options: Iterable[Option]) -> str:
    """Return the help text: the options by group, in the order of their names."""
    groups: dict[str, list[Option]] = {}
    for option in options:
        groups.setdefault(option.group, []).append(option)
    lines = [f"Usage: {program} [OPTIONS]", "", "Options:", ""]
    lines += _entry("-h, --help", "show this help and exit")
    for group in sorted(groups):
        lines += ["", f"{group} options:".lstrip(), ""]
        for option in sorted(groups[group], key=_name_of):
            lines += _entry(_usage(option), _description(option))
    return "\n".join([*lines, ""])


def _name_of(option: Option) -> str:
    return option.name


def _usage(option: Option) -> str:
    return f"--{option.name}" if option.is_flag else f"--{option.name}={option.metavar}"


def _description(option: Option) -> str:
    parts = [option.help or ""]
    default = option.default
    if option.multiple:
        default = ",".join(map(str, default))
    if default is not None and default != "":
        parts.append(f"(default {default})")
    return " ".join(filter(None, parts))


def _entry(usage: str, description: str) -> list[str]:
    lines = textwrap.wrap(description, WIDTH - COLUMN)
    usage = f"  {usage}"
    if len(usage) >= COLUMN or not lines:
        return [usage, *(" " * COLUMN + line for line in lines)]
    first, *rest = lines
    return [usage.ljust(COLUMN) + first, *(" " * COLUMN + line for line in rest)]
