"""The HTTP message seam: what lies between whoever speaks HTTP and whoever answers.

A *producer* (an HTTP/1.1 connection, an ASGI or WSGI server, an in-memory test connection) calls
the delegates below as a message arrives. A *consumer* (an application, a WSGI container, a plain
callback) answers through an `HTTPConnection`. Neither side knows a socket, a loop or the other's
class. Theory of operation: docs/design/message-seam.md.

The order of calls for one request, all from the loop's thread:

    start_request -> headers_received -> data_received* -> trailers_received? -> finish
    on_connection_close   once, at the first sign that the client has gone (end of its stream, or
                          a reset)
    on_connection_lost    once, when nothing can be written any more; after on_connection_close

and for its answer:

    write_informational* -> write_headers -> write* / send_file* -> finish
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from ._headers import HTTPHeaders
    from ._startline import RequestStartLine, ResponseStartLine


class ConnectionContext:
    """What is known about the peer of one request.

    `remote_ip` is an IP address in text ("127.0.0.1" stands in on unix sockets); `protocol` is
    "http" or "https"; `address` is the socket's own address, whatever its family; `secure` tells
    whether this very connection is encrypted, whatever a proxy reports.
    """

    __slots__ = ("address", "protocol", "remote_ip", "secure")

    def __init__(self, remote_ip: str, protocol: str, address: object, secure: bool) -> None:
        self.remote_ip = remote_ip
        self.protocol = protocol
        self.address = address
        self.secure = secure


class StreamReceiver(Protocol):
    """Who takes the bytes of a `ByteStream`, called straight from its readable event."""

    def data_received(self, data: bytes) -> None:
        """Take the next bytes, never empty."""

    def eof_received(self) -> None:
        """Learn that the peer sends nothing more; the stream stays writable until it is closed."""

    def drained(self) -> None:
        """Learn that all bytes written so far have left."""

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn, once, that the stream is closed; `error` is None when this side closed it."""


