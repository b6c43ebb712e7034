"""Definitions, and the options as a mapping and as an object."""

import pickle
from pathlib import Path

import pytest

from ostro.options import (
    ConfigFileError,
    DefinitionError,
    Error,
    InvalidValueError,
    MissingValueError,
    OptionParser,
    RedefinedOptionError,
    UnknownOptionError,
)

from .support import parse, parser_with

HERE = str(Path(__file__))


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    options.define("port", default=80, group="server")
    options.define("mysql-host", default="a")
    options.define("debug", default=False, group="server")
    return options


def test_options_are_attributes_and_items(options: OptionParser) -> None:
    assert options.port == options["port"] == 80
    assert options.mysql_host == options["mysql_host"] == options["mysql-host"] == "a"


def test_options_are_assigned_as_attributes_and_items(options: OptionParser) -> None:
    options.port = 81
    options["mysql_host"] = "b"

    assert options.as_dict() == {"port": 81, "mysql-host": "b", "debug": False}


def test_options_behave_as_a_mapping(options: OptionParser) -> None:
    assert len(options) == 3
    assert list(options) == ["port", "mysql-host", "debug"]
    assert options.items() == [("port", 80), ("mysql-host", "a"), ("debug", False)]
    assert "mysql_host" in options
    assert "mysql-host" in options
    assert "prot" not in options
    assert 1 not in options


def test_groups_collect_options(options: OptionParser) -> None:
    assert options.groups() == {"server", HERE}
    assert options.group_dict("server") == {"port": 80, "debug": False}
    assert options.group_dict(HERE) == {"mysql-host": "a"}
    assert options.group_dict("none") == {}


def test_an_unknown_option_is_an_attribute_error_and_a_key_error(options: OptionParser) -> None:
    with pytest.raises(UnknownOptionError, match=r"'prot': did you mean 'port'\?"):
        _ = options.prot
    with pytest.raises(AttributeError):
        options.prot = 1
    with pytest.raises(KeyError):
        _ = options["prot"]
    with pytest.raises(Error):
        options["prot"] = 1
    assert getattr(options, "prot", None) is None
    assert not hasattr(options, "prot")


def test_names_with_a_leading_underscore_are_plain_attributes(options: OptionParser) -> None:
    with pytest.raises(AttributeError, match="'OptionParser' object has no attribute '_x'"):
        _ = options._x


def test_parsers_are_independent(options: OptionParser) -> None:
    other = OptionParser()
    other.define("port", default=1)

    parse(other, "--port=2")

    assert (options.port, other.port) == (80, 2)


def test_an_empty_parser_has_nothing() -> None:
    options = OptionParser()

    assert len(options) == 0
    assert options.groups() == set()
    with pytest.raises(UnknownOptionError, match=r"^unknown option 'port'$"):
        parse(options, "--port=1")


def test_an_option_named_like_a_method_is_an_item() -> None:
    options = parser_with("items", default=1)

    parse(options, "--items=2")

    assert options["items"] == 2
    assert options.items() == [("items", 2)]


@pytest.mark.parametrize("name", ["port", "mysql_host"])
def test_redefinition_names_both_places(options: OptionParser, name: str) -> None:
    with pytest.raises(RedefinedOptionError) as caught:
        options.define(name)

    error = caught.value
    assert error.first.startswith(f"{HERE}:")
    assert error.second.startswith(f"{HERE}:")
    assert error.first != error.second
    assert str(error) == (
        f"cannot define option {name!r}: defined at {error.first}, and again at {error.second}"
    )
    assert isinstance(error, DefinitionError)


def test_a_definition_that_is_refused_defines_nothing() -> None:
    options = OptionParser()

    with pytest.raises(InvalidValueError):
        options.define("port", default="x", type=int)

    assert "port" not in options


@pytest.mark.parametrize("name", ["help", "", "-x", "_x", "a b", "a=b", "a\n", "a\tb"])
def test_names_that_no_option_can_have_are_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match="cannot define option"):
        OptionParser().define(name)


def test_callbacks_get_each_new_value() -> None:
    seen: list[object] = []
    options = parser_with(default=1, callback=seen.append)

    parse(options, "--x=2")
    options.x = 3
    with pytest.raises(InvalidValueError):
        parse(options, "--x=a")

    assert seen == [2, 3]


def test_what_a_callback_raises_is_not_caught() -> None:
    def refuse(value: int) -> None:
        raise LookupError(value)

    options = parser_with(default=1, callback=refuse)

    with pytest.raises(LookupError):
        parse(options, "--x=2")


@pytest.mark.parametrize(
    "error",
    [
        Error("why"),
        Error(),
        DefinitionError("a", "why"),
        RedefinedOptionError("a", "x:1", "y:2"),
        UnknownOptionError("a", "b"),
        UnknownOptionError("a"),
        MissingValueError("a", "INT"),
        InvalidValueError("a", 1, "why"),
        InvalidValueError("a", 10**5000, "why"),
        ConfigFileError("a", 1, "why"),
        ConfigFileError("a", None, "why"),
    ],
    ids=str,
)
def test_errors_say_something_and_survive_pickling(error: Error) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert str(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
