"""IOStream: a stream over a socket, and how it is connected."""

import asyncio
import contextlib
import errno
import os
import socket as socket_module
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final, TypeAlias, cast, overload

from ostro.ioloop import COMPLETED, Completed, IOLoop
from ostro.stack_context import wrap

from ._base import DEFAULT_MAX_BUFFER_SIZE, DEFAULT_READ_CHUNK_SIZE, BaseIOStream
from ._context import SSLOptions
from ._core import CLOSED, CONNECTING, OPEN, general_log
from .errors import StreamBusyError, StreamClosedError

if TYPE_CHECKING:
    from ._ssliostream import SSLIOStream

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | str | bytes
"""What `socket.connect` takes: host and port for TCP, a path for a unix socket."""


INTERNET: Final = (socket_module.AF_INET, socket_module.AF_INET6)


class Attempt:
    """A connection that is being made: where to, and who waits for it."""

    __slots__ = ("address", "callback", "future", "lookup", "server_hostname")

    def __init__(
        self,
        address: Address,
        server_hostname: str | None,
        future: "asyncio.Future[IOStream] | None",
        callback: Callable[[], object] | None,
    ) -> None:
        self.address = address
        self.server_hostname = server_hostname
        self.future = future
        self.callback = callback
        # The host name on its way through the resolver's thread.
        self.lookup: asyncio.Future[Address] | None = None


