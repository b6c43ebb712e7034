"""Programs of several processes (`fork_processes`): one of them asks, and the parent restarts.

A child cannot start the program anew, and the parent waits for its children. So whoever notices a
change first takes a token that they all share, and sends the parent SIGTERM: it passes that on,
waits until the children have ended, and leaves by SystemExit. At its exit it finds the token gone.
"""

from __future__ import annotations

import atexit
import os
import signal

from ostro.process import is_supervising, task_id

from ._restart import restart

__all__ = ["ask_parent", "found", "has_parent", "is_family", "restart_at_exit", "was_asked"]

# The pipe that holds the token, and the process that restarts when it is gone.
_pipe: int | None = None
_head = 0


def found() -> None:
    """Make this process the one that restarts, if it is going to have children."""
    global _pipe, _head  # facts about the process
    if _pipe is None:
        _pipe, end = os.pipe()
        os.write(end, b"!")
        os.close(end)
        _head = os.getpid()
        atexit.register(restart_at_exit)


def is_family() -> bool:
    """Tell whether this is one of several processes that can only be restarted together."""
    return task_id() is not None or is_supervising()


def has_parent() -> bool:
    """Tell whether a child can ask: whether its parent had been founded."""
    return _pipe is not None and os.getppid() == _head


def ask_parent() -> None:
    """Have the parent end its children and restart, unless another process has done so."""
    assert _pipe is not None
    if os.read(_pipe, 1):
        os.kill(_head, signal.SIGTERM)


def was_asked() -> bool:
    """Tell the parent, once its children have ended, whether one of them asked it to restart."""
    if _pipe is None or os.getpid() != _head:
        return False
    try:
        import fcntl
        import termios
    except ImportError:  # pragma: no cover  # Windows, where nothing forks
        return False
    return not any(fcntl.ioctl(_pipe, termios.FIONREAD, bytes(4)))


def restart_at_exit() -> None:
    """Restart if a child has asked for it."""
    if was_asked():
        restart(())
