"""Application: the handlers of a site, its settings, and the way from a request to its handler."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from ostro.httpserver import HTTPServer
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)

from ._attendance import Attendance
from ._builtin import ErrorHandler, RedirectHandler, ServerOptionsHandler
from ._compression import transforms_of_settings
from ._delegates import HandlerDelegate, RequestDelegate
from ._handler import RequestHandler
from ._lifespan import alive
from ._output import CLIENT_CLOSED_REQUEST
from ._page_tools import PageTools
from ._router import HandlerSpec
from ._routing import CATCH_ALL_HOST, HostRoutes
from ._serving import (
    DEFAULT_DRAIN_TIMEOUT,
    ApplicationServer,
    run_until_stopped,
    serve_until_stopped,
)
from ._static_routes import static_routes
from ._transforms import OutputTransform
from ._urlspec import RouteMatch, URLSpec

__all__ = ["Application"]

access_log = logging.getLogger("ostro.access")
general_log = logging.getLogger("ostro.general")
app_log = logging.getLogger("ostro.application")

_NOT_FOUND = RouteMatch(URLSpec("", ErrorHandler, {"status_code": 404}), (), {})
_SERVER_OPTIONS = RouteMatch(URLSpec("", ServerOptionsHandler), (), {})

_LISTEN_OPTIONS = ("family", "backlog", "reuse_port")
"""The keyword arguments of `listen` that are not those of the HTTPServer's constructor."""


class _FailedHandler(RequestHandler):
    """Answers when the handler that should could not be made."""

    def initialize(self, error: Exception) -> None:
        self._error = error

    def set_default_headers(self) -> None:
        """Set none of those that a subclass would."""

    def check_xsrf_cookie(self) -> None:
        """Let the error be told."""

    def prepare(self) -> Awaitable[None] | None:
        raise self._error


