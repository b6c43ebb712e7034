"""IOLoop: an asyncio loop with the methods of this framework on it.

The facade as a whole: this file finds the loop that is meant, starts and stops it. What is called
on it, and when, is the half in `_scheduling`; the alarm is the affair of `_blocking`.
"""

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Literal, ParamSpec, TypeVar, overload

from ._blocking import BlockingWatch, SignalAction, log_stack
from ._errors import InvalidArgumentError, LoopClosedError, LoopExistsError, LoopRunningError
from ._running import end_tasks, new_event_loop, run_to_end, shut_down
from ._scheduling import SchedulingLoop
from ._sweeper import Sweeper
from ._wakeup import woken_by_signals

P = ParamSpec("P")
T = TypeVar("T")

_FACADE = "_ostro_io_loop"
# The name under which an asyncio loop carries its IOLoop. As an attribute it needs no table that
# would keep closed loops alive, and finding it is one lookup.

_registry_lock = threading.RLock()

_instance: "IOLoop | None" = None
# The loop of the process. Written under the lock.


class _Thread(threading.local):
    """What each thread has for itself."""

    current: "IOLoop | None" = None


_thread = _Thread()


def _do_nothing() -> None:
    """Be a callback that is only there to wake the loop."""


class IOLoop(SchedulingLoop):
    """A level-triggered loop for I/O, time and callbacks: a facade, one for each asyncio loop.

    Args:
        impl: The asyncio loop to put the facade on. None makes a new one: of uvloop, when that is
            installed, or else asyncio's own.

    Most programs need one loop, `IOLoop.current()`, and `ostro.ioloop.run(main)` to run it.
    Everything but `add_callback` and `add_callback_from_signal` must be called in the thread of
    the loop.

    Raises:
        LoopExistsError: If `impl` has an IOLoop already; see `for_loop`.
        InvalidArgumentError: If `impl` is no asyncio loop.
    """

    def __init__(self, impl: asyncio.AbstractEventLoop | None = None) -> None:
        if impl is None:
            impl = new_event_loop()
        elif not isinstance(impl, asyncio.AbstractEventLoop):
            raise InvalidArgumentError("impl", impl, "an asyncio event loop or None")
        super().__init__(impl)
        self._watch = BlockingWatch(impl)
        # Guards the two below. A signal handler may call stop() inside stop().
        self._state_lock = threading.RLock()
        self._started = False
        # stop() came when the loop did not run.
        self._stop_requested = False
        with _registry_lock:
            if hasattr(impl, _FACADE):
                raise LoopExistsError
            setattr(impl, _FACADE, self)

    # Which loop: the process's, the thread's, the running one

    @classmethod
    def for_loop(cls, loop: asyncio.AbstractEventLoop) -> "IOLoop":
        """Return the IOLoop of an asyncio loop, a new one if it has none yet. Thread-safe."""
        facade: IOLoop | None = getattr(loop, _FACADE, None)
        if facade is not None:
            return facade
        try:
            return cls(loop)
        except LoopExistsError:  # another thread was faster
            return cls.for_loop(loop)

    @staticmethod
    def instance() -> "IOLoop":
        """Return the loop of the process, made on demand. Thread-safe.

        It is the first of: the one given to `install`, the one that an earlier call gave, the one
        that is current in this thread, a new one. A program with one loop gets that loop here,
        however it came to be. A program with several says early which it is.
        """
        global _instance
        with _registry_lock:
            found = _instance
            if found is None or found._loop.is_closed():
                found = IOLoop.current(instance=False)
                if found is None:
                    found = IOLoop()
                    found.make_current()
                _instance = found
            return found

    @staticmethod
    def initialized() -> bool:
        """Tell whether the loop of the process exists."""
        return _instance is not None and not _instance._loop.is_closed()

    def install(self) -> None:
        """Make this the loop of the process, that `instance` returns."""
        global _instance
        with _registry_lock:
            _instance = self

    @staticmethod
    def clear_instance() -> None:
        """Undo `install`, and `make_current` in this thread. The loop itself stays open."""
        global _instance
        with _registry_lock:
            _instance = None
        IOLoop.clear_current()

    @overload
    @staticmethod
    def current() -> "IOLoop": ...
    @overload
    @staticmethod
    def current(instance: Literal[True]) -> "IOLoop": ...
    @overload
    @staticmethod
    def current(instance: bool) -> "IOLoop | None": ...
    @staticmethod
    def current(instance: bool = True) -> "IOLoop | None":
        """Return the loop that runs in this thread, or is to run in it.

        It is the first of: the running loop, whoever started it (asyncio.run, uvicorn); the one
        that `make_current` was called on in this thread; `instance()`.

        Args:
            instance: False returns None instead of `instance()`.
        """
        loop = asyncio._get_running_loop()
        if loop is not None:
            facade: IOLoop | None = getattr(loop, _FACADE, None)
            return IOLoop.for_loop(loop) if facade is None else facade
        made_current = _thread.current
        if made_current is not None and not made_current._loop.is_closed():
            return made_current
        return IOLoop.instance() if instance else None

    def make_current(self) -> None:
        """Make this the loop of this thread, for `current` and for asyncio.get_event_loop."""
        _thread.current = self
        asyncio.set_event_loop(self._loop)

    @staticmethod
    def clear_current() -> None:
        """Undo `make_current` in this thread."""
        _thread.current = None
        asyncio.set_event_loop(None)

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The asyncio loop that this is a facade of."""
        return self._loop

    @functools.cached_property
    def sweeper(self) -> Sweeper:
        """The sweeper that everybody on this loop shares, for deadlines that are rarely reached."""
        return Sweeper(self)

    # Running

    def start(self) -> None:
        """Run the loop until `stop` is called. Return at once if that has happened already.

        KeyboardInterrupt and SystemExit pass through, and leave a loop that can be started again.

        Raises:
            LoopRunningError: If a loop runs in this thread.
            LoopClosedError: If this loop is closed.
        """
        self._check_can_run("start()")
        with self._state_lock:
            if self._stop_requested:
                self._stop_requested = False
                return
            self._started = True
        try:
            self._watch.resume()
            with woken_by_signals(self._loop):
                self._loop.run_forever()
        finally:
            self._watch.pause()
            self._started = False

    def stop(self) -> None:
        """Stop the loop when what is ready now has run.

        If the loop is not running, the next `start` returns immediately. May be called from
        another thread.
        """
        with self._state_lock:
            if not (self._started or self._loop.is_running()):
                self._stop_requested = True
                return
        if asyncio._get_running_loop() is self._loop:
            self._loop.stop()
            # This may be a signal handler, run while the loop waits for events: wake it up.
            self._loop.call_soon_threadsafe(_do_nothing)
        else:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def running(self) -> bool:
        """Tell whether the loop runs."""
        return self._loop.is_running()

    @overload
    def run_sync(self, func: Callable[[], Awaitable[T]], timeout: float | None = None) -> T: ...
    @overload
    def run_sync(self, func: Callable[[], object], timeout: float | None = None) -> Any: ...
    def run_sync(self, func: Callable[[], object], timeout: float | None = None) -> Any:
        """Start the loop, run `func` on it to its end, stop the loop.

        Args:
            func: Called without arguments. It may return None or something to wait for: an
                awaitable, a future, or a list or dict of such.
            timeout: Seconds after which what is still running is cancelled; None means no limit.

        Returns:
            The result of `func`, or of what it returned.

        Raises:
            TimeoutError: If it was not finished in time.
            LoopStoppedError: If `stop` was called in the meantime.
            LoopRunningError: If a loop runs in this thread: await the function there.
            LoopClosedError: If this loop is closed.
        """
        self._check_can_run("run_sync()", "await the function instead")
        self._watch.resume()
        try:
            with woken_by_signals(self._loop):
                return run_to_end(self._loop, func, timeout)
        finally:
            self._watch.pause()

    def _check_can_run(self, operation: str, instead: str = "start it in another thread") -> None:
        if self._loop.is_closed():
            raise LoopClosedError(operation)
        if self._loop.is_running() or asyncio._get_running_loop() is not None:
            raise LoopRunningError(operation, instead)

    def close(self, all_fds: bool = False) -> None:
        """Free what the loop holds. It must not be running. Idempotent.

        Tasks that are still pending are cancelled and run to their end, asynchronous generators
        are closed, and so are the threads of `run_in_executor(None, ...)`, unless they belong to
        the executor that was given to `set_default_executor`.

        Args:
            all_fds: Close the file descriptors and file objects of all handlers too.

        Raises:
            LoopRunningError: If the loop is running, or another one is in this thread.
        """
        global _instance
        if self._loop.is_running() or (
            asyncio._get_running_loop() is not None and not self._loop.is_closed()
        ):
            raise LoopRunningError("close()", "call stop() and let start() return first")
        self._watch.clear()
        if not self._loop.is_closed():
            end_tasks(self._loop, asyncio.all_tasks(self._loop))
        self._callbacks.discard()
        self._handlers.remove_all(close=all_fds)
        if not self._loop.is_closed():
            shut_down(self._loop)
            self._loop.close()
        if _thread.current is self:
            self.clear_current()
        with _registry_lock:
            if _instance is self:
                _instance = None

    # Blocking

    def set_blocking_signal_threshold(
        self, seconds: float | None, action: SignalAction | None
    ) -> None:
        """Send SIGALRM to the process if the loop is blocked for more than `seconds`.

        Args:
            seconds: None disables it.
            action: A signal handler, called with the signal number and the frame that was
                running; None lets the signal kill the process.

        Only in the main thread, for one loop at a time, and not on Windows.

        Raises:
            InvalidArgumentError: If `seconds` is not above 0, or this is not the main thread.
        """
        self._watch.set(seconds, action)

    def set_blocking_log_threshold(self, seconds: float | None) -> None:
        """Log a stack trace if the loop is blocked for more than `seconds`; None disables it."""
        self.set_blocking_signal_threshold(seconds, self.log_stack)

    def log_stack(self, signal: int, frame: FrameType | None) -> None:
        """Log the stack of this thread to `ostro.general`: an action for the method above."""
        log_stack(self._watch.seconds, frame)
