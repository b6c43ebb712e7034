"""Tasks that start at once.

A handler that never has to wait should not pay for a turn of the loop. Python 3.12 can start a task
inside the call that makes it; on 3.11 the same is reached by giving the constructor of the task a
`call_soon` that does not wait.
"""

from __future__ import annotations  # evaluating those of an inner function costs at each call

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVar

T = TypeVar("T")

_NAME: Final = "ostro"
"""The name of tasks on 3.11, where making one up for each is part of what a task costs."""


# Any: what a coroutine yields and is sent concerns only the task that runs it.
def start_task(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run a coroutine as a task, up to its first wait inside this call.

    It is a task like any other: `asyncio.current_task`, `asyncio.timeout` and task groups work from
    its first step on, in a copy of the caller's Context. If it does not wait at all, the task that
    is returned is done. The caller keeps a reference to a task that is not, as asyncio does not.

    Where the loop has a task factory, that decides when the task starts. On Python 3.11 it starts
    with the next turn of the loop where another task is running, or where a tool has put a
    `call_soon` of its own on the loop object, and `asyncio.all_tasks` lists it from its first wait
    on.

    Raises RuntimeError if no loop is running; the coroutine is left as it is.
    """
    loop = asyncio.get_running_loop()
    if loop.get_task_factory() is not None:
        return loop.create_task(coroutine)
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, eager_start=True)  # pragma: no cover  # on 3.11
    attributes = vars(loop)
    if asyncio.current_task(loop) is not None or "call_soon" in attributes:
        return loop.create_task(coroutine)

    # On 3.11 the constructor of a task schedules its first step. That is the one call which it
    # makes to the loop, and an attribute of the loop object takes it; before the step runs, the
    # attribute is gone. 3.11 only gets security fixes, so this will not change under us.
    def run_now(step: Callable[..., None], *args: object, context: Context) -> None:
        del attributes["call_soon"]
        context.run(step, *args)

    attributes["call_soon"] = run_now
    try:
        return asyncio.Task(coroutine, loop=loop, name=_NAME)
    finally:
        attributes.pop("call_soon", None)
