"""Templates with Python in them, compiled to Python: inheritance, autoescaping, loaders.

>>> from ostro.template import Template
>>> Template("<b>{{ name }}</b>").generate(name="R&D")
b'<b>R&amp;D</b>'

**A template is code.** Expressions are Python and may do whatever Python may do. Nothing here makes
it safe to run a template that somebody else has written; only the values may be untrusted.

# Syntax

| Written | Meaning |
|---|---|
| `{{ expression }}` | the value of a Python expression, escaped |
| `{# comment #}` | nothing; directives in a comment are not run |
| `{{!`, `{%!`, `{#!` | `{{`, `{%`, `{#` as they stand |
| `{% apply function %}...{% end %}` | what stands inside, through a function from str to str |
| `{% autoescape function %}` | what all expressions in this file go through, or `None` |
| `{% block name %}...{% end %}` | a part that templates which extend this one may replace |
| `{% break %}`, `{% continue %}` | as in Python |
| `{% comment ... %}` | nothing |
| `{% extends filename %}` | this template consists of blocks, for that one |
| `{% for x in y %}...{% else %}...{% end %}` | as in Python |
| `{% from x import y %}`, `{% import x %}` | as in Python |
| `{% if x %}...{% elif y %}...{% else %}...{% end %}` | as in Python |
| `{% include filename %}` | another file, as if it stood here, but for its autoescape |
| `{% module Name(...) %}` | `_tt_modules.Name(...)`, not escaped |
| `{% raw expression %}` | the value of an expression, not escaped |
| `{% set x = y %}` | assigns a local variable |
| `{% super %}` | inside a block: what the block it replaces has to say |
| `{% try %}...{% except E %}...{% else %}...{% finally %}...{% end %}` | as in Python |
| `{% while x %}...{% else %}...{% end %}` | as in Python |
| `{% whitespace mode %}` | from here on: `all`, `single`, `oneline`, see `filter_whitespace` |

Expressions and directives may span lines, and hold strings and dicts with `}}` and `%}` in them.
`end` may name what it ends: `{% end if %}`, `{% end block title %}`.
What was output before an error that `try` catches stays. An `extends` in an included file does
nothing.
`<pre>` and `<textarea>` keep their whitespace. A name that begins with `_tt_` is not for templates.
File names are relative to the file that they stand in; quotes around them are optional.

# Values

Bytes are UTF-8, anything but str and bytes goes through `str`. `xhtml_escape` suits the content of
elements and attributes in quotes, not scripts: for those there is `{% raw json_encode(value) %}`.

Every template knows `escape` and `xhtml_escape` (two names of one function), `url_escape`,
`json_encode`, `squeeze`, `linkify` of `ostro.escape`, and the module `datetime`. What the loader's
namespace holds comes before these, and what is passed to `generate` before all.

For `{% module %}` the namespace must hold `_tt_modules`, an object whose attributes are functions
that return str or bytes. `ostro.web` puts its UI modules there.

# Errors

What is wrong with a template is a ParseError when it is loaded. What its code raises comes out of
`generate`, and the traceback shows the templates: each file, its line, the text of that line.
"""

from ._loader import BaseLoader, DictLoader, Loader
from ._template import Template
from ._whitespace import filter_whitespace
from .errors import AsyncTemplateError, ParseError, TemplateError, TemplateNotFoundError

__all__ = [
    "AsyncTemplateError",
    "BaseLoader",
    "DictLoader",
    "Loader",
    "ParseError",
    "Template",
    "TemplateError",
    "TemplateNotFoundError",
    "filter_whitespace",
]
