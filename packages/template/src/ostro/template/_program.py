"""From Python source to code objects, fitted to the names that a call of the template brings.

A name that the template uses and does not assign is a parameter of the function, so that it is a
local variable, unless nobody passes it: then it is global, and Python says which name is not
defined. Hence a code object for each set of missing names; there are few, mostly one. The
function's globals are the namespace of the call, for whoever asks `globals()`.
"""

from __future__ import annotations

import re
import symtable
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any

from ._python import check_expression, check_statement, reason
from ._runtime import HELPERS, MODULES
from ._source import Location, Source
from .errors import ParseError

MAX_VARIANTS = 16
"""Sets of missing names that are told apart: a template that sees more has globals instead."""

GENERATED = "<template>"
"""The file name of generated code."""
FUNCTION = "_tt_execute"
"""The name of the generated function."""

_ASYNC = re.compile(r"\b(?:await|async)\b")
_CO_GENERATOR, _CO_ASYNC_GENERATOR = 0x20, 0x200  # as in inspect, which takes 10 ms to import
_HELPERS = tuple(HELPERS.values())


class Variant:
    """A code object, and what takes its arguments from a namespace."""

    __slots__ = ("_arguments", "code")

    def __init__(self, code: CodeType, names: Sequence[str]) -> None:
        self.code = code
        self._arguments = _getter(names)

    # Any: bytes, or a coroutine for them when the program awaits.
    def run(self, namespace: dict[str, object]) -> Any:
        """Run the code with a namespace as its globals."""
        function = FunctionType(self.code, namespace, None, _HELPERS)
        return function(namespace, *self._arguments(namespace))


class Program:
    """The code of one page.

    Raises ParseError for what is not Python.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._prologue: list[str] = []
        self.is_async = False
        try:
            self.free, self.assigned = _names("\n".join(["async def f():", *source.uses]))
            # What is assigned may have been passed, too.
            self._prologue = [
                f" if {name!r} in _tt_namespace: {name} = _tt_namespace[{name!r}]"
                for name in sorted(self.assigned)
            ]
            complete = self._first_variant()
        except SyntaxError as error:
            raise self._located(error) from None
        except (RecursionError, MemoryError) as error:  # from the compiler; from the parser
            raise self._too_deep() from error
        self._variants = {frozenset[str](): complete}
        self._refuse_generators(complete.code)

    @property
    def text(self) -> str:
        """The source, with every name as a parameter that may be one."""
        return "\n".join(self._lines(sorted(self.free))) + "\n"

    @property
    def takes_over(self) -> set[str]:
        """Names of the namespace that must mean what they mean by default."""
        return self._source.taken_over

    def variant(self, namespace: Mapping[str, object]) -> Variant:
        """Return the code for a namespace."""
        missing = self.free.difference(namespace)
        variant = self._variants.get(missing)
        if variant is None:
            if len(self._variants) >= MAX_VARIANTS:
                missing = self.free
            variant = self._variants[missing] = self._compiled(sorted(self.free - missing))
        return variant

    def location(self, line: int) -> Location:
        """Return what a line of the code stands for."""
        body = line - 1 - (len(self._lines(())) - len(self._source.lines))
        return self._source.locations[min(max(body, 0), len(self._source.locations) - 1)]

    def _lines(self, parameters: Sequence[str]) -> list[str]:
        listed = ", ".join(["_tt_namespace", *parameters, *HELPERS])
        define = "async def" if self.is_async else "def"
        return [f"{define} {FUNCTION}({listed}):", *self._prologue, *self._source.lines]

    def _compiled(self, parameters: Sequence[str]) -> Variant:
        text = "\n".join(self._lines(parameters))
        module = compile(text, GENERATED, "exec", dont_inherit=True)
        code = next(value for value in module.co_consts if isinstance(value, CodeType))
        return Variant(code, parameters)

    def _first_variant(self) -> Variant:
        """Return the code for a namespace without gaps: a coroutine, if it must be one."""
        parameters = sorted(self.free)
        try:
            return self._compiled(parameters)
        except SyntaxError:
            if not any(map(_ASYNC.search, self._source.lines)):
                raise
        self.is_async = True
        return self._compiled(parameters)

    def _refuse_generators(self, code: CodeType) -> None:
        if code.co_flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR):
            lines = enumerate(self._source.lines)
            where = next((number for number, line in lines if "yield" in line), 0)
            location = self._source.locations[where]
            raise ParseError("'yield' in a template", location.file.name, location.line)

    def _too_deep(self) -> ParseError:
        location = self._source.locations[0]
        for code, where in [*self._source.expressions, *self._source.statements]:
            try:
                compile(code, GENERATED, "exec", dont_inherit=True)
            except (RecursionError, MemoryError):
                location = where
                break
            except SyntaxError:
                continue  # it awaits, spans lines, or is wrong as well
        message = "code that is nested too deeply for Python"
        return ParseError(message, location.file.name, location.line)

    def _located(self, error: SyntaxError) -> ParseError:
        """Return what Python says about the source, with the place in the template."""
        pieces = [(check_expression, self._source.expressions)]
        pieces.append((check_statement, self._source.statements))
        for check, found in pieces:
            for code, location in found:
                try:
                    check(code, location.file.name, location.line)
                except ParseError as better:  # one piece can not swallow the next
                    return better
        line = (error.lineno or 1) - 1
        location = self.location(line + 1)
        lines = self._lines(())
        own = [code for code, place in self._source.expressions if place is location]
        shown = own[0] if own else lines[min(line, len(lines) - 1)].rstrip(" \\")
        return ParseError(reason(error, shown), location.file.name, location.line)


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Return what takes the values of some names out of a namespace, as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda namespace: tuple([namespace[name] for name in names])


def _names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a function uses without assigning them, and those that it assigns."""
    module = symtable.symtable(text, GENERATED, "exec")
    # From Python 3.14 on there are also tables of annotations, which do not run.
    (function,) = [table for table in module.get_children() if table.get_type() == "function"]
    free: set[str] = set()
    fixed: set[str] = set()
    tables = [function]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_declared_global():
                fixed.add(symbol.get_name())
            elif symbol.is_global():
                free.add(symbol.get_name())
    assigned = {
        symbol.get_name()
        for symbol in function.get_symbols()
        if symbol.is_local() and not symbol.is_parameter()
    }
    ours = {name for name in free if name.startswith("_tt_")} - {MODULES}
    return frozenset(free - fixed - ours), frozenset(assigned)
