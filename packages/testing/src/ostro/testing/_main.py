"""The test runner: unittest's, with this framework's options and logs.

This file divides a command line between the two, and decides what is run where nothing is named.
"""

from __future__ import annotations

import signal
import sys
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ostro import autoreload
from ostro.options import Error, define, options

__all__ = ["main"]

_WITH_VALUES = frozenset({"-k", "--durations"})
"""Options of unittest that the next word belongs to."""

_OWN_NAME = "ostro.testing.__main__"


def main(**kwargs: Any) -> None:  # Any: those of unittest.main
    """Run tests, as `unittest.main` does, with options of `ostro.options` and its logs.

    The easiest way to run a test is via the command line:

        python -m ostro.testing mypackage.tests.test_something

    See the standard library's unittest for the ways in which tests can be named, and for its own
    options. Options that `ostro.options` knows are taken as such, in the form `--name=value`. Where
    nothing is named, tests are discovered as `python -m unittest` does.

    Projects with many tests may define a test script. It should define a function `all`, which
    returns a test suite, and then call this. Even then, single tests may be named on the command
    line. A script without `all` runs the tests that it holds itself.

    Its own options: `--exception_on_interrupt=false` lets Ctrl-C kill the process more reliably, at
    the expense of the stack trace. `--autoreload` waits for a change after the tests, and then runs
    them again; `python -m ostro.autoreload -m ostro.testing ...` also survives a syntax error.

    Args:
        **kwargs: What `unittest.main` takes, but for `argv`.

    Ends with SystemExit, unless `exit=False` is given, and with status 2 for an option with a wrong
    value.
    """
    _define_options()
    if _is_run_as_module():
        sys.argv[0] = f"{Path(sys.executable).name} -m ostro.testing"  # as `-m unittest` does
    own, others = _divide(sys.argv[1:])
    try:
        options.parse_command_line([sys.argv[0], *own])
    except Error as error:
        print(f"{sys.argv[0]}: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if not options.exception_on_interrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if "-h" in others or "--help" in others:
        options.print_help()
    else:
        kwargs = {**_what_to_run(others), **kwargs}
    try:
        unittest.main(argv=[sys.argv[0], *others], **kwargs)
    finally:
        if options.autoreload:
            autoreload.wait()


def _define_options() -> None:
    if "exception_on_interrupt" in options:
        return
    define(
        "exception_on_interrupt",
        default=True,
        help="Raise KeyboardInterrupt for Ctrl-C, which shows a stack trace. If false, the process "
        "is killed more reliably.",
        group="tests",
    )
    define(
        "autoreload",
        default=False,
        help="After the tests, wait until a file changes, and run them again.",
        group="tests",
    )


def _divide(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words that are our options, and the others, which are unittest's."""
    own: list[str] = []
    others: list[str] = []
    for word in words:
        name = word[2:].partition("=")[0]
        known = word.startswith("--") and name not in ("", "help") and name in options
        (own if known else others).append(word)
    return own, others


def _what_to_run(words: Sequence[str]) -> dict[str, Any]:  # Any: as in `main`
    """Return the arguments for unittest.main that say where it looks for tests."""
    if _names_tests(words) or _is_run_as_module():
        return {"module": None}
    script = sys.modules["__main__"]
    if hasattr(script, "all"):
        return {"module": script, "defaultTest": "all"}
    return {"module": script}


def _is_run_as_module() -> bool:
    """Tell whether this is `python -m ostro.testing`, and not a script that calls `main`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec is not None and spec.name == _OWN_NAME


def _names_tests(words: Sequence[str]) -> bool:
    belongs_to_option = False
    for word in words:
        if not belongs_to_option and not word.startswith("-"):
            return True
        belongs_to_option = word in _WITH_VALUES
    return False
