"""Handlers behind which something else answers: a fallback, or a site that is mounted.

They are handlers so that a request finds them as it finds any other, and they pass on what is
learnt of the client later.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ostro.httputil import HTTPMessageDelegate, HTTPServerConnectionDelegate, HTTPServerRequest

from ._handler import RequestHandler
from ._loopless import run_without_loop
from ._urlspec import RouteMatch, URLSpec

if TYPE_CHECKING:
    from ._application import Application

__all__ = ["DelegateHandler", "FallbackHandler", "MountHandler"]


class HandOver(RequestHandler):
    """Leaves a request to somebody else; nothing of this handler is sent, unless that fails."""

    # To whom it is left.
    _answers: object = None
    # Who answers: a handler of another application, or what another delegate made of the request.
    _inner: RequestHandler | None = None
    _delegate: HTTPMessageDelegate | None = None

    def _accept_all_methods(self) -> None:
        """Leave it to whoever answers which methods there are."""
        self.SUPPORTED_METHODS = (self.request.method,)

    def check_xsrf_cookie(self) -> None:
        """Check as ever, unless an Application answers: it does so where its settings say it."""
        from ._application import Application  # it knows these handlers

        if not isinstance(self._answers, Application):
            super().check_xsrf_cookie()

    def _run_inner(self, application: Application, match: RouteMatch, root: str) -> None:
        self._inner = inner = application._make_handler(match.spec, self.request, root)
        inner._root = root
        if self._observed is not None:
            inner._observed = self._observed.around(inner._observed)
            application._observed = True
        if self._connection.loopless:
            run_without_loop(inner, match)
        else:
            inner._execute(match)

    def _handed_over(self) -> None:
        self._finished = True
        if self._observed is not None and self._inner is None:
            self._observed.end_with_response(self)
        self.on_finish()

    def _execute(self, match: RouteMatch) -> None:
        super()._execute(match)
        # Not over yet, for whoever reports the end of the connection.
        if self._inner is not None:
            self._finished = self._inner._finished
        elif self._delegate is not None:
            self._finished = False

    def _connection_closed(self) -> None:
        if self._inner is not None:
            self._inner._connection_closed()
        elif self._delegate is not None:
            self._delegate.on_connection_close()
        else:
            super()._connection_closed()

    def _connection_lost(self, error: BaseException | None = None) -> None:
        if self._inner is not None:
            self._inner._connection_lost(error)
        elif self._delegate is not None:
            self._delegate.on_connection_lost(error)
            self._note_lost(error)
            if self._observed is not None:
                self._observed.ended(self)
        else:
            super()._connection_lost(error)


class FallbackHandler(HandOver):
    """Passes the request on to another callback: a WSGI container, another Application.

        (r".*", FallbackHandler, {"fallback": wsgi_app})

    `fallback` takes the HTTPRequest and answers it, and may be a coroutine function; nothing of
    this handler is sent, unless it fails.
    """

    @classmethod
    def _look_through(
        cls, spec: URLSpec, request: HTTPServerRequest, root: str
    ) -> tuple[Application, RouteMatch, str] | None:
        from ._application import Application  # it knows this handler

        fallback = spec.kwargs.get("fallback")
        if not isinstance(fallback, Application):
            return None
        return fallback, fallback._find(request), root

    def initialize(self, fallback: Callable[[HTTPServerRequest], object]) -> None:
        """Take who answers."""
        self._answers = self._fallback = fallback
        self._accept_all_methods()

    def prepare(self) -> Awaitable[None] | None:
        """Hand the request over."""
        from ._application import Application  # it knows this handler

        fallback = self._fallback
        if isinstance(fallback, Application):
            self._run_inner(fallback, fallback._find(self.request), self._root)
        else:
            result = fallback(self.request)
            if inspect.isawaitable(result):
                return self._wait(result)
        self._handed_over()
        return None

    async def _wait(self, result: Awaitable[object]) -> None:
        await result
        self._handed_over()


class MountHandler(HandOver):
    """Passes the request on to the application of a Mount."""

    @classmethod
    def _look_through(
        cls, spec: URLSpec, request: HTTPServerRequest, root: str
    ) -> tuple[Application, RouteMatch, str] | None:
        from ._application import Application  # it knows this handler

        site = spec.kwargs["site"]
        assert isinstance(site, Application)
        root += str(spec.kwargs["root"])
        return site, site._find_below(request, root), root

    def initialize(self, root: str, site: Application) -> None:
        """Take the prefix and who answers below it."""
        self._own_root = root
        self._answers = self._site = site
        self._accept_all_methods()

    def prepare(self) -> Awaitable[None] | None:
        """Hand the request over."""
        root = self._root + self._own_root
        self._run_inner(self._site, self._site._find_below(self.request, root), root)
        self._handed_over()
        return None


class DelegateHandler(HandOver):
    """Passes the request on, as it comes, to the delegate of a Mount."""

    _streams_body = True

    def initialize(self, root: str, site: HTTPServerConnectionDelegate) -> None:
        """Take who answers."""
        self._answers = self._site = site
        self._accept_all_methods()

    def prepare(self) -> Awaitable[None] | None:
        """Hand over the head of the request."""
        request = self.request
        self._delegate = self._site.start_request(request.server_connection, self._connection)
        return self._delegate.headers_received(request.start_line, request.headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand over a part of its body."""
        assert self._delegate is not None
        return self._delegate.data_received(chunk)

    def _call_method(self) -> Awaitable[object] | None:
        """Hand over its end, whatever the method; and before it the body, where that was whole."""
        if self.request.body:
            waits = self.data_received(self.request.body)
            if waits is not None:
                return self._end_after(waits)
        self._end_request()
        return None

    async def _end_after(self, waits: Awaitable[None]) -> None:
        await waits
        self._end_request()

    def _end_request(self) -> None:
        assert self._delegate is not None
        self._delegate.finish()
        self._handed_over()
