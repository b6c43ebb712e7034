"""Handlers that come with the framework."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from ostro.httputil import HTTPServerRequest

from ._handler import RequestHandler
from ._loopless import run_without_loop
from ._routing import RouteMatch
from .errors import HTTPError

__all__ = ["ErrorHandler", "FallbackHandler", "RedirectHandler"]

_GROUP = re.compile(r"\{(\w+)\}")
_SAFE = "/:@!$&'()*+,;=~"
"""What a group may bring into the path of a redirect as it is. Spec: RFC 3986 section 3.3."""


class ErrorHandler(RequestHandler):
    """Generates an error response with `status_code` for all requests."""

    def initialize(self, status_code: int) -> None:
        """Take the status to answer with."""
        self.set_status(status_code)

    def prepare(self) -> Awaitable[None] | None:
        """Answer."""
        raise HTTPError(self.get_status())


class RedirectHandler(RequestHandler):
    """Redirects the client to the given URL for all GET and HEAD requests.

        (r"/oldpath", RedirectHandler, {"url": "/newpath"})
        (r"/pictures/(.*)", RedirectHandler, {"url": "/photos/{0}"})

    `url`: where to, with the groups of the pattern in place of `{0}`, `{1}`, ..., or, if they have
    names, of `{name}`; the query string of the request is added to it. `permanent`: 301 if true, as
    it is by default, else 302.
    """

    def initialize(self, url: str, permanent: bool = True) -> None:
        """Take the target."""
        self._url = url
        self._permanent = permanent

    def get(self, *args: str | None, **kwargs: str | None) -> None:
        """Redirect."""
        groups = {str(number): arg for number, arg in enumerate(args)} | kwargs

        def fill(found: re.Match[str]) -> str:
            if found[1] not in groups:
                return found[0]
            return quote(groups[found[1]] or "", safe=_SAFE)

        target = _GROUP.sub(fill, self._url)
        query = self.request.query
        if query:
            target += ("&" if "?" in target else "?") + query
        self.redirect(target, permanent=self._permanent)

    head = get


class FallbackHandler(RequestHandler):
    """Passes the request on to another callback: a WSGI container, another Application.

        (r".*", FallbackHandler, {"fallback": wsgi_app})

    `fallback` takes the HTTPRequest and answers it, and may be a coroutine function; nothing of
    this handler is sent, unless it fails.
    """

    # Who answers, where that is a handler of another application.
    _inner: RequestHandler | None = None

    def initialize(self, fallback: Callable[[HTTPServerRequest], object]) -> None:
        """Take who answers."""
        self._fallback = fallback
        # Which methods there are is for the fallback to say.
        self.SUPPORTED_METHODS = (self.request.method,)

    def prepare(self) -> Awaitable[None] | None:
        """Hand the request over."""
        from ._application import Application  # it knows this handler

        fallback = self._fallback
        if isinstance(fallback, Application):
            match = fallback._find(self.request)
            self._inner = fallback._make_handler(match.spec, self.request)
            if self._connection.loopless:
                run_without_loop(self._inner, match)
            else:
                self._inner._execute(match)
        else:
            result = fallback(self.request)
            if inspect.isawaitable(result):
                return self._wait(result)
        self._handed_over()
        return None

    async def _wait(self, result: Awaitable[object]) -> None:
        await result
        self._handed_over()

    def _execute(self, match: RouteMatch) -> None:
        super()._execute(match)
        if self._inner is not None:
            # Not over yet, for whoever reports the end of the connection.
            self._finished = self._inner._finished

    def _handed_over(self) -> None:
        self._finished = True
        self.on_finish()

    def _connection_closed(self) -> None:
        if self._inner is None:
            super()._connection_closed()
        else:
            self._inner._connection_closed()

    def _connection_lost(self) -> None:
        if self._inner is None:
            super()._connection_lost()
        else:
            self._inner._connection_lost()
