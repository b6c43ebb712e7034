"""The global options, and the package as a whole."""

import ast
import logging
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

import ostro.options
from ostro.options import (
    OptionParser,
    add_parse_callback,
    define,
    define_logging_options,
    enable_pretty_logging,
    options,
    parse_command_line,
    parse_config_file,
    print_help,
)

PACKAGE = Path(ostro.options.__file__).parent

define("default_test_port", default=8888, help="run on the given port")


@pytest.fixture(autouse=True)
def _leave_logging_alone() -> object:
    with mock.patch.object(options.mockable(), "logging", "none"):
        yield


def test_options_are_defined_parsed_and_read_globally(tmp_path: Path) -> None:
    config = tmp_path / "server.conf"
    config.write_text("default_test_port = 80\n", "utf-8")

    parse_config_file(config)
    assert options.default_test_port == 80

    assert parse_command_line(["prog", "--default-test-port=81", "x"]) == ["x"]
    assert options.default_test_port == 81


def test_a_definition_knows_its_place() -> None:
    assert options.group_dict(__file__)["default_test_port"] == options.default_test_port
    with pytest.raises(ostro.options.RedefinedOptionError) as caught:
        define("default_test_port")
    line = _line_of('define("default_test_port", default')
    assert caught.value.first == f"{__file__}:{line}"


def _line_of(start: str) -> int:
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_help_shows_the_global_options(capsys: pytest.CaptureFixture[str]) -> None:
    print_help()

    shown = capsys.readouterr().out
    assert "--default_test_port=INT          run on the given port (default 8888)" in shown
    assert "logging options:" in shown


def test_parse_callbacks_run_for_the_global_options() -> None:
    calls: list[str] = []
    add_parse_callback(lambda: calls.append("done"))

    parse_command_line(["prog"], final=False)
    parse_command_line(["prog"])

    assert calls == ["done"]


def test_pretty_logging_takes_the_global_options_by_default() -> None:
    logger = logging.Logger("test")
    with mock.patch.object(options.mockable(), "logging", "error"):
        enable_pretty_logging(logger=logger)
    assert logger.level == logging.ERROR

    own = OptionParser()
    define_logging_options(own)
    enable_pretty_logging(own, logger)
    assert logger.level == logging.INFO


def test_every_public_name_is_exported_and_documented() -> None:
    for name in ostro.options.__all__:
        assert getattr(ostro.options, name).__doc__, name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module .ostro\.options. has no attribute 'nosuch'"):
        getattr(ostro.options, "nosuch")  # noqa: B009  # mypy knows that it does not exist


def test_only_the_standard_library_is_imported() -> None:
    for source in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module or ""]
            else:
                continue
            assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names


def test_importing_is_cheap_and_brings_no_sibling() -> None:
    program = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1])\n"
        "import ostro.options; print(*sorted(set(sys.modules) - before))"
    )

    # -S: what site-packages imports at start is none of ours.
    command = [sys.executable, "-S", "-c", program, str(PACKAGE.parent.parent)]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    slow = {"argparse", "ast", "curses", "difflib", "logging", "re", "textwrap", "typing"}
    assert not slow & set(imported)
    ours = {name for name in imported if name.startswith("ostro")}
    assert all(name == "ostro" or name.startswith("ostro.options") for name in ours)
