"""How an answer in memory is framed: what is checked and added, as a server on a socket does it.

Pure decisions about heads; who waits for what is decided by `_memory_connection`.

Spec: RFC 9112 section 6, RFC 9110 sections 8.6 and 15.
"""

from __future__ import annotations

from typing import NamedTuple

from ostro.httputil import (
    HTTPHeaders,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)

__all__ = ["Framed", "check_fields", "check_informational", "check_trailers", "frame"]

_BODILESS = frozenset({101, 204, 304})

_NOT_IN_TRAILERS = ("Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Host")


class Framed(NamedTuple):
    """What becomes of an answer.

    `headers` with the fields that say how it is framed; `missing`: how many bytes its body has to
    have, None where the end says so; `silent`: what is written of the body is not sent (HEAD).
    """

    headers: HTTPHeaders
    missing: int | None
    silent: bool


def frame(
    request: RequestStartLine,
    start_line: ResponseStartLine,
    headers: HTTPHeaders,
    size: int,
    end: bool,
) -> Framed:
    """Frame an answer of which `size` bytes of body are known, all of them if `end`.

    Raises HTTPOutputError where its fields contradict that, ValueError for text that cannot be
    sent.
    """
    if not 200 <= start_line.code <= 999 and start_line.code != 101:
        raise ValueError(f"status code {start_line.code}, expected 200 to 999, or 101")
    check_fields(headers, start_line.reason)
    headers = headers.copy()
    silent = request.method == "HEAD"
    if _has_no_body(request, start_line.code):
        if size:
            raise HTTPOutputError(f"{size} bytes of body in a {start_line.code} response")
        return Framed(headers, 0, silent)
    coding = headers.get("Transfer-Encoding")
    if coding is not None and (coding.lower() != "chunked" or "Content-Length" in headers):
        raise HTTPOutputError(f"Transfer-Encoding is {coding!a:.100}, expected 'chunked' alone")
    if "Content-Length" in headers:
        return Framed(headers, _own_length(headers, size, end and not silent), silent)
    if end and coding is None:
        headers["Content-Length"] = str(size)
        return Framed(headers, size, silent)
    headers.pop("Transfer-Encoding", None)
    if request.version != "HTTP/1.0":
        headers["Transfer-Encoding"] = "chunked"
    return Framed(headers, None, silent)


def _has_no_body(request: RequestStartLine, code: int) -> bool:
    return code in _BODILESS or (request.method == "CONNECT" and 200 <= code < 300)


def _own_length(headers: HTTPHeaders, size: int, end: bool) -> int:
    text = headers["Content-Length"]
    if not (text.isascii() and text.isdecimal()):
        raise HTTPOutputError(f"Content-Length is {text!a:.100}, expected decimal digits")
    length = int(text)
    if size > length or (end and size < length):
        raise HTTPOutputError(f"{size} bytes of body, where Content-Length is {length}")
    return length


def check_fields(headers: HTTPHeaders, reason: str = "") -> None:
    """See that nothing breaks out of its line. Raises ValueError."""
    for line in (reason, *headers.lines()):
        if not {"\r", "\n", "\0"}.isdisjoint(line):
            raise ValueError(f"a control character in {line!a:.100}")
        line.encode("latin-1")  # its UnicodeEncodeError is a ValueError


def check_informational(code: int, headers: HTTPHeaders) -> None:
    """Accept the head of an interim response. Raises ValueError."""
    if not 100 <= code < 200 or code == 101:
        raise ValueError(f"status code {code}, expected an informational one other than 101")
    check_fields(headers)


def check_trailers(trailers: HTTPHeaders) -> None:
    """Accept trailers. Raises ValueError for what cannot be one."""
    check_fields(trailers)
    for name in _NOT_IN_TRAILERS:
        if name in trailers:
            raise ValueError(f"{name} cannot be a trailer")
