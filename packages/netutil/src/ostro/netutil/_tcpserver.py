"""TCPServer: listening sockets on one side, streams on the other.

Owns the sockets it listens on; knows no protocol.
"""

import inspect
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, SSLIOStream, ssl_options_to_context
from ostro.process import ForkError, fork_processes

from ._accept import add_accept_handler
from ._sockets import DEFAULT_BACKLOG, bind_sockets
from ._stream_options import SSLOptions, stream_sizes
from .errors import ServerStateError

__all__ = ["TCPServer"]


class TCPServer:
    """A non-blocking TCP server; a subclass overrides `handle_stream`.

    Three patterns of starting it. One process::

        server = MyServer()
        server.listen(8888)
        IOLoop.instance().start()

    Several processes, forked before any IOLoop exists::

        server = MyServer()
        server.bind(8888)
        server.start(0)
        IOLoop.instance().start()

    Several processes, forked by yourself::

        sockets = bind_sockets(8888)
        fork_processes(0)
        server = MyServer()
        server.add_sockets(sockets)
        IOLoop.instance().start()

    Args:
        io_loop: where to accept; the loop current at the first `listen`, `start` or
            `add_sockets` when `None`. It must be `None` for `start` with several processes.
        ssl_options: a dict of `certfile`, `keyfile`, ... or an `ssl.SSLContext`, to serve TLS.
        max_buffer_size: bytes that a stream may hold unread; `None` for the stream's default.
        read_chunk_size: bytes asked for in one read of a stream; `None` for its default.

    Raises what `ssl_options_to_context` raises for options that cannot be used. Except where
    a method says otherwise, everything is to be called on the thread of the loop.
    """

    def __init__(
        self,
        io_loop: IOLoop | None = None,
        ssl_options: SSLOptions | None = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
    ) -> None:
        self.io_loop = io_loop
        self.ssl_options = ssl_options
        self.max_buffer_size = max_buffer_size
        self.read_chunk_size = read_chunk_size
        # Made now, so that a missing certificate stops the program, not each connection.
        self._ssl_context = (
            None if ssl_options is None else ssl_options_to_context(ssl_options, server_side=True)
        )
        self._sizes = stream_sizes(max_buffer_size, read_chunk_size)
        self._pending: list[socket.socket] = []  # bound, waiting for start()
        self._listening: dict[socket.socket, Callable[[], None]] = {}
        self._started = False

    def listen(
        self,
        port: int,
        address: str | Sequence[str] | None = "",
        *,
        family: int = socket.AF_UNSPEC,
        backlog: int = DEFAULT_BACKLOG,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Bind and accept at once; may be called again for other ports.

        The arguments, and what is raised, are those of `bind_sockets`. The loop must run for
        anything to be accepted; `start` is not needed.
        """
        self.add_sockets(bind_sockets(port, address, family, backlog, flags, reuse_port))

    def bind(
        self,
        port: int,
        address: str | Sequence[str] | None = None,
        family: int = socket.AF_UNSPEC,
        backlog: int = DEFAULT_BACKLOG,
        *,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        """Bind now and accept from `start` on; may be called again for other ports.

        The arguments, and what is raised, are those of `bind_sockets`. After `start` it
        accepts at once.
        """
        sockets = bind_sockets(port, address, family, backlog, flags, reuse_port)
        if self._started:
            self.add_sockets(sockets)
        else:
            self._pending.extend(sockets)

    def start(self, num_processes: int | None = 1, max_restarts: int | None = None) -> None:
        """Accept on the sockets bound before, after forking when so asked.

        With several processes this returns in each child, whose `process.task_id()` tells it
        apart; the parent supervises them inside this call and leaves it only by an exception
        (`SystemExit` when all children have ended well), its sockets closed unless that is a
        `ForkError`. See `process.fork_processes`.

        Args:
            num_processes: 1 does not fork; `None` or 0 or less forks one for each CPU.
            max_restarts: children started anew after a failure, in all; `None` means 100.

        Raises `ServerStateError` when called twice, or for several processes with an `io_loop`
        given to the constructor or sockets accepting already; `process.ForkError` when an
        IOLoop exists already.
        """
        if self._started:
            raise ServerStateError("start() was called before; stop() first")
        if num_processes != 1:
            self._check_forkable()
            self._fork(num_processes, max_restarts)
        self._started = True
        sockets, self._pending = self._pending, []
        self.add_sockets(sockets)

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on listening sockets made elsewhere; the server owns them from now on.

        Args:
            sockets: such as `bind_sockets` and `bind_unix_socket` return.
        """
        if self.io_loop is None:
            self.io_loop = IOLoop.current()
        for sock in sockets:
            remove = add_accept_handler(sock, self._handle_connection, self.io_loop)
            self._listening[sock] = remove

    def add_socket(self, socket: socket.socket) -> None:
        """Accept on one listening socket; see `add_sockets`."""
        self.add_sockets([socket])

    def stop(self) -> None:
        """Stop listening: all listening sockets are closed, those of `add_sockets` too.

        Connections and their handlers go on. Idempotent; the server may listen again.
        """
        listening, self._listening = self._listening, {}
        for sock, remove in listening.items():
            remove()
            sock.close()
        pending, self._pending = self._pending, []
        for sock in pending:
            sock.close()
        self._started = False

    def handle_stream(self, stream: IOStream, address: Any) -> Awaitable[None] | None:
        """Override: serve one connection.

        May be a coroutine function (or return any awaitable); it then runs as a task. What it
        raises is logged, and closes the stream. When it returns, the stream stays open: close
        it yourself. Over TLS it is called at once, while the handshake goes on by itself.

        Args:
            stream: an `IOStream`, or an `SSLIOStream` with `ssl_options`.
            address: the other end: `(host, port)`, with flow info and scope for IPv6; for
                unix sockets a str, mostly empty.  (Any, since the families differ.)
        """
        raise NotImplementedError(f"{type(self).__name__} does not override handle_stream")

    def _check_forkable(self) -> None:
        if self.io_loop is not None or self._listening:
            raise ServerStateError(
                "start() with several processes: the server must have no IOLoop yet; "
                "give none to the constructor, and bind() instead of listen()"
            )

    def _fork(self, num_processes: int | None, max_restarts: int | None) -> None:
        try:
            fork_processes(num_processes, max_restarts, on_stop=self.stop)
        except ForkError:
            raise  # nothing was forked: the program may go on alone, by start(1)
        except BaseException:
            self.stop()  # this is the parent, whose children have ended: nobody will accept
            raise

    def _handle_connection(
        self, connection: socket.socket, address: object
    ) -> Awaitable[None] | None:
        """Serve one connection; what is returned is run by the accept handler."""
        stream = self._make_stream(connection)
        try:
            result = self.handle_stream(stream, address)
        except BaseException:
            stream.close(exc_info=True)
            raise
        if result is not None and inspect.isawaitable(result):
            return self._see_through(result, stream)
        return None

    def _make_stream(self, connection: socket.socket) -> IOStream:
        if self._ssl_context is None:
            return IOStream(connection, self.io_loop, **self._sizes)
        return SSLIOStream(
            connection,
            self.io_loop,
            ssl_options=self._ssl_context,
            server_side=True,
            **self._sizes,
        )

    async def _see_through(self, handling: Awaitable[None], stream: IOStream) -> None:
        try:
            await handling
        except Exception:  # noqa: BLE001  # the application's error, told where it looks for it
            stream.close(exc_info=True)
            stream.io_loop.handle_callback_exception(self.handle_stream)
        except BaseException:
            stream.close()
            raise
