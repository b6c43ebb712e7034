"""From the parse tree to Python source.

A page becomes one function: what it extends and includes is written out in place, so that all of
it sees the same local variables. Each line of the source knows which line of which template it
stands for. Python's own errors are none of its business, nor is which names are variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ._source import Location, Source, SourceWriter
from ._tree import (
    Apply,
    Block,
    Control,
    Expression,
    File,
    Include,
    Node,
    Statement,
    Super,
    Text,
)
from .errors import ParseError

Find = Callable[[File, Include], File]
"""Returns the file that another one names. Raises ParseError, TemplateNotFoundError."""

_Definitions = Mapping[str, Sequence[tuple[File, Block]]]


def generate(ancestry: Sequence[File], find: Find, *, inline_escape: bool) -> Source:
    """Write the source of a page.

    `ancestry` is the page's file, the file that it extends, and so on. Raises ParseError for files
    or blocks that contain themselves, and whatever `find` raises.
    """
    try:
        definitions: dict[str, list[tuple[File, Block]]] = {}
        for file in ancestry:
            for name, definition in dict(_blocks_of(file, file.body, find, ())).items():
                definitions.setdefault(name, []).append(definition)
        walker = _Walker(definitions, find, SourceWriter(inline_escape=inline_escape))
        return walker.page(ancestry[-1])
    except RecursionError as error:
        message = "directives or files that are nested too deeply for Python"
        raise ParseError(message, ancestry[0].name, 1) from error


def _blocks_of(
    file: File, body: Sequence[Node], find: Find, within: tuple[str, ...]
) -> Iterator[tuple[str, tuple[File, Block]]]:
    """Yield the blocks of a file and of those that it includes, which are part of it.

    `within` names the files that include this one.
    """
    for node in body:
        if isinstance(node, Block):
            yield node.name, (file, node)
            yield from _blocks_of(file, node.body, find, within)
        elif isinstance(node, Apply):
            yield from _blocks_of(file, node.body, find, within)
        elif isinstance(node, Control):
            for branch in node.branches:
                yield from _blocks_of(file, branch.body, find, within)
        elif isinstance(node, Include):
            included = find(file, node)
            names = (*within, file.name)
            if included.name in names:
                circle = " -> ".join([*names[names.index(included.name) :], included.name])
                raise ParseError(f"template includes itself: {circle}", file.name, node.line)
            yield from _blocks_of(included, included.body, find, names)


class _Place:
    """The file and the block that are being written.

    `depth` counts the definitions of the block, overriding this one, that have called super.
    """

    __slots__ = ("block", "depth", "file", "part", "via")

    def __init__(
        self, file: File, part: str, via: Location | None, block: str = "", depth: int = 0
    ) -> None:
        self.file = file
        self.part = part
        self.via = via
        self.block = block
        self.depth = depth

    def at(self, line: int) -> Location:
        return Location(self.file, line, self.part, self.via)


class _Walker:
    """Goes through the tree, and writes."""

    def __init__(self, definitions: _Definitions, find: Find, writer: SourceWriter) -> None:
        self._definitions = definitions
        self._find = find
        self._writer = writer
        self._inside: set[tuple[str, int]] = set()  # the definitions that are being written

    def page(self, base: File) -> Source:
        """Write a whole page, from the template that extends no other."""
        place = _Place(base, "template", None)
        self._writer.open_buffer(place.at(1))
        self._nodes(base.body, place)
        output = self._writer.close_buffer(place.at(1))
        self._writer.line(f"return {output}.encode()", place.at(1))
        return self._writer.source

    def _nodes(self, nodes: Sequence[Node], place: _Place) -> None:
        writer = self._writer
        for node in nodes:
            location = place.at(node.line)
            if isinstance(node, Text):
                writer.text(node.value, location)
            elif isinstance(node, Expression):
                writer.value(node.code, None if node.raw else place.file.autoescape, location)
            elif isinstance(node, Statement):
                writer.statement(node.code, location)
            elif isinstance(node, Control):
                self._control(node, place)
            elif isinstance(node, Apply):
                self._apply(node, place)
            elif isinstance(node, Block):
                self._definition(node.name, 0, location, place)
            elif isinstance(node, Super):
                self._super(location, place)
            else:
                file = self._find(place.file, node)
                self._nodes(file.body, _Place(file, "template", location))

    def _control(self, node: Control, place: _Place) -> None:
        # What was output before an error stays, so within `try` nothing is held back.
        eager = node.keyword == "try"
        for branch in node.branches:
            with self._writer.indented(f"{branch.head}:", place.at(branch.line)):
                self._writer.eager += eager
                self._nodes(branch.body, place)
                self._writer.eager -= eager

    def _apply(self, node: Apply, place: _Place) -> None:
        location = place.at(node.line)
        self._writer.open_buffer(location)
        self._nodes(node.body, place)
        output = self._writer.close_buffer(location)
        function = node.function if node.function.startswith("await ") else f"({node.function})"
        self._writer.value(f"{function}({output})", None, location)

    def _definition(self, name: str, depth: int, location: Location, place: _Place) -> None:
        file, block = self._definitions[name][depth]
        if (name, depth) in self._inside:
            raise ParseError(f"block {name} contains itself", file.name, block.line)
        # A block that stands where it is defined is no step in a traceback.
        via = place.via if file is place.file and not depth else location
        self._inside.add((name, depth))
        self._nodes(block.body, _Place(file, f"block {name}", via, name, depth))
        self._inside.remove((name, depth))

    def _super(self, location: Location, place: _Place) -> None:
        if place.depth + 1 == len(self._definitions[place.block]):
            message = f"super in block {place.block}, which replaces no other"
            raise ParseError(message, location.file.name, location.line)
        self._definition(place.block, place.depth + 1, location, place)
