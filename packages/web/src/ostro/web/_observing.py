"""Observers: what traces and metrics are told of each request.

This file has the interface, and sees to it that an observer's own errors stay its own.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from ostro.httputil import HTTPServerRequest

from ._urlspec import URLSpec

if TYPE_CHECKING:
    from ._attended_connection import AttendedConnection
    from ._handler import RequestHandler

__all__ = ["Observed", "ObserverFactory", "RequestObserver", "RequestOutcome"]

app_log = logging.getLogger("ostro.application")


class RequestOutcome:
    """How a request ended.

    `handler`: who answered. `route`: the pattern of its route as it was written, with what Routers
    and Mounts put before it; None where no route matched. `status`: of the response; 499 where the
    client went away before one had begun. `body_bytes`: how many bytes of body were sent, before
    the framing of the connection. `seconds`: from its head to now; `seconds_to_head`: to the head
    of the response, None if none was sent. `disconnected`: whether the client went away before the
    end.
    """

    __slots__ = (
        "body_bytes",
        "disconnected",
        "handler",
        "route",
        "seconds",
        "seconds_to_head",
        "status",
    )

    def __init__(
        self,
        handler: RequestHandler,
        route: str | None,
        status: int,
        body_bytes: int,
        seconds: float,
        seconds_to_head: float | None,
        disconnected: bool,
    ) -> None:
        self.handler = handler
        self.route = route
        self.status = status
        self.body_bytes = body_bytes
        self.seconds = seconds
        self.seconds_to_head = seconds_to_head
        self.disconnected = disconnected


class RequestObserver:
    """Is told of one request. Subclasses override what they need.

    List the subclass, or any function that takes the same arguments and may return None, in the
    setting `request_observers`. One is made for each request, before its handler is, in the
    request's own `contextvars` Context: a variable that is set then is seen by the handler and by
    all tasks and callbacks that it starts, and by no other request; it need not be reset.

    What an observer raises is logged, and harms nobody else.
    """

    def __init__(self, request: HTTPServerRequest, route: URLSpec | None) -> None:
        """Learn that a request has begun; `route` is None where none matched."""

    def on_error(self, error: BaseException) -> None:
        """Learn what the handler raised, an HTTPError too, before it is answered."""

    def on_end(self, outcome: RequestOutcome) -> None:
        """Learn that the request is over: its response has been handed to the connection."""


ObserverFactory: TypeAlias = Callable[[HTTPServerRequest, URLSpec | None], RequestObserver | None]
"""Makes the observer of a request, or does not want to observe it."""


class Observed:
    """The observers of one request."""

    __slots__ = ("_connection", "_observers", "_outer", "_request")

    def __init__(
        self,
        factories: Iterable[ObserverFactory],
        request: HTTPServerRequest,
        spec: URLSpec,
        connection: AttendedConnection,
    ) -> None:
        self._request = request
        self._connection = connection
        # Those of the application in which the one that answers is mounted.
        self._outer: Observed | None = None
        route = spec if spec.template else None
        self._observers: list[RequestObserver] = []
        for factory in factories:
            try:
                observer = factory(request, route)
            except Exception:  # noqa: BLE001 - whatever an observer raises
                app_log.exception("Uncaught exception in the observer %r", factory)
            else:
                if observer is not None:
                    self._observers.append(observer)

    def around(self, inner: Observed | None) -> Observed:
        """Return what observes a handler for both: `inner`, of its own application, and this."""
        if inner is None:
            return self
        inner._outer = self
        return inner

    def failed(self, error: BaseException) -> None:
        """Tell them what was raised."""
        for observer in self._observers:
            try:
                observer.on_error(error)
            except Exception:  # noqa: BLE001 - as above
                app_log.exception("Uncaught exception in the observer %r", observer)
        if self._outer is not None:
            self._outer.failed(error)

    def end_with_response(self, handler: RequestHandler) -> None:
        """Tell them of the end when the response has ended, which somebody else sends."""
        if self._connection.is_over:
            self.ended(handler)
        else:
            self._connection.on_end = functools.partial(self.ended, handler)

    def end_when_detached(self, handler: RequestHandler) -> None:
        """Tell them of the end when the connection becomes something else than HTTP."""
        self._connection.on_detach = functools.partial(self.ended, handler)

    def ended(self, handler: RequestHandler) -> None:
        """Tell them of the end, once."""
        self._connection.on_detach = None  # it refers to the handler, which has the connection
        observers, self._observers = self._observers, []
        if observers:
            outcome = self._outcome(handler)
            for observer in observers:
                try:
                    observer.on_end(outcome)
                except Exception:  # noqa: BLE001 - as above
                    app_log.exception("Uncaught exception in the observer %r", observer)
        if self._outer is not None:
            self._outer.ended(handler)

    def _outcome(self, handler: RequestHandler) -> RequestOutcome:
        began, connection = self._request.start_time, self._connection
        return RequestOutcome(
            handler,
            handler._route(),
            connection.status or handler._status_code,
            connection.body_bytes,
            time.monotonic() - began,
            None if connection.head_at is None else connection.head_at - began,
            handler._gone and not (handler._refused or connection.is_over),
        )
