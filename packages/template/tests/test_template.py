"""Template: its arguments, its names, await, the stages of the compiler."""

import asyncio
import datetime
import gc
from collections.abc import AsyncIterator

import pytest

from ostro.template import AsyncTemplateError, DictLoader, Template, filter_whitespace

from .support import render


def test_the_functions_of_the_reference_are_there() -> None:
    text = (
        "{{ escape('<') }} {{ xhtml_escape('<') }} {{ url_escape('a b') }} {{ json_encode([1]) }}"
        " {{ squeeze(' a  b ') }} {% raw linkify('www.a.de') %} {{ datetime.date(2020, 1, 2) }}"
    )

    assert render("{% autoescape None %}" + text) == (
        f'&lt; &lt; a+b [1] a b <a href="http://www.a.de">www.a.de</a> {datetime.date(2020, 1, 2)}'
    )


def test_what_is_passed_comes_before_everything_else() -> None:
    loader = DictLoader({"a": "{{ x }}{{ squeeze }}{{ len }}"}, namespace={"x": 1, "squeeze": 2})

    assert loader.load("a").generate(x=3, len=4) == b"324"


def test_a_loaders_namespace_may_grow_later() -> None:
    loader = DictLoader({"a": "{{ x }}"})
    template = loader.load("a")

    loader.namespace["x"] = 1

    assert template.generate() == b"1"


def test_a_variable_may_be_passed_and_assigned() -> None:
    template = Template("{{ x }}{% set x = x + 1 %}{{ x }}{{ [x for _ in 'ab'] }}")

    assert template.generate(x=1) == b"12[2, 2]"


def test_a_variable_may_have_any_name() -> None:
    assert render("{{ self }}{{ kwargs }}{{ namespace }}", self=1, kwargs=2, namespace=3) == "123"


def test_globals_are_the_variables() -> None:
    assert render("{{ 'x' in globals() }}{{ globals().get('y') }}", x=1) == "TrueNone"


def test_what_is_written_in_c_finds_what_it_imports() -> None:
    day = datetime.datetime(2024, 2, 29)

    assert render("{{ day.strftime('%d') }}", day=day) == "29"
    assert render("{{ datetime.datetime.strptime('2024', '%Y').year }}") == "2024"
    assert render("{{ [d.strftime('%m') for d in days] }}", days=[day]) == "[&#x27;02&#x27;]"


def test_a_coroutine_that_nobody_awaits_is_warned_of(recwarn: pytest.WarningsRecorder) -> None:
    async def nothing() -> None: ...

    render("{% set x = f() %}{% set x = 0 %}", f=nothing)
    gc.collect()

    assert "never awaited" in str(recwarn.pop(RuntimeWarning).message)


def test_a_global_statement_is_left_alone() -> None:
    assert render("{% set global x %}{{ x }}", x=1) == "1"


def test_many_sets_of_missing_variables_all_work() -> None:
    names = [f"v{number}" for number in range(20)]
    text = "".join(f"{{% try %}}{{{{ {n} }}}}{{% except NameError %}}-{{% end %}}" for n in names)
    template = Template(text)

    for count in range(20):
        given = dict.fromkeys(names[:count], "x")
        assert template.generate(**given).decode() == "x" * count + "-" * (20 - count)
    assert template.generate(v19="x") == b"-" * 19 + b"x"


def test_text_may_be_bytes_with_a_byte_order_mark() -> None:
    assert Template(b"\xef\xbb\xbf\xc3\xa9{{ 'x' }}").generate() == "éx".encode()


def test_each_stage_of_the_compiler_can_be_seen() -> None:
    template = Template("<{{ name }}>{% if x %}{{ nothing() }}{% end %}", name="page")

    assert template.name == "page"
    assert template.autoescape == "xhtml_escape"
    assert template.code.startswith("def _tt_execute(")
    compile(template.code, "page", "exec")


