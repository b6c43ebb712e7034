"""Parameters of header values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import HTTPInputError, parse_parameters
from ostro.httputil._parameters import decode_extended_value

from .support import assert_linear


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html", ("text/html", {})),
        (" Text/HTML ", ("text/html", {})),
        ("a; B=C", ("a", {"b": "C"})),
        ("a;b=c;d=e", ("a", {"b": "c", "d": "e"})),
        ("a ; b=c ;\td=e", ("a", {"b": "c", "d": "e"})),
        ("a;b=c;", ("a", {"b": "c"})),
        ("a;;b=c; ;", ("a", {"b": "c"})),
        ('a; b="c;d"', ("a", {"b": "c;d"})),
        (r'a; b="c\"d\\e\f"', ("a", {"b": r'c"d\e\f'})),
        ('a; b=""', ("a", {"b": ""})),
        ("a; b=", ("a", {"b": ""})),
        ("a; b=c d", ("a", {"b": "c d"})),
        ("a; b=c/d?e=f", ("a", {"b": "c/d?e=f"})),
        ("a; b*=UTF-8''c", ("a", {"b*": "UTF-8''c"})),
        (";b=c", ("", {"b": "c"})),
        ('a; b="\u20ac"; c=\u20ac', ("a", {"b": "\u20ac", "c": "\u20ac"})),
    ],
)
def test_parameters_are_read(value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_parameters(value) == expected


@pytest.mark.parametrize(
    "value",
    ["a; b", "a; =c", 'a; b="c', 'a; b="c\\"', 'a; b="c"d', 'a; b=c"d"', "a; b =c", "a; b= \"c\"",
     "a; b=c; b=d", "a; b=c; B=d", "a; (=c"],
)  # fmt: skip
def test_malformed_parameters_are_refused(value: str) -> None:
    with pytest.raises(HTTPInputError):
        parse_parameters(value)


@pytest.mark.parametrize("piece", [";", "; ", " ", "\t", '"', "\\", '\\"', "a", "=", ';a="', ";a="])
@pytest.mark.parametrize("start", ["a;", 'a; b="', "a; b="])
def test_hostile_parameters_take_linear_time(start: str, piece: str) -> None:
    def parse(size: int) -> None:
        try:
            parse_parameters(start + piece * size)
        except HTTPInputError:
            return

    assert_linear(parse, 100_000)


@given(st.dictionaries(st.text("abc*-", min_size=1), st.text('ab;"\\ =', max_size=9), max_size=4))
def test_quoted_values_are_read_back(parameters: dict[str, str]) -> None:
    def quote(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    text = "x" + "".join(f'; {name}="{quote(value)}"' for name, value in parameters.items())

    assert parse_parameters(text) == ("x", parameters)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("UTF-8''%e2%82%ac%20rates", "€ rates"),
        ("utf-8'en'%C2%A3", "£"),
        ("iso-8859-1'en'%A3%20rates", "£ rates"),
        ("UTF-8''", ""),
        ("UTF-8''a!#$&+-.^_`|~z", "a!#$&+-.^_`|~z"),
    ],
)
def test_an_extended_value_is_decoded(value: str, text: str) -> None:
    assert decode_extended_value(value) == text


@pytest.mark.parametrize(
    "value",
    ["", "plain", "UTF-8'%41", "''a", "UTF-8''%4", "UTF-8''%zz", "UTF-8''a b", "UTF-8''é",
     "UTF-8''%ff", "UTF-7''+AGEA-", "shift_jis''a", "UTF-8''a'b", "UTF-8''a\n"],
)  # fmt: skip
def test_a_malformed_extended_value_is_refused(value: str) -> None:
    with pytest.raises(HTTPInputError):
        decode_extended_value(value)
