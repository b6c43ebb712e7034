"""Yield points of programs' own."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop

from .support import BoomError, turns

Body = Generator[Any, Any, Any]


class Pair(gen.YieldPoint):
    """Two callbacks of its own, waited for as one."""

    def __init__(self) -> None:
        self.keys = [object(), object()]

    def start(self, host: gen.PointHost) -> None:
        self.host = host
        for key in self.keys:
            host.register_callback(key)

    def call(self, number: int, result: object) -> None:
        self.host.result_callback(self.keys[number])(result)

    def is_ready(self) -> bool:
        return all(self.host.is_ready(key) for key in self.keys)

    def get_result(self) -> Any:
        return [self.host.pop_result(key) for key in self.keys]


@pytest.mark.parametrize("in_list", [False, True], ids=["alone", "in a list"])
async def test_own_yield_point_with_keys(io_loop: IOLoop, in_list: bool) -> None:
    pair = Pair()

    @gen.coroutine
    def go() -> Body:
        return (yield [pair] if in_list else pair)

    future = go()
    pair.call(1, "b")
    await turns()
    assert not future.done()
    pair.call(0, "a")

    assert await future == ([["a", "b"]] if in_list else ["a", "b"])


class Switch(gen.YieldPoint):
    """Without keys, and it may fail."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.on = False
        self.host: gen.PointHost | None = None

    def start(self, host: gen.PointHost) -> None:
        self.host = host

    def turn(self, error: BaseException | None = None) -> None:
        self.on, self.error = True, error
        assert self.host is not None
        self.host.notify()

    def is_ready(self) -> bool:
        return self.on

    def get_result(self) -> str:
        if self.error is not None:
            raise self.error
        return "on"


async def test_own_yield_point_can_be_awaited_as_a_future(io_loop: IOLoop) -> None:
    good, bad = Switch(), Switch()
    futures = [gen.convert_yielded(good), gen.convert_yielded(bad)]

    assert good.host is not None
    good.host.notify()
    assert not futures[0].done()
    good.turn()
    good.turn()
    bad.turn(BoomError())

    assert await futures[0] == "on"
    with pytest.raises(BoomError):
        await futures[1]


async def test_own_yield_point_is_left_when_it_is_cancelled(io_loop: IOLoop) -> None:
    @gen.coroutine
    def go() -> Body:
        yield Switch()

    future = go()
    future.cancel()

    with pytest.raises(asyncio.CancelledError):
        await future


async def test_notification_that_is_too_early_or_too_late_does_nothing(io_loop: IOLoop) -> None:
    switch = Switch()

    @gen.coroutine
    def go() -> Body:
        result = yield switch
        yield gen.moment
        return result

    future = go()
    assert switch.host is not None
    switch.host.notify()
    switch.turn()
    switch.turn()

    assert await future == "on"
    switch.turn()


async def test_exception_of_start_is_raised_at_the_yield(io_loop: IOLoop) -> None:
    class Broken(gen.YieldPoint):
        def start(self, host: gen.PointHost) -> None:
            raise BoomError

    @gen.coroutine
    def go() -> Body:
        try:
            yield Broken()
        except BoomError:
            return "caught"

    assert await go() == "caught"


async def test_methods_of_a_yield_point_are_the_programs_to_define(io_loop: IOLoop) -> None:
    point = gen.YieldPoint()

    for method in (lambda: point.start(gen.PointHost()), point.is_ready, point.get_result):
        with pytest.raises(NotImplementedError):
            method()
    assert not point.cancel()


def test_host_outside_a_generator_has_no_keys() -> None:
    host = gen.PointHost()

    for method in (host.register_callback, host.result_callback, host.is_ready, host.pop_result):
        with pytest.raises(gen.GenError, match="'k'"):
            method("k")
    with pytest.raises(gen.UnknownKeyError):
        host.set_result("k", 1)
    with pytest.raises(NotImplementedError):
        host.notify()


async def test_result_of_a_key_that_has_none_cannot_be_taken(io_loop: IOLoop) -> None:
    class Hasty(gen.YieldPoint):
        def start(self, host: gen.PointHost) -> None:
            self.host = host
            host.register_callback("k")

        def is_ready(self) -> bool:
            return True

        def get_result(self) -> Any:
            return self.host.pop_result("k")

    @gen.coroutine
    def go() -> Body:
        try:
            yield Hasty()
        except gen.UnknownKeyError:
            return "caught"

    future = go()
    with pytest.raises(gen.LeakedCallbackError):
        await future


async def test_yield_point_that_becomes_ready_between_two_looks_is_seen(io_loop: IOLoop) -> None:
    class CalledInAnotherThread(gen.YieldPoint):
        looks = 0

        def start(self, host: gen.PointHost) -> None:
            pass

        def is_ready(self) -> bool:
            self.looks += 1
            return self.looks > 1

        def get_result(self) -> Any:
            return "seen"

    @gen.coroutine
    def go() -> Body:
        return (yield CalledInAnotherThread())

    assert await go() == "seen"
