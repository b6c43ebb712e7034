"""TLS without a socket: ciphertext and plaintext in, plaintext and ciphertext out.

This file owns the `ssl.SSLObject` and its two memory buffers. Because OpenSSL never sees the
socket, it never blocks on it: what it wants to send lies in the outgoing buffer, and what it lacks
is simply not there yet. Neither the renegotiation of TLS 1.2 nor the key updates of TLS 1.3 can
make a write wait for a read.
"""

import contextlib
import ssl
from typing import Final

RECORDS_AT_ONCE: Final = 65536
"""Bytes of plaintext that are encrypted at a time: a slow peer costs no more memory than this."""

_RECORD: Final = 16384  # bytes of plaintext in a record at most (RFC 8446 section 5.1)


class TLSSession:
    """One side of one TLS connection.

    Raises ValueError if the context verifies names and is told none, and ssl.SSLError if it is one
    for the other side.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "ended", "failure")

    def __init__(
        self, context: ssl.SSLContext, server_side: bool, server_hostname: str | None
    ) -> None:
        if context.check_hostname and not server_side and not server_hostname:
            # ssl.SSLSocket refuses this, ssl.SSLObject does not, and would verify no name at all.
            raise ValueError("server_hostname is needed: ssl_options ask for its verification")
        self.ended = False  # the peer has said that it sends no more (close_notify)
        self.failure: ssl.SSLError | None = None  # the session is broken by this
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_side,
            server_hostname=server_hostname,
        )

    @property
    def ssl_object(self) -> ssl.SSLObject:
        """The object that knows the certificate, the cipher and the protocol of the connection."""
        return self._object

    def handshake(self, received: bytes | None) -> bool:
        """Go on with the handshake, with more bytes of the peer; say whether it is done.

        received: None: nothing has come (yet), b"": the peer has closed the connection.

        Raises ssl.SSLError; `take_outgoing` then holds the alert for the peer.
        """
        if received:
            self._incoming.write(received)
        elif received is not None:
            self._incoming.write_eof()
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def decrypt(self, received: bytes) -> bytes:
        """Return the plaintext of what was received; `ended` and `failure` may be set after it.

        Once one of them is set, it must not be called again.

        received: at most some 64 KiB, so that the plaintext is bounded; b"" to look for what came
            in together with the end of the handshake.
        """
        incoming = self._incoming
        if received:
            incoming.write(received)
        data = self._read()
        if not incoming.pending and not self._object.pending():
            return data  # the usual case: one record, and no exception is spent on its end
        chunks: list[bytes] = []
        while data:
            chunks.append(data)
            data = self._read()
        return b"".join(chunks)

    def _read(self) -> bytes:
        """Return the plaintext of one record, b"" when there is none."""
        try:
            data = self._object.read(_RECORD)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:
            data = b""
        except ssl.SSLError as error:
            self.failure = error
            return b""
        if not data:
            self.ended = True
        return data

    def encrypt(self, data: bytes | memoryview) -> int:
        """Encrypt the beginning of `data`, and return how many bytes that were."""
        if len(data) > RECORDS_AT_ONCE:
            data = memoryview(data)[:RECORDS_AT_ONCE]
        return self._object.write(data)

    def end_output(self) -> None:
        """Write the alert that tells the peer that no more comes. Idempotent."""
        # It complains when the peer has not said the same yet, which it need not.
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()

    def has_outgoing(self) -> bool:
        """Say whether there is anything to be sent to the peer."""
        return self._outgoing.pending > 0

    def take_outgoing(self) -> bytes:
        """Take the bytes that are to be sent to the peer."""
        return self._outgoing.read()
