"""The half of IOLoop that has things called: when something can be read, next, later, once done.

Mostly the documentation of its methods. File descriptors are the affair of `_handlers`, what
callbacks return and raise that of `_callbacks`.
"""

import asyncio
import concurrent.futures
import datetime
import functools
import logging
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

from ostro.stack_context import NullContext, is_active, wrap

from . import _handlers
from ._callbacks import AnyFuture, Callback, Callbacks, describe
from ._errors import InvalidArgumentError, LoopClosedError
from ._handlers import Handlers, HasFileno

P = ParamSpec("P")
T = TypeVar("T")

_application_log = logging.getLogger("ostro.application")


class SchedulingLoop:
    """An asyncio loop that calls what it is given, and reports what that raises."""

    NONE = _handlers.NONE
    READ = _handlers.READ
    WRITE = _handlers.WRITE
    ERROR = _handlers.ERROR

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks = Callbacks(loop, self)
        self._handlers = Handlers(loop, self._callbacks.run)
        # What every callback is scheduled as; kept, since a bound method costs at each look.
        self._run = self._callbacks.run
        # The executor of the program, for run_in_executor(None, ...).
        self._executor: concurrent.futures.Executor | None = None

    # I/O events

    def add_handler(
        self, fd: int | HasFileno, handler: Callable[[Any, int], object], events: int
    ) -> None:
        """Call `handler(fd, events)` whenever one of the events occurs.

        Args:
            fd: A file descriptor or an object with `fileno()`; the handler gets what is given here.
            handler: Called with `fd` and READ or WRITE, once for each.
            events: Any of READ, WRITE and ERROR, or-ed. An error or a closed connection shows as
                READ or WRITE, so that ERROR alone tells nothing.

        Raises:
            HandlerExistsError: If the file descriptor has a handler.
            InvalidArgumentError: If `events` has other bits.
        """
        self._handlers.add(fd, handler, events)

    def update_handler(self, fd: int | HasFileno, events: int) -> None:
        """Change the events that the handler of `fd` is called for.

        Raises:
            UnknownHandlerError: If it has none.
        """
        self._handlers.update(fd, events)

    def remove_handler(self, fd: int | HasFileno) -> None:
        """Stop listening on `fd`. Nothing happens if nobody listens."""
        self._handlers.remove(fd)

    # Callbacks

    def add_callback(
        self, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Call `callback` on the next round of the loop, in the order of these calls.

        Safe to call from any thread at any time, but not from a signal handler: see
        `add_callback_from_signal`. If it returns an awaitable, that runs as a task.

        Raises:
            LoopClosedError: If the loop is closed (a RuntimeError).
        """
        if kwargs:
            call: Callback = functools.partial(callback, **kwargs)
        else:
            call = callback
        if is_active():
            call = wrap(call)
        loop = self._loop
        try:
            if asyncio._get_running_loop() is loop:
                loop.call_soon(self._run, callback, call, args)
            else:
                loop.call_soon_threadsafe(self._run, callback, call, args)
        except RuntimeError as error:
            raise self._explained(error, "add_callback()") from None

    def add_callback_from_signal(
        self, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Call `callback` on the next round of the loop, from within a signal handler.

        It runs without any stack of contexts, since a signal comes at no particular place.

        Raises:
            LoopClosedError: If the loop is closed (a RuntimeError).
        """
        call = functools.partial(callback, *args, **kwargs)
        try:
            with NullContext():
                self._loop.call_soon_threadsafe(self._run, callback, call, ())
        except RuntimeError as error:
            raise self._explained(error, "add_callback_from_signal()") from None

    def _explained(self, error: RuntimeError, operation: str) -> RuntimeError:
        """Return the error to raise for what asyncio complains of."""
        return LoopClosedError(operation) if self._loop.is_closed() else error

    def spawn_callback(
        self, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Call `callback` on the next round of the loop, without any stack of contexts.

        It is for work that goes on in the background after the operation that started it.
        """
        with NullContext():
            self.add_callback(callback, *args, **kwargs)

    # Timeouts

    def time(self) -> float:
        """Return the current time as a unix timestamp, in seconds."""
        return time.time()

    def add_timeout(
        self,
        deadline: float | datetime.timedelta,
        callback: Callable[P, object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> asyncio.TimerHandle:
        """Call `callback` at a time.

        Args:
            deadline: A unix timestamp, as `IOLoop.time` returns; or a timedelta from now, which
                later changes of the clock do not affect. What is past is due at once.
            callback: Called once.
            *args: Its arguments.
            **kwargs: Its arguments.

        Returns:
            A handle for `remove_timeout`.

        Raises:
            InvalidArgumentError: If `deadline` is something else, or not a number (NaN).
        """
        if isinstance(deadline, datetime.timedelta):
            return self.call_later(deadline.total_seconds(), callback, *args, **kwargs)
        return self.call_at(deadline, callback, *args, **kwargs)

    def call_at(
        self, when: float, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.TimerHandle:
        """Call `callback` at a unix timestamp. See `add_timeout`."""
        if not isinstance(when, (int, float)):
            raise InvalidArgumentError("deadline", when, "a unix timestamp or a timedelta")
        return self.call_later(when - self.time(), callback, *args, **kwargs)

    def call_later(
        self, delay: float, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.TimerHandle:
        """Call `callback` after `delay` seconds of the monotonic clock. See `add_timeout`."""
        if not delay > 0:  # NaN would disturb the order of all timeouts
            if delay != delay:
                raise InvalidArgumentError("delay", delay, "a number of seconds")
            delay = 0
        if kwargs:
            call: Callback = functools.partial(callback, **kwargs)
        else:
            call = callback
        if is_active():
            call = wrap(call)
        try:
            return self._loop.call_later(delay, self._run, callback, call, args)
        except RuntimeError as error:
            raise self._explained(error, "call_later()") from None

    def remove_timeout(self, timeout: asyncio.Handle) -> None:
        """Cancel a timeout. Nothing happens if it has run or was removed before."""
        timeout.cancel()

    # Futures and threads

    def add_future(self, future: AnyFuture, callback: Callable[[Any], object]) -> None:
        """Call `callback(future)` on the loop when the future is done.

        Args:
            future: A future of asyncio or of concurrent.futures, a Completed; or any other
                awaitable, which then runs as a task, and the callback gets the task.
            callback: Called with the future, whose result or exception it should take.
        """
        call = wrap(callback) if is_active() else callback
        self._callbacks.when_done(future, callback, call)

    def run_in_executor(
        self, executor: concurrent.futures.Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run `func(*args)` in a thread or process of an executor.

        Args:
            executor: None means the one given to `set_default_executor`, or threads of the loop.
            func: Called in the executor; in a thread it sees the context variables of this place.
            *args: Its arguments.

        Returns:
            A future for the result.
        """
        executor = executor or self._executor
        if executor is None or isinstance(executor, concurrent.futures.ThreadPoolExecutor):
            # Other executors may have to pickle what they are given, and a Context cannot be.
            return self._loop.run_in_executor(executor, copy_context().run, func, *args)
        return self._loop.run_in_executor(executor, func, *args)

    def set_default_executor(self, executor: concurrent.futures.Executor) -> None:
        """Set what `run_in_executor(None, ...)` uses. `close` does not shut it down."""
        self._executor = executor

    # Errors

    def handle_callback_exception(self, callback: Callback) -> None:
        """Report an exception that a callback let out, and no ExceptionStackContext consumed.

        The exception itself is in `sys.exc_info()`. This logs it to `ostro.application` with the
        name of the callback. Subclasses may override it.
        """
        _application_log.error("Exception in callback %s", describe(callback), exc_info=True)
