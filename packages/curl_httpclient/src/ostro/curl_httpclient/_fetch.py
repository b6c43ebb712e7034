"""A fetch of the client on libcurl: each request is a transfer on a handle.

Redirects are not followed by libcurl, since it sends other requests after some of them than
browsers and the simple client do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import HTTPRequest, HTTPResponse
from ostro.httpclient.parts import Fetch, Hop, Proxy, parse_url
from ostro.ioloop import NEVER
from ostro.stack_context import wrap

from ._binding import Curl
from ._options import goes_in_pieces, set_for_another_origin, set_options
from ._timing import read_times
from ._transfer import Transfer
from ._upload import ProducedUpload, WholeUpload
from .errors import CurlStreamClosedError, CurlTimeoutError

if TYPE_CHECKING:
    from ._client import CurlAsyncHTTPClient

__all__ = ["CurlFetch"]

_NO_CODES: Final[frozenset[int]] = frozenset()


class CurlFetch(Fetch):
    """Carries one request out on libcurl."""

    __slots__ = ()

    client: CurlAsyncHTTPClient

    def timed_out(self, message: str) -> CurlTimeoutError:
        """Return the error for a deadline that came first."""
        return CurlTimeoutError(pycurl.E_OPERATION_TIMEDOUT, message)

    async def ask(self, hop: Hop) -> HTTPResponse | Hop:
        """Send a request; see Fetch."""
        engine = self.client.engine
        curl = engine.take_handle()
        # Somebody else may set what nobody forgets.
        own = self.request.prepare_curl_callback is None
        try:
            begun = self.client.sweeper.clock()
            transfer = self._prepared(curl, hop)
            try:
                transfer.start()
                return await self._converse(transfer, hop)
            except CurlStreamClosedError:
                # Libcurl sends again by itself, but not after each way in which HTTP/2 can end.
                if hop.idempotent and transfer.is_unheard_of():
                    return hop
                raise
            finally:
                read_times(self.timing, curl, begun)
                transfer.stop()
        finally:
            engine.give_back(curl, reuse=own)

    def _prepared(self, curl: Curl, hop: Hop) -> Transfer:
        """Return the transfer for a request, with all options set."""
        request, client = self.request, self.client
        proxy = self.proxy_for(hop)
        length = set_options(curl, request, hop, proxy, client.cookie_jar, client.idle_timeout)
        transfer = Transfer(
            client.engine,
            curl,
            client.max_header_size,
            bodiless=hop.method == "HEAD",
            login_codes=_login_codes(request, hop, proxy),
            repeatable=hop.idempotent,
            proxied=proxy is not None,
            on_sent=self.on_sent,
            on_heard=self._on_heard,
        )
        if hop.producer is not None:
            transfer.take_upload(
                ProducedUpload(hop.producer, length, transfer.resume, transfer.fail, self.on_sent)
            )
        elif hop.body is not None and goes_in_pieces(request, hop.body):
            transfer.take_upload(WholeUpload(hop.body, self.on_sent))
        if request.prepare_curl_callback is not None:
            # The other callbacks are wrapped already; no other client has this one.
            wrap(request.prepare_curl_callback)(curl)
            if hop.url.origin != parse_url(request.url).origin:
                set_for_another_origin(curl, request, hop, proxy, client.cookie_jar)
        self.doing = "during the request"
        return transfer

    def _on_heard(self) -> None:
        self.until(NEVER, "during the response")

    async def _converse(self, transfer: Transfer, hop: Hop) -> HTTPResponse | Hop:
        head = await transfer.read_head(self.request.informational_callback)
        self.head_received(hop, head)
        again, error = self.what_next(hop, head)
        if again is None:
            return await self.finish(hop, transfer, head, error)
        await transfer.drain()
        return again


def _login_codes(request: HTTPRequest, hop: Hop, proxy: Proxy | None) -> frozenset[int]:
    """Return the codes of responses that libcurl follows with credentials."""
    server = hop.credentials is not None and request.auth_mode == "digest"
    at_proxy = proxy is not None and proxy.username is not None and proxy.auth_mode == "digest"
    if not server and not at_proxy:
        return _NO_CODES
    return frozenset([401] * server + [407] * at_proxy)
