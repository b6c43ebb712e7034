"""Carry the stack to where a callback runs: capture it in `wrap`, enter it in the call."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import Context, copy_context
from typing import Final, Generic, ParamSpec, TypeVar, overload

from ._stack import Stack, active_links, stack_in_force

NESTED_AT_MOST: Final = 50
"""Contexts that are entered one inside the other: well below the interpreter's recursion limit."""

P = ParamSpec("P")
R = TypeVar("R")


class _Wrapped(Generic[P, R]):
    """A callable with the Context and the stack of the place where it was wrapped."""

    __slots__ = ("__weakref__", "__wrapped__", "_context", "_stack")

    def __init__(self, fn: Callable[P, R], stack: Stack, context: Context) -> None:
        self.__wrapped__ = fn
        self._stack = stack
        self._context = context

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R | None:
        # A Context cannot be entered twice at a time, and what one call sets in it is no business
        # of the next: each call has a copy (which is O(1)).
        context = self._context.copy()
        return context.run(_call, self.__wrapped__, self._stack, args, kwargs)

    def __repr__(self) -> str:
        return f"<wrapped {self.__wrapped__!r}>"


def _call(
    fn: Callable[..., R], stack: Stack, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> R | None:
    stack_in_force.set(stack)
    if len(stack) > NESTED_AT_MOST:
        return _call_inside_many(fn, stack, args, kwargs)
    return _call_inside(fn, stack, 0, args, kwargs)


def _call_inside_many(
    fn: Callable[..., R], stack: Stack, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> R | None:
    """Do the same as `_call_inside`, at a higher price but without a frame for each context."""
    result: R | None = None
    with ExitStack() as entered:
        for link in stack:
            entered.enter_context(link.enter())
        result = fn(*args, **kwargs)
    return result  # noqa: RET504 - as below


def _call_inside(
    fn: Callable[..., R],
    stack: Stack,
    depth: int,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> R | None:
    """Enter the contexts from `depth` on, outermost first, and call `fn` inside them."""
    if depth == len(stack):
        return fn(*args, **kwargs)
    result: R | None = None  # what the caller gets when a context consumes an exception
    with stack[depth].enter():
        result = _call_inside(fn, stack, depth + 1, args, kwargs)
    return result  # noqa: RET504 - it may still be None


@overload
def wrap(fn: None) -> None: ...
@overload
def wrap(fn: Callable[P, R]) -> Callable[P, R | None]: ...
@overload
def wrap(fn: Callable[P, R] | None) -> Callable[P, R | None] | None: ...
def wrap(fn: Callable[P, R] | None) -> Callable[P, R | None] | None:
    """Return a callable that runs `fn` under the contexts that are in force here and now.

    Use it for whatever is kept to be called later, in another callback or another thread. When
    called it runs in a copy of the `contextvars.Context` of this place, with exactly the stack
    of this place: each StackContext is entered anew around the call, and an exception passes
    through the handlers from the inside out. The contexts of the caller are not seen by `fn`.

    The result of the call is that of `fn`, or None when a context consumed an exception. None is
    returned as it is, and so is what is wrapped already: the first place counts.
    """
    if fn is None or isinstance(fn, _Wrapped):
        return fn
    return _Wrapped(fn, active_links(stack_in_force.get()), copy_context())
