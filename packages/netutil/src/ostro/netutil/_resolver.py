"""Resolver: from a host name to the addresses to connect to.

`Resolver` is the interface, the point of configuration and the default implementation in one, as
in Tornado 6. `getaddrinfo` blocks, so it runs in a thread; what is an address already needs none.
"""

import concurrent.futures
import pkgutil
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Self, cast

from ostro.ioloop import Completed, IOLoop, deliver

from ._addresses import is_valid_ip
from .errors import ResolveError

__all__ = ["OverrideResolver", "Resolver"]

# Any: each family has its own form of address, from (host, port) to a str for unix sockets.
Address = tuple[int, Any]
Key = str | tuple[str, int] | tuple[str, int, int]
Overrides = Mapping[Any, str | tuple[str, int]]  # Any: each form of Key alone, or several


class Resolver:
    """Look host names up without blocking the loop.

    As it is, it calls `getaddrinfo` in a thread. A subclass overrides `resolve`, and
    `Resolver.configure(Subclass)` makes it what `Resolver()` gives in the whole process.

    A subclass takes its parameters in `initialize`, as in Tornado 6, or in an `__init__`.
    The keyword arguments of `configure` go to `initialize` only.

    Args:
        executor: a `concurrent.futures.Executor` to look up in; the loop's default one when `None`.
    """

    _configured: ClassVar["tuple[type[Resolver], dict[str, Any]] | None"] = None

    _executor: concurrent.futures.Executor | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # Any: those of each `initialize`
        chosen: type[Resolver] = cls
        if cls is Resolver and Resolver._configured is not None:
            chosen, configured = Resolver._configured
            kwargs = {**configured, **kwargs}
        resolver = object.__new__(chosen)
        if chosen.__init__ is object.__init__:
            resolver.initialize(*args, **kwargs)
        return cast(Self, resolver)  # a subclass of Resolver where Resolver was asked for

    def initialize(self, *args: Any, **kwargs: Any) -> None:  # Any: each subclass has its own
        """Take the parameters; the class itself calls this."""
        self._set_executor(*args, **kwargs)

    def _set_executor(self, executor: concurrent.futures.Executor | None = None) -> None:
        self._executor = executor

    @classmethod
    def configure(cls, impl: "type[Resolver] | str | None", **kwargs: Any) -> None:
        """Set what `Resolver()` gives from now on, in the whole process.

        Args:
            impl: a subclass, its dotted name, or `None` for the default again.
            **kwargs: for its `initialize`.

        Raises `TypeError` when it is no subclass of Resolver, `ImportError` or `AttributeError`
        when the name leads nowhere.
        """
        found: object = pkgutil.resolve_name(impl) if isinstance(impl, str) else impl or Resolver
        if not (isinstance(found, type) and issubclass(found, Resolver)):
            raise TypeError(f"{impl!r} is not a subclass of Resolver")
        Resolver._configured = found, kwargs

    def resolve(
        self,
        host: str,
        port: int,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[list[Address]], object] | None = None,
    ) -> Awaitable[list[Address]]:
        """Look up the addresses of a host.

        Args:
            host: a name or an IP address.
            port: put into the addresses as it is.
            family: `socket.AF_INET` or `AF_INET6` for these only.
            callback: called on the loop with the result; an error goes to its stack context.

        Returns an awaitable of a list of `(family, address)`, best first, without duplicates;
        `address` is what `socket.connect` of that family takes.

        Raises (when awaited) `ResolveError`, an OSError, when there is none.
        """
        io_loop = IOLoop.current()
        found = _numeric(host, port, family) or io_loop.run_in_executor(
            self._executor, _look_up, host, port, family
        )
        if callback is not None:
            deliver(found, callback, io_loop)
        return found

    def close(self) -> None:
        """Free what the resolver holds; an executor given to it belongs to the giver."""


class OverrideResolver(Resolver):
    """Ask another resolver, with some hosts replaced: a `/etc/hosts` for one program.

    Args:
        resolver: what looks up the rest, and the replacements.
        mapping: from host, `(host, port)` or `(host, port, family)` to a host or `(host, port)`.
            The most exact key wins. It may change later.
    """

    def __new__(cls, resolver: Resolver, mapping: Overrides) -> Self:
        return super().__new__(cls, resolver, mapping)

    def initialize(self, resolver: Resolver, mapping: Overrides) -> None:
        """Take the parameters; the class itself calls this."""
        self._resolver = resolver
        self._mapping = mapping

    def resolve(
        self,
        host: str,
        port: int,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[list[Address]], object] | None = None,
    ) -> Awaitable[list[Address]]:
        """Look up a host or what stands for it; see `Resolver.resolve`."""
        keys: tuple[Key, ...] = ((host, port, family), (host, port), host)
        for key in keys:
            if key in self._mapping:
                instead = self._mapping[key]
                host, port = (instead, port) if isinstance(instead, str) else instead
                break
        return self._resolver.resolve(host, port, family, callback)

    def close(self) -> None:
        """Close the other resolver."""
        self._resolver.close()


def _numeric(host: str, port: int, family: int) -> Completed[list[Address]] | None:
    """The answer for an IP address; nothing when it takes more than parsing it."""
    if not is_valid_ip(host):
        return None
    try:
        return Completed(_look_up(host, port, family, socket.AI_NUMERICHOST))
    except ResolveError:
        return None  # not of this family: the error is the thread's to give, as for a name


def _look_up(host: str, port: int, family: int, flags: int = 0) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags)
    except (OSError, ValueError) as error:  # ValueError: no IDNA name, or NUL bytes in it
        raise ResolveError(host, port, error) from error
    return list(dict.fromkeys((int(kind), address) for kind, _, _, _, address in found))
