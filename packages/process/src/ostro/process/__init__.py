"""Worker processes and their supervision, and subprocesses on the event loop."""

from ._cpu import cpu_count
from ._fork import fork_processes, is_supervising, task_id
from ._subprocess import Subprocess
from .errors import CalledProcessError, ForkError, ProcessError, TooManyRestartsError

__all__ = [
    "CalledProcessError",
    "ForkError",
    "ProcessError",
    "Subprocess",
    "TooManyRestartsError",
    "cpu_count",
    "fork_processes",
    "is_supervising",
    "task_id",
]
