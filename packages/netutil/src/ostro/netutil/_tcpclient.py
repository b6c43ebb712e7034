"""TCPClient: from a host name to a connected stream."""

import asyncio
import datetime
import socket
from collections.abc import Callable, Coroutine
from typing import Any, overload

from ostro.ioloop import IOLoop, deliver
from ostro.iostream import IOStream, SSLIOStream

from ._addresses import is_valid_ip
from ._race import AllAttemptsFailed, interleave, race
from ._resolver import Address, Resolver
from ._stream_options import SSLOptions, StreamSizes, stream_sizes
from .errors import ConnectError, ConnectTimeoutError, ResolveError

__all__ = ["TCPClient"]


class TCPClient:
    """Makes TCP connections, over TLS where asked for, with Happy Eyeballs.

    The addresses of a host are tried in turn, IPv6 and IPv4 alternating; the next one starts 250 ms
    after the last, or when one fails, and the first connection that stands is used.

    Args:
        resolver: what looks host names up; `Resolver()` when `None`. One that is given is not
            closed by `close`.

    Spec: RFC 8305.
    """

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.resolver = Resolver() if resolver is None else resolver
        self._own_resolver = resolver is None

    def close(self) -> None:
        """Free the resolver, if this object made it. Connections and attempts go on."""
        if self._own_resolver:
            self.resolver.close()

    @overload
    def connect(
        self,
        host: str,
        port: int,
        af: int = ...,
        ssl_options: SSLOptions | None = ...,
        max_buffer_size: int | None = ...,
        source_ip: str | None = ...,
        source_port: int | None = ...,
        timeout: float | datetime.timedelta | None = ...,
        *,
        callback: None = ...,
    ) -> Coroutine[Any, Any, IOStream]: ...
    @overload
    def connect(
        self,
        host: str,
        port: int,
        af: int = ...,
        ssl_options: SSLOptions | None = ...,
        max_buffer_size: int | None = ...,
        source_ip: str | None = ...,
        source_port: int | None = ...,
        timeout: float | datetime.timedelta | None = ...,
        *,
        callback: Callable[[IOStream], object],
    ) -> asyncio.Task[IOStream]: ...
    def connect(
        self,
        host: str,
        port: int,
        af: int = socket.AF_UNSPEC,
        ssl_options: SSLOptions | None = None,
        max_buffer_size: int | None = None,
        source_ip: str | None = None,
        source_port: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        *,
        callback: Callable[[IOStream], object] | None = None,
    ) -> Coroutine[Any, Any, IOStream] | asyncio.Task[IOStream]:
        """Connect to a port of a host.

        Args:
            host: a name or an IP address; over TLS the certificate must be for it.
            port: 1 to 65535.
            af: `socket.AF_INET` or `AF_INET6` for that family only.
            ssl_options: a dict or a context for TLS; `None` for none. The result is then an
                `SSLIOStream` whose handshake is done. A context made once saves the loading of
                certificates each time.
            max_buffer_size: bytes that the stream may hold unread; `None` for its default.
            source_ip: connect from this address of this machine, and in its family.
            source_port: connect from this port.
            timeout: a deadline for everything (look-up, connecting, handshake): a unix timestamp
                as `IOLoop.time()` counts, or a timedelta from now. `None` for no limit.
            callback: called on the loop with the stream; an error goes to its stack context.

        Returns a coroutine of the stream; with a callback, a task that has begun.

        Raises (when awaited) `ResolveError`, `ConnectError`, `ConnectTimeoutError`, all OSErrors;
        errors of the TLS handshake as the stream has them; `ValueError` for a `source_ip` that is
        none or of another family. Cancelling it closes what was begun.
        """
        sizes = stream_sizes(max_buffer_size)
        connecting = _within(
            self._connect(host, port, af, ssl_options, sizes, source_ip, source_port),
            host,
            port,
            timeout,
        )
        if callback is None:
            return connecting
        io_loop = IOLoop.current()
        task = io_loop.asyncio_loop.create_task(connecting)
        deliver(task, callback, io_loop)
        return task

    async def _connect(
        self,
        host: str,
        port: int,
        family: int,
        ssl_options: SSLOptions | None,
        sizes: StreamSizes,
        source_ip: str | None,
        source_port: int | None,
    ) -> IOStream:
        if source_ip is not None:
            family = _family_of_source(source_ip, family)
        addresses = await self.resolver.resolve(host, port, family)
        if not addresses:
            raise ResolveError(host, port)
        source = None if source_ip is None and source_port is None else (source_ip, source_port)
        sock = await _first_to_connect(host, port, addresses, source)
        if ssl_options is None:
            return IOStream(sock, None, **sizes)
        return await _over_tls(sock, host, ssl_options, sizes)


async def _within(
    connecting: Coroutine[Any, Any, IOStream],
    host: str,
    port: int,
    deadline: float | datetime.timedelta | None,
) -> IOStream:
    if deadline is None:
        return await connecting
    if isinstance(deadline, datetime.timedelta):
        seconds = deadline.total_seconds()
    else:
        seconds = deadline - IOLoop.current().time()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await connecting
    except TimeoutError as error:
        if limit.expired():
            raise ConnectTimeoutError(host, port) from error
        raise


Source = tuple[str | None, int | None]


async def _first_to_connect(
    host: str, port: int, addresses: list[Address], source: Source | None
) -> socket.socket:
    async def attempt(address: Address) -> socket.socket:
        return await _connect_socket(address, source)

    try:
        return await race(interleave(addresses), attempt, socket.socket.close)
    except AllAttemptsFailed as error:
        failures = [(address, reason) for (_, address), reason in error.failures]
        raise ConnectError(host, port, failures) from failures[0][1]


async def _connect_socket(address: Address, source: Source | None) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            # One source port may serve several attempts at once, each to another address.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((source[0] or "", source[1] or 0))
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


async def _over_tls(
    sock: socket.socket, host: str, ssl_options: SSLOptions, sizes: StreamSizes
) -> SSLIOStream:
    try:
        stream = SSLIOStream(
            sock, None, ssl_options=ssl_options, server_hostname=host, server_side=False, **sizes
        )
    except BaseException:
        sock.close()
        raise
    try:
        await stream.wait_for_handshake()
    except BaseException:
        stream.close()
        raise
    return stream


def _family_of_source(source_ip: str, family: int) -> int:
    if not is_valid_ip(source_ip):
        raise ValueError(f"source_ip {source_ip!r} is not an IP address")
    own = socket.AF_INET6 if ":" in source_ip else socket.AF_INET
    if family not in (socket.AF_UNSPEC, own):
        raise ValueError(f"source_ip {source_ip!r} is not of the family {family}")
    return own
