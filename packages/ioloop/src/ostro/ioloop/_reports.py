"""Give a name to a callback, for the log."""

import functools
from collections.abc import Callable


def describe(callback: Callable[..., object]) -> str:
    """Return the qualified name of what a callback calls in the end.

    Its arguments are left out: they may come from a peer, and have no place in a log line.
    """
    inner: object = callback
    while True:
        if isinstance(inner, functools.partial):
            inner = inner.func
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        else:
            break
    name = getattr(inner, "__qualname__", None) or type(inner).__qualname__
    module = getattr(inner, "__module__", None)
    return f"{module}.{name}" if module else str(name)
