"""URLSpec: one pattern, the handler behind it, and the way back from a name to a URL.

It knows requests only by their path. Which of several specs takes one is decided by `_routing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ostro.escape import url_unescape

from ._converters import Converter, split_fields, without_fields
from ._cors import CORS
from ._imports import import_object
from ._pattern import anchored, literal_prefix, reverse_template
from .errors import NotReversibleError

if TYPE_CHECKING:
    from ._handler import RequestHandler

__all__ = ["RouteMatch", "URLSpec", "url"]

_DOT_SEGMENT = re.compile(r"/\.\.?(?:/|$)")
"""Whoever asks for a URL takes these out before. Spec: RFC 3986 section 5.2.4."""


class URLSpec:
    """Maps a URL pattern to a handler.

    `pattern`: a regular expression that the whole path must match; `$` is added where it does not
    end with it. Its groups become arguments of the handler's method, by keyword if they have names,
    else by position, as strings. A field `{name:kind}` in it is an argument with a type: `int`,
    `float`, `str` (no slash), `path`, `uuid`, and what `register_converter` adds; a text that the
    kind cannot take does not match. `handler_class`: a RequestHandler subclass, or its dotted name.
    `kwargs`: passed to `initialize`. `name`: what `reverse_url` knows it by; unique in an
    application.

    Raises re.error for a malformed pattern, ValueError for a field of an unknown kind, ImportError
    or TypeError for a name that is no handler.
    """

    __slots__ = (
        "_parts",
        "attended",
        "converters",
        "cors",
        "exact",
        "handler_class",
        "hosts",
        "kwargs",
        "name",
        "pattern",
        "plain",
        "prefix",
        "regex",
        "template",
    )

    def __init__(
        self,
        pattern: str,
        handler_class: type[RequestHandler] | str,
        kwargs: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> None:
        # As it was written, with what Routers put before it: what traces and metrics name it by.
        self.template = pattern
        regex, self.converters = split_fields(pattern)
        self.pattern = anchored(regex)
        self.regex = re.compile(self.pattern)
        self.handler_class = _handler_class(handler_class)
        self.kwargs: dict[str, object] = dict(kwargs or {})
        self.name = name
        # The hosts that it is for, each as a pattern that must match; from Routers.
        self.hosts: tuple[re.Pattern[str], ...] = ()
        # The policy of its handler, or of a Router around it; None for that of the application.
        self.cors: CORS | Literal[False] | None = _policy(self.handler_class)
        # Whether making its handler takes more than its class and kwargs, and whether it takes no
        # more than its class; an application decides that when it takes the spec in.
        self.attended = False
        self.plain = not self.kwargs
        # The text that each match begins with, and whether it is the whole match.
        self.prefix, self.exact = literal_prefix(self.pattern)
        # What stands around the arguments in a URL made by `reverse`; None when that is unknown.
        self._parts = reverse_template(
            pattern if self.converters is None else without_fields(pattern)
        )

    def match(self, path: str) -> RouteMatch | None:
        """Return this spec with the arguments that `path` holds, or None when it does not match."""
        found = self.regex.fullmatch(path)
        if found is None:
            return None
        if self.regex.groupindex:
            if self.converters is not None:
                return self._converted(found, self.converters)
            keywords = {name: _unquote(text) for name, text in found.groupdict().items()}
            return RouteMatch(self, (), keywords)
        return RouteMatch(self, tuple([_unquote(text) for text in found.groups()]), {})

    # Any: each converter has a type of its own
    def _converted(
        self, found: re.Match[str], converters: dict[str, Converter[Any]]
    ) -> RouteMatch | None:
        values: dict[str, object] = {}
        try:
            for name, converter in converters.items():
                text = _unquote(found[name])
                values[name] = None if text is None else converter.convert(text.decode())
        except ValueError:  # UnicodeDecodeError is one
            return None
        return RouteMatch(self, (), values)

    def reverse(self, *args: object) -> str:
        """Return the path for which the groups of the pattern match `args`, escaped. Slashes stay
        as they are where the pattern takes them for part of the argument.

        A URL that begins with two slashes names another host, so the second is escaped. Raises
        `NotReversibleError` if the pattern is too general or `args` do not fit it.
        """
        parts = self._parts
        if parts is None or len(parts) != self.regex.groups + 1:
            raise NotReversibleError(f"the pattern {self.pattern!r} is too general for reverse_url")
        if len(args) != self.regex.groups:
            raise NotReversibleError(
                f"the pattern {self.pattern!r} takes {self.regex.groups} arguments, not {len(args)}"
            )
        if self.converters is not None:
            pairs = zip(self.converters.items(), args, strict=True)
            path = _fill(parts, [self._formatted(*field, arg) for field, arg in pairs])
            if _DOT_SEGMENT.search(path):
                raise NotReversibleError(f"clients take the dots out of {path!r} and ask for less")
            return _local(path)
        texts = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
        path = _fill(parts, [quote(text) for text in texts])
        if any(b"/" in text for text in texts):
            found = self.match(path)
            if found is None or [*found.args, *found.kwargs.values()] != texts:
                path = _fill(parts, [quote(text, safe="") for text in texts])
        return _local(path)

    # Any: as above
    def _formatted(self, name: str, converter: Converter[Any], arg: object) -> str:
        """Return an argument as it stands in a path; slashes stay where the converter takes
        them.
        """
        try:
            text = converter.format(arg)
            converter.convert(text)  # or raise: it would not match
            for safe in ("/", ""):
                quoted = quote(text, safe=safe)
                if converter.regex.fullmatch(quoted):
                    return quoted
        except (ValueError, TypeError) as error:
            raise NotReversibleError(
                f"{arg!r} cannot be the argument {name!r} of {self.template!r}: {error}"
            ) from error
        raise NotReversibleError(f"{arg!r} cannot be the argument {name!r} of {self.template!r}")

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.pattern!r}, {self.handler_class!r}, "
            f"kwargs={self.kwargs!r}, name={self.name!r})"
        )


url = URLSpec


class RouteMatch:
    """A spec, and the arguments that it found in a path: percent-decoded bytes, None for an unused
    group; where the spec has converters, what these made of them.
    """

    __slots__ = ("args", "kwargs", "spec")

    def __init__(
        self, spec: URLSpec, args: tuple[bytes | None, ...], kwargs: dict[str, Any]
    ) -> None:  # Any: each converter has a type of its own
        self.spec = spec
        self.args = args
        self.kwargs = kwargs


def _handler_class(given: type[RequestHandler] | str) -> type[RequestHandler]:
    from ._handler import RequestHandler  # it knows applications, which know routes

    found: object = import_object(given) if isinstance(given, str) else given
    if not isinstance(found, type) or not issubclass(found, RequestHandler):
        raise TypeError(f"{given!r} is not a RequestHandler subclass")
    return found


def _policy(handler_class: type[RequestHandler]) -> CORS | Literal[False] | None:
    """Return what a handler says about CORS; an attribute of this name may mean something else."""
    given: object = getattr(handler_class, "cors", None)
    if given is False:
        return False
    return given if isinstance(given, CORS) else None


def _fill(parts: list[str], texts: list[str]) -> str:
    return "".join([*chain(*zip(parts, texts, strict=False)), parts[-1]])


def _local(path: str) -> str:
    """Return a path such that it cannot be taken for `//host`. Spec: RFC 3986 section 4.2."""
    return "/%2F" + path[2:] if path.startswith("//") else path


def _unquote(text: str | None) -> bytes | None:
    if text is None:
        return None
    if "%" not in text:
        return text.encode()
    return url_unescape(text, encoding=None, plus=False)