class Application(HTTPServerConnectionDelegate):
    """A collection of request handlers that make up a web application.

    It can be given to an `HTTPServer`, or serve by itself with `listen`.

    `handlers`: URLSpecs, or tuples `(pattern, handler_class[, kwargs[, name]])`, tried in order;
    Routers and Mounts among them stand for the routes that they hold. `default_host`: where to
    redirect requests for hosts that no pattern matches, path and query kept; without it they get
    404. `transforms`: classes that change each response on its way out. `wsgi`: the application
    runs inside a WSGI server.

    All other keyword arguments are settings. Among them: `cookie_secret` and `key_version` (signed
    cookies), `serve_traceback` (error pages show the traceback, the request and the settings),
    `autoreload` (the program restarts when one of its files changes; see `ostro.autoreload.start`),
    `debug` (both, and what is named below), `log_function` (called with the handler of each
    finished request), `default_handler_class` and `default_handler_args`
    (for paths that nothing matches), `login_url` (see `authenticated`), `xsrf_cookies` (see
    `RequestHandler.check_xsrf_cookie`), and, for pages, `template_path`, `template_loader`,
    `autoescape`, `template_whitespace`, `ui_modules`, `ui_methods`, and `compiled_template_cache`
    (if false, as with `debug`, templates are read anew for each request). `static_path` is a
    directory whose files are served below /static/, or `static_url_prefix`, and as /favicon.ico and
    /robots.txt: by `StaticFileHandler`, or `static_handler_class` with `static_handler_args`;
    `static_hash_cache` (false with `debug`) and `static_hash_at_start` say when their versions are
    computed.

    With `compress_response` (true, or a `Compression`) or `gzip`, responses are sent compressed.
    `lifespan` is a function that takes the application and returns an asynchronous context manager
    to be in while it serves, or a list of such. `cors` is a `CORS`, `request_ids` a `RequestIds`,
    and `request_observers` a list of `RequestObserver` classes.
    """

    takes_requests: ClassVar[bool] = True

    def __init__(
        self,
        handlers: Iterable[HandlerSpec] | None = None,
        default_host: str = "",
        transforms: Iterable[Callable[[HTTPServerRequest], OutputTransform]] | None = None,
        wsgi: bool = False,
        **settings: Any,  # Any: an application keeps what it likes there
    ) -> None:
        self.default_host = default_host
        self.transforms = list(transforms or ())
        self.transforms += transforms_of_settings(settings)
        self.wsgi = wsgi
        self.settings: dict[str, Any] = settings  # Any: as above
        if settings.get("debug"):
            settings.setdefault("serve_traceback", True)
            settings.setdefault("compiled_template_cache", False)
            settings.setdefault("static_hash_cache", False)
            settings.setdefault("autoreload", True)
        if settings.get("autoreload") and not wsgi:  # no loop runs there
            from ostro.autoreload import start  # only here: not for production

            start()
        self._xsrf_cookies = bool(settings.get("xsrf_cookies"))
        self._page_tools = PageTools(settings.get("ui_modules"), settings.get("ui_methods"))
        if settings.get("static_path"):
            handlers = [*static_routes(settings), *(handlers or ())]
        # Whether `lifespan` has been entered, and the tasks of requests that lost their clients,
        # which may need what it provides until they end.
        self._alive = False
        self._outliving: set[asyncio.Task[None]] = set()
        self._attendance = Attendance(settings)
        # Whether any handler may be observed: by its own observers, or those of one around it.
        self._observed = self._attendance.observes
        self._routes = HostRoutes()
        self._default = self._default_match()
        if handlers:
            self.add_handlers(CATCH_ALL_HOST, handlers)

    def _default_match(self) -> RouteMatch:
        handler_class = self.settings.get("default_handler_class")
        if handler_class is None and not self._attendance.needed:
            return _NOT_FOUND
        if handler_class is None:
            return self._match_of(ErrorHandler, {"status_code": 404})
        return self._match_of(handler_class, self.settings.get("default_handler_args"))

    def _match_of(
        self, handler_class: type[RequestHandler] | str, kwargs: Mapping[str, object] | None
    ) -> RouteMatch:
        """Return the match of a handler that no pattern leads to."""
        spec = URLSpec("", handler_class, kwargs)
        self._attendance.take_in(spec)
        return RouteMatch(spec, (), {})

    # Any: HTTPServer's own parameters
    def listen(self, port: int, address: str = "", **kwargs: Any) -> HTTPServer:
        """Start an HTTP server for this application on the given port, and return it.

        Keyword arguments that `HTTPServer.listen` knows (`family`, `backlog`, `reuse_port`) go
        there, the others to the HTTPServer constructor. The loop must still be started. For several
        processes make the HTTPServer yourself and use `bind` and `start`.
        """
        listen_options = {name: kwargs.pop(name) for name in _LISTEN_OPTIONS if name in kwargs}
        if "lifespan" in self.settings and not self._alive:
            general_log.warning(
                "listen() does not start up what the setting 'lifespan' names; "
                "serve() and run() do, and so does `async with application.lifespan()`"
            )
        server = HTTPServer(self, **kwargs)
        server.listen(port, address, **listen_options)
        return server

    # Any: HTTPServer's own parameters
    def run(
        self,
        port: int,
        address: str = "",
        *,
        processes: int | None = 1,
        max_restarts: int | None = None,
        drain_timeout: float | None = DEFAULT_DRAIN_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        """Run this application: serve on the given port until SIGTERM or SIGINT, and return.

        This is a whole program after its options are read: it makes the loop, or runs the one that
        is current, and otherwise does as `serve` does. With `processes` other than 1 it forks as
        many (None or 0: one for each CPU) before there is a loop, and the parent passes signals on
        and restarts children that fail, `max_restarts` in all; see `HTTPServer.start`.

        Raises as `serve` does, and as `HTTPServer.start` does with several processes; then, if
        no process could start up, none is restarted.
        """
        server, listen = self._server(port, address, kwargs)
        run_until_stopped(self, server, listen, processes, max_restarts, drain_timeout)

    # Any: HTTPServer's own parameters
    async def serve(
        self,
        port: int,
        address: str = "",
        *,
        drain_timeout: float | None = DEFAULT_DRAIN_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        """Serve on the given port until SIGTERM or SIGINT, and end in good order.

        The port is opened, `lifespan` entered, and only then a connection accepted; once the port
        is open, a signal has this effect. At the end
        nothing new is accepted, idle connections are closed, the others after their answer or after
        `drain_timeout` seconds (None: without limit), and `lifespan` is left. A second signal does
        not wait for the clients any more. Cancelling the coroutine has the effect of a signal;
        signals are only taken in the main thread. The remaining arguments are those of `listen`.

        Raises `StartupError` if something of `lifespan` cannot be entered, and what
        `HTTPServer.listen` raises if the port cannot be opened.
        """
        server, listen = self._server(port, address, kwargs)
        await serve_until_stopped(self, server, listen, drain_timeout)

    # Any: as above
    def _server(
        self, port: int, address: str, options: dict[str, Any]
    ) -> tuple[ApplicationServer, Callable[[], None]]:
        """Return a server that is not bound yet, and what binds it."""
        listen_options = {name: options.pop(name) for name in _LISTEN_OPTIONS if name in options}
        server = ApplicationServer(self, **options)
        return server, functools.partial(server.bind, port, address, **listen_options)

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Return an asynchronous context manager in which this application is started up.

        It enters the context managers of the setting `lifespan`, and those of mounted Applications
        after them, and leaves them in the reverse order. `serve` and `run` use it; so do tests, and
        who serves in another way.
        """
        return alive(self._with_mounted())

    def _with_mounted(self) -> list[Application]:
        """Return this application and those below it, each once."""
        found = [self]
        for application in found:
            for site in application._routes.sites():
                if isinstance(site, Application) and site not in found:
                    found.append(site)
        return found

    def add_handlers(self, host_pattern: str, host_handlers: Iterable[HandlerSpec]) -> None:
        """Append the given handlers for the hosts that match `host_pattern`, a regular expression.

        Host patterns are tried in the order they were added, and only the first that matches is
        used: all handlers for a host belong into one call. The handlers of the constructor, which
        are for all hosts, stay last.
        """
        for spec in self._routes.add(host_pattern, host_handlers):
            self._attendance.take_in(spec)

    def add_transform(
        self, transform_class: Callable[[HTTPServerRequest], OutputTransform]
    ) -> None:
        """Add the given OutputTransform to our transform list."""
        self.transforms.append(transform_class)

    def reverse_url(self, name: str, *args: object) -> str:
        """Return a URL path for the handler named `name`.

        `args` take the place of the groups in its pattern, converted to strings and URL-escaped.
        The names of a Router or Mount that has a name itself are known as `"router:name"`.
        Raises KeyError for an unknown name, `NotReversibleError` where the pattern is too general
        or the arguments do not fit.
        """
        return self._routes.reverse(name, *args)

    def log_request(self, handler: RequestHandler) -> None:
        """Write a completed HTTP request to the log.

        To the logger `ostro.access`: as info below status 400, as warning below 500, else as error.
        A request whose client went away before a response had begun has the status 499, as info.
        Override this, or give the setting `log_function`, to do something else.
        """
        log_function = self.settings.get("log_function")
        if log_function is not None:
            log_function(handler)
            return
        status = handler._status_code
        if status < 400 or (handler._gone and status == CLIENT_CLOSED_REQUEST):
            level = logging.INFO
        else:
            level = logging.WARNING if status < 500 else logging.ERROR
        if access_log.isEnabledFor(level):
            milliseconds = 1000.0 * handler.request.request_time()
            access_log.log(level, "%d %s %.2fms", status, handler._request_summary(), milliseconds)

    # Requests

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Take a request that is about to arrive on a connection."""
        return RequestDelegate(self, server_conn, request_conn)

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
        request = HTTPServerRequest(
            method,
            target,
            version,
            headers,
            connection=request_conn,
            server_connection=server_conn,
        )
        match = self._find(request)
        handler = self._make_handler(match.spec, request)
        handler._execute(match)
        return None if handler._finished else HandlerDelegate(handler)

    def __call__(self, request: HTTPServerRequest) -> None:
        """Answer a request that is complete, body included: be a request callback."""
        match = self._find(request)
        self._make_handler(match.spec, request)._execute(match)

    def _make_handler(
        self, spec: URLSpec, request: HTTPServerRequest, root: str = ""
    ) -> RequestHandler:
        try:
            if spec.plain:
                return spec.handler_class(self, request)
            if not spec.attended:
                return spec.handler_class(self, request, **spec.kwargs)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            return self._failed(request, error)
        return self._attendance.make_handler(self, spec, request, root)

    def _construct(self, spec: URLSpec, request: HTTPServerRequest) -> RequestHandler:
        try:
            return spec.handler_class(self, request, **spec.kwargs)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            return self._failed(request, error)

    def _failed(self, request: HTTPServerRequest, error: Exception) -> RequestHandler:
        return _FailedHandler(self, request, error=error)

    def _find(self, request: HTTPServerRequest) -> RouteMatch:
        routes = self._routes.only or self._routes.routes_for_host(request.host_name)
        if routes is None:
            return self._outside(request)
        return routes.match(request.path) or self._unmatched(request)

    def _find_below(self, request: HTTPServerRequest, root: str) -> RouteMatch:
        """Do as `_find`, for an application that is mounted at the path `root`."""
        routes = self._routes.only or self._routes.routes_for_host(request.host_name)
        if routes is None:
            return self._outside(request)
        return routes.match(request.path[len(root) :] or "/") or self._unmatched(request)

    def _unmatched(self, request: HTTPServerRequest) -> RouteMatch:
        return _SERVER_OPTIONS if request.path == "*" else self._default

    def _outside(self, request: HTTPServerRequest) -> RouteMatch:
        """Return what answers for a host that no pattern matches."""
        if request.path == "*" or not self.default_host:
            return self._unmatched(request)
        return self._to_default_host(request)

    def _to_default_host(self, request: HTTPServerRequest) -> RouteMatch:
        path = request.path if request.path.startswith("/") else "/"
        target = f"{request.protocol}://{self.default_host}{path}"
        return self._match_of(RedirectHandler, {"url": target, "permanent": False})
