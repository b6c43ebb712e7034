"""From tokens to the parse tree: what each directive means, and what may stand where.

Whether a piece of Python is valid Python is left to Python, when the whole is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ._python import (
    as_one_statement,
    check_expression,
    closes_more_than_it_opens,
    one_kind_of_newline,
    shorten,
)
from ._runtime import MODULES
from ._scanner import Kind, Scanner
from ._tree import (
    Apply,
    Block,
    Branch,
    Control,
    Expression,
    File,
    Include,
    Node,
    Statement,
    Super,
    Text,
)
from ._whitespace import WHITESPACE_MODES, WhitespaceFilter
from .errors import ParseError

_DIRECTIVE = re.compile(r"(\w+)\s*(.*)", re.DOTALL)
_BRANCHES = {
    "elif": ("if",),
    "else": ("if", "for", "while", "try"),
    "except": ("try",),
    "finally": ("try",),
}
_MEANT = {"elseif": "elif", "elsif": "elif", "endcomment": "a comment to have no end"}
"""Directives of other languages that are easily taken for ours."""


def parse(file: File, whitespace: str) -> None:
    """Fill `file.body`, `file.extends` and perhaps `file.autoescape` from `file.text`.

    Raises ParseError.
    """
    _Parser(file, whitespace).parse()


class _Parser:
    """Builds the tree of one file, keeping what is open on a stack."""

    def __init__(self, file: File, whitespace: str) -> None:
        self._file = file
        self._whitespace = WhitespaceFilter(whitespace)
        self._open: list[Apply | Block | Control] = []
        self._body = file.body  # where the next node goes
        self._line = 1
        self._operator = ""  # of the directive that is being read
        self._directives: dict[str, Callable[[str, str], None]] = {
            "apply": self._apply,
            "autoescape": self._autoescape,
            "block": self._block,
            "break": self._plain,
            "comment": self._comment,
            "continue": self._plain,
            "elif": self._branch,
            "else": self._branch,
            "end": self._end,
            "except": self._branch,
            "extends": self._extends,
            "finally": self._branch,
            "for": self._control,
            "from": self._statement,
            "if": self._control,
            "import": self._statement,
            "include": self._include,
            "module": self._module,
            "raw": self._raw,
            "set": self._set,
            "super": self._super,
            "try": self._control,
            "while": self._control,
            "whitespace": self._set_whitespace,
        }

    def parse(self) -> None:
        """Read the whole file."""
        for kind, text, line in Scanner(self._file.name, self._file.text).tokens():
            self._line = line
            if kind is Kind.TEXT:
                self._body.append(Text(line, self._whitespace.filter(text)))
            elif kind is Kind.EXPRESSION:
                self._expression(text, raw=False)
            else:
                self._directive(text)
        if self._open:
            node = self._open[-1]
            raise ParseError(f"missing {{% end %}} of {_name(node)}", self._file.name, node.line)

    def _error(self, message: str) -> ParseError:
        return ParseError(message, self._file.name, self._line)

    def _directive(self, text: str) -> None:
        self._start(text)
        code = one_kind_of_newline(text.strip())
        match = _DIRECTIVE.match(code)
        if match is None:
            raise self._error(f"unknown directive {code!r}" if code else "empty directive {% %}")
        operator = match[1]
        if operator not in self._directives:
            known = _MEANT.get(operator) or ("end" if operator.startswith("end") else "")
            expected = known or "one of " + ", ".join(self._directives)
            raise self._error(f"unknown directive {operator!r}, expected {expected}")
        self._operator = operator
        self._directives[operator](match[2], code)

    def _start(self, text: str) -> None:
        """Look at the line on which the code of a token begins."""
        self._line += text[: len(text) - len(text.lstrip())].count("\n")
        if "\0" in text:
            raise self._error("a NUL character in code")

    def _needed(self, suffix: str, what: str) -> str:
        if not suffix:
            raise self._error(f"{self._operator} lacks {what}")
        return suffix

    def _expression(self, text: str, *, raw: bool, before: str = "") -> None:
        code = one_kind_of_newline(text.strip())
        if not code:
            raise self._error("empty expression")
        self._start(text)
        code = before + code
        if closes_more_than_it_opens(code):
            check_expression(code, self._file.name, self._line)
        self._body.append(Expression(self._line, code, raw=raw))

    def _opened(self, node: Apply | Block | Control, body: list[Node]) -> None:
        self._body.append(node)
        self._open.append(node)
        self._body = body

    def _apply(self, suffix: str, _: str) -> None:
        function = as_one_statement(self._needed(suffix, "a function"), self._file.name, self._line)
        check_expression(function, self._file.name, self._line)
        node = Apply(self._line, function)
        self._opened(node, node.body)

    def _block(self, suffix: str, _: str) -> None:
        node = Block(self._line, self._needed(suffix, "the name of the block"))
        self._opened(node, node.body)

    def _control(self, _: str, code: str) -> None:
        branch = self._head(code)
        self._opened(Control(self._line, self._operator, branch), branch.body)

    def _head(self, code: str) -> Branch:
        head = as_one_statement(code, self._file.name, self._line)
        if head.endswith(":"):
            raise self._error(f"unexpected ':' at the end of {shorten(head)}")
        return Branch(self._line, head)

    def _branch(self, suffix: str, code: str) -> None:
        word = self._operator
        node = self._open[-1] if self._open else None
        allowed = _BRANCHES[word]
        if not isinstance(node, Control) or node.keyword not in allowed:
            raise self._error(f"{word} outside of {_listed(allowed)}")
        if word == "else" and suffix.startswith("if "):
            raise self._error(f"unexpected {shorten(suffix)} after else, expected elif")
        branch = self._head(code)
        before = node.branches[-1].head
        if before == "finally" or (before == "else" and word != "finally"):
            raise self._error(f"{word} after {before}")
        node.branches.append(branch)
        self._body = branch.body

    def _end(self, suffix: str, _: str) -> None:
        if not self._open:
            raise self._error("{% end %} of nothing")
        node = self._open.pop()
        if suffix and suffix not in _names(node):
            raise self._error(f"end of {suffix!r} where {_name(node)} of line {node.line} is open")
        if isinstance(node, Control) and node.keyword == "try" and len(node.branches) == 1:
            raise ParseError("try without except or finally", self._file.name, node.line)
        above = self._open[-1] if self._open else self._file
        self._body = above.branches[-1].body if isinstance(above, Control) else above.body

    def _plain(self, _: str, code: str) -> None:
        self._body.append(Statement(self._line, code))

    def _statement(self, suffix: str, code: str) -> None:
        self._needed(suffix, "the names to import")
        self._set(code, "")

    def _set(self, suffix: str, _: str) -> None:
        code = as_one_statement(self._needed(suffix, "an assignment"), self._file.name, self._line)
        self._body.append(Statement(self._line, code))

    def _raw(self, suffix: str, _: str) -> None:
        self._expression(self._needed(suffix, "an expression"), raw=True)

    def _module(self, suffix: str, _: str) -> None:
        code = self._needed(suffix, "the call of a module")
        self._expression(code, raw=True, before=f"{MODULES}.")

    def _comment(self, _: str, code: str) -> None:
        pass

    def _autoescape(self, suffix: str, _: str) -> None:
        function = self._needed(suffix, "a function, or None")
        check_expression(function, self._file.name, self._line)
        self._file.autoescape = None if function == "None" else function

    def _set_whitespace(self, suffix: str, _: str) -> None:
        if suffix not in WHITESPACE_MODES:
            raise self._error(f"whitespace {suffix!r}, expected {_listed(WHITESPACE_MODES)}")
        self._whitespace.mode = suffix

    def _extends(self, suffix: str, _: str) -> None:
        if self._file.extends:
            raise self._error(f"a second extends, after that on line {self._file.extends.line}")
        self._file.extends = Include(self._line, self._filename(suffix))

    def _include(self, suffix: str, _: str) -> None:
        self._body.append(Include(self._line, self._filename(suffix)))

    def _super(self, suffix: str, _: str) -> None:
        if suffix:
            raise self._error(f"unexpected {suffix!r} after super")
        if not any(isinstance(node, Block) for node in self._open):
            raise self._error("super outside of a block")
        self._body.append(Super(self._line))

    def _filename(self, suffix: str) -> str:
        name = suffix.strip("\"'")
        return self._needed(name, "the name of a template")


def _name(node: Apply | Block | Control) -> str:
    if isinstance(node, Control):
        return node.keyword
    return f"block {node.name}" if isinstance(node, Block) else f"apply {node.function}"


def _names(node: Apply | Block | Control) -> Sequence[str]:
    """Return what may stand after `end`, for whoever reads the template."""
    if isinstance(node, Block):
        return ("block", node.name, _name(node))
    return ("apply", _name(node)) if isinstance(node, Apply) else (node.keyword,)


def _listed(words: Sequence[str]) -> str:
    return " or ".join(words)
