"""OptionParser: a set of options, where their values come from, and how they are read.

It holds the options and dispatches; the grammar of command lines, the running of config files,
the parsing of values and the help text are each in a module of their own.
"""

from __future__ import annotations

import os
import sys

from ._command_line import split_arguments
from ._mockable import Mockable
from ._option import RESERVED, Option, normalize
from .errors import Error, MissingValueError, RedefinedOptionError, UnknownOptionError

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TextIO

    from ._values import Kind

_OWN_MODULES = (__name__, __name__.replace("._parser", "._default"))
"""Modules that define options on behalf of another; the place of a definition is outside them."""


class OptionParser:
    """A set of options, read as attributes (`options.port`) or as items (`options["port"]`).

    Values are set by `parse_command_line`, `parse_config_file`, or assignment, the last one
    winning; until then an option has its default. Dashes and underscores in names are alike
    everywhere. Assigned values are checked against the option's type.

    An option named like a method of this class (`items`) is reached as an item only. Not safe
    for use by several threads while options are defined or set.
    """

    __slots__ = ("_options", "_parse_callbacks")

    _options: dict[str, Option]
    """The options by normalized name, in the order of their definition."""
    _parse_callbacks: list[Callable[[], object]]

    def __init__(self) -> None:
        # Not plain assignments: those go to the options.
        object.__setattr__(self, "_options", {})
        object.__setattr__(self, "_parse_callbacks", [])

    # Any: each option is of a type of its own, which the call of define() knows and a type
    # checker cannot. Whoever wants it known writes `port: int = options.port`.
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # no option: copy, pickle, mock and others are probing
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._find(name).value

    def __setattr__(self, name: str, value: Any) -> None:
        self._find(name).set(value)

    def __getitem__(self, name: str) -> Any:
        return self._find(name).value

    def __setitem__(self, name: str, value: Any) -> None:
        self._find(name).set(value)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and normalize(name) in self._options

    def __iter__(self) -> Iterator[str]:
        return iter([option.name for option in self._options.values()])

    def __len__(self) -> int:
        return len(self._options)

    def items(self) -> list[tuple[str, Any]]:
        """Return the names, as they were defined, and the values of all options."""
        return [(option.name, option.value) for option in self._options.values()]

    def as_dict(self) -> dict[str, Any]:
        """Return the names, as they were defined, and the values of all options as a dict."""
        return dict(self.items())

    def groups(self) -> set[str]:
        """Return the names of the groups that options have been defined in."""
        return {option.group for option in self._options.values()}

    def group_dict(self, group: str) -> dict[str, Any]:
        """Return the names and values of the options in one group.

        Handy for handing options on: `Application(handlers, **options.group_dict("application"))`.
        Empty for a group that does not exist.
        """
        options = self._options.values()
        return {option.name: option.value for option in options if option.group == group}

    def define(
        self,
        name: str,
        default: Any = None,
        type: Kind | None = None,
        help: str | None = None,
        metavar: str | None = None,
        multiple: bool = False,
        group: str | None = None,
        callback: Callable[[Any], object] | None = None,
    ) -> None:
        """Define an option.

        `type` is str, int, float, bool, datetime, timedelta, or a class or function of your own
        that takes the text of a value and raises for a bad one. Without it, the type is that of
        `default`; without that either, str. A `default` that is a text for another type is
        parsed.

        With `multiple` the value is always a list, and text is split at commas. For integers,
        `x:y` then stands for `range(x, y)`, so without `y` itself; one value lists no more than
        1,000,000 numbers by ranges.

        `help` and `metavar` show up in the help text: `--name=METAVAR  help`. `group` is the
        heading there; by default the file that defines the option. `callback` is called with
        the new value whenever the option is set, and what it raises is not caught.

        A datetime is written as in ISO 8601 (`2024-05-31 23:59`), a timedelta like `1h 30m`,
        `2 days`, `-5min`, or as a number of seconds.

        Raises RedefinedOptionError for a name that is taken, DefinitionError for one that no
        option can have ("help"), InvalidValueError for a default that is not of the type.
        """
        file, line = _caller()
        place = f"{file}:{line}"
        if normalize(name) in self._options:
            raise RedefinedOptionError(name, self._options[normalize(name)].place, place)
        heading = file if group is None else group
        self._options[normalize(name)] = Option(
            name, default, type, help, metavar, multiple, heading, callback, place
        )

    def parse_command_line(
        self, args: Sequence[str] | None = None, final: bool = True
    ) -> list[str]:
        """Set options from a command line; return the arguments that are not options.

        `args` is `sys.argv` by default; its first element, the name of the program, is ignored.
        Options are `--name=value`, or `--name` for true; everything from the first argument that
        is none, or from behind `--`, is returned. An option given twice has the later value,
        also with `multiple`. `-h` and `--help` print the help text and exit with status 0.

        `final` means that nothing else will set options: the parse callbacks are run, which
        turns on pretty logging for the global options. Say `final=False` when a config file
        comes next.

        Raises UnknownOptionError, MissingValueError, InvalidValueError; options before the
        mistake have been set by then.
        """
        found, remaining = split_arguments((sys.argv if args is None else args)[1:])
        for name, text in found:
            if name == RESERVED:
                self.print_help()
                sys.exit(0)
            option = self._find(name)
            if text is None:
                if not option.is_flag:
                    raise MissingValueError(option.name, option.metavar)
                text = "true"
            option.parse(text)
        if final:
            self.run_parse_callbacks()
        return remaining

    def parse_config_file(self, path: str | os.PathLike[str], final: bool = True) -> None:
        """Set options from a config file: a Python file, in UTF-8, whose globals are options.

            port = 80
            mysql_host = "mydb.example.com:3306"
            memcache_hosts = ["cache1.example.com:11011", "cache2.example.com:11011"]

        A value is of the option's type, or a text that is parsed as on the command line. The
        file is run, so it can compute its values, and must be trusted like a program. Imported
        names, modules, functions, classes and names with a leading underscore are no options;
        any other name that the file assigns has to be one.

        `final` is as in `parse_command_line`. Raises ConfigFileError with the file and the line
        for a syntax error, an exception in the file, a name that is no option, a value of a
        wrong type; ConfigFileUnreadableError (an OSError, too) for a file that cannot be read.
        """
        from ._config_file import ConfigFile  # not at the top: some never read a config file

        file = ConfigFile(path)
        for name, value in file:
            if name not in self:
                if file.is_meant_as_option(name, value):
                    unknown = self._unknown(name)
                    hint = "(a name of the file's own starts with an underscore)"
                    raise file.error(name, f"{unknown} {hint}") from unknown
                continue
            try:
                self._find(name).adopt(value)
            except Error as error:
                raise file.error(name, error) from error
        if final:
            self.run_parse_callbacks()

    def print_help(self, file: TextIO | None = None) -> None:
        """Print the options, their groups, help and defaults to `file` (None: stdout)."""
        from ._help import format_help  # not at the top: only --help needs it

        program = sys.argv[0] if sys.argv else ""
        print(format_help(program, self._options.values()), file=file or sys.stdout)

    def add_parse_callback(self, callback: Callable[[], object]) -> None:
        """Have `callback` called, without arguments, when parsing is done (`final=True`)."""
        self._parse_callbacks.append(callback)

    def run_parse_callbacks(self) -> None:
        """Call the parse callbacks in the order in which they were added."""
        for callback in list(self._parse_callbacks):
            callback()

    def mockable(self) -> Mockable:
        """Return a stand-in for `unittest.mock.patch.object`.

            with mock.patch.object(options.mockable(), "port", 9999):
                assert options.port == 9999

        The options themselves cannot be patched: `patch.object` would read the value back by
        deleting the attribute, which means nothing here.
        """
        return Mockable(self)

    def _find(self, name: str) -> Option:
        option = self._options.get(normalize(name))
        if option is None:
            raise self._unknown(name)
        return option

    def _unknown(self, name: str) -> UnknownOptionError:
        from difflib import get_close_matches  # not at the top: it is slow to import

        close = get_close_matches(normalize(name), self._options, n=1)
        return UnknownOptionError(name, self._options[close[0]].name if close else None)


def _caller() -> tuple[str, int]:
    """Return the file and the line that an option is being defined at."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in _OWN_MODULES:
        frame = frame.f_back
    return os.path.normpath(frame.f_code.co_filename), frame.f_lineno
