"""A cookie jar: what servers have set, and what of it goes to a URL.

Spec: RFC 6265bis sections 5.5 to 5.8.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ostro.netutil import is_valid_ip

from ._cookie_dates import parse_cookie_date
from ._url import URL, parse_url

__all__ = ["Cookie", "CookieJar"]

MAX_PER_DOMAIN: Final = 50
"""Cookies of one domain. RFC 6265bis section 6.1 asks for 50 at least."""

MAX_COOKIES: Final = 3000
"""Cookies in all. RFC 6265bis section 6.1 asks for 3000 at least."""

MAX_COOKIE_BYTES: Final = 4096
"""Bytes of the name and the value of a cookie together. RFC 6265bis section 5.6."""

MAX_ATTRIBUTE_BYTES: Final = 1024
"""Bytes of the value of an attribute; a longer one is left out. RFC 6265bis section 5.6."""

MAX_AGE: Final = 400 * 86400
"""Seconds that a cookie lives at most. RFC 6265bis section 5.5."""

_has_control: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_is_max_age: Final = re.compile(r"-?[0-9]{1,20}").fullmatch


@dataclass(slots=True)
class Cookie:
    """A cookie as it is kept.

    `domain` is the host that it goes to, and those below it unless `host_only`; `expires` is a unix
    timestamp, None where the cookie lives as long as the jar.
    """

    name: str
    value: str = field(repr=False)  # it is a credential
    domain: str
    path: str
    host_only: bool
    secure: bool
    http_only: bool
    expires: float | None
    created: float


class CookieJar:
    """Keeps cookies between requests, by the rules of browsers.

    There is no list of public suffixes: a cookie is not accepted for a domain without a dot (`com`)
    and for what `is_public_suffix` says, `co.uk` for one, but for others than those a server can
    set cookies that its neighbours below the same suffix get.

    Args:
        is_public_suffix: Says of a domain, in lower case, whether anybody can be below it.
        clock: Returns the unix time, in seconds.

    Not thread-safe.
    """

    def __init__(
        self,
        is_public_suffix: Callable[[str], bool] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._is_public_suffix = is_public_suffix
        self._clock = clock
        # By domain, then by name and path; the oldest first.
        self._cookies: dict[str, dict[tuple[str, str], Cookie]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Cookie]:
        return iter([cookie for cookies in self._cookies.values() for cookie in cookies.values()])

    def __repr__(self) -> str:
        # Values are credentials.
        return f"<CookieJar of {self._count} cookies>"

    def clear(self) -> None:
        """Forget all cookies."""
        self._cookies.clear()
        self._count = 0

    # Storing

    def store(self, url: str, set_cookie: Iterable[str]) -> None:
        """Take the cookies of a response.

        Args:
            url: Where the response came from.
            set_cookie: The values of its Set-Cookie fields. What is malformed, or not permitted to
                this server, is left out.
        """
        origin: URL | None = None
        for value in set_cookie:
            origin = origin or parse_url(url)
            cookie = self._parse(value, origin)
            if cookie is not None:
                self._keep(cookie)

    def _parse(self, text: str, origin: URL) -> Cookie | None:
        pair, _, rest = text.partition(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", name
        name, value = name.strip(" \t"), value.strip(" \t")
        if not name and not value:
            return None
        if len(name) + len(value) > MAX_COOKIE_BYTES or _has_control(text):
            return None
        attributes = _attributes(rest)
        domain = self._domain(attributes.get("domain", ""), origin.host)
        if domain is None:
            return None
        now = self._clock()
        path = attributes.get("path", "")
        cookie = Cookie(
            name=name,
            value=value,
            domain=domain or origin.host,
            path=path if path.startswith("/") else _default_path(origin),
            host_only=not domain,
            secure="secure" in attributes,
            http_only="httponly" in attributes,
            expires=_expiry(attributes, now),
            created=now,
        )
        if not _is_safe(origin) and (cookie.secure or self._stands_before_a_secure_one(cookie)):
            return None
        return cookie if _keeps_its_prefix(cookie, attributes, origin) else None

    def _domain(self, attribute: str, host: str) -> str | None:
        """Return the domain of a cookie, "" for the host alone, None if that is not permitted."""
        domain = attribute.removeprefix(".").lower()
        if not domain:
            return ""
        if domain == host and (is_valid_ip(host) or "." not in host):
            return ""
        if not _is_within(host, domain) or "." not in domain:
            return None
        if self._is_public_suffix is not None and self._is_public_suffix(domain):
            return "" if domain == host else None
        return domain

    def _stands_before_a_secure_one(self, cookie: Cookie) -> bool:
        """Say whether a server would take a cookie for one that came over TLS.

        Spec: RFC 6265bis section 5.7, 17: leave secure cookies alone.
        """
        return any(
            other.secure and other.name == cookie.name and _path_matches(cookie.path, other.path)
            for domain, cookies in self._cookies.items()
            if _is_within(domain, cookie.domain) or _is_within(cookie.domain, domain)
            for other in cookies.values()
        )

    def _keep(self, cookie: Cookie) -> None:
        cookies = self._cookies.setdefault(cookie.domain, {})
        key = (cookie.name, cookie.path)
        old = cookies.get(key)
        if old is not None:
            cookie.created = old.created
            self._count -= 1
        if cookie.expires is None or cookie.expires > self._clock():
            cookies[key] = cookie
            self._count += 1
        else:
            cookies.pop(key, None)
        self._make_room(cookie.domain)

    def _make_room(self, domain: str) -> None:
        cookies = self._cookies[domain]
        if len(cookies) > MAX_PER_DOMAIN:
            del cookies[next(iter(cookies))]
            self._count -= 1
        if not cookies:
            del self._cookies[domain]
        if self._count > MAX_COOKIES:
            oldest = next(iter(self._cookies))
            self._count -= len(self._cookies.pop(oldest))

    # Sending

    def header_for(self, url: str) -> str:
        """Return the value of Cookie for a request to a URL, "" where there is nothing to send.

        Longer paths come first, then older cookies.
        """
        if not self._count:
            return ""
        asked = parse_url(url)
        now = self._clock()
        found = [
            cookie
            for domain in _domains_of(asked.host)
            for cookie in self._cookies.get(domain, {}).values()
            if (cookie.expires is None or cookie.expires > now) and _goes_to(cookie, asked)
        ]
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.created))
        return "; ".join([f"{c.name}={c.value}" if c.name else c.value for c in found])


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes by their names in lower case; of several the last counts."""
    attributes: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        value = value.strip(" \t")
        if len(value) <= MAX_ATTRIBUTE_BYTES:
            attributes[name.strip(" \t").lower()] = value
    return attributes


