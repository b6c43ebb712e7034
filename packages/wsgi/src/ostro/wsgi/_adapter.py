"""Applications of this framework below a WSGI server: another producer of the message seam.

This file owns the order of one request: head, body, answer. Reading the environment is the business
of `_request` and `_request_body`, the way back that of `_connection`.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from ostro.httpserver import ForwardedHeaders
from ostro.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
    http_date_now,
    responses,
)
from ostro.ioloop import COMPLETED
from ostro.web import Application, OutputTransform

from ._connection import WSGIConnection
from ._request import read_context, read_headers, read_start_line
from ._request_body import DEFAULT_MAX_BODY_SIZE, check_length, read_body

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from ostro.httputil import HTTPMessageDelegate
    from ostro.web import HandlerSpec

__all__ = ["WSGIAdapter", "WSGIApplication"]

app_log = logging.getLogger("ostro.application")
general_log = logging.getLogger("ostro.general")


class WSGIAdapter:
    """Makes an Application, or another HTTPServerConnectionDelegate, a WSGI application.

        application = WSGIAdapter(web.Application([(r"/", MainHandler)]))

    It may be called from several threads at a time. Each request runs in a copy of the calling
    Context. `xheaders`, `trusted_proxies` and `trusted_downstream` are those of HTTPServer;
    `max_body_size` is the most bytes that a request's body may have. See `WSGIApplication` for what
    handlers can do there.

    Spec: PEP 3333.
    """

    def __init__(
        self,
        application: HTTPServerConnectionDelegate,
        *,
        xheaders: bool = False,
        trusted_proxies: Iterable[str] | None = None,
        trusted_downstream: Iterable[str] = (),
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
    ) -> None:
        self._application = application
        self._forwarded = (
            ForwardedHeaders(trusted_proxies, trusted_downstream) if xheaders else None
        )
        self._max_body_size = max_body_size

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer a request: be a WSGI application.

        Raises what the server raises when it is given a part of the response, and
        ResponseAbortedError where the response is given up after its head.
        """
        return contextvars.copy_context().run(self._answer, environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        context = read_context(environ)
        connection = WSGIConnection(environ, start_response, context, self._max_body_size)
        try:
            start_line = read_start_line(environ)
            headers = read_headers(environ)
        except HTTPInputError as error:
            _reject(connection, error)
            return connection.result()
        if self._forwarded is not None:
            connection.context = self._forwarded.apply(context, headers)
        client = object()  # what stands for the connection to the client has one request here
        try:
            delegate = connection.delegate = self._application.start_request(client, connection)
            _serve(connection, delegate, start_line, headers)
        except HTTPInputError as error:
            connection.give_up(error)
            _reject(connection, error)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever a delegate raises
            app_log.exception("Uncaught exception in the delegate of a request")
            _answer_plainly(connection, 500, responses[500])
        finally:
            self._application.on_close(client)
        return connection.result()


class WSGIApplication(Application):
    """A WSGI equivalent of `web.Application`: it runs below any WSGI server.

        application = WSGIApplication([(r"/", MainHandler)])
        wsgiref.simple_server.make_server("", 8888, application).serve_forever()

    Patterns match the whole path of the URL, what the server calls SCRIPT_NAME included, so that
    `reverse_url` and redirects lead where they should.

    Handlers work as they do elsewhere, with these differences. Plain methods run in the server's
    thread, with no event loop around them. Coroutines (`async def`, `gen.coroutine`) are run to
    their end on a loop that the thread keeps for that; what they leave running is cancelled when
    they end. `flush` returns once the server has taken the data; when the client is gone it raises
    StreamClosedError (a coroutine gets that where it awaits). A method that counts on being called
    back later (`asynchronous` on a plain function) is answered 500, with an `UnfinishedError` in
    the log. Where the stream itself is asked for (WebSocket), HTTPOutputError is raised. Interim
    responses and trailers are not sent. `self.request.connection.environ` is the WSGI environment.

    Among the settings, `xheaders`, `trusted_proxies`, `trusted_downstream` and `max_body_size` are
    the arguments of `WSGIAdapter`. Given to an HTTPServer, it serves there as any Application.

    Spec: PEP 3333.
    """

    def __init__(
        self,
        handlers: Iterable[HandlerSpec] | None = None,
        default_host: str = "",
        transforms: Iterable[type[OutputTransform]] | None = None,
        **settings: Any,  # Any: an application keeps what it likes there
    ) -> None:
        super().__init__(handlers, default_host, transforms, wsgi=True, **settings)
        self._adapter = WSGIAdapter(
            self, **{name: settings[name] for name in _ADAPTER_SETTINGS if name in settings}
        )

    def __call__(  # type: ignore[override]  # the documented name; a server calls it, not HTTPServer
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> list[bytes]:
        """Answer a request: be a WSGI application. Raises as `WSGIAdapter` does."""
        return self._adapter(environ, start_response)


_ADAPTER_SETTINGS = ("xheaders", "trusted_proxies", "trusted_downstream", "max_body_size")


def _serve(
    connection: WSGIConnection,
    delegate: HTTPMessageDelegate,
    start_line: RequestStartLine,
    headers: HTTPHeaders,
) -> None:
    """Take a request to its delegate; whatever is over before its end is left there."""
    _wait(connection, delegate.headers_received(start_line, headers))
    if not connection.over:
        _deliver_body(connection, delegate)
    if not connection.over:
        delegate.finish()
        if not connection.over:
            app_log.error("%s %s was left unanswered", start_line.method, ascii(start_line.path))
            _answer_plainly(connection, 500, responses[500])


def _deliver_body(connection: WSGIConnection, delegate: HTTPMessageDelegate) -> None:
    limit = connection.max_body_size
    length = check_length(connection.environ, limit)
    pieces = read_body(connection.environ, length, limit)
    while not connection.over:
        try:
            piece = next(pieces, b"")
        except HTTPInputError:
            raise
        except Exception as error:  # noqa: BLE001 - each server has its own for a lost client
            connection.lose(error)
            return
        if not piece:
            return
        _wait(connection, delegate.data_received(piece))


def _wait(connection: WSGIConnection, waits: Awaitable[None] | None) -> None:
    if waits is not None and waits is not COMPLETED:
        connection.run_on_loop(lambda: waits)


def _reject(connection: WSGIConnection, error: HTTPInputError) -> None:
    message = ascii(str(error))[1:-1]
    general_log.info("Bad request from %s: %s", connection.context.remote_ip, message)
    _answer_plainly(connection, error.status, message)


def _answer_plainly(connection: WSGIConnection, status: int, message: str) -> None:
    """Answer in the application's place if that is still possible."""
    if connection.head_sent or connection.over:
        connection.close()
        return
    headers = HTTPHeaders({"Date": http_date_now(), "Content-Type": "text/plain; charset=utf-8"})
    start_line = ResponseStartLine("HTTP/1.1", status, responses.get(status, "Unknown"))
    connection.write_headers(start_line, headers, f"{message}\n".encode(), end=True)
