"""Happy Eyeballs: which address comes when, and the race between attempts.

Knows neither sockets nor TLS: what an attempt is, and how what it won is thrown away, is given.

Spec: RFC 8305 sections 4, 5 and 8.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Generic, TypeVar

__all__ = ["CONNECTION_ATTEMPT_DELAY", "AllAttemptsFailed", "interleave", "race"]

CONNECTION_ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried while one hangs: what section 5 recommends."""

A = TypeVar("A")
R = TypeVar("R")


class AllAttemptsFailed(Exception):  # noqa: N818  # told to nobody outside
    """Every attempt of a race failed; `failures` holds them in the order of failing.

    Any: an exception class cannot be generic in what the candidates are.
    """

    def __init__(self, failures: list[tuple[Any, Exception]]) -> None:
        super().__init__()
        self.failures = failures


def interleave(addresses: Sequence[tuple[int, A]]) -> list[tuple[int, A]]:
    """Order addresses so that families alternate, beginning with that of the first.

    Within a family the order stays, which is the resolver's (RFC 6724).
    Spec: RFC 8305 section 4, with a First Address Family Count of 1.
    """
    families: dict[int, list[tuple[int, A]]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    rounds = zip_longest(*families.values())
    return [address for each in rounds for address in each if address is not None]


async def race(
    candidates: Iterable[A],
    attempt: Callable[[A], Coroutine[object, object, R]],
    discard: Callable[[R], object],
    delay: float = CONNECTION_ATTEMPT_DELAY,
) -> R:
    """Start an attempt for one candidate after the other until one succeeds; return its result.

    The next one starts `delay` seconds after the last, or as soon as one fails. The first success
    wins: attempts still running are cancelled and waited for, and what they got nevertheless
    goes to `discard`. The same happens when the race itself is cancelled.

    Raises `AllAttemptsFailed`.
    """
    runners = _Runners(attempt, discard)
    try:
        for candidate in candidates:
            runners.start(candidate)
            if await runners.someone_won(delay):
                return runners.take_winner()
        while runners.are_running():
            if await runners.someone_won(None):
                return runners.take_winner()
        raise AllAttemptsFailed(runners.failures)
    finally:
        await runners.end()


class _Runners(Generic[A, R]):
    """The attempts of one race: running, failed, won."""

    def __init__(
        self, attempt: Callable[[A], Coroutine[object, object, R]], discard: Callable[[R], object]
    ) -> None:
        self._attempt = attempt
        self._discard = discard
        self._running: dict[asyncio.Task[R], A] = {}
        self._winners: list[asyncio.Task[R]] = []  # more than one when they finish together
        self.failures: list[tuple[A, Exception]] = []

    def start(self, candidate: A) -> None:
        self._running[asyncio.create_task(self._attempt(candidate))] = candidate

    def are_running(self) -> bool:
        return bool(self._running)

    async def someone_won(self, seconds: float | None) -> bool:
        """Wait until an attempt has ended, at most for some seconds."""
        done, _ = await asyncio.wait(
            self._running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        # In the order of starting, which is the order of preference.
        for task in [task for task in self._running if task in done]:
            candidate = self._running.pop(task)
            try:
                task.result()
            except Exception as error:  # noqa: BLE001  # told by who runs the race
                self.failures.append((candidate, error))
            else:
                self._winners.append(task)
        return bool(self._winners)

    def take_winner(self) -> R:
        return self._winners.pop(0).result()

    async def end(self) -> None:
        """Leave nothing behind, not even when cancelled in here."""
        for task in self._winners:
            self._discard(task.result())
        for task in self._running:
            task.add_done_callback(self._throw_away)
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def _throw_away(self, task: asyncio.Task[R]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._discard(task.result())
