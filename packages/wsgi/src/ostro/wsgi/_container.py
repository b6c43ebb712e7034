"""WSGIContainer: WSGI applications on HTTPServer, a consumer of the message seam.

This file owns which thread an application runs in, and who is told of its end. What it answers is
looked at in `_answer`, carried to the loop by `_channel`; its body is collected in `_spool`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from ostro.ioloop import COMPLETED, start_task
from ostro.iostream import StreamClosedError

from ._answer import Answer
from ._channel import Channel
from ._environ import set_input, wsgi_environ
from ._run import CLIENT_CLOSED_REQUEST, InlineSink, fail, log_access, steps
from ._spool import DEFAULT_SPOOL_SIZE, BodySpool
from .errors import ClientGoneError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

__all__ = ["WSGIContainer"]

general_log = logging.getLogger("ostro.general")

DEFAULT_THREADS = 10
"""Threads of a container of its own: more help where an application waits (a database), and only
take memory where it computes."""


class WSGIContainer(HTTPServerConnectionDelegate):
    """Makes a WSGI application (Django, Flask) runnable on HTTPServer.

        container = WSGIContainer(flask_app)
        HTTPServer(container).listen(8888)

    The application runs in threads, so that the loop is never blocked: in those of `executor`, a
    `concurrent.futures.ThreadPoolExecutor`, or else in `threads` of the container's own. With
    `threads` 0 it runs on the loop, which serves nothing else meanwhile. Requests for which there
    is no thread wait for one.

    Bodies are received before the application is called: up to `spool_size` bytes in memory, larger
    ones in a temporary file; how large they may be is HTTPServer's `max_body_size`. Responses are
    sent part by part, and an application that produces faster than its client reads has to wait.
    When the client is gone, the iteration ends and `close` is called, as it is in every case;
    `write` raises ClientGoneError.

    Headers whose names have an underscore are dropped; hop-by-hop headers in an answer are refused.
    `multiprocess` is what the application is told about other processes (`HTTPServer.start`).

    For some URLs alone, use `web.Mount`; or `FallbackHandler`, which collects bodies in memory, all
    of them.

    Spec: PEP 3333.
    """

    takes_requests: ClassVar[bool] = True

    def __init__(
        self,
        wsgi_application: WSGIApplication,
        executor: concurrent.futures.Executor | None = None,
        *,
        threads: int = DEFAULT_THREADS,
        spool_size: int = DEFAULT_SPOOL_SIZE,
        multiprocess: bool = False,
    ) -> None:
        if threads < 0:
            raise ValueError(f"threads is {threads}, expected 0 (on the loop) or more")
        self.wsgi_application = wsgi_application
        self.spool_size = spool_size
        self._multiprocess = multiprocess
        self._inline = executor is None and threads == 0
        self._thread_count = threads
        self._executor = executor
        # Made with the first request: before a fork there may be no threads.
        self._own_executor: concurrent.futures.ThreadPoolExecutor | None = None

    @staticmethod
    def environ(request: HTTPServerRequest) -> WSGIEnvironment:
        """Convert an HTTPRequest, its body included, to a WSGI environment.

        Override it to tell applications more. `wsgi.input`, `wsgi.multithread` and
        `wsgi.multiprocess` are set afterwards to what is so.
        """
        return wsgi_environ(request)

    def __call__(self, request: HTTPServerRequest) -> Awaitable[None]:
        """Answer a request that is complete, body included: be a request callback.

        The awaitable that is returned is done when the answer has been sent, well or badly.
        Cancelling it says that the client is gone. Nobody has to await it.

        Raises ValueError for a request without a connection.
        """
        connection = request.connection
        if connection is None:
            raise ValueError("the request has no connection to answer on")
        if connection.loopless:
            _run_at_once(self._run_inline(request, connection, None))
            return COMPLETED
        if self._inline:
            return start_task(self._run_inline(request, connection, None))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def ended() -> None:
            if not done.done():
                done.set_result(None)

        channel = self._run_in_thread(request, connection, None, ended)
        done.add_done_callback(lambda _: channel.lose())
        return done

    def close(self) -> None:
        """End the container's own threads, once each has finished the request that it is at."""
        if self._own_executor is not None:
            self._own_executor.shutdown(wait=False)

    # From a server

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Take a request that is about to arrive on a connection."""
        return _ContainedRequest(self, request_conn)

    def take_request(
        self,
        server_conn: object,
        request_conn: HTTPConnection,
        method: str,
        target: str,
        version: str,
        headers: HTTPHeaders,
    ) -> HTTPMessageDelegate | None:
        """Take a request that has come whole, without a body."""
        delegate = _ContainedRequest(self, request_conn)
        delegate.headers_received(RequestStartLine(method, target, version), headers)
        delegate.finish()
        return delegate

    def begin(
        self, request: HTTPServerRequest, connection: HTTPConnection, body: BodySpool | None
    ) -> Callable[[], object]:
        """Run the application for a request; return what tells it that the client is gone."""
        if self._inline:
            task = start_task(self._run_inline(request, connection, body))
            return task.cancel
        return self._run_in_thread(request, connection, body, _nobody_waits).lose

    # In a thread

    def _run_in_thread(
        self,
        request: HTTPServerRequest,
        connection: HTTPConnection,
        body: BodySpool | None,
        ended: Callable[[], object],
    ) -> Channel:
        executor = self._executor or self._own_executor
        if executor is None:
            executor = self._own_executor = concurrent.futures.ThreadPoolExecutor(
                self._thread_count, "ostro-wsgi"
            )
        channel = Channel(connection, asyncio.get_running_loop(), ended)
        context = contextvars.copy_context()
        executor.submit(context.run, self._answer, request, body, channel)
        return channel

    def _answer(self, request: HTTPServerRequest, body: BodySpool | None, channel: Channel) -> None:
        """Run the application, in its thread."""
        answer = Answer(channel, request.method)
        try:
            if channel.gone:
                raise ClientGoneError  # while the request waited for a thread
            environ = self._environ_of(request, body, multithread=True)
            for _ in steps(self.wsgi_application, environ, answer):
                """Each part is sent by now."""
            status = answer.status
        except BaseException as error:  # noqa: BLE001 - a client waits, even if it was sys.exit
            if channel.gone and not answer.ended:
                status = _log_gone(request, answer)  # whatever an application makes of it
            else:
                status = fail(request, answer, channel, error)
        finally:
            if body is not None:
                body.close()
        log_access(request, status)

    # On the loop

    async def _run_inline(
        self, request: HTTPServerRequest, connection: HTTPConnection, body: BodySpool | None
    ) -> None:
        sink = InlineSink(connection)
        answer = Answer(sink, request.method)
        try:
            environ = self._environ_of(request, body, multithread=False)
            running = steps(self.wsgi_application, environ, answer)
            with contextlib.closing(running):
                for _ in running:
                    await sink.sent
            status = answer.status
        except (StreamClosedError, asyncio.CancelledError):
            status = _log_gone(request, answer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - sys.exit must not end the server
            status = fail(request, answer, sink, error)
        finally:
            if body is not None:
                body.close()
        log_access(request, status)

    def _environ_of(
        self, request: HTTPServerRequest, body: BodySpool | None, *, multithread: bool
    ) -> WSGIEnvironment:
        environ = self.environ(request)
        environ["wsgi.multithread"] = multithread
        environ["wsgi.multiprocess"] = self._multiprocess
        if body is not None:
            set_input(environ, body.open(), body.size)
        return environ


class _ContainedRequest(HTTPMessageDelegate):
    """One request on its way to an application, and the news that its client has gone."""

    __slots__ = ("_body", "_connection", "_container", "_lose", "_request")

    def __init__(self, container: WSGIContainer, connection: HTTPConnection) -> None:
        self._container = container
        self._connection = connection
        self._request: HTTPServerRequest | None = None
        self._body: BodySpool | None = None
        # What to call when the client has gone, once the application runs.
        self._lose: Callable[[], object] | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self._request = HTTPServerRequest(
            start_line=start_line, headers=headers, connection=self._connection
        )
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._body is None:
            self._body = BodySpool(self._container.spool_size)
        return self._body.add(chunk)

    def finish(self) -> None:
        assert self._request is not None
        self._lose = self._container.begin(self._request, self._connection, self._body)

    def on_connection_lost(self, error: BaseException | None) -> None:
        if self._lose is not None:
            self._lose()
        elif self._body is not None:
            self._body.close()


def _nobody_waits() -> None:
    """Be told of the end of an answer."""


def _log_gone(request: HTTPServerRequest, answer: Answer) -> int:
    """Say that the client has gone; return the status for the log."""
    general_log.info("The client of %r went away", request)
    return answer.status if answer.head_sent else CLIENT_CLOSED_REQUEST


# Any: what a coroutine yields, which is nothing here
def _run_at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that has nothing to wait for, since its connection is `loopless`."""
    with contextlib.suppress(StopIteration):
        coroutine.send(None)
