"""The grammar of command lines, and what the options make of it."""

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.options import (
    Error,
    InvalidValueError,
    MissingValueError,
    OptionParser,
    UnknownOptionError,
)

from .support import parse, parser_with


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    options.define("port", default=8888)
    options.define("mysql_host", default="127.0.0.1:3306")
    options.define("hosts", multiple=True)
    options.define("verbose", default=False)
    return options


def test_the_name_of_the_program_is_ignored(options: OptionParser) -> None:
    assert options.parse_command_line(["--port=1"]) == []
    assert options.port == 8888


def test_no_arguments_at_all_change_nothing(options: OptionParser) -> None:
    assert options.parse_command_line([]) == []
    assert options.parse_command_line(()) == []


def test_sys_argv_is_the_default(options: OptionParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["prog", "--port=1", "rest"])

    assert options.parse_command_line() == ["rest"]
    assert options.port == 1


@pytest.mark.parametrize(
    "argument", ["--mysql_host=a", "--mysql-host=a", "-mysql_host=a", "-mysql-host=a"]
)
def test_dashes_and_underscores_are_alike(options: OptionParser, argument: str) -> None:
    assert parse(options, argument) == []

    assert options.mysql_host == "a"


@pytest.mark.parametrize(
    ("arguments", "remaining"),
    [
        (["--port=1", "a", "b"], ["a", "b"]),
        (["--port=1", "a", "--port=2"], ["a", "--port=2"]),
        (["--port=1", "--", "--port=2"], ["--port=2"]),
        (["--port=1", "--"], []),
        (["--port=1", "-"], ["-"]),
        (["--port=1", "-5"], ["-5"]),
        (["--port=1", "-.5", "x"], ["-.5", "x"]),
        (["--port=1", ""], [""]),
        (["--port=1", "a", "--"], ["a", "--"]),
    ],
)
def test_what_follows_the_options_is_returned(
    options: OptionParser, arguments: list[str], remaining: list[str]
) -> None:
    assert parse(options, *arguments) == remaining
    assert options.port == 1


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--mysql_host=a=b", "a=b"),
        ("--mysql_host==", "="),
        ("--mysql_host=", ""),
        ("--mysql_host=--port=1", "--port=1"),
        ("--mysql_host=a b", "a b"),
        ("--mysql_host=é", "é"),
        ("--mysql_host=a,b", "a,b"),
    ],
)
def test_a_value_is_all_that_follows_the_first_equals_sign(
    options: OptionParser, argument: str, value: str
) -> None:
    parse(options, argument)

    assert options.mysql_host == value


def test_a_value_may_be_negative(options: OptionParser) -> None:
    parse(options, "--port=-5")

    assert options.port == -5


def test_the_bare_name_of_a_flag_means_true(options: OptionParser) -> None:
    parse(options, "--verbose")

    assert options.verbose is True


def test_a_flag_can_be_turned_off(options: OptionParser) -> None:
    parse(options, "--verbose", "--verbose=no")

    assert options.verbose is False


def test_an_option_given_twice_has_the_later_value(options: OptionParser) -> None:
    parse(options, "--hosts=a,b", "--hosts=c")

    assert options.hosts == ["c"]


@pytest.mark.parametrize("name", ["port", "hosts", "mysql-host"])
def test_an_option_that_is_no_flag_needs_a_value(options: OptionParser, name: str) -> None:
    with pytest.raises(MissingValueError, match="needs a value: --") as caught:
        parse(options, f"--{name}")

    assert caught.value.option == name.replace("-", "_")


def test_flags_that_may_repeat_need_a_value() -> None:
    options = parser_with(type=bool, multiple=True)

    with pytest.raises(MissingValueError, match="--x=BOOL,"):
        parse(options, "--x")
    parse(options, "--x=true,0")
    assert options.x == [True, False]


@pytest.mark.parametrize("argument", ["--prot=1", "-prot=1", "--prot"])
def test_an_unknown_option_is_named_with_one_that_is_meant(
    options: OptionParser, argument: str
) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        parse(options, argument)

    assert str(caught.value) == "unknown option 'prot': did you mean 'port'?"
    assert (caught.value.option, caught.value.suggestion) == ("prot", "port")


@pytest.mark.parametrize("argument", ["--zzz=1", "--=1", "---port=1"])
def test_an_unknown_option_unlike_all_others_is_named_alone(argument: str) -> None:
    options = parser_with("qqqq")

    with pytest.raises(UnknownOptionError, match=r"^unknown option '.*'$"):
        parse(options, argument)


def test_a_suggestion_is_spelled_as_defined(options: OptionParser) -> None:
    with pytest.raises(UnknownOptionError, match="did you mean 'mysql_host'"):
        parse(options, "--mysqlhost=a")


def test_a_wrong_value_is_named(options: OptionParser) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse(options, "--port=http")

    assert str(caught.value) == ("invalid value for option 'port': expected an integer, got 'http'")
    assert (caught.value.option, caught.value.value) == ("port", "http")


def test_a_long_wrong_value_is_quoted_in_part(options: OptionParser) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse(options, "--port=" + "x" * 10_000)

    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("argument", ["-h", "-help", "--help"])
def test_help_is_printed_to_stdout_and_exits_with_success(
    options: OptionParser, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(options, "--port=1", argument, "--unknown")

    assert caught.value.code == 0
    captured = capsys.readouterr()
    assert "--mysql_host=STRING" in captured.out
    assert captured.err == ""


def test_parse_callbacks_run_once_parsing_is_final(options: OptionParser) -> None:
    ports: list[int] = []
    options.add_parse_callback(lambda: ports.append(options.port))
    options.add_parse_callback(lambda: ports.append(-1))

    parse(options, "--port=1")
    options.parse_command_line(["prog", "--port=2"], final=False)
    options.run_parse_callbacks()

    assert ports == [1, -1, 2, -1]


def test_an_option_can_name_a_config_file_that_later_options_override(
    options: OptionParser, tmp_path: object
) -> None:
    path = f"{tmp_path}/server.conf"
    with open(path, "w", encoding="utf-8") as file:
        file.write("port = 80\nmysql_host = 'from file'\n")
    options.define("config", callback=lambda value: options.parse_config_file(value, final=False))

    parse(options, "--port=1", f"--config={path}", "--mysql_host=later")

    assert (options.port, options.mysql_host) == (80, "later")


def test_a_program_reads_its_options() -> None:
    program = (
        "from ostro.options import define, options, parse_command_line\n"
        "define('port', default=8888, help='to listen on')\n"
        "print(parse_command_line(), options.port)\n"
    )

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run("--port=80", "go").stdout == "['go'] 80\n"
    assert "to listen on (default 8888)" in run("--help").stdout
    assert "UnknownOptionError: unknown option 'prt': did you" in run("--prt=1").stderr


WORDS = st.text(alphabet="-=ab5,:_ ", max_size=8)


@given(st.lists(WORDS, max_size=5))
def test_any_command_line_is_parsed_or_refused_with_an_error(arguments: list[str]) -> None:
    options = OptionParser()
    options.define("a", type=int, multiple=True)
    options.define("b", type=bool)

    with contextlib.suppress(Error):
        remaining = parse(options, *arguments)

        assert arguments[len(arguments) - len(remaining) :] == remaining


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_text_is_a_value_and_any_argument_is_kept(text: str, rest: list[str]) -> None:
    options = parser_with()

    assert parse(options, f"--x={text}", "--", *rest) == rest
    assert options.x == text
