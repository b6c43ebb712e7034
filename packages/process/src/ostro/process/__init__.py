"""Worker processes and their supervision, and subprocesses on the event loop."""

from ._cpu import cpu_count
from ._fork import fork_processes, task_id
from .errors import CalledProcessError, ForkError, ProcessError, TooManyRestartsError

__all__ = [
    "CalledProcessError",
    "ForkError",
    "ProcessError",
    "TooManyRestartsError",
    "cpu_count",
    "fork_processes",
    "task_id",
]
