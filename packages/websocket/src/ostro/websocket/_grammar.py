"""The grammar of the header fields of the opening handshake.

Spec: RFC 6455 sections 4.3 and 9.1, RFC 9110 sections 5.6.1, 5.6.2 and 5.6.4, RFC 7692 section 7.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN_TEXT: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 (a token of HTTP)

TOKEN: Final = re.compile(_TOKEN_TEXT)
"""token = 1*tchar. RFC 9110 section 5.6.2."""

KEY: Final = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sec-WebSocket-Key: sixteen bytes in base64. RFC 6455 section 4.1; the last character before the
padding has no bits but the two that are left."""

EXTENSION_PARAMETER: Final = re.compile(
    rf'[ \t]*;[ \t]*({_TOKEN_TEXT})(?:[ \t]*=[ \t]*(?:({_TOKEN_TEXT})|"({_TOKEN_TEXT})"))?'
)
"""extension-param, with the semicolon before it; a quoted value has to be a token as well.
RFC 6455 section 9.1."""

COMMA: Final = re.compile(r"[ \t]*(?:,[ \t]*)+")
"""What separates the elements of a list; empty ones are ignored. RFC 9110 section 5.6.1."""

SPACE: Final = re.compile(r"[ \t]*")
"""OWS = *( SP / HTAB ). RFC 9110 section 5.6.3."""

WINDOW_BITS: Final = re.compile(r"[89]|1[0-5]")
"""The value of server_max_window_bits and client_max_window_bits: 8 to 15, no leading zero.
RFC 7692 section 7.1.2."""
