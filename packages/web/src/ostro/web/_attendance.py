"""What goes along with the requests of an application that asked for it: CORS, ids, observers.

All of it is decided from the settings when the application is made. A route that has none of it is
`plain`, and its requests never come here.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from ostro.httputil import HTTPHeaders, HTTPServerRequest

from ._attended_connection import AttendedConnection, HeadWriter, attended
from ._cors import CORS
from ._handler import RequestHandler
from ._handover import HandOver
from ._observing import Observed, ObserverFactory
from ._request_id import RequestIds
from ._urlspec import URLSpec

if TYPE_CHECKING:
    from ._application import Application

__all__ = ["Attendance"]

general_log = logging.getLogger("ostro.general")


class PreflightHandler(RequestHandler):
    """Answers a preflight in the place of the handler that it asks about."""

    def initialize(self, answer: dict[str, str] | None) -> None:
        """Take the headers of the answer; None refuses."""
        self._answer = answer

    def set_default_headers(self) -> None:
        """Set none of those that a subclass would."""

    def prepare(self) -> Awaitable[None] | None:
        """Answer."""
        if self._answer is None:
            self.set_status(403)
        else:
            self.set_status(204)
            for name, value in self._answer.items():
                self.set_header(name, value)
        self.finish()
        return None


class Attendance:
    """What an application's settings ask for."""

    __slots__ = ("_cors", "_ids", "_observers", "needed", "observes")

    def __init__(self, settings: dict[str, Any]) -> None:  # Any: as in Application
        self._cors: CORS | None = _of_type(settings, "cors", CORS)
        self._ids: RequestIds | None = _of_type(settings, "request_ids", RequestIds)
        self._observers: tuple[ObserverFactory, ...] = tuple(
            settings.get("request_observers") or ()
        )
        # Whether there is anything for all requests.
        self.needed = bool(self._cors or self._ids or self._observers)
        self.observes = bool(self._observers)

    def take_in(self, spec: URLSpec) -> None:
        """Note in a spec of the application whether its requests come here."""
        spec.attended = spec.attended or self.needed or spec.cors is not None
        spec.plain = not spec.attended and not spec.kwargs

    def make_handler(
        self, application: Application, spec: URLSpec, request: HTTPServerRequest, root: str
    ) -> RequestHandler:
        """Return the handler of a request, or who answers a preflight for it; `root` is the path
        that the application is mounted at.
        """
        observed = self.begin(spec, request)
        cors = self._policy(spec)
        if cors is not None and self.answers(spec, request, root):
            answer = cors.preflight(request.headers, _methods(spec.handler_class))
            handler: RequestHandler = PreflightHandler(application, request, answer=answer)
        else:
            handler = application._construct(spec, request)
        handler._observed = observed
        if observed is not None and not isinstance(handler, HandOver):
            observed.end_when_detached(handler)
        return handler

    def begin(self, spec: URLSpec, request: HTTPServerRequest) -> Observed | None:
        """Do what is to be done before the handler is made; return who observes it."""
        connection = request.connection
        if connection is None:
            return None  # making the handler says so
        writers: list[HeadWriter] = []
        if self._ids is not None:
            request_id = self._ids.begin(request)
            if self._ids.response_header is not None:
                writers.append(
                    functools.partial(_set_header, self._ids.response_header, request_id)
                )
        if self._decides(spec) and isinstance(connection, AttendedConnection):
            connection.leave_cors()
        cors = self._policy(spec)
        dress = None
        if cors is not None:
            dress = functools.partial(cors.dress, request.headers.get("Origin"))
        if not writers and dress is None and not self._observers:
            return None
        ours = attended(connection, request.method == "HEAD", writers, dress)
        request.connection = ours
        return Observed(self._observers, request, spec, ours) if self._observers else None

    def answers(self, spec: URLSpec, request: HTTPServerRequest, root: str) -> bool:
        """Tell whether a request never gets to the handler: it is a preflight, and no application
        that is mounted there answers it by a policy of its own.
        """
        if self._policy(spec) is None or not _is_preflight(request):
            return False
        while behind := spec.handler_class._look_through(spec, request, root):
            application, match, root = behind
            spec = match.spec
            if application._attendance._decides(spec):
                return False
        return True

    def _decides(self, spec: URLSpec) -> bool:
        """Tell whether this application says something about CORS there."""
        return self._cors is not None or spec.cors is not None

    def _policy(self, spec: URLSpec) -> CORS | None:
        if spec.cors is None:
            return self._cors
        return spec.cors or None


def _is_preflight(request: HTTPServerRequest) -> bool:
    headers = request.headers
    return (
        request.method == "OPTIONS"
        and "Origin" in headers
        and "Access-Control-Request-Method" in headers
    )


def _methods(handler_class: type[RequestHandler]) -> list[str] | None:
    """Return the methods that a handler has; None where somebody else knows."""
    return None if issubclass(handler_class, HandOver) else handler_class._allowed_methods()


def _set_header(name: str, value: str, headers: HTTPHeaders) -> None:
    headers[name] = value


# Any: a setting may be anything
def _of_type(settings: dict[str, Any], name: str, kind: type) -> Any:
    """Return a setting if it is ours: the name may have been an application's own before."""
    value = settings.get(name)
    if value is None or isinstance(value, kind):
        return value
    general_log.warning("the setting %r is %r and no %s; it has no effect", name, value, kind)
    return None
