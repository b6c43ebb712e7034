"""Logging as the options say."""

import logging
import sys
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler, TimedRotatingFileHandler
from pathlib import Path

import pytest

from ostro.options import (
    InvalidValueError,
    LogFormatter,
    OptionParser,
    RedefinedOptionError,
    define_logging_options,
    enable_pretty_logging,
)

from .support import parse


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    define_logging_options(options)
    return options


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        handler.close()


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Stand in for the root logger, so that the one of the test run stays as it is."""
    logger = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "root", logger)
    yield logger
    for handler in logger.handlers:
        handler.close()


def set_up(options: OptionParser, logger: logging.Logger, *arguments: str) -> None:
    options.parse_command_line(["prog", *arguments], final=False)
    enable_pretty_logging(options, logger)


def test_logging_goes_to_stderr_by_default(
    options: OptionParser, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    enable_pretty_logging(options, logger)

    logger.info("shown")
    logger.debug("not shown")

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("[I ")
    assert lines[0].endswith(" shown")


def test_parsing_turns_logging_on(options: OptionParser, root: logging.Logger) -> None:
    parse(options, "--logging=debug", "--log_to_stderr")

    assert root.level == logging.DEBUG
    assert isinstance(root.handlers[-1].formatter, LogFormatter)


@pytest.mark.parametrize(
    ("name", "level"),
    [("debug", 10), ("info", 20), ("WARNING", 30), ("error", 40), ("critical", 50)],
)
def test_the_level_is_set(
    options: OptionParser, logger: logging.Logger, name: str, level: int
) -> None:
    set_up(options, logger, f"--logging={name}")

    assert logger.level == level


@pytest.mark.parametrize("value", ["none", "None", None])
def test_none_leaves_logging_alone(
    options: OptionParser, logger: logging.Logger, value: str | None
) -> None:
    options.logging = value

    enable_pretty_logging(options, logger)

    assert logger.handlers == []
    assert logger.level == logging.NOTSET


def test_a_second_call_replaces_the_first(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    set_up(options, logger)
    set_up(options, logger, f"--log_file_prefix={tmp_path}/log", "--logging=error")
    (handler,) = logger.handlers

    set_up(options, logger, "--log_file_prefix=", "--logging=warning")

    assert [type(handler) for handler in logger.handlers] == [logging.StreamHandler]
    assert logger.level == logging.WARNING
    assert isinstance(handler, RotatingFileHandler)
    assert handler.stream is None


def test_none_undoes_an_earlier_call(options: OptionParser, logger: logging.Logger) -> None:
    set_up(options, logger)
    set_up(options, logger, "--logging=none")

    assert logger.handlers == []
    assert logger.level == logging.NOTSET


def test_a_level_set_by_others_in_between_is_kept(
    options: OptionParser, logger: logging.Logger
) -> None:
    set_up(options, logger)
    logger.setLevel(logging.CRITICAL)

    set_up(options, logger, "--logging=none")

    assert logger.level == logging.CRITICAL


def test_stderr_is_not_added_to_other_handlers_unless_asked_for(
    options: OptionParser, logger: logging.Logger
) -> None:
    other = logging.NullHandler()
    logger.addHandler(other)

    set_up(options, logger)
    assert logger.handlers == [other]

    set_up(options, logger, "--log_to_stderr")
    assert len(logger.handlers) == 2

    set_up(options, logger, "--log_to_stderr=false")
    assert logger.handlers == [other]


def test_stderr_can_be_turned_off(options: OptionParser, logger: logging.Logger) -> None:
    set_up(options, logger, "--log_to_stderr=no")

    assert logger.handlers == []
    assert logger.level == logging.INFO


def test_a_log_file_is_utf8_and_takes_the_place_of_stderr(
    options: OptionParser,
    logger: logging.Logger,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up(options, logger, f"--log_file_prefix={tmp_path}/log")

    logger.info("é\ud800")

    assert (tmp_path / "log").read_text("utf-8").endswith("] é\\ud800\n")
    assert capsys.readouterr().err == ""


def test_a_log_file_and_stderr_go_together(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    set_up(options, logger, f"--log_file_prefix={tmp_path}/log", "--log_to_stderr")

    assert [type(handler) for handler in logger.handlers] == [
        RotatingFileHandler,
        logging.StreamHandler,
    ]


def test_log_files_rotate_by_size(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    set_up(
        options,
        logger,
        f"--log_file_prefix={tmp_path}/log",
        "--log_file_max_size=200",
        "--log_file_num_backups=2",
    )

    for number in range(20):
        logger.info("message %d %s", number, "x" * 60)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())


def test_log_files_rotate_by_time(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    set_up(
        options,
        logger,
        f"--log_file_prefix={tmp_path}/log",
        "--log_rotate_mode=time",
        "--log_rotate_when=h",
        "--log_rotate_interval=2",
        "--log_file_num_backups=3",
    )

    (handler,) = logger.handlers

    assert isinstance(handler, TimedRotatingFileHandler)
    assert (handler.when, handler.interval, handler.backupCount) == ("H", 7200, 3)


@pytest.mark.parametrize("when", ["S", "m", "D", "W0", "w6", "midnight"])
def test_each_unit_of_rotation_is_taken(
    options: OptionParser, logger: logging.Logger, tmp_path: Path, when: str
) -> None:
    arguments = [f"--log_file_prefix={tmp_path}/log", f"--log_rotate_when={when}"]

    set_up(options, logger, "--log_rotate_mode=time", *arguments)

    assert isinstance(logger.handlers[0], TimedRotatingFileHandler)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--logging=loud", "'logging': expected one of debug, info, .*, none, got 'loud'"),
        ("--logging=", "'logging': expected one of"),
        ("--log_rotate_mode=moon", "'log_rotate_mode': expected one of size, time, got 'moon'"),
        ("--log_file_max_size=-1", "'log_file_max_size': expected 0 or more, got -1"),
        ("--log_file_num_backups=-1", "'log_file_num_backups': expected 0 or more, got -1"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    options: OptionParser, logger: logging.Logger, tmp_path: Path, argument: str, reason: str
) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        set_up(options, logger, f"--log_file_prefix={tmp_path}/log", argument)

    assert logger.handlers == []


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--log_rotate_when=W7", "'log_rotate_when': expected one of S, M, H, D, W0"),
        ("--log_rotate_interval=0", "'log_rotate_interval': expected 1 or more, got 0"),
    ],
)
def test_a_rotation_by_time_that_makes_no_sense_is_named(
    options: OptionParser, logger: logging.Logger, tmp_path: Path, argument: str, reason: str
) -> None:
    arguments = [f"--log_file_prefix={tmp_path}/log", "--log_rotate_mode=time", argument]

    with pytest.raises(InvalidValueError, match=reason):
        set_up(options, logger, *arguments)


@pytest.mark.parametrize("name", ["log_rotate_mode", "log_file_num_backups"])
def test_an_option_without_a_value_is_named(
    options: OptionParser, logger: logging.Logger, tmp_path: Path, name: str
) -> None:
    options[name] = None

    with pytest.raises(InvalidValueError, match=f"'{name}'.*got None"):
        set_up(options, logger, f"--log_file_prefix={tmp_path}/log")


def test_a_log_file_that_cannot_be_opened_leaves_everything_as_it_was(
    options: OptionParser, logger: logging.Logger, tmp_path: Path
) -> None:
    set_up(options, logger)
    before = list(logger.handlers)

    with pytest.raises(InvalidValueError, match="'log_file_prefix': cannot open the log file"):
        set_up(options, logger, f"--log_file_prefix={tmp_path}/nosuch/log")

    assert logger.handlers == before


def test_logging_options_form_a_group(options: OptionParser) -> None:
    assert options.group_dict("logging") == {
        "logging": "info",
        "log_to_stderr": None,
        "log_file_prefix": None,
        "log_file_max_size": 100_000_000,
        "log_file_num_backups": 10,
        "log_rotate_mode": "size",
        "log_rotate_when": "midnight",
        "log_rotate_interval": 1,
    }


def test_logging_options_are_defined_once(options: OptionParser) -> None:
    with pytest.raises(RedefinedOptionError, match=r"_logging_options\.py"):
        define_logging_options(options)


def test_stderr_is_the_present_one(
    options: OptionParser, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    enable_pretty_logging(options, logger)

    (handler,) = logger.handlers

    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
