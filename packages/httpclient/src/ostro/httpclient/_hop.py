"""One request of a fetch, and which one follows it: redirects, decided without I/O.

Spec: RFC 9110 section 15.4.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ostro.httputil import HTTPHeaders

from ._digest import Credentials
from ._request import BodyProducer, HTTPRequest
from ._url import URL, join, parse_url

__all__ = ["REDIRECTS", "Hop"]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""The codes that say where to go instead. 300 leaves a choice, 304 is none, 305 is obsolete."""

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that do no more when they are done twice. RFC 9110 section 9.2.2."""

_BODY_FIELDS: Final = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Type",
    "Digest",
    "Expect",
    "Last-Modified",
    "Transfer-Encoding",
)
"""Fields that describe a body, and go with it. RFC 9110 section 15.4."""

_FIELDS_OF_ONE_ORIGIN: Final = ("Authorization", "Cookie", "Host", "Proxy-Authorization")
"""Fields that say something to one server, which another must not learn."""


class Hop:
    """What is asked for, of whom, in one of the requests of a fetch.

    `text` is the URL as it was given, `headers` are the caller's, as far as they still apply.
    """

    __slots__ = ("body", "credentials", "headers", "method", "producer", "text", "url")

    def __init__(
        self,
        text: str,
        url: URL,
        method: str,
        headers: HTTPHeaders,
        body: bytes | None,
        producer: BodyProducer | None,
        credentials: Credentials | None,
    ) -> None:
        self.text = text
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.producer = producer
        self.credentials = credentials

    @classmethod
    def first(cls, request: HTTPRequest) -> Hop:
        """Return the first request of a fetch. Raises ValueError for a URL that is none."""
        url = parse_url(request.url)
        username = request.auth_username
        if username is not None:
            credentials: Credentials | None = Credentials(username, request.auth_password or "")
        else:
            credentials = _credentials_in(url)
        return cls(
            request.url,
            url,
            request.method,
            request.headers,
            request.body,
            request.body_producer,
            credentials,
        )

    @property
    def repeatable(self) -> bool:
        """Whether the body, if there is one, can be sent again."""
        return not isinstance(self.producer, AsyncIterator)

    @property
    def idempotent(self) -> bool:
        """Whether it may be sent again unasked, where a connection turns out to be dead."""
        return self.method in _IDEMPOTENT and self.producer is None

    def redirected(self, code: int, location: str) -> Hop | None:
        """Return the request that a redirect asks for; None where its body cannot be sent again.

        Raises ValueError where the location is no URL of http or https.
        """
        text = join(self.text, location)
        url = parse_url(text)
        method = _next_method(self.method, code)
        headers, body, producer = self.headers, self.body, self.producer
        if method != self.method:
            headers = _without(headers, _BODY_FIELDS)
            body = producer = None
        elif not self.repeatable:
            return None
        credentials = self.credentials
        if url.origin != self.url.origin:
            headers = _without(headers, _FIELDS_OF_ONE_ORIGIN)
            credentials = None
        return Hop(text, url, method, headers, body, producer, _credentials_in(url) or credentials)


def _next_method(method: str, code: int) -> str:
    """Return the method after a redirect.

    RFC 9110 sections 15.4.2 to 15.4.4: after 303 it is GET; after 301 and 302 a POST becomes a GET,
    as it always did in browsers.
    """
    if code == 303 and method != "HEAD":
        return "GET"
    if code in (301, 302) and method == "POST":
        return "GET"
    return method


def _credentials_in(url: URL) -> Credentials | None:
    return None if url.username is None else Credentials(url.username, url.password or "")


def _without(headers: HTTPHeaders, names: tuple[str, ...]) -> HTTPHeaders:
    kept = headers.copy()
    for name in names:
        kept.pop(name, None)
    return kept
