"""Notice when the loop is kept from running: an alarm that the loop keeps putting off."""

import asyncio
import contextlib
import logging
import signal
import threading
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import Context
from types import FrameType
from typing import Any

from ._errors import InvalidArgumentError

SignalAction = Callable[[int, FrameType | None], object]

_HEARTBEATS_PER_THRESHOLD = 4
# More would notice a blocked loop sooner after the threshold, and wake an idle one more often.

_general_log = logging.getLogger("ostro.general")


class BlockingWatch:
    """Raises SIGALRM when the loop has not come round for some time.

    While it is set, the loop wakes a few times in each threshold to put the alarm off. Nothing
    runs, and no alarm is pending, while it is not set or the loop is stopped.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Seconds that the loop may be blocked; 0 when nothing is watched.
        self.seconds = 0.0
        self._heartbeat: asyncio.TimerHandle | None = None
        self._action: SignalAction | None = None
        # Hears of the end of a loop that somebody else runs.
        self._until_shutdown: AsyncGenerator[None, None] | None = None
        # What handled SIGALRM before us (signal.signal gives None for "not set from Python").
        self._previous: Any = None  # typeshed's type for it is private

    def set(self, seconds: float | None, action: SignalAction | None) -> None:
        """Watch from now on, or stop watching."""
        if seconds is None:
            self.clear()
            return
        if not seconds > 0:
            raise InvalidArgumentError("seconds", seconds, "a number above 0, or None")
        if threading.current_thread() is not threading.main_thread():
            name = threading.current_thread().name
            raise InvalidArgumentError("the calling thread", name, "the main thread")
        self.clear()
        self._action = action
        # Without an action it is the system that kills, even if no Python code runs any more.
        handler = signal.SIG_DFL if action is None else self._on_alarm
        self._previous = signal.signal(signal.SIGALRM, handler)
        self.seconds = seconds
        if self._loop.is_running():
            self._until_shutdown = self._pause_at_shutdown()
            _step(self._until_shutdown.asend(None))
            self.resume()

    async def _pause_at_shutdown(self) -> AsyncGenerator[None, None]:
        """Leave no alarm behind when asyncio.run ends, which tells its asynchronous generators."""
        try:
            yield
        finally:
            self.pause()

    def clear(self) -> None:
        """Stop watching, and give SIGALRM back to whoever had it. Idempotent."""
        if not self.seconds:
            return
        self.pause()
        if self._until_shutdown is not None:
            _step(self._until_shutdown.aclose())
            self._until_shutdown = None
        self.seconds = 0.0
        signal.signal(signal.SIGALRM, self._previous or signal.SIG_DFL)

    def resume(self) -> None:
        """Put the alarm off, now and regularly."""
        if not self.seconds:
            return
        interval = self.seconds / _HEARTBEATS_PER_THRESHOLD
        # The block may begin up to one interval after the last heartbeat.
        signal.setitimer(signal.ITIMER_REAL, self.seconds + interval)
        self._heartbeat = Context().run(self._loop.call_later, interval, self.resume)

    def _on_alarm(self, signum: int, frame: FrameType | None) -> None:
        # A foreign loop may have ended without a word to us.
        if self._action is not None and self._loop.is_running():
            self._action(signum, frame)

    def pause(self) -> None:
        """Have no alarm pending while the loop does not run."""
        if self._heartbeat is None:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._heartbeat.cancel()
        self._heartbeat = None


def _step(awaitable: Awaitable[None]) -> None:
    """Do what never has to wait."""
    with contextlib.suppress(StopIteration):
        awaitable.__await__().__next__()


def log_stack(seconds: float, frame: FrameType | None) -> None:
    """Log where the thread is at the moment."""
    _general_log.warning(
        "IOLoop blocked for more than %f seconds in\n%s",
        seconds,
        "".join(traceback.format_stack(frame)),
    )
