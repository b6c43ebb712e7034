"""The head of a request: the target and the fields that go to the server, or to a proxy."""

from __future__ import annotations

from ostro.httputil import HTTPHeaders

from ._authorization import proxy_authorization, server_authorization
from ._cookie_jar import CookieJar
from ._decoding import accepted_codings
from ._digest import DigestMemory, DigestRequest
from ._hop import Hop
from ._request import HTTPRequest
from ._route import Route

__all__ = ["add_cookies", "add_usual", "digest_request", "request_fields", "request_target"]

FORM_TYPE = "application/x-www-form-urlencoded"
"""What the body of a POST is, where nothing else is said: it always was, here and in libcurl."""


def request_target(hop: Hop, route: Route) -> str:
    """Return what the request line asks for: a path, or a whole URL where a proxy has to know."""
    if route.proxy is not None and not route.tunnelled:
        return hop.url.absolute
    return hop.url.target


def digest_request(hop: Hop, route: Route) -> DigestRequest:
    """Return what Digest authentication covers of a request."""
    body = None if hop.producer is not None else hop.body or b""
    return DigestRequest(hop.method, request_target(hop, route), body)


def request_fields(
    request: HTTPRequest,
    hop: Hop,
    route: Route,
    digests: DigestMemory,
    cookie_jar: CookieJar | None,
) -> HTTPHeaders:
    """Return the fields of a request; those of the caller come before what is usual."""
    given = hop.headers
    if given:
        fields = HTTPHeaders({"Host": given.get("Host") or hop.url.authority})
        for name, value in given.get_all():
            if name != "Host":
                fields.add(name, value)
        add_usual(fields, request, hop)
    else:
        # As most requests are. The codec looks for line breaks in what goes out.
        usual = {"Host": hop.url.authority}
        if request.user_agent:
            usual["User-Agent"] = request.user_agent
        if request.decompress_response:
            usual["Accept-Encoding"] = accepted_codings()
        if hop.method == "POST":
            usual["Content-Type"] = FORM_TYPE
        fields = HTTPHeaders.from_parsed(usual)
    add_cookies(fields, hop, cookie_jar)
    if hop.credentials is not None or route.proxy is not None or "Proxy-Authorization" in fields:
        _add_authorization(fields, request, hop, route, digests)
    return fields


def add_usual(fields: HTTPHeaders, request: HTTPRequest, hop: Hop) -> None:
    """Add to the caller's fields what is usual besides, but for the Host."""
    if request.user_agent and "User-Agent" not in fields:
        fields["User-Agent"] = request.user_agent
    if (
        request.decompress_response
        and "Accept-Encoding" not in fields
        and "Range" not in fields  # a part of what is compressed is of no use
    ):
        fields["Accept-Encoding"] = accepted_codings()
    if hop.method == "POST" and "Content-Type" not in fields:
        fields["Content-Type"] = FORM_TYPE


def add_cookies(fields: HTTPHeaders, hop: Hop, cookie_jar: CookieJar | None) -> None:
    """Add the cookies that are kept, if any are."""
    if cookie_jar is None:
        return
    kept = cookie_jar.header_for(hop.text)
    own = fields.get("Cookie")
    if kept:
        fields["Cookie"] = f"{own}; {kept}" if own else kept


def _add_authorization(
    fields: HTTPHeaders, request: HTTPRequest, hop: Hop, route: Route, digests: DigestMemory
) -> None:
    if hop.credentials is not None and "Authorization" not in fields:
        authorization = server_authorization(
            hop.url, hop.credentials, request.auth_mode, digest_request(hop, route), digests
        )
        if authorization is not None:
            fields["Authorization"] = authorization
    proxy = route.proxy
    if proxy is None or route.tunnelled:
        # It is for the next hop, which is the server itself then.
        fields.pop("Proxy-Authorization", None)
    elif "Proxy-Authorization" not in fields:
        authorization = proxy_authorization(proxy, digest_request(hop, route), digests)
        if authorization is not None:
            fields["Proxy-Authorization"] = authorization
