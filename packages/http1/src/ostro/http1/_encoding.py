"""Heads as bytes: start line, fields, and the proof that no field breaks out of its line.

Pure functions. What is written into the framing fields is decided by the codecs.
"""

from __future__ import annotations

from typing import Final

from ostro.httputil import HTTPHeaders

from ._grammar import TARGET, VALUE, is_token
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

known_status_lines: Final[dict[tuple[int, str], str]] = {}


def read_fields(headers: HTTPHeaders) -> tuple[int, list[str]]:
    """Return which of the fields that concern the codec are there, and all lines, without CRLFs.

    The first is a sum of `LENGTH`, `CODING` and so on. Raises ValueError for a name that is no
    token.
    """
    found = 0
    lines: list[str] = []
    try:
        for name, value in headers.get_all():
            found |= _known_names[name]
            lines.append(f"{name}: {value}")
    except KeyError:
        return _read_new_fields(headers)
    return found, lines


def _read_new_fields(headers: HTTPHeaders) -> tuple[int, list[str]]:
    """Do as `read_fields` where a name has not been seen before."""
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
    return found, headers.lines()


def status_line(code: int, reason: str) -> str:
    """Return the status line, CRLF included.

    Raises ValueError for a code of other than three digits, and for a reason with control
    characters.

    Spec: RFC 9112 section 4.
    """
    key = (code, reason)
    line = known_status_lines.get(key)
    if line is None:
        if not 100 <= code <= 999:
            raise ValueError(f"status code {code}, expected 100 to 999")
        if VALUE.fullmatch(reason) is None:
            raise ValueError(
                f"reason phrase {excerpt(reason)} has a control or non-latin-1 character"
            )
        line = f"HTTP/1.1 {code} {reason}\r\n"
        if len(known_status_lines) < _MAX_CACHED:
            known_status_lines[key] = line
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


def lines_without(lines: list[str], dropped: int) -> list[str]:
    """Return `lines` but for the fields in `dropped`, a sum of `LENGTH`, `CODING` and so on."""
    return [line for line in lines if not _known_names.get(line.partition(":")[0], 0) & dropped]


def encode_head(start_line: str, lines: list[str], extra: str) -> bytes:
    """Return a head: the start line, the fields, `extra` lines, the empty line.

    `start_line` and `extra` come with their CRLFs, `lines` without. Raises ValueError for lines
    with CR, LF, NUL or non-latin-1 characters.
    """
    if not lines:
        return f"{start_line}{extra}\r\n".encode("latin-1")
    # Headers check what is set in them; this is the second lock.
    joined = "".join(lines)
    if "\n" in joined or "\r" in joined or "\0" in joined:
        raise _unsendable(lines)
    block = "\r\n".join(lines)
    try:
        return f"{start_line}{block}\r\n{extra}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise _unsendable(lines) from None


def _unsendable(lines: list[str]) -> ValueError:
    names = [line.partition(":")[0] for line in lines if VALUE.fullmatch(line) is None]
    return ValueError(
        f"value of header {excerpt(', '.join(names))} has a control or non-latin-1 character"
    )


def encode_trailers(trailers: HTTPHeaders) -> bytes:
    """Return a trailer section, the empty line that ends it included.

    Raises ValueError as `encode_head` does, and for fields that say where a message ends or where
    it goes.

    Spec: RFC 9110 section 6.5.1.
    """
    found, lines = read_fields(trailers)
    if found:
        raise ValueError(
            "Content-Length, Transfer-Encoding, Connection, Upgrade and Host cannot be trailers"
        )
    return encode_head("", lines, "")
