"""RequestHandler: what an application subclasses, and how one request runs through it.

Fourth and last layer; see `_output`. This one owns the order of a request's life (prepare, the
method, the end) and what happens when something is raised on the way.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urljoin

from ostro.escape import xhtml_escape
from ostro.gen import BadYieldError, convert_yielded
from ostro.httputil import HTTPInputError, responses
from ostro.stack_context import wrap

from ._cookies import Cookies
from ._routing import RouteMatch
from .errors import Finish, HTTPError

__all__ = ["RequestHandler"]

app_log = logging.getLogger("ostro.application")
general_log = logging.getLogger("ostro.general")

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_EAGER_TASKS = sys.version_info >= (3, 12)


class RequestHandler(Cookies):
    """Subclass this class and define get(), post() and so on to make a handler.

    A new one is made for each request. `initialize` is called first, with what the URLSpec passes
    on, then `prepare`, the method, and, after the response has been sent, `on_finish`. A method may
    be a plain function, a coroutine, or under `@asynchronous` one that calls `finish` some time
    later.

    Methods must be called from the loop's thread; see `IOLoop.add_callback` for other threads.
    """

    cancel_on_disconnect: ClassVar[bool] = True
    """Whether a coroutine of this handler is cancelled when the connection to the client breaks."""

    # What subclasses define

    def prepare(self) -> Awaitable[None] | None:
        """Override for work before each method, whichever it is.

        If it finishes the response, the method is not called. It may be a coroutine.
        """
        return None

    # Any: each subclass states the arguments that its URL pattern passes.
    def head(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer HEAD; 405 otherwise."""
        raise HTTPError(405)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer GET; 405 otherwise."""
        raise HTTPError(405)

    def post(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer POST; 405 otherwise."""
        raise HTTPError(405)

    def put(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer PUT; 405 otherwise."""
        raise HTTPError(405)

    def patch(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer PATCH; 405 otherwise."""
        raise HTTPError(405)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer DELETE; 405 otherwise."""
        raise HTTPError(405)

    def options(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer OPTIONS; 405 otherwise."""
        raise HTTPError(405)

    def on_connection_close(self) -> None:
        """Override to clean up when the client goes away while the request is being worked on.

        Called once. Proxies may keep their connection open after the client has gone, so it may
        come late or not at all; work that every request needs belongs into `on_finish`.
        """

    # Answers

    def redirect(
        self, url: str | bytes, permanent: bool = False, status: int | None = None
    ) -> None:
        """Send a redirect to the given URL, which may be relative, and finish.

        The status is `status`, or else 301 if `permanent`, else 302. Where the URL begins with
        several slashes or backslashes, one slash remains: a browser would take what follows for
        another host, and such URLs come from paths that an attacker chose. Name the scheme to
        redirect to another host.

        Raises RuntimeError after the headers have been sent, ValueError for control characters in
        the URL and for a status that is no redirect.
        """
        if self._headers_written:
            raise RuntimeError("cannot redirect after the headers have been sent")
        if status is None:
            status = 301 if permanent else 302
        elif not 300 <= status <= 399:
            raise ValueError(f"status {status} is not a redirect (300 to 399)")
        self.set_status(status)
        self.set_header("Location", _location(self.request.uri, url))
        self.finish()

    def reverse_url(self, name: str, *args: object) -> str:
        """Return the URL path of the handler with the given name; see `Application.reverse_url`."""
        return self.application.reverse_url(name, *args)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send the given HTTP error code to the browser.

        What has been written and not flushed is discarded and replaced by the error page, which
        `write_error` makes; `kwargs` are passed on to it. Once the headers are sent it is too late
        for that: the connection is closed, so that the client does not take what it got for the
        whole.
        """
        if self._headers_written:
            general_log.error("Cannot send status %d: the headers have been sent", status_code)
            if not self._finished:
                self._finished = True
                self._connection.close()
                self._log()
                self.on_finish()
            return
        self.clear()
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        self.set_status(status_code, error.reason if isinstance(error, HTTPError) else None)
        if status_code == 405:
            self.set_header("Allow", ", ".join(self._allowed_methods()))
        try:
            self.write_error(status_code, **kwargs)
        except Exception:  # noqa: BLE001 - whatever a subclass raises
            app_log.exception("Uncaught exception in write_error")
        if not self._finished:
            self.finish()

    # Any: subclasses pass what they like to send_error
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Override to make error pages of your own, with `write`, `render`, `set_header` and so on.

        If the error was an exception, `kwargs["exc_info"]` is its (type, value, traceback), which
        need not be the current exception. With the setting `serve_traceback` (part of `debug`) the
        page shows it.
        """
        if hasattr(self, "get_error_html"):
            self._write_error_html(status_code, kwargs)
        elif self.settings.get("serve_traceback") and "exc_info" in kwargs:
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.write("".join(traceback.format_exception(*kwargs["exc_info"])))
        else:
            text = f"{status_code}: {xhtml_escape(self._reason_phrase())}"
            self.write(f"<html><title>{text}</title><body>{text}</body></html>")

    def _write_error_html(self, status_code: int, kwargs: dict[str, Any]) -> None:
        """Answer with `get_error_html`, which subclasses of before `write_error` define."""
        if "exc_info" in kwargs:
            exc_info = kwargs.pop("exc_info")
            kwargs["exception"] = exc_info[1]
        get_error_html: Callable[..., str | bytes] = getattr(self, "get_error_html")  # noqa: B009 (RequestHandler does not define it)
        self.finish(get_error_html(status_code, **kwargs))

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Override to log exceptions in another way: an HTTPError as a warning, all others with a
        traceback.
        """
        if isinstance(error, HTTPError):
            if error.log_message:
                general_log.warning(
                    "%d %s: %s", error.status_code, self._request_summary(), error.get_message()
                )
        else:
            app_log.error(
                "Uncaught exception %s\n%r",
                self._request_summary(),
                self.request,
                exc_info=None if kind is None or error is None else (kind, error, tb),
            )

    def async_callback(
        self, callback: Callable[..., Any] | None, *args: Any, **kwargs: Any
    ) -> Callable[..., Any] | None:
        """Return `callback` with the arguments filled in. Obsolete: exceptions find their way
        without it.
        """
        if callback is None:
            return None
        filled = functools.partial(callback, *args, **kwargs) if args or kwargs else callback
        wrapped: Callable[..., Any] = wrap(filled)
        return wrapped

    # One request's life

    def _execute(self, match: RouteMatch) -> None:
        """Run the request; called once, by the application."""
        try:
            if self.request.method not in self.SUPPORTED_METHODS:
                raise HTTPError(405)
            waits = self.prepare()
            if waits is not None:
                self._start(self._run_after(waits, match))
                return
            if self._finished:
                return
            waits = self._call_method(match)
            if waits is not None:
                self._start(self._run_to_end(waits))
                return
            if self._auto_finish and not self._finished:
                self.finish()
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    def _call_method(self, match: RouteMatch) -> Awaitable[None] | None:
        method = getattr(self, self.request.method.lower())
        if match.args or match.kwargs:
            args, kwargs = self._decode_path(match)
            result = method(*args, **kwargs)
        else:
            result = method()
        return None if result is None else _as_awaitable(result, method)

    def _decode_path(self, match: RouteMatch) -> tuple[list[str | None], dict[str, str | None]]:
        decode = self.decode_argument
        args = [None if arg is None else decode(arg) for arg in match.args]
        kwargs = {
            name: None if arg is None else decode(arg, name) for name, arg in match.kwargs.items()
        }
        return args, kwargs

    async def _run_after(self, prepared: Awaitable[None], match: RouteMatch) -> None:
        try:
            await prepared
            if not self._finished:
                waits = self._call_method(match)
                if waits is not None:
                    await waits
                if self._auto_finish and not self._finished:
                    self.finish()
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    async def _run_to_end(self, waits: Awaitable[None]) -> None:
        try:
            await waits
            if self._auto_finish and not self._finished:
                self.finish()
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    def _log(self) -> None:
        """Write the completed request to the log."""
        self.application.log_request(self)

    def _start(self, coroutine: Any) -> None:  # Any: a coroutine whose type parameters are its own
        loop = asyncio.get_running_loop()
        if _EAGER_TASKS:
            self._task = asyncio.Task(coroutine, loop=loop, eager_start=True)  # type: ignore[call-arg,unused-ignore]  # 3.12
        else:
            self._task = loop.create_task(coroutine)

    def _connection_lost(self) -> None:
        """End a request whose response cannot be sent any more; called by the application."""
        if self._finished:
            return
        self._finished = True
        if self._task is not None and self.cancel_on_disconnect:
            self._task.cancel()
        self._log()
        self.on_finish()

    # Exceptions

    def _handle_exception(self, error: BaseException) -> None:
        if isinstance(error, Finish):
            if not self._finished:
                self.finish(*error.args)
            return
        exc_info = (type(error), error, error.__traceback__)
        if not isinstance(error, HTTPInputError):
            self._log_exception(exc_info)
        if self._finished:
            return  # the answer is out: a callback that came late has failed
        if isinstance(error, HTTPError):
            status = error.status_code
            if status not in responses and not error.reason:
                general_log.error("HTTPError has the unknown status %r", status)
                status = 500
        elif isinstance(error, HTTPInputError):
            status = error.status
        else:
            status = 500
        self.send_error(status, exc_info=exc_info)

    def _log_exception(self, exc_info: ExcInfo) -> None:
        try:
            self.log_exception(*exc_info)
        except Exception:  # noqa: BLE001 - whatever a subclass raises
            app_log.exception("Uncaught exception in log_exception")

    def _handle_stack_exception(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> bool:
        """Take an exception of a callback that belongs to this request; tell whether it is dealt
        with.
        """
        if not isinstance(error, Exception):
            return False
        self._handle_exception(error)
        return True

    def _reason_phrase(self) -> str:
        return self._reason or responses.get(self._status_code, "Unknown")

    def _request_summary(self) -> str:
        request = self.request
        return f"{request.method} {request.uri} ({request.remote_ip})"

    def _allowed_methods(self) -> list[str]:
        return [
            method
            for method in self.SUPPORTED_METHODS
            if getattr(type(self), method.lower(), None)
            is not getattr(RequestHandler, method.lower(), None)
        ]


def _as_awaitable(result: object, method: Callable[..., object]) -> Awaitable[None]:
    """Return what a method returned as something to wait for."""
    if inspect.isawaitable(result):
        return result
    if inspect.isgenerator(result):
        raise TypeError(
            f"{method.__qualname__} is a generator; decorate it with gen.coroutine, or with "
            "asynchronous and gen.engine"
        )
    try:
        return convert_yielded(result)
    except BadYieldError:
        raise TypeError(
            f"{method.__qualname__} returned {type(result).__name__}, expected None or an "
            "awaitable; a response is sent with self.write()"
        ) from None


def _location(base: str, url: str | bytes) -> str:
    text = url.decode("utf-8") if isinstance(url, bytes) else url
    if not text.isprintable():
        raise ValueError(f"redirect URL {text[:200]!a} has control characters")
    return urljoin(_on_this_host(base), _on_this_host(text.strip(" ")))


def _on_this_host(url: str) -> str:
    """Return `url` with one slash where several, or backslashes, would make its path a host."""
    if len(url) > 1 and url[0] in "/\\" and url[1] in "/\\":
        return "/" + url.lstrip("/\\")
    return url
