"""Heads as bytes: start line, fields, and the proof that no field breaks out of its line.

Pure functions. What is written into the framing fields is decided by the codecs.
"""

from __future__ import annotations

from typing import Final

from ostro.httputil import HTTPHeaders

from ._framing import is_token
from ._grammar import TARGET, VALUE
from .errors import excerpt

LENGTH: Final = 1
CODING: Final = 2
CONNECTION: Final = 4
UPGRADE: Final = 8
HOST: Final = 16

_MAX_CACHED: Final = 1024
"""Entries of each cache below: names and reasons come from the application, not from the network.
"""

# Which of the names above a field has, 0 for others. A name that is here is a token.
_known_names: Final[dict[str, int]] = {
    "Content-Length": LENGTH,
    "Transfer-Encoding": CODING,
    "Connection": CONNECTION,
    "Upgrade": UPGRADE,
    "Host": HOST,
}

_status_lines: Final[dict[tuple[int, str], str]] = {}


def find_framing(headers: HTTPHeaders) -> int:
    """Return which of the fields that concern the codec are there: a sum of `LENGTH`, `CODING` and
    so on.

    Raises ValueError for a name that is no token.
    """
    found = 0
    try:
        for name, _ in headers.get_all():
            found |= _known_names[name]
    except KeyError:
        return _learn_names(headers)
    return found


def _learn_names(headers: HTTPHeaders) -> int:
    found = 0
    for name in headers:
        kind = _known_names.get(name)
        if kind is None:
            if not is_token(name):
                raise ValueError(f"header name {excerpt(name)} is not a token")
            if len(_known_names) < _MAX_CACHED:
                _known_names[name] = 0
        else:
            found |= kind
    return found


def status_line(code: int, reason: str) -> str:
    """Return the status line, CRLF included.

    Raises ValueError for a code of other than three digits, and for a reason with control
    characters.

    Spec: RFC 9112 section 4.
    """
    key = (code, reason)
    line = _status_lines.get(key)
    if line is None:
        if not 100 <= code <= 999:
            raise ValueError(f"status code {code}, expected 100 to 999")
        if VALUE.fullmatch(reason) is None:
            raise ValueError(
                f"reason phrase {excerpt(reason)} has a control or non-latin-1 character"
            )
        line = f"HTTP/1.1 {code} {reason}\r\n"
        if len(_status_lines) < _MAX_CACHED:
            _status_lines[key] = line
    return line


def request_line(method: str, target: str) -> str:
    """Return the request line, CRLF included.

    Raises ValueError for a method that is no token, and a target with other than visible ASCII.

    Spec: RFC 9112 section 3.
    """
    if not is_token(method):
        raise ValueError(f"method {excerpt(method)} is not a token")
    if TARGET.fullmatch(target) is None:
        raise ValueError(f"target {excerpt(target)}, expected visible ASCII without '#'")
    return f"{method} {target} HTTP/1.1\r\n"


def encode_head(start_line: str, headers: HTTPHeaders, dropped: int, extra: str) -> bytes:
    """Return a head: the start line, the fields, `extra` lines, the empty line.

    `start_line` and `extra` come with their CRLFs; fields in `dropped`, a sum of `LENGTH`, `CODING`
    and so on, are left out. Raises ValueError for control and non-latin-1 characters.
    """
    lines = list(map(": ".join, headers.get_all()))
    if dropped:
        lines = [line for line in lines if not _kind_of(line) & dropped]
    return _encode_lines(start_line, lines, extra)


def encode_response(start_line: str, headers: HTTPHeaders, body: bytes) -> bytes:
    """Return a whole response whose framing is its Content-Length, which is added to the fields.

    Raises as `encode_head` does.
    """
    lines = list(map(": ".join, headers.get_all()))
    return _encode_lines(start_line, lines, f"Content-Length: {len(body)}\r\n") + body


def _encode_lines(start_line: str, lines: list[str], extra: str) -> bytes:
    if not lines:
        return f"{start_line}{extra}\r\n".encode("latin-1")
    # Headers check what is set in them; this is the second lock. Most values are printable, and
    # that is quickly seen.
    if not "".join(lines).isprintable():
        bad = _bad_names(lines)
        if bad:
            raise _unsendable(bad)
    block = "\r\n".join(lines)
    try:
        return f"{start_line}{block}\r\n{extra}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise _unsendable(_bad_names(lines)) from None


def _kind_of(line: str) -> int:
    return _known_names.get(line.partition(":")[0], 0)


def _bad_names(lines: list[str]) -> list[str]:
    return [line.partition(":")[0] for line in lines if VALUE.fullmatch(line) is None]


def _unsendable(names: list[str]) -> ValueError:
    return ValueError(
        f"value of header {excerpt(', '.join(names))} has a control or non-latin-1 character"
    )


def encode_trailers(trailers: HTTPHeaders) -> bytes:
    """Return a trailer section, the empty line that ends it included.

    Raises ValueError as `encode_head` does, and for fields that say where a message ends or where
    it goes.

    Spec: RFC 9110 section 6.5.1.
    """
    if find_framing(trailers):
        raise ValueError(
            "Content-Length, Transfer-Encoding, Connection, Upgrade and Host cannot be trailers"
        )
    return encode_head("", trailers, 0, "")
