"""The errors of this package.

    GenError
    ├── KeyReuseError            Callback(key), and that key is in use
    ├── UnknownKeyError          Wait(key), and there is no such callback
    ├── LeakedCallbackError      the generator ended, and callbacks were never waited for
    ├── BadYieldError            something was yielded that nothing can be waited of
    ├── ReturnValueIgnoredError  an engine function returned something
    ├── ExhaustedError           WaitIterator.next(), and nothing is left
    └── TimeoutError             with_timeout, and the time is over

All but the last are mistakes of the program. They are raised in the generator, at the `yield` that
was wrong; LeakedCallbackError and ReturnValueIgnoredError, which have no such place, are what the
generator ends with.
"""

import reprlib
from collections.abc import Hashable, Iterable

from ostro import ioloop

_YIELDABLE = (
    "an awaitable (a coroutine, a future of asyncio or concurrent.futures, anything with "
    "__await__), a yield point (Task, Callback, Wait, WaitAll), a list or dict of these, or None"
)


class GenError(Exception):
    """Root of every error that `ostro.gen` raises."""


class KeyReuseError(GenError):
    """Report a `Callback` whose key belongs to a callback that was not waited for yet."""

    def __init__(self, key: Hashable) -> None:
        self.key = key
        super().__init__(f"the callback key {key!r} is in use, expected a Wait for it first")


class UnknownKeyError(GenError):
    """Report a `Wait` for a key without a `Callback`."""

    def __init__(self, key: Hashable) -> None:
        self.key = key
        super().__init__(
            f"there is no callback with the key {key!r} (no Callback, or waited for already)"
        )


class LeakedCallbackError(GenError):
    """Report that a generator ended before it waited for all of its callbacks."""

    def __init__(self, keys: Iterable[Hashable], function: str) -> None:
        self.keys = list(keys)
        self.function = function
        names = ", ".join(map(repr, self.keys))
        super().__init__(f"{function} ended without a Wait for the callbacks {names}")


class BadYieldError(GenError):
    """Report that a generator yielded something that cannot be waited for.

    Args:
        yielded: What it was.
        where: The function, file and line of the yield, if it is known.
        reason: What is wrong with it, if it is not its type.
    """

    def __init__(self, yielded: object, where: str | None = None, reason: str = "") -> None:
        self.yielded = yielded
        self.where = where
        self.reason = reason
        what = f"{reprlib.repr(yielded)} (of type {type(yielded).__qualname__})"
        said = f"{where} yielded {what}" if where else f"cannot wait for {what}"
        super().__init__(
            f"{said}{reason or _guess_reason(yielded)}; what can be yielded: {_YIELDABLE}"
        )


class ReturnValueIgnoredError(GenError):
    """Report that an `engine` function returned a value, which nobody can receive."""

    def __init__(self, value: object, function: str) -> None:
        self.value = value
        self.function = function
        super().__init__(
            f"{function} returned {reprlib.repr(value)}, which gen.engine has nobody to give to, "
            "expected None; gen.coroutine returns values"
        )


class ExhaustedError(GenError):
    """Report a call of `WaitIterator.next` after the last result: see `WaitIterator.done`."""

    def __init__(self) -> None:
        super().__init__("every result of this WaitIterator was taken; done() tells so")


class TimeoutError(GenError, ioloop.TimeoutError):
    """Report that something was not finished in time.

    It is an `ioloop.TimeoutError` and a built-in TimeoutError (so an asyncio.TimeoutError) too.
    """

    def __init__(self, *args: object) -> None:
        Exception.__init__(self, *args)


def _guess_reason(yielded: object) -> str:
    """Return a hint at what was probably meant."""
    if hasattr(yielded, "gi_frame"):
        return ", a bare generator: decorate its function with gen.coroutine, or use `yield from`"
    if callable(yielded):
        return ", which was perhaps to be called"
    if isinstance(yielded, tuple | set | frozenset):
        return ", which may be a list"
    return ""
