"""Run the callbacks of a loop: what they return is looked after, what they raise is reported.

Everything that the program gives to its IOLoop comes through here: callbacks, timeouts, handlers,
callbacks of futures. A callback goes about as two callables: the one that the program gave, in
whose name errors are reported, and the one to call, which carries its contexts and arguments.
"""

import asyncio
import concurrent.futures
import functools
import inspect
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import Any, Protocol

from ostro.stack_context import is_active, wrap

from ._completed import Completed

Callback = Callable[..., object]

AnyFuture = Awaitable[Any] | concurrent.futures.Future[Any]
# What is in it is the program's affair: it only passes through here.


class Reporter(Protocol):
    """Who hears of exceptions: an IOLoop, perhaps of a subclass."""

    def handle_callback_exception(self, callback: Callback) -> None:
        """Report the exception in `sys.exc_info()`."""
        ...


class Callbacks:
    """Runs callbacks on one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reporter: Reporter) -> None:
        self._loop = loop
        self._reporter = reporter
        # Tasks made of what callbacks returned: asyncio itself holds tasks weakly.
        self._tasks: set[asyncio.Future[Any]] = set()
        # Set while the loop is being closed: what is still waiting is dropped.
        self._discarding = False

    def discard(self) -> None:
        """Run nothing from now on."""
        self._discarding = True

    def run(
        self, callback: Callback, call: Callback, args: tuple[object, ...]
    ) -> asyncio.Future[Any] | None:
        """Call a callback.

        Args:
            callback: As the program gave it.
            call: The same, with its contexts and keyword arguments.
            args: The positional arguments.

        Returns:
            The future of what the callback returned, if that is something to wait for.
        """
        if self._discarding:
            return None
        try:
            result = call(*args)
            if result is not None:
                return self._follow(result, callback)
        except Exception:  # noqa: BLE001 - whatever a callback raises is reported
            self._reporter.handle_callback_exception(callback)
        except asyncio.CancelledError:
            # It read a future that was cancelled: no error, and nobody to tell.
            return None
        return None

    def _follow(self, result: object, callback: Callback) -> asyncio.Future[Any] | None:
        """Run what a callback returned to its end, if it can be awaited, and report its error."""
        if isinstance(result, Completed):
            return None
        if isinstance(result, concurrent.futures.Future):
            result = asyncio.wrap_future(result, loop=self._loop)
        elif not inspect.isawaitable(result):
            return None
        # The stack of this Context is the one under which the callback was given.
        call = wrap(_raise_error) if is_active() else _raise_error
        return self.when_done(result, callback, call)

    def when_done(
        self, future: AnyFuture, callback: Callback, call: Callback
    ) -> asyncio.Future[Any] | None:
        """Run `call(future)` when the future is done, but not inside this call.

        Returns:
            The future, or the task that was made of the awaitable, if it belongs to this loop.
        """
        if isinstance(future, Completed):
            self._loop.call_soon(self.run, callback, call, (future,))
            return None
        if isinstance(future, concurrent.futures.Future) or (
            asyncio.isfuture(future) and future.get_loop() is not self._loop
        ):
            # Its callbacks run in another thread, and in a Context that is none of ours.
            future.add_done_callback(
                functools.partial(self._run_from_thread, copy_context(), callback, call)
            )
            return None
        own = future if asyncio.isfuture(future) else self._task(future)
        own.add_done_callback(functools.partial(self._run_done, callback, call))
        return own

    def _task(self, awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(awaitable, loop=self._loop)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _run_done(self, callback: Callback, call: Callback, future: object) -> None:
        self.run(callback, call, (future,))

    def _run_from_thread(
        self, context: Context, callback: Callback, call: Callback, future: object
    ) -> None:
        self._loop.call_soon_threadsafe(self.run, callback, call, (future,), context=context)


def _raise_error(future: asyncio.Future[Any]) -> None:
    """Raise the exception of a future that is done, if it has one."""
    # What is no Exception (Control-C, sys.exit) went out of the loop when the task raised it.
    if not future.cancelled() and isinstance(error := future.exception(), Exception):
        raise error


def describe(callback: Callback) -> str:
    """Return the qualified name of what a callback calls in the end, for the log.

    Its arguments are left out: they may come from a peer, and have no place in a log line.
    """
    inner: object = callback
    while not hasattr(inner, "__qualname__"):
        if isinstance(inner, functools.partial):
            inner = inner.func
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        else:
            inner = type(inner)
    module = getattr(inner, "__module__", None)  # a method of a built-in type has none
    return f"{module}.{inner.__qualname__}" if module else str(inner.__qualname__)
