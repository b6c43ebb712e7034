"""Handlers that come with the framework."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from urllib.parse import quote

from ._handler import RequestHandler
from .errors import HTTPError

__all__ = ["ErrorHandler", "RedirectHandler"]

_GROUP = re.compile(r"\{(\w+)\}")
_SAFE = "/:@!$&'()*+,;=~"
"""What a group may bring into the path of a redirect as it is. Spec: RFC 3986 section 3.3."""


class ErrorHandler(RequestHandler):
    """Generates an error response with `status_code` for all requests."""

    def initialize(self, status_code: int) -> None:
        """Take the status to answer with."""
        self.set_status(status_code)

    def check_xsrf_cookie(self) -> None:
        """Need no token: a POST that goes nowhere changes nothing, and its error is another."""

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


class ServerOptionsHandler(RequestHandler):
    """Answers `OPTIONS *`, which asks about the server and not about one of its pages.

    Spec: RFC 9110 section 9.3.7.
    """

    def options(self) -> None:
        """Name the methods that pages here may have."""
        self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
        self.set_status(204)