def _expiry(attributes: dict[str, str], now: float) -> float | None:
    """Return when a cookie ends: Max-Age comes before Expires."""
    max_age = attributes.get("max-age", "")
    if _is_max_age(max_age):
        return now + min(int(max_age), MAX_AGE)
    expires = parse_cookie_date(attributes.get("expires", ""))
    return None if expires is None else min(expires, now + MAX_AGE)


def _default_path(url: URL) -> str:
    """Return the path of a cookie that names none. Spec: RFC 6265bis section 5.1.4."""
    path = url.target.partition("?")[0]
    return path[: path.rfind("/")] or "/"


def _keeps_its_prefix(cookie: Cookie, attributes: dict[str, str], origin: URL) -> bool:
    """Say whether a cookie is what its name says it is. Spec: RFC 6265bis section 5.7, 20 to 22."""
    name = cookie.name.lower() or cookie.value.lower()
    if not name.startswith(("__secure-", "__host-")):
        return True
    if not cookie.name or not cookie.secure or origin.scheme != "https":
        return False
    is_of_one_host = cookie.host_only and "path" in attributes and cookie.path == "/"
    return is_of_one_host or not name.startswith("__host-")


def _goes_to(cookie: Cookie, url: URL) -> bool:
    if cookie.secure and not _is_safe(url):
        return False
    if cookie.host_only and cookie.domain != url.host:
        return False
    return _path_matches(url.target.partition("?")[0], cookie.path)


def _path_matches(path: str, of_cookie: str) -> bool:
    """Say whether a path is the one of a cookie, or below it. Spec: RFC 6265bis section 5.1.4."""
    if not path.startswith(of_cookie):
        return False
    return len(path) == len(of_cookie) or of_cookie[-1] == "/" or path[len(of_cookie)] == "/"


def _domains_of(host: str) -> Iterator[str]:
    """Yield a host and the domains that it is in."""
    yield host
    if is_valid_ip(host):
        return
    while "." in host:
        host = host.partition(".")[2]
        yield host


def _is_within(host: str, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and not is_valid_ip(host))


def _is_safe(url: URL) -> bool:
    """Say whether nobody reads along: over HTTPS, and on this machine."""
    host = url.host
    return (
        url.scheme == "https"
        or host in ("localhost", "127.0.0.1", "::1")
        or host.endswith(".localhost")
    )
