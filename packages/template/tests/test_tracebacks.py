"""Tracebacks of errors at run time show the templates."""

import subprocess
import sys
from pathlib import Path

import pytest

from ostro.template import DictLoader, Loader, Template

from .support import shown


def failure(template: Template, **variables: object) -> BaseException:
    with pytest.raises(Exception) as caught:
        template.generate(**variables)
    return caught.value


def test_file_line_and_source_of_a_string_are_shown() -> None:
    error = failure(Template("one\n\n<p>{{ 1 / 0 }}</p>\n"))

    assert '  File "<string>", line 3, in template\n    <p>{{ 1 / 0 }}</p>\n' in shown(error)
    assert "<template>" not in shown(error)


def test_lines_end_at_newlines_only() -> None:
    error = failure(Template("a\u2028b\x0cc\r\n<p>{{ 1 / 0 }}"))

    assert '  File "<string>", line 2, in template\n    <p>{{ 1 / 0 }}\n' in shown(error)


def test_all_files_that_led_to_the_line_are_shown(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "base.html").write_text("\n<p>{% block b %}{% end %}</p>")
    (tmp_path / "page.html").write_text(
        "{% extends base.html %}{% block b %}\n\n{% include parts/row.html %}{% end %}"
    )
    (tmp_path / "parts" / "row.html").write_text("x\n{% for x in y %}\n {{ x.name }}\n{% end %}")

    text = shown(failure(Loader(tmp_path).load("page.html"), y=[1]))

    assert text.endswith(
        f'  File "{tmp_path}/base.html", line 2, in template\n'
        "    <p>{% block b %}{% end %}</p>\n"
        f'  File "{tmp_path}/page.html", line 3, in block b\n'
        "    {% include parts/row.html %}{% end %}\n"
        f'  File "{tmp_path}/parts/row.html", line 3, in template\n'
        "    {{ x.name }}\n"
        "AttributeError: 'int' object has no attribute 'name'\n"
    )


def test_super_is_a_step_and_a_block_in_its_place_is_none() -> None:
    pages = {
        "base": "{% block b %}\n{{ 1 / 0 }}{% end %}",
        "page": "{% extends base %}{% block b %}\n\n{% super %}{% end %}",
    }

    through_super = shown(failure(DictLoader(pages).load("page")))
    in_place = shown(failure(DictLoader(pages).load("base")))

    assert through_super.count('File "page", line 3, in block b') == 1
    assert through_super.count('File "base", line 2, in block b') == 1
    assert in_place.count('File "base"') == 1


def test_a_function_called_by_a_template_is_shown_below_it() -> None:
    def broken() -> None:
        raise KeyError("mine")

    text = shown(failure(Template("\n{{ broken() }}"), broken=broken))

    assert text.index('"<string>", line 2') < text.index("in broken")


def test_a_comprehension_is_one_more_step_in_the_same_place() -> None:
    error = failure(Template("\n{{ list(1 / x for x in y) }}"), y=[0])

    assert shown(error).count('"<string>", line 2') == 2


def test_the_line_inside_a_directive_that_spans_lines_is_shown() -> None:
    error = failure(Template("{{ [\n1,\n1 / 0] }}"))

    assert '"<string>", line 3' in shown(error)


def test_the_variables_of_the_template_are_in_the_frame() -> None:
    error = failure(Template("{% set x = 5 %}{{ 1 / 0 }}"))
    entry = error.__traceback__
    while entry and entry.tb_next:
        entry = entry.tb_next

    assert entry
    assert entry.tb_frame.f_locals["x"] == 5
    assert entry.tb_frame.f_lineno == 1


def test_cause_and_context_stay_as_they_are() -> None:
    text = "{% try %}{{ 1 / 0 }}{% except ZeroDivisionError %}{{ nothing }}{% end %}"
    error = failure(Template(text))

    assert isinstance(error, NameError)
    assert isinstance(error.__context__, ZeroDivisionError)
    assert not error.__suppress_context__


def test_errors_that_led_to_another_show_the_template_too() -> None:
    text = "\n{% try %}\n{{ 1 / 0 }}\n{% except ZeroDivisionError as e %}\n{{ wrap(e) }}{% end %}"

    def wrap(error: Exception) -> None:
        raise LookupError from error

    told = shown(failure(Template(text, name="page"), wrap=wrap))

    assert told.index('File "page", line 3') < told.index('File "page", line 5')
    assert "<template>" not in told


def test_errors_that_are_the_cause_of_each_other_are_shown() -> None:
    def circle() -> None:
        first, second = KeyError(), ValueError()
        first.__cause__, second.__cause__ = second, first
        raise first

    error = failure(Template("{{ circle() }}", name="page"), circle=circle)

    assert isinstance(error, KeyError)
    assert 'File "page", line 1' in shown(error)


def test_a_character_that_can_not_be_written_is_shown_by_what_precedes_it() -> None:
    inner = Template("price: {{ x }}")
    outer = Template("{% raw inner.generate(x='\\ud800') %}")

    told = shown(failure(outer, inner=inner))

    assert told.count("in what comes after 'price: '") == 1


@pytest.mark.parametrize(
    "text",
    [
        "{% if x\n and 1 / 0 %}{% end %}",
        "{% if x # because\n and 1 / 0 # otherwise\n %}{% end %}",
        "{% set y = (x,\n1 / 0) %}",
        "{% for y in [\n1 / 0,\n\n] %}{% end %}",
        "{% set y = x \\\n+ 1 / 0 %}",
        "{% set y = 1\n%}{{ 1 / 0 }}",
    ],
)
def test_the_line_inside_a_statement_that_spans_lines_is_shown(text: str) -> None:
    told = shown(failure(Template("\n" + text, name="page"), x=1))

    assert 'File "page", line 3, in template' in told


def test_a_name_that_nobody_passes_is_named() -> None:
    error = failure(Template("{% if True %}{{ nothing }}{% end %}"), something=1)

    assert str(error) == "name 'nothing' is not defined"


def test_a_template_called_by_a_template_has_its_own_lines() -> None:
    inner = Template("\n\n\n{{ 1 / 0 }}", name="inner")
    outer = Template("\n{% raw inner.generate() %}", name="outer")

    text = shown(failure(outer, inner=inner))

    assert text.index('File "outer", line 2') < text.index('File "inner", line 4')


def test_python_itself_prints_it(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("\n{{ 1 / 0 }}\n")
    program = (
        f"from ostro.template import Loader; Loader({str(tmp_path)!r}).load('page.html').generate()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30
    )

    assert (
        f'File "{tmp_path}/page.html", line 2, in template\n    {{{{ 1 / 0 }}}}\nZ' in done.stderr
    )
