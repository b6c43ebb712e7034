"""Config files: Python that is run, and whose globals are the options.

What a program means by a name shows in how the file binds it. `port = 80` sets an option, and is
a mistake where there is no option `port`; `import os`, `from os import environ`, `def`, `class`,
the variable of a loop do not set options. So the file is read as a syntax tree as well.
"""

from __future__ import annotations

import os
from types import BuiltinFunctionType, FunctionType, ModuleType

from .errors import ConfigFileError, ConfigFileUnreadableError

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator


class ConfigFile:
    """A config file that has been run."""

    __slots__ = ("_globals", "_lines", "path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Run the file. Raises ConfigFileError, also for anything the file itself raises."""
        self.path = os.fspath(path)
        tree = _parse(self.path)
        self._lines = _assignments(tree)
        self._globals = _run(tree, self.path)

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """Iterate over the names and values that may be options, in the order of the file."""
        for name, value in self._globals.items():
            if name.startswith("_") or isinstance(value, ModuleType):
                continue
            is_code = isinstance(value, type | FunctionType | BuiltinFunctionType)
            if not is_code or name in self._lines:
                yield name, value

    def is_meant_as_option(self, name: str, value: object) -> bool:
        """Return whether a name that is no option is a mistake, not a tool of the file's own."""
        return name in self._lines and not callable(value)

    def error(self, name: str, reason: object) -> ConfigFileError:
        """Return the error that names the file and the line where `name` is assigned."""
        return ConfigFileError(self.path, self._lines.get(name), str(reason))


def _parse(path: str) -> ast.Module:
    import ast  # not at the top: only programs with config files need it

    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        reason = f"cannot read the config file: {error.strerror or error}"
        raise ConfigFileUnreadableError(path, None, reason) from error
    try:
        # Bytes, so that Python's own rules for source apply: UTF-8, or what a cookie says.
        return ast.parse(source, path)
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL byte, before Python 3.11.4
        line, message = getattr(error, "lineno", None), getattr(error, "msg", error)
        raise ConfigFileError(path, line, f"syntax error: {message}") from error


def _assignments(tree: ast.Module) -> dict[str, int]:
    """Map each name that an assignment makes a global to the last line that does so."""
    import ast

    lines: dict[str, int] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (inner for target in targets for inner in ast.walk(target)):
                if isinstance(name, ast.Name):
                    lines[name.id] = max(lines.get(name.id, 0), name.lineno)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    return lines


def _run(tree: ast.Module, path: str) -> dict[str, object]:
    namespace: dict[str, object] = {"__file__": os.path.abspath(path), "__name__": "__config__"}
    code = compile(tree, path, "exec", dont_inherit=True)
    try:
        exec(code, namespace)  # noqa: S102  # a config file is a program, and trusted like one
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigFileError(path, _line_of(error, path), reason) from error
    return namespace


def _line_of(error: Exception, path: str) -> int | None:
    """Return the innermost line of the file that `error` came through."""
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == path:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
