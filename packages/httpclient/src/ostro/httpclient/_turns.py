"""Whose turn it is: how many fetches run at a time, in all and for each host, in order of arrival.

This file knows no HTTP and no connection.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from ._checks import check_least

__all__ = ["DEFAULT_MAX_CLIENTS", "Turns"]

DEFAULT_MAX_CLIENTS: Final = 10
"""Fetches at a time, as it has always been documented."""


class _Waiter:
    """Somebody who waits for a turn at a host."""

    __slots__ = ("future", "host")

    def __init__(self, host: str, future: asyncio.Future[None]) -> None:
        self.host = host
        self.future = future


_Line = OrderedDict[_Waiter, None]


class Turns:
    """A number of turns, given in order of arrival.

    Those who wait for a host that has no turn left do not hold up the others.

    Args:
        most: Turns in all.
        most_per_host: Turns for each host; None for no bound of its own.

    Raises ValueError for less than one.
    """

    __slots__ = ("_aside", "_line", "_most", "_most_per_host", "_per_host", "taken")

    def __init__(self, most: int, most_per_host: int | None = None) -> None:
        check_least(1, max_clients=most, max_clients_per_host=most_per_host)
        self._most = most
        self._most_per_host = most if most_per_host is None else most_per_host
        self.taken = 0
        self._per_host: dict[str, int] = {}
        # Who waits, the first in front; and who has come to the front while the host was full.
        self._line: _Line = OrderedDict()
        self._aside: dict[str, _Line] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line) + sum(map(len, self._aside.values()))

    def take_now(self, host: str) -> bool:
        """Take a turn, if there is one and nobody waits; say whether it was so."""
        if self._line or self.taken >= self._most:
            return False
        count = self._per_host.get(host, 0)
        if count >= self._most_per_host:
            return False
        self.taken += 1
        self._per_host[host] = count + 1
        return True

    async def take(self, host: str, *, first: bool = False) -> None:
        """Wait for a turn, and take it.

        Args:
            host: Where the turn is for.
            first: Go before all others, as somebody who has waited already.
        """
        waiter = _Waiter(host, asyncio.get_running_loop().create_future())
        self._line[waiter] = None
        if first:
            self._line.move_to_end(waiter, last=False)
        self._admit()
        try:
            await waiter.future
        except asyncio.CancelledError:
            if waiter.future.cancelled():
                self._drop(waiter)
            else:
                self.give_back(host)
            raise

    def give_back(self, host: str) -> None:
        """Give a turn back, for whoever is next."""
        self.taken -= 1
        count = self._per_host[host] - 1
        if count:
            self._per_host[host] = count
        else:
            del self._per_host[host]
        if self._aside:
            self._call_back(host)
        if self._line:
            self._admit()

    def _admit(self) -> None:
        """Give turns to those in front."""
        while self._line and self.taken < self._most:
            waiter, _ = self._line.popitem(last=False)
            if waiter.future.done():  # cancelled a moment ago
                self._call_back(waiter.host)
                continue
            count = self._per_host.get(waiter.host, 0)
            if count >= self._most_per_host:
                self._aside.setdefault(waiter.host, OrderedDict())[waiter] = None
            else:
                self.taken += 1
                self._per_host[waiter.host] = count + 1
                waiter.future.set_result(None)

    def _call_back(self, host: str) -> None:
        """Put the first of those who wait for a host in front of all others."""
        aside = self._aside.get(host)
        if aside is not None:
            waiter, _ = aside.popitem(last=False)
            if not aside:
                del self._aside[host]
            self._line[waiter] = None
            self._line.move_to_end(waiter, last=False)

    def _drop(self, waiter: _Waiter) -> None:
        """Forget somebody who does not wait any more."""
        self._line.pop(waiter, None)
        aside = self._aside.get(waiter.host)
        if aside is not None:
            aside.pop(waiter, None)
            if not aside:
                del self._aside[waiter.host]
