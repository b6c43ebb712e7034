"""HTTPHeaders: header fields by name without regard to case, each with one value or several.

The class is on the path of every request. One dict holds a value for each canonical name, so that
reading a field costs one lookup; a second one exists only when some field is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from operator import attrgetter
from typing import Final, TypeVar, overload

from ._grammar import find_forbidden_in_value, is_token
from ._names import canonical_name, name_cache
from .errors import HTTPInputError

_T = TypeVar("_T")


class HTTPHeaders(MutableMapping[str, str]):
    """A dictionary of header fields that maintains Http-Header-Case for all keys.

    The dictionary interface gives one value for each name, repeated values joined by a comma;
    `add`, `get_list` and `get_all` keep them apart. Fields stay in the order of their first
    appearance.

    The arguments are those of `dict`. Raises ValueError for a name that is no token, and for a
    value with a control character other than HTAB.

    Spec: RFC 9110 section 5.
    """

    __slots__ = ("_repeated", "_single")

    def __init__(
        self,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        /,
        **named_fields: str,
    ) -> None:
        # For a name that is in _repeated, _single holds the joined value, or "" when it is not
        # joined yet.
        self._single: dict[str, str] = {}
        self._repeated: dict[str, list[str]] | None = None
        if isinstance(fields, HTTPHeaders):
            self._single = fields._single.copy()
            self._repeated = _copy_repeated(fields._repeated)
        elif fields is not None:
            self.update(fields)
        if named_fields:
            self.update(named_fields)

    @classmethod
    def from_parsed(
        cls, single: dict[str, str], repeated: dict[str, list[str]] | None = None
    ) -> HTTPHeaders:
        """Return headers made of parsed fields, without a check or a copy.

        `single` maps each canonical name to its value, `repeated` each name that came more than
        once to all its values, in order; what `single` says for such a name gives only its place.
        Both are owned by the headers from then on.
        """
        headers = _allocate(cls)
        headers._single = single
        headers._repeated = repeated
        if repeated is not None:
            for name in repeated:
                single[name] = ""
        return headers

    @classmethod
    def parse(cls, headers: str) -> HTTPHeaders:
        r"""Return the fields of a header block: lines that end in CRLF, the last one optionally.

        Raises HTTPInputError as `parse_line` does.

        >>> sorted(HTTPHeaders.parse("Content-Type: text/html\r\nContent-Length: 42\r\n").items())
        [('Content-Length', '42'), ('Content-Type', 'text/html')]
        """
        parsed = cls()
        block = headers.removesuffix("\r\n").removesuffix("\r\n")
        if block:
            for line in block.split("\r\n"):
                parsed.parse_line(line)
        return parsed

    def parse_line(self, line: str) -> None:
        """Add the field of one header line, with or without its CRLF.

        Raises HTTPInputError for a line without a colon, a name that is no token, a control
        character in the value (a bare CR or LF too), and a continuation line (obs-fold).

        Spec: RFC 9112 section 5.
        """
        name, colon, value = line.removesuffix("\r\n").partition(":")
        if not colon:
            raise HTTPInputError("header line without a colon")
        try:
            self.add(name, value.strip(" \t"))
        except ValueError as error:
            raise HTTPInputError(str(error)) from None

    def add(self, name: str, value: str) -> None:
        """Add a value for `name` after those it has.

        Raises ValueError for a name that is no token, or a control character in the value.
        """
        name = _checked_name(name)
        try:
            if not value.isprintable():
                _check_value(name, value)
        except AttributeError:
            raise TypeError(f"the value of header {name} is {value!r}, expected a str") from None
        single = self._single
        if name not in single:
            single[name] = value
            return
        repeated = self._repeated
        if repeated is None:
            repeated = self._repeated = {}
        values = repeated.get(name)
        if values is None:
            repeated[name] = [single[name], value]
        else:
            values.append(value)
        single[name] = ""

    def get_list(self, name: str) -> list[str]:
        """Return all values of `name`, in order; an empty list when there are none."""
        name = canonical_name(name)
        if self._repeated is not None:
            values = self._repeated.get(name)
            if values is not None:
                return values.copy()
        value = self._single.get(name)
        return [] if value is None else [value]

    def get_all(self) -> Iterable[tuple[str, str]]:
        """Return all (name, value) pairs; a repeated name has a pair for each of its values."""
        if self._repeated is None:
            return self._single.items()
        return self._every_pair(self._repeated)

    def lines(self) -> list[str]:
        """Return the header lines, without their line ends: `["Content-Type: text/html"]`."""
        return [f"{name}: {value}" for name, value in self.get_all()]

    def copy(self) -> HTTPHeaders:
        """Return headers with the same fields, independent of these."""
        return type(self)(self)

    @overload
    def get(self, key: str, default: None = None) -> str | None: ...
    @overload
    def get(self, key: str, default: str) -> str: ...
    @overload
    def get(self, key: str, default: _T) -> str | _T: ...
    def get(self, key: str, default: object = None) -> object:
        """Return the value of `key`, repeated values joined by a comma, or `default`."""
        value = self._single.get(key)
        if value:
            return value
        if value is None and name_cache.get(key) == key:
            return default  # the name is canonical, so there is no other to look for
        value = self._find(key)
        return default if value is None else value

    def __getitem__(self, name: str) -> str:
        value = self._single.get(name)
        if value:
            return value
        value = self._find(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        name = name_cache.get(name) or _checked_name(name)
        try:
            if not value.isprintable():
                _check_value(name, value)
        except AttributeError:
            raise TypeError(f"the value of header {name} is {value!r}, expected a str") from None
        self._single[name] = value
        if self._repeated is not None:
            self._repeated.pop(name, None)

    def __delitem__(self, name: str) -> None:
        name = canonical_name(name)
        del self._single[name]
        if self._repeated is not None:
            self._repeated.pop(name, None)

    def __contains__(self, name: object) -> bool:
        if name in self._single:
            return True
        if not isinstance(name, str) or name_cache.get(name) == name:
            return False
        return canonical_name(name) in self._single

    def __len__(self) -> int:
        return len(self._single)

    def __iter__(self) -> Iterator[str]:
        return iter(self._single)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, HTTPHeaders):
            return self._by_name() == other._by_name()
        if isinstance(other, Mapping):
            joined = {name: self[name] for name in self}
            return joined == {canonical_name(name): value for name, value in other.items()}
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable, as the other mappings are

    def __copy__(self) -> HTTPHeaders:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, object]) -> HTTPHeaders:
        return self.copy()

    def __getstate__(self) -> list[tuple[str, str]]:
        return list(self.get_all())

    def __setstate__(self, state: list[tuple[str, str]]) -> None:
        self._single = {}
        self._repeated = None
        for name, value in state:
            self.add(name, value)

    def __str__(self) -> str:
        return "".join([line + "\n" for line in self.lines()])

    def __repr__(self) -> str:
        return f"HTTPHeaders({list(self.get_all())!r})"

    def _find(self, name: str) -> str | None:
        """Return the value of a name as it was asked for, joining the values where that is due."""
        name = canonical_name(name)
        value = self._single.get(name)
        if value == "" and self._repeated is not None:
            values = self._repeated.get(name)
            if values is not None:
                value = self._single[name] = ",".join(values)
        return value

    def _every_pair(self, repeated: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        for name, value in self._single.items():
            values = repeated.get(name)
            if values is None:
                yield name, value
            else:
                for each in values:
                    yield name, each

    def _by_name(self) -> dict[str, list[str]]:
        return {name: self.get_list(name) for name in self._single}


# HTTPHeaders.__new__, under which name mypyc 2.4 cannot compile it. It skips __init__, which would
# cost as much again as all of from_parsed.
_allocate: Final[Callable[[type[HTTPHeaders]], HTTPHeaders]] = attrgetter("__new__")(HTTPHeaders)


def _copy_repeated(repeated: dict[str, list[str]] | None) -> dict[str, list[str]] | None:
    if repeated is None:
        return None
    return {name: values.copy() for name, values in repeated.items()}


def _checked_name(name: str) -> str:
    """Return the canonical form of a name that is a token. The cache holds no other names."""
    canonical = name_cache.get(name)
    if canonical is not None:
        return canonical
    if not is_token(name):
        raise ValueError(f"header name {name[:100]!a} is not a token")
    return canonical_name(name)


def _check_value(name: str, value: str) -> None:
    found = find_forbidden_in_value(value)
    if found is not None:
        raise ValueError(
            f"value of header {name} has the control character {found.group()!a} "
            f"at position {found.start()}"
        )
