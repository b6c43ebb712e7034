"""Callbacks with keys: Callback, Wait, WaitAll, and what keeps their results.

(Any, here: the arguments of callbacks may be of any type.)
"""

import logging
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from ._errors import KeyReuseError, UnknownKeyError
from ._points import NO_HOST, PointHost, YieldPoint, result_of_call

_general_log = logging.getLogger("ostro.general")

_PENDING = object()
"""The result of a key that has none yet."""


class KeyedHost(PointHost):
    """A host that has callback keys: what a generator is."""

    __slots__ = ("_results",)

    _results: dict[Hashable, Any] | None
    # The keys in use, each with its result. None at first, set by the Runner: an __init__ here
    # would be one more call for each coroutine.

    def register_callback(self, key: Hashable) -> None:
        """Take `key` into use."""
        if self._results is None:
            self._results = {}
        elif key in self._results:
            raise KeyReuseError(key)
        self._results[key] = _PENDING

    def result_callback(self, key: Hashable) -> Callable[..., None]:
        """Return a callback that sets the result of `key` to what it is called with."""

        def call_back(*args: Any, **kwargs: Any) -> None:
            self.set_result(key, result_of_call(args, kwargs))

        return call_back

    def set_result(self, key: Hashable, result: object) -> None:
        """Set the result of `key`. Only the first counts. Safe to call from any thread."""
        if self._results is None or self._results.get(key) is not _PENDING:
            _general_log.warning("no result is awaited for the callback key %r: ignored", key)
            return
        self._results[key] = result
        self.notify()

    def is_ready(self, key: Hashable) -> bool:
        """Tell whether `key` has a result."""
        if self._results is None or key not in self._results:
            raise UnknownKeyError(key)
        return self._results[key] is not _PENDING

    def pop_result(self, key: Hashable) -> Any:
        """Return the result of `key`, and free the key."""
        if self._results is None or not self.is_ready(key):
            raise UnknownKeyError(key)
        return self._results.pop(key)


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
        self._host = NO_HOST

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
        self._host = NO_HOST
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
