"""PeriodicCallback: call something again and again, without drifting."""

import asyncio
import datetime
import functools
import math
import random
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from ostro.stack_context import is_active, wrap

from ._errors import InvalidArgumentError, LoopClosedError
from ._loop import IOLoop


class PeriodicCallback:
    """Calls a function every `callback_time` milliseconds, once `start` has been called.

    Args:
        callback: Called without arguments. If it returns an awaitable, that runs as a task, and
            the next call waits until it is done.
        callback_time: The period: milliseconds above 0, or a timedelta.
        io_loop: The loop to run on; None means the current one at the time of `start`.
        jitter: Moves each call by a random time, within a window of this fraction of the period
            that is centred on the time where it was due: 0.1 is up to 5 % early or late. From 0
            to 1. It keeps many processes from doing the same at the same moment.

    The calls stay on the grid of periods that `start` began: time spent in the callback does not
    shift them. A call that comes too late for its period skips what was missed. An exception is
    reported as for any callback of the loop, and does not end the calls.

    Raises:
        InvalidArgumentError: If `callback_time` or `jitter` is out of its bounds.
    """

    def __init__(
        self,
        callback: Callable[[], object],
        callback_time: float | datetime.timedelta,
        io_loop: IOLoop | None = None,
        *,
        jitter: float = 0.0,
    ) -> None:
        if isinstance(callback_time, datetime.timedelta):
            callback_time = callback_time / datetime.timedelta(milliseconds=1)
        elif not isinstance(callback_time, (int, float)):
            raise InvalidArgumentError(
                "callback_time", callback_time, "milliseconds or a timedelta"
            )
        if not 0 < callback_time < math.inf:
            raise InvalidArgumentError("callback_time", callback_time, "milliseconds above 0")
        if not 0 <= jitter <= 1:
            raise InvalidArgumentError("jitter", jitter, "a fraction from 0 to 1")
        self.callback = callback
        # Milliseconds; a change takes effect at the next call.
        self.callback_time = callback_time
        self.io_loop = io_loop
        self.jitter = jitter
        # A new object at each start and None while stopped, so that what an earlier start left
        # behind finds out that it is not wanted any more.
        self._cycle: object | None = None
        # The Context of start: each call has a copy of it.
        self._context = Context()
        # The point of the grid that the next call belongs to, in seconds of the asyncio loop's
        # clock: a step of the wall clock does not matter.
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # A call that has not finished, perhaps one from before a stop.
        self._unfinished: asyncio.Future[Any] | None = None

    def start(self) -> None:
        """Start calling: the first call comes after one period. Nothing happens if it runs."""
        if self._cycle is not None:
            return
        if self.io_loop is None:
            self.io_loop = IOLoop.current()
        if self.io_loop.asyncio_loop.is_closed():
            raise LoopClosedError("start()")
        self._cycle = object()
        self._context = copy_context()
        self._due = self.io_loop.asyncio_loop.time()
        self._schedule(self.io_loop)

    def stop(self) -> None:
        """Stop calling. A call that is being awaited goes on. May be called from the callback."""
        self._cycle = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def is_running(self) -> bool:
        """Tell whether it was started and not stopped since."""
        return self._cycle is not None

    def _schedule(self, io_loop: IOLoop) -> None:
        """Set the timer for the next point of the grid that is still to come."""
        loop = io_loop.asyncio_loop
        period = self.callback_time / 1000
        # A timer may be early, by the resolution of the clock or by jitter; the next point is
        # always a later one, or else one point would be served twice.
        missed = max(0, math.floor((loop.time() - self._due) / period))
        self._due += (missed + 1) * period
        shift = self.jitter * period * (random.random() - 0.5)  # noqa: S311 - nothing secret
        self._timer = loop.call_at(
            self._due + shift, self._on_time, io_loop, context=self._context.copy()
        )

    def _on_time(self, io_loop: IOLoop) -> None:
        cycle = self._cycle
        if self._unfinished is None:
            call = wrap(self.callback) if is_active() else self.callback
            self._unfinished = io_loop._run(self.callback, call, ())
        if self._unfinished is not None:
            self._unfinished.add_done_callback(functools.partial(self._on_finished, io_loop, cycle))
        elif self._cycle is cycle:
            self._schedule(io_loop)

    def _on_finished(self, io_loop: IOLoop, cycle: object, _call: asyncio.Future[Any]) -> None:
        self._unfinished = None
        if self._cycle is cycle:
            self._schedule(io_loop)
