"""LogFormatter."""

import io
import logging
import os
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.options import LogFormatter
from ostro.options._formatter import shows_colors


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no text")


def record_of(
    message: object, *args: object, level: int = logging.INFO, **fields: object
) -> logging.LogRecord:
    record = logging.LogRecord("ostro", level, "/app/views.py", 7, message, args, None)
    record.created = time.mktime((2024, 5, 31, 23, 59, 58, 0, 0, -1))
    record.__dict__.update(fields)
    return record


def line_of(message: object, *args: object) -> str:
    return LogFormatter(color=False).format(record_of(message, *args))


PREFIX = "[I 240531 23:59:58 views:7] "


def test_a_record_shows_level_time_place_and_message() -> None:
    assert line_of("hello %s", "you") == f"{PREFIX}hello you"


@pytest.mark.parametrize(
    ("level", "letter"), [(logging.DEBUG, "D"), (logging.WARNING, "W"), (logging.ERROR, "E")]
)
def test_the_level_is_a_letter(level: int, letter: str) -> None:
    assert LogFormatter(color=False).format(record_of("x", level=level)).startswith(f"[{letter} ")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (b"h\xc3\xa9llo", "héllo"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\ud800", "\\ud800"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\rb\x85c\u2028d\u2029e\x0bf\x0cg\x00", "a\\rb\\x85c\\u2028d\\u2029e\\x0bf\\x0cg\\x00"),
        ("\u202egro.live", "\\u202egro.live"),
        ("tab\there", "tab\there"),
        ("日本", "日本"),
        (7, "7"),
    ],
)
def test_a_message_is_shown_so_that_it_does_no_harm(message: object, shown: str) -> None:
    assert line_of(message) == PREFIX + shown


def test_the_lines_of_a_message_are_indented() -> None:
    forged = "x\n[I 240531 23:59:58 views:7] paid\r\n\ndone\n"

    assert line_of(forged) == f"{PREFIX}x\n    {PREFIX}paid\n    \n    done"


@given(st.text())
def test_no_message_starts_a_second_line(message: str) -> None:
    first, *rest = line_of("%s", message).splitlines()

    assert first.startswith(PREFIX.strip())
    assert all(line.startswith("    ") for line in rest)


def test_bytes_take_arguments() -> None:
    assert line_of(b"%s of %d", "one", 2) == f"{PREFIX}one of 2"


@pytest.mark.parametrize(
    ("message", "args", "shown"),
    [
        (
            "%d",
            ("x",),
            "Bad message (TypeError: %d format: a real number is required, not str): '%d'",
        ),
        (
            b"%d %d",
            (1,),
            "Bad message (TypeError: not enough arguments for format string): b'%d %d'",
        ),
        (Unprintable(), (), "Bad message (LookupError: no text): Unprintable"),
        ("%s", (Unprintable(),), "Bad message (LookupError: no text): '%s'"),
    ],
)
def test_a_message_that_cannot_be_formatted_is_logged_as_such(
    message: object, args: tuple[object, ...], shown: str
) -> None:
    assert line_of(message, *args) == PREFIX + shown


def test_a_traceback_is_indented_and_harmless() -> None:
    try:
        raise LookupError("a\n[I 1] b\x1b[0m")
    except LookupError:
        record = record_of("failed", exc_info=sys.exc_info())

    lines = LogFormatter(color=False).format(record).split("\n")

    assert lines[0] == f"{PREFIX}failed"
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-2:] == ["    LookupError: a", "    [I 1] b\\x1b[0m"]


def test_a_traceback_is_formatted_once_for_all_handlers() -> None:
    record = record_of("failed", exc_info=(LookupError, LookupError("x"), None), exc_text="kept")

    assert LogFormatter(color=False).format(record) == f"{PREFIX}failed\n    kept"


def test_a_stack_is_indented() -> None:
    record = record_of("here", stack_info="Stack:\n  File x")

    assert LogFormatter(color=False).format(record) == f"{PREFIX}here\n    Stack:\n      File x"


def test_the_format_can_be_chosen() -> None:
    formatter = LogFormatter(
        fmt="{levelname} {asctime} {message}", datefmt="%Y", style="{", color=False
    )

    assert formatter.format(record_of("x")) == "INFO 2024 x"


def make_stderr_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_gets_the_prefix_in_the_colour_of_the_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_stderr_a_terminal(monkeypatch)
    formatter = LogFormatter()

    assert formatter.format(record_of("x", level=logging.ERROR)) == (
        "\x1b[31m[E 240531 23:59:58 views:7]\x1b[0m x"
    )
    assert formatter.format(record_of("x", level=17)).startswith("[L 240531")


def test_colours_can_be_chosen_and_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    make_stderr_a_terminal(monkeypatch)

    assert LogFormatter(colors={logging.INFO: 6}).format(record_of("x")).startswith("\x1b[36m[I")
    assert LogFormatter(color=False).format(record_of("x")) == f"{PREFIX}x"


@pytest.mark.parametrize(
    ("stream", "environ", "platform", "shown"),
    [
        (Terminal(), {"TERM": "xterm"}, "linux", True),
        (Terminal(), {"TERM": "dumb"}, "linux", False),
        (Terminal(), {}, "linux", False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, "linux", False),
        (io.StringIO(), {"TERM": "xterm"}, "linux", False),
        (None, {"TERM": "xterm"}, "linux", False),
        (Terminal(), {"WT_SESSION": "x"}, "win32", True),
        (Terminal(), {}, "win32", False),
    ],
)
def test_colours_are_for_terminals_that_show_them(
    stream: io.StringIO | None, environ: dict[str, str], platform: str, shown: bool
) -> None:
    assert shows_colors(stream, environ, platform) is shown


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this platform has no pseudo-terminals")
def test_a_real_terminal_is_recognised() -> None:
    controller, terminal = os.openpty()

    with os.fdopen(controller, "rb"), os.fdopen(terminal, "w") as stream:
        assert shows_colors(stream, {"TERM": "xterm"}, "linux")
