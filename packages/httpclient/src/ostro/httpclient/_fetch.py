"""One fetch, from its turn in the queue to its response: hops, retries, logins, deadlines."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from ostro.http1 import HTTP1Error, ResponseHead
from ostro.iostream import StreamClosedError

from ._arrival import receive_response
from ._authorization import learn_from_proxy, learn_from_server
from ._connection import ClientConnection
from ._deadlines import NEVER
from ._digest import is_stale
from ._environment import environment_proxy
from ._exchange import Exchange, named
from ._hop import REDIRECTS, Hop
from ._message import digest_request, request_fields, request_target
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from ._route import Route, proxy_of, route_of
from ._timing import Timing
from .errors import (
    NO_RESPONSE,
    HTTPClientError,
    HTTPTimeoutError,
    RedirectError,
    TooManyRedirectsError,
)

if TYPE_CHECKING:
    from ._simple import SimpleAsyncHTTPClient

__all__ = ["Fetch"]

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that do no more when they are done twice. RFC 9110 section 9.2.2."""


class Fetch:
    """Carries one request out. `run` does it; everything else is a step of that."""

    __slots__ = (
        "_answered",
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
        client: SimpleAsyncHTTPClient,
        request: HTTPRequest,
        receiver: ResponseReceiver | None,
    ) -> None:
        self._client = client
        self._request = request
        self._receiver = receiver
        self._timing = Timing(client.sweeper.clock())
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
        # How often a challenge of the server at hand, or of the proxy, has been answered.
        self._answered = 0

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
            raise self._failed(HTTPTimeoutError(self._expired)) from None
        except (HTTP1Error, StreamClosedError) as error:
            raise self._failed(named(error)) from error
        except HTTPClientError as error:
            self._failed(error)
            raise
        finally:
            sweeper.forget(self)
            self._give_turn_back()

    def _failed(self, error: HTTPClientError) -> HTTPClientError:
        """Give an error the times and what else is known without a response."""
        if error.response is None and error.code == NO_RESPONSE:
            now = self._timing.end = self._client.sweeper.clock()
            error.response = HTTPResponse(
                self._request,
                NO_RESPONSE,
                error=error,
                request_time=now - self._timing.start,
                time_info=self._timing.info(),
                start_time=self._start_time,
            )
        return error

    async def _run(self) -> HTTPResponse:
        hop = Hop.first(self._request)
        await self._take_turn(hop)
        redirects = 0
        while True:
            exchange, route, head = await self._ask(hop)
            try:
                again, error = self._what_next(hop, route, head, redirects)
                if again is None:
                    response = await self._finish(hop, exchange, head, error)
                else:
                    await exchange.drain()
                await exchange.end()
            except BaseException:
                exchange.connection.close()
                await exchange.end()
                raise
            self._client.pool.put(exchange.connection)
            if again is None:
                return response
            if again is not hop:
                redirects += 1
                await self._move(hop, again)
            hop = again

    def _what_next(
        self, hop: Hop, route: Route, head: ResponseHead, redirects: int
    ) -> tuple[Hop | None, RedirectError | None]:
        """Return the request that follows a response, or None, and what is wrong with it."""
        request = self._request
        if head.code in (401, 407) and hop.repeatable and self._learns(hop, route, head):
            return hop, None
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

    def _learns(self, hop: Hop, route: Route, head: ResponseHead) -> bool:
        """Say whether the request is worth being sent again, with the answer to a challenge.

        A second challenge means that the answer was wrong, unless it says that only the nonce was
        too old.
        """
        server = head.code == 401
        name = "Www-Authenticate" if server else "Proxy-Authenticate"
        self._answered += 1
        if self._answered > 1 and not (
            self._answered == 2 and is_stale(head.headers.get_list(name))
        ):
            return False
        digests = self._client.digests
        asked = digest_request(hop, route)
        if not server:
            proxy = route.proxy
            return proxy is not None and learn_from_proxy(proxy, head, asked, digests)
        mode = self._request.auth_mode
        return learn_from_server(hop.url, hop.credentials, mode, head, asked, digests)

    async def _move(self, before: Hop, after: Hop) -> None:
        """Go on to another URL."""
        self._answered = 0
        self._timing.redirected = self._client.sweeper.clock()
        if after.url.host != before.url.host:
            self._give_turn_back()
            await self._take_turn(after, first=True)

    # The queue

    async def _take_turn(self, hop: Hop, *, first: bool = False) -> None:
        host = hop.url.host
        turns = self._client.turns
        if not turns.take_now(host):
            self._doing = "in the queue"
            await turns.take(host, first=first)
        self._host = host
        if not self._timing.turn:
            self._timing.turn = self._client.sweeper.clock()

    def _give_turn_back(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            self._client.turns.give_back(host)

    # One request

    async def _ask(self, hop: Hop) -> tuple[Exchange, Route, ResponseHead]:
        """Send a request and return the head of the response.

        A connection that had been idle may turn out to be dead. What may be done twice is then
        done once more, on a new one.
        """
        client = self._client
        route = self._route(hop)
        repeatable = hop.method in _IDEMPOTENT and hop.producer is None
        connection = client.pool.take(route, certainly=not repeatable)
        if connection is not None:
            exchange = Exchange(connection, client.sweeper)
            try:
                return exchange, route, await self._converse(exchange, route, hop)
            except (HTTP1Error, StreamClosedError):
                if connection.heard or not repeatable:
                    raise
        exchange = Exchange(await self._connect(route, hop), client.sweeper)
        return exchange, route, await self._converse(exchange, route, hop)

    def _route(self, hop: Hop) -> Route:
        request = self._request
        proxy = proxy_of(request)
        if proxy is None and self._client.environment_proxies and request.unix_socket is None:
            proxy = environment_proxy(hop.url)
        return route_of(request, hop.url, proxy)

    async def _connect(self, route: Route, hop: Hop) -> ClientConnection:
        seconds = self._request.connect_timeout
        limit = self._client.sweeper.clock() + seconds if seconds else NEVER
        self._until(limit, "while connecting")
        connection = await self._client.connector.connect(route, hop.url, self._timing)
        self._until(NEVER, "during the request")
        return connection

    async def _converse(self, exchange: Exchange, route: Route, hop: Hop) -> ResponseHead:
        """Send a request on a connection, and read the head of the response."""
        request = self._request
        client = self._client
        body = hop.body if hop.producer is None else hop.producer
        try:
            fields = request_fields(request, hop, route, client.digests, client.cookie_jar)
            self._doing = "during the request"
            self._timing.ready = client.sweeper.clock()
            exchange.send(
                hop.method,
                request_target(hop, route),
                fields,
                body,
                self._on_sent,
                expect_continue=request.expect_100_continue and body is not None,
            )
            await exchange.wait_for_first_byte()
            self._timing.first_byte = client.sweeper.clock()
            self._until(NEVER, "during the response")
            head = await exchange.read_head(request.informational_callback)
        except BaseException:
            exchange.connection.close()
            await exchange.end()
            raise
        if client.cookie_jar is not None:
            client.cookie_jar.store(hop.text, head.headers.get_list("Set-Cookie"))
        return head

    def _on_sent(self) -> None:
        seconds = self._request.first_byte_timeout
        if seconds:
            limit = self._client.sweeper.clock() + seconds
            self._until(limit, "before the first byte of the response")

    # The response

    async def _finish(
        self, hop: Hop, exchange: Exchange, head: ResponseHead, error: RedirectError | None
    ) -> HTTPResponse:
        """Read the body, and return the response."""
        client = self._client
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
        body = await receive_response(
            exchange, head, self._request, response, self._receiver, client.body_limits
        )
        timing = self._timing
        timing.end = client.sweeper.clock()
        response.finish(body, exchange.trailers, timing.end - timing.start, timing.info)
        return response
