"""URLs of http and https: taken apart strictly, so that host and target are what they seem.

Spec: RFC 3986, RFC 9110 section 4.2; UTS 46 and RFC 5891 for names beyond ASCII.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urljoin

from ostro.netutil import is_valid_ip

__all__ = ["URL", "ascii_host", "join", "parse_url", "shown"]

_MAX_REMEMBERED_LENGTH: Final = 1000
"""Characters of a URL that is remembered, so that all of them take no more than a megabyte."""

_PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(
    r"([A-Za-z]+)://(?:([^@/?#\\]*)@)?(\[[^\]/?#@\\]*\]|[^:/?#@\[\]\\]*)(?::([0-9]{0,5}))?"
    r"(/[^?#]*)?(\?[^#]*)?(?:\#(.*))?",
    re.VERBOSE,
).fullmatch
"""scheme "://" [ userinfo "@" ] host [ ":" port ] path [ "?" query ] [ "#" fragment ]."""

_find_unsafe: Final = re.compile(r"[\x00-\x20\x7f]").search
"""What must not stand in a URL, though some parsers drop it in silence."""

_is_host: Final = re.compile(r"[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?\.?").fullmatch
"""A host name as it is in use, underscores included; nothing that is escaped."""

_has_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:").match
"""scheme ":". RFC 3986 section 3.1."""

_host_of: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@\\]*@)?([^/?#@:\[\]\\]+)"
).match
"""[ scheme ":" ] "//" [ userinfo "@" ] host."""

_SAFE: Final = "%/:?#[]@!$&'()*+,;=-._~"
"""What stays as it is where the rest of a target is escaped."""


class URL(NamedTuple):
    """A URL in its parts.

    `scheme` is "http" or "https"; `host` is in lower case and ASCII, without brackets; `target` is
    the path and the query, escaped; `username` and `password` are unescaped.
    """

    scheme: str
    host: str
    port: int
    target: str
    username: str | None
    password: str | None
    fragment: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom credentials are for. Spec: RFC 6454 section 4."""
        return self[:3]

    @property
    def authority(self) -> str:
        """Host and port, as the Host field has them: the port where it is not the usual one."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def tunnel(self) -> str:
        """Host and port, both always there, as CONNECT asks for them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def absolute(self) -> str:
        """The URL as it is sent to a proxy: without user name, password and fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(url: str) -> URL:
    """Take a URL apart. What was asked last is remembered, unless there is a password in it.

    Raises ValueError for a URL of another scheme, without a host, with a space or a control
    character in it, and for a host or a port that is none.
    """
    if len(url) > _MAX_REMEMBERED_LENGTH or "@" in url:
        return _parse(url)
    return _parse_and_remember(url)


def _parse(url: str) -> URL:
    if _find_unsafe(url) is not None:
        raise ValueError(f"the URL {shown(url)} has a space or a control character in it")
    match = _URL(url)
    if match is None:
        raise ValueError(f"{shown(url)} is not a URL of http or https")
    scheme, userinfo, host, port, path, query, fragment = match.groups()
    scheme = scheme.lower()
    usual_port = _PORTS.get(scheme)
    if usual_port is None:
        raise ValueError(f"the scheme of {shown(url)} is {scheme}, expected http or https")
    target = (path or "/") + query if query else path or "/"
    if not target.isascii():
        target = quote(target, safe=_SAFE)
    username = password = None
    if userinfo is not None:
        username, _, password = userinfo.partition(":")
        username, password = unquote(username), unquote(password)
    number = int(port) if port else usual_port
    if not 0 < number < 65536:
        raise ValueError(f"the port of {shown(url)} is {number}, expected 1 to 65535")
    return URL(scheme, _host(host, url), number, target, username, password, fragment or "")


_parse_and_remember: Final = functools.lru_cache(maxsize=256)(_parse)


def _host(host: str, url: str) -> str:
    if host.startswith("["):
        address = host[1:-1].replace("%25", "%", 1)
        if ":" not in address or not is_valid_ip(address):
            raise ValueError(f"the host of {shown(url)} is not an IPv6 address")
        return address.lower()
    if not host.isascii():
        host = ascii_host(host)
    host = host.lower()
    if not host or len(host) > 254 or _is_host(host) is None:
        raise ValueError(f"the host of {shown(url)} is not a host name")
    return host


def ascii_host(host: str) -> str:
    """Return a host name beyond ASCII as it is asked for in the DNS.

    It is IDNA 2008 with the mapping of UTS 46, as browsers have it; the codec of Python is IDNA
    2003, by which some names lead elsewhere. Raises ValueError for a name that is not permitted.
    """
    import idna  # it takes a while to import, and hardly any program needs it

    try:
        return idna.encode(host, uts46=True, std3_rules=False).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"the host name {host!a:.200} is not permitted: {error}") from error


def join(base: str, location: str) -> str:
    """Return where a redirect leads: `location` as seen from `base`, with its fragment if it has
    none of its own.

    Servers send what is not ASCII as it is; it is read as Latin-1, as all headers are, and escaped,
    but for a host, which becomes what is asked for in the DNS. Raises ValueError for a host that is
    not permitted.

    Spec: RFC 9110 section 10.2.2.
    """
    location = _with_ascii_host(location.strip(" \t"))
    location = quote(location, safe=_SAFE, encoding="latin-1")
    before, _, fragment = base.partition("#")
    # `urljoin` takes "http:" and "http://" for something relative, which RFC 3986 does not.
    url = location if _has_scheme(location) else urljoin(before, location)
    return f"{url}#{fragment}" if fragment and "#" not in url else url


def _with_ascii_host(location: str) -> str:
    if location.isascii() or (match := _host_of(location)) is None:
        return location
    try:
        host = match[1].encode("latin-1").decode()
    except UnicodeError:
        return location  # it is not UTF-8, and no host
    return f"{location[: match.start(1)]}{ascii_host(host)}{location[match.end(1) :]}"


def shown(url: str) -> str:
    """Return a URL as it may stand in a message: escaped, bounded, without a password."""
    scheme, separator, rest = url.rpartition("://")
    return ascii(f"{scheme}{separator}{rest.rpartition('@')[2]}"[:200])
