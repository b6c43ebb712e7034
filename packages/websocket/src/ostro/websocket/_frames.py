"""Frames on their way out, and which close codes may be in them.

Spec: RFC 6455 sections 5.2 and 7.4.
"""

from __future__ import annotations

from typing import Final

from ._masking import MaskSource, apply_mask

MAX_CONTROL_PAYLOAD: Final = 125
"""Bytes in a control frame. Spec: RFC 6455 section 5.5."""

MAX_REASON: Final = MAX_CONTROL_PAYLOAD - 2
"""Bytes of UTF-8 in the reason of a close frame."""

NORMAL_CLOSURE: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
NO_STATUS: Final = 1005
ABNORMAL_CLOSURE: Final = 1006
INVALID_DATA: Final = 1007
MESSAGE_TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011

_MASKED: Final = 0x80


def is_sendable_close_code(code: int) -> bool:
    """Tell whether a close frame may have this code.

    1004, 1005, 1006 and 1015 are reserved; 1016 to 2999 have no meaning yet.
    Spec: RFC 6455 section 7.4, and the registry that it set up, which adds 1012 to 1014.
    """
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def frame(first: int, payload: bytes, masks: MaskSource | None) -> bytes:
    """Return a frame, masked if there are masks.

    `first` is its first byte: FIN, reserved bits and opcode.
    """
    header, payload = header_and_payload(first, payload, masks)
    return header + payload


def header_and_payload(first: int, payload: bytes, masks: MaskSource | None) -> tuple[bytes, bytes]:
    """Return a frame as its header and its payload, which is masked if there are masks."""
    size = len(payload)
    flag = 0 if masks is None else _MASKED
    if size < 126:
        header = bytes((first, flag | size))
    elif size < 65536:
        header = bytes((first, flag | 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((first, flag | 127)) + size.to_bytes(8, "big")
    if masks is None:
        return header, payload
    mask = masks.next_mask()
    return header + mask, apply_mask(payload, mask)


def close_payload(code: int | None, reason: str) -> bytes:
    """Return the payload of a close frame.

    Raises ValueError for a code that must not be sent, a reason without a code, or one over 123
    bytes. Spec: RFC 6455 section 5.5.1.
    """
    if code is None:
        if reason:
            raise ValueError("a close reason needs a close code")
        return b""
    if not is_sendable_close_code(code):
        raise ValueError(f"close code {code}, expected 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    text = reason.encode()
    if len(text) > MAX_REASON:
        raise ValueError(f"close reason of {len(text)} bytes, expected at most {MAX_REASON}")
    return code.to_bytes(2, "big") + text