class ByteStream(Protocol):
    """The connection's bytes once HTTP is done with them (WebSocket, CONNECT)."""

    @property
    def write_buffer_size(self) -> int:
        """Bytes accepted by `write` and not yet sent."""

    def set_receiver(self, receiver: StreamReceiver | None) -> None:
        """Deliver what arrives to `receiver`, what is already there at once."""

    def unread(self, data: bytes) -> None:
        """Put bytes back, for whoever reads next."""

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`; idempotent."""

    def resume_reading(self) -> None:
        """Undo `pause_reading`; idempotent."""

    def write(self, data: bytes) -> Awaitable[None]:
        """Send `data` after all that was written before."""

    def shutdown_write(self) -> None:
        """Send what is buffered, then tell the peer that no more comes; reading goes on."""

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once, or let the kernel gather them, where there is a choice."""

    def close(self) -> None:
        """Close at once; bytes not yet sent are dropped."""

    def closed(self) -> bool:
        """Tell whether the stream is closed."""


class HTTPConnection(ABC):
    """One request's way back to the client: its head, its body, its end.

    A method that returns an awaitable may be called without awaiting it. The awaitable is done when
    the bytes have been handed to the network, and is the way to slow down to the client's pace.
    Once the client is gone it raises the producer's stream-closed error; a caller that does not
    await it need not care.

    Misuse (a second head, a body longer or shorter than its Content-Length) raises
    `HTTPOutputError`; text that would break the framing (CR, LF or NUL in a header) raises
    ValueError. Nothing is sent in either case.
    """

    __slots__ = ()

    context: ConnectionContext

    loopless: ClassVar[bool] = False
    """Whether the delegate is called where no event loop runs (WSGI). What has to wait then goes
    through `run_on_loop`, and once the client is gone, a method that is called outside of that
    raises instead of returning an awaitable that does.
    """

    def run_on_loop(self, main: Callable[[], Awaitable[object]]) -> None:
        """Call `main` on an event loop that the producer has for this, and wait for the end of what
        it returns.

        Only called where `loopless` is true. Raises what `main` and its awaitable raise.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define run_on_loop")

    @abstractmethod
    def write_informational(self, code: int, headers: HTTPHeaders) -> Awaitable[None]:
        """Send an interim response (100, 102, 103) before the head. A no-op for HTTP/1.0 clients.

        Spec: RFC 9110 section 15.2.
        """

    @abstractmethod
    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        *,
        end: bool = False,
    ) -> Awaitable[None]:
        """Send the head of the response, and with it the first bytes of the body, if any.

        With `end`, `chunk` is the whole body and the response is finished: `finish` must not be
        called. This is the fast path, one system call for a whole response.
        """

    @abstractmethod
    def write(self, chunk: bytes) -> Awaitable[None]:
        """Send the next part of the body."""

    @abstractmethod
    def send_file(self, file: IO[bytes], offset: int, count: int) -> Awaitable[None]:
        """Send `count` bytes of `file`, from byte `offset` on, as the next part of the body.

        The loop is never blocked by the file, and at most one bounded piece of it is in memory.
        Await it before the next part or the end of the response; going on before raises
        `HTTPOutputError`. So does a file that ends early, and then the connection is closed: the
        client must not take a part for the whole.
        """

    @abstractmethod
    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        """End the response; with trailers where the framing has room for them (chunked), else
        without.

        Spec: RFC 9110 section 6.5.
        """

    @abstractmethod
    def pause_reading(self) -> None:
        """Ask the client, through its transport, to hold the body back for now; idempotent."""

    @abstractmethod
    def resume_reading(self) -> None:
        """Undo `pause_reading`; idempotent."""

    @abstractmethod
    def set_max_body_size(self, limit: int) -> None:
        """Set the most bytes that this request's body may have. Call it in `headers_received`."""

    @abstractmethod
    def set_body_timeout(self, seconds: float) -> None:
        """Set the time that the rest of this request's body may take; 0 means no limit."""

    @abstractmethod
    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        """Take the stream over: bytes that the client sent after the request are read from it
        first.

        Legal once the request has been received whole and no body of a response is open. The
        connection takes no further part. `on_drain` is called when the server is about to end: the
        stream should be closed soon then. Without it, a server ends without asking.
        """

    @abstractmethod
    def close(self) -> None:
        """Drop the connection without finishing the response, so that the client cannot take what
        it got for the whole.
        """

    @abstractmethod
    def get_ssl_certificate(self, binary_form: bool = False) -> Mapping[str, object] | bytes | None:
        """Return the client's certificate as `ssl.SSLSocket.getpeercert` does, or None."""


class HTTPMessageDelegate:
    """Who takes one message as it arrives. Every method may be left as it is."""

    __slots__ = ()

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Take the start line and the headers; the body waits for an awaitable returned."""
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take the next part of the body; the part after it waits for an awaitable returned."""
        return None

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        """Take the trailer fields of a chunked body. Never merge them into the headers unasked.

        Spec: RFC 9110 section 6.5.1.
        """

    def finish(self) -> None:
        """Learn that the message is complete."""

    def on_connection_close(self) -> None:
        """Learn that the client sends nothing more.

        A request that is complete may still be answered.
        """

    def on_connection_lost(self, error: BaseException | None) -> None:
        """Learn that nothing can be written any more.

        `error` is what the network reported, if anything; or HTTPInputError, where the server has
        refused what came, and answers in the place of the delegate unless that has begun to.
        """


class HTTPServerConnectionDelegate(ABC):
    """Who takes the requests of a server's connections: an application."""

    takes_requests: ClassVar[bool] = False
    """Whether `take_request` is defined: a shorter way for the commonest request, nothing more."""

    @abstractmethod
    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return who takes the request that is about to arrive.

        `server_conn` is the same object for all requests of one connection; answers go to
        `request_conn`.
        """

    def take_request(
        self,
        server_conn: object,
        request_conn: HTTPConnection,
        method: str,
        target: str,
        version: str,
        headers: HTTPHeaders,
    ) -> HTTPMessageDelegate | None:
        """Take a request that has come whole, without a body, in one call instead of four.

        Only called where `takes_requests` is true. Returns who learns that the client goes away
        while the answer is pending; None when the answer is finished.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define take_request")

    def on_close(self, server_conn: object) -> None:  # noqa: B027  # overriding it is optional
        """Learn that a connection is closed, or was given away by `detach`.

        Called once for each on which a request was started.
        """