@pytest.mark.parametrize(
    "text",
    [
        "{{ await f() }}{% apply await g %}b{% end %}",
        "{% for x in [y async for y in h()] %}{{ x }}{% end %}{% if await f() %}B{% end %}",
    ],
)
def test_expressions_may_await(text: str) -> None:
    async def f() -> str:
        await asyncio.sleep(0)
        return "a"

    async def g(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    async def h() -> AsyncIterator[str]:
        yield "a"

    template = Template(text)

    assert asyncio.run(template.generate_async(f=f, g=g, h=h)) == b"aB"
    with pytest.raises(AsyncTemplateError, match=r"'<string>' awaits: use generate_async\(\)"):
        template.generate(f=f, g=g, h=h)


def test_generate_async_runs_any_template() -> None:
    assert asyncio.run(Template("{{ 'await' }}{{ x }}").generate_async(x=1)) == b"await1"
    assert Template("{{ 'await' }}").generate() == b"await"


def test_an_error_after_an_await_shows_the_template() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        asyncio.run(Template("\n{{ await fail() }}", name="page").generate_async(fail=fail))

    files = [str(entry.path) for entry in caught.traceback]
    assert any(path.endswith("page") for path in files)


def test_broken_code_that_awaits_is_a_parse_error() -> None:
    with pytest.raises(Exception, match="'break' outside loop in 'break' at <string>:2"):
        Template("{{ await x }}\n{% break %}")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("all", " a \t b\n \n c "), ("single", " a b\nc "), ("oneline", " a b c ")],
)
def test_whitespace_modes(mode: str, expected: str) -> None:
    text = " a \t b\n \n c "

    assert filter_whitespace(mode, text) == expected
    assert Template(text, whitespace=mode).generate().decode() == expected
    assert DictLoader({"a": text}, whitespace=mode).load("a").generate().decode() == expected
    assert render("{% whitespace " + mode + " %}" + text) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("a.html", b"a b"), ("a.js", b"a b"), ("a.txt", b"a  b")]
)
def test_the_name_decides_on_whitespace(name: str, expected: bytes) -> None:
    assert Template("a  b", name=name).generate() == expected
    assert Template("a  b", name=name, compress_whitespace=False).generate() == b"a  b"
    assert Template("a  b", name=name, compress_whitespace=True).generate() == b"a b"
    assert Template("a  b", name, whitespace="all").generate() == b"a  b"


def test_whitespace_counts_in_pre_and_textarea() -> None:
    text = "a  b{{ 1 }}<pre>c  d{{ 2 }}  e</pre>{{ 3 }}f  g{{ 4 }}<TEXTAREA> \n</TEXTAREA>"

    assert Template(text, whitespace="single").generate().decode() == (
        "a b1<pre>c  d2  e</pre>3f g4<TEXTAREA> \n</TEXTAREA>"
    )


def test_a_template_tells_which_names_it_looks_up() -> None:
    loader = DictLoader(
        {
            "page": "{% extends base %}{% block b %}{% set x = a %}{{ [n for n in ns] }}{% end %}",
            "base": "{% block b %}{{ replaced }}{% end %}{% module M(len(c)) %}",
        }
    )

    names = loader.load("page").names

    assert names >= {"a", "x", "ns", "c", "_tt_modules", "xhtml_escape"}
    assert not names & {"replaced", "M", "b"}


def test_the_escape_function_may_be_any_expression() -> None:
    template = Template("{{ 'ab' }}", autoescape="lambda text: text.upper()")

    assert template.generate() == b"AB"
    assert DictLoader({"page": "{{ 1 }}"}, autoescape="f.g").autoescape == "f.g"


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="invalid whitespace mode 'x'"):
        Template("", whitespace="x")
    with pytest.raises(ValueError, match="invalid whitespace mode 'x'"):
        DictLoader({}, whitespace="x")
    with pytest.raises(ValueError, match="invalid whitespace mode 'x'"):
        filter_whitespace("x", "")
    with pytest.raises(ValueError, match="invalid autoescape '', expected the name of a function"):
        Template("", autoescape="")
    with pytest.raises(ValueError, match="invalid autoescape 'f\\)\\('"):
        DictLoader({}, autoescape="f)(")
    with pytest.raises(ValueError, match="invalid autoescape <function"):
        DictLoader({}, autoescape=render)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="got both"):
        Template("", whitespace="all", compress_whitespace=True)
