"""extends, block, super, include."""

import pytest

from .support import render, render_page

BASE = "<{% block a %}A{% end %}|{% block b %}B{% end %}>"


def test_a_block_stands_for_itself() -> None:
    assert render(BASE) == "<A|B>"


def test_blocks_of_a_child_replace_those_of_its_parent() -> None:
    pages = {"base": BASE, "page": '{% extends "base" %} ignored {% block b %}x{% end %}'}

    assert render_page(pages) == "<A|x>"


def test_inheritance_has_as_many_levels_as_wanted() -> None:
    pages = {
        "base": BASE,
        "middle": "{% extends base %}{% block a %}({% block inner %}i{% end %}){% end %}",
        "page": "{% extends middle %}{% block inner %}x{% end %}{% block b %}y{% end %}",
    }

    assert render_page(pages) == "<(x)|y>"


def test_super_is_what_the_block_replaces_at_each_level() -> None:
    pages = {
        "base": BASE,
        "middle": "{% extends base %}{% block a %}[{% super %}]{% end %}",
        "page": "{% extends middle %}{% block a %}({% super %}{% super %}){% end %}",
    }

    assert render_page(pages) == "<([A][A])|B>"


def test_super_reaches_nested_blocks_as_overridden() -> None:
    pages = {
        "base": "{% block a %}A{% block i %}I{% end %}{% end %}",
        "page": "{% extends base %}{% block a %}<{% super %}>{% end %}{% block i %}x{% end %}",
    }

    assert render_page(pages) == "<Ax>"


def test_a_block_sees_the_local_variables_of_its_place() -> None:
    pages = {
        "base": "{% for s in students %}{% block student %}{{ s }}{% end %}{% end %}",
        "page": "{% extends base %}{% block student %}<{{ s }}>{% if s == 2 %}{% break %}"
        "{% end %}{% end %}",
    }

    assert render_page(pages, "base", students=[1, 2]) == "12"
    assert render_page(pages, students=[1, 2, 3]) == "<1><2>"


@pytest.mark.parametrize("wrapped", ["{% apply f %}%s{% end %}", "{% if 0 %}{% else %}%s{% end %}"])
def test_blocks_inside_other_directives_are_found(wrapped: str) -> None:
    base = wrapped.replace("%s", "{% block a %}A{% end %}")
    pages = {"base": base, "page": "{% extends base %}{% block a %}x{% end %}"}

    assert render_page(pages, f=str) == "x"


def test_two_blocks_of_one_name_are_replaced_both() -> None:
    pages = {
        "base": "{% block a %}{% end %}-{% block a %}A{% end %}",
        "page": "{% extends base %}{% block a %}x{% end %}",
    }

    assert render_page(pages) == "x-x"
    assert render_page(pages, "base") == "A-A"


def test_an_included_file_shares_the_variables() -> None:
    pages = {"page": "{% set x = 1 %}{% include part %}{{ y }}", "part": "{{ x }}{% set y = 2 %}"}

    assert render_page(pages) == "12"


def test_blocks_of_an_included_file_can_be_replaced() -> None:
    pages = {
        "part": "{% block a %}A{% end %}",
        "base": "<{% include part %}>",
        "page": "{% extends base %}{% block a %}x{% end %}",
    }

    assert render_page(pages, "base") == "<A>"
    assert render_page(pages) == "<x>"


def test_a_file_may_be_included_twice() -> None:
    assert render_page({"page": "{% include a %}{% include a %}", "a": "x"}) == "xx"


def test_an_included_file_is_only_what_stands_in_it() -> None:
    pages = {
        "base": "<{% block a %}{% end %}>",
        "part": "{% extends base %}p{% block a %}x{% end %}",
        "page": "{% include part %}",
    }

    assert render_page(pages) == "px"


def test_a_part_that_makes_sense_only_where_it_is_included_is_accepted() -> None:
    pages = {"page": "{% for i in 'ab' %}{{ i }}{% include stop %}{% end %}", "stop": "{% break %}"}

    assert render_page(pages) == "a"


def test_autoescape_holds_for_the_file_it_stands_in() -> None:
    pages = {
        "base": "{{ '<' }}{% block a %}{{ '<' }}{% end %}{% include part %}",
        "part": "{% autoescape None %}{{ '<' }}",
        "page": "{% extends base %}{% autoescape None %}{% block a %}{{ '>' }}{% super %}{% end %}",
    }

    assert render_page(pages) == "&lt;>&lt;<"
