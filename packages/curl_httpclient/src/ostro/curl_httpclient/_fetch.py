"""One fetch, from its turn in the queue to its response: hops and deadlines.

Redirects are followed here and not by libcurl, since it sends other requests after some of them
than browsers and the simple client do.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import (
    HTTPClientError,
    HTTPRequest,
    HTTPResponse,
    RedirectError,
    ResponseReceiver,
    ResponseTooLargeError,
    TooManyRedirectsError,
)
from ostro.httpclient.errors import NO_RESPONSE
from ostro.httpclient.parts import (
    NEVER,
    REDIRECTS,
    Decoder,
    Hop,
    Proxy,
    decoder_for,
    environment_proxy,
    proxy_of,
)
from ostro.httputil import HTTPHeaders
from ostro.stack_context import wrap

from ._binding import Curl
from ._head import Head
from ._options import IDEMPOTENT, goes_in_pieces, set_options
from ._timing import Timing
from ._transfer import Transfer
from ._upload import ProducedUpload, WholeUpload
from .errors import CurlTimeoutError

if TYPE_CHECKING:
    from ._client import CurlAsyncHTTPClient

__all__ = ["Fetch"]

_NO_CODES: Final[frozenset[int]] = frozenset()


class Fetch:
    """Carries one request out. `run` does it; everything else is a step of that."""

    __slots__ = (
        "_cancelling",
        "_client",
        "_doing",
        "_end",
        "_expired",
        "_host",
        "_receiver",
        "_request",
        "_start_time",
        "_task",
        "_timing",
        "deadline",
    )

    def __init__(
        self,
        client: CurlAsyncHTTPClient,
        request: HTTPRequest,
        receiver: ResponseReceiver | None,
    ) -> None:
        self._client = client
        self._request = request
        self._receiver = receiver
        self._timing = Timing(client.sweeper.clock)
        self._start_time = time.time()

        # The deadline of the whole, and the one that is next, with what is done until then.
        timeout = request.request_timeout
        self._end = self._timing.start + timeout if timeout else NEVER
        self.deadline = self._end
        self._doing = "in the queue"
        # The task that runs this; how many cancellations it had before; which deadline ended it.
        task = asyncio.current_task()
        assert task is not None  # fetches run in tasks
        self._task: asyncio.Task[object] = task
        self._cancelling = task.cancelling()
        self._expired: str | None = None

        # The host whose turn is taken; None while there is none.
        self._host: str | None = None

    # Deadlines

    def expire(self, now: float) -> None:
        """Be ended by a deadline."""
        self.deadline = NEVER
        self._expired = f"timed out {self._doing} after {now - self._timing.start:.1f} seconds"
        self._task.cancel()

    def _until(self, deadline: float, doing: str) -> None:
        """Have until `deadline`, if the whole fetch has as long."""
        self._doing = doing
        before = self.deadline
        self.deadline = min(deadline, self._end)
        if self.deadline < before:
            self._client.sweeper.watch(self)

    def _on_sent(self) -> None:
        seconds = self._request.first_byte_timeout
        limit = self._client.sweeper.clock() + seconds if seconds else NEVER
        self._until(limit, "before the first byte of the response")

    def _on_heard(self) -> None:
        self._until(NEVER, "during the response")

    # The whole

    async def run(self) -> HTTPResponse:
        """Carry the request out.

        Raises HTTPClientError where there is no response; ValueError for a request that cannot be
        sent; what a callback of the request raises.
        """
        sweeper = self._client.sweeper
        if self.deadline < NEVER:
            sweeper.watch(self)
        try:
            return await self._run()
        except asyncio.CancelledError:
            if self._expired is None or self._task.uncancel() > self._cancelling:
                raise
            timeout = CurlTimeoutError(pycurl.E_OPERATION_TIMEDOUT, self._expired)
            raise self._failed(timeout) from None
        except HTTPClientError as error:
            self._failed(error)
            raise
        finally:
            sweeper.forget(self)
            self._give_turn_back()

    def _failed(self, error: HTTPClientError) -> HTTPClientError:
        """Give an error the times and what else is known without a response."""
        if error.response is None and error.code == NO_RESPONSE:
            error.response = HTTPResponse(
                self._request,
                NO_RESPONSE,
                error=error,
                request_time=self._timing.elapsed(),
                time_info=self._timing.info(),
                start_time=self._start_time,
            )
        return error

    async def _run(self) -> HTTPResponse:
        hop = Hop.first(self._request)
        await self._take_turn(hop)
        redirects = 0
        while True:
            found = await self._ask(hop, redirects)
            if isinstance(found, HTTPResponse):
                return found
            redirects += 1
            self._timing.next_hop()
            if found.url.host != hop.url.host:
                self._give_turn_back()
                await self._take_turn(found, first=True)
            hop = found

    # The queue

    async def _take_turn(self, hop: Hop, *, first: bool = False) -> None:
        host = hop.url.host
        turns = self._client.turns
        if not turns.take_now(host):
            self._doing = "in the queue"
            await turns.take(host, first=first)
        self._host = host
        self._timing.turn_came()

    def _give_turn_back(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            self._client.turns.give_back(host)

    # One request

    async def _ask(self, hop: Hop, redirects: int) -> HTTPResponse | Hop:
        """Send a request; return the response, or the request that it leads to."""
        engine = self._client.engine
        curl = engine.take_handle()
        # Somebody else may set what nobody forgets.
        own = self._request.prepare_curl_callback is None
        try:
            transfer = self._prepared(curl, hop)
            try:
                transfer.start()
                return await self._converse(transfer, hop, redirects)
            except BaseException:
                self._timing.read(curl)
                raise
            finally:
                transfer.stop()
        finally:
            engine.give_back(curl, reuse=own)

    def _prepared(self, curl: Curl, hop: Hop) -> Transfer:
        """Return the transfer for a request, with all options set."""
        request, client = self._request, self._client
        proxy = self._proxy(hop)
        length = set_options(curl, request, hop, proxy, client.cookie_jar, client.idle_timeout)
        transfer = Transfer(
            client.engine,
            curl,
            client.max_header_size,
            login_codes=_login_codes(request, hop, proxy),
            repeatable=hop.method in IDEMPOTENT and hop.producer is None,
            proxied=proxy is not None,
            on_sent=self._on_sent,
            on_heard=self._on_heard,
        )
        if hop.producer is not None:
            transfer.take_upload(
                ProducedUpload(hop.producer, length, transfer.resume, transfer.fail, self._on_sent)
            )
        elif hop.body is not None and goes_in_pieces(request, hop.body):
            transfer.take_upload(WholeUpload(hop.body, self._on_sent))
        if request.prepare_curl_callback is not None:
            # The other callbacks are wrapped already; no other client has this one.
            wrap(request.prepare_curl_callback)(curl)
        self._doing = "during the request"
        return transfer

    def _proxy(self, hop: Hop) -> Proxy | None:
        request = self._request
        proxy = proxy_of(request)
        if proxy is None and self._client.environment_proxies and request.unix_socket is None:
            return environment_proxy(hop.url)
        return proxy

    async def _converse(self, transfer: Transfer, hop: Hop, redirects: int) -> HTTPResponse | Hop:
        head = await transfer.read_head(self._request.informational_callback)
        if self._client.cookie_jar is not None:
            self._client.cookie_jar.store(hop.text, head.headers.get_list("Set-Cookie"))
        again, error = self._what_next(hop, head, redirects)
        if again is not None:
            await transfer.drain()
            return again
        return await self._finish(transfer, hop, head, error)

    def _what_next(
        self, hop: Hop, head: Head, redirects: int
    ) -> tuple[Hop | None, RedirectError | None]:
        """Return the request that follows a response, or None, and what is wrong with it."""
        request = self._request
        location = head.headers.get("Location")
        if head.code not in REDIRECTS or location is None or not request.follow_redirects:
            return None, None
        most = request.max_redirects or 0
        if redirects >= most:
            return None, TooManyRedirectsError(head.code, f"more than {most} redirects")
        try:
            return hop.redirected(head.code, location), None
        except ValueError as error:
            return None, RedirectError(head.code, f"a redirect that leads nowhere: {error}")

    # The response

    async def _finish(
        self, transfer: Transfer, hop: Hop, head: Head, error: RedirectError | None
    ) -> HTTPResponse:
        """Read the body, and return the response."""
        response = HTTPResponse(
            self._request,
            head.code,
            head.headers,
            effective_url=hop.text,
            reason=head.reason,
            start_time=self._start_time,
            http_version=head.version,
        )
        if error is not None:
            error.response = response
            response.error = error
        body = await self._receive(transfer, hop, head, response)
        self._timing.read(transfer.curl)
        response.finish(body, transfer.trailers(), self._timing.elapsed(), self._timing.info())
        return response

    async def _receive(
        self, transfer: Transfer, hop: Hop, head: Head, response: HTTPResponse
    ) -> bytes:
        """Hand a response to whoever takes it, and return the body where that is nobody."""
        request, receiver = self._request, self._receiver
        pieces: list[bytes] = []
        take: Callable[[bytes], object] = pieces.append
        limit = self._body_limit()
        has_body = hop.method != "HEAD" and head.code not in (204, 304)
        decoder = _decoder(head, limit) if has_body and request.decompress_response else None
        if receiver is not None:
            take = receiver.data_received
            await _wait_for(receiver.head_received(response))
        elif request.streaming_callback is not None:
            take = request.streaming_callback
        if request.header_callback is not None:
            await _tell_headers(request.header_callback, response)
        if has_body and limit is not None and (head.content_length or 0) > limit:
            raise ResponseTooLargeError(
                f"body of {head.content_length} bytes, expected no more than {limit}"
            )
        await transfer.read_body(take, decoder, limit)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _body_limit(self) -> int | None:
        request, client = self._request, self._client
        if request.max_body_size is not None:
            return request.max_body_size
        if self._receiver is None and request.streaming_callback is None:
            return client.max_kept_body
        return client.max_streamed_body


def _login_codes(request: HTTPRequest, hop: Hop, proxy: Proxy | None) -> frozenset[int]:
    """Return the codes of responses that libcurl follows with credentials."""
    server = hop.credentials is not None and request.auth_mode == "digest"
    at_proxy = proxy is not None and proxy.username is not None and proxy.auth_mode == "digest"
    if not server and not at_proxy:
        return _NO_CODES
    return frozenset([401] * server + [407] * at_proxy)


def _decoder(head: Head, limit: int | None) -> Decoder | None:
    """Return what undoes the codings of the body, and have the fields say what is left."""
    headers = head.headers
    encoding = headers.get("Content-Encoding")
    if not encoding or head.code == 206:
        return None  # a part of a body in a coding cannot be decoded without the rest
    decoder = decoder_for(encoding, limit)
    if decoder is not None:
        headers["X-Consumed-Content-Encoding"] = encoding
        del headers["Content-Encoding"]
        headers.pop("Content-Length", None)
    return decoder


async def _tell_headers(tell: Callable[..., object], response: HTTPResponse) -> None:
    """Give the header lines to the callback, which keeps them from the response."""
    start = f"{response.http_version} {response.code} {response.reason}"
    for line in [start, *response.headers.lines(), ""]:
        await _wait_for(tell(f"{line}\r\n"))
    response.headers = HTTPHeaders()


async def _wait_for(result: object) -> None:
    if result is not None and inspect.isawaitable(result):
        await result
