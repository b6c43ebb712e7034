"""The command line: run a script or a module, and run it again after each change.

The script runs in this process, as Python itself would have run it, so that the modules it has
imported are known when it ends, and the loop that it runs can restart it before that.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import runpy
import signal
import sys
import zipfile
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from . import _family
from ._life import this_life
from ._modules import places_of
from ._restart import restart
from ._watcher import wait, watch, watch_modules

__all__ = ["end_with_program", "main"]

USAGE = "usage: python -m ostro.autoreload [--until-success] [-m module | script] [args...]"

HELP = """
Run a script or a module, and run it again whenever one of its files changes, however it ended.
A program that runs until it is stopped restarts by itself, with ostro.autoreload.start() or the
setting debug=True of an application.

  -m module        run a module, as python -m does
  --until-success  end as soon as it exits with status 0
  -h, --help       show this help
"""


# Whether the program was told to end, and not only to go on to its next change.
_is_ending = False


def end_with_program() -> None:
    """Have `main` end when the program does, with its status, and not wait for a change.

    For programs that take SIGINT and SIGTERM themselves, as `ostro.web.Application.run` does: who
    presses Ctrl-C, or stops the process, wants all of it to end. Without `main` it does nothing.
    """
    global _is_ending  # a fact about the process
    _is_ending = True


class Target(Protocol):
    """What is to be run."""

    @property
    def name(self) -> str:
        """As it was named."""

    def run(self) -> None:
        """Run it as `__main__`."""

    def files(self) -> list[str]:
        """Return the files it is, where they can be found."""


@dataclass(frozen=True, slots=True)
class Script:
    """A file, or a folder or zip file with a `__main__.py`."""

    name: str

    def run(self) -> None:
        """Run it as `__main__`, with its folder first on the path for imports."""
        path = os.path.abspath(self.name)
        self._leave_path()
        if os.path.isdir(path) or zipfile.is_zipfile(path):
            runpy.run_path(self.name, run_name="__main__")
            return
        if not sys.flags.safe_path:
            sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        module = ModuleType("__main__")
        module.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
        sys.modules["__main__"] = module  # for pickle, and for whoever looks for its file
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - the script that was asked for

    def files(self) -> list[str]:
        """Return its file, or what a folder is run by."""
        return [self.name, os.path.join(self.name, "__main__.py")]

    @staticmethod
    def _leave_path() -> None:
        """Remove what `python -m` has put on the path for us."""
        if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
            del sys.path[0]


@dataclass(frozen=True, slots=True)
class Module:
    """A module, or a package with a `__main__`."""

    name: str

    def run(self) -> None:
        """Run it as `__main__`."""
        runpy.run_module(self.name, run_name="__main__", alter_sys=True)

    def files(self) -> list[str]:
        """Return its file, if it can be found."""
        with contextlib.suppress(Exception):  # of the packages that it lies in
            spec = importlib.util.find_spec(self.name)
            if spec and spec.submodule_search_locations:
                spec = importlib.util.find_spec(f"{self.name}.__main__")
            if spec and spec.origin:
                return [spec.origin]
        return list(places_of(ModuleNotFoundError(name=self.name)))


class UsageError(Exception):
    """The command line makes no sense; its text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command line, understood."""

    target: Target
    arguments: list[str]
    until_success: bool


def parse(arguments: list[str]) -> Order:
    """Understand a command line. Raises UsageError, and SystemExit after `--help`."""
    until_success = False
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            print(USAGE + "\n" + HELP.rstrip())
            raise SystemExit(0)
        if word == "--until-success":
            until_success = True
        elif word == "-m":
            if not rest:
                raise UsageError("-m needs the name of a module")
            return Order(Module(rest.pop(0)), rest, until_success)
        elif word.startswith("-m") and not word.startswith("--"):
            return Order(Module(word[2:]), rest, until_success)
        elif word.startswith("-"):
            raise UsageError(f"unknown option {word}")
        else:
            return Order(Script(word), rest, until_success)
    raise UsageError("there is nothing to run")


def main() -> None:
    """Command-line wrapper to re-run a script whenever its source changes.

    Scripts may be specified by file name or module name:

        python -m ostro.autoreload -m package.runtests --verbose
        python -m ostro.autoreload package/runtests.py --verbose

    It is like calling `wait` at the end of the script, and it also catches what would keep the
    script from getting there: syntax errors, exceptions, `sys.exit`. With `--until-success` it ends
    once the script exits with status 0, and after `end_with_program` in any case. Ends with status
    2 when the command line makes no sense or names a script that does not exist.
    """
    try:
        order = parse(sys.argv[1:])
        if isinstance(order.target, Script) and not this_life().restarted:
            _check_exists(order.target.name)
    except UsageError as error:
        print(f"{USAGE}\nostro.autoreload: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    _family.found()
    name = order.target.name
    sys.argv = [name, *order.arguments]
    for file in order.target.files():
        watch(file)
    handlers = _signal_handlers()
    status = _run(order.target)
    if status == 0 and order.until_success:
        raise SystemExit(0)
    if _family.was_asked():
        restart(())
    if _is_ending:
        raise SystemExit(status)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    watch_modules()  # whoever reads that this waits may change them at once
    _say(f"{name} ended with status {status}; waiting for a change")
    wait()


def _check_exists(path: str) -> None:
    if not os.path.exists(path):
        raise UsageError(f"there is no {path}")


def _run(target: Target) -> int:
    """Run it to its end, and return its exit status. The children of a fork end in here."""
    process = os.getpid()
    try:
        target.run()
    except SystemExit as error:
        if os.getpid() != process:
            raise
        _watch_places(error)
        return _status_of(error)
    except Exception as error:
        if os.getpid() != process:
            raise
        _watch_places(error)
        _report(error)
        return 1
    if os.getpid() != process:
        raise SystemExit(0)
    return 0


def _watch_places(error: BaseException) -> None:
    """Watch where an exception came from: a module that raises is not among the imported ones."""
    for path in places_of(error):
        watch(path)


def _status_of(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1


def _report(error: Exception) -> None:
    """Show an exception as Python does, without our part in it."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    print(f"ostro.autoreload: {text}", file=sys.stderr, flush=True)


def _signal_handlers() -> dict[signal.Signals, signal.Handlers]:
    """Return what is to become of signals while we wait, whatever the script will have done.

    Ctrl-C and SIGTERM end the waiting, unless whoever started us has them ignored (nohup).
    """
    return {
        number: signal.SIG_IGN if signal.getsignal(number) is signal.SIG_IGN else signal.SIG_DFL
        for number in (signal.SIGINT, signal.SIGTERM)
    }
