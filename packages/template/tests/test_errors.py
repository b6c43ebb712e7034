"""What is said about templates that are written wrongly."""

import errno
import pickle

import pytest

from ostro.template import (
    AsyncTemplateError,
    DictLoader,
    ParseError,
    Template,
    TemplateError,
    TemplateNotFoundError,
)

from .support import parse_error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{{ 1", "missing end }} at page:2"),
        ("\n{% if x", "missing end %} at page:2"),
        ("{# ", "missing end #} at page:1"),
        ("{{ }}", "empty expression at page:1"),
        ("{% %}", "empty directive {% %} at page:1"),
        ("{% (x) %}", "unknown directive '(x)' at page:1"),
        ("{% foo %}", "try, while, whitespace at page:1"),
        ("{% endif %}", "unknown directive 'endif', expected end at page:1"),
        ("{% comment %}x{% endcomment %}", "expected a comment to have no end at page:1"),
        ("{% elseif x %}", "unknown directive 'elseif', expected elif at page:1"),
        ("{% raw %}", "raw lacks an expression at page:1"),
        ("\n{% module Entry(x %}", "'(' was never closed in 'Entry(x' at page:2"),
        ("{% module %}", "module lacks the call of a module at page:1"),
        ("{% set %}", "set lacks an assignment at page:1"),
        ("{% import %}", "import lacks the names to import at page:1"),
        ("{% apply %}{% end %}", "apply lacks a function at page:1"),
        ("{% block %}{% end %}", "block lacks the name of the block at page:1"),
        ("{% autoescape %}", "autoescape lacks a function, or None at page:1"),
        ("{% extends '' %}", "extends lacks the name of a template at page:1"),
        ("{% whitespace x %}", "whitespace 'x', expected all or single or oneline at page:1"),
        ("x\n{% if x %}\n", "missing {% end %} of if at page:2"),
        ("x\n{% block b %}\n", "missing {% end %} of block b at page:2"),
        ("x\n{% apply f %}\n", "missing {% end %} of apply f at page:2"),
        ("{% end %}", "{% end %} of nothing at page:1"),
        ("{% if x %}\n{% end for %}", "end of 'for' where if of line 1 is open at page:2"),
        ("{% block b %}{% end c %}", "end of 'c' where block b of line 1 is open at page:1"),
        ("{% apply f %}{% end g %}", "end of 'g' where apply f of line 1 is open at page:1"),
        ("{% else %}", "else outside of if or for or while or try at page:1"),
        ("{% apply f %}{% else %}", "else outside of if or for or while or try at page:1"),
        ("{% for x in y %}{% elif x %}{% end %}", "elif outside of if at page:1"),
        ("{% if x %}{% except %}{% end %}", "except outside of try at page:1"),
        ("\n{% try %}{% end %}", "try without except or finally at page:2"),
        ("{% super %}", "super outside of a block at page:1"),
        ("{% block b %}{% super x %}{% end %}", "unexpected 'x' after super at page:1"),
        (
            "{% block b %}\n{% super %}{% end %}",
            "super in block b, which replaces no other at page:2",
        ),
        ("{% extends a %}\n{% extends b %}", "a second extends, after that on line 1 at page:2"),
        ("\n{% break %}", "'break' outside loop in 'break' at page:2"),
        ("{{ 1 }}\n\n{{ 2 + }}{{ 3 }}", "invalid syntax in '2 +' at page:3"),
        ("{{ (1 }}{{ 2 }}", "in '(1' at page:1"),
        ("{{ {1 }}", "in '{1' at page:1"),
        ('{{ "a }}', "in '\"a' at page:1"),
        ("{{ a] + [b }}", "in 'a] + [b' at page:1"),
        ("\n{{ a) + (b }}", "in 'a) + (b' at page:2"),
        ("{{ a = 1 }}", "in 'a = 1' at page:1"),
        ("{{ 1; 2 }}", "in '1; 2' at page:1"),
        ("{{\n\n1,\n2 3 }}", "in '1, 2 3' at page:4"),
        ("{% if x: pass %}{% end %}", "in 'if x: pass:' at page:1"),
        ("{% else if x %}", "else outside of if or for or while or try at page:1"),
        ("{% if x %}{% else if x %}{% end %}", "'if x' after else, expected elif at page:1"),
        ("{% if x %}{% else x %}{% end %}", "expected ':' in 'else x:' at page:1"),
        ("{% if x: %}{% end %}", "unexpected ':' at the end of 'if x:' at page:1"),
        ("{% if x %}{% else %}\n{% elif y %}", "elif after else at page:2"),
        ("{% if x %}{% else %}\n{% else %}", "else after else at page:2"),
        ("{% try %}{% finally %}\n{% except %}", "except after finally at page:2"),
        ("\n{% set x = ( %}\n{% set 1) %}", "'(' was never closed in 'x = (' at page:2"),
        ("{% set x = 1 \\ %}\n{{ 1 }}", "in 'x = 1 \\\\' at page:1"),
        ("{% for x in 'a %}\n{% end %}", 'literal in "for x in \'a:" at page:1'),
        ("{% set x = (1,\n\n2 +) %}", "invalid syntax in 'x = (1, 2 +)' at page:3"),
        ("\n{{ [(yield 1) for x in y] }}", "in '[(yield 1) for x in y]' at page:2"),
        ("{{ 1 }}\n{{ x" + " + x" * 50_000 + " }}", "too deeply for Python at page:2"),
        ("\n{% set y = x" + " + x" * 50_000 + " %}", "too deeply for Python at page:2"),
        ("{% if x" + " + x" * 50_000 + " %}{% end %}", "too deeply for Python at page:1"),
        ("{{ await x }}\n{{ x" + " + x" * 50_000 + " }}", "too deeply for Python at page:2"),
        ("\n\n{% for x y %}{% end %}", "in 'for x y:' at page:3"),
        ("{% set x = (1, %}", "in 'x = (1,' at page:1"),
        ("{% set x = (1,\n2 %}", "in 'x = (1, 2' at page:1"),
        ("{% autoescape 1 + %}", "invalid syntax in '1 +' at page:1"),
        ("\n{% apply f)(x %}{% end %}", "in 'f)(x' at page:2"),
        ("{{ x" + " + x" * 50_000 + " }}", "code that is nested too deeply for Python at page:1"),
        ("\n{{ (yield 1) }}", "'yield' in a template at page:2"),
        ("\n{{ '\0' }}", "a NUL character in code at page:2"),
        ("\n\ud800", "not UTF-8: surrogates not allowed at page:2"),
        (b"\n\n\xff", "not UTF-8: invalid start byte at page:3"),
        ("{{ " + "x + " * 40 + " }}", "... at page:1".removeprefix("...")),
    ],
)
def test_a_parse_error_says_what_and_where(text: str | bytes, message: str) -> None:
    assert parse_error(text).endswith(message)


