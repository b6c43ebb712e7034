"""The context managers that put something on the stack, or take everything off it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from ._errors import StackContextInconsistentError
from ._stack import EMPTY, ContextFactory, Link, Stack, active_links, stack_in_force

ExceptionHandler = Callable[[type[BaseException], BaseException, TracebackType | None], object]


class _Entry:
    """One entering of a StackContext: the stacks before and inside it, and what to leave."""

    __slots__ = ("before", "inside", "manager")

    def __init__(
        self, before: Stack, inside: Stack, manager: AbstractContextManager[object]
    ) -> None:
        self.before = before
        self.inside = inside
        self.manager = manager

    def restore(self, exc_type: type[BaseException] | None) -> bool:
        """Put the stack back as it was before; tell whether it was in order."""
        if stack_in_force.get() is self.inside:
            stack_in_force.set(self.before)
            return True
        # A generator that is thrown away is closed wherever the garbage collector happens to
        # run, under a stack that is none of ours: leave that one alone.
        return exc_type is GeneratorExit


class StackContext:
    """Enter a context here, and again around everything that is started inside the block.

    Args:
        context_factory: A callable that returns a new context manager at each call: give
            `my_context`, not `my_context()`. It is called once for the block and once more for
            each callback that was started in it, possibly in other threads and one inside the
            other, so that what it does must bear being nested.

    `with StackContext(f) as deactivate:` gives a function that stops passing the context on:
    callbacks wrapped afterwards run without it, those that are pending keep it. It may be called
    at any time, any number of times.

    Raises:
        StackContextInconsistentError: On leaving the block, when the stack in force is not the
            one that the block set up.
    """

    def __init__(self, context_factory: ContextFactory) -> None:
        self._context_factory = context_factory
        # A stack, since one object may be entered again inside its own block.
        self._entries: list[_Entry] = []

    def __enter__(self) -> Callable[[], None]:
        manager = self._context_factory()
        manager.__enter__()
        link = Link(self._context_factory)
        before = stack_in_force.get()
        # Links that were deactivated are dropped here too, or else a loop that enters and
        # deactivates a context in each round would let the stack grow without end.
        inside = (*active_links(before), link)
        stack_in_force.set(inside)
        self._entries.append(_Entry(before, inside, manager))
        return link.deactivate

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        entry = self._entries.pop()
        in_order = entry.restore(exc_type)
        consumed = entry.manager.__exit__(exc_type, exc_value, traceback)
        if not in_order:
            raise StackContextInconsistentError from exc_value
        return bool(consumed)


class _HandlerContext:
    """The context manager of an exception handler. It has no state: one serves every entering."""

    __slots__ = ("_exception_handler",)

    def __init__(self, exception_handler: ExceptionHandler) -> None:
        self._exception_handler = exception_handler

    def __call__(self) -> Self:
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(exc_value, Exception):
            return False
        return bool(self._exception_handler(type(exc_value), exc_value, traceback))


class ExceptionStackContext(StackContext):
    """Handle the exceptions of this block and of everything that is started inside it.

    Args:
        exception_handler: Called as `exception_handler(type, value, traceback)` with an exception
            that nothing inside caught. When it returns something true, the exception is consumed;
            otherwise it goes on to the next handler out. What the handler itself raises takes the
            place of the exception.

    KeyboardInterrupt, SystemExit, GeneratorExit and asyncio.CancelledError are not errors of the
    program, and pass by the handler.
    """

    def __init__(self, exception_handler: ExceptionHandler) -> None:
        super().__init__(_HandlerContext(exception_handler))


class NullContext:
    """Work on an empty stack inside the block.

    It is for resources that outlive the operation which happened to create them, such as a pool of
    connections: made in a NullContext, they carry no context from one request to another.
    """

    def __init__(self) -> None:
        self._before: list[Stack] = []

    def __enter__(self) -> None:
        self._before.append(stack_in_force.get())
        stack_in_force.set(EMPTY)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stack_in_force.set(self._before.pop())
