"""An id for each request: taken from a proxy that is trusted, or made here, and known to the log.

A request that nobody asks for its id has none, and pays nothing.
"""

from __future__ import annotations

import logging
import os
import re
from contextvars import ContextVar

from ostro.httputil import HTTPHeaders, HTTPServerRequest

__all__ = ["RequestIdFilter", "RequestIds", "current_request_id", "request_id_of"]

_ID = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,128}")
"""What is taken from outside: nothing that could break out of a log line, and not too long."""

_NO_ID = "-"

_current: ContextVar[str] = ContextVar("ostro_request_id", default=_NO_ID)

_KEY = "request_id"
"""Under which it hangs on the request: an application and one that is mounted in it share it."""


class RequestIds:
    """Gives each request an id from its beginning on: the setting `request_ids`.

        Application(handlers, request_ids=RequestIds(trusted_header="X-Request-ID",
                                                     response_header="X-Request-ID"))

    `trusted_header`: the request header that has the id, where a proxy in front sets it. Anybody
    can send one, so name it only if the proxy replaces what clients send. What is in it must be 1
    to 128 letters, digits, or `._~+/=:@-`; else an id is made, as it is without the header.
    `response_header`: the response header to repeat the id in, None for none.

    Raises ValueError for what cannot be the name of a header.
    """

    __slots__ = ("response_header", "trusted_header")

    def __init__(
        self, *, trusted_header: str | None = None, response_header: str | None = None
    ) -> None:
        HTTPHeaders(
            {name: "" for name in (trusted_header, response_header) if name is not None}
        )  # or raise
        self.trusted_header = trusted_header
        self.response_header = response_header

    def begin(self, request: HTTPServerRequest) -> str:
        """Return the id of a request, from now on that of its Context."""
        known: str | None = vars(request).get(_KEY)
        if known is not None:
            return known
        given = None if self.trusted_header is None else request.headers.get(self.trusted_header)
        if given is None or _ID.fullmatch(given) is None:
            given = _new_id()
        return _assign(request, given)


def request_id_of(request: HTTPServerRequest) -> str:
    """Return the id of a request; if it has none yet, one is made for it."""
    known: str | None = vars(request).get(_KEY)
    return _assign(request, _new_id()) if known is None else known


def current_request_id() -> str:
    """Return the id of the request that this code runs for; "-" where there is none, or it has
    none.

    It is a matter of the `contextvars` Context: tasks and callbacks that a handler starts have the
    id of its request, those of other requests have theirs.
    """
    return _current.get()


class RequestIdFilter(logging.Filter):
    """Puts the current request's id into log records, as `%(request_id)s`.

    Add it to a handler, not to a logger, so that it sees the records of all loggers:

        handler.addFilter(RequestIdFilter())
        handler.setFormatter(logging.Formatter("%(request_id)s %(message)s"))
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute; every record passes."""
        record.request_id = _current.get()
        return True


def _assign(request: HTTPServerRequest, request_id: str) -> str:
    vars(request)[_KEY] = request_id
    _current.set(request_id)
    return request_id


def _new_id() -> str:
    return os.urandom(16).hex()
