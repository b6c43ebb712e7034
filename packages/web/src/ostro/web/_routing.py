"""Which handler takes a request: URL patterns, host patterns, and URLs made from names.

Patterns are tried in the order of their list, and the first match wins, as documented. So that a
long list costs no more than a short one, each pattern is filed under the literal text that it
begins with, and a request only tries those that can match. This file knows requests only by their
host and path.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from ostro.escape import url_unescape

from ._imports import import_object
from ._pattern import anchored, literal_prefix, reverse_template
from .errors import NotReversibleError

if TYPE_CHECKING:
    from ._handler import RequestHandler

__all__ = ["HandlerSpec", "HostRoutes", "RouteMatch", "URLSpec", "url"]

general_log = logging.getLogger("ostro.general")

CATCH_ALL_HOST = ".*"


class URLSpec:
    """Maps a URL pattern to a handler.

    `pattern`: a regular expression that the whole path must match; `$` is added where it does not
    end with it. Its groups become arguments of the handler's method, by keyword if they have names,
    else by position. `handler_class`: a RequestHandler subclass, or its dotted name. `kwargs`:
    passed to `initialize`. `name`: what `reverse_url` knows it by; unique in an application.

    Raises re.error for a malformed pattern, ImportError or TypeError for a name that is no handler.
    """

    __slots__ = ("_parts", "exact", "handler_class", "kwargs", "name", "pattern", "prefix", "regex")

    def __init__(
        self,
        pattern: str,
        handler_class: type[RequestHandler] | str,
        kwargs: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> None:
        self.pattern = anchored(pattern)
        self.regex = re.compile(self.pattern)
        self.handler_class = _handler_class(handler_class)
        self.kwargs: dict[str, object] = dict(kwargs or {})
        self.name = name
        # The text that each match begins with, and whether it is the whole match.
        self.prefix, self.exact = literal_prefix(self.pattern)
        # What stands around the arguments in a URL made by `reverse`; None when that is unknown.
        self._parts = reverse_template(pattern)

    def match(self, path: str) -> RouteMatch | None:
        """Return this spec with the arguments that `path` holds, or None when it does not match."""
        found = self.regex.match(path)
        if found is None:
            return None
        if self.regex.groupindex:
            keywords = {name: _unquote(text) for name, text in found.groupdict().items()}
            return RouteMatch(self, (), keywords)
        return RouteMatch(self, tuple([_unquote(text) for text in found.groups()]), {})

    def reverse(self, *args: object) -> str:
        """Return the path for which the groups of the pattern match `args`, escaped. Slashes stay
        as they are where the pattern takes them for part of the argument.

        Raises `NotReversibleError` if the pattern is too general or `args` do not fit it.
        """
        parts = self._parts
        if parts is None or len(parts) != self.regex.groups + 1:
            raise NotReversibleError(f"the pattern {self.pattern!r} is too general for reverse_url")
        if len(args) != self.regex.groups:
            raise NotReversibleError(
                f"the pattern {self.pattern!r} takes {self.regex.groups} arguments, not {len(args)}"
            )
        texts = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
        path = _fill(parts, [quote(text) for text in texts])
        if any(b"/" in text for text in texts):
            found = self.match(path)
            if found is None or [*found.args, *found.kwargs.values()] != texts:
                path = _fill(parts, [quote(text, safe="") for text in texts])
        return path

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.pattern!r}, {self.handler_class!r}, "
            f"kwargs={self.kwargs!r}, name={self.name!r})"
        )


url = URLSpec

HandlerSpec: TypeAlias = (
    URLSpec
    | tuple[str, "type[RequestHandler] | str"]
    | tuple[str, "type[RequestHandler] | str", Mapping[str, object] | None]
    | tuple[str, "type[RequestHandler] | str", Mapping[str, object] | None, str | None]
)
"""How an application names a handler: a URLSpec, or the arguments of one in a tuple."""


class RouteMatch:
    """A spec, and the arguments that it found in a path: percent-decoded bytes, None for an unused
    group.
    """

    __slots__ = ("args", "kwargs", "spec")

    def __init__(
        self, spec: URLSpec, args: tuple[bytes | None, ...], kwargs: dict[str, bytes | None]
    ) -> None:
        self.spec = spec
        self.args = args
        self.kwargs = kwargs


class Routes:
    """The specs of one host, in order, filed by the text that they begin with."""

    __slots__ = ("_by_prefix", "_exact", "_lengths", "_specs")

    def __init__(self, specs: Sequence[URLSpec]) -> None:
        self._specs = list(specs)
        # Path -> the first spec that is just this path. Its match never changes, so it is made
        # once.
        self._exact: dict[str, tuple[int, RouteMatch]] = {}
        # Literal prefix -> the numbers of the specs that begin with it, ascending.
        self._by_prefix: dict[str, list[int]] = {}
        for number, spec in enumerate(self._specs):
            if spec.exact and not spec.regex.groups:
                self._exact.setdefault(spec.prefix, (number, RouteMatch(spec, (), {})))
            else:
                self._by_prefix.setdefault(spec.prefix, []).append(number)
        # How long the prefixes are: a path is cut to each of these lengths to look it up.
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix})

    def match(self, path: str) -> RouteMatch | None:
        """Return the first spec in order that matches `path`."""
        exact = self._exact.get(path)
        limit = len(self._specs) if exact is None else exact[0]
        if limit:
            for number in self._candidates(path, limit):
                if number > limit:
                    break
                found = self._specs[number].match(path)
                if found is not None:
                    return found
        return None if exact is None else exact[1]

    def _candidates(self, path: str, limit: int) -> Iterable[int]:
        """Return the numbers, ascending, of the specs whose prefix `path` has.

        Where all of them would be `limit` or more, they are left out.
        """
        size = len(path)
        groups: list[list[int]] = []
        for length in self._lengths:
            if length > size:
                break
            numbers = self._by_prefix.get(path[:length])
            if numbers is not None and numbers[0] < limit:
                groups.append(numbers)
        if len(groups) > 1:
            return merge(*groups)
        return groups[0] if groups else ()


class HostRoutes:
    """The routes of all hosts. Only the first host pattern that matches is used."""

    __slots__ = ("_hosts", "_names", "only")

    def __init__(self) -> None:
        self._hosts: list[tuple[re.Pattern[str], Routes]] = []
        self._names: dict[str, URLSpec] = {}
        # The routes when all hosts have the same, so that the host need not be looked at.
        self.only: Routes | None = None

    def add(self, host_pattern: str, handlers: Iterable[object]) -> None:
        """Append the routes of the hosts that match `host_pattern`; `handlers` are HandlerSpecs.

        A catch-all pattern (`.*`) stays behind those that are added later. A name that is used
        again stands for the later pattern, and the log says so.
        """
        specs = [_as_spec(handler) for handler in handlers]
        for spec in specs:
            self._register(spec)
        entry = (re.compile(anchored(host_pattern), re.IGNORECASE), Routes(specs))
        if self._hosts and self._hosts[-1][0].pattern == CATCH_ALL_HOST + "$":
            self._hosts.insert(-1, entry)
        else:
            self._hosts.append(entry)
        is_only = len(self._hosts) == 1 and host_pattern in (CATCH_ALL_HOST, CATCH_ALL_HOST + "$")
        self.only = entry[1] if is_only else None

    def _register(self, spec: URLSpec) -> None:
        if spec.name is None:
            return
        known = self._names.get(spec.name)
        if known is not None and known.pattern != spec.pattern:
            general_log.warning(
                "The handler name %r is used for %r and for %r; reverse_url knows the latter",
                spec.name,
                known.pattern,
                spec.pattern,
            )
        self._names[spec.name] = spec

    def routes_for_host(self, host_name: str) -> Routes | None:
        """Return the routes of the first host pattern that matches, or None."""
        for pattern, routes in self._hosts:
            if pattern.match(host_name):
                return routes
        return None

    def reverse(self, name: str, *args: object) -> str:
        """Return the path of the spec with this name; raises KeyError when there is none."""
        spec = self._names.get(name)
        if spec is None:
            known = ", ".join(sorted(self._names)) or "none at all"
            raise KeyError(f"no handler is named {name!r}; the names are: {known}")
        return spec.reverse(*args)


def _as_spec(handler: object) -> URLSpec:
    """Return a HandlerSpec as a URLSpec; whatever the types say, people make mistakes."""
    if isinstance(handler, URLSpec):
        return handler
    if not isinstance(handler, tuple | list) or not 2 <= len(handler) <= 4:
        raise TypeError(
            "a handler is a URLSpec or a tuple (pattern, handler_class[, kwargs[, name]]), "
            f"not {handler!r}"
        )
    return URLSpec(*handler)


def _handler_class(given: type[RequestHandler] | str) -> type[RequestHandler]:
    from ._handler import RequestHandler  # it knows applications, which know routes

    found: object = import_object(given) if isinstance(given, str) else given
    if not isinstance(found, type) or not issubclass(found, RequestHandler):
        raise TypeError(f"{given!r} is not a RequestHandler subclass")
    return found


def _fill(parts: list[str], texts: list[str]) -> str:
    return "".join([*chain(*zip(parts, texts, strict=False)), parts[-1]])


def _unquote(text: str | None) -> bytes | None:
    if text is None:
        return None
    if "%" not in text:
        return text.encode()
    return url_unescape(text, encoding=None, plus=False)
