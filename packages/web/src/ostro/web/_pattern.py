"""What can be read off a URL pattern without running it: the text it begins with, and how to fill
it in.

Both functions are careful rather than complete: for a pattern that they do not understand they
return the answer that is always right ("begins with nothing", "cannot be filled in").
"""

from __future__ import annotations

import re

_META = frozenset(".^$*+?{}[]\\|()")
_ESCAPED_CLASS = re.compile(r"[A-Za-z0-9]")
"""What after a backslash is not just that character: classes, anchors, back-references."""


def literal_prefix(pattern: str) -> tuple[str, bool]:
    """Return the text that every match of `pattern` begins with, and whether that is the whole
    match.

    A leading `^` and a trailing `$` are no text.
    """
    if _has_top_level_choice(pattern):
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


def _has_top_level_choice(pattern: str) -> bool:
    """Tell whether a `|` or an inline flag makes what comes first uncertain; over-careful in
    brackets.
    """
    if pattern.startswith("(?"):
        return True
    depth = 0
    escaped = False
    for char in pattern:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "|" and depth <= 0:
            return True
    return False


def reverse_template(pattern: str) -> list[str] | None:
    """Return the literal parts around the groups of `pattern`, or None if it is too general to fill
    in.

    A pattern with n capturing groups has n + 1 parts. An optional character (`/?`) is kept, one
    that may repeat from zero (`/*`) is left out.
    """
    body = pattern.removeprefix("^").removesuffix("$")
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
    escaped = in_class = False
    for position in range(start + 1, len(pattern)):
        char = pattern[position]
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            return None
        elif char == ")":
            follows = pattern[position + 1 : position + 2]
            return None if follows in ("?", "*", "+", "{") and follows else position + 1
    return None
