"""Calling the application: each step of a request in a Context of its own, and nothing that it
raises gets any further.

This file owns the exchange at hand, and who waits for what. When the steps are due is decided by
`_connection`.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable

from ostro.http1 import RequestHead
from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    responses,
)
from ostro.ioloop import COMPLETED
from ostro.iostream import IOStream

from ._decompress import DecompressingDelegate
from ._error_response import error_response, printable
from ._exchange import Exchange
from ._group import ConnectionGroup
from ._output import ConnectionOutput
from ._phases import ANSWER, BODY

general_log = logging.getLogger("ostro.general")
app_log = logging.getLogger("ostro.application")


class ApplicationCaller(ConnectionOutput):
    """A connection that can call the application, and answer in its place."""

    __slots__ = ("_exchange", "_waits_for")

    def __init__(self, stream: IOStream, address: object, group: ConnectionGroup) -> None:
        super().__init__(stream, address, group)
        # The request in progress.
        self._exchange: Exchange | None = None
        # The exchange whose delegate is still at work on the last part of its request.
        self._waits_for: Exchange | None = None

    @abstractmethod
    def _advance(self) -> None:
        """Take what has been received, as far as nobody has to be waited for."""

    # Its first step

    def _taken(self, exchange: Exchange, delegate: HTTPMessageDelegate) -> None:
        """Remember who has taken a request whose answer is still to come.

        Apart from `_serve`, where the type checker would know what `_exchange` is, and a compiled
        build would rely on that.
        """
        if self._exchange is exchange:  # neither answered nor detached meanwhile
            exchange.delegate = delegate

    def _start(self, exchange: Exchange, head: RequestHead) -> Awaitable[None] | None:
        """Introduce the request to its delegate; return what the body must wait for, or None."""
        group = self.group
        delegate = group.delegate.start_request(self, exchange)
        if group.decompress and head.has_body:
            delegate = DecompressingDelegate(delegate, group.settings.limits.max_body_bytes)
        exchange.delegate = delegate
        waits = delegate.headers_received(
            RequestStartLine(head.method, head.target, head.version), head.headers
        )
        if waits is not None and waits is not COMPLETED:
            return waits
        self._headers_taken(exchange)
        return None

    def _headers_taken(self, exchange: Exchange) -> None:
        """Go on once the delegate is done with the headers: to the body, or to the end of the
        request.
        """
        exchange.headers_taken = True
        delegate = exchange.delegate
        if delegate is None:
            return  # answered already
        if self._phase is ANSWER:
            delegate.finish()
        elif self._phase is BODY and self.codec.waiting_for_continue:
            self.send(self.codec.send_informational(100, HTTPHeaders()))

    # Its further steps

    def _call(
        self, exchange: Exchange, step: Callable[..., Awaitable[None] | None], *args: object
    ) -> None:
        """Run a step of the delegate in the request's own Context; what it returns holds back the
        next.
        """
        try:
            waits = exchange.run(step, *args)
            if waits is not None and waits is not COMPLETED:
                self._hold(exchange, waits)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it raises
            self._delegate_failed(exchange, error)

    def _hold(self, exchange: Exchange, waits: Awaitable[None]) -> None:
        task = exchange.run(asyncio.ensure_future, waits)
        self._waits_for = exchange
        task.add_done_callback(functools.partial(self._release, exchange))

    def _release(self, exchange: Exchange, task: asyncio.Future[None]) -> None:
        if self._waits_for is exchange:
            self._waits_for = None
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._delegate_failed(exchange, error)
        elif not exchange.headers_taken:
            self._call(exchange, self._headers_taken, exchange)
        self._advance()

    def _delegate_failed(self, exchange: Exchange, error: BaseException) -> None:
        if isinstance(error, HTTPInputError):
            if self._exchange is exchange:
                self._reject(error.status, str(error))
            return
        app_log.error("Uncaught exception in the delegate of a request", exc_info=error)
        if self._exchange is exchange:
            self._answer_and_close(500, responses[500])

    # In its place

    def _reject(self, status: int, message: str) -> None:
        message = printable(message)
        general_log.info("Bad request from %s: %s", self._context.remote_ip, message)
        self._answer_and_close(status, message, HTTPInputError(message, status))

    def _answer_and_close(
        self, status: int, message: str, reason: HTTPInputError | None = None
    ) -> None:
        """Answer in the application's place if that is still possible, and close the connection."""
        exchange = self._exchange
        if exchange is not None:
            self._abandon(exchange, reason)
        if self.codec.response_started or self.stream.closed():
            self.close()
            return
        self.send(error_response(self.codec, status, message))
        self._say_farewell(linger=True)

    # Its end

    def _report_close(self, exchange: Exchange) -> None:
        if not exchange.closed_reported:
            exchange.closed_reported = True
            delegate, callback = exchange.delegate, exchange.take_close_callback()
            if delegate is not None:
                self._notify(exchange.run, delegate.on_connection_close)
            if callback is not None:
                self._notify(exchange.run, callback)

    def _abandon(self, exchange: Exchange, error: BaseException | None) -> None:
        """End an exchange whose answer can no longer be sent."""
        self._exchange = None
        delegate = exchange.delegate
        exchange.let_go()
        self._report_close(exchange)
        exchange.delegate = None
        if delegate is not None:
            self._notify(exchange.run, delegate.on_connection_lost, error)

    def _notify(self, function: Callable[..., object], *args: object) -> None:
        """Tell the application something that it cannot change any more."""
        try:
            function(*args)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever it raises
            app_log.exception(
                "Uncaught exception of a delegate that was told of a closed connection"
            )
