"""What is kept alive, what is let go, and exceptions that nobody reads."""

import asyncio
import gc
import weakref
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop

from .support import BoomError, turns

Body = Generator[Any, Any, Any]


class Source:
    """Something that forgets its futures: it refers to them weakly."""

    def __init__(self) -> None:
        self.futures: weakref.WeakSet[asyncio.Future[Any]] = weakref.WeakSet()

    def get(self) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.Future()
        self.futures.add(future)
        return future

    def finish(self) -> None:
        for future in list(self.futures):
            future.set_result("result")


@pytest.mark.parametrize("in_list", [False, True], ids=["alone", "in a list"])
async def test_coroutine_that_waits_is_not_collected(io_loop: IOLoop, in_list: bool) -> None:
    source = Source()
    finished = asyncio.Event()

    @gen.coroutine
    def go() -> Body:
        try:
            yield [source.get()] if in_list else source.get()
        finally:
            finished.set()

    go()
    gc.collect()
    assert not finished.is_set()
    source.finish()

    await finished.wait()


async def test_multi_that_waits_is_not_collected(io_loop: IOLoop) -> None:
    source = Source()
    results: list[Any] = []

    gen.multi([source.get()]).add_done_callback(lambda future: results.append(future.result()))
    gc.collect()
    source.finish()
    await turns()

    assert results == [["result"]]


def test_coroutine_goes_with_its_loop() -> None:
    loop = asyncio.new_event_loop()
    closed: list[bool] = []

    @gen.coroutine
    def go() -> Body:
        try:
            yield asyncio.Future()
        finally:
            closed.append(True)

    async def main() -> None:
        go()

    loop.run_until_complete(main())
    gc.collect()
    assert closed == []

    loop.close()
    del loop
    gc.collect()
    assert closed == [True]


async def test_finished_coroutine_is_let_go_without_the_collector(io_loop: IOLoop) -> None:
    class Held:
        pass

    held = Held()
    watched = weakref.ref(held)

    @gen.coroutine
    def go(held: Held) -> Body:
        yield gen.moment
        yield [gen.moment, gen.Task(io_loop.add_callback)]
        return 1

    gc.disable()
    try:
        future = go(held)
        del held
        assert await future == 1
        await turns()
        assert watched() is None
    finally:
        gc.enable()


async def test_finished_engine_is_let_go_without_the_collector(io_loop: IOLoop) -> None:
    class Held:
        pass

    held = Held()
    watched = weakref.ref(held)
    finished = asyncio.Event()

    @gen.engine
    def go(held: Held) -> Body:
        yield gen.Task(io_loop.add_callback)
        finished.set()

    gc.disable()
    try:
        go(held)
        del held
        await finished.wait()
        await turns()
        assert watched() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["at once", "later", "of what it waits for", "misuse"])
async def test_exception_that_nobody_reads_is_reported_by_asyncio_soon(
    io_loop: IOLoop, kind: str
) -> None:
    reports: list[Any] = []
    io_loop.asyncio_loop.set_exception_handler(lambda loop, context: reports.append(context))

    async def fails() -> None:
        raise BoomError

    @gen.coroutine
    def go() -> Body:
        if kind == "at once":
            raise BoomError
        if kind == "of what it waits for":
            yield fails()
        yield gen.moment
        if kind == "misuse":
            yield 5
        raise BoomError

    gc.disable()
    try:
        go()
        await turns(10)
    finally:
        gc.enable()

    assert ["never retrieved" in report["message"] for report in reports] == [True]


async def test_exception_that_is_read_is_not_reported(io_loop: IOLoop) -> None:
    reports: list[Any] = []
    io_loop.asyncio_loop.set_exception_handler(lambda loop, context: reports.append(context))

    @gen.coroutine
    def fails() -> Body:
        yield gen.moment
        raise BoomError

    @gen.coroutine
    def go() -> Body:
        try:
            yield [fails(), fails()]
        except BoomError:
            yield gen.moment

    await go()
    gc.collect()

    assert reports == []
