"""The first line of a message, parsed: of a request, of a response."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ._grammar import TOKEN
from .errors import HTTPInputError

_REQUEST_LINE: Final = re.compile(rf"({TOKEN}) ([!-~]+) (HTTP/[0-9]\.[0-9])")
"""request-line = method SP request-target SP HTTP-version. RFC 9112 section 3."""

_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")
"""status-line = HTTP-version SP status-code SP [ reason-phrase ]. RFC 9112 section 4.

We accept a line that ends after the code, because many servers send it.
"""


class RequestStartLine(NamedTuple):
    """The request line: `method` ("GET"), `path` (the whole target), `version` ("HTTP/1.1")."""

    method: str
    path: str
    version: str


class ResponseStartLine(NamedTuple):
    """The status line: `version` ("HTTP/1.1"), `code` (200), `reason` ("OK")."""

    version: str
    code: int
    reason: str


def parse_request_start_line(line: str) -> RequestStartLine:
    """Return the parts of a request line, which is given without its line end.

    Raises HTTPInputError when the line is malformed, or its major version is not 1 (status 505).

    Spec: RFC 9112 section 3.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HTTPInputError("malformed HTTP request line")
    method, target, version = match.groups()
    _check_version(version)
    return RequestStartLine(method, target, version)


def parse_response_start_line(line: str) -> ResponseStartLine:
    """Return the parts of a status line, which is given without its line end.

    Raises HTTPInputError when the line is malformed.

    Spec: RFC 9112 section 4.
    """
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise HTTPInputError("malformed HTTP status line")
    version, code, reason = match.groups()
    _check_version(version)
    return ResponseStartLine(version, int(code), reason or "")


def _check_version(version: str) -> None:
    if version[5] != "1":
        raise HTTPInputError(f"unsupported HTTP version {version}, expected HTTP/1.x", 505)
