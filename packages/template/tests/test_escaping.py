"""autoescape: what is escaped, by what, and what values become text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import xhtml_escape
from ostro.template import DictLoader, Template

from .support import render

SPECIAL = "&<>\"'"
ESCAPED = "&amp;&lt;&gt;&quot;&#x27;"


def shout(value: str) -> str:
    return value.upper() + "!"


def test_expressions_are_escaped_by_default() -> None:
    assert render("{{ x }}{% raw x %}", x=SPECIAL) == ESCAPED + SPECIAL


@given(st.lists(st.text() | st.integers() | st.none() | st.text().map(str.encode), max_size=40))
def test_a_row_of_values_is_escaped_each_for_itself(values: list[object]) -> None:
    text = "|".join(f"{{{{ v[{i}] }}}}" for i in range(len(values)))
    as_text = [v.decode() if isinstance(v, bytes) else str(v) for v in values]

    output = render(text, v=values)

    assert output == "|".join(xhtml_escape(value) for value in as_text)


@given(st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"])))
def test_text_comes_out_as_it_went_in(text: str) -> None:
    assert render(text) == text


def test_escape_functions_of_the_namespace_are_used() -> None:
    assert render("{% autoescape shout %}{{ x }}{{ x }}", x="a", shout=shout) == "A!A!"
    assert render("{% autoescape (lambda s: s * 2) %}{{ 1 }}") == "11"


def test_an_escape_function_may_return_bytes() -> None:
    assert render("{% autoescape f %}{{ x }}", x="é", f=str.encode) == "é"


def test_the_last_autoescape_of_a_file_holds_for_all_of_it() -> None:
    assert render("{{ '<' }}{% autoescape None %}") == "<"


def test_the_default_escape_function_can_be_replaced_by_name() -> None:
    template = Template("{{ x }}")

    assert template.generate(x="<", xhtml_escape=shout) == b"<!"
    assert template.generate(x="<", xhtml_escape=shout) == b"<!"
    assert template.generate(x="<") == b"&lt;"


def test_the_default_escape_function_can_be_assigned_in_the_template() -> None:
    text = "{% set xhtml_escape = shout %}{{ x }}"

    assert render(text, x="a", shout=shout) == "A!"


def test_escape_is_the_same_function() -> None:
    assert render("{% autoescape escape %}{{ '<' }}") == "&lt;"


@pytest.mark.parametrize(("autoescape", "expected"), [(None, "<"), ("shout", "<!")])
def test_a_template_and_a_loader_choose_the_default(autoescape: str | None, expected: str) -> None:
    loader = DictLoader({"a": "{{ '<' }}"}, autoescape=autoescape, namespace={"shout": shout})

    assert loader.load("a").generate().decode() == expected
    assert Template("{{ '<' }}", loader=loader).generate().decode() == expected
    assert Template("{{ '<' }}", autoescape=autoescape).generate(shout=shout).decode() == expected
    assert Template("{{ '<' }}", loader=loader, autoescape="escape").generate() == b"&lt;"
    assert loader.load("a").autoescape == autoescape


def test_a_subclass_of_str_can_not_hide_from_escaping() -> None:
    class Sly(str):
        def __contains__(self, item: object) -> bool:
            return False

        def __format__(self, spec: str) -> str:
            return "safe"

        def replace(self, *args: object) -> str:
            return self

        def __str__(self) -> str:
            return self

    class Other:
        def __str__(self) -> str:
            return Sly("<>")

    assert render("{{ x }}", x=Sly("<b>")) == "&lt;b&gt;"
    assert render("{{ x }}{{ x }}", x=Other()) == "&lt;&gt;&lt;&gt;"


def test_values_that_pretend_to_be_str_are_escaped() -> None:
    class Pretender:
        __class__ = str  # type: ignore[assignment]  # as proxies do

        def __str__(self) -> str:
            return "<"

    assert render("{{ x }}", x=Pretender()) == "&lt;"
