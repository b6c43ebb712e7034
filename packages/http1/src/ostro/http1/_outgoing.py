"""How a message that this side sends is framed, and which fields say so.

Pure functions: they look at what the caller passes and return a decision, which the codecs carry
out.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ostro.httputil import HTTPHeaders

from ._encoding import CODING, CONNECTION, LENGTH
from ._framing import connection_options
from ._limits import MAX_LENGTH_DIGITS
from ._states import Sending
from .errors import LocalProtocolError, excerpt

_COUNTED: Final = Sending.COUNTED
_CHUNKED: Final = Sending.CHUNKED
_UNTIL_CLOSE: Final = Sending.UNTIL_CLOSE
_SWALLOWED: Final = Sending.SWALLOWED
_EMPTY: Final = Sending.EMPTY
_SENT: Final = Sending.SENT

_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""RFC 9110 section 8.6: a request of these says `Content-Length: 0` where it has no body."""

Framing: TypeAlias = tuple[Sending, int, str, int]
"""What may follow the head; the bytes of the body, where counted; lines to add; fields to leave
out.
"""

ADD_CODING: Final = "Transfer-Encoding: chunked\r\n"


def frame_body(headers: HTTPHeaders, found: int, size: int, end: bool, http_1_0: bool) -> Framing:
    """Frame a message that may have a body: `size` bytes of it are there, all of them if `end`.

    Raises LocalProtocolError when `headers` contradict themselves or `size`.

    Spec: RFC 9112 section 6.
    """
    if not found & (LENGTH | CODING):
        if end:
            return _COUNTED, size, f"Content-Length: {size}\r\n", 0
        if http_1_0:
            return _UNTIL_CLOSE, 0, "", 0
        return _CHUNKED, 0, ADD_CODING, 0
    if found & CODING:
        check_own_coding(headers, found)
        if http_1_0:
            # RFC 9112 section 6.1: no Transfer-Encoding unless the request says HTTP/1.1.
            return _UNTIL_CLOSE, 0, "", CODING
        return _CHUNKED, 0, "", 0
    return _COUNTED, own_length(headers, size, end), "", 0


def frame_without_body(code: int, body: bytes | None) -> Framing:
    """Frame a 204 or a 304 response, a 101, or a 2xx to CONNECT.

    Raises LocalProtocolError when there is a body all the same.

    Spec: RFC 9110 sections 8.6 and 15.4.5, RFC 9112 section 6.1.
    """
    if body:
        raise LocalProtocolError(f"{len(body)} bytes of body in a {code} response, which has none")
    if code == 304:
        # The Content-Length is that of the response which was not modified.
        return _EMPTY, 0, "", CODING
    return (_EMPTY if code == 204 else _SENT), 0, "", LENGTH | CODING


def frame_for_head_request(
    code: int, headers: HTTPHeaders, found: int, body: bytes | None, end: bool, http_1_0: bool
) -> Framing:
    """Frame the answer to a HEAD request: the fields that GET would get, as far as they are known,
    and no body.

    Spec: RFC 9110 sections 8.6 and 9.3.2.
    """
    if found & CODING:
        check_own_coding(headers, found)
        return _SWALLOWED, 0, "", CODING if http_1_0 else 0
    if found & LENGTH:
        parse_own_length(headers["Content-Length"])
    elif end and body is not None and code != 304:
        # The length in a 304 is that of what was not modified, which `body` is not.
        return _SWALLOWED, 0, f"Content-Length: {len(body)}\r\n", 0
    return _SWALLOWED, 0, "", 0


def frame_request(method: str, headers: HTTPHeaders, found: int, size: int, end: bool) -> Framing:
    """Frame a request: `size` bytes of its body are there, all of them if `end`.

    Raises LocalProtocolError when `headers` contradict themselves or `size`, and for a CONNECT
    request with a body.

    Spec: RFC 9110 sections 8.6 and 9.3.6, RFC 9112 section 6.
    """
    if method == "CONNECT":
        if size or found & (LENGTH | CODING):
            raise LocalProtocolError("a CONNECT request with a body")
        return _SENT, 0, "", 0
    if end and not size and not found & (LENGTH | CODING) and method not in _METHODS_WITH_BODY:
        return _COUNTED, 0, "", 0
    return frame_body(headers, found, size, end, False)


def announce_connection(
    headers: HTTPHeaders, found: int, keep_alive: bool, http_1_0: bool
) -> tuple[bool, str, int]:
    """Return whether the connection lives on, what line to add to say so, and what fields to leave
    out.

    `keep_alive` is what this side intends; `Connection: close` in `headers` overrides it.

    Spec: RFC 9112 section 9.6.
    """
    options = connection_options(headers["Connection"]) if found & CONNECTION else []
    if "close" in options:
        return False, "", 0
    if not keep_alive:
        return False, "Connection: close\r\n", CONNECTION if "keep-alive" in options else 0
    if http_1_0 and "keep-alive" not in options:
        return True, "Connection: keep-alive\r\n", 0
    return True, "", 0


def own_length(headers: HTTPHeaders, size: int, end: bool) -> int:
    """Return the Content-Length of a body of which `size` bytes are there, all of them if `end`."""
    length = parse_own_length(headers["Content-Length"])
    if size > length or (end and size < length):
        raise LocalProtocolError(f"body of {size} bytes, Content-Length said {length}")
    return length


def parse_own_length(value: str) -> int:
    """Return the number of a Content-Length that the caller set. Raises LocalProtocolError."""
    if len(value) > MAX_LENGTH_DIGITS or not (value.isdigit() and value.isascii()):
        raise LocalProtocolError(f"Content-Length is {excerpt(value)}, expected decimal digits")
    return int(value)


def check_own_coding(headers: HTTPHeaders, found: int) -> None:
    """Accept a Transfer-Encoding that the caller set, which can only be chunked: the codec does the
    chunking.

    Raises LocalProtocolError.
    """
    coding = headers["Transfer-Encoding"]
    if coding.lower() != "chunked":
        raise LocalProtocolError(f"Transfer-Encoding is {excerpt(coding)}, expected 'chunked'")
    if found & LENGTH:
        raise LocalProtocolError("Transfer-Encoding and Content-Length in one message")
