"""Which handler takes a request: URL patterns, host patterns, and URLs made from names.

Patterns are tried in the order of their list, and the first match wins, as documented. So that a
long list costs no more than a short one, each pattern is filed under the literal text that it
begins with, and a request only tries those that can match. This file knows requests only by their
host and path.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from heapq import merge

from ._pattern import anchored
from ._router import NAMESPACE_SEPARATOR, MountSpec, flatten
from ._urlspec import RouteMatch, URLSpec

__all__ = ["HostRoutes", "Routes"]

general_log = logging.getLogger("ostro.general")

CATCH_ALL_HOST = ".*"

MAX_VARIANTS = 64
"""Lists of routes that are kept for the combinations of nested host patterns which requests match.
Few ever occur; patterns that overlap in every way could make many."""


class Routes:
    """The specs of one host, in order, filed by the text that they begin with."""

    __slots__ = ("_by_prefix", "_exact", "_lengths", "_specs")

    def __init__(self, specs: Sequence[URLSpec]) -> None:
        self._specs = list(specs)
        # Literal prefix -> the numbers of the specs that begin with it, ascending.
        self._by_prefix: dict[str, list[int]] = {}
        exact: dict[str, int] = {}
        for number, spec in enumerate(self._specs):
            if spec.exact and not spec.regex.groups:
                exact.setdefault(spec.prefix, number)
            else:
                self._by_prefix.setdefault(spec.prefix, []).append(number)
        # How long the prefixes are: a path is cut to each of these lengths to look it up.
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix})
        # Path -> the specs before the first that is just this path which may match it too, and the
        # match of that spec, which never changes.
        self._exact: dict[str, tuple[list[URLSpec], RouteMatch]] = {
            path: (self._before(number, path), RouteMatch(self._specs[number], (), {}))
            for path, number in exact.items()
        }

    def _before(self, limit: int, path: str) -> list[URLSpec]:
        specs = [self._specs[number] for number in self._candidates(path) if number < limit]
        return [spec for spec in specs if spec.regex.fullmatch(path)]

    def match(self, path: str) -> RouteMatch | None:
        """Return the first spec in order that matches `path`."""
        exact = self._exact.get(path)
        if exact is not None:
            for spec in exact[0]:
                found = spec.match(path)
                if found is not None:
                    return found
            return exact[1]
        for number in self._candidates(path):
            found = self._specs[number].match(path)
            if found is not None:
                return found
        return None

    def _candidates(self, path: str) -> Iterable[int]:
        """Return the numbers, ascending, of the specs whose prefix `path` has."""
        size = len(path)
        groups: list[list[int]] = []
        for length in self._lengths:
            if length > size:
                break
            numbers = self._by_prefix.get(path[:length])
            if numbers is not None:
                groups.append(numbers)
        if len(groups) > 1:
            return merge(*groups)
        return groups[0] if groups else ()


class HostedRoutes:
    """Routes of which some are for certain hosts only, by the Routers that they lie in."""

    __slots__ = ("_conditions", "_specs", "_variants")

    def __init__(self, specs: Sequence[URLSpec]) -> None:
        self._specs = list(specs)
        self._conditions = list(dict.fromkeys(spec.hosts for spec in specs if spec.hosts))
        # Which conditions hold -> the routes that are left.
        self._variants: dict[tuple[bool, ...], Routes] = {}

    def on(self, host_name: str) -> Routes:
        """Return the routes that are for this host."""
        holding = tuple(
            [all(host.fullmatch(host_name) for host in hosts) for hosts in self._conditions]
        )
        routes = self._variants.get(holding)
        if routes is None:
            wanted = {
                hosts for hosts, holds in zip(self._conditions, holding, strict=True) if holds
            }
            routes = Routes([s for s in self._specs if not s.hosts or s.hosts in wanted])
            if len(self._variants) < MAX_VARIANTS:
                self._variants[holding] = routes
        return routes


class HostRoutes:
    """The routes of all hosts. Only the first host pattern that matches is used."""

    __slots__ = ("_hosts", "_names", "_sites", "only")

    def __init__(self) -> None:
        self._hosts: list[tuple[re.Pattern[str], Routes | HostedRoutes]] = []
        self._names: dict[str, URLSpec] = {}
        self._sites: list[object] = []
        # The routes when all hosts have the same, so that the host need not be looked at.
        self.only: Routes | None = None

    def add(self, host_pattern: str, handlers: Iterable[object]) -> list[URLSpec]:
        """Append the routes of the hosts that match `host_pattern`; `handlers` are HandlerSpecs.
        Return them as they have become.

        A catch-all pattern (`.*`) stays behind those that are added later. A name that is used
        again stands for the later pattern, and the log says so.
        """
        specs = list(flatten(handlers))
        for spec in specs:
            self._register(spec)
            if isinstance(spec, MountSpec):
                self._sites.append(spec.site)
        routes = HostedRoutes(specs) if any(spec.hosts for spec in specs) else Routes(specs)
        entry = (re.compile(anchored(host_pattern), re.IGNORECASE), routes)
        if self._hosts and self._hosts[-1][0].pattern == CATCH_ALL_HOST + "$":
            self._hosts.insert(-1, entry)
        else:
            self._hosts.append(entry)
        is_only = len(self._hosts) == 1 and host_pattern in (CATCH_ALL_HOST, CATCH_ALL_HOST + "$")
        self.only = routes if is_only and isinstance(routes, Routes) else None
        return specs

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

    def sites(self) -> list[object]:
        """Return what is mounted."""
        return self._sites

    def routes_for_host(self, host_name: str) -> Routes | None:
        """Return the routes of the first host pattern that matches, or None."""
        for pattern, routes in self._hosts:
            if pattern.fullmatch(host_name):
                return routes.on(host_name) if isinstance(routes, HostedRoutes) else routes
        return None

    def reverse(self, name: str, *args: object) -> str:
        """Return the path of the spec with this name; raises KeyError when there is none."""
        spec = self._names.get(name)
        if spec is not None:
            return spec.reverse(*args)
        mount, rest = self._mount_of(name)
        if mount is not None:
            return mount.root + mount.reverse_url(rest, *args)
        known = ", ".join(sorted(self._names)) or "none at all"
        raise KeyError(f"no handler is named {name!r}; the names are: {known}")

    def _mount_of(self, name: str) -> tuple[MountSpec | None, str]:
        """Return the Mount that `name` begins with, and the name that is left for it."""
        end = name.find(NAMESPACE_SEPARATOR)
        while end >= 0:
            spec = self._names.get(name[:end])
            if isinstance(spec, MountSpec):
                return spec, name[end + 1 :]
            end = name.find(NAMESPACE_SEPARATOR, end + 1)
        return None, name
