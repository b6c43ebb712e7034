"""Accepting connections on a listening socket, straight from the readable event.

Knows the loop and one socket; what a connection is for is the callback's business.
"""

import asyncio
import errno
import inspect
import logging
import socket
from collections.abc import Callable
from contextvars import Context

from ostro.ioloop import IOLoop

__all__ = ["add_accept_handler"]

AcceptCallback = Callable[[socket.socket, "SocketAddress"], object]
SocketAddress = object
"""What the kernel calls the other end: (host, port), with two numbers more for IPv6, or a str
for unix sockets."""

ACCEPTS_PER_EVENT = 64
"""Connections taken before other events get their turn; half the default backlog, so that a
burst is taken in a few turns and the processes that share a socket share the burst."""

PAUSE_SECONDS = 0.5
"""How long accepting rests when the system is out of descriptors or memory."""

_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_OF_THE_CONNECTION = frozenset(
    getattr(errno, name)
    for name in (
        # The peer went before it was accepted, and what accept(2) of Linux reports of the
        # network beneath a new connection: none of it is about the listening socket.
        "ECONNABORTED", "ECONNRESET", "EPERM", "ENETDOWN", "EPROTO", "ENOPROTOOPT", "EHOSTDOWN",
        "ENONET", "EHOSTUNREACH", "EOPNOTSUPP", "ENETUNREACH", "ETIMEDOUT",
    )
    if hasattr(errno, name)
)  # fmt: skip

_log = logging.getLogger("ostro.general")


def add_accept_handler(
    sock: socket.socket, callback: AcceptCallback, io_loop: IOLoop | None = None
) -> Callable[[], None]:
    """Have `callback(connection, address)` called for each connection made to `sock`.

    The signature is not the `callback(fd, events)` of IOLoop handlers. The connection is
    non-blocking, close-on-exec, with Nagle's algorithm off, and belongs to the callback from then
    on. Each call has an empty context of its own: neither context variables nor stack contexts
    of the caller are seen in it. If it returns an awaitable, that runs as a task. What the
    callback raises goes to `IOLoop.handle_callback_exception`; accepting goes on.

    When no descriptor is free, accepting pauses for half a second and says so once.

    Args:
        sock: a listening, non-blocking socket; the caller keeps it.
        callback: called on the loop.
        io_loop: the current one when `None`.

    Returns a function that ends the accepting; it leaves the socket open and may be called
    again. Call it on the thread of the loop, and before closing the socket.
    """
    acceptor = _Acceptor(sock, callback, io_loop if io_loop is not None else IOLoop.current())
    acceptor.resume()
    return acceptor.remove


def _take_result(future: asyncio.Future[object]) -> None:
    future.result()


class _Acceptor:
    """One listening socket on one loop."""

    __slots__ = ("_callback", "_fd", "_io_loop", "_loop", "_pause", "_removed", "_said", "_sock")

    def __init__(self, sock: socket.socket, callback: AcceptCallback, io_loop: IOLoop) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._callback = callback
        self._io_loop = io_loop
        self._loop = io_loop.asyncio_loop
        self._pause: asyncio.TimerHandle | None = None
        self._removed = False
        self._said = False  # the present lack of room is in the log
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            # Accepted sockets inherit it, which saves a system call for each.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def resume(self) -> None:
        """Begin, or begin again after a pause."""
        self._pause = None
        Context().run(self._loop.add_reader, self._fd, self._accept_some)

    def remove(self) -> None:
        """End for good; idempotent."""
        if self._removed:
            return
        self._removed = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        elif not self._loop.is_closed():
            self._loop.remove_reader(self._fd)

    def _accept_some(self) -> None:
        for _ in range(ACCEPTS_PER_EVENT):
            try:
                connection, address = self._sock.accept()
            except BlockingIOError:
                self._said = False
                return
            except OSError as error:
                if error.errno in _OF_THE_CONNECTION:
                    continue
                self._rest(error)
                return
            Context().run(self._hand_over, connection, address)
            if self._removed:
                return

    def _hand_over(self, connection: socket.socket, address: SocketAddress) -> None:
        try:
            connection.setblocking(False)
            result = self._callback(connection, address)
        except Exception:  # noqa: BLE001  # any callback error is the application's to be told of
            self._io_loop.handle_callback_exception(self._callback)
        else:
            if result is not None and inspect.isawaitable(result):
                self._io_loop.add_future(result, _take_result)

    def _rest(self, error: OSError) -> None:
        # The event is level-triggered: without a pause the loop would spin on it.
        self._loop.remove_reader(self._fd)
        self._pause = Context().run(self._loop.call_later, PAUSE_SECONDS, self.resume)
        if not self._said:
            self._said = True
            _log.error(
                "cannot accept connections on %r, pausing for %s s at a time%s: %s",
                self._sock,
                PAUSE_SECONDS,
                " until descriptors are free" if error.errno in _NO_ROOM else "",
                error,
            )
