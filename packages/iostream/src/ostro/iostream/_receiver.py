"""The seam between a stream in push mode and whoever consumes its bytes."""

from typing import Protocol


class Receiver(Protocol):
    """Takes what happens on a stream, straight from the loop's events.

    The methods are called directly: no future and no loop turn lies in between. None of them runs
    inside a call that the receiver itself makes into the stream (`close` has `connection_lost`
    called soon after), except that `set_receiver` delivers at once what is buffered. An exception
    that one of them lets out is logged to `ostro.application` and closes the stream.
    """

    def data_received(self, data: bytes) -> None:
        """Take the next bytes, never empty."""
        ...

    def eof_received(self) -> None:
        """Learn that the peer sends no more; the stream stays writable until `close()`."""
        ...

    def drained(self) -> None:
        """Learn that the write buffer, not empty before, has become empty."""
        ...

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn, exactly once, that the stream has closed.

        Args:
            error: Why; None when this side called `close()` without giving an error.
        """
        ...
