"""Watching in a thread of its own while the program runs, or in the calling one at its end."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from ostro.ioloop import InvalidArgumentError, IOLoop, LoopClosedError
from ostro.process import task_id

from . import _family
from ._life import Life, is_switched_off, this_life
from ._restart import restart
from ._signs import Best
from ._snapshot import Snapshot
from ._sources import Changes, forget_bytecode

__all__ = ["start", "wait", "watch", "watch_modules"]

_log = logging.getLogger("ostro.general")

_STUCK = 3.0
"""Seconds that the loop has to run the restart; then the thread does it, and the loop hangs."""

_WAIT_CHECK = 0.2
"""How often `wait` looks, in seconds."""

# One for the process: what is watched for one loop is watched for all.
_snapshot = Snapshot()
_watcher: _Watcher | None = None


def watch(filename: str | os.PathLike[str]) -> None:
    """Add a file to the watch list.

    All imported modules are watched by default. The file need not exist yet; nothing happens while
    it is missing. A relative name is followed from the current directory, now. It may be called
    before or after `start`, as often as one likes, and from any thread.
    """
    _snapshot.add(os.fspath(filename))


def watch_modules() -> None:
    """Watch the modules that are imported now, from how they look now."""
    _snapshot.add_modules()


def start(io_loop: IOLoop | None = None, check_time: float = 500) -> None:
    """Restart the process automatically when a module or a watched file is modified.

    The restart is destructive: requests that are being answered are lost, and so is everything in
    memory. It takes place on the loop, after the reload hooks; if the loop is stuck for three
    seconds, without it. Python source that does not compile is logged, and waited for. A second
    call changes the loop and the time. The watching ends when the loop is closed. With the
    environment variable OSTRO_AUTORELOAD=0 nothing is watched: set it for tests of a program.

    With `fork_processes`, the parent ends its children and starts again, if it has called this
    before it forked, or runs under `python -m ostro.autoreload`. In other children this warns and
    does nothing.

    Args:
        io_loop: The loop that hooks and restart run on; None means the one that runs in this thread
            or is to run in it, and if there is none yet, the one that is `instance()` by then.
        check_time: How often files are looked at, in milliseconds, above 0. With watchfiles
            installed the system tells when they change, and this is how often modules that were
            imported since are added.

    Raises:
        InvalidArgumentError: If `check_time` is out of its bounds.
    """
    if not 0 < check_time < math.inf:
        raise InvalidArgumentError("check_time", check_time, "milliseconds above 0")
    if is_switched_off() or not _can_restart():
        return
    loop = IOLoop.current(instance=False) if io_loop is None else io_loop
    global _watcher  # there is one thread for the process
    if _watcher is None or not _watcher.move(loop, check_time / 1000):
        _watcher = _Watcher(loop, check_time / 1000)


def wait() -> None:
    """Wait for a watched file to change, then restart the process.

    Intended for the end of programs that end, such as test runners, which are to run again after a
    change. It blocks the thread. It returns only in children of `fork_processes` that cannot
    restart, where it warns.
    """
    if _can_restart():
        changes = _changes(lambda: _WAIT_CHECK)
        while True:
            changed, late = next(changes)
            time.sleep(pause(this_life(), changed, time.time_ns()))
            _restart(changed, late)


def _can_restart() -> bool:
    if task_id() is None:
        _family.found()
    elif not _family.has_parent():
        _log.warning(
            "autoreload cannot restart one of several processes by itself: "
            "run the program with python -m ostro.autoreload"
        )
        return False
    return True


def _changes(next_period: Callable[[], float | None]) -> Iterator[tuple[list[str], bool]]:
    """Yield the files that changed, when they have come to rest and can be run.

    And whether that was before this began, while the program was starting. `next_period` says how
    many seconds to wait for a sign, None to end.
    """
    watch_modules()
    life = this_life()
    changes = Changes()
    if life.restarted and not life.began_late:
        changes.add(_snapshot.younger_than(life.began_ns))
    late = bool(changes)
    signs = Best(_snapshot)
    while (period := next_period()) is not None:
        if changes and (fit := changes.fit()):
            yield fit, late
            changes = Changes()
        if changed := signs.wait(period):
            late = False
            changes.add(changed | _snapshot.check_until_still(time.sleep))


def pause(life: Life, changed: list[str], now_ns: int) -> float:
    """Return how many seconds to put the restart off, and say so."""
    seconds = life.pause(now_ns)
    if seconds:
        _log.warning(
            "%s changed again soon after the start; restarting in %g s", changed[0], seconds
        )
    return seconds


def _restart(changed: list[str], late: bool) -> None:
    if _family.is_family():
        forget_bytecode(changed)  # the parent is only told that something has changed
        _family.ask_parent()
    else:
        restart(changed, late=late)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Leave signals to the main thread, which may be waiting for one."""
    if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Watcher:
    """The thread that watches for a loop, until that is closed."""

    def __init__(self, loop: IOLoop | None, period: float) -> None:
        self._loop = loop
        self._period = period
        # Guards the end: whether the thread has found its loop closed, and takes no other.
        self._lock = threading.Lock()
        self._ended = False
        watch_modules()  # what is edited from here on counts
        self._thread = threading.Thread(target=self._run, name="ostro.autoreload", daemon=True)
        with _signals_blocked():  # the thread inherits that, from its first moment on
            self._thread.start()

    def move(self, loop: IOLoop | None, period: float) -> bool:
        """Watch for another loop; false if the thread does not run any more."""
        with self._lock:
            if self._ended or not self._thread.is_alive():
                return False
            self._loop, self._period = loop, period
            return True

    def _next_period(self) -> float | None:
        with self._lock:
            loop = self._loop
            self._ended = loop is not None and loop.asyncio_loop.is_closed()
            return None if self._ended else self._period

    def _run(self) -> None:
        for changed, late in _changes(self._next_period):
            time.sleep(pause(this_life(), changed, time.time_ns()))
            if not self._restart_on_loop(changed, late):
                _restart(changed, late)

    def _restart_on_loop(self, changed: list[str], late: bool) -> bool:
        """Have the loop restart the program; false if it does not run, or cannot get to it."""
        loop = self._loop
        if loop is None and IOLoop.initialized():
            loop = IOLoop.instance()
        if loop is None or not loop.asyncio_loop.is_running():
            return False
        begun = threading.Event()

        def on_loop() -> None:
            begun.set()
            _restart(changed, late)

        with contextlib.suppress(LoopClosedError):
            loop.add_callback(on_loop)
        return begun.wait(_STUCK)
