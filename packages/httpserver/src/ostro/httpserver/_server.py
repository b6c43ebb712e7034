"""The server: listening sockets, what their connections share, and a graceful end."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

from ostro.http1 import DEFAULT_LIMITS, Limits, ServerCodec
from ostro.httputil import HTTPServerConnectionDelegate, HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, SSLIOStream
from ostro.netutil import TCPServer

from ._callback import as_delegate
from ._connection import HTTPConnection
from ._error_response import error_response
from ._farewell import Farewell
from ._forwarded import ForwardedHeaders
from ._group import ConnectionGroup
from ._settings import (
    DEFAULT_BODY_TIMEOUT,
    DEFAULT_HEADER_TIMEOUT,
    DEFAULT_IDLE_CONNECTION_TIMEOUT,
    DEFAULT_MIN_BODY_RATE,
    DEFAULT_WRITE_TIMEOUT,
    SWEEP_INTERVAL,
    ServerSettings,
)

general_log = logging.getLogger("ostro.general")

MAX_REFUSALS = 64
"""Connections above the cap that are told so at a time; the others are closed without a word, or
they would make the cap meaningless."""


class HTTPServer(TCPServer):
    """A non-blocking HTTP/1.1 server.

    `request_callback` takes an `HTTPRequest` that is complete, and answers with `request.write` and
    `request.finish`, or is an `HTTPServerConnectionDelegate` such as an Application. `listen`,
    `bind` and `start`, or `add_sockets` open the server, as described for `TCPServer`.

    `no_keep_alive`: close each connection after one request. `xheaders`: believe `X-Real-Ip`,
    `X-Forwarded-For`, `X-Scheme` and `X-Forwarded-Proto`; `trusted_proxies` restricts that to
    connections from those addresses or networks, `trusted_downstream` names further proxies to skip
    in `X-Forwarded-For`. `ssl_options`: an `SSLContext` or the documented dictionary. `protocol`:
    what requests report as their scheme, whatever the connection is. `decompress_request`:
    decompress gzip bodies.

    Limits in bytes: `max_header_size` for start line and headers together, `max_body_size` for a
    body, before and after decompression, `read_chunk_size` for one read; `max_buffer_size` bounds
    the reads of whoever takes a connection over by `detach`. `max_connections` answers 503 to the
    connections above it (over TLS, where that would take a handshake, it closes them); None sets no
    cap.

    Times in seconds, 0 for no limit: `header_timeout` for the head of a request,
    `idle_connection_timeout` between requests, `body_timeout` for a body, which must also keep up
    `min_body_rate` bytes per second, and `write_timeout` without progress for a client that does
    not read. They are looked at every `sweep_interval` seconds, on `clock`.
    """

    def __init__(
        self,
        request_callback: HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], object],
        no_keep_alive: bool = False,
        io_loop: IOLoop | None = None,
        xheaders: bool = False,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,  # Any: mixed as in ssl
        *,
        protocol: str | None = None,
        decompress_request: bool = False,
        trusted_proxies: Iterable[str] | None = None,
        trusted_downstream: Iterable[str] = (),
        max_header_size: int = DEFAULT_LIMITS.max_head_bytes,
        max_body_size: int = DEFAULT_LIMITS.max_body_bytes,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        max_connections: int | None = None,
        header_timeout: float = DEFAULT_HEADER_TIMEOUT,
        idle_connection_timeout: float = DEFAULT_IDLE_CONNECTION_TIMEOUT,
        body_timeout: float = DEFAULT_BODY_TIMEOUT,
        min_body_rate: int = DEFAULT_MIN_BODY_RATE,
        write_timeout: float = DEFAULT_WRITE_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sweep_interval: float = SWEEP_INTERVAL,
    ) -> None:
        super().__init__(
            io_loop, ssl_options, max_buffer_size=max_buffer_size, read_chunk_size=read_chunk_size
        )
        self._delegate = as_delegate(request_callback)
        self._settings = ServerSettings(
            limits=Limits(max_head_bytes=max_header_size, max_body_bytes=max_body_size),
            no_keep_alive=no_keep_alive,
            forwarded=ForwardedHeaders(trusted_proxies, trusted_downstream) if xheaders else None,
            protocol=protocol,
            decompress_request=decompress_request,
            header_timeout=header_timeout,
            idle_connection_timeout=idle_connection_timeout,
            body_timeout=body_timeout,
            min_body_rate=min_body_rate,
            write_timeout=write_timeout,
        )
        self._max_connections = max_connections
        self._clock = clock
        self._sweep_interval = sweep_interval
        # Made with the first connection: before a fork there may be no loop.
        self._group: ConnectionGroup | None = None
        # Whether the cap has been reported since it was last undershot.
        self._cap_reported = False
        # Connections that are being told that they are refused.
        self._refusals = 0

    @property
    def connection_count(self) -> int:
        """How many connections are open; those given away by `detach` are not counted."""
        return 0 if self._group is None else len(self._group.connections)

    def handle_stream(self, stream: IOStream, address: object) -> None:
        """Serve the requests of a new connection."""
        group = self._group
        if group is None:
            group = self._group = ConnectionGroup(
                self._delegate, self._settings, stream.io_loop, self._clock, self._sweep_interval
            )
        cap = self._max_connections
        if group.draining or (cap is not None and len(group.connections) >= cap):
            self._refuse(stream, group)
        else:
            self._cap_reported = False
            HTTPConnection(stream, address, group=group)

    def _refuse(self, stream: IOStream, group: ConnectionGroup) -> None:
        if not self._cap_reported and not group.draining:
            self._cap_reported = True
            general_log.warning("Refusing connections above the cap of %s", self._max_connections)
        if isinstance(stream, SSLIOStream) or self._refusals >= MAX_REFUSALS:
            stream.close()
            return
        self._refusals += 1
        message = "the server takes no more connections; try again later"
        stream.write(error_response(ServerCodec(), 503, message))
        Farewell(
            stream,
            group.sweeper,
            self._refused,
            "a client that was refused",
            linger=True,
            write_timeout=self._settings.write_timeout,
        )

    def _refused(self) -> None:
        self._refusals -= 1

    async def drain(self, timeout: float | None = 30.0) -> bool:  # noqa: ASYNC109 - as above
        """Finish what is in flight, take nothing new, and return whether all ended in time.

        Idle connections are closed at once, the others after their answer; whatever is left after
        `timeout` seconds is closed as it is, None waits without limit. New connections are
        answered 503 meanwhile; call `stop` first, so that none come. Who has taken a stream over is
        asked to close it, where they gave `on_drain` to `detach` (WebSockets send 1001); other
        streams belong to whoever took them. Afterwards the server may listen again.
        """
        group = self._group
        if group is None:
            return True
        in_time = await group.drain(timeout)
        if self._group is group:
            self._group = None
        return in_time

    async def close_all_connections(self) -> None:
        """Close every connection at once, unfinished answers included.

        It is a coroutine for the sake of programs that await it; nothing is waited for.
        """
        if self._group is not None:
            self._group.close_all()
