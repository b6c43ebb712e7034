"""SSLIOStream: a stream over a socket that speaks TLS.

This file owns the order of handshake, data and end. The TLS itself is in `_tls`, which sees no
socket; records that the kernel has not taken yet are the stream's backlog.
"""

import asyncio
import contextlib
import errno
import os
import socket as socket_module
import ssl
from collections.abc import Mapping
from typing import Final, Literal, overload

from ostro.ioloop import IOLoop

from ._base import DEFAULT_MAX_BUFFER_SIZE, DEFAULT_READ_CHUNK_SIZE, BaseIOStream
from ._context import SSLOptions, default_client_context, ssl_options_to_context
from ._core import CLOSED, HANDSHAKING, OPEN, general_log
from ._iostream import INTERNET, IOStream, host_of
from ._tls import TLSSession
from .errors import StreamBusyError, StreamClosedError

BYTES_AT_ONCE: Final = 262144
"""Bytes that are encrypted and sent in one go at most, so that other streams get their turn."""


class SSLIOStream(IOStream):
    """Write to and read from a socket in TLS without blocking.

    The handshake starts by itself: at once when the socket is connected, otherwise after
    `connect`. What is written before it is done goes out behind it.

    A socket wrapped by `ssl` (with do_handshake_on_connect=False) may be given too; its context,
    side and name are used then.

    The end of the connection is an end of file whether the peer announced it (close_notify) or not,
    so that protocols without a length of their own cannot tell a truncation.

    Args:
        socket: See `IOStream`.
        io_loop: See `IOStream`.
        max_buffer_size: See `IOStream`.
        read_chunk_size: See `IOStream`.
        max_write_buffer_size: See `IOStream`.
        ssl_options: A dict or an SSLContext, see `ssl_options_to_context`. None means the defaults
            of a client, which verifies certificate and name against the system's authorities.
        server_hostname: The name that a client asks for (SNI) and expects in the certificate. None
            means the host that is given to `connect`.
        server_side: This is the server's side.

    Raises:
        TLSOptionError: If the options are not accepted, or a server has no certificate.
        ValueError: If the options ask for verification of a name, and none is given.
        ssl.SSLError: If the context is one for the other side.
        StreamBusyError: If the socket is wrapped and has its handshake behind it.
    """

    __slots__ = (
        "_context",
        "_handshake_waiters",
        "_records",
        "_records_sent",
        "_server_hostname",
        "_server_side",
        "_session",
    )

    def __init__(
        self,
        socket: socket_module.socket,
        io_loop: IOLoop | None = None,
        max_buffer_size: int | None = DEFAULT_MAX_BUFFER_SIZE,
        read_chunk_size: int | None = DEFAULT_READ_CHUNK_SIZE,
        *,
        max_write_buffer_size: int | None = None,
        ssl_options: SSLOptions | None = None,
        server_hostname: str | None = None,
        server_side: bool = False,
    ) -> None:
        if isinstance(socket, ssl.SSLSocket):
            if socket.version() is not None:
                raise StreamBusyError(
                    "SSLIOStream", "the handshake is done; wrap with do_handshake_on_connect=False"
                )
            server_side = bool(socket.server_side)
            if ssl_options is None:
                ssl_options = socket.context
            if server_hostname is None:
                server_hostname = socket.server_hostname
            socket = _unwrapped(socket)
        super().__init__(
            socket,
            io_loop,
            max_buffer_size,
            read_chunk_size,
            max_write_buffer_size=max_write_buffer_size,
        )
        if ssl_options is not None:
            self._context = ssl_options_to_context(ssl_options, server_side)
        elif server_side:
            self._context = ssl_options_to_context({}, server_side)
        else:
            self._context = default_client_context()
        self._server_side = server_side
        self._server_hostname = server_hostname
        self._session: TLSSession | None = None  # from the handshake on
        self._records = b""  # ciphertext that the kernel has not taken yet
        self._records_sent = 0  # bytes of ciphertext that it has taken
        self._handshake_waiters: list[asyncio.Future[SSLIOStream]] | None = None
        if server_side or _is_connected(socket):
            self._start_handshake()

    # What is known of the peer

    def wait_for_handshake(self) -> "asyncio.Future[SSLIOStream]":
        """Give this stream when the handshake is done.

        Raises:
            StreamClosedError: From the future, if it fails, with the `ssl.SSLError` as
                `real_error`.
        """
        future: asyncio.Future[SSLIOStream] = self._loop.create_future()
        if self._phase is CLOSED:
            _fail(future, self.error)
        elif self._phase is OPEN and self._session is not None:
            future.set_result(self)
        elif self._handshake_waiters is None:
            self._handshake_waiters = [future]
        else:
            self._handshake_waiters.append(future)
        return future

    def _close_if_cancelled(self, handshake: "asyncio.Future[SSLIOStream]") -> None:
        if handshake.cancelled():
            self.close()

    def selected_alpn_protocol(self) -> str | None:
        """Return the protocol that was agreed upon in the handshake, None if there is none.

        Spec: RFC 7301.
        """
        return None if self._session is None else self._session.ssl_object.selected_alpn_protocol()

    @overload
    def get_ssl_certificate(
        self, binary_form: Literal[False] = False
    ) -> Mapping[str, object] | None: ...
    @overload
    def get_ssl_certificate(self, binary_form: Literal[True]) -> bytes | None: ...
    @overload
    def get_ssl_certificate(self, binary_form: bool) -> Mapping[str, object] | bytes | None: ...
    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        """Return the certificate of the peer, None if it has shown none.

        The dict is that of `ssl.SSLSocket.getpeercert`, empty when nothing was verified.

        Args:
            binary_form: Return the certificate in DER, as bytes, instead.
        """
        session = self._session
        if session is None:
            return None
        if binary_form:
            return session.ssl_object.getpeercert(True)
        return session.ssl_object.getpeercert(False)

    # The handshake

    def _on_connected(self) -> None:
        attempt = self._attempt
        assert attempt is not None
        if attempt.server_hostname is not None:
            self._server_hostname = attempt.server_hostname
        elif self._server_hostname is None and self._socket.family in INTERNET:
            self._server_hostname = host_of(attempt.address)
        try:
            self._start_handshake()
        except (ssl.SSLError, ValueError) as error:
            self._connect_failed(error)

    def _start_handshake(self) -> None:
        self._session = TLSSession(self._context, self._server_side, self._server_hostname)
        self._phase = HANDSHAKING
        self._continue_handshake(self._session, None)
        self._update_listening()

    def _continue_handshake(self, session: TLSSession, received: bytes | None) -> None:
        try:
            done = session.handshake(received)
        except ssl.SSLError as error:
            self._handshake_failed(error)
            return
        self._send_or_watch()
        if done:
            self._handshake_done(session)

    def _handshake_done(self, session: TLSSession) -> None:
        waiters, self._handshake_waiters = self._handshake_waiters, None
        for future in waiters or ():
            if not future.done():
                future.set_result(self)
        self._open()
        if self._phase is OPEN:
            self._on_records(session, b"")  # may have come together with the end of the handshake

    def _handshake_failed(self, error: ssl.SSLError) -> None:
        general_log.info("TLS handshake failed on %r: %s", self, error)
        with contextlib.suppress(OSError):
            self._send_records()  # the alert that tells the peer why, if it is still there
        self._lose(error)

    def _fail_pending(self, error: BaseException | None) -> None:
        waiters, self._handshake_waiters = self._handshake_waiters, None
        for future in waiters or ():
            _fail(future, error)
        super()._fail_pending(error)

    def _obstacle_to_tls(self) -> str | None:
        return "it speaks TLS already"

    # Reading

    def _wants_bytes(self) -> bool:
        return self._phase is HANDSHAKING or super()._wants_bytes()

    def _wants_data(self) -> bool:
        return self._phase is HANDSHAKING or super()._wants_data()

    def _on_readable(self) -> None:
        BaseIOStream._on_readable(self)  # not the one for plain sockets

    def _read_once(self) -> bool:
        session = self._session
        if session is None or not self._wants_bytes():
            return False
        try:
            received = self.read_from_fd(self._read_chunk_size)
        except OSError as error:
            self._read_failed(error)
            return False
        self._doubtful = received is not None
        if received is None:
            return False
        if self._phase is HANDSHAKING:
            self._continue_handshake(session, received)
        elif received:
            self._on_records(session, received)
        else:
            self._on_eof()
        return bool(received)

    def _on_records(self, session: TLSSession, received: bytes) -> None:
        data = session.decrypt(received)
        if session.has_outgoing():
            self._send_or_watch()  # what TLS itself has to say: an alert, the update of a key
        if data:
            self._on_data(data)
        if self._phase is CLOSED:
            return
        if session.failure is not None:
            self._lose(session.failure)
        elif session.ended and not self._eof:
            self._on_eof()

    # Writing

    @property
    def bytes_sent(self) -> int:
        """The number of bytes of TLS records that the kernel has taken."""
        return self._records_sent

    def write_to_fd(self, data: bytes | memoryview) -> int:
        """Encrypt and send, in bounded pieces, until the kernel takes no more."""
        session = self._session
        if session is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        if not self._send_records():
            return 0
        size = min(len(data), BYTES_AT_ONCE)
        taken = 0
        while taken < size:
            taken += session.encrypt(memoryview(data)[taken:] if taken else data)
            if not self._send_records():
                break
        return taken

    def _send_records(self) -> bool:
        """Send the ciphertext that is ready; say whether all of it went out."""
        session = self._session
        records = self._records
        if session is not None and session.has_outgoing():
            records = records + session.take_outgoing() if records else session.take_outgoing()
        if not records:
            return True
        sent = super().write_to_fd(records)
        self._records_sent += sent
        self._records = records[sent:]
        self._backlog = len(self._records)
        return not self._backlog

    def _send_or_watch(self) -> bool:
        """Send the ciphertext that is ready, now or when it is possible; say whether all went."""
        try:
            sent = self._send_records()
        except OSError as error:
            self._write_failed(error)
            return False
        if not sent:
            self._watch_writes(self._on_writable)
        return sent

    def _on_writable(self) -> None:
        if not self._send_or_watch():
            return
        if self._writes is not None and self._phase is OPEN:
            self._flush()
            return
        self._stop_watching_writes()

    def _end_output(self) -> None:
        # RFC 8446 section 6.1: close_notify says that no more comes. The socket itself stays open
        # until `close`, since some clients (uvloop's) drop what they have not yet passed on when
        # its end comes behind the alert.
        session = self._session
        if session is not None:
            session.end_output()
            self._send_or_watch()

    def close_fd(self) -> None:
        """Close the socket, after telling the peer that all has been said, if so it was."""
        session = self._session
        if session is not None and self.error is None and not self.write_buffer_size:
            session.end_output()
            with contextlib.suppress(OSError):
                self._send_records()
                # What a server says right after the handshake (tickets) may lie unread in the
                # kernel, which would then turn this end into a reset and destroy what was sent.
                self._socket.recv(self._read_chunk_size)
        super().close_fd()


def _fail(future: "asyncio.Future[SSLIOStream]", error: BaseException | None) -> None:
    if not future.done():
        future.set_exception(StreamClosedError(error))
        future.exception()  # nobody is warned: the close callback tells it too


def _is_connected(sock: socket_module.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _unwrapped(sock: ssl.SSLSocket) -> socket_module.socket:
    """Take the socket out of its wrapping: the TLS is done on memory buffers here."""
    return socket_module.socket(sock.family, sock.type, sock.proto, fileno=sock.detach())
