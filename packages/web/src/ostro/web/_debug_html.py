"""The parts of the debug page as HTML: exceptions, frames, source, tables.

Everything that comes from outside is escaped here, and nowhere else.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from typing import Final

from ostro.escape import xhtml_escape

from ._debug_trace import Frame, Line, Shown

__all__ = ["chain_html", "details", "escaped", "notes_html", "table"]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def escaped(text: str) -> str:
    """Return text for HTML; what no page can hold is replaced."""
    return xhtml_escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def details(summary: str, inner: str, *, kind: str = "card", is_open: bool = False) -> str:
    """Return what can be unfolded; both parts are HTML."""
    return (
        f'<details class="{kind}"{" open" if is_open else ""}>'
        f"<summary>{summary}</summary>{inner}</details>\n"
    )


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return names and their values."""
    lines = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{escaped(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{lines}</table>" if lines else ""


def chain_html(chain: list[Shown]) -> str:
    """Return an exception with those that led to it; the head of the page has named the first."""
    return "".join(_exception(shown, named=number > 0) for number, shown in enumerate(chain))


def _exception(shown: Shown, *, named: bool) -> str:
    head = _named(shown) if named else ""
    members = "".join(
        f'<h2>Exception {number} of the group</h2><div class="members">{_member(chain)}</div>'
        for number, chain in enumerate(shown.members, 1)
    )
    place = _frame(shown.place) if shown.place else ""
    return head + place + _frames(shown.frames) + members


def _frames(frames: list[Frame]) -> str:
    """Return a traceback: one's own frames open, what lies between them folded together."""
    parts = []
    for is_own, group in itertools.groupby(frames, lambda frame: frame.is_own):
        run = list(group)
        inner = "".join(map(_frame, run))
        if not is_own and len(run) > 1:
            count = sum(frame.omitted or 1 for frame in run)
            inner = details(f"{count} frames of libraries", inner, kind="card library")
        parts.append(inner)
    return "".join(parts)


def _member(chain: list[Shown]) -> str:
    return "".join(_exception(shown, named=True) for shown in chain)


def _named(shown: Shown) -> str:
    relation = f'<p class="relation">{escaped(shown.relation)}</p>' if shown.relation else ""
    return (
        f'<div class="cause">{relation}<h3>{escaped(shown.kind)}</h3>'
        f'<p class="message">{escaped(shown.message)}</p>{notes_html(shown)}</div>'
    )


def notes_html(shown: Shown) -> str:
    """Return what was noted on an exception."""
    return "".join(f'<p class="note">{escaped(note)}</p>' for note in shown.notes)


def _frame(frame: Frame) -> str:
    if frame.omitted:
        return f'<p class="dim">… {frame.omitted} more frames …</p>'
    folder, name = os.path.split(frame.file)
    where = f'<span class="dim">{escaped(os.path.join(folder, ""))}</span>' if folder else ""
    tag = '<span class="tag">template</span>' if frame.is_template else ""
    function = f" in <b>{escaped(frame.function)}</b>" if frame.function else ""
    summary = f"{where}<b>{escaped(name)}</b>, line {frame.line}{function}{tag}"
    inner = _source(frame.source)
    if frame.variables:
        count = len(frame.variables)
        label = f"{count} local variable{'' if count == 1 else 's'}"
        inner += details(label, table(frame.variables), kind="inner")
    kind = "card frame" if frame.is_own else "card frame library"
    if not inner:
        return f'<p class="{kind} dim">{summary}</p>'
    return details(summary, inner, kind=kind, is_open=frame.is_own)


def _source(lines: tuple[Line, ...]) -> str:
    if not lines:
        return ""
    items = "".join(
        f"<li{' class=hit' if line.is_current else ''}><i>{line.number}</i>{_code(line)}</li>"
        for line in lines
    )
    return f'<div class="source"><ol>{items}</ol></div>'


def _code(line: Line) -> str:
    if line.marked is None:
        return escaped(line.text)
    start, end = line.marked
    before, part, after = line.text[:start], line.text[start:end], line.text[end:]
    return f"{escaped(before)}<mark>{escaped(part)}</mark>{escaped(after)}"
