"""Decorators for the methods of request handlers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ostro.gen import is_coroutine_function
from ostro.stack_context import ExceptionStackContext

from ._handler import RequestHandler
from .errors import HTTPError

__all__ = ["addslash", "asynchronous", "authenticated", "removeslash"]

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
        with ExceptionStackContext(self._handle_stack_exception):
            return method(self, *args, **kwargs)

    return wrapper


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
