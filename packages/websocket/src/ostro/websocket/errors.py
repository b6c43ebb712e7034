"""What can go wrong, and whose fault it is.

    WebSocketError
    |-- WebSocketClosedError    the caller sends on a connection that is closed or closing
    |-- FragmentOrderError      the caller sends something else amid a fragmented message
    |-- HandshakeError          the peer's half of the handshake is not acceptable
    |   `-- HandshakeRefusedError   the server answers with something else than 101
    |-- HandshakeTimeoutError   no answer to the handshake in time; also a TimeoutError
    `-- ProtocolViolation       the peer broke the protocol after it; reported as a Failure event

Text that cannot be sent at all (a close code that must not appear in a frame, a control frame over
125 bytes) is a plain ValueError, as it is wrong whatever the state of the connection.

Messages never hold raw bytes of the peer.
"""

from __future__ import annotations

from ostro.httputil import HTTPHeaders


class WebSocketError(Exception):
    """Root of the errors of this package."""


class WebSocketClosedError(WebSocketError):
    """The connection is closed or closing: nothing can be sent, and nothing more will come."""

    def __init__(self, message: str = "the WebSocket is closed") -> None:
        super().__init__(message)


class FragmentOrderError(WebSocketError):
    """The last fragment of a message has to be sent before another message begins."""


class HandshakeError(WebSocketError):
    """The opening handshake failed by the peer's fault.

    `status` is what a server should answer: 400, 405 or 426. A client takes no notice of it.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class HandshakeRefusedError(HandshakeError):
    """The server answered the opening handshake with another status than 101.

    `code`, `reason`, `headers` and `body` are its answer; of the body at most 64 KiB are kept. A
    redirect is not followed: its target stands in `headers`, and may be connected to.
    """

    def __init__(self, code: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        hint = ", a redirect, which is not followed" if 300 <= code < 400 else ""
        super().__init__(f"the server answered {code}{hint}, expected 101")
        self.code = code
        self.reason = reason
        self.headers = headers
        self.body = body


class HandshakeTimeoutError(WebSocketError, TimeoutError):
    """The opening, connecting included, was not over in time; what was begun has been closed."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        super().__init__(f"no WebSocket with {host!r} port {port} within {seconds:g} seconds")
        self.host = host
        self.port = port
        self.seconds = seconds


class ProtocolViolation(WebSocketError):  # noqa: N818 - the RFC's word for it
    """The peer sent what the protocol or a limit forbids.

    `code` is what the close frame has to say: 1002, 1007 or 1009; `reason` too, at most 123 bytes.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
