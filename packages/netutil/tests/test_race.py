"""Happy Eyeballs, without sockets: what is raced is controlled by the test."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.ioloop import IOLoop
from ostro.netutil import _race
from ostro.netutil._race import AllAttemptsFailed, interleave, race

NEVER = 3600.0
"""A delay, in seconds, that no test lives to see."""


class Attempts:
    """Attempts that end when the test says so, and a record of what happened to them."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.discarded: list[str] = []
        self._outcomes: dict[str, asyncio.Future[str]] = {}
        self._start = asyncio.Condition()
        self.all_offered = asyncio.Event()

    async def __call__(self, name: str) -> str:
        self._outcomes[name] = asyncio.get_running_loop().create_future()
        async with self._start:
            self.started.append(name)
            self._start.notify_all()
        try:
            return await self._outcomes[name]
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise

    async def until_started(self, count: int) -> None:
        async with self._start:
            await self._start.wait_for(lambda: len(self.started) >= count)

    def succeed(self, name: str) -> None:
        self._outcomes[name].set_result(f"connection to {name}")

    def fail(self, name: str) -> None:
        self._outcomes[name].set_exception(ConnectionRefusedError(name))

    def race(self, *names: str, delay: float = NEVER) -> asyncio.Task[str]:
        return asyncio.create_task(race(self._offer(names), self, self.discarded.append, delay))

    def _offer(self, names: tuple[str, ...]) -> Iterator[str]:
        yield from names
        self.all_offered.set()


def test_the_delay_between_attempts_is_what_the_rfc_recommends() -> None:
    assert _race.CONNECTION_ATTEMPT_DELAY == 0.25


async def test_one_that_succeeds_at_once_is_the_only_attempt(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b")
    await attempts.until_started(1)

    attempts.succeed("a")

    assert await racing == "connection to a"
    assert attempts.started == ["a"]


async def test_the_next_starts_as_soon_as_one_fails(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b")
    await attempts.until_started(1)

    attempts.fail("a")
    await attempts.until_started(2)
    attempts.succeed("b")

    assert await racing == "connection to b"


async def test_the_next_starts_after_the_delay_while_one_hangs(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", "c", delay=0.001)

    await attempts.until_started(3)
    attempts.succeed("b")

    assert await racing == "connection to b"
    assert attempts.started == ["a", "b", "c"]
    assert sorted(attempts.cancelled) == ["a", "c"]


async def test_a_late_success_of_the_first_wins_over_a_hanging_second(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", delay=0.001)
    await attempts.until_started(2)

    attempts.succeed("a")

    assert await racing == "connection to a"
    assert attempts.cancelled == ["b"]


async def test_of_two_that_succeed_together_the_first_is_kept_and_the_other_discarded(
    io_loop: IOLoop,
) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", delay=0.001)
    await attempts.until_started(2)

    attempts.succeed("b")
    attempts.succeed("a")

    assert await racing == "connection to a"
    assert attempts.discarded == ["connection to b"]


async def test_when_all_fail_every_failure_is_reported_in_its_order(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", delay=0.001)
    await attempts.until_started(2)

    attempts.fail("b")
    attempts.fail("a")

    with pytest.raises(AllAttemptsFailed) as caught:
        await racing
    assert sorted((name, str(error)) for name, error in caught.value.failures) == [
        ("a", "a"),
        ("b", "b"),
    ]


async def test_the_last_one_is_waited_for_after_the_others_failed(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", delay=0.001)
    await attempts.until_started(2)
    await attempts.all_offered.wait()
    attempts.fail("b")
    for _ in range(5):  # it sees that
        await asyncio.sleep(0)

    attempts.succeed("a")

    assert await racing == "connection to a"


async def test_cancelling_the_race_cancels_the_attempts(io_loop: IOLoop) -> None:
    attempts = Attempts()
    racing = attempts.race("a", "b", delay=0.001)
    await attempts.until_started(2)

    racing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await racing
    assert sorted(attempts.cancelled) == ["a", "b"]


async def test_an_attempt_that_succeeds_in_spite_of_being_cancelled_is_discarded(
    io_loop: IOLoop,
) -> None:
    discarded: list[str] = []
    begun = asyncio.Event()

    async def stubborn(name: str) -> str:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return name
        raise AssertionError("nobody completes that future")

    racing = asyncio.create_task(race(["a"], stubborn, discarded.append, NEVER))
    await begun.wait()
    racing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await racing
    assert discarded == ["a"]


# The order


def test_families_alternate_beginning_with_the_first() -> None:
    addresses = [(6, "a"), (6, "b"), (6, "c"), (4, "x"), (4, "y")]

    assert [name for _, name in interleave(addresses)] == ["a", "x", "b", "y", "c"]


@given(st.lists(st.tuples(st.sampled_from([4, 6, 1]), st.integers()), max_size=12))
def test_interleaving_loses_nothing_and_keeps_the_order_within_each_family(
    addresses: list[tuple[int, int]],
) -> None:
    ordered = interleave(addresses)

    assert len(ordered) == len(addresses)
    for family in (4, 6, 1):
        assert [a for a in ordered if a[0] == family] == [a for a in addresses if a[0] == family]
    assert ordered[:1] == addresses[:1]
