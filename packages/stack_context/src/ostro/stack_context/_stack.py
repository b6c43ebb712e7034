"""The stack in force: an immutable tuple of links, kept in one ContextVar.

asyncio copies the ContextVar into every callback and task, so the stack follows them by itself.
What does not follow by itself is the *entering*: that is done by `_wrap`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar

ContextFactory = Callable[[], AbstractContextManager[object]]


class Link:
    """One context of a stack: how to enter it, and whether it is still passed on."""

    __slots__ = ("active", "enter")

    def __init__(self, enter: ContextFactory) -> None:
        self.enter = enter
        self.active = True

    def deactivate(self) -> None:
        """Stop passing this context on. What was wrapped before keeps it. Idempotent."""
        self.active = False


Stack = tuple[Link, ...]

EMPTY: Stack = ()

stack_in_force: ContextVar[Stack] = ContextVar("ostro.stack_context", default=EMPTY)


def active_links(stack: Stack) -> Stack:
    """Return the stack without its deactivated links; the same object when there are none."""
    for link in stack:
        if not link.active:
            return tuple([link for link in stack if link.active])
    return stack


def is_active() -> bool:
    """Tell whether a stack other than the empty one is in force here.

    It costs some 50 ns, so that a library can skip `wrap` when there is nothing to carry. (What
    it skips then is the capture of the `contextvars.Context` too; the event loop's own methods
    capture that by themselves.)
    """
    return bool(stack_in_force.get())
