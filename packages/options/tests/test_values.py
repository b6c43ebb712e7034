"""The types of options: what text they take, and what values."""

import enum
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.options import DEFAULT_MAX_RANGE, InvalidValueError

from .support import parse, parser_with


class Mode(enum.Enum):
    FAST = "fast"
    SAFE = "safe"


class Level(enum.StrEnum):
    LOW = "low"


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("a port is from 0 to 65535")
    return port


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, " a ", " a "),
        (int, "-12", -12),
        (int, " 7 ", 7),
        (float, "1.5e3", 1500.0),
        (float, "-3", -3.0),
        (bool, "True", True),
        (bool, "ON", True),
        (bool, "f", False),
        (bool, "0", False),
        (datetime, "2024-05-31", datetime(2024, 5, 31)),
        (timedelta, "1h", timedelta(hours=1)),
        (Path, "/tmp", Path("/tmp")),
        (Decimal, "1.10", Decimal("1.10")),
        (Mode, "safe", Mode.SAFE),
        (port_number, "80", 80),
        (lambda text: text[::-1], "abc", "cba"),
    ],
)
def test_text_becomes_a_value_of_the_type(
    kind: Callable[[str], object], text: str, value: object
) -> None:
    options = parser_with(type=kind)

    parse(options, f"--x={text}")

    assert options.x == value
    assert type(options.x) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (int, "", "expected an integer, got ''"),
        (int, "1.5", "expected an integer, got '1.5'"),
        (int, "9" * 5000, "expected an integer"),
        (float, "", "expected a number, got ''"),
        (float, "x", "expected a number"),
        (bool, "", "expected one of true, yes"),
        (bool, "maybe", "expected one of true, yes"),
        (datetime, "yesterday", "expected a date and time such as 2024-05-31,"),
        (timedelta, "soon", "expected numbers with the units w, d, h"),
        (Mode, "slow", "expected Mode .'slow' is not a valid Mode"),
        (Decimal, "x", "expected Decimal"),
        (port_number, "65536", "expected port_number .a port is from 0 to 65535., got '65536'"),
    ],
)
def test_text_that_is_not_of_the_type_is_refused(
    kind: Callable[[str], object], text: str, reason: str
) -> None:
    options = parser_with(type=kind)

    with pytest.raises(InvalidValueError, match=f"option 'x': {reason}"):
        parse(options, f"--x={text}")

    assert options.x is None


def test_the_cause_of_a_refusal_by_a_custom_type_is_kept() -> None:
    options = parser_with(type=port_number)

    with pytest.raises(InvalidValueError) as caught:
        parse(options, "--x=-1")

    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("default", "kind"),
    [("a", str), (1, int), (1.5, float), (True, bool), (timedelta(1), timedelta)],
)
def test_the_type_is_that_of_the_default(default: object, kind: type) -> None:
    options = parser_with(default=default)

    assert options.x == default
    with pytest.raises(InvalidValueError, match=f"expected {kind.__name__}"):
        options.x = object()


@pytest.mark.parametrize("default", [[1], (1,), {1}, {1: 2}])
def test_a_container_without_multiple_is_given_by_assignment_only(default: object) -> None:
    options = parser_with(default=default)

    options.x = type(default)()
    with pytest.raises(InvalidValueError, match="multiple=True"):
        parse(options, "--x=1")

    assert options.x == type(default)()


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        (str, "a,b", ["a", "b"]),
        (str, "a", ["a"]),
        (str, "", []),
        (str, "a,,b,", ["a", "", "b", ""]),
        (str, "1:3", ["1:3"]),
        (int, "1,-2", [1, -2]),
        (int, "1:4", [1, 2, 3]),
        (int, "0:2,7,-2:0", [0, 1, 7, -2, -1]),
        (int, "5:5", []),
        (float, "1,.5", [1.0, 0.5]),
        (timedelta, "1h,30m", [timedelta(hours=1), timedelta(minutes=30)]),
        (Mode, "safe,fast", [Mode.SAFE, Mode.FAST]),
    ],
)
def test_multiple_values_are_separated_by_commas(
    kind: type, text: str, values: list[object]
) -> None:
    options = parser_with(type=kind, multiple=True)

    parse(options, f"--x={text}")

    assert options.x == values


@pytest.mark.parametrize("text", ["1,,2", "1,", "a", "1:", ":1", ":", "1:2:3", "a:b", "3:1"])
def test_wrong_integers_and_ranges_are_refused(text: str) -> None:
    options = parser_with(type=int, multiple=True)

    with pytest.raises(InvalidValueError, match="option 'x': expected") as caught:
        parse(options, f"--x={text}")

    assert caught.value.value == text
    assert options.x == []


