"""Exceptions of callbacks, on their way to the test that caused them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

from ostro.ioloop import IOLoop, LoopStoppedError
from ostro.stack_context import ExceptionStackContext

__all__ = ["CallbackFailures"]

_T = TypeVar("_T")

app_log = logging.getLogger("ostro.application")


class CallbackFailures:
    """Keeps the first exception that a callback raises, and stops the loop for it to be raised."""

    def __init__(self) -> None:
        self._failure: BaseException | None = None
        self._io_loop: IOLoop | None = None

    def __bool__(self) -> bool:
        """Tell whether there is an exception to be raised."""
        return self._failure is not None

    def catching(self) -> AbstractContextManager[object]:
        """Return a context that catches the exceptions of callbacks that are made in it."""
        return ExceptionStackContext(self._on_callback_exception)

    def guard(self, step: Callable[[], _T]) -> _T | None:
        """Run a step of a test, and raise what it raises, or what a callback did meanwhile.

        Returns what the step returns; None where a callback ended it.
        """
        __tracebackhide__ = True
        result: _T | None = None
        raised: BaseException | None = None
        with self.catching():
            try:
                result = step()
            except LoopStoppedError as error:
                raised = None if self else error
            except Exception as error:  # noqa: BLE001 - raised below: it is no callback's
                raised = error
        try:
            if raised is not None:
                raise raised
        finally:
            del raised  # its traceback refers to this frame
        self.rethrow()
        return result

    def watch(self, io_loop: IOLoop) -> Callable[[], None]:
        """Catch the exceptions of callbacks that asyncio is given directly, too.

        Returns a function that ends it.
        """
        self._failure = None
        self._io_loop = io_loop
        loop = io_loop.asyncio_loop
        before = loop.get_exception_handler()
        loop.set_exception_handler(self._on_loop_exception)

        def end() -> None:
            self._io_loop = None
            loop.set_exception_handler(before)

        return end

    def add(self, error: BaseException) -> None:
        """Have an exception raised at the next opportunity; the first one counts."""
        if self._failure is None:
            self._failure = error
        else:
            app_log.error("Another exception in a callback of a test", exc_info=error)
        if self._io_loop is not None and self._io_loop.running():
            self._io_loop.stop()

    def rethrow(self) -> None:
        """Raise the exception, once, if there is one."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _on_callback_exception(
        self, kind: type[BaseException], error: BaseException, tb: TracebackType | None
    ) -> bool:
        self.add(error)
        return True

    # Any: asyncio's own
    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self.add(error)
        else:
            loop.default_exception_handler(context)
