"""Turns: how many, whose, in which order."""

from __future__ import annotations

import asyncio

import pytest

from ostro.httpclient._turns import Turns
from ostro.ioloop import IOLoop


class Queue:
    """Takes turns, and notes who got one."""

    def __init__(self, most: int, most_per_host: int | None = None) -> None:
        self.turns = Turns(most, most_per_host)
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def want(self, *names: str, first: bool = False) -> None:
        """Ask for turns; a name begins with its host."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._take(name, first))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _take(self, name: str, first: bool) -> None:
        if first or not self.turns.take_now(name[0]):
            await self.turns.take(name[0], first=first)
        self.order.append(name)

    async def done(self, *names: str) -> None:
        for name in names:
            self.turns.give_back(name[0])
        for _ in range(3):
            await asyncio.sleep(0)

    async def cancel(self, *names: str) -> None:
        for name in names:
            self.tasks[name].cancel()
        for _ in range(3):
            await asyncio.sleep(0)


async def test_turns_are_given_in_order_of_arrival(io_loop: IOLoop) -> None:
    queue = Queue(2)
    await queue.want("a1", "b1", "a2", "b2", "a3")

    assert queue.order == ["a1", "b1"]
    assert queue.turns.waiting == 3
    await queue.done("a1")
    assert queue.order == ["a1", "b1", "a2"]
    await queue.done("b1", "a2")
    assert queue.order == ["a1", "b1", "a2", "b2", "a3"]
    await queue.done("b2", "a3")
    assert (queue.turns.taken, queue.turns.waiting) == (0, 0)


async def test_nobody_overtakes_those_who_wait(io_loop: IOLoop) -> None:
    queue = Queue(1)
    await queue.want("a1", "a2")

    queue.turns.give_back("a")
    assert not queue.turns.take_now("b")
    await asyncio.sleep(0)

    assert queue.order == ["a1", "a2"]


async def test_a_host_whose_turns_are_taken_does_not_hold_up_the_others(io_loop: IOLoop) -> None:
    queue = Queue(3, 1)
    await queue.want("a1", "a2", "a3", "b1", "a4", "c1", "b2")

    assert queue.order == ["a1", "b1", "c1"]
    await queue.done("b1")
    assert queue.order == ["a1", "b1", "c1", "b2"]
    await queue.done("a1")
    await queue.done("a2")
    await queue.done("a3")
    assert queue.order[4:] == ["a2", "a3", "a4"]
    await queue.done("a4", "b2", "c1")
    assert (queue.turns.taken, queue.turns.waiting) == (0, 0)


async def test_who_has_waited_already_goes_first(io_loop: IOLoop) -> None:
    queue = Queue(1)
    await queue.want("a1", "a2")
    await queue.want("b1", first=True)

    await queue.done("a1")

    assert queue.order == ["a1", "b1"]


async def test_a_turn_that_is_free_is_given_at_once(io_loop: IOLoop) -> None:
    queue = Queue(1)

    await queue.want("a1", first=True)

    assert queue.order == ["a1"]


@pytest.mark.parametrize("gone", ["a2", "a3", "b1"])
async def test_who_is_cancelled_loses_its_place(io_loop: IOLoop, gone: str) -> None:
    queue = Queue(1, 1)
    await queue.want("a1", "a2", "a3", "b1")

    await queue.cancel(gone)

    left = [name for name in ("a2", "a3", "b1") if name != gone]
    for name in ["a1", *left]:
        await queue.done(name)
    assert queue.order == ["a1", *left]
    assert (queue.turns.taken, queue.turns.waiting) == (0, 0)


async def test_who_is_cancelled_aside_loses_its_place(io_loop: IOLoop) -> None:
    queue = Queue(3, 1)
    await queue.want("a1", "a2", "a3", "a4", "b1")

    await queue.cancel("a2", "a4")

    await queue.done("a1")
    await queue.done("a3")
    assert queue.order == ["a1", "b1", "a3"]
    await queue.done("b1")
    assert (queue.turns.taken, queue.turns.waiting) == (0, 0)


async def test_the_last_who_waits_aside_may_be_cancelled(io_loop: IOLoop) -> None:
    queue = Queue(3, 1)
    await queue.want("a1", "a2")

    await queue.cancel("a2")

    assert queue.turns.waiting == 0


async def test_a_turn_that_comes_together_with_a_cancellation_is_given_on(io_loop: IOLoop) -> None:
    queue = Queue(1)
    await queue.want("a1", "a2", "a3")

    queue.turns.give_back("a")
    await queue.cancel("a2")

    assert queue.order == ["a1", "a3"]


async def test_a_cancellation_that_comes_just_before_a_turn_does_not_take_it(
    io_loop: IOLoop,
) -> None:
    queue = Queue(2, 1)
    await queue.want("a1", "b1", "a2", "a3")

    queue.tasks["a2"].cancel()
    await queue.done("a1")

    assert queue.order == ["a1", "b1", "a3"]
    await queue.done("b1", "a3")
    assert (queue.turns.taken, queue.turns.waiting) == (0, 0)
