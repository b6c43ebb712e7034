"""Tracebacks that show the template: its file, its line, the text of that line.

The frame of generated code is replaced by one frame for each template that led to the line: the
page, the block, the file included. The exception itself stays the one that was raised.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType

from ._program import FUNCTION, GENERATED
from ._source import Location


def _stub() -> CodeType:
    """Return code that raises, and says on which line it does, but not in which columns."""
    tree = ast.parse("raise _tt_stop")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.col_offset = node.end_col_offset = -1
    return compile(tree, GENERATED, "exec")


_STUB = _stub()

SHOWN_CHARACTERS = 60
"""Characters of the output that are quoted before one that can not be written."""


class _StopHere(Exception):  # noqa: N818 - it signals, and never leaves this module
    """Raised to get hold of a frame."""


def show_templates(
    error: BaseException, namespace: dict[str, object], locate: Callable[[int], Location]
) -> None:
    """Put templates into the tracebacks of an error and of those that led to it.

    The arguments are those of `with_templates`.
    """
    seen: set[int] = set()
    errors: list[BaseException | None] = [error]
    while errors:
        each = errors.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = with_templates(each.__traceback__, namespace, locate)
            errors += [each.__cause__, each.__context__]
    if isinstance(error, UnicodeEncodeError) and not hasattr(error, "__notes__"):
        _show_text_before(error)


def with_templates(
    traceback: TracebackType | None, namespace: dict[str, object], locate: Callable[[int], Location]
) -> TracebackType | None:
    """Return a traceback with templates in the place of the code that was made from them.

    Generated code is known by its globals, `namespace`; `locate` tells what a line of it stands
    for.
    """
    entries: list[TracebackType] = []
    entry = traceback
    while entry:
        entries.append(entry)
        entry = entry.tb_next
    shown: TracebackType | None = None
    for entry in reversed(entries):
        frame = entry.tb_frame
        if frame.f_globals is not namespace or frame.f_code.co_filename != GENERATED:
            shown = TracebackType(shown, frame, entry.tb_lasti, entry.tb_lineno)
            continue
        variables = {
            name: value for name, value in frame.f_locals.items() if not name.startswith("_tt_")
        }
        location: Location | None = locate(entry.tb_lineno)
        while location:
            remember_text(location)
            step = _frame(location, variables)
            shown = TracebackType(shown, step, step.f_lasti, location.line)
            # A comprehension or a lambda is a step within the same directive.
            location = location.via if frame.f_code.co_name == FUNCTION else None
    return shown


def _show_text_before(error: UnicodeEncodeError) -> None:
    """Show where in the output a character stands that is none: no line of a template tells."""
    start = error.start
    before = error.object[max(0, start - SHOWN_CHARACTERS) : start]
    error.add_note(f"in what comes after {before!r}")


def remember_text(location: Location) -> None:
    """Let Python find the lines of a template that lies in no file."""
    file = location.file
    if file.filename == file.name:
        lines = [line + "\n" for line in file.text.split("\n")]
        linecache.cache[file.name] = (len(file.text), None, lines, file.name)


def _frame(location: Location, variables: dict[str, object]) -> FrameType:
    """Return a frame that says it is at a line of a template."""
    code = _STUB.replace(
        co_filename=location.file.filename,
        co_name=location.part,
        co_qualname=location.part,
        co_firstlineno=location.line,
    )
    try:
        exec(code, {"_tt_stop": _StopHere()}, variables)  # noqa: S102 - our own code, above
    except _StopHere as stop:
        traceback = stop.__traceback__
    assert traceback
    assert traceback.tb_next
    return traceback.tb_next.tb_frame
