"""Yield points: what a generator yields to get, and to wait for, callbacks.

A yield point is started by a host (the Runner of the generator), tells the host when something
has happened, and is then asked whether it is ready and what its result is. It knows nothing of
generators and of loops.
"""

import logging
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from ._errors import BadYieldError, KeyReuseError, UnknownKeyError

_general_log = logging.getLogger("ostro.general")


class Arguments(NamedTuple):
    """The result of a yield whose callback got several arguments, or keyword arguments."""

    args: tuple[Any, ...]  # Any: whatever the callback was called with
    kwargs: dict[str, Any]  # Any: as above


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


_NO_HOST = PointHost()
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
            Whether this leads to a result (usually a CancelledError) in due time. If not, the
            generator does not wait for it any longer.
        """
        return False


class KeyedResults:
    """The callback keys in use in one run of a generator, each with its result once it has one."""

    __slots__ = ("_results",)

    _PENDING = object()

    def __init__(self) -> None:
        self._results: dict[Hashable, Any] = {}  # Any: what callbacks are called with

    def register(self, key: Hashable) -> None:
        """Take a key into use."""
        if key in self._results:
            raise KeyReuseError(key)
        self._results[key] = self._PENDING

    def set_result(self, key: Hashable, result: object) -> bool:
        """Set the result of a key; tell whether this was its first."""
        if self._results.get(key) is not self._PENDING:
            _general_log.warning("the callback with the key %r was called again; ignored", key)
            return False
        self._results[key] = result
        return True

    def is_ready(self, key: Hashable) -> bool:
        """Tell whether a key has a result."""
        try:
            return self._results[key] is not self._PENDING
        except KeyError:
            raise UnknownKeyError(key) from None

    def pop_result(self, key: Hashable) -> Any:
        """Return the result of a key that is ready, and free the key."""
        if not self.is_ready(key):
            raise UnknownKeyError(key)
        return self._results.pop(key)

    def in_use(self) -> list[Hashable]:
        """Return the keys that were not waited for."""
        return list(self._results)


class Callback(YieldPoint):
    """Give the generator a function that lets a `Wait` with the same key proceed.

    Args:
        key: Anything that can be the key of a dict, unused among the outstanding callbacks of
            this run of the generator.

    `callback = yield gen.Callback("key")` comes back at once. The function may be called with any
    arguments, in any thread; the result of the `Wait` is None for no argument, the argument for
    one, and `Arguments` for several or for keyword arguments. Further calls are logged and
    ignored.

    Raises:
        KeyReuseError: At the yield, if the key is in use.
    """

    __slots__ = ("_function", "key")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self._function: Callable[..., None] | None = None

    def start(self, host: PointHost) -> None:
        """Take the key into use."""
        host.register_callback(self.key)
        self._function = host.result_callback(self.key)

    def is_ready(self) -> bool:
        """Return True."""
        return True

    def get_result(self) -> Any:
        """Return the function."""
        return self._function


class Wait(YieldPoint):
    """Wait until the `Callback` with this key was called, and give what it was called with.

    Args:
        key: The key of the callback. It is free again afterwards.

    Raises:
        UnknownKeyError: At the yield, if there is no such callback.
    """

    __slots__ = ("_host", "key")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self._host = _NO_HOST

    def start(self, host: PointHost) -> None:
        """Look for the key."""
        self._host = host
        host.is_ready(self.key)

    def is_ready(self) -> bool:
        """Tell whether the callback was called."""
        return self._host.is_ready(self.key)

    def get_result(self) -> Any:
        """Return what the callback was called with."""
        return self._host.pop_result(self.key)


class WaitAll(YieldPoint):
    """Wait until all of several callbacks were called: the same as a list of `Wait` objects.

    Args:
        keys: The keys of the callbacks. The result is a list in the same order.

    Raises:
        UnknownKeyError: At the yield, if there is no such callback.
    """

    __slots__ = ("_host", "_ready", "keys")

    def __init__(self, keys: Iterable[Hashable]) -> None:
        self.keys = list(keys)
        self._host = _NO_HOST
        self._ready = 0  # so many of the keys, from the front, are known to be ready

    def start(self, host: PointHost) -> None:
        """Look for the keys."""
        self._host = host
        self._ready = 0
        for key in self.keys:
            host.is_ready(key)

    def is_ready(self) -> bool:
        """Tell whether all callbacks were called."""
        while self._ready < len(self.keys) and self._host.is_ready(self.keys[self._ready]):
            self._ready += 1
        return self._ready == len(self.keys)

    def get_result(self) -> Any:
        """Return what the callbacks were called with, in the order of the keys."""
        return [self._host.pop_result(key) for key in self.keys]
