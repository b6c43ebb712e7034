"""The parent of forked workers: starts them, restarts them, passes signals on, reaps.

The signals that matter are blocked and taken one by one with sigwait, so that nothing happens
between two steps: no handler runs while a child is being recorded, none is replaced in the
children. Blocked signals that come meanwhile wait. It must be used in the main thread.
"""

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

from .errors import TooManyRestartsError

__all__ = ["Supervisor"]

ENDING_SECONDS = 10.0
"""How long children have after SIGTERM when the parent gives up; then they are killed."""

_POLL_SECONDS = 0.02
"""How often the parent looks for ended children while it gives up."""

INIT = 1
"""The id of the first process of a container: orphans become its children, for it to reap."""

_log = logging.getLogger("ostro.general")

_SignalHandler = Callable[[int, FrameType | None], object] | int | None


class Supervisor:
    """Some children, each with an id, and the restarts they have used."""

    def __init__(
        self, count: int, max_restarts: int, on_stop: Callable[[], object] | None = None
    ) -> None:
        self._count = count
        self._max_restarts = max_restarts
        self._on_stop = on_stop
        self._children: dict[int, int] = {}  # process id -> task id
        self._failures = 0
        self._stopped_by: set[int] = set()  # signals passed on; not empty: no more restarts
        self._failed_late = False  # a child failed by itself after that
        self._signals = _signals_to_take()
        # What stood before, for the children, and for the parent when it leaves.
        self._old_mask: set[int] = set()
        self._old_sigchld: _SignalHandler = signal.SIG_DFL

    def run(self) -> int:
        """Return a task id in each child; leave by an exception in the parent."""
        self._take_signals()
        try:
            return self._supervise()
        except BaseException:
            self._end_all()
            raise
        finally:
            self._give_signals_back()

    def _supervise(self) -> int:
        for task in range(self._count):
            if self._fork(task):
                return task
        while self._children:
            self._next_signal()
            for task in self._reap():
                if self._fork(task):
                    return task
        sys.exit(1 if self._failed_late else 0)

    def _fork(self, task: int) -> bool:
        """Start a child; true in the child."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                # What stands in a buffer would be written twice. Closed, it holds nothing.
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
        pid = os.fork()
        if pid == 0:
            self._children.clear()
            return True
        self._children[pid] = task
        return False

    def _next_signal(self) -> None:
        number, from_terminal = _wait_for(self._signals)
        if number == signal.SIGCHLD:
            return
        if self._on_stop is not None and not self._stopped_by:
            self._on_stop()
        self._stopped_by.add(number)
        if from_terminal and number == signal.SIGINT:
            return  # the terminal has sent it to the children, too
        _log.info("passing %s on to %d children", _name(number), len(self._children))
        self._send(number)

    def _send(self, number: int) -> None:
        # A child that has ended and is not reaped yet still owns its id: no stranger is hit.
        for pid in self._children:
            os.kill(pid, number)

    def _reap(self) -> list[int]:
        """Forget the children that have ended; return the task ids to start again."""
        again = []
        for pid, status in self._ended():
            task = self._children.pop(pid, None)
            if task is None:
                continue  # an orphan
            if self._is_to_restart(task, pid, os.waitstatus_to_exitcode(status)):
                again.append(task)
        return again

    def _ended(self) -> Iterator[tuple[int, int]]:
        """Reap, and yield the process ids and statuses."""
        if os.getpid() == INIT:
            with contextlib.suppress(ChildProcessError):  # nobody is left
                while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                    yield ended
            return
        # Not those of others: whoever started them waits for them.
        for pid in list(self._children):
            ended = os.waitpid(pid, os.WNOHANG)
            if ended[0]:
                yield ended

    def _is_to_restart(self, task: int, pid: int, code: int) -> bool:
        if code == 0:
            _log.info("child %d (pid %d) exited normally", task, pid)
            return False
        if self._stopped_by:
            self._failed_late |= -code not in self._stopped_by
            _log.info("child %d (pid %d) %s", task, pid, _describe(code))
            return False
        self._failures += 1
        if self._failures > self._max_restarts:
            _log.error("child %d (pid %d) %s, giving up", task, pid, _describe(code))
            raise TooManyRestartsError(self._failures, self._max_restarts)
        _log.warning("child %d (pid %d) %s, restarting", task, pid, _describe(code))
        return True

    def _end_all(self) -> None:
        """End and reap what is left, within a bounded time."""
        self._send(signal.SIGTERM)
        deadline = time.monotonic() + ENDING_SECONDS
        while self._children and time.monotonic() < deadline:
            self._forget_ended(os.WNOHANG)
            time.sleep(_POLL_SECONDS)
        self._send(signal.SIGKILL)
        self._forget_ended(0)

    def _forget_ended(self, options: int) -> None:
        for pid in list(self._children):
            if os.waitpid(pid, options)[0]:
                del self._children[pid]

    def _take_signals(self) -> None:
        self._old_mask = {int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)}
        # Not the default, which BSD systems discard even while it is blocked, and not
        # SIG_IGN, which would have the kernel reap the children and lose their statuses.
        self._old_sigchld = signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _give_signals_back(self) -> None:
        # None is a handler that was not set from Python, and cannot be given back from it.
        signal.signal(signal.SIGCHLD, self._old_sigchld or signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._old_mask)


def _signals_to_take() -> set[int]:
    """SIGCHLD and those to pass on, without what is ignored (nohup, background jobs)."""
    passed_on = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    kept = {number for number in passed_on if signal.getsignal(number) != signal.SIG_IGN}
    return {*kept, signal.SIGCHLD}


def _wait_for(signals: set[int]) -> tuple[int, bool]:
    """Return the next signal, and whether the terminal is known to have sent it."""
    if not hasattr(signal, "sigwaitinfo"):
        return signal.sigwait(signals), False  # macOS: nothing tells who sent it
    info = signal.sigwaitinfo(signals)
    # Positive codes are the kernel's: not kill(2), whose sender may be in another namespace
    # and then has no process id to know it by.
    return info.si_signo, info.si_code > 0


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _describe(code: int) -> str:
    return f"was killed by {_name(-code)}" if code < 0 else f"exited with status {code}"
