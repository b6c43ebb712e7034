"""Task: a function that takes a callback, as something to wait for.

(Any, here: the arguments of the function, and those of the callback, may be of any type.)
"""

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any

from ostro.stack_context import ExceptionStackContext

from ._convert import convert_yielded
from ._errors import BadYieldError
from ._loops import current_loop
from ._points import PointHost, YieldPoint, result_of_call

_general_log = logging.getLogger("ostro.general")


class Task(YieldPoint):
    """Run a function that takes a `callback`, and wait until it calls that.

    Args:
        func: Called as `func(*args, callback=..., **kwargs)` when the Task is yielded.
        *args: Its positional arguments.
        **kwargs: Its keyword arguments, without `callback`.

    The result of `yield gen.Task(func, ...)` is None if the callback was called without an
    argument, the argument if there was one, and `Arguments` if there were several or keyword
    arguments. The callback may be called in any thread. Only its first call counts; others are
    logged.

    What `func` raises is raised at the yield, and so is what the callbacks raise that it starts
    through a library that carries the stack context, such as `ostro.ioloop`. If `func` returns an
    awaitable besides, an exception of that is raised too, and a coroutine is run; its result does
    not count.

    In an `async def` function: `await gen.Task(func, ...)`.

    Raises:
        TypeError: If there is a `callback` among the arguments.
    """

    __slots__ = ("_call", "_run")

    def __init__(self, func: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        if "callback" in kwargs:
            raise TypeError("gen.Task makes the callback by itself: leave out callback=")
        self._call = functools.partial(func, *args, **kwargs)
        self._run: _TaskRun | None = None

    def start(self, host: PointHost) -> None:
        """Call the function."""
        if self._run is not None and self._run.is_running():
            raise BadYieldError(self, reason=", which is running already: make another")
        self._run = _TaskRun(host)
        self._run.start(self._call)

    def is_ready(self) -> bool:
        """Tell whether the callback was called, or something failed."""
        return self._run is not None and self._run.done

    def get_result(self) -> Any:
        """Return what the callback was called with."""
        if self._run is None:
            raise BadYieldError(self, reason=", which was not started")
        return self._run.result()

    def cancel(self) -> bool:
        """Cancel the coroutine that the function returned, if it did."""
        return self._run is not None and self._run.cancel()

    def forget(self) -> None:
        """Leave later exceptions to the stack context outside."""
        if self._run is not None:
            self._run.forget()

    def __await__(self) -> Generator[Any, None, Any]:
        return convert_yielded(self).__await__()

    def __repr__(self) -> str:
        return f"gen.Task({self._call.func!r})"


def _nothing() -> None:
    """Do nothing."""


class _TaskRun:
    """One call of the function of a Task."""

    __slots__ = ("_awaited", "_deactivate", "_error", "_forgotten", "_host", "_result", "done")

    def __init__(self, host: PointHost) -> None:
        self._host = host
        # What leaves the context; nothing before and after that, as the context knows this object.
        self._deactivate: Callable[[], object] = _nothing
        self._result: Any = None
        self._error: BaseException | None = None
        self._awaited: asyncio.Future[Any] | None = None  # of a coroutine that the function is
        self._forgotten = False  # nobody waits any longer
        self.done = False  # set last: another thread may look at it

    def start(self, call: Callable[..., object]) -> None:
        with ExceptionStackContext(self._handle) as self._deactivate:
            self._follow(call(callback=self._call_back))

    def is_running(self) -> bool:
        return not (self.done or self._forgotten)

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self) -> bool:
        return self._awaited is not None and self._awaited.cancel()

    def forget(self) -> None:
        self._forgotten = True
        self._leave_context()

    def _leave_context(self) -> None:
        deactivate, self._deactivate = self._deactivate, _nothing
        deactivate()

    def _call_back(self, *args: Any, **kwargs: Any) -> None:
        """Take the result: this is the callback."""
        if self.done:
            _general_log.warning("the callback of a gen.Task was called again: ignored")
            return
        self._result = result_of_call(args, kwargs)
        self._end()

    def _handle(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> bool:
        """Take an exception of the function, or of what it started; tell whether it was taken."""
        if not self.is_running():
            # The same exception may come twice: of an awaitable, and through the stack context.
            return error is self._error
        self._error = error
        self._end()
        return True

    def _end(self) -> None:
        self.done = True
        self._leave_context()
        self._host.notify()

    def _follow(self, returned: object) -> None:
        """Look after an awaitable that the function returned."""
        if inspect.iscoroutine(returned):
            self._awaited = asyncio.ensure_future(returned, loop=current_loop())
            self._awaited.add_done_callback(self._take_error)
        elif asyncio.isfuture(returned):
            returned.add_done_callback(self._take_error)

    def _take_error(self, future: asyncio.Future[Any]) -> None:
        if self._forgotten or (self.done and self._error is None):
            return  # It is not ours: let asyncio report it.
        try:
            error = future.exception()
        except asyncio.CancelledError as cancelled:
            error = cancelled
        if error is not None and not self.done:
            self._error = error
            self._end()
