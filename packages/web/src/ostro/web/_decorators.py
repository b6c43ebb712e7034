"""Decorators for the methods of request handlers."""

from __future__ import annotations

import asyncio
import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ostro.gen import is_coroutine_function
from ostro.stack_context import ExceptionStackContext

from ._handler import RequestHandler
from .errors import HTTPError

__all__ = ["addslash", "asynchronous", "authenticated", "removeslash", "stream_request_body"]

_P = ParamSpec("_P")
_H = TypeVar("_H", bound=RequestHandler)


# Any: a method may return nothing, or whatever its own decorators make of it
def asynchronous(
    method: Callable[Concatenate[_H, _P], Any],
) -> Callable[Concatenate[_H, _P], Any]:
    """Wrap a handler method that is asynchronous: the response is not finished when it returns.

    It is up to the handler to call `finish`. A coroutine function (`async def`, `gen.coroutine`)
    finishes by itself when it ends. Exceptions of the method, and of the callbacks that it starts,
    become an error response.

        class MyHandler(RequestHandler):
            @asynchronous
            def get(self):
                client.fetch("http://example.com/", callback=self._on_download)

            def _on_download(self, response):
                self.write("Downloaded!")
                self.finish()
    """
    # The method may be wrapped, in `authenticated` for instance.
    finishes_itself = is_coroutine_function(method) or inspect.iscoroutinefunction(
        inspect.unwrap(method)
    )

    @functools.wraps(method)
    def wrapper(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        self._auto_finish = finishes_itself
        if not finishes_itself and self.handler_timeout is not None:
            _limit_time(self, self.handler_timeout)
        with ExceptionStackContext(self._handle_stack_exception):
            return method(self, *args, **kwargs)

    return wrapper


def _limit_time(handler: RequestHandler, seconds: float) -> None:
    """End a handler whose callbacks do not; one that is done is not kept for that."""
    known = weakref.ref(handler)

    def time_out() -> None:
        late = known()
        if late is not None:
            late._time_out()

    asyncio.get_running_loop().call_later(seconds, time_out)


def authenticated(method: Callable[Concatenate[_H, _P], Any]) -> Callable[Concatenate[_H, _P], Any]:
    """Require that the user be logged in: that `current_user` is true.

    If nobody is, GET and HEAD are redirected to the login URL (`get_login_url`), with the URL of
    the request as its argument `next`, unless that URL has arguments of its own; all others are
    answered 403. The login page finds the way back with `get_next_url`.

    Where the user is found asynchronously, set `self.current_user` in `prepare`, which may be a
    coroutine and runs before the decorated method.
    """

    @functools.wraps(method)
    def wrapper(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        if self.current_user:
            return method(self, *args, **kwargs)
        if self.request.method not in ("GET", "HEAD"):
            raise HTTPError(403)
        self.redirect(self._login_target())
        return None

    return wrapper


def stream_request_body(handler_class: type[_H]) -> type[_H]:
    """Decorate a handler class to take the request's body as it comes.

    `prepare` then runs when the headers have come; the body waits for it if it is a coroutine. It
    may refuse the request, or set `self.request.connection.set_max_body_size` and
    `set_body_timeout`. Each part of the body is handed to `data_received`, and the method runs when
    it has come whole. `self.request.body` is empty.

        @stream_request_body
        class Upload(RequestHandler):
            def prepare(self):
                self.size = 0

            async def data_received(self, chunk):
                self.size += len(chunk)

            def put(self):
                self.write(f"{self.size} bytes")

    When the client goes away in the middle, `on_connection_close` is called and a coroutine that
    runs is cancelled; then `on_finish` is called. Once the handler has finished its answer, the
    rest of the body is dropped.

    Raises TypeError for anything but a RequestHandler class.
    """
    given: object = handler_class
    if not isinstance(given, type) or not issubclass(given, RequestHandler):
        raise TypeError(f"stream_request_body decorates RequestHandler classes, not {given!r}")
    handler_class._streams_body = True
    return handler_class


def addslash(method: Callable[Concatenate[_H, _P], Any]) -> Callable[Concatenate[_H, _P], Any]:
    """Redirect, permanently, to the path with a slash at its end where that is missing.

    The URL pattern must match both: `r"/foo/?"`. Other methods than GET and HEAD get 404.
    """

    @functools.wraps(method)
    def wrapper(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        path = self.request.path
        if path.endswith("/"):
            return method(self, *args, **kwargs)
        return _redirect_to(self, path + "/")

    return wrapper


def removeslash(method: Callable[Concatenate[_H, _P], Any]) -> Callable[Concatenate[_H, _P], Any]:
    """Redirect, permanently, to the path without the slashes at its end; the root path is left
    alone.

    The URL pattern must match both: `r"/foo/*"`. Other methods than GET and HEAD get 404.
    """

    @functools.wraps(method)
    def wrapper(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        path = self.request.path
        shorter = path.rstrip("/")
        if shorter in ("", path):
            return method(self, *args, **kwargs)
        return _redirect_to(self, shorter)

    return wrapper


def _redirect_to(handler: RequestHandler, path: str) -> None:
    if handler.request.method not in ("GET", "HEAD"):
        raise HTTPError(404)
    query = handler.request.query
    handler.redirect(f"{path}?{query}" if query else path, permanent=True)
