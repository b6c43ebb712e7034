"""A template: parsed and compiled when it is made, run as often as wanted."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

from ._codegen import generate
from ._parser import parse
from ._program import Program
from ._python import check_expression
from ._runtime import NAMESPACE
from ._tree import File, Include
from ._whitespace import check_mode, default_mode
from .errors import AsyncTemplateError, ParseError, TemplateNotFoundError

if TYPE_CHECKING:
    from ._loader import BaseLoader

DEFAULT_AUTOESCAPE: Final = "xhtml_escape"
"""The function that expressions go through where nobody says otherwise."""


class _Unset:
    """The type of the value that stands for an argument not given."""


_UNSET: Final = _Unset()


class Template:
    """A compiled template.

    `template_string` is its text (bytes are UTF-8), `name` what errors call it; whether it ends in
    `.html` or `.js` decides how whitespace is treated. `loader` finds what it extends and includes,
    and brings the defaults of everything else. `autoescape` names the function that expressions go
    through, or is None for none. `whitespace` is a mode of `filter_whitespace`;
    `compress_whitespace` is the older way to say `"single"` (True) or `"all"` (False).

    Raises ParseError for what can not be a template, TemplateNotFoundError for a template that it
    needs, ValueError for an `autoescape` or a mode that can not be, TypeError for two modes.

    A template is code: see the warning at the head of this page. Any number of threads may generate
    the same template at once.
    """

    def __init__(
        self,
        template_string: str | bytes,
        name: str = "<string>",
        loader: BaseLoader | None = None,
        compress_whitespace: bool | None = None,
        autoescape: str | _Unset | None = _UNSET,
        whitespace: str | None = None,
    ) -> None:
        if compress_whitespace is not None:
            if whitespace is not None:
                raise TypeError("expected whitespace or compress_whitespace, got both")
            whitespace = "single" if compress_whitespace else "all"
        if isinstance(autoescape, _Unset):
            autoescape = loader.autoescape if loader else DEFAULT_AUTOESCAPE
        check_autoescape(autoescape)
        if whitespace is None and loader:
            whitespace = loader.whitespace
        self._build(read(template_string, name, name, autoescape, whitespace), loader)

    @classmethod
    def _of_file(cls, file: File, loader: BaseLoader) -> Template:
        """Return the template of a file that has been parsed."""
        template = cls.__new__(cls)
        template._build(file, loader)
        return template

    def _build(self, file: File, loader: BaseLoader | None) -> None:
        self.name = file.name
        self.loader = loader
        self._file = file
        self._generic: Program | None = None
        self._program = self._compiled(inline_escape=True)
        if self._program.takes_over & self._program.assigned:
            self._program = self._compiled(inline_escape=False)
        program = self._program
        self._names = program.free | program.assigned | program.takes_over
        known = vars(builtins)
        used = {name: known[name] for name in self._program.free if name in known}
        # What is written in C, such as strftime, imports by the __builtins__ of whoever calls it.
        ours = {"__name__": file.name, "__builtins__": builtins}
        self._defaults: dict[str, object] = {**used, **ours, **NAMESPACE}

    @property
    def autoescape(self) -> str | None:
        """The function that expressions in this file go through, by its name; None for none."""
        return self._file.autoescape

    @property
    def names(self) -> frozenset[str]:
        """The names that the template looks up in what `generate` gets, whether they are there or
        not. One that it asks `globals()` for is not among them.
        """
        return self._names

    @property
    def code(self) -> str:
        """The Python source that the template was translated to."""
        return self._program.text

    def generate(self, /, **kwargs: object) -> bytes:
        """Return the output, as UTF-8, for some variables.

        Whatever the code in the template raises comes out, with the lines of the template in its
        traceback. Raises AsyncTemplateError if the template awaits: see `generate_async`.
        """
        namespace = self._namespace(kwargs)
        program = self._program_for(namespace)
        if program.is_async:
            raise AsyncTemplateError(self.name)
        try:
            output: bytes = program.variant(namespace).run(namespace)
        except Exception as error:
            _show_templates(error, namespace, program)
            raise
        return output

    async def generate_async(self, /, **kwargs: object) -> bytes:
        """Return the output as `generate` does; expressions in the template may await.

        They are awaited in order, one after the other. A template that does not await is run as it
        is.
        """
        namespace = self._namespace(kwargs)
        program = self._program_for(namespace)
        try:
            result = program.variant(namespace).run(namespace)
            output: bytes = await result if program.is_async else result
        except Exception as error:
            _show_templates(error, namespace, program)
            raise
        return output

    def _namespace(self, variables: dict[str, object]) -> dict[str, object]:
        if self.loader is None:
            return {**self._defaults, **variables}
        return {**self._defaults, **self.loader.namespace, **variables}

    def _program_for(self, namespace: dict[str, object]) -> Program:
        """Return the program that escapes as the names in a namespace tell."""
        for name in self._program.takes_over:
            if namespace[name] is not NAMESPACE[name]:
                if self._generic is None:
                    self._generic = self._compiled(inline_escape=False)
                return self._generic
        return self._program

    def _compiled(self, *, inline_escape: bool) -> Program:
        return Program(generate(self._ancestry(), self._find, inline_escape=inline_escape))

    def _ancestry(self) -> list[File]:
        """Return the file, the one that it extends, and so on."""
        found = [self._file]
        while node := found[-1].extends:
            parent = self._find(found[-1], node)
            if parent.name in [file.name for file in found]:
                names = " -> ".join([file.name for file in found] + [parent.name])
                raise ParseError(f"template extends itself: {names}", found[-1].name, node.line)
            found.append(parent)
        return found

    def _find(self, file: File, node: Include) -> File:
        """Return the file that another one names."""
        if self.loader is None:
            message = f"no loader to find {node.name!r} with"
            raise ParseError(message, file.name, node.line)
        try:
            return self.loader._part(node.name, file.name)
        except TemplateNotFoundError as error:
            reason = f"{error.reason}; named at {file.name}:{node.line}"
            raise TemplateNotFoundError(error.name, reason) from None


def check_autoescape(function: object) -> None:
    """Raise ValueError unless `function` names one, or is None."""
    if function is None or (isinstance(function, str) and function.isidentifier()):
        return
    if isinstance(function, str) and function.strip():
        try:
            check_expression(function, "autoescape", 1)
        except ParseError:
            pass
        else:
            return
    raise ValueError(f"invalid autoescape {function!r}, expected the name of a function, or None")


def read(
    template_string: str | bytes,
    name: str,
    filename: str,
    autoescape: str | None,
    whitespace: str | None,
) -> File:
    """Return the parse tree of a text; whitespace None means what its name tells.

    Raises ParseError, and ValueError for a mode that does not exist.
    """
    mode = whitespace or default_mode(name)
    check_mode(mode)
    file = File(name, filename, _decoded(template_string, name), autoescape)
    parse(file, mode)
    return file


def _decoded(template_string: str | bytes, name: str) -> str:
    try:
        if isinstance(template_string, bytes):
            return template_string.decode("utf-8-sig")
        template_string.encode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ParseError(f"not UTF-8: {error.reason}", name, line) from None
    except UnicodeEncodeError as error:
        line = error.object.count("\n", 0, error.start) + 1
        raise ParseError(f"not UTF-8: {error.reason}", name, line) from None
    return template_string


def _show_templates(error: Exception, namespace: dict[str, object], program: Program) -> None:
    """Put the template into the traceback of an error that is being handled."""
    from ._tracebacks import show_templates  # only here: it imports linecache

    show_templates(error, namespace, program.location)
