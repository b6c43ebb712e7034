"""Handlers that come with the framework."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from ostro.httputil import HTTPServerRequest

from ._handler import RequestHandler
from .errors import HTTPError

__all__ = ["ErrorHandler", "FallbackHandler", "RedirectHandler"]

_GROUP = re.compile(r"\{(\d+)\}")


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

    `url`: where to, with the groups of the pattern in place of `{0}`, `{1}`, ...; the query string
    of the request is added to it. `permanent`: 301 if true, as it is by default, else 302.
    """

    def initialize(self, url: str, permanent: bool = True) -> None:
        """Take the target."""
        self._url = url
        self._permanent = permanent

    def get(self, *args: str | None) -> None:
        """Redirect."""
        target = _GROUP.sub(lambda group: args[int(group[1])] or "", self._url)
        query = self.request.query
        if query:
            target += ("&" if "?" in target else "?") + query
        self.redirect(target, permanent=self._permanent)

    head = get


class FallbackHandler(RequestHandler):
    """Passes the request on to another callback: a WSGI container, another Application.

        (r".*", FallbackHandler, {"fallback": wsgi_app})

    `fallback` takes the HTTPRequest and answers it; nothing of this handler is sent.
    """

    def initialize(self, fallback: Callable[[HTTPServerRequest], object]) -> None:
        """Take who answers."""
        self._fallback = fallback

    def prepare(self) -> Awaitable[None] | None:
        """Hand the request over."""
        self._finished = True
        self._fallback(self.request)
        self.on_finish()
        return None
