"""The parse tree: what a template says, before anything is known about how it is run.

A node keeps its line, counted from 1, in the file that it was read from. Knows nothing of loaders:
the names of other templates stand in the tree as they were written. Plain classes, since importing
dataclasses would cost as much as the rest of the package.
"""

from __future__ import annotations

from typing import TypeAlias


class Text:
    """What goes out as it stands."""

    __slots__ = ("line", "value")

    def __init__(self, line: int, value: str) -> None:
        self.line = line
        self.value = value


class Expression:
    """`{{ code }}`; `raw` when the result goes out unescaped."""

    __slots__ = ("code", "line", "raw")

    def __init__(self, line: int, code: str, *, raw: bool) -> None:
        self.line = line
        self.code = code
        self.raw = raw


class Statement:
    """A Python statement of one logical line, that outputs nothing: set, import, from, break."""

    __slots__ = ("code", "line")

    def __init__(self, line: int, code: str) -> None:
        self.line = line
        self.code = code


class Branch:
    """The head of a compound statement without its colon, and what stands below it."""

    __slots__ = ("body", "head", "line")

    def __init__(self, line: int, head: str) -> None:
        self.line = line
        self.head = head
        self.body: list[Node] = []


class Control:
    """A compound statement: `if` with its `elif` and `else`, and so on."""

    __slots__ = ("branches", "keyword", "line")

    def __init__(self, line: int, keyword: str, first: Branch) -> None:
        self.line = line
        self.keyword = keyword
        self.branches = [first]


class Apply:
    """`{% apply function %}`: the output of the body goes through a function."""

    __slots__ = ("body", "function", "line")

    def __init__(self, line: int, function: str) -> None:
        self.line = line
        self.function = function
        self.body: list[Node] = []


class Block:
    """`{% block name %}`: a part that templates which extend this one may replace."""

    __slots__ = ("body", "line", "name")

    def __init__(self, line: int, name: str) -> None:
        self.line = line
        self.name = name
        self.body: list[Node] = []


class Super:
    """`{% super %}`: the block that this one replaces."""

    __slots__ = ("line",)

    def __init__(self, line: int) -> None:
        self.line = line


class Include:
    """`{% include name %}`: another file, as if it stood here. Also the target of `extends`."""

    __slots__ = ("line", "name")

    def __init__(self, line: int, name: str) -> None:
        self.line = line
        self.name = name


Node: TypeAlias = Text | Expression | Statement | Control | Apply | Block | Super | Include


class File:
    """One parsed file.

    `name` is as the loader knows it, `filename` what a traceback shows: the path, where the file
    has one. `autoescape` is the function that expressions go through, None for none.
    """

    __slots__ = ("autoescape", "body", "extends", "filename", "name", "text")

    def __init__(self, name: str, filename: str, text: str, autoescape: str | None) -> None:
        self.name = name
        self.filename = filename
        self.text = text
        self.autoescape = autoescape
        self.extends: Include | None = None
        self.body: list[Node] = []
