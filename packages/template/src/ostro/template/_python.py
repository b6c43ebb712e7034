"""Pieces of Python inside a template: are they whole, and can they stand as one statement?"""

from __future__ import annotations

import io
import re
from _ast import PyCF_ONLY_AST  # ast itself takes a millisecond to import

from ._runtime import MODULES
from .errors import ParseError

_LINE_OF_PYTHON = re.compile(r" \(detected at line \d+\)| on line \d+")
_BRACKET = re.compile(r"[()\[\]{}]")


def check_expression(code: str, name: str, line: int) -> None:
    """Raise ParseError unless `code` is one Python expression."""
    try:
        # In brackets of two kinds: `a) + (b` passes the first, `a] + [b` the second.
        for opening, closing in ("()", "[]"):
            whole = f"{opening}{code}\n{closing}"
            compile(whole, name, "eval", PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        where = line + (error.lineno or 1) - 1
        last = line + code.count("\n")
        raise ParseError(reason(error, code), name, min(where, last)) from None


def check_statement(code: str, name: str, line: int) -> None:
    """Raise ParseError unless `code` is a Python statement, or several."""
    try:
        compile(code, name, "exec", PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        where = line + (error.lineno or 1) - 1
        raise ParseError(reason(error, code), name, where) from None


def closes_more_than_it_opens(code: str) -> bool:
    """Tell whether brackets are closed that were never opened, not looking for strings.

    Such code, put in parentheses, would escape from them: `a) + (b`.
    """
    depth = 0
    for bracket in _BRACKET.findall(code):
        depth += 1 if bracket in "([{" else -1
        if depth < 0:
            return True
    return False


def as_one_statement(code: str, name: str, line: int) -> str:
    """Return a statement without its comments, and with a backslash where one of its lines ends.

    So it needs no brackets, and Python counts its lines as the template does. Newlines in strings
    stay. Raises ParseError for what is not made of Python's tokens.
    """
    if "\n" not in code and "#" not in code:
        return code
    # Only here, since few templates need it: importing it takes two milliseconds.
    import tokenize

    lines = f"({code}\n)".split("\n")
    joints = ["\n"] * len(lines)
    try:
        # Inside parentheses no newline ends a statement.
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
            row, column = token.start
            if token.type == tokenize.COMMENT:
                lines[row - 1] = lines[row - 1][:column]
            elif token.type == tokenize.NL:
                joints[row - 1] = " \\\n"
    except (tokenize.TokenError, SyntaxError) as error:
        raise ParseError(f"{error.args[0]} in {shorten(code)}", name, line) from None
    whole = "".join(text + joint for text, joint in zip(lines, joints, strict=True))
    return whole.strip()[1:-1].rstrip(" \\\n")


def one_kind_of_newline(code: str) -> str:
    """Return code in which a line ends as the template's lines do, and not at a CR."""
    return code.replace("\r\n", "\n").replace("\r", " ")


def reason(error: SyntaxError, code: str) -> str:
    """Return what Python says about code, without the lines that it has counted itself."""
    written = code.removeprefix(f"{MODULES}.")
    return f"{_LINE_OF_PYTHON.sub('', error.msg)} in {shorten(written)}"


def shorten(code: str) -> str:
    """Return code for a message: on one line, and not all of it if it is long."""
    flat = " ".join(code.replace("\\\n", " ").split())
    return repr(flat if len(flat) <= 60 else flat[:57] + "...")
