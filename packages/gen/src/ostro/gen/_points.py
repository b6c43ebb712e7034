"""Yield points: what a generator may yield besides awaitables.

A yield point is started by a host (the Runner of the generator), tells the host when something
has happened, and is then asked whether it is ready and what its result is. It knows nothing of
generators and of loops.

(Any, here: the arguments of callbacks may be of any type, and so the results of yield points.)
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from ._errors import BadYieldError, UnknownKeyError


class Arguments(NamedTuple):
    """The result of a yield whose callback got several arguments, or keyword arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def result_of_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a callback that was called so stands for: None, the argument, or Arguments."""
    if kwargs or len(args) > 1:
        return Arguments(args, kwargs)
    return args[0] if args else None


class PointHost:
    """What a yield point may ask of whoever waits for it: here, one without callback keys.

    The methods with keys work in generators only.
    """

    __slots__ = ()

    def notify(self) -> None:
        """Say that a yield point may be ready now. Safe to call from any thread."""
        raise NotImplementedError

    def register_callback(self, key: Hashable) -> None:
        """Take `key` into use.

        Raises:
            KeyReuseError: If it is in use.
        """
        raise BadYieldError(key, reason=": a callback key, and there are none outside generators")

    def result_callback(self, key: Hashable) -> Callable[..., None]:
        """Return a callback that sets the result of `key` to what it is called with."""
        raise BadYieldError(key, reason=": a callback key, and there are none outside generators")

    def set_result(self, key: Hashable, result: object) -> None:
        """Set the result of `key`."""
        raise UnknownKeyError(key)

    def is_ready(self, key: Hashable) -> bool:
        """Tell whether `key` has a result.

        Raises:
            UnknownKeyError: If it is not in use.
        """
        raise UnknownKeyError(key)

    def pop_result(self, key: Hashable) -> Any:
        """Return the result of `key`, and free the key.

        Raises:
            UnknownKeyError: If it is not in use.
        """
        raise UnknownKeyError(key)


NO_HOST = PointHost()
"""What a yield point has for a host before it is started."""


class YieldPoint:
    """Base of what may be yielded besides awaitables. Programs may define their own.

    `start` is called when it is yielded, and once only until there is a result; `is_ready` after
    that, and again after each `host.notify()`; `get_result` once it is ready.
    """

    __slots__ = ()

    def start(self, host: PointHost) -> None:
        """Begin. What this raises is raised at the yield."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether there is a result."""
        raise NotImplementedError

    def get_result(self) -> Any:
        """Return the result, which is that of the yield expression, or raise it."""
        raise NotImplementedError

    def cancel(self) -> bool:
        """Give up, since the generator was cancelled.

        Returns:
            Whether this leads to a result (usually a CancelledError) in due time. If not, `forget`
            comes next.
        """
        return False

    def forget(self) -> None:
        """Know that nobody waits any longer: `get_result` will not be called."""
