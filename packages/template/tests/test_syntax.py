"""Directives: what each of them puts into the output."""

import pytest

from .support import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{{ 1 + 1 }}", "2"),
        ("{{1}}{{2}}", "12"),
        ("{{ None }}", "None"),
        ("{{ b'x\\xc3\\xa9' }}", "xé"),
        ("{{!x}} {%!y%} {#!z#}", "{{x}} {%y%} {#z#}"),
        ("a{# {{ no }} {% if %} #}b", "ab"),
        ("a{% comment it's {{ not }} here %}b", "ab"),
        ("{{{ 1 }}}", "{1}"),
        ("\\textbf{{% raw 1 %}}", "\\textbf{1}"),
        ("{{ {'a': {'b': 1}}['a']['b'] }}", "1"),
        ("{{ '}}' + \"%}\" }}", "}}%}"),
        ("{{ '''a}}'b''' }}", "a}}&#x27;b"),
        ("{% if '%}' %}x{% end %}", "x"),
        ("{{ 'it\\'s' }}", "it&#x27;s"),
        ("{{ 1 # one\n }}", "1"),
        ("{{ (1,\n 2) }}", "(1, 2)"),
        ("{{ 'a) + (b' }}", "a) + (b"),
        ("{{ lambda_ if True else 0 }}", "L"),
        ("{{ (lambda s: s * 2)('x') }}", "xx"),
        ("{% raw '<' %}{% raw(1) %}", "<1"),
        ("{% set a = 1; b = 2 %}{{ a + b }}", "3"),
        ("{% set a = 1 if True else \\\n 2 %}{{ a }}", "1"),
        ("{% if(1) %}x{%end%}", "x"),
    ],
)
def test_expressions_and_text(text: str, expected: str) -> None:
    assert render(text, lambda_="L") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% if x == 1 %}one{% elif x == 2 %}two{% else %}many{% end %}", "two"),
        ("{% if x == 3 %}three{% end %}", ""),
        ("{% if x == 2 and\n   x != 3 %}two{% end %}", "two"),
        ("{% if x == 2 and  # it is\n   True %}two{% end %}", "two"),
        ("{% if x == 2 # it is: %}two{% end %}", "two"),
        ("{% if x == '#' # it is not\n %}{% else # it is\n %}two{% end %}", "two"),
        ("{% if x %}two{% end if %}{% for i in [] %}{% end for %}", "two"),
        ("{% block b %}{% block c %}x{% end c %}{% end block b %}", "x"),
        ("{% apply str %}{% block b %}x{% end block %}{% end apply %}", "x"),
        ("{% apply str %}x{% end apply str %}", "x"),
        ("{% for i in range(3) %}{{ i }}{% end %}", "012"),
        ("{% for i in [] %}{{ i }}{% else %}none{% end %}", "none"),
        ("{% for a, b in [(1, 2)] %}{{ a }}{{ b }}{% end %}", "12"),
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% end %}{{ i }}{% end %}", "01"),
        ("{% for i in range(3) %}{% if i == 1 %}{% continue %}{% end %}{{ i }}{% end %}", "02"),
        ("{% set i = 0 %}{% while i < 3 %}{{ i }}{% set i += 1 %}{% else %}!{% end %}", "012!"),
        (
            "{% try %}A{{ 1 / 0 }}B{% except ZeroDivisionError as e %}{{ e }}{% end %}",
            "Adivision by zero",
        ),
        ("{% try %}A{% except %}B{% else %}C{% finally %}D{% end %}", "ACD"),
        ("{% try %}{{ nothing }}{% except NameError %}?{% end %}", "?"),
        ("{% try %}{{ 'x' }}{% finally %}{% end %}", "x"),
        ("{% import math %}{{ math.floor(1.5) }}", "1"),
        ("{% from math import floor, ceil %}{{ ceil(1.5) }}", "2"),
        ("{% from math import (floor,\n ceil) %}{{ floor(1.5) }}", "1"),
        ("{% set t = '\u2028' + \\\n '\x0c' %}{{ t }}", "\u2028\x0c"),
        ('{% set t = """a\nb""" %}{{ t }}', "a\nb"),
        ("{% set t = f'{x}' + \\\n f'{{}}' %}{{ t }}", "2{}"),
    ],
)
def test_statements(text: str, expected: str) -> None:
    assert render(text, x=2) == expected


def test_apply_sends_output_through_a_function() -> None:
    assert render("a{% apply f %}b{{ '<' }}{% end %}c", f=str.upper) == "aB&LT;c"
    assert render("{% apply lambda s: s[::-1] %}ab{% end %}") == "ba"


def test_what_is_assigned_inside_apply_is_seen_after_it() -> None:
    assert render("{% apply f %}{% set x = 1 %}{% end %}{{ x }}", f=str) == "1"


def test_applies_nest() -> None:
    text = "{% apply f %}a{% apply g %}b{% end %}{% apply g %}c{% end %}{% end %}"

    assert render(text, f=lambda s: f"[{s}]", g=lambda s: f"({s})") == "[a(b)(c)]"


def test_a_loop_can_be_left_from_inside_apply() -> None:
    inside = "{{ i }}{% if i == 'b' %}{% break %}{% end %}"
    text = "{% for i in 'abc' %}{% apply f %}" + inside + "{% end %}{% end %}"

    assert render(text, f=str.upper) == "A"


def test_bytes_from_apply_are_utf_8() -> None:
    assert render("{% apply f %}é{% end %}", f=str.encode) == "é"


def test_module_calls_the_hook_and_is_not_escaped() -> None:
    class Modules:
        def Entry(self, text: str) -> str:
            return f"<b>{text}</b>"

    assert render("{% module Entry('x') %}", _tt_modules=Modules(), modules=1) == "<b>x</b>"


def test_module_without_hook_is_a_name_error() -> None:
    with pytest.raises(NameError, match="_tt_modules"):
        render("{% module Entry() %}")


def test_many_values_and_long_texts_in_one_run_come_out_in_order() -> None:
    text = "".join(f"{'x' * (1500 if i == 40 else 1)}{{{{ {i} }}}}" for i in range(100))
    expected = "".join(f"{'x' * (1500 if i == 40 else 1)}{i}" for i in range(100))

    assert render(text) == expected


def test_windows_newlines_are_kept_in_text_and_harmless_in_code() -> None:
    assert render("a\r\n{{ (1,\r\n2) }}\r\n") == "a\r\n(1, 2)\r\n"
    assert render("{{ (1,\r2) }}") == "(1, 2)"
