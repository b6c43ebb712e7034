"""Tasks that start at once, on Python 3.11.

Most handlers that are coroutines never wait, and making a task for each costs more than all else
about them. So each loop keeps one task parked, made and not begun. A coroutine takes its first step
as that task: it is the current one meanwhile, and the step runs in its Context. If the coroutine
ends in that step and has left no trace on the task, the task is parked again; else it goes on with
the coroutine as if it had run it from the start, and the next coroutine gets a new one.

`asyncio.tasks._enter_task` and its like are those that the documentation of asyncio names for
tasks of one's own ("Extending").
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, Task, current_task, get_running_loop
from asyncio.tasks import _enter_task, _leave_task, _register_task, _unregister_task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from sys import getrefcount
from typing import Any, Final, TypeVar
from weakref import getweakrefcount

from ._completed import COMPLETED, Completed

__all__ = ["ParkedTask", "start_task"]

T = TypeVar("T")

_NAME: Final = "ostro"
"""The name of the tasks; making one up for each is part of what a task costs."""

_PARKED: Final = "_ostro_parked_task"
"""The attribute of a loop that holds its parked task."""

_WHILE_CURRENT: Final = 2
"""References to a task from the table of current tasks and from a method that is running."""


# Any: what a coroutine yields and is sent concerns only the task that runs it.
def start_task(coroutine: Coroutine[Any, Any, T]) -> Task[T] | Completed[T]:
    """Do what the function of that name in `_start` says."""
    loop = get_running_loop()
    if loop.get_task_factory() is not None:
        return loop.create_task(coroutine)
    context = copy_context()
    parked: ParkedTask | None = getattr(loop, _PARKED, None)
    if parked is not None and not len(context):
        try:
            return parked.take_first_step(coroutine)
        except RuntimeError:
            """Another task is running."""
    attributes = vars(loop)
    if current_task(loop) is not None or "call_soon" in attributes:
        return loop.create_task(coroutine)
    if len(context):
        task, begin = _make_task(coroutine, loop, context)
        context.run(begin)
        return task
    parked = ParkedTask(loop)
    attributes[_PARKED] = parked
    return parked.take_first_step(coroutine)


class _CallSoon:
    """Stands in for a loop's `call_soon` while a task is made, and keeps its first step back."""

    step: Callable[[], object]

    def __call__(self, step: Callable[[], object], *, context: Context) -> None:
        self.step = step


# Any: what a coroutine yields and is sent concerns only the task that runs it.
def _make_task(
    coroutine: Coroutine[Any, Any, T], loop: AbstractEventLoop, context: Context
) -> tuple[Task[T], Callable[[], object]]:
    """Make a task that does not begin by itself, and return it with what begins it.

    That is to be called in `context`, once. The constructor of a task schedules its first step with
    the one call that it makes to the loop, and an attribute of the loop object takes this. Python
    3.11 gets security fixes only, so that will not change under us.
    """
    call_soon = _CallSoon()
    attributes = vars(loop)
    attributes["call_soon"] = call_soon
    try:
        task = Task(coroutine, loop=loop, name=_NAME, context=context)
    finally:
        del attributes["call_soon"]
    return task, call_soon.step


class ParkedTask(Coroutine[Any, Any, Any]):
    """A task that waits for a coroutine to run; to that task, the coroutine which it runs."""

    __slots__ = (
        "_begin",
        "_cancellation",
        "_context",
        "_coroutine",
        "_error",
        "_loop",
        "_pending",
        "_references",
        "_task",
        "_yielded",
    )

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._context = Context()
        # What is run, and how its first step ended: with an error, or waiting for something. The
        # task has yet to be told while `_pending`.
        self._coroutine: Coroutine[Any, Any, Any]
        self._error: BaseException | None = None
        self._yielded: Any = None
        self._pending = True
        # What the next step is to throw into the coroutine.
        self._cancellation: BaseException | None = None
        # The task and what begins it, until it has begun; then it is the task that refers to us.
        self._task: Task[Any] | None
        self._begin: Callable[[], object] | None
        self._task, self._begin = _make_task(self, loop, self._context)
        # Until then nobody is to see it, nor to hear of it when the loop is gone.
        _unregister_task(self._task)
        self._task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather does
        # How many references to the task there are while it takes a first step.
        self._references = getrefcount(self._task) + _WHILE_CURRENT

    def take_first_step(self, coroutine: Coroutine[Any, Any, T]) -> Task[T] | Completed[T]:
        """Run `coroutine` up to its first wait or its end.

        The running Context must be empty. Returns its result if it ended and we are parked again,
        else the task, which goes on with it; then we are used up.

        Raises RuntimeError if another task is running.
        """
        task = self._task
        assert task is not None
        _enter_task(self._loop, task)
        self._coroutine = coroutine
        try:
            self._yielded = self._context.run(coroutine.send, None)
        except StopIteration as stop:
            # It may have left no trace: nobody who could act on the task later, nor on its Context.
            if (
                getrefcount(task) == self._references
                and not getweakrefcount(task)
                and not task._callbacks
                and not task._must_cancel  # type: ignore[attr-defined]  # cancelling() forgets
                and task.get_name() is _NAME
                and not len(self._context)
            ):
                if stop.value is None:
                    return COMPLETED  # type: ignore[return-value]  # T is None
                return Completed(stop.value)
            self._error = stop
        except BaseException as error:  # noqa: BLE001 - raised again by `send`
            self._error = error
        finally:
            _leave_task(self._loop, task)
        del task  # as in `_go_on`
        return self._go_on()

    def _go_on(self) -> Task[Any]:
        """Make the task one that all can see, and tell it how the first step ended."""
        task = self._task
        assert task is not None
        assert self._begin is not None
        delattr(self._loop, _PARKED)
        _register_task(task)
        task._log_destroy_pending = True  # type: ignore[attr-defined]  # undoes what __init__ did
        try:
            self._context.run(self._begin)
            return task
        finally:
            self._task = self._begin = None
            del task  # an error refers to this frame, and the task to the error

    # What the task calls

    def send(self, value: Any) -> Any:
        """Take a step; the first time, tell of the one that has been taken."""
        if self._pending:
            return self._tell()
        if self._cancellation is None:
            return self._coroutine.send(value)
        error, self._cancellation = self._cancellation, None
        try:
            return self._coroutine.throw(error)
        finally:
            del error  # which refers to this frame, now that it has been raised in it

    def throw(self, error: Any, value: object = None, traceback: object = None) -> Any:
        """Take a step with an error, which is always one that is raised, in the first argument.

        In the first time the coroutine has cancelled its own task. As in any task, what it waits
        for is cancelled then; if that cannot be, its next step is told; and if it waits for
        nothing any more, the task is.
        """
        try:
            if not self._pending:
                return self._coroutine.throw(error)
            if isinstance(self._error, StopIteration):
                self._error = error
            yielded = self._tell()
            if not isinstance(yielded, Future) or not yielded.cancel():
                self._cancellation = error
            return yielded
        finally:
            del error  # as above

    def _tell(self) -> Any:
        self._pending = False
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # as above
        yielded, self._yielded = self._yielded, None
        return yielded

    def close(self) -> None:
        """Close the coroutine."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        # Whoever looks at what a task runs (its frames, its name) is to see the coroutine.
        if name == "_coroutine":
            raise AttributeError(name)
        return getattr(self._coroutine, name)
