"""The grammar of HTTP/1.1, each expression under its ABNF rule.

Possessive quantifiers (`*+`, `++`) on every character class, so that an expression that fails does
so in one pass. Not on groups, which need none here: Python before 3.11.5 misreads those, and would
accept what the grammar forbids.
Expressions run on bytes, or on text decoded as latin-1, so that one character is one octet.
"""

from __future__ import annotations

import re
from typing import Final

# tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" /
#     DIGIT / ALPHA
# RFC 9110 section 5.6.2
_TCHAR = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"

# token = 1*tchar
_TOKEN = rf"{_TCHAR}++"

# field-value = *field-content; field-vchar = VCHAR / obs-text; and SP / HTAB between, trimmed later
# RFC 9110 section 5.5. Listed as what is permitted, so that CR, LF, NUL, other controls and DEL are
# not.
_VALUE = r"[\t\x20-\x7e\x80-\xff]*+"

# field-line = field-name ":" OWS field-value OWS
# RFC 9112 section 5. No space before the colon, no line folding.
_FIELD_LINE = rf"{_TOKEN}:{_VALUE}\r\n"

# request-target: visible ASCII without "#", which starts a fragment; each form is looked at later
# RFC 9112 section 3.2. Wider than RFC 3986 (`|`, `"`, `^`, `{` pass), because browsers send those.
_TARGET = r"[!-\"$-~]++"

# HTTP-version = HTTP-name "/" DIGIT "." DIGIT
# RFC 9112 section 2.3, case-sensitive
_VERSION = r"HTTP/[0-9]\.[0-9]"

# request-line = method SP request-target SP HTTP-version
# RFC 9112 section 3
_REQUEST_LINE = rf"{_TOKEN} {_TARGET} {_VERSION}"

# status-line = HTTP-version SP status-code SP [ reason-phrase ]
# RFC 9112 section 4. We accept a line without the last SP because widespread servers send it.
_STATUS_LINE = rf"{_VERSION} [1-9][0-9][0-9](?: {_VALUE})?"

# HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
# RFC 9112 section 2.1
REQUEST_HEAD: Final = re.compile(rf"{_REQUEST_LINE}\r\n(?:{_FIELD_LINE})*\r\n".encode())
RESPONSE_HEAD: Final = re.compile(rf"{_STATUS_LINE}\r\n(?:{_FIELD_LINE})*\r\n".encode())

# trailer-section = *( field-line CRLF ), and the CRLF that ends the chunked body
# RFC 9112 section 7.1.2
TRAILERS: Final = re.compile(rf"(?:{_FIELD_LINE})*\r\n".encode())

# request-line with origin-form and HTTP/1.1, the usual one, up to its CRLF
# RFC 9112 sections 3 and 3.2.1
ORIGIN_LINE: Final = re.compile(rf"({_TOKEN}) (/[!-\"$-~]*+) HTTP/1\.1".encode())

REQUEST_LINE: Final = re.compile(_REQUEST_LINE.encode())
STATUS_LINE: Final = re.compile(_STATUS_LINE.encode())
TOKEN: Final = re.compile(_TOKEN)
TARGET: Final = re.compile(_TARGET)

# field-value, and reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ), which may be missing
# RFC 9112 section 4
VALUE: Final = re.compile(_VALUE)

# What no line of a message may hold: a control byte, a CR or an LF that does not belong to a CRLF.
# RFC 9112 section 2.2. A CR that comes last may still get its LF.
BROKEN_LINE: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")

# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
# RFC 9110 section 5.6.4
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'

# chunk-ext = *( ";" chunk-ext-name [ "=" chunk-ext-val ] )
# RFC 9112 section 7.1.1. The RFC has a recipient read white space ("BWS") around ";" and "=" too.
# We refuse it, as other parsers do: nobody sends it, and "5 ;" has been read in different ways.
_CHUNK_EXTENSION = rf";{_TOKEN}(?:=(?:{_TOKEN}|{_QUOTED}))?"

# chunk-size [ chunk-ext ] CRLF; chunk-size = 1*HEXDIG, of which we read at most 16
# RFC 9112 section 7.1
CHUNK_LINE: Final = re.compile(rf"([0-9A-Fa-f]{{1,16}}+)((?:{_CHUNK_EXTENSION})*)\r\n".encode())

# The same without extensions, as nearly all are.
PLAIN_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16}+)\r\n")

# How a chunk line may begin, for lines that are not yet whole.
CHUNK_LINE_START: Final = re.compile(rb"[0-9A-Fa-f]{1,16}+(?:[;\r]|\Z)")

# Content-Length = 1*DIGIT
# RFC 9110 section 8.6
CONTENT_LENGTH: Final = re.compile(r"[0-9]++")

# absolute-form = absolute-URI, here of the schemes that name an HTTP origin: authority and rest
# RFC 9112 section 3.2.2, RFC 3986 section 4.3
ABSOLUTE_FORM: Final = re.compile(r"(?i:https?)://([^/?]++)(?:[/?].*)?")

# Host = uri-host [ ":" port ]; reg-name = *( unreserved / pct-encoded / sub-delims )
# RFC 9110 section 7.2, RFC 3986 section 3.2.2. A comma is left out: it would read as two hosts.
HOST: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]++)\]|(?:[0-9A-Za-z\-._~!$&'()*;=]|%[0-9A-Fa-f]{2})+)(?::([0-9]{0,5}+))?"
)

# What nearly all of them are: no percent-encoding, no IPv6, a port that is surely in range.
PLAIN_HOST: Final = re.compile(r"[0-9A-Za-z\-._]++(?::[0-9]{1,4}+)?")


def is_token(text: str) -> bool:
    """Tell whether `text` is a token. Spec: RFC 9110 section 5.6.2."""
    return TOKEN.fullmatch(text) is not None
