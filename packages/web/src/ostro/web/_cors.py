"""CORS: which other sites' pages may read the answers of this one, decided when it is constructed.

A policy knows no handlers and no connections: it is asked for the headers of an answer. Who asks is
`_attendance`.

Spec: the Fetch standard, section 3.2 (CORS protocol).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ostro.httputil import HTTPHeaders

from ._vary import add_vary

__all__ = ["CORS"]

_ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
"""A serialised origin whose host is one that names have in practice: some browsers also load pages
from hosts with a quote or a percent sign, which no pattern was written for.

Spec: RFC 6454 section 6.2.
"""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

MAX_REQUESTED_HEADERS = 4096
"""Characters of Access-Control-Request-Headers that are repeated; more is no browser's."""


class CORS:
    """Lets pages of other origins read what this site answers; without one, browsers do not.

    Give it to an application (the setting `cors`), to a Router, or to handlers (the class attribute
    `cors`); of several the innermost is in force, and False there means none. An Application is
    inside of those that it is mounted in.

        Application(handlers, cors=CORS(["https://app.example.com"], credentials=True))

    `origins`: the origins that may, as browsers write them (scheme, host, and a port that is not
    the scheme's own), compared letter for letter; regular expressions from `re.compile`, which must
    match the whole; or "*" for all. `methods`: those that are allowed, None for all that the
    handler has. `headers`: the request headers that are allowed beyond those that always are; "*"
    for all. `expose`: the response headers that scripts may see. `credentials`: whether cookies and
    the like come along. `max_age`: the seconds that a browser remembers the answer to a preflight,
    None for its own default. `private_network`: whether pages from the Internet may ask, where this
    site is on a private network.

    Preflights are answered before the handler is made. All answers of a handler have the headers,
    error pages too; what it sets of them itself is replaced.

    Raises ValueError for what is no origin, for names that are no tokens, and for "*" or "null"
    together with credentials.
    """

    __slots__ = (
        "_all",
        "_allow_headers",
        "_any_header",
        "_credentials",
        "_exact",
        "_expose",
        "_max_age",
        "_methods",
        "_patterns",
        "_private_network",
    )

    def __init__(
        self,
        origins: str | Iterable[str | re.Pattern[str]],
        *,
        methods: Iterable[str] | None = None,
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int | None = 600,
        private_network: bool = False,
    ) -> None:
        given = [origins] if isinstance(origins, str) else list(origins)
        self._all = "*" in given
        self._patterns = tuple(origin for origin in given if isinstance(origin, re.Pattern))
        self._exact = frozenset(o for o in given if isinstance(o, str) and o != "*")
        for origin in self._exact:
            _check_origin(origin)
        if credentials and (self._all or "null" in self._exact):
            raise ValueError(
                "credentials cannot be allowed to '*' or 'null', which any site can be"
            )
        self._credentials = credentials
        self._methods = None if methods is None else _tokens(methods)
        allowed = _tokens([headers] if isinstance(headers, str) else headers)
        self._any_header = allowed == "*"
        self._allow_headers = allowed
        self._expose = _tokens(expose)
        if credentials and self._expose == "*":
            raise ValueError("with credentials the exposed headers must be named, not '*'")
        if max_age is not None and max_age < 0:
            raise ValueError(f"max_age is {max_age}, expected 0 or more")
        self._max_age = max_age
        self._private_network = private_network

    def allows(self, origin: str) -> bool:
        """Tell whether pages of this origin may read the answers."""
        if self._all or origin in self._exact:
            return True
        if not self._patterns or _ORIGIN.fullmatch(origin) is None:
            return False
        return any(pattern.fullmatch(origin) for pattern in self._patterns)

    def dress(self, origin: str | None, headers: HTTPHeaders) -> None:
        """Set the headers of an answer to a request of this origin; None where none is named."""
        headers.pop("Access-Control-Allow-Credentials", None)
        if self._all:
            headers["Access-Control-Allow-Origin"] = "*"
        else:
            add_vary(headers, "Origin")
            if origin is None or not self.allows(origin):
                headers.pop("Access-Control-Allow-Origin", None)
                return
            headers["Access-Control-Allow-Origin"] = origin
            if self._credentials:
                headers["Access-Control-Allow-Credentials"] = "true"
        if self._expose:
            headers["Access-Control-Expose-Headers"] = self._expose

    def preflight(
        self, request: HTTPHeaders, handler_methods: Iterable[str] | None
    ) -> dict[str, str] | None:
        """Return the further headers of the answer to a preflight, None if its origin may not ask.

        `handler_methods` are those that the handler has, None if it has whatever is asked for.
        """
        if not self.allows(request["Origin"]):
            return None
        wanted = request["Access-Control-Request-Method"]
        answer = {}
        methods = self._methods
        if methods is None and handler_methods is not None:
            methods = ", ".join(handler_methods)
        if methods is not None:
            answer["Access-Control-Allow-Methods"] = methods
        elif _TOKEN.fullmatch(wanted):
            answer["Access-Control-Allow-Methods"] = wanted
        if self._any_header:
            requested = _repeatable(request.get("Access-Control-Request-Headers", ""))
            if requested:
                answer["Access-Control-Allow-Headers"] = requested
        elif self._allow_headers:
            answer["Access-Control-Allow-Headers"] = self._allow_headers
        if self._max_age is not None:
            answer["Access-Control-Max-Age"] = str(self._max_age)
        if self._private_network and (
            request.get("Access-Control-Request-Private-Network") == "true"
        ):
            answer["Access-Control-Allow-Private-Network"] = "true"
        # Spec: RFC 9110 section 12.5.5; a cache that keeps answers to OPTIONS against the rules
        # should at least not mix them up.
        answer["Vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
        return answer


def _check_origin(origin: str) -> None:
    if origin == "null":
        return
    scheme, _, host = origin.partition("://")
    if _ORIGIN.fullmatch(origin) is None or origin != origin.lower():
        raise ValueError(
            f"{origin!r} is no origin as browsers write it: scheme://host or scheme://host:port, "
            "in lower case, without a slash at the end"
        )
    port = _DEFAULT_PORTS.get(scheme)
    if port is not None and host.endswith(port):
        raise ValueError(f"browsers write the origin {origin!r} without {port}")


def _tokens(names: Iterable[str]) -> str:
    listed = [names] if isinstance(names, str) else list(names)
    for name in listed:
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not the name of a method or a header")
    return "*" if "*" in listed else ", ".join(listed)


def _repeatable(names: str) -> str:
    """Return the names of requested headers, if that is what they are."""
    if len(names) > MAX_REQUESTED_HEADERS:
        return ""
    parts = [part.strip(" \t") for part in names.split(",")]
    return ", ".join(parts) if all(_TOKEN.fullmatch(part) for part in parts) else ""
