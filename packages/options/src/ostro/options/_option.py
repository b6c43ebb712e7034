"""One option: what it is called, what it takes, and its value."""

from __future__ import annotations

from ._values import Refused, fit, name_of, parse_list, parse_text
from .errors import DefinitionError, InvalidValueError

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._values import Kind

RESERVED = "help"
"""The one name that no option can have: --help shows them all."""

_METAVARS = {"str": "STRING"}
"""How help texts call values of a type, where that is not the type's name in capitals."""


def normalize(name: str) -> str:
    """Return the form in which names are compared: dashes and underscores are alike."""
    return name.replace("_", "-")


class Option:
    """A definition and its present value.

    The values of options are of any type (hence the `Any` here): that of each is known to the
    program that defines it, and checked when it is set.
    """

    __slots__ = (
        "callback",
        "default",
        "group",
        "help",
        "kind",
        "metavar",
        "multiple",
        "name",
        "place",
        "value",
    )

    def __init__(
        self,
        name: str,
        default: Any,
        kind: Kind | None,
        help_text: str | None,
        metavar: str | None,
        multiple: bool,
        group: str,
        callback: Callable[[Any], object] | None,
        place: str,
    ) -> None:
        _check_name(name)
        self.name = name
        self.kind: Kind = _inferred_kind(default, multiple) if kind is None else kind
        self.multiple = multiple
        self.help = help_text
        self.group = group
        self.callback = callback
        self.place = place  # "file:line" of the definition
        self.metavar = self._default_metavar() if metavar is None else metavar
        self.default = self._checked_default(default)
        self.value = list(self.default) if multiple else self.default

    @property
    def is_flag(self) -> bool:
        """Whether the bare name on a command line means true."""
        return self.kind is bool and not self.multiple

    def parse(self, text: str) -> None:
        """Set the value that `text` stands for. Raises InvalidValueError."""
        self._store(self._parsed(text))

    def set(self, value: Any) -> None:
        """Set a value of the option's type, or None. Raises InvalidValueError."""
        self._store(self._checked(value))

    def adopt(self, value: Any) -> None:
        """Set a value of the option's type or a text to parse. Raises InvalidValueError."""
        if self._is_text(value):
            self.parse(value)
        else:
            self.set(value)

    def _store(self, value: Any) -> None:
        self.value = value
        if self.callback is not None:
            self.callback(value)

    def _parsed(self, text: str) -> Any:
        try:
            return parse_list(self.kind, text) if self.multiple else parse_text(self.kind, text)
        except Refused as error:
            raise InvalidValueError(self.name, text, str(error)) from error.__cause__

    def _checked(self, value: Any) -> Any:
        if value is None:
            return [] if self.multiple else None
        try:
            if not self.multiple:
                return fit(self.kind, value)
            if isinstance(value, list | tuple | range):
                return [fit(self.kind, item) for item in value]
        except Refused as error:
            reason = f"{error} in the list" if self.multiple else str(error)
        else:
            reason = f"expected a list of {name_of(self.kind)}"
        raise InvalidValueError(self.name, value, reason)

    def _checked_default(self, default: Any) -> Any:
        """Return the default as a value of the type; a text is parsed, one value made a list."""
        if self._is_text(default) and (self.multiple or isinstance(self.kind, type)):
            return self._parsed(default)
        if self.multiple and not isinstance(default, list | tuple | range | None):
            default = [default]
        return self._checked(default)

    def _is_text(self, value: Any) -> bool:
        """Tell a text to parse from a value that is a str."""
        if not isinstance(value, str):
            return False
        return self.multiple or not isinstance(self.kind, type) or not isinstance(value, self.kind)

    def _default_metavar(self) -> str:
        name = name_of(self.kind).upper() if isinstance(self.kind, type) else "VALUE"
        name = _METAVARS.get(name.lower(), name)
        return f"{name},..." if self.multiple else name


def _check_name(name: str) -> None:
    if normalize(name) == RESERVED:
        raise DefinitionError(name, "the name is reserved for --help")
    if not name or name[0] in "-_" or "=" in name or not name.isprintable() or " " in name:
        raise DefinitionError(name, "expected a name such as 'mysql_host'")


def _inferred_kind(default: Any, multiple: bool) -> Kind:
    if multiple and isinstance(default, list | tuple | range):
        default = default[0] if default else None
    return str if default is None else type(default)
