"""XSRF tokens: 16 random bytes of a session, and the two ways to write them.

Format 2 hides the token behind a random mask, so that it looks different in each response and
cannot be guessed from the length of compressed ones (BREACH):

    2|HEX_MASK|HEX_OF_TOKEN_XOR_MASK|UNIX_SECONDS

the mask of 4 bytes repeated over the token. Format 1 is the token in hexadecimal digits. Both are
what Tornado reads and writes. This file knows no request and no handler.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from typing import Final, NamedTuple

_TOKEN_BYTES: Final = 16
_MASK_BYTES: Final = 4

_format_1: Final = re.compile(r"[0-9a-fA-F]{32}").fullmatch
_format_2: Final = re.compile(r"2\|([0-9a-fA-F]{8})\|([0-9a-fA-F]{32})\|([0-9]{1,12})").fullmatch


class XsrfToken(NamedTuple):
    """A session's token, and when it was made (unix seconds)."""

    secret: bytes
    made_at: int

    @classmethod
    def new(cls) -> XsrfToken:
        """Return a token that nobody can guess."""
        return cls(secrets.token_bytes(_TOKEN_BYTES), int(time.time()))

    @classmethod
    def parse(cls, text: str) -> XsrfToken | None:
        """Return the token that `text` stands for in either format, None if in none."""
        if found := _format_2(text):
            mask, masked = bytes.fromhex(found[1]), bytes.fromhex(found[2])
            return cls(_xor(masked, mask), int(found[3]))
        if _format_1(text):
            return cls(bytes.fromhex(text), int(time.time()))
        return None

    def format(self, version: int) -> bytes:
        """Return the token as text, masked anew. Raises ValueError for an unknown version."""
        if version == 1:
            return self.secret.hex().encode()
        if version != 2:
            raise ValueError(f"xsrf_cookie_version is {version!r}, expected 1 or 2")
        mask = secrets.token_bytes(_MASK_BYTES)
        return f"2|{mask.hex()}|{_xor(self.secret, mask).hex()}|{self.made_at}".encode()

    def matches(self, other: XsrfToken) -> bool:
        """Tell whether both are the same session's; it takes the same time if they are not."""
        return hmac.compare_digest(self.secret, other.secret)


def _xor(data: bytes, mask: bytes) -> bytes:
    repeated = mask * (_TOKEN_BYTES // _MASK_BYTES)
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
        _TOKEN_BYTES, "big"
    )