class IOStream(BaseIOStream):
    """Write to and read from a socket without blocking.

    Args:
        socket: Connected, or to be connected by `connect`; it is made non-blocking.
        io_loop: The loop to run on; None means `IOLoop.current()`.
        max_buffer_size: Bytes that a read may make the stream keep; None means 100 MiB.
        read_chunk_size: Bytes that are read by one system call at most; None means 64 KiB.
        max_write_buffer_size: Bytes that may wait to be sent; None sets no limit.
    """

    __slots__ = ("_attempt", "_socket")

    def __init__(
        self,
        socket: socket_module.socket,
        io_loop: IOLoop | None = None,
        max_buffer_size: int | None = DEFAULT_MAX_BUFFER_SIZE,
        read_chunk_size: int | None = DEFAULT_READ_CHUNK_SIZE,
        *,
        max_write_buffer_size: int | None = None,
    ) -> None:
        super().__init__(
            socket.fileno(),
            io_loop,
            max_buffer_size,
            read_chunk_size,
            max_write_buffer_size=max_write_buffer_size,
        )
        if socket.gettimeout() != 0.0:
            socket.setblocking(False)
        self._socket = socket
        self._attempt: Attempt | None = None  # only there while connecting

    @property
    def socket(self) -> socket_module.socket:
        """The socket; it is closed together with the stream."""
        return self._socket

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once (True) or let the kernel gather them (False).

        Does nothing on streams that are not over TCP, or closed.
        """
        if self._phase is not CLOSED and self._socket.family in INTERNET:
            self._socket.setsockopt(socket_module.IPPROTO_TCP, socket_module.TCP_NODELAY, value)

    # Connecting

    @overload
    def connect(
        self, address: Address, callback: None = None, *, server_hostname: str | None = None
    ) -> "asyncio.Future[IOStream]": ...
    @overload
    def connect(
        self,
        address: Address,
        callback: Callable[[], object],
        *,
        server_hostname: str | None = None,
    ) -> Completed[None]: ...
    def connect(
        self,
        address: Address,
        callback: Callable[[], object] | None = None,
        *,
        server_hostname: str | None = None,
    ) -> "asyncio.Future[IOStream] | Completed[None]":
        """Connect the socket, and give this stream when that is done.

        A host name is resolved in a thread and its first address is used; `ostro.netutil.TCPClient`
        does better. Writing is possible at once: the bytes go out when the connection is there. So
        is reading.

        Args:
            address: Host and port, or the path of a unix socket, as for `socket.connect`.
            callback: Called through the loop, without arguments, when the connection is there. If
                it cannot be made, only the close callback is called, and `error` says why.
            server_hostname: The name that a TLS stream expects in the certificate of the peer;
                None means the host of the address. It has no meaning for a plain stream.

        Raises:
            StreamClosedError: If the stream is closed; from the future, if the connection cannot
                be made, with the error of the socket as `real_error`.
            StreamBusyError: If connect was called before.
        """
        self._check_open()
        if self._phase is not OPEN:
            raise StreamBusyError("connect", "it is connecting already")
        self._stop_listening()
        self._phase = CONNECTING
        future: asyncio.Future[IOStream] | None = None
        if callback is None:
            future = self._loop.create_future()
        attempt = Attempt(address, server_hostname, future, wrap(callback))
        self._attempt = attempt
        if _is_host_name(self._socket, address):
            self._look_up(attempt)
        else:
            self._connect_to(address)
        return COMPLETED if future is None else future

    def _look_up(self, attempt: Attempt) -> None:
        address = attempt.address
        lookup = Context().run(
            self._loop.run_in_executor,
            None,
            _resolve,
            host_of(address),
            address[1],
            self._socket.family,
            self._socket.type,
        )
        attempt.lookup = lookup
        lookup.add_done_callback(self._on_lookup, context=Context())

    def _on_lookup(self, lookup: "asyncio.Future[Address]") -> None:
        error = None if lookup.cancelled() else lookup.exception()
        if self._phase is not CONNECTING:
            return  # closed in the meantime
        if error is not None:
            self._connect_failed(error)
        else:
            self._connect_to(lookup.result())

    def _connect_to(self, address: Address) -> None:
        try:
            self._socket.connect(address)
        except (BlockingIOError, InterruptedError) as error:
            if error.errno == errno.EAGAIN and self._socket.family not in INTERNET:
                # The backlog of a unix socket is full: nothing is under way.
                self._connect_failed(error)
                return
        except (OSError, TypeError, ValueError, OverflowError) as error:
            self._connect_failed(error)
            return
        self._watch_writes(self._on_connect)

    def _on_connect(self) -> None:
        self._stop_watching_writes()
        code = self._socket.getsockopt(socket_module.SOL_SOCKET, socket_module.SO_ERROR)
        if code:
            self._connect_failed(OSError(code, os.strerror(code)))
        else:
            self._on_connected()

    def _connect_failed(self, error: BaseException) -> None:
        attempt = self._attempt
        if attempt is not None and attempt.callback is not None:
            # Nobody awaits the failure, and there may be no close callback.
            general_log.warning("Connecting to %r failed: %s", attempt.address, error)
        self.close(error)

    def _on_connected(self) -> None:
        """Go on after the connection is there; a TLS stream has a handshake to do first."""
        self._open()

    def _open(self) -> None:
        """Begin to carry the bytes of the user."""
        self._phase = OPEN
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            if attempt.callback is not None:
                self._run_later(attempt.callback)
            elif attempt.future is not None and not attempt.future.done():
                attempt.future.set_result(self)
        self._update_listening()
        if self._writes is not None:
            self._flush()
        elif self._output_ended:
            self._end_output()

    def _fail_pending(self, error: BaseException | None) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            if attempt.lookup is not None:
                attempt.lookup.cancel()
            future = attempt.future
            if future is not None and not future.done():
                future.set_exception(StreamClosedError(error))
                future.exception()  # nobody is warned when only the close callback is used
        super()._fail_pending(error)

    # Upgrading

    def start_tls(
        self,
        server_side: bool,
        ssl_options: SSLOptions | None = None,
        server_hostname: str | None = None,
    ) -> "asyncio.Future[SSLIOStream]":
        """Go on in TLS: give a new stream over the same socket when the handshake is done.

        This stream is used up by the call; its close callback goes over to the new stream. To
        cancel the handshake is to close the connection: nobody has the new stream yet.

        Args:
            server_side: Which side of the handshake this is.
            ssl_options: A dict or an SSLContext, see `ssl_options_to_context`. None means the
                defaults of a client, with the system's authorities.
            server_hostname: The name that a client expects in the certificate of the server.

        Raises:
            StreamBusyError: If a read is pending or bytes are still to be sent; or if bytes of the
                peer are buffered: sent before TLS began, they must not be taken for a part of what
                TLS protects (the STARTTLS injection of CVE-2011-0411).
            StreamClosedError: If the stream is closed; from the future, if the handshake fails,
                with the `ssl.SSLError` as `real_error`.
            TLSOptionError: If the options are not accepted.
            ValueError: If the options ask for verification of a name, and none is given.
        """
        from ._ssliostream import SSLIOStream  # it is built upon this class

        self._check_open()
        obstacle = self._obstacle_to_tls()
        if obstacle is not None:
            raise StreamBusyError("start_tls", obstacle)
        self._stop_listening()
        try:
            stream = SSLIOStream(
                self._socket,
                self.io_loop,
                self._max_buffer_size,
                self._read_chunk_size,
                max_write_buffer_size=self._max_write_buffer_size,
                ssl_options=ssl_options,
                server_hostname=server_hostname,
                server_side=server_side,
            )
        except Exception:
            self._update_listening()
            raise
        stream._close_callback, self._close_callback = self._close_callback, None
        self._receiver = None
        self._phase = CLOSED
        handshake = stream.wait_for_handshake()
        handshake.add_done_callback(stream._close_if_cancelled, context=Context())
        return handshake

    def _obstacle_to_tls(self) -> str | None:
        if self._phase is not OPEN:
            return "it is not connected yet"
        if self._read is not None and not self._read.abandoned():
            return f"a read is pending, {self._read!r}"
        if self.write_buffer_size or self._output_ended:
            return f"its output is not idle, {self.write_buffer_size} bytes are to be sent"
        if self._buffered() or self._eof:
            return f"{self._buffered()} bytes of the peer came before TLS began"
        return None

    # The file descriptor

    def _on_readable(self) -> None:
        # The same as in the base class, for the hottest path: bytes straight to the receiver.
        receiver = self._receiver
        if receiver is None or self._buffer is not None:
            super()._on_readable()
            return
        try:
            data = self._socket.recv(self._read_chunk_size)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._on_eof()
            return
        self._doubtful = True
        try:
            receiver.data_received(data)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever a receiver raises
            self._receiver_failed(receiver, error)
            return
        if self._doubtful:  # nothing was sent in answer
            self._read_on()

    def read_from_fd(self, limit: int) -> bytes | None:
        """Read up to `limit` bytes: b"" at the end, None when there is nothing now."""
        try:
            return self._socket.recv(limit)
        except (BlockingIOError, InterruptedError):
            return None

    def write_to_fd(self, data: bytes | memoryview) -> int:
        """Send what can be sent now, and return how many bytes that were."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def close_fd(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _end_output(self) -> None:
        with contextlib.suppress(OSError):  # the peer has gone already: there is nobody to tell
            self._socket.shutdown(socket_module.SHUT_WR)


def _is_host_name(sock: socket_module.socket, address: Address) -> bool:
    if sock.family not in INTERNET or not isinstance(address, tuple):
        return False
    host = address[0]
    if not host:
        return False
    try:
        socket_module.getaddrinfo(host, None, flags=socket_module.AI_NUMERICHOST)
    except TypeError:
        return False  # connect says so better
    except (OSError, UnicodeError):  # the second: no name of the Internet (RFC 5890) at all
        return True
    return False


def host_of(address: Address) -> str:
    """Return the host of an Internet address, which the socket module takes as bytes, too."""
    host: object = address[0]
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)


def _resolve(host: str, port: bytes | str | int | None, family: int, kind: int) -> Address:
    """Return the first address of a host; this blocks, and runs in a thread."""
    found = socket_module.getaddrinfo(host, port, family, kind)[0][4]
    return cast("tuple[str, int] | tuple[str, int, int, int]", found)
