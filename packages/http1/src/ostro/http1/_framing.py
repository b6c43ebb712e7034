"""What fields say about where a body ends and whether the connection lives on, for both roles.

Where two readers could come to two answers (RFC 9112 section 11.2, request smuggling) the message
is refused.
"""

from __future__ import annotations

from typing import Final

from ._grammar import CONTENT_LENGTH
from ._limits import MAX_LENGTH_DIGITS
from .errors import RemoteProtocolError, excerpt

_NOT_IMPLEMENTED: Final = frozenset({"gzip", "x-gzip", "compress", "x-compress", "deflate"})
"""Transfer codings that are registered, and that we do not decode."""


def collapse_equal_lengths(
    single: dict[str, str], repeated: dict[str, list[str]] | None
) -> dict[str, list[str]] | None:
    """Make one Content-Length of several equal ones, in both dicts; return what is left of
    `repeated`.

    Raises RemoteProtocolError for unequal ones. We accept equal ones because some proxies add their
    own.

    Spec: RFC 9110 section 8.6.
    """
    values = repeated.pop("Content-Length", None) if repeated is not None else None
    if values is None:
        return repeated
    if len(set(values)) > 1:
        raise RemoteProtocolError(
            f"different Content-Length fields in one message: {excerpt(', '.join(values))}"
        )
    single["Content-Length"] = values[0]
    return repeated or None


def parse_content_length(value: str) -> int:
    """Return the number that a Content-Length field states, in bytes.

    Raises RemoteProtocolError for anything but ASCII digits, at most 19 of them.

    Spec: RFC 9110 section 8.6.
    """
    if len(value) > MAX_LENGTH_DIGITS:
        raise RemoteProtocolError(
            f"Content-Length of {len(value)} characters, expected no more than {MAX_LENGTH_DIGITS}"
        )
    if CONTENT_LENGTH.fullmatch(value) is None:
        raise RemoteProtocolError(f"Content-Length is {excerpt(value)}, expected decimal digits")
    return int(value)


def check_transfer_encoding(value: str, version: str, *, with_length: bool) -> None:
    """Accept a Transfer-Encoding field only when it is "chunked", on HTTP/1.1, without a
    Content-Length.

    Raises RemoteProtocolError: 501 for codings that exist and that we do not decode, else 400.

    Spec: RFC 9112 section 6.1.
    """
    if version == "HTTP/1.0":
        raise RemoteProtocolError("Transfer-Encoding in an HTTP/1.0 message")
    if with_length:
        raise RemoteProtocolError("Transfer-Encoding and Content-Length in one message")
    if value.lower() == "chunked":
        return
    *others, last = [coding.strip(" \t").lower() for coding in value.split(",")]
    if others and last == "chunked" and _NOT_IMPLEMENTED.issuperset(others):
        raise RemoteProtocolError(
            f"transfer coding {excerpt(value)} is not implemented, expected 'chunked'", 501
        )
    raise RemoteProtocolError(f"Transfer-Encoding is {excerpt(value)}, expected 'chunked'")


def keeps_alive(connection: str, version: str) -> bool:
    """Tell whether a message with this Connection field ("" for none) leaves the connection open.

    Spec: RFC 9112 section 9.3.
    """
    if connection == "keep-alive":
        return True
    options = connection_options(connection)
    if "close" in options:
        return False
    return version != "HTTP/1.0" or "keep-alive" in options


def connection_options(connection: str) -> list[str]:
    """Return the options of a Connection field in lower case. Spec: RFC 9110 section 7.6.1."""
    return [option.strip(" \t") for option in connection.lower().split(",")]


def check_version(version: str) -> None:
    """Accept HTTP/1.x. Later minor versions than 1 are read as HTTP/1.1 is.

    Raises RemoteProtocolError for another major version: 505 for 2 and more, else 400.

    Spec: RFC 9110 section 2.5.
    """
    if version[5] != "1":
        status = 400 if version[5] == "0" else 505
        raise RemoteProtocolError(
            f"version {excerpt(version)}, expected HTTP/1.1 or HTTP/1.0", status
        )
