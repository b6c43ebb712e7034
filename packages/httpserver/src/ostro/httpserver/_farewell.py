"""The end of a connection that is not cut off: what is left is sent, and the client gets to read
it.

This file owns a stream from the last byte of the last answer on. It knows no HTTP; what the client
still sends is thrown away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ostro.ioloop import NEVER, RegularSweeper
from ostro.iostream import IOStream, SSLIOStream

from ._pace import WritePace
from ._settings import LINGER_TIMEOUT

general_log = logging.getLogger("ostro.general")


class Farewell:
    """Takes `stream` over from its receiver, and closes it when the client has got everything.

    `linger`: this side ends the connection, so the client may still be sending. Closing then would
    reset the connection and could destroy the answer before the client has read it; so only the
    output is ended, and the client gets `LINGER_TIMEOUT` to follow. `write_timeout`: seconds in
    which some byte must leave; 0 means no limit. `on_end` is called once, when the stream is
    closed. `client` names the client in the log.

    Spec: RFC 9112 section 9.6.
    """

    __slots__ = (
        "_client",
        "_eof",
        "_linger",
        "_on_end",
        "_pace",
        "_stream",
        "_sweeper",
        "deadline",
    )

    def __init__(
        self,
        stream: IOStream,
        sweeper: RegularSweeper,
        on_end: Callable[[], None],
        client: str,
        *,
        linger: bool,
        write_timeout: float,
    ) -> None:
        self._stream = stream
        self._sweeper = sweeper
        self._on_end = on_end
        self._client = client
        # Over TLS some clients (uvloop's) drop what they have not yet passed on when the socket's
        # end comes right behind that of TLS: they are always waited for.
        self._linger = linger or isinstance(stream, SSLIOStream)
        # Whether the client has said that it sends no more.
        self._eof = False
        # How what is left leaves; None when it has.
        self._pace: WritePace | None = None
        self.deadline = NEVER
        sweeper.watch(self)
        stream.set_receiver(self)
        stream.resume_reading()
        if not stream.write_buffer_size:
            self.drained()
        elif write_timeout:
            self._pace = WritePace(sweeper.clock(), write_timeout, stream.bytes_sent)
            self.deadline = self._pace.next_check()

    def data_received(self, data: bytes) -> None:
        """Throw away what comes after the end."""

    def eof_received(self) -> None:
        """Learn that the client has nothing more to lose."""
        self._eof = True
        if not self._stream.write_buffer_size:
            self._stream.close()

    def drained(self) -> None:
        """Learn that everything written has left."""
        self._pace = None
        if self._eof or not self._linger:
            self._stream.close()
        else:
            self._stream.shutdown_write()
            self.deadline = self._sweeper.clock() + LINGER_TIMEOUT

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn that the stream is closed."""
        self._sweeper.forget(self)
        self._on_end()

    def expire(self, now: float) -> None:
        """Close if the client does not read, or does not stop sending."""
        pace = self._pace
        if pace is not None:
            if not pace.stalled(now, self._stream.bytes_sent):
                self.deadline = pace.next_check()
                return
            general_log.info("%s does not read its answer; closing", self._client)
        self._stream.close()
