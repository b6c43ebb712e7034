"""RequestHandler: what an application subclasses, and how one request runs through it.

The last layer; see `_output`. This one owns the order of a request's life (prepare, the
method, the end) and what happens when something is raised on the way.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from types import CoroutineType, TracebackType
from typing import Any

from ostro.escape import xhtml_escape
from ostro.gen import BadYieldError, convert_yielded
from ostro.httputil import HTTPHeaders, HTTPInputError, ResponseStartLine, responses
from ostro.ioloop import COMPLETED, Completed, start_task
from ostro.iostream import StreamClosedError
from ostro.stack_context import wrap

from ._location import location
from ._output import BODILESS, CLIENT_CLOSED_REQUEST, HTML_TYPE, is_reason_phrase
from ._routed import Routed
from ._urlspec import RouteMatch
from ._xsrf import XSRF_SAFE_METHODS
from .errors import Finish, HTTPError

__all__ = ["RequestHandler"]

app_log = logging.getLogger("ostro.application")
general_log = logging.getLogger("ostro.general")


class RequestHandler(Routed):
    """Subclass this class and define get(), post() and so on to make a handler.

    A new one is made for each request. `initialize` is called first, with what the URLSpec passes
    on, then `prepare`, the method, and, after the response has been sent, `on_finish`. A method may
    be a plain function, a coroutine, or under `@asynchronous` one that calls `finish` some time
    later.

    Methods must be called from the loop's thread; see `IOLoop.add_callback` for other threads.
    """

    # Whether `handler_timeout` has passed; the class says so for those that are in time.
    _timed_out = False
    # Whether the server has refused the request while its body came; the class says so as above.
    _refused = False

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
        target = location(self.request.uri, url)
        self.set_status(status)
        self.set_header("Location", target)
        self.finish()

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send the given HTTP error code to the browser.

        What has been written and not flushed is discarded and replaced by the error page, which
        `write_error` makes; `kwargs` are passed on to it. Once the headers are sent it is too late
        for that: the connection is closed, so that the client does not take what it got for the
        whole.

        The reason phrase is `kwargs["reason"]` or that of an HTTPError in `kwargs["exc_info"]`, if
        it can stand in a status line, else the usual one. Raises ValueError as `set_status` does.
        """
        if self._gone:
            return
        if self._headers_written:
            general_log.error("Cannot send status %d: the headers have been sent", status_code)
            self._break_off()
            return
        self.clear()
        self.set_status(status_code, _reason_in(kwargs))
        if status_code == 405:
            self.set_header("Allow", ", ".join(self._allowed_methods()))
        if status_code not in BODILESS:
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
        page shows it: as HTML or JSON to clients that ask for these, as plain text to others.
        """
        if hasattr(self, "get_error_html"):
            self._write_error_html(status_code, kwargs)
        elif self.settings.get("serve_traceback") and "exc_info" in kwargs:
            from ._debug_page import write_debug_page  # only here: not for production

            write_debug_page(self, f"{status_code} {self._reason_phrase()}", kwargs["exc_info"][1])
        else:
            self.set_header("Content-Type", HTML_TYPE)  # whatever the default headers say
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
        """Override to log exceptions in another way: an HTTPError and what is wrong with a body
        (HTTPInputError) as a warning, all others with a traceback.
        """
        if isinstance(error, HTTPError):
            if error.log_message:
                self._log_warning(error.status_code, error.get_message() or "")
        elif isinstance(error, HTTPInputError):
            self._log_warning(error.status, str(error))
        else:
            app_log.error(
                "Uncaught exception %s\n%r",
                self._request_summary(),
                self.request,
                exc_info=None if kind is None or error is None else (kind, error, tb),
            )

    def _log_warning(self, status: int, message: str) -> None:
        general_log.warning("%d %s: %s", status, self._request_summary(), _printable(message))

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
        self._match = match
        try:
            if self.request.method not in self.SUPPORTED_METHODS:
                raise HTTPError(405)
            if self.application._xsrf_cookies and self.request.method not in XSRF_SAFE_METHODS:
                self.check_xsrf_cookie()
            prepared = self.prepare()
            if prepared is not None:
                self._start(self._run_after(prepared))
                return
            if self._finished:
                return
            waits = self._call_method()
            if waits is not None:
                self._start(self._run_to_end(waits))
                return
            if self._auto_finish and not self._finished:
                self.finish()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it raises
            self._handle_exception(error)

    def _call_method(self) -> Awaitable[object] | None:
        method = getattr(self, self.request.method.lower(), None)
        if method is None:  # it is in SUPPORTED_METHODS, and that is all
            raise HTTPError(405)
        match = self._match
        if match.args or match.kwargs:
            result = method(*self.path_args, **self.path_kwargs)
        else:
            result = method()
        if result is None or type(result) is CoroutineType:
            return result
        if result is COMPLETED:  # `return self.finish()`, sent at once
            return None
        return _as_awaitable(result, method)

    async def _run_after(self, prepared: Awaitable[None]) -> None:
        try:
            await prepared
            if not self._finished:
                waits = self._call_method()
                if waits is not None:
                    self._refuse_result(await waits)
                if self._auto_finish and not self._finished:
                    self.finish()
        except asyncio.CancelledError as error:
            self._handle_cancelled(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    async def _run_step(self, waits: Awaitable[None]) -> None:
        """Run what comes before the method of a streamed request."""
        try:
            await waits
        except asyncio.CancelledError as error:
            self._handle_cancelled(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    async def _run_to_end(self, waits: Awaitable[object]) -> None:
        try:
            result = await waits
            if result is not None:
                self._refuse_result(result)
            if self._auto_finish and not self._finished:
                self.finish()
        except asyncio.CancelledError as error:
            self._handle_cancelled(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            self._handle_exception(error)

    def _refuse_result(self, result: object) -> None:
        """Raise TypeError where what a coroutine returned is all there is of an answer: it would be
        lost without a word.
        """
        answered = self._finished or self._headers_written or self._write_buffer
        if result is None or answered or self._status_code != 200 or inspect.isawaitable(result):
            return
        raise TypeError(
            f"{type(self).__qualname__}.{self.request.method.lower()} returned "
            f"{type(result).__name__} and wrote nothing; a response is sent with self.write()"
        )

    def _log(self) -> None:
        """Write the completed request to the log."""
        application = self.application
        if application._observed and self._observed is not None:
            self._observed.ended(self)
        application.log_request(self)

    # Any: a coroutine whose type parameters are its own
    def _start(self, coroutine: Any) -> asyncio.Task[None] | Completed[None]:
        try:
            task = start_task(coroutine)
        except RuntimeError as error:
            return self._start_loopless(coroutine, error)
        if task is not COMPLETED:
            self._task = task
            self._limit(task)
        return task

    # Any: as above
    def _start_loopless(self, coroutine: Any, error: RuntimeError) -> Completed[None]:
        if not self._connection.loopless:
            coroutine.close()  # or else it would complain that nobody awaited it
            raise error
        self._connection.run_on_loop(lambda: coroutine)
        return COMPLETED

    def _limit(self, task: asyncio.Task[None] | Completed[None]) -> None:
        """Let a task run as long as somebody waits for it, and no longer than it may."""
        if self._gone:
            self._cancel(task)  # it lost the client in its first step
        elif self.handler_timeout is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self.handler_timeout, self._time_out, task)
            task.add_done_callback(lambda _: timer.cancel())

    def _time_out(self, task: asyncio.Task[None] | Completed[None] | None = None) -> None:
        """End what takes longer than `handler_timeout`: a task, or what callbacks do."""
        self._timed_out = True
        if task is not None:
            asyncio.get_running_loop().call_soon(task.cancel)  # through the loop, as in _cancel
        elif not self._finished:
            self._handle_exception(self._too_late())

    def _too_late(self) -> HTTPError:
        # RFC 9110 section 15.6.4. 504 is for gateways, and says that another server was too slow.
        return HTTPError(503, "The handler took more than %g s", self.handler_timeout)

    # When the client goes away; called by the application

    def _connection_closed(self) -> None:
        """Report that the client sends nothing more."""
        if not self._finished:
            try:
                self.on_connection_close()
            except Exception as error:  # noqa: BLE001 - whatever a subclass raises
                self._log_exception(error)

    def _connection_lost(self, error: BaseException | None = None) -> None:
        """End a request whose response cannot be sent any more, once its task has ended."""
        if self._finished:
            return
        self._finished = True
        self._note_lost(error)
        task = self._task
        if task is None or task.done():
            self._end()
            return
        self._cancel(task)
        task.add_done_callback(self._end)
        assert isinstance(task, asyncio.Task)  # what else there may be is done
        self.application._outliving.add(task)
        task.add_done_callback(self.application._outliving.discard)

    def _note_lost(self, error: BaseException | None) -> None:
        """Note that there is no client to answer, or that the server refuses it by itself."""
        self._gone = True
        if self._headers_written:
            return
        if isinstance(error, HTTPInputError):
            self._refused = True
            self._status_code = error.status
        else:
            self._status_code = CLIENT_CLOSED_REQUEST

    def _cancel(self, task: asyncio.Task[None] | Completed[None]) -> None:
        if self.cancel_on_disconnect:
            # Through the loop: a task that never got to start would not pass it on to what it waits
            # for.
            asyncio.get_running_loop().call_soon(task.cancel)

    def _end(self, _: object = None) -> None:
        """Do what is left after a request that was not finished in the usual way."""
        self._task = None  # a task that was cancelled holds its exception, and that its frames
        for step in (self._log, self.on_finish):
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever an application raises
                self._log_exception(error)

    def _break_off(self) -> None:
        """Let the client see that the response is not whole."""
        if not self._finished:
            self._finished = True
            self._connection.close()
            self._end()

    # Exceptions

    def _handle_exception(self, error: BaseException) -> None:
        try:
            if not isinstance(error, Finish):
                self._answer_exception(error)
            elif not self._finished:
                self.finish(*error.args)
        except Exception as second:  # noqa: BLE001 - whatever an application raises
            self._log_exception(second)
            self._answer_bare()

    def _handle_cancelled(self, error: asyncio.CancelledError) -> None:
        """Answer where not the loss of the client but something else cancelled the handler."""
        self._task = None  # as in _end
        if not self._finished:
            self._handle_exception(self._too_late() if self._timed_out else error)

    def _answer_exception(self, error: BaseException) -> None:
        if self._finished and isinstance(error, StreamClosedError):
            general_log.info("Client of %s went away: %s", self._request_summary(), error)
            return
        if self._observed is not None:
            self._observed.failed(error)
        self._log_exception(error)
        if self._finished:
            return  # the answer is out: a callback that came late has failed
        if isinstance(error, HTTPError):
            status = self._status_of(error)
        elif isinstance(error, HTTPInputError):
            status = error.status
        else:
            status = 500
        self.send_error(status, exc_info=(type(error), error, error.__traceback__))

    def _status_of(self, error: HTTPError) -> int:
        status = error.status_code
        known = status in responses or bool(error.reason)
        if known and 200 <= status <= 599:
            return status
        general_log.error("HTTPError has the unknown status %r", status)
        return 500

    def _answer_bare(self) -> None:
        """Answer when not even the error page can be made."""
        if self._headers_written or self._finished:
            self._break_off()
            return
        self._finished = True
        self._status_code = 500
        self._reason = None
        start_line = ResponseStartLine("HTTP/1.1", 500, responses[500])
        try:
            self._connection.write_headers(start_line, HTTPHeaders(), b"", end=True)
        except Exception:  # noqa: BLE001 - the connection has begun to send something else
            self._connection.close()
        self._end()

    def _log_exception(self, error: BaseException) -> None:
        try:
            self.log_exception(type(error), error, error.__traceback__)
        except Exception:  # noqa: BLE001 - whatever a subclass raises
            app_log.exception("Uncaught exception in log_exception")

    def _handle_stack_exception(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> bool:
        """Take an exception of a callback that belongs to this request; tell that it is dealt
        with.
        """
        self._handle_exception(error)
        return True

    def _reason_phrase(self) -> str:
        return self._reason or responses.get(self._status_code, "Unknown")

    def _request_summary(self) -> str:
        request = self.request
        return _printable(f"{request.method} {request.uri} ({request.remote_ip})")

    @classmethod
    def _allowed_methods(cls) -> list[str]:
        return [
            method
            for method in cls.SUPPORTED_METHODS
            if getattr(cls, method.lower(), None)
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


def _reason_in(kwargs: dict[str, Any]) -> str | None:
    """Return the reason phrase that the arguments of `send_error` ask for, if it can be sent."""
    reason = kwargs.get("reason")
    exc_info = kwargs.get("exc_info")
    if exc_info is not None and isinstance(exc_info[1], HTTPError) and exc_info[1].reason:
        reason = exc_info[1].reason
    return reason if isinstance(reason, str) and is_reason_phrase(reason) else None


def _printable(text: str) -> str:
    """Return `text` in such a form that it cannot pass for another line of a log."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
