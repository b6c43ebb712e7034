"""What goes wrong with options. Every message names the option, or the file and the line.

    options.Error
    ├── DefinitionError               define() was given something that cannot be an option
    │   └── RedefinedOptionError      ... or a name that is taken
    ├── UnknownOptionError            no such option (also an AttributeError and a KeyError)
    ├── MissingValueError             "--port" where "--port=INT" is needed
    ├── InvalidValueError             a value that is not of the option's type
    └── ConfigFileError               a mistake in a config file, at a line of it
        └── ConfigFileUnreadableError the file cannot be read (also an OSError)

DefinitionError is the fault of the program, the others that of whoever runs it.
"""

from __future__ import annotations

SHOWN_CHARACTERS = 100
"""Characters of a wrong value that a message quotes."""


class Error(Exception):
    """Root of the errors of this package."""

    def __str__(self) -> str:
        return f"{self.args[0]}" if self.args else type(self).__name__


class DefinitionError(Error):
    """An option cannot be defined like this; `option` is its name, `reason` says why."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(option, reason)
        self.option = option
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot define option {self.option!r}: {self.reason}"


class RedefinedOptionError(DefinitionError):
    """The name `option` is taken; `first` and `second` say where ("file:line") it is defined."""

    def __init__(self, option: str, first: str, second: str) -> None:
        super().__init__(option, f"defined at {first}, and again at {second}")
        self.args = (option, first, second)
        self.first = first
        self.second = second


class UnknownOptionError(Error, AttributeError, KeyError):
    """There is no option called `option`; `suggestion` is one that is spelled alike, or None."""

    def __init__(self, option: str, suggestion: str | None = None) -> None:
        super().__init__(option, suggestion)
        self.option = option
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = "" if self.suggestion is None else f": did you mean {self.suggestion!r}?"
        return f"unknown option {self.option!r}{hint}"


class MissingValueError(Error):
    """The option `option` was given without a value, and is no flag; `metavar` names its value."""

    def __init__(self, option: str, metavar: str) -> None:
        super().__init__(option, metavar)
        self.option = option
        self.metavar = metavar

    def __str__(self) -> str:
        return f"option {self.option!r} needs a value: --{self.option}={self.metavar}"


class InvalidValueError(Error):
    """The option `option` does not take `value`; `reason` says what it takes."""

    def __init__(self, option: str, value: object, reason: str) -> None:
        super().__init__(option, value, reason)
        self.option = option
        self.value = value
        self.reason = reason

    def __str__(self) -> str:
        shown = _shown(self.value)
        return f"invalid value for option {self.option!r}: {self.reason}, got {shown}"


class ConfigFileError(Error):
    """A mistake in the config file `path`, at `line` (None: none in particular)."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.reason}"


class ConfigFileUnreadableError(ConfigFileError, OSError):
    """The config file `path` cannot be read; its cause is the OSError that says why."""


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001  # an integer of 5,000 digits has no repr; others are buggy
        return f"a {type(value).__name__} that cannot be shown"
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "..."