def test_long_code_is_shortened_in_messages() -> None:
    assert "x + x + x..." in parse_error("{{ " + "x + " * 40 + " }}")


def test_a_parse_error_carries_file_and_line() -> None:
    with pytest.raises(ParseError) as caught:
        Template("\n{% foo %}", name="shop.html")

    assert (caught.value.filename, caught.value.lineno) == ("shop.html", 2)
    assert str(ParseError("wrong")) == "wrong at None:0"


def test_an_error_in_another_file_names_that_file() -> None:
    assert parse_error("\n\n{% include part %}", part="\n{{ ( }}").endswith("at part:2")
    assert parse_error("{% extends base %}", base="\n\n{% end %}").endswith("at base:3")


@pytest.mark.parametrize("directive", ["extends", "include"])
def test_other_templates_need_a_loader(directive: str) -> None:
    with pytest.raises(ParseError, match="no loader to find 'x' with at <string>:2"):
        Template("\n{% " + directive + " x %}")


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ({"page": "\n{% include page %}"}, "includes itself: page -> page at page:2"),
        (
            {"page": "{% include a %}", "a": "{% include b %}", "b": "\n{% include a %}"},
            "includes itself: a -> b -> a at b:2",
        ),
        ({"page": "{% extends page %}"}, "extends itself: page -> page at page:1"),
        (
            {"page": "{% extends a %}", "a": "\n{% extends page %}"},
            "extends itself: page -> a -> page at a:2",
        ),
    ],
)
def test_a_circle_of_templates_is_refused(pages: dict[str, str], message: str) -> None:
    text = pages.pop("page")

    assert parse_error(text, **pages).endswith(message)


def test_a_block_that_comes_to_contain_itself_is_refused() -> None:
    base = "{% block a %}{% block b %}{% end %}{% end %}"
    page = "{% extends base %}{% block b %}{% block a %}{% super %}{% end %}{% end %}"

    assert parse_error(page, base=base) == "block a contains itself at page:1"


def test_a_missing_template_is_named_with_who_wants_it() -> None:
    with pytest.raises(TemplateNotFoundError) as caught:
        DictLoader({"page": "\n{% include nothing %}"}).load("page")

    assert str(caught.value) == (
        "template 'nothing': not among the 1 of the loader; named at page:2"
    )
    assert isinstance(caught.value, TemplateError)
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, KeyError)
    assert (caught.value.name, caught.value.errno) == ("nothing", errno.ENOENT)


@pytest.mark.parametrize(
    "error",
    [
        ParseError("wrong", "page", 3),
        TemplateNotFoundError("page", "gone"),
        AsyncTemplateError("x"),
    ],
)
def test_errors_survive_pickling(error: TemplateError) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_too_deep_nesting_is_a_parse_error() -> None:
    depth = 110

    assert "page:" in parse_error("{% if x %}" * depth + "{% end %}" * depth)


@pytest.mark.parametrize("opening", ["{% if x %}", "{% block b# %}", "{% apply f %}", "{% try %}"])
def test_directives_nested_without_end_are_a_parse_error(opening: str) -> None:
    text = "".join([opening.replace("#", str(number)) for number in range(5_000)])
    end = "{% except %}{% end %}" if "try" in opening else "{% end %}"

    assert "nested too deeply for Python at page:1" in parse_error(text + end * 5_000)


def test_files_that_include_each_other_without_end_are_a_parse_error() -> None:
    pages = {f"p{number}": f"{{% include p{number + 1} %}}" for number in range(2_000)}

    message = parse_error("{% include p0 %}", p2000="end", **pages)

    assert message.endswith("nested too deeply for Python at page:1")


@pytest.mark.parametrize("wrong", ["{{ { }}", "{% set x = { %}", "{{ '{' { }}"])
def test_many_braces_that_are_never_closed_are_found_in_linear_time(wrong: str) -> None:
    text = f"{wrong}\n" * 20_000

    assert parse_error(text).endswith("at page:1")
