"""One fetch, from its turn in the queue to its response: redirects and deadlines.

This is what all clients have in common. How a request is sent, and a response read, is the business
of a subclass for each client.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Protocol

from ostro.ioloop import NEVER, IOLoop, Sweeper

from ._arrival import Arrival, BodyLimits, Head, receive_response
from ._cookie_jar import CookieJar
from ._environment import environment_proxy
from ._hop import REDIRECTS, Hop
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse
from ._route import Proxy, proxy_of
from ._timing import Timing
from ._turns import Turns
from .errors import (
    NO_RESPONSE,
    HTTPClientError,
    HTTPTimeoutError,
    RedirectError,
    TooManyRedirectsError,
)

__all__ = ["Fetch", "FetchingClient"]


class FetchingClient(Protocol):
    """What the fetches of a client share."""

    io_loop: IOLoop
    sweeper: Sweeper
    turns: Turns
    body_limits: BodyLimits
    cookie_jar: CookieJar | None
    environment_proxies: bool


class Fetch(ABC):
    """Carries one request out. `run` does it; everything else is a step of that.

    A subclass says in `ask` how one request is sent, and in an annotation which kind of client it
    is for. A fetch is made in the task that runs it.

    Args:
        client: Whose fetch it is.
        request: It is checked, and completed with the defaults.
        receiver: Takes the response as it comes, if anybody does.
    """

    __slots__ = (
        "_cancelling",
        "_end",
        "_expired",
        "_has_head",
        "_host",
        "_receiver",
        "_redirects",
        "_start_time",
        "_task",
        "client",
        "deadline",
        "doing",
        "request",
        "timing",
    )

    def __init__(
        self,
        client: FetchingClient,
        request: HTTPRequest,
        receiver: ResponseReceiver | None,
    ) -> None:
        self.client = client
        self.request = request
        self._receiver = receiver
        self.timing = Timing(client.sweeper.clock())
        self._start_time = time.time()

        # The deadline of the whole, and the one that is next, with what is done until then.
        timeout = request.request_timeout
        self._end = self.timing.start + timeout if timeout else NEVER
        self.deadline = self._end
        self.doing = "in the queue"
        # The task that runs this; how many cancellations it had before; which deadline ended it.
        # To find the loop by itself takes asyncio a system call, up to Python 3.11.
        task = asyncio.current_task(client.io_loop.asyncio_loop)
        assert task is not None  # fetches run in tasks
        self._task: asyncio.Task[object] = task
        self._cancelling = task.cancelling()
        self._expired: str | None = None

        # The host whose turn is taken; None while there is none.
        self._host: str | None = None
        self._redirects = 0
        # Whether the head of the response to the request at hand is there.
        self._has_head = False

    # Deadlines

    def expire(self, now: float) -> None:
        """Be ended by a deadline."""
        self._expired = f"timed out {self.doing} after {now - self.timing.start:.1f} seconds"
        self._task.cancel()

    def until(self, deadline: float, doing: str) -> None:
        """Have until `deadline`, if the whole fetch has as long."""
        self.doing = doing
        before = self.deadline
        self.deadline = min(deadline, self._end)
        if self.deadline < before:
            self.client.sweeper.watch(self)

    def on_sent(self) -> None:
        """Learn that all of the request is sent. The response may be there already."""
        if self._has_head:
            return
        self.doing = "before the first byte of the response"
        seconds = self.request.first_byte_timeout
        if seconds:
            self.until(self.client.sweeper.clock() + seconds, self.doing)

    # The whole

    async def run(self) -> HTTPResponse:
        """Carry the request out.

        Raises HTTPClientError where there is no response; ValueError for a request that cannot be
        sent; what a callback of the request raises.
        """
        sweeper = self.client.sweeper
        if self.deadline < NEVER:
            sweeper.watch(self)
        try:
            hop = Hop.first(self.request)
            await self._take_turn(hop)
            while True:
                self._has_head = False
                found = await self.ask(hop)
                if isinstance(found, HTTPResponse):
                    return found
                if found is not hop:
                    await self._move(hop, found)
                    hop = found
        except asyncio.CancelledError:
            if self._expired is None or self._task.uncancel() > self._cancelling:
                raise
            raise self._failed(self.timed_out(self._expired)) from None
        except HTTPClientError as error:
            self._failed(error)
            raise
        finally:
            sweeper.forget(self)
            self._give_turn_back()

    @abstractmethod
    async def ask(self, hop: Hop) -> HTTPResponse | Hop:
        """Send a request. Return the response; the request that it leads to; or the same one, to be
        sent again.

        Raises what `run` does.
        """

    def timed_out(self, message: str) -> HTTPTimeoutError:
        """Return the error for a deadline that came first."""
        return HTTPTimeoutError(message)

    def _failed(self, error: HTTPClientError) -> HTTPClientError:
        """Give an error the times and what else is known without a response."""
        if error.response is None and error.code == NO_RESPONSE:
            now = self.timing.end = self.client.sweeper.clock()
            error.response = HTTPResponse(
                self.request,
                NO_RESPONSE,
                error=error,
                request_time=now - self.timing.start,
                time_info=self.timing.info(),
                start_time=self._start_time,
            )
        return error

    # The queue

    async def _move(self, before: Hop, after: Hop) -> None:
        """Go on to another URL."""
        self._redirects += 1
        self.timing.redirected = self.client.sweeper.clock()
        if after.url.host != before.url.host:
            self._give_turn_back()
            await self._take_turn(after, first=True)

    async def _take_turn(self, hop: Hop, *, first: bool = False) -> None:
        host = hop.url.host
        turns = self.client.turns
        if not turns.take_now(host):
            self.doing = "in the queue"
            await turns.take(host, first=first)
        self._host = host
        if not self.timing.turn:
            self.timing.turn = self.client.sweeper.clock()

    def _give_turn_back(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            self.client.turns.give_back(host)

    # What one request takes

    def proxy_for(self, hop: Hop) -> Proxy | None:
        """Return the proxy that a request goes through, if there is one."""
        request = self.request
        proxy = proxy_of(request)
        if proxy is None and self.client.environment_proxies and request.unix_socket is None:
            return environment_proxy(hop.url)
        return proxy

    def head_received(self, hop: Hop, head: Head) -> None:
        """Learn that the head of the response is there; call this before anything else with it."""
        self._has_head = True
        if self.request.first_byte_timeout:
            # Once more: after an interim response, the end of the body has begun it again.
            self.until(NEVER, "during the response")
        if self.client.cookie_jar is not None:
            self.client.cookie_jar.store(hop.text, head.headers.get_list("Set-Cookie"))

    def what_next(self, hop: Hop, head: Head) -> tuple[Hop | None, RedirectError | None]:
        """Return the request that follows a response, or None, and what is wrong with it."""
        request = self.request
        location = head.headers.get("Location")
        if head.code not in REDIRECTS or location is None or not request.follow_redirects:
            return None, None
        most = request.max_redirects or 0
        if self._redirects >= most:
            return None, TooManyRedirectsError(head.code, f"more than {most} redirects")
        try:
            again = hop.redirected(head.code, location)
        except ValueError as error:
            return None, RedirectError(head.code, f"a redirect that leads nowhere: {error}")
        if again is None:
            return None, RedirectError(
                head.code,
                "a redirect that asks for the body once more, which an async iterator gives but "
                "once; a function as body_producer is called again",
            )
        return again, None

    async def finish(
        self, hop: Hop, arrival: Arrival, head: Head, error: RedirectError | None
    ) -> HTTPResponse:
        """Read the body, and return the response; `error` is what `what_next` found wrong."""
        client = self.client
        response = HTTPResponse(
            self.request,
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
            arrival, head, self.request, response, self._receiver, client.body_limits
        )
        timing = self.timing
        timing.end = client.sweeper.clock()
        response.finish(body, arrival.trailers, timing.end - timing.start, timing.info)
        return response
