"""What can go wrong, and whose fault it is.

    HTTP1Error
    |-- RemoteProtocolError     the peer broke HTTP/1.1; `status` is what a server answers
    |   `-- IncompleteMessage   the peer closed the connection in the middle of a message
    `-- LocalProtocolError      the caller broke the order of calls or its own Content-Length

Text that cannot be put on the wire at all (CR, LF or NUL in a field value, a name that is no token)
is a plain ValueError, as it is wrong whatever the state of the connection.

Messages never hold raw bytes of the peer: what is quoted passes through `excerpt`.
"""

from __future__ import annotations

_EXCERPT_LENGTH = 64


class HTTP1Error(Exception):
    """Root of the errors of this package."""


class RemoteProtocolError(HTTP1Error):
    """The peer sent what HTTP/1.1 or a limit forbids. Nothing that it sent afterwards is processed.

    `status` is the code that a server should answer before it closes the connection: 400, 413, 414,
    417, 431, 501 or 505. A client takes no notice of it.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class IncompleteMessage(RemoteProtocolError):  # noqa: N818 - the name that was agreed on
    """The peer closed the connection in the middle of a message."""


class LocalProtocolError(HTTP1Error):
    """The caller asked for what the state of the connection does not allow. Nothing was sent."""


def excerpt(text: str | bytes | bytearray) -> str:
    """Return `text` as it may stand in a message or a log: escaped, printable, at most 64
    characters of it.
    """
    plain = text if isinstance(text, str) else text[: _EXCERPT_LENGTH + 1].decode("latin-1")
    if len(plain) <= _EXCERPT_LENGTH:
        return ascii(plain)
    return ascii(plain[:_EXCERPT_LENGTH]) + "..."
