"""What can be read off a URL pattern without running it: the text it begins with, and how to fill
it in.

The functions are careful rather than complete: for a pattern that they do not understand they
return the answer that is always right ("begins with nothing", "cannot be filled in").
"""

from __future__ import annotations

import re

_QUANTIFIERS = ("?", "*", "+", "{")
_META = frozenset(".^$*+?{}[]\\|()")
_ESCAPED_CLASS = re.compile(r"[A-Za-z0-9]")
"""What after a backslash is not just that character: classes, anchors, back-references."""


_KNOWN_GROUP = re.compile(r"\?(?::|P<|=|!|<=|<!)")
"""How a group that is not plain may go on, if its contents are to be understood."""


def anchored(pattern: str) -> str:
    """Return `pattern` with a `$` at its end, unless it has one."""
    return pattern if _ends_with_anchor(pattern) else pattern + "$"


def _ends_with_anchor(pattern: str) -> bool:
    """Tell whether a `$` at the end is the anchor, and not the character."""
    if not pattern.endswith("$"):
        return False
    before = pattern[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def literal_prefix(pattern: str) -> tuple[str, bool]:
    """Return the text that every match of `pattern` begins with, and whether that is the whole
    match.

    A leading `^` and a trailing `$` are no text.
    """
    if has_top_level_choice(pattern):
        return "", False
    body = pattern.removeprefix("^")
    prefix: list[str] = []
    position = 0
    while position < len(body):
        char = body[position]
        if char == "$" and position == len(body) - 1:
            break
        if char == "\\" and not _ESCAPED_CLASS.match(body, position + 1):
            position += 1
            char = body[position : position + 1]
        elif char in _META:
            return "".join(prefix), False
        position += 1
        if body[position : position + 1] in ("?", "*", "{"):
            return "".join(prefix), False  # this character may be missing
        prefix.append(char)
    return "".join(prefix), True


def has_top_level_choice(pattern: str) -> bool:
    """Tell whether a `|` outside of all groups, or a group of a kind that is not understood, makes
    what comes first uncertain.
    """
    depth = position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = _end_of_class(pattern, position)
        elif char == "(":
            depth += 1
            if pattern.startswith("?", position + 1) and not _KNOWN_GROUP.match(
                pattern, position + 1
            ):
                return True  # a flag, a comment, a condition
        elif char == ")":
            depth -= 1
        elif char == "|" and depth == 0:
            return True
        position += 1
    return False


def _end_of_class(pattern: str, start: int) -> int:
    """Return the position of the bracket that ends the character class which starts at `start`."""
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    if pattern.startswith("]", position):
        position += 1  # a bracket that comes first is a character
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position


def reverse_template(pattern: str) -> list[str] | None:
    """Return the literal parts around the groups of `pattern`, or None if it is too general to fill
    in.

    A pattern with n capturing groups has n + 1 parts. An optional character (`/?`) is kept, one
    that may repeat from zero (`/*`) is left out.
    """
    body = pattern.removeprefix("^")
    if _ends_with_anchor(body):
        body = body[:-1]
    parts = [""]
    position = 0
    while position < len(body):
        char = body[position]
        if char == "(":
            end = _end_of_group(body, position)
            if end is None:
                return None
            parts.append("")
            position = end
            continue
        if char == "\\":
            if _ESCAPED_CLASS.match(body, position + 1):
                return None
            position += 1
            char = body[position : position + 1]
        elif char in _META and char != ".":
            return None
        position += 1
        quantifier = body[position : position + 1]
        if quantifier in ("?", "*", "+"):
            position += 1
        if quantifier != "*":
            parts[-1] += char
    return parts


def _end_of_group(pattern: str, start: int) -> int | None:
    """Return the position after a capturing group; None if it is no such, or has groups inside."""
    if pattern.startswith("(?", start) and not pattern.startswith("(?P<", start):
        return None
    position = start + 1
    while pattern[position] != ")":
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = _end_of_class(pattern, position)
        elif char == "(":
            return None
        position += 1
    # What may be left out, or repeated, has no one text.
    return None if pattern[position + 1 : position + 2] in _QUANTIFIERS else position + 1
