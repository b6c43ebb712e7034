"""HTTPClient: the client that blocks, on a loop of its own in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import warnings
import weakref
from types import TracebackType
from typing import Any, ClassVar, Self

from ostro.ioloop import IOLoop

from ._client import AsyncHTTPClient, check_class
from ._request import HTTPRequest
from ._response import HTTPResponse
from .errors import ClientClosedError

__all__ = ["HTTPClient"]


class HTTPClient:
    """An HTTP client that blocks until the response is there.

    It is meant for scripts, tests and threads. It works inside a running loop too, but blocks it,
    and says so once, in a RuntimeWarning: use AsyncHTTPClient there. Requests are carried out by an
    AsyncHTTPClient on a loop in a thread of its own, where callbacks of the request run.

    Args:
        async_client_class: The class that carries requests out; None means what
            `AsyncHTTPClient.configure` says.
        **kwargs: Its arguments.

    Thread-safe, but no callback of a fetch may call `fetch` of the same client. A child process
    needs a client of its own. `with` closes it at the end of the block.
    """

    _warned: ClassVar[bool] = False

    def __init__(
        self,
        async_client_class: type[AsyncHTTPClient] | None = None,
        **kwargs: Any,  # Any: those of each client
    ) -> None:
        client_class = check_class(async_client_class or AsyncHTTPClient)
        self._closed = False
        # Held while something is handed to the thread, so that nothing comes after its end.
        self._lock = threading.RLock()  # a signal may come in between
        self._thread = _ClientThread(client_class, kwargs)
        self._finalizer = weakref.finalize(self, self._thread.end)

    def fetch(
        self,
        request: HTTPRequest | str,
        **kwargs: Any,  # Any: those of AsyncHTTPClient.fetch
    ) -> HTTPResponse:
        """Carry out a request and return the response.

        The arguments are those of `AsyncHTTPClient.fetch`, but for the callback, and so are the
        exceptions. Raises RuntimeError where it would wait for ever: in a callback of its own,
        and in a child process.
        """
        with self._lock:
            if self._closed:
                raise ClientClosedError
            self._thread.check_caller()
            if not HTTPClient._warned and asyncio._get_running_loop() is not None:
                HTTPClient._warned = True
                warnings.warn(
                    "HTTPClient.fetch blocks the running loop; await AsyncHTTPClient().fetch "
                    "instead",
                    RuntimeWarning,
                    stacklevel=2,
                )
            future = self._thread.submit(request, kwargs)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Control-C, say: the fetch goes on otherwise
            raise

    def close(self) -> None:
        """Close the client, its connections, its loop and its thread. Idempotent."""
        with self._lock:
            self._closed = True
            open_until_now = self._finalizer.detach() is not None
            if open_until_now:
                self._thread.end()
        if open_until_now:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


class _ClientThread:
    """A thread with a loop and a client on it. It knows nothing of the HTTPClient that owns it."""

    def __init__(self, client_class: type[AsyncHTTPClient], kwargs: dict[str, Any]) -> None:
        self._io_loop = IOLoop()
        try:
            self._client = client_class(self._io_loop, force_instance=True, **kwargs)
        except BaseException:
            self._io_loop.close()
            raise
        self._fetches: set[asyncio.Task[object]] = set()  # those under way
        self._thread = threading.Thread(target=self._run, name="ostro-http-client", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._io_loop.make_current()
        try:
            self._io_loop.start()
        finally:
            self._io_loop.close(all_fds=True)

    def check_caller(self) -> None:
        """Raise RuntimeError for who would wait for ever."""
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "HTTPClient.fetch in a callback of the same client would wait for itself; use "
                "another HTTPClient there"
            )
        if not self._thread.is_alive():
            raise RuntimeError(
                "the thread of this HTTPClient does not run, as in a child process; make a client "
                "after the fork"
            )

    def submit(
        self, request: HTTPRequest | str, kwargs: dict[str, Any]
    ) -> concurrent.futures.Future[HTTPResponse]:
        """Begin a fetch; thread-safe."""

        async def fetch() -> HTTPResponse:
            task = asyncio.current_task()
            assert task is not None  # it is what this runs in
            self._fetches.add(task)
            try:
                return await self._client.fetch(request, **kwargs)
            finally:
                self._fetches.discard(task)

        return asyncio.run_coroutine_threadsafe(fetch(), self._io_loop.asyncio_loop)

    def end(self) -> None:
        """Have the fetches end, and then the loop; thread-safe."""
        if self._thread.is_alive():
            self._io_loop.add_callback(self._end)

    async def _end(self) -> None:
        self._client.close()
        if self._fetches:
            await asyncio.wait(self._fetches)
        self._io_loop.stop()

    def join(self) -> None:
        """Wait until the thread has ended."""
        if threading.current_thread() is not self._thread:
            self._thread.join()
