"""Rendering in one line, and errors as text."""

from __future__ import annotations

import traceback

import pytest

from ostro.template import DictLoader, ParseError, Template


def render(text: str, **variables: object) -> str:
    """Return the output of a template that needs no loader."""
    return Template(text).generate(**variables).decode()


def render_page(pages: dict[str, str], name: str = "page", **variables: object) -> str:
    """Return the output of one of several templates."""
    return DictLoader(dict(pages)).load(name).generate(**variables).decode()


def parse_error(text: str | bytes, **pages: str) -> str:
    """Return what is said about a template, called `page`, that can not be one."""
    with pytest.raises(ParseError) as caught:
        DictLoader({"page": text, **pages}).load("page")
    assert caught.value.filename in {"page", *pages}
    return str(caught.value)


def shown(error: BaseException) -> str:
    """Return the traceback as Python prints it."""
    return "".join(traceback.format_exception(error))
