"""Tasks that start at once.

A handler that never has to wait should not pay for a turn of the loop. Python 3.12 can start a task
inside the call that makes it; what does so on 3.11 is in `_parked`.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from ._completed import Completed

__all__ = ["start_task"]

T = TypeVar("T")


if sys.version_info >= (3, 12):  # pragma: no cover  # coverage is measured on 3.11
    # Any: what a coroutine yields and is sent concerns only the task that runs it.
    def start_task(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T] | Completed[T]:
        """Run a coroutine as a task, up to its first wait inside this call.

        It is a task like any other: `asyncio.current_task`, `asyncio.timeout` and task groups work
        from its first step on, in a copy of the caller's Context. If it does not wait at all, what
        is returned is done, and need not be a task. The caller keeps a reference to a task that is
        not done, as asyncio does not.

        Where the loop has a task factory, that decides when the task starts. On Python 3.11 it
        starts with the next turn of the loop where another task is running, or where a tool has put
        a `call_soon` of its own on the loop object, and `asyncio.all_tasks` lists it from its first
        wait on.

        Raises RuntimeError if no loop is running; the coroutine is left as it is.
        """
        loop = asyncio.get_running_loop()
        if loop.get_task_factory() is not None:
            return loop.create_task(coroutine)
        return asyncio.Task(coroutine, loop=loop, eager_start=True)

else:
    from ._parked import start_task
