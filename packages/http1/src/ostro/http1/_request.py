"""The head of a request: from bytes that the grammar has passed to a `RequestHead`, or to the
reason why not.

Pure functions: nothing here knows the state of a connection.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address
from typing import Final

from ostro.httputil import HTTPHeaders

from ._events import RequestHead, TargetForm
from ._fields import parse_fields
from ._framing import (
    check_transfer_encoding,
    check_version,
    collapse_equal_lengths,
    connection_options,
    keeps_alive,
    parse_content_length,
)
from ._grammar import ABSOLUTE_FORM, HOST, PLAIN_HOST, REQUEST_LINE, is_token
from ._limits import Limits
from .errors import RemoteProtocolError, excerpt

# Under a name of this module: one lookup less for each request.
_make_headers: Final = HTTPHeaders.from_parsed

_MAX_PORT: Final = 65535
_KNOWN_VERSIONS: Final = frozenset({"HTTP/1.1", "HTTP/1.0"})


def parse_request_head(text: str, limits: Limits, known_host: str) -> RequestHead:
    """Return the request whose head is `text`: valid by the grammar, without its last two CRLFs.

    `known_host` is a Host value that has been found valid before. Raises RemoteProtocolError.
    """
    line, *lines = text.split("\r\n")
    method, target, version = line.split(" ")
    if version not in _KNOWN_VERSIONS:
        check_request_line(line)
    single, repeated = parse_fields(lines, limits.max_fields)
    values = single
    if repeated is not None:
        repeated = collapse_equal_lengths(single, repeated)
        # The headers own what they are made of, and need not keep the joined values.
        values = single.copy()
    host = values.get("Host")
    if host is None:
        if version != "HTTP/1.0":
            raise RemoteProtocolError(f"{version} request without a Host field")
        host = ""
    elif host != known_host:
        check_host(host)
    head = RequestHead(method, target, version, _make_headers(single, repeated), host)
    if target[0] != "/" or method == "CONNECT":
        head.form, authority = _find_form(method, target)
        # RFC 9112 section 3.3: the authority in the target replaces the Host field.
        head.host = authority or host
    if "Content-Length" in values or "Transfer-Encoding" in values:
        _apply_framing(head, values)
    connection = values.get("Connection", "")
    if connection or version != "HTTP/1.1":
        head.keep_alive = keeps_alive(connection, version)
        if "Upgrade" in values:
            _apply_upgrade(head, values["Upgrade"], connection)
    if "Expect" in values:
        _apply_expectation(head, values["Expect"])
    return head


def check_host(host: str) -> None:
    """Accept a Host field: a name, an IPv4 or a bracketed IPv6 address, an optional port, or
    nothing at all.

    An empty field is what a client sends whose target has no authority. Raises RemoteProtocolError.

    Spec: RFC 9112 section 3.2, RFC 9110 section 7.2.
    """
    if not host or PLAIN_HOST.fullmatch(host) is not None:
        return
    match = HOST.fullmatch(host)
    if match is None:
        if "," in host:
            raise RemoteProtocolError(f"more than one host: {excerpt(host)}")
        raise RemoteProtocolError(f"malformed host {excerpt(host)}")
    address, port = match.groups()
    if port and int(port) > _MAX_PORT:
        raise RemoteProtocolError(f"port {port} in a host, expected no more than {_MAX_PORT}")
    if address is not None:
        try:
            IPv6Address(address)
        except AddressValueError:
            raise RemoteProtocolError(f"malformed IPv6 address {excerpt(address)}") from None


def _find_form(method: str, target: str) -> tuple[TargetForm, str]:
    """Return the form of a target that is not simply a path, and the authority in it, if any.

    Raises RemoteProtocolError.

    Spec: RFC 9112 section 3.2.
    """
    if method == "CONNECT":
        _check_authority(target)
        return TargetForm.AUTHORITY, target
    if target == "*":
        if method != "OPTIONS":
            raise RemoteProtocolError(f"target '*' with method {excerpt(method)}, expected OPTIONS")
        return TargetForm.ASTERISK, ""
    match = ABSOLUTE_FORM.fullmatch(target)
    if match is None:
        raise RemoteProtocolError(
            f"request target {excerpt(target)}, expected a path that begins with '/' or a whole URL"
        )
    check_host(match[1])
    return TargetForm.ABSOLUTE, match[1]


def _check_authority(target: str) -> None:
    """Accept the target of a CONNECT: a host and a port. Spec: RFC 9112 section 3.2.3."""
    _, colon, port = target.rpartition(":")
    if not colon or not port.isdigit():
        raise RemoteProtocolError(f"CONNECT target {excerpt(target)}, expected host:port")
    check_host(target)


def _apply_framing(head: RequestHead, values: dict[str, str]) -> None:
    """Find out where the body ends. Spec: RFC 9112 section 6.3."""
    length = values.get("Content-Length")
    coding = values.get("Transfer-Encoding")
    if coding is not None:
        check_transfer_encoding(coding, head.version, with_length=length is not None)
        head.chunked = True
    if length is not None:
        head.content_length = parse_content_length(length)
    if head.method == "CONNECT" and head.has_body:
        # RFC 9110 section 9.3.6: a CONNECT request does not have content. Bytes after it are the
        # tunnel's.
        raise RemoteProtocolError("a CONNECT request with a body")


def _apply_upgrade(head: RequestHead, protocols: str, connection: str) -> None:
    """Take note of an Upgrade field, of GET requests of HTTP/1.1. Spec: RFC 9110 section 7.8."""
    if (
        head.method == "GET"
        and head.version != "HTTP/1.0"
        and "upgrade" in connection_options(connection)
    ):
        head.upgrade = protocols


def _apply_expectation(head: RequestHead, expectation: str) -> None:
    """Take note of `Expect: 100-continue`, of HTTP/1.1 requests with a body. Spec: RFC 9110 section
    10.1.1.
    """
    if head.version == "HTTP/1.0":
        return
    if expectation.lower() != "100-continue":
        raise RemoteProtocolError(
            f"expectation {excerpt(expectation)}, expected '100-continue'", 417
        )
    head.expect_continue = head.has_body


def check_request_line(line: str) -> None:
    """Accept a request line that came before the rest of its head. Raises RemoteProtocolError."""
    if REQUEST_LINE.fullmatch(line.encode("latin-1")) is None:
        raise RemoteProtocolError(_explain_request_line(line))
    method, target, version = line.split(" ")
    if target[0] != "/" or method == "CONNECT":
        _find_form(method, target)
    check_version(version)


def _explain_request_line(line: str) -> str:
    parts = line.split(" ")
    if len(parts) != 3:
        return (
            f"request line {excerpt(line)} has {len(parts) - 1} spaces, expected "
            "method, target and version with one space between"
        )
    method, target, _ = parts
    if not is_token(method):
        return f"request method {excerpt(method)} is not a token"
    if "#" in target:
        return f"request target {excerpt(target)} has a fragment"
    if not target or not target.isascii() or not target.isprintable():
        return f"request target {excerpt(target)}, expected visible ASCII characters"
    return f"request line {excerpt(line)} ends in no HTTP version, expected HTTP/1.1"
