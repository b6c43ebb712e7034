"""Path arguments with types."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.web import (
    Application,
    Converter,
    NotReversibleError,
    RequestHandler,
    URLSpec,
    register_converter,
    url,
)
from ostro.web import _converters as converters

from .support import ask

ID = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")


class Typed(RequestHandler):
    def get(self, *args: Any, **kwargs: Any) -> None:  # Any: whatever the patterns pass
        self.write({"args": list(args), "kwargs": {name: repr(kwargs[name]) for name in kwargs}})


class Other(RequestHandler):
    def get(self) -> None:
        self.write("other")


@pytest.fixture
def registry() -> Iterator[None]:
    """The converters there are, so that those of a test are gone after it."""
    known = dict(converters._converters)
    yield
    converters._converters.clear()
    converters._converters.update(known)


def kwargs(pattern: str, path: str) -> dict[str, str] | None:
    """What the handler of the pattern gets, or None where the path leads elsewhere."""
    answer = ask(Application([(pattern, Typed)]), path)
    if answer.status == 404:
        return None
    found: dict[str, str] = json.loads(answer.text)["kwargs"]
    return found


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "5", "5"),
        ("int", "007", "7"),
        ("int", str(2**63 - 1), str(2**63 - 1)),
        ("float", "1.5", "1.5"),
        ("float", "-3", "-3.0"),
        ("str", "a%20b", "'a b'"),
        ("str", "a%2Fb", "'a/b'"),
        ("str", "%C3%A9", "'é'"),
        ("path", "a/b//c", "'a/b//c'"),
        ("uuid", str(ID), repr(ID)),
        ("uuid", str(ID).upper(), repr(ID)),
    ],
)
def test_a_text_becomes_a_value(kind: str, text: str, value: str) -> None:
    assert kwargs(f"/x/{{it:{kind}}}", f"/x/{text}") == {"it": value}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""),
        ("int", "-1"),
        ("int", "+1"),
        ("int", "1_0"),
        ("int", "1.0"),
        ("int", "%D9%A1"),
        ("int", str(2**63)),
        ("int", "1" * 20),
        ("int", "1" * 5000),
        ("float", "1."),
        ("float", ".5"),
        ("float", "1e5"),
        ("float", "inf"),
        ("float", "nan"),
        ("float", "1" * 18),
        ("float", "1." + "1" * 18),
        ("str", ""),
        ("str", "a/b"),
        ("str", "%ff"),
        ("path", ""),
        ("uuid", "12345678"),
        ("uuid", str(ID).replace("-", "")),
        ("uuid", f"{{{ID}}}"),
    ],
)
def test_a_text_that_stands_for_nothing_is_a_404(kind: str, text: str) -> None:
    assert kwargs(f"/x/{{it:{kind}}}", f"/x/{text}") is None


def test_where_a_text_does_not_convert_the_next_route_is_tried() -> None:
    too_large = f"/{2**63}"
    app = Application([("/{number:int}", Typed), ("/{word:str}", Typed)])
    exact = Application([("/{number:int}", Typed), (too_large, Other)])

    assert '"word"' in ask(app, too_large).text
    assert ask(exact, too_large).text == "other"


def test_fields_stand_beside_regular_expressions() -> None:
    pattern = r"/(?:a|b)/{number:int}(?:/(?P<rest>\w+))?/?"

    assert kwargs(pattern, "/b/5/c/") == {"number": "5", "rest": "'c'"}
    assert kwargs(pattern, "/a/5") == {"number": "5", "rest": "None"}


def test_an_argument_that_may_be_missing_is_none() -> None:
    assert kwargs("/a(?:/{number:int})?", "/a") == {"number": "None"}


def test_the_arguments_are_known_in_prepare() -> None:
    class Prepared(RequestHandler):
        def prepare(self) -> None:
            self.finish({"args": self.path_args, "kwargs": self.path_kwargs})

    assert (
        ask(Application([("/{a:int}", Prepared)]), "/5").text == '{"args": [], "kwargs": {"a": 5}}'
    )


def test_patterns_without_fields_pass_strings_whatever_the_method_says() -> None:
    class Annotated(RequestHandler):
        def get(self, number: int) -> None:
            self.write(type(number).__name__)

    app = Application([(r"/u/(\d+)", Annotated), (r"/n/(?P<number>\d+)", Annotated)])

    assert (ask(app, "/u/5").text, ask(app, "/n/5").text) == ("str", "str")


def test_braces_that_are_no_fields_keep_their_meaning() -> None:
    app = Application([(r"/a{2,3}", Typed), (r"/b{x}", Typed), (r"/\{a:int\}", Typed)])

    assert [ask(app, path).status for path in ("/aa", "/a", "/b{x}", "/{a:int}")] == [
        200,
        404,
        200,
        200,
    ]


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ValueError, match=r"'integer' in the .* str, path, int, float, uuid"):
        URLSpec("/{it:integer}", Typed)


def test_unnamed_groups_beside_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="has named and unnamed arguments"):
        URLSpec("/{it:int}/(.*)", Typed)


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="has two arguments 'it'"):
        URLSpec("/{it:int}/{it:int}", Typed)


# Of one's own


@pytest.mark.usefixtures("registry")
def test_a_converter_of_ones_own() -> None:
    register_converter("day", Converter(r"\d{4}-\d\d-\d\d", date.fromisoformat, date.isoformat))
    app = Application([url("/on/{day:day}", Typed, name="day")])

    assert '"datetime.date(2026, 2, 3)"' in ask(app, "/on/2026-02-03").text
    assert ask(app, "/on/2026-02-30").status == 404
    assert app.reverse_url("day", date(2026, 2, 3)) == "/on/2026-02-03"


@pytest.mark.usefixtures("registry")
def test_a_kind_stays_what_it_is() -> None:
    converter = Converter("[0-9a-f]+", bytes.fromhex, bytes.hex)

    register_converter("hex", converter)
    register_converter("hex", converter)

    with pytest.raises(ValueError, match="another converter with the name 'hex'"):
        register_converter("hex", Converter("x", str))
    with pytest.raises(ValueError, match="another converter with the name 'int'"):
        register_converter("int", converter)


def test_the_name_of_a_converter_is_an_identifier() -> None:
    with pytest.raises(ValueError, match="is an identifier, not 'a-b'"):
        register_converter("a-b", Converter("x", str))


def test_a_converter_has_no_groups_and_a_pattern_that_compiles() -> None:
    with pytest.raises(ValueError, match="has capturing groups"):
        Converter("(a)", str)
    with pytest.raises(re.error):
        Converter("(", str)


# The way back


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("int", 5, "5"),
        ("int", 0, "0"),
        ("float", 0.5, "0.5"),
        ("float", -3.0, "-3"),
        ("float", 0.1, "0.1"),
        ("float", 1e-05, "0.00001"),
        ("float", 1e16, "10000000000000000"),
        ("str", "a b/é", "a%20b%2F%C3%A9"),
        ("path", "a b/é", "a%20b/%C3%A9"),
        ("uuid", ID, str(ID)),
    ],
)
def test_reverse_url_writes_a_value(kind: str, value: object, text: str) -> None:
    assert URLSpec(f"/x/{{it:{kind}}}/y", Typed).reverse(value) == f"/x/{text}/y"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", -1),
        ("int", 10**19),
        ("int", 2**63),
        ("int", "5"),
        ("int", 5.0),
        ("float", "x"),
        ("float", float("inf")),
        ("float", 1e-20),
        ("str", ""),
        ("str", None),
        ("str", b"x"),
        ("str", "\ud800"),
        ("uuid", "x"),
    ],
)
def test_reverse_url_refuses_what_would_not_lead_back(kind: str, value: object) -> None:
    with pytest.raises(
        NotReversibleError, match=f"cannot be the argument 'it' of '/{{it:{kind}}}'"
    ):
        URLSpec(f"/{{it:{kind}}}", Typed).reverse(value)


@pytest.mark.parametrize("value", [".", "..", "a/../b", "a/."])
def test_reverse_url_refuses_dots_that_a_client_would_take_out(value: str) -> None:
    with pytest.raises(NotReversibleError, match="clients take the dots out"):
        URLSpec("/files/{it:path}", Typed).reverse(value)


@pytest.mark.parametrize("pattern", ["/{it:path}", "/(.*)"])
def test_a_reversed_url_never_names_another_host(pattern: str) -> None:
    spec = URLSpec(pattern, Typed)

    path = spec.reverse("/evil.example/x")

    assert path == "/%2Fevil.example/x"
    found = spec.match(path)
    assert found is not None
    assert [*found.args, *found.kwargs.values()] in (["/evil.example/x"], [b"/evil.example/x"])


_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda text: text not in (".", "..")
)


@given(st.integers(0, 2**63 - 1), _TEXTS)
def test_a_reversed_url_leads_back_to_its_values(number: int, text: str) -> None:
    spec = URLSpec("/{number:int}/{text:str}/?", Typed)

    found = spec.match(spec.reverse(number, text))

    assert found is not None
    assert found.kwargs == {"number": number, "text": text}
