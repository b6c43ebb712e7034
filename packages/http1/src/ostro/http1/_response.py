"""The head of a response: from bytes that the grammar has passed to a `ResponseHead`, or why not.

Pure functions: nothing here knows the state of a connection.
"""

from __future__ import annotations

from ostro.httputil import HTTPHeaders

from ._events import RequestHead, ResponseHead
from ._fields import parse_fields
from ._framing import (
    check_transfer_encoding,
    check_version,
    collapse_equal_lengths,
    keeps_alive,
    parse_content_length,
)
from ._grammar import STATUS_LINE
from ._limits import Limits
from .errors import RemoteProtocolError, excerpt


def parse_response_head(text: str, limits: Limits, request: RequestHead) -> ResponseHead:
    """Return the response to `request` whose head is `text`.

    `text` is valid by the grammar, and comes without its last two CRLFs. Raises
    RemoteProtocolError.
    """
    line, *lines = text.split("\r\n")
    version = line[:8]
    code = int(line[9:12])
    check_version(version)
    single, repeated = parse_fields(lines, limits.max_fields)
    repeated = collapse_equal_lengths(single, repeated)
    # The headers own what they are made of, and need not keep the joined values.
    values = single if repeated is None else single.copy()
    head = ResponseHead(version, code, line[13:], HTTPHeaders.from_parsed(single, repeated))
    if code == 101 or (request.method == "CONNECT" and 200 <= code < 300):
        # The connection leaves HTTP; RFC 9110 section 9.3.6: framing fields are ignored.
        head.keep_alive = False
        return head
    head.keep_alive = keeps_alive(values.get("Connection", ""), version)
    _apply_framing(head, values, request.method)
    return head


def _apply_framing(head: ResponseHead, values: dict[str, str], method: str) -> None:
    """Find out where the body ends. Spec: RFC 9112 section 6.3."""
    length = values.get("Content-Length")
    coding = values.get("Transfer-Encoding")
    if coding is not None:
        check_transfer_encoding(coding, head.version, with_length=length is not None)
        head.chunked = True
    elif length is not None:
        head.content_length = parse_content_length(length)
    if method == "HEAD" or head.code < 200 or head.code in (204, 304):
        return
    if coding is None and length is None:
        head.until_close = True
        head.keep_alive = False
    head.has_body = head.content_length != 0


def check_status_line(line: str) -> None:
    """Accept a status line that came before the rest of its head. Raises RemoteProtocolError."""
    if STATUS_LINE.fullmatch(line.encode("latin-1")) is None:
        raise RemoteProtocolError(
            f"status line {excerpt(line)}, expected 'HTTP/1.1', a code of three digits and a reason"
        )
    check_version(line[:8])
