"""Time that moves when the test says so: no deadline comes because the machine is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ostro.httpclient import AsyncHTTPClient
from ostro.httpclient.parts import Fetch, FetchingClient
from packages.clocks import FakeClock

__all__ = ["ClientClock", "until"]


class ClientClock(FakeClock):
    """The clock of a client whose requests are carried out by `Fetch`."""

    def __init__(self, client: AsyncHTTPClient) -> None:
        super().__init__()
        self._sweeper = cast(FetchingClient, client).sweeper
        self._sweeper.clock = self

    def advance(self, seconds: float) -> None:
        """Let time pass, and happen what is due by then."""
        self.now += seconds
        self._sweeper.sweep()

    async def reach(self, doing: str) -> None:
        """Wait until a fetch that has a deadline is at that."""
        await until(
            lambda: any(
                isinstance(member, Fetch) and member.doing == doing
                for member in self._sweeper.members
            )
        )


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something is so; the deadline of the test ends it otherwise."""
    while not condition():  # noqa: ASYNC110 - what tells of it is inside of what is tested
        await asyncio.sleep(0)
