"""How many processes this machine can run at once."""

import os

__all__ = ["cpu_count"]


def cpu_count() -> int:
    """Return the number of processors that this process may use, at least 1.

    The CPU affinity of the process counts (taskset, cpusets of containers), and so does
    `PYTHON_CPU_COUNT` on Python 3.13 and newer.
    """
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
