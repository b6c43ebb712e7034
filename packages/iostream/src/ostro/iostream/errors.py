"""What a stream raises.

StreamError
+-- StreamClosedError            (also OSError)
+-- StreamBufferFullError
+-- UnsatisfiableReadError
+-- ReadPendingError             (also AssertionError)
+-- StreamBusyError              (also ValueError)
+-- TLSOptionError               (also ValueError)
"""

from collections.abc import Iterable


class StreamError(Exception):
    """The root of all that this package raises."""


class StreamClosedError(StreamError, OSError):
    """The stream has closed, so the operation cannot be carried out.

    `real_error` is the reason when the stream closed because of an error (a reset, a failed
    handshake, a limit), and None when it was closed in good order by either side.
    """

    real_error: BaseException | None

    def __init__(self, real_error: BaseException | None = None) -> None:
        super().__init__(
            "the stream is closed"
            if real_error is None
            else f"the stream is closed because of {real_error!r}"
        )
        self.real_error = real_error


class StreamBufferFullError(StreamError):
    """More bytes would have to be kept than the stream's limit allows."""

    buffer: str
    size: int
    limit: int

    def __init__(self, buffer: str, size: int, limit: int) -> None:
        super().__init__(
            f"{size} bytes do not fit in the {buffer} buffer, which holds at most {limit} bytes"
        )
        self.buffer = buffer
        self.size = size
        self.limit = limit


class UnsatisfiableReadError(StreamError):
    """What a read looks for is not within its `max_bytes`."""

    wanted: bytes
    max_bytes: int

    def __init__(self, wanted: bytes, max_bytes: int) -> None:
        super().__init__(f"{wanted[:100]!r} was not found within {max_bytes} bytes")
        self.wanted = wanted
        self.max_bytes = max_bytes


class ReadPendingError(StreamError, AssertionError):
    """A read was asked for while another one is pending: a stream reads one thing at a time."""

    def __init__(self, pending: str) -> None:
        super().__init__(f"a read is already pending on this stream: {pending}")
        self.pending = pending


class StreamBusyError(StreamError, ValueError):
    """The stream is in the middle of something that the operation would disturb."""

    def __init__(self, operation: str, obstacle: str) -> None:
        super().__init__(f"{operation} is not possible on this stream: {obstacle}")
        self.operation = operation
        self.obstacle = obstacle


class TLSOptionError(StreamError, ValueError):
    """An entry of `ssl_options` is unknown or its value is not accepted."""

    def __init__(self, name: str, value: object, accepted: Iterable[str]) -> None:
        super().__init__(
            f"ssl_options: {name}={value!r} is not accepted; accepted: {', '.join(accepted)}"
        )
        self.name = name
        self.value = value
