"""What the protocol reports. Messages are plain `str` and `bytes`; the rest are slotted classes.

Events are not changed after they have been made.
"""

from __future__ import annotations

from typing import TypeAlias


class Ping:
    """The peer asks for a pong with the same data: send it, unless this side has closed."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Ping({self.data!r})"


class Pong:
    """The peer answers a ping that had this data; or says, unasked, that it is alive."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Pong({self.data!r})"


class Close:
    """The peer closes, and sends nothing more. Unless this side has closed before, echo it.

    `code` is 1005 where the peer gave none. Spec: RFC 6455 sections 5.5.1 and 7.1.5.
    """

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason

    def __repr__(self) -> str:
        return f"Close({self.code}, {self.reason!r})"


class Failure:
    """The peer broke the protocol or a limit; nothing that it sends is looked at any more.

    Send a close frame with `code` and `reason`, unless this side has closed before, and drop the
    connection. Spec: RFC 6455 section 7.1.7.
    """

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason

    def __repr__(self) -> str:
        return f"Failure({self.code}, {self.reason!r})"


Event: TypeAlias = str | bytes | Ping | Pong | Close | Failure
"""A text message, a binary message, or one of the others."""
