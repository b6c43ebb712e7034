"""fork_processes: refuse what cannot work, then fork and supervise.

Knows nothing of what the children do. The supervising itself is in `_supervisor`.
"""

import asyncio
import logging
import os
import random
import threading
import warnings
from collections.abc import Callable

from ostro.ioloop import IOLoop

from ._cpu import cpu_count
from ._supervisor import Supervisor
from .errors import ForkError

__all__ = ["fork_processes", "is_supervising", "task_id"]

DEFAULT_MAX_RESTARTS = 100
"""Restarts in all, over the life of the parent; the value of the reference."""

_log = logging.getLogger("ostro.general")

_task_id: int | None = None
_supervising = False


def fork_processes(
    num_processes: int | None,
    max_restarts: int | None = DEFAULT_MAX_RESTARTS,
    *,
    on_stop: Callable[[], object] | None = None,
) -> int:
    """Fork worker processes, and supervise them in the parent.

    In each child it returns the child's task id, from 0 to `num_processes - 1`. The child has
    a random number generator of its own, and the signal handlers that stood before the call.

    The parent stays inside. A child that fails (a signal, an exit status other than 0) is started
    again with the same id. SIGTERM, SIGINT and SIGHUP are passed on to the children; from then
    on none is started again, and the parent waits until all have ended, however long they
    drain. Ctrl-C at a terminal reaches the children by itself and is not passed on again. A
    signal that is ignored when the function is called stays ignored. As the first process of a
    container, the parent reaps the orphans that it is given, too.

    No memory is shared. Several processes do not go together with autoreload (`debug=True`).

    Args:
        num_processes: how many; `None`, 0 or less for one for each CPU (`cpu_count`).
        max_restarts: children started anew in all before the parent gives up; 0 or more, `None`
            means 100.
        on_stop: called in the parent, once, before the first signal is passed on: from then on no
            child is started again. A server closes its listening sockets there: as long as the
            parent has them open, the system accepts connections that nobody will serve.

    Raises:
        SystemExit: in the parent, with status 0, when all children have ended well, or were
            ended by the signal that was passed on; with status 1 when others failed after it.
        TooManyRestartsError: in the parent; a RuntimeError. The remaining children are sent
            SIGTERM, and SIGKILL ten seconds later.
        ForkError: an IOLoop exists already or an event loop runs, this is a child already,
            this is not the main thread, or the platform cannot fork.
        ValueError: `max_restarts` below 0.

    Warns (`RuntimeWarning`) when other threads live: they are not in the children, and the locks
    they hold are never released there.
    """
    if max_restarts is None:
        max_restarts = DEFAULT_MAX_RESTARTS
    if max_restarts < 0:
        raise ValueError(f"max_restarts is {max_restarts}, expected 0 or more")
    _refuse_what_cannot_work()
    _warn_of_threads()
    if num_processes is None or num_processes <= 0:
        num_processes = cpu_count()
    _log.info("starting %d processes", num_processes)
    global _supervising  # as _task_id
    _supervising = True
    try:
        child = Supervisor(num_processes, max_restarts, on_stop).run()
    finally:
        _supervising = False
    return _become_child(child)


def task_id() -> int | None:
    """Return the id of this process among its siblings, or `None` outside fork_processes."""
    return _task_id


def is_supervising() -> bool:
    """Tell whether this process is the parent, and inside fork_processes."""
    return _supervising


def _become_child(child: int) -> int:
    global _task_id  # it is a fact about the process
    _task_id = child
    # Python reseeds after a fork by itself; said here since it is promised: the seed is from
    # os.urandom or, where there is none, from time and process id.
    random.seed()
    return child


def _refuse_what_cannot_work() -> None:
    if not hasattr(os, "fork"):
        raise ForkError("fork_processes needs os.fork, which this platform does not have")
    if _task_id is not None:
        raise ForkError(f"fork_processes was called in child {_task_id} of fork_processes")
    if threading.current_thread() is not threading.main_thread():
        raise ForkError("fork_processes must be called in the main thread")
    if _loop_is_running():
        raise ForkError("fork_processes was called while an event loop runs in this thread")
    if IOLoop.initialized() or IOLoop.current(instance=False) is not None:
        raise ForkError(
            "fork_processes was called after an IOLoop was made; "
            "nothing may call IOLoop.instance() or IOLoop.current() before the fork"
        )


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _warn_of_threads() -> None:
    main = threading.main_thread()
    others = [thread.name for thread in threading.enumerate() if thread is not main]
    if others:
        warnings.warn(
            f"fork_processes with live threads ({', '.join(others)}): "
            "they do not exist in the children, and what they lock stays locked there",
            RuntimeWarning,
            stacklevel=3,
        )
