"""An exception as the debug page shows it: its chain, its groups, their frames with source.

Knows nothing of HTML or of requests. Templates are files like others here: `ostro.template` puts
them into tracebacks.
"""

from __future__ import annotations

import itertools
import linecache
import os
import site
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Final, TypeAlias

from ._debug_values import Values, text_of, texts_of_secrets

__all__ = ["Frame", "Line", "Shown", "describe", "secrets_in", "source_around"]

MAX_EXCEPTIONS: Final = 20
"""Exceptions of a page: chains and groups may be long."""

MAX_FRAMES: Final = 30
"""Frames of an exception, from each of its ends half of them: recursion makes a thousand."""

MAX_LOCALS: Final = 40
"""Variables of a frame."""

_CONTEXT: Final = 5
"""Lines of source above and below the one that matters."""

_MAX_LINE: Final = 300
"""Characters of a line of source."""

_Positions: TypeAlias = tuple[int | None, int | None, int | None, int | None]

_LIBRARIES: Final = tuple(
    os.path.join(form, "")
    for path in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        site.getusersitepackages(),
    }
    for form in (path, os.path.realpath(path))
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of source; `marked` is the part that was being run, as positions in `text`."""

    number: int
    text: str
    is_current: bool
    marked: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A step of a traceback; one without a file stands for `omitted` frames."""

    file: str = ""
    line: int = 0
    function: str = ""
    is_own: bool = False
    is_template: bool = False
    source: tuple[Line, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    omitted: int = 0


@dataclass(slots=True)
class Shown:
    """An exception, the innermost frame first."""

    kind: str
    message: str
    notes: list[str]
    # How it came about, seen from the exception above it on the page.
    relation: str = ""
    frames: list[Frame] = field(default_factory=list)
    # Where the text is wrong, of an exception that says so: of Python or of a template.
    place: Frame | None = None
    members: list[list[Shown]] = field(default_factory=list)


def describe(error: BaseException, values: Values, folders: Iterable[str] = ()) -> list[Shown]:
    """Return an exception and those that led to it, the latest first.

    `folders` are those where a file may lie that an exception names, as templates do.
    """
    return _Description(values, list(folders)).chain(error)


def secrets_in(error: BaseException | None) -> Iterator[str]:
    """Yield the texts that variables of an exception's frames hold, and that are secret."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen and len(seen) < MAX_EXCEPTIONS:
        seen.add(id(error))
        entries = itertools.islice(walk_tb(error.__traceback__), MAX_FRAMES * 100)
        for frame, _ in entries:
            if _is_own(frame):
                yield from texts_of_secrets(list(frame.f_locals.items())[:MAX_LOCALS])
        error = error.__cause__ or error.__context__


class _Description:
    """The exceptions of one page."""

    def __init__(self, values: Values, folders: list[str]) -> None:
        self._values = values
        self._folders = folders
        self._seen: set[int] = set()

    def chain(self, error: BaseException | None) -> list[Shown]:
        shown: list[Shown] = []
        relation = ""
        while error is not None and id(error) not in self._seen:
            if len(self._seen) >= MAX_EXCEPTIONS:
                break
            self._seen.add(id(error))
            shown.append(self._one(error, relation))
            relation = "Caused by"
            if error.__cause__ is None and not error.__suppress_context__:
                error, relation = error.__context__, "Raised while handling"
            else:
                error = error.__cause__
        return shown

    def _one(self, error: BaseException, relation: str) -> Shown:
        kind = type(error)
        module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
        shown = Shown(
            module + kind.__qualname__,
            self._values.text(text_of(error)),
            [self._values.text(text_of(note)) for note in _notes(error)],
            relation,
        )
        shown.frames = list(self._frames(error.__traceback__))
        shown.place = self._place(error)
        if isinstance(error, BaseExceptionGroup):
            shown.members = [members for e in error.exceptions if (members := self.chain(e))]
        return shown

    def _frames(self, trace: TracebackType | None) -> Iterator[Frame]:
        entries: list[TracebackType] = []
        while trace:
            entries.append(trace)
            trace = trace.tb_next
        entries.reverse()
        if len(entries) <= MAX_FRAMES:
            yield from map(self._frame, entries)
            return
        half = MAX_FRAMES // 2
        yield from map(self._frame, entries[:half])
        yield Frame(omitted=len(entries) - 2 * half)
        yield from map(self._frame, entries[-half:])

    def _frame(self, entry: TracebackType) -> Frame:
        frame = entry.tb_frame
        code = frame.f_code
        is_template = not code.co_filename.endswith(".py") and not code.co_filename.startswith("<")
        positions = next(itertools.islice(code.co_positions(), entry.tb_lasti // 2, None), None)
        return Frame(
            code.co_filename,
            entry.tb_lineno,
            code.co_qualname,
            _is_own(frame),
            is_template,
            self._source(code.co_filename, entry.tb_lineno, frame.f_globals, positions),
            tuple(self._variables(frame)),
        )

    def _source(
        self,
        file: str,
        line: int,
        names: dict[str, object] | None = None,
        positions: _Positions | None = None,
    ) -> tuple[Line, ...]:
        lines = source_around(file, line, names, positions)
        # Where something is hidden the marked part has moved.
        return tuple(
            Line(line.number, hidden, line.is_current, line.marked if hidden == line.text else None)
            for line in lines
            for hidden in [self._values.hide(line.text)]
        )

    def _place(self, error: BaseException) -> Frame | None:
        """Return where a text is wrong: a SyntaxError says so, and the errors of templates."""
        file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
        if not isinstance(file, str) or not isinstance(line, int) or line < 1:
            return None
        for path in (file, *(os.path.join(folder, file) for folder in self._folders)):
            source = self._source(path, line)
            if source:
                break
        else:
            path = file
        is_template = not isinstance(error, SyntaxError)
        return Frame(path, line, is_own=True, is_template=is_template, source=source)

    def _variables(self, frame: FrameType) -> Iterator[tuple[str, str]]:
        if not _is_own(frame):
            return  # rarely of interest, and many
        if frame.f_locals is frame.f_globals:
            return  # of a module: all that is in it
        for name, value in itertools.islice(frame.f_locals.items(), MAX_LOCALS):
            yield text_of(name), self._values.named(name, value)


def _notes(error: BaseException) -> list[object]:
    notes = getattr(error, "__notes__", ())
    return list(notes[:10]) if isinstance(notes, list) else []


def _is_own(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file.startswith(("<", *_LIBRARIES)):
        return False
    return not str(frame.f_globals.get("__name__")).startswith("ostro.")


def source_around(
    file: str,
    line: int,
    names: dict[str, object] | None = None,
    positions: _Positions | None = None,
) -> tuple[Line, ...]:
    """Return the lines around one, none where the source cannot be found."""
    linecache.checkcache(file)
    lines = linecache.getlines(file, names)
    if not 1 <= line <= len(lines):
        return ()
    first = max(1, line - _CONTEXT)
    found = []
    for number, text in enumerate(lines[first - 1 : line + _CONTEXT], first):
        text = text.rstrip("\r\n")
        marked = _marked(text, positions) if number == line and positions else None
        found.append(Line(number, text[:_MAX_LINE], number == line, marked))
    return tuple(found)


def _marked(text: str, positions: _Positions) -> tuple[int, int] | None:
    """Return which part of a line was run, if it is not all of it."""
    first_line, last_line, first, last = positions
    if first is None or last is None or first_line != last_line:
        return None
    # They count bytes of UTF-8.
    data = text.encode("utf-8", "replace")
    start = len(data[:first].decode("utf-8", "replace"))
    end = len(data[:last].decode("utf-8", "replace"))
    return (start, end) if start < end <= _MAX_LINE and text[start:end] != text.strip() else None
