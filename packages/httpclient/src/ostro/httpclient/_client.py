"""AsyncHTTPClient: the interface of all clients, and which of them is meant.

This file owns what each client has in common: one instance for each loop, the defaults, the way
results take to futures and callbacks. How a request is carried out is the subclass's: `perform`.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Self, cast

from ostro.ioloop import IOLoop, deliver
from ostro.stack_context import NullContext, is_active, wrap

from ._checks import check_request
from ._receiver import ResponseReceiver
from ._request import DEFAULTS, HTTPRequest
from ._response import HTTPResponse
from ._stream import StreamedResponse
from .errors import NO_RESPONSE, ClientClosedError, HTTPClientError

__all__ = ["AsyncHTTPClient", "check_class"]

_INSTANCES = "_ostro_http_clients"
# The name under which an asyncio loop carries its clients, by class. They live as long as the loop.

_TASK = "ostro-fetch"
# The name of the tasks: making one up for each takes longer.

Callback = Callable[[HTTPResponse], object]


class AsyncHTTPClient:
    """An HTTP client that does not block.

    Creating one gives the client of the current loop, which is made when it is first asked for: an
    instance of `SimpleAsyncHTTPClient`, or of the class that `configure` says. So the pool of
    connections is shared.

    Args:
        io_loop: The loop to run on; None means `IOLoop.current()`.
        force_instance: Make a client of its own, to be closed when it is no longer needed.
        defaults: Values for parameters of `HTTPRequest` that a request leaves at None.
        **kwargs: Arguments of the class that carries requests out, see there. They count when the
            client is made, and have no effect on one that exists.

    A subclass takes its arguments in `initialize`, and carries requests out in `perform`, or in
    `fetch_impl`, which is the older way.

    Not thread-safe: a client belongs to the thread of its loop.
    """

    _configured: ClassVar[tuple[type[AsyncHTTPClient] | str | None, dict[str, Any]]] = (None, {})

    io_loop: IOLoop
    defaults: Mapping[str, object]

    def __new__(
        cls,
        io_loop: IOLoop | None = None,
        force_instance: bool = False,
        **kwargs: Any,  # Any: those of each `initialize`
    ) -> Self:
        chosen: type[AsyncHTTPClient] = cls
        if cls is AsyncHTTPClient:
            chosen, configured = AsyncHTTPClient._configuration()
            kwargs = {**configured, **kwargs}
        loop = IOLoop.current() if io_loop is None else io_loop
        instances = None if force_instance else _instances_of(loop)
        client = None if instances is None else instances.get(chosen)
        if client is None:
            client = object.__new__(chosen)
            client.io_loop = loop
            client._begin()
            client.initialize(**kwargs)
            if instances is not None:
                instances[chosen] = client
        return cast(Self, client)  # a subclass of AsyncHTTPClient where that was asked for

    # Any: each subclass has its own.
    def initialize(self, *, defaults: Mapping[str, object] | None = None, **kwargs: Any) -> None:
        """Take the arguments; the class itself calls this.

        Raises TypeError for an argument that no class takes, ValueError for a default that is no
        parameter of HTTPRequest, or one that no request leaves at None.
        """
        if kwargs:
            raise TypeError(f"{type(self).__name__} takes no argument {', '.join(kwargs)}")
        if defaults:
            unknown = sorted(set(defaults) - _parameters_left_open())
            if unknown:
                raise ValueError(
                    f"defaults: a request leaves no parameter {', '.join(unknown)} to the client, "
                    f"expected any of {', '.join(sorted(_parameters_left_open()))}"
                )
            own = dict(defaults)
            if "use_gzip" in own:
                own.setdefault("decompress_response", own.pop("use_gzip"))
            self.defaults = {**DEFAULTS, **own}

    def _begin(self) -> None:
        """Set what each client has, whatever its subclass does in `initialize`."""
        self.defaults = DEFAULTS
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()  # fetches under way; each has its own result

    def _carry_out(self, request: HTTPRequest) -> Coroutine[Any, Any, HTTPResponse]:
        if type(self).fetch_impl is AsyncHTTPClient.fetch_impl:
            return self.perform(request)
        return self._perform_by_callback(request)

    @classmethod
    def configure(
        cls,
        impl: type[AsyncHTTPClient] | str | None,
        **kwargs: Any,  # Any: those of each `initialize`
    ) -> None:
        """Set what `AsyncHTTPClient()` creates from now on, in the whole process.

        Clients that exist stay what they are, so call it early.

        Args:
            impl: A subclass, its dotted name, or None for `SimpleAsyncHTTPClient`.
            **kwargs: Its arguments, `max_clients` or `defaults` for instance.

        Raises TypeError when it is no subclass of AsyncHTTPClient. A name is looked up when the
        first client is made, which raises ImportError where it leads nowhere.
        """
        if impl is not None and not isinstance(impl, str):
            check_class(impl)
        AsyncHTTPClient._configured = impl, kwargs

    @staticmethod
    def _configuration() -> tuple[type[AsyncHTTPClient], dict[str, Any]]:
        impl, kwargs = AsyncHTTPClient._configured
        if impl is None:
            from ._simple import SimpleAsyncHTTPClient  # it is built upon this class

            impl = SimpleAsyncHTTPClient
        elif isinstance(impl, str):
            impl = check_class(_import(impl))
            AsyncHTTPClient._configured = impl, kwargs
        return impl, kwargs

    # Fetching

    def fetch(
        self,
        request: HTTPRequest | str,
        callback: Callback | None = None,
        *,
        raise_error: bool = True,
        **kwargs: Any,  # Any: those of HTTPRequest
    ) -> asyncio.Task[HTTPResponse]:
        """Carry out a request.

        Args:
            request: A URL, or an HTTPRequest.
            callback: Called through the loop with the response, whose `error` says what went
                wrong; nothing is raised then.
            raise_error: Raise an HTTPClientError for a code outside of 200 to 299, or give the
                response. Other errors are always raised.
            **kwargs: For a URL, the arguments of its HTTPRequest.

        Returns a task that gives the response; it has begun already, and cancelling it closes its
        connection. With a callback, nobody needs to look at it.

        Raises, from the task: HTTPClientError and those below it, see `ostro.httpclient.errors`;
        ValueError for a request that cannot be sent; whatever a callback of the request raises. At
        once: ClientClosedError; ValueError for arguments beside an HTTPRequest.
        """
        own = self._own_request(request, kwargs)
        completed = self._completed(own)
        loop = self.io_loop.asyncio_loop
        task = loop.create_task(
            self._fetch(own, completed, raise_error, callback is not None), name=_TASK
        )
        if callback is not None:
            self._deliver(task, callback)
        return task

    def stream(
        self,
        request: HTTPRequest | str,
        *,
        raise_error: bool = True,
        **kwargs: Any,  # Any: those of HTTPRequest
    ) -> StreamedResponse:
        """Carry out a request whose response is taken while it arrives.

            async with client.stream(url, request_timeout=0) as response:
                async for chunk in response:
                    ...

        The server has to wait where the loop does. Leaving the block early closes the connection.
        `request_timeout` counts here too, up to the last byte.

        Args:
            request: A URL, or an HTTPRequest, whose `streaming_callback` is not used.
            raise_error: Raise an HTTPClientError for a code outside of 200 to 299.
            **kwargs: For a URL, the arguments of its HTTPRequest.

        Raises what `fetch` does, when the block is entered, or read in.
        """
        own = self._own_request(request, kwargs)
        completed = self._completed(own)

        async def perform(receiver: ResponseReceiver) -> HTTPResponse:
            self._check(completed)
            return await self._tracked(self.perform(completed, receiver))

        return StreamedResponse(own, perform, raise_error)

    def _own_request(self, request: HTTPRequest | str, kwargs: dict[str, Any]) -> HTTPRequest:
        if self._closed:
            raise ClientClosedError
        if self.io_loop.asyncio_loop.is_closed():
            raise ClientClosedError("the loop of the client is closed")
        if not isinstance(request, HTTPRequest):
            return HTTPRequest(request, **kwargs)
        if kwargs:
            raise ValueError(f"{', '.join(kwargs)} beside an HTTPRequest: set them in the request")
        return request

    def _completed(self, request: HTTPRequest) -> HTTPRequest:
        """Return a request with the defaults, whose callbacks see the contexts of this place."""
        completed = request.completed(self.defaults)
        if is_active():
            completed.streaming_callback = wrap(request.streaming_callback)
            completed.header_callback = wrap(request.header_callback)
            completed.informational_callback = wrap(request.informational_callback)
        return completed

    async def _fetch(
        self, request: HTTPRequest, completed: HTTPRequest, raise_error: bool, catch: bool
    ) -> HTTPResponse:
        start = time.time()
        try:
            self._check(completed)
            response = await self._tracked(self._carry_out(completed))
        except Exception as error:
            if not catch:
                raise
            response = _response_of(error) or HTTPResponse(
                request,
                NO_RESPONSE,
                error=error,
                start_time=start,
                request_time=time.time() - start,
            )
        response.request = request
        wrong = response.error
        if wrong is not None and not catch and (raise_error or response.failed):
            raise wrong
        return response

    def _check(self, request: HTTPRequest) -> None:
        """Accept a request whose fetch begins; the client may have been closed in the meantime."""
        if self._closed:
            raise ClientClosedError("the client was closed before the fetch began")
        check_request(request)

    async def _tracked(self, carried_out: Coroutine[Any, Any, HTTPResponse]) -> HTTPResponse:
        """Have a fetch end with the client."""
        task = asyncio.current_task(self.io_loop.asyncio_loop)
        assert task is not None  # fetches run in tasks
        self._tasks.add(task)
        try:
            response = await carried_out
            if self._closed:
                await asyncio.sleep(0)  # a callback closed it: the cancellation is yet to come
            return response
        except asyncio.CancelledError:
            if self._closed and task.uncancel() == 0:
                raise ClientClosedError("the client was closed during the fetch") from None
            raise
        finally:
            self._tasks.discard(task)

    # What a subclass does

    async def perform(
        self, request: HTTPRequest, receiver: ResponseReceiver | None = None
    ) -> HTTPResponse:
        """Carry out a request; a subclass does it here. Cancelling it frees all that it holds.

        Args:
            request: It is checked, and completed with the defaults.
            receiver: Takes the response as it comes; None where the request's `streaming_callback`
                takes the body, or the response holds it.

        Returns the response, with the code that it has; with a receiver, the object that
        `head_received` was given. Raises HTTPClientError where there is none.
        """
        if type(self).fetch_impl is AsyncHTTPClient.fetch_impl:
            raise NotImplementedError(f"{type(self).__name__} has neither perform nor fetch_impl")
        if receiver is not None:
            raise NotImplementedError(f"{type(self).__name__} cannot stream: it has no perform")
        return await self._perform_by_callback(request)

    def fetch_impl(self, request: HTTPRequest, callback: Callback) -> object:
        """Carry out a request, and call `callback` once with the response: the older way.

        A subclass may override this instead of `perform`. Where there is no response, that has the
        code 599 and an error. If what is returned has a method `cancel`, that is called when the
        fetch is cancelled.
        """
        task = self.io_loop.asyncio_loop.create_task(self._perform_and_catch(request))
        deliver(task, callback, self.io_loop)
        return task

    async def _perform_and_catch(self, request: HTTPRequest) -> HTTPResponse:
        try:
            return await self.perform(request)
        except Exception as error:  # noqa: BLE001 - whatever ends a fetch
            return HTTPResponse(request, NO_RESPONSE, error=error)

    async def _perform_by_callback(self, request: HTTPRequest) -> HTTPResponse:
        future: asyncio.Future[HTTPResponse] = self.io_loop.asyncio_loop.create_future()

        def done(response: HTTPResponse) -> None:
            if not future.done():
                future.set_result(response)

        running = self.fetch_impl(request, done)
        try:
            return await future
        except asyncio.CancelledError:
            cancel: object = getattr(running, "cancel", None)
            if callable(cancel):
                cancel()
            raise

    # Callbacks

    def _deliver(self, task: asyncio.Task[HTTPResponse], callback: Callback) -> None:
        def run(response: HTTPResponse) -> None:
            result = callback(response)
            if inspect.isawaitable(result):
                deliver(result, _ignore, self.io_loop)

        wrapped = wrap(run)

        def call(response: HTTPResponse) -> None:
            try:
                wrapped(response)
            except Exception:  # noqa: BLE001 - whatever a callback raises
                self.handle_callback_exception(callback)

        with NullContext():  # the callback has its contexts, and only once
            deliver(task, call, self.io_loop)

    def handle_callback_exception(self, callback: Callback) -> None:
        """Report an exception of a callback of `fetch` that no ExceptionStackContext consumed.

        The exception itself is in `sys.exc_info()`. This passes it to the loop's method of this
        name, which logs it. Subclasses may override it.
        """
        self.io_loop.handle_callback_exception(callback)

    # The end

    @property
    def closed(self) -> bool:
        """Whether the client has been closed."""
        return self._closed

    def close(self) -> None:
        """Close the client: end fetches that are under way, and free all connections. Idempotent.

        Fetches that have not ended raise ClientClosedError. Not needed in normal use: the client of
        a loop goes with the loop.
        """
        if self._closed:
            return
        self._closed = True
        instances = _instances_of(self.io_loop)
        if instances.get(type(self)) is self:
            del instances[type(self)]
        if not self.io_loop.asyncio_loop.is_closed():
            for task in self._tasks:
                task.cancel()


def _instances_of(io_loop: IOLoop) -> dict[type[AsyncHTTPClient], AsyncHTTPClient]:
    loop = io_loop.asyncio_loop
    instances: dict[type[AsyncHTTPClient], AsyncHTTPClient] | None
    instances = getattr(loop, _INSTANCES, None)
    if instances is None:
        instances = {}
        setattr(loop, _INSTANCES, instances)
    return instances


def _ignore(result: object) -> None:
    """Take what a callback that is a coroutine returns: nobody asks for it."""


def _response_of(error: Exception) -> HTTPResponse | None:
    """Return the response that an error comes with."""
    return error.response if isinstance(error, HTTPClientError) else None


@functools.cache
def _parameters_left_open() -> frozenset[str]:
    """Return the names of what a request may leave to the client."""
    values = vars(HTTPRequest(""))
    return frozenset(
        [name for name, value in values.items() if value is None and not name.startswith("_")]
        + ["use_gzip"]
    )


def _import(name: str) -> object:
    """Return what has a dotted name. An error inside of its module comes as it is."""
    module, _, attribute = name.rpartition(".")
    if not module:
        raise ImportError(f"AsyncHTTPClient.configure: {name!a:.200} is no name 'module.Class'")
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise ImportError(
            f"AsyncHTTPClient.configure: the module {module} has no {attribute!a:.200}"
        ) from None
    return found


def check_class(found: object) -> type[AsyncHTTPClient]:
    if not (isinstance(found, type) and issubclass(found, AsyncHTTPClient)):
        raise TypeError(f"{found!r} is not a subclass of AsyncHTTPClient")
    return found
