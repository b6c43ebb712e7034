"""What a type checker sees: checked by mypy, since this file is, and run once here."""

import asyncio
import concurrent.futures
from collections.abc import Generator
from typing import Any, assert_type

from ostro import gen
from ostro.ioloop import IOLoop


@gen.coroutine
def generator(a: int, *, b: str = "") -> Generator[Any, Any, int]:
    yield gen.moment
    return a


@gen.coroutine
async def native(a: int) -> str:
    return str(a)


@gen.coroutine
def plain(a: int) -> bytes:
    return bytes(a)


@gen.engine
def started(a: int) -> Generator[Any, Any, None]:
    yield gen.moment


class Model:
    @gen.coroutine
    def get(self, key: str) -> Generator[Any, Any, str]:
        yield gen.moment
        return key


async def test_types(io_loop: IOLoop) -> None:
    assert_type(generator(1, b="x"), asyncio.Future[int])
    assert_type(native(1), asyncio.Future[str])
    assert_type(plain(1), asyncio.Future[bytes])
    assert_type(Model().get("x"), asyncio.Future[str])
    assert_type(await gen.multi([generator(1), generator(2)]), list[int])
    assert_type(await gen.multi({"a": generator(1)}), dict[str, int])
    assert_type(await gen.with_timeout(io_loop.time() + 60, generator(1)), int)
    assert_type(await gen.sleep(0), None)
    assert_type(gen.maybe_future(1), asyncio.Future[int])
    assert_type(gen.maybe_future(generator(1)), asyncio.Future[int])
    threaded: concurrent.futures.Future[bytes] = concurrent.futures.Future()
    threaded.set_result(b"")
    assert_type(await gen.with_timeout(io_loop.time() + 60, threaded), bytes)
    started(1)
