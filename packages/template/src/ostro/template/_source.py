"""Python source in the making: its lines, where they come from, and what is not yet written.

Text and values that follow each other are one f-string, a run, and one search for the five
characters of HTML covers all values in it. Knows nothing of the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ._runtime import ESCAPES_HTML
from ._tree import File

MAX_RUN_VALUES = 32
"""Values in one f-string: more would save no time, and keep all of them alive."""
MAX_RUN_TEXT = 1024
"""Characters of a text that is copied into an f-string rather than handed on as it is."""


class Location:
    """Where a line of the source comes from, and how that file came to be part of the page.

    `part` is what a traceback calls it: `template`, or a block and its name. `via` is the directive
    that brought the file in.
    """

    __slots__ = ("file", "line", "part", "via")

    def __init__(self, file: File, line: int, part: str, via: Location | None) -> None:
        self.file = file
        self.line = line
        self.part = part
        self.via = via

    def below(self, lines: int) -> Location:
        """Return a place further down in the same directive."""
        return Location(self.file, self.line + lines, self.part, self.via)


class Source:
    """The body of the generated function, and for each of its lines the place in a template."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.uses: list[str] = []
        """The same lines, reduced to what has names in it: faster to read for whoever wants them"""
        self.locations: list[Location] = []
        self.expressions: list[tuple[str, Location]] = []
        """Each expression by itself, to find out which one is wrong."""
        self.statements: list[tuple[str, Location]] = []
        """And each statement that is not compound."""
        self.taken_over: set[str] = set()
        """Names of the namespace whose function is written out: they must mean what they meant."""


class SourceWriter:
    """Appends lines, and gathers runs.

    `inline_escape` allows to write `xhtml_escape` out in place, which is wrong once that name means
    something else.
    """

    def __init__(self, *, inline_escape: bool) -> None:
        self.eager = 0
        """Above zero, output is appended at once: an error must not take it along."""
        self.source = Source()
        self._inline_escape = inline_escape
        self._indent = 1
        self._buffers = 0
        # The run: texts, and the numbers of values.
        self._run: list[str | int] = []
        self._values = 0
        self._unescaped: list[int] = []
        self._run_location: Location | None = None

    def statement(self, code: str, location: Location) -> None:
        """Append what the template says in so many words."""
        self.source.statements.append((code, location))
        self.line(code, location)

    def line(self, code: str, location: Location) -> None:
        """Append what has been gathered, and then a line, or several if it holds newlines."""
        self.flush(location)
        self._line(code, location)

    @contextmanager
    def indented(self, head: str, location: Location) -> Iterator[None]:
        """Append the head of a compound statement; what is written inside is its body."""
        self.line(head, location)
        before = len(self.source.lines)
        self._indent += 1
        yield
        self.flush(location)
        if len(self.source.lines) == before:
            self._own_line("pass", location)
        self._indent -= 1

    def open_buffer(self, location: Location) -> None:
        """Let a new buffer take the output."""
        self.flush(location)
        self._buffers += 1
        number = self._buffers
        self._own_line(f"_tt_buffer{number} = []", location)
        self._own_line(f"_tt_append{number} = _tt_buffer{number}.append", location)

    def close_buffer(self, location: Location) -> str:
        """Return to the buffer before; return the expression of what the closed one holds."""
        self.flush(location)
        self._buffers -= 1
        return f"_tt_join(_tt_buffer{self._buffers + 1})"

    def text(self, value: str, location: Location) -> None:
        """Output a constant."""
        if len(value) > MAX_RUN_TEXT:
            self.flush(location)
            self._own_line(f"_tt_append{self._buffers}({value!r})", location)
        else:
            self._run.append(value)
            self._run_location = self._run_location or location

    def value(self, code: str, escape: str | None, location: Location) -> None:
        """Compute a value and output it, through the function `escape` unless that is None."""
        if self.eager:
            self.flush(location)
        target = f"_tt_{self._values}"
        # The parenthesis goes to a line of its own after what may be a comment.
        whole = f"({code}\n)" if "#" in code else f"({code})"
        self._line(f"{target} = {whole}", location, whole)
        self.source.expressions.append((code, location))
        self._own_line(_as_text(target), location, "")
        if escape in ESCAPES_HTML and self._inline_escape:
            self.source.taken_over.add(escape)
            self._unescaped.append(self._values)
        elif escape is not None:
            function = escape if escape.isidentifier() else f"({escape})"
            self._line(f"{target} = {function}({target})", location, function)
            self._own_line(_as_text(target), location, "")
        self._run.append(self._values)
        self._values += 1
        self._run_location = self._run_location or location
        if self.eager or self._values == MAX_RUN_VALUES:
            self.flush(location)

    def flush(self, location: Location) -> None:
        """Append the run to the buffer."""
        if not self._run:
            return
        location = self._run_location or location
        if self._unescaped:
            self._escape_run(location)
        self._own_line(f"_tt_append{self._buffers}({_formatted(self._run)})", location)
        self._run.clear()
        self._values = 0
        self._run_location = None

    def _escape_run(self, location: Location) -> None:
        """Escape the values of the run, if there is anything to escape in any of them."""
        names = [f"_tt_{number}" for number in self._unescaped]
        whole = names[0]
        if len(names) > 1:
            whole = "_tt_all"
            self._own_line(f"_tt_all = {_formatted(list(self._unescaped))}", location)
        tests = " or ".join(f"{character!r} in {whole}" for character in "&<>\"'")
        escaped = "; ".join(f"{name} = _tt_escape({name})" for name in names)
        self._own_line(f"if {tests}: {escaped}", location)
        self._unescaped.clear()

    def _own_line(self, code: str, location: Location, uses: str = "0") -> None:
        """Append a line that uses no name of the template."""
        self.source.lines.append(" " * self._indent + code)
        self.source.uses.append(" " * self._indent + uses)
        self.source.locations.append(location)

    def _line(self, code: str, location: Location, uses: str = "") -> None:
        first, *more = code.split("\n")
        self._own_line(first, location, (uses or code).partition("\n")[0])
        for number, line in enumerate(more, 1):
            self.source.uses.append(line)
            self.source.lines.append(
                line
            )  # inside a bracket or a string, where indentation is free
            self.source.locations.append(location.below(number))


def _as_text(target: str) -> str:
    return f"if _tt_type({target}) is not _tt_str: {target} = _tt_text({target})"


def _formatted(run: list[str | int]) -> str:
    """Return the expression that joins texts and values."""
    parts: list[str] = []
    for texts, values in _pairs(run):
        if texts:
            parts.append(repr(texts))
        if values:
            parts.append("f'" + "".join(f"{{_tt_{number}}}" for number in values) + "'")
    return " ".join(parts)


def _pairs(run: list[str | int]) -> Iterator[tuple[str, list[int]]]:
    """Yield the run as texts, each with the values that follow it."""
    texts: list[str] = []
    values: list[int] = []
    for item in run:
        if isinstance(item, int):
            values.append(item)
        else:
            if values:
                yield "".join(texts), values
                texts, values = [], []
            texts.append(item)
    yield "".join(texts), values