def test_the_numbers_that_ranges_list_are_limited() -> None:
    options = parser_with(type=int, multiple=True)

    parse(options, f"--x=0:{DEFAULT_MAX_RANGE}")
    assert len(options.x) == DEFAULT_MAX_RANGE

    for text in (
        f"0:{DEFAULT_MAX_RANGE + 1}",
        f"7,0:{DEFAULT_MAX_RANGE}",
        "0:99999999999999999999",
    ):
        with pytest.raises(InvalidValueError, match="no more than 1000000 numbers"):
            parse(options, f"--x={text}")


@pytest.mark.parametrize(
    ("default", "value"),
    [
        (None, []),
        ([], []),
        (["a"], ["a"]),
        (("a", "b"), ["a", "b"]),
        ("127.0.0.1:11011", ["127.0.0.1:11011"]),
        ("a,b", ["a", "b"]),
    ],
)
def test_the_value_of_a_multiple_option_is_always_a_list(default: object, value: list[str]) -> None:
    options = parser_with(default=default, multiple=True)

    assert options.x == value
    options.x = None
    assert options.x == []


@pytest.mark.parametrize(
    ("default", "value"),
    [(7, [7]), (range(3), [0, 1, 2]), ([1, 2], [1, 2]), ("1:3", [1, 2])],
)
def test_defaults_of_multiple_integers(default: object, value: list[int]) -> None:
    options = parser_with(default=default, type=int, multiple=True)

    assert options.x == value


def test_the_default_list_is_not_shared() -> None:
    default = ["a"]
    options = parser_with(default=default, multiple=True)

    options.x.append("b")

    assert default == ["a"]


@pytest.mark.parametrize(
    ("default", "kind", "value"),
    [
        ("8000", int, 8000),
        ("1h", timedelta, timedelta(hours=1)),
        ("/tmp", Path, Path("/tmp")),
        ("safe", Mode, Mode.SAFE),
        (Mode.SAFE, Mode, Mode.SAFE),
        (Level.LOW, Level, Level.LOW),
        ("low", Level, Level.LOW),
        ("as it is", port_number, "as it is"),
        (5, float, 5.0),
        (1, bool, True),
        (None, int, None),
    ],
)
def test_a_default_is_brought_to_the_type(
    default: object, kind: Callable[[str], object], value: object
) -> None:
    options = parser_with(default=default, type=kind)

    assert options.x == value
    assert type(options.x) is type(value)


@pytest.mark.parametrize(
    ("default", "kind"), [("x", int), (5, str), (1.5, int), (True, int), (2, bool)]
)
def test_a_default_that_is_not_of_the_type_is_refused(default: object, kind: type) -> None:
    with pytest.raises(InvalidValueError, match="option 'x': expected"):
        parser_with(default=default, type=kind)


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (int, 9000, 9000),
        (float, 2, 2.0),
        (bool, 0, False),
        (str, "a", "a"),
        (str, None, None),
        (Path, Path("/a"), Path("/a")),
        (port_number, "anything", "anything"),
    ],
)
def test_a_value_of_the_type_can_be_assigned(
    kind: Callable[[str], object], value: object, stored: object
) -> None:
    options = parser_with(type=kind)

    options.x = value
    assert options.x == stored
    assert type(options.x) is type(stored)

    options["x"] = value
    assert options["x"] == stored


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "9000"),
        (int, 1.5),
        (int, True),
        (float, "1"),
        (float, True),
        (float, 10**400),
        (bool, "true"),
        (bool, 2),
        (str, b"a"),
        (datetime, 0),
        (timedelta, 30),
        (Path, "/a"),
    ],
)
def test_a_value_of_another_type_cannot_be_assigned(kind: type, value: object) -> None:
    options = parser_with(type=kind)

    with pytest.raises(InvalidValueError, match="option 'x': expected"):
        options.x = value

    assert options.x is None


def test_lists_are_assigned_to_multiple_options() -> None:
    options = parser_with(type=float, multiple=True)

    options.x = (1, 2.5)

    assert options.x == [1.0, 2.5]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.5, "expected a list of float"),
        ("1.5", "expected a list of float"),
        ([1.5, "a"], "expected float in the list"),
    ],
)
def test_what_is_no_list_of_the_type_cannot_be_assigned(value: object, reason: str) -> None:
    options = parser_with(type=float, multiple=True)

    with pytest.raises(InvalidValueError, match=reason):
        options.x = value


@given(st.lists(st.integers()))
def test_integers_survive_the_way_through_text(values: list[int]) -> None:
    options = parser_with(type=int, multiple=True)

    parse(options, "--x=" + ",".join(map(str, values)))

    assert options.x == values


@given(st.floats())
def test_floats_survive_the_way_through_text(value: float) -> None:
    options = parser_with(type=float)

    parse(options, f"--x={value!r}")

    assert options.x == value or math.isnan(value)


@given(st.integers(-100, 100), st.integers(0, 100))
def test_a_range_is_what_python_means_by_it(first: int, length: int) -> None:
    options = parser_with(type=int, multiple=True)

    parse(options, f"--x={first}:{first + length}")

    assert options.x == list(range(first, first + length))
