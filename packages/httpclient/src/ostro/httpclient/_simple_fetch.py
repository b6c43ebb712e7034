"""A fetch of the simple client: connections from the pool or new ones, retries, logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostro.http1 import HTTP1Error, ResponseHead
from ostro.ioloop import NEVER
from ostro.iostream import StreamClosedError

from ._authorization import learn_from_proxy, learn_from_server
from ._connection import ClientConnection
from ._digest import is_stale
from ._exchange import Exchange, named
from ._fetch import Fetch
from ._hop import Hop
from ._message import digest_request, request_fields, request_target
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from ._route import Route, route_of

if TYPE_CHECKING:
    from ._simple import SimpleAsyncHTTPClient

__all__ = ["SimpleFetch"]

_LOGINS: Final = (401, 407)
"""The codes that ask for credentials: the server's, and the proxy's."""


class SimpleFetch(Fetch):
    """Carries one request out on streams."""

    __slots__ = ("_answered",)

    client: SimpleAsyncHTTPClient

    def __init__(
        self,
        client: SimpleAsyncHTTPClient,
        request: HTTPRequest,
        receiver: ResponseReceiver | None,
    ) -> None:
        super().__init__(client, request, receiver)
        # How often a request has been answered with a challenge, of the server and of the proxy.
        self._answered: dict[tuple[Hop, int], int] = {}

    async def ask(self, hop: Hop) -> HTTPResponse | Hop:
        """Send a request; see Fetch."""
        try:
            exchange, route, head = await self._open(hop)
            try:
                again, error = self.what_next(hop, head)
                if head.code in _LOGINS and hop.repeatable and self._learns(hop, route, head):
                    again = hop
                if again is None:
                    response = await self.finish(hop, exchange, head, error)
                else:
                    await exchange.drain()
                await exchange.end()
            except BaseException:
                exchange.connection.close()
                await exchange.end()
                raise
        except (HTTP1Error, StreamClosedError) as fault:
            raise named(fault) from fault
        self.client.pool.put(exchange.connection)
        return response if again is None else again

    def _learns(self, hop: Hop, route: Route, head: ResponseHead) -> bool:
        """Say whether the request is worth being sent again, with the answer to a challenge.

        A second challenge of the server, or of the proxy, means that the answer was wrong, unless
        it says that only the nonce was too old.
        """
        server = head.code == 401
        name = "Www-Authenticate" if server else "Proxy-Authenticate"
        answered = self._answered[hop, head.code] = self._answered.get((hop, head.code), 0) + 1
        if answered > 2 or (answered == 2 and not is_stale(head.headers.get_list(name))):
            return False
        digests = self.client.digests
        asked = digest_request(hop, route)
        if not server:
            proxy = route.proxy
            return proxy is not None and learn_from_proxy(proxy, head, asked, digests)
        mode = self.request.auth_mode
        return learn_from_server(hop.url, hop.credentials, mode, head, asked, digests)

    # One request

    async def _open(self, hop: Hop) -> tuple[Exchange, Route, ResponseHead]:
        """Send a request and return the head of the response.

        A connection that had been idle may turn out to be dead. What may be done twice is then
        done once more, on a new one.
        """
        client = self.client
        route = route_of(self.request, hop.url, self.proxy_for(hop))
        repeatable = hop.idempotent
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

    async def _connect(self, route: Route, hop: Hop) -> ClientConnection:
        seconds = self.request.connect_timeout
        limit = self.client.sweeper.clock() + seconds if seconds else NEVER
        self.until(limit, "while connecting")
        connection = await self.client.connector.connect(route, hop.url, self.timing)
        self.until(NEVER, "during the request")
        return connection

    async def _converse(self, exchange: Exchange, route: Route, hop: Hop) -> ResponseHead:
        """Send a request on a connection, and read the head of the response."""
        request = self.request
        client = self.client
        body = hop.body if hop.producer is None else hop.producer
        try:
            fields = request_fields(request, hop, route, client.digests, client.cookie_jar)
            self.doing = "during the request"
            self.timing.ready = client.sweeper.clock()
            exchange.send(
                hop.method,
                request_target(hop, route),
                fields,
                body,
                self.on_sent,
                expect_continue=request.expect_100_continue and body is not None,
            )
            await exchange.wait_for_first_byte()
            self.timing.first_byte = client.sweeper.clock()
            self.until(NEVER, "during the response")
            head = await exchange.read_head(request.informational_callback)
        except BaseException:
            exchange.connection.close()
            await exchange.end()
            raise
        self.head_received(hop, head)
        return head
