"""Nothing outlives its request: no handler leaks, no reference cycle is left for the collector."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.web import (
    CORS,
    Application,
    HTTPError,
    RequestHandler,
    RequestIds,
    RequestObserver,
    StaticFileHandler,
    asynchronous,
)

from .files import LARGE, put
from .support import ask, connected, fetch, raw_get, read_answer, serving


class Tracked(RequestHandler):
    alive: "weakref.WeakSet[RequestHandler]" = weakref.WeakSet()

    def initialize(self) -> None:
        self.alive.add(self)


class Plain(Tracked):
    def get(self) -> None:
        self.get_argument("a", None)
        self.set_cookie("a", "b")
        self.write("hello")


class Native(Tracked):
    async def get(self) -> None:
        await asyncio.sleep(0)
        self.write("hello")


class Prepared(Tracked):
    async def prepare(self) -> None:
        await asyncio.sleep(0)

    def get(self) -> None:
        self.write("hello")


class Decorated(Tracked):
    @gen.coroutine
    def get(self) -> Generator[Any, Any, None]:
        yield gen.moment
        self.write("hello")


class Engine(Tracked):
    @asynchronous
    @gen.engine
    def get(self) -> Generator[Any, Any, None]:
        yield gen.Task(IOLoop.current().add_callback)
        self.finish("hello")


class Callback(Tracked):
    @asynchronous
    def get(self) -> None:
        IOLoop.current().add_callback(self.on_result)

    def on_result(self) -> None:
        self.finish("hello")


class Flushed(Tracked):
    async def get(self) -> None:
        self.write("hel")
        await self.flush()
        self.flush(callback=self.clear)
        self.write("lo")


class Failing(Tracked):
    def get(self) -> None:
        raise HTTPError(404, "quiet")


class Broken(Tracked):
    async def get(self) -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")


class BrokenCallback(Tracked):
    @asynchronous
    def get(self) -> None:
        IOLoop.current().add_callback(self.on_result)

    def on_result(self) -> None:
        raise ValueError("broken")


HANDLERS: list[type[Tracked]] = [
    Plain, Native, Prepared, Decorated, Engine, Callback, Flushed, Failing, Broken, BrokenCallback,
]  # fmt: skip


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """Log no exceptions: pytest keeps the records, and with them the frames of the handlers."""
    Tracked.alive.clear()
    app_log = logging.getLogger("ostro.application")
    app_log.disabled = True
    yield
    app_log.disabled = False


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
async def test_a_handler_is_gone_when_its_request_is(
    io_loop: IOLoop, handler: type[Tracked]
) -> None:
    app = Application([("/", handler)])
    await fetch(app)  # what is cached is cached now

    with without_collector():
        for _ in range(3):
            answer = await fetch(app)
            assert answer.ended
        for _ in range(5):
            await asyncio.sleep(0)

        assert len(Tracked.alive) == 0


def test_a_thousand_plain_requests_leave_nothing_for_the_collector() -> None:
    app = Application([("/", Plain)])
    ask(app)

    with without_collector():
        for _ in range(1000):
            ask(app)
            assert len(Tracked.alive) == 0
        assert gc.collect() == 0


@pytest.mark.parametrize("handler", [Plain, Native, Flushed, Broken], ids=lambda h: h.__name__)
async def test_a_thousand_requests_on_one_connection_leak_nothing(
    io_loop: IOLoop, handler: type[Tracked]
) -> None:
    app = Application([("/", handler)])
    request = raw_get("/")

    async with serving(app) as port, connected(port) as (reader, writer):
        with without_collector():
            for number in range(1000):
                writer.write(request)
                if handler is Flushed:
                    await reader.readuntil(b"0\r\n\r\n")
                else:
                    await read_answer(reader)
                if number % 100 == 0:
                    await asyncio.sleep(0)
                    assert len(Tracked.alive) <= 1
            await asyncio.sleep(0)

            assert len(Tracked.alive) == 0


async def gone(app: Application, target: str = "/") -> bool:
    """Tell whether the handlers of three requests are gone without the collector."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as executor:
        loop.set_default_executor(executor)
        await fetch(app, target)  # as above
        with without_collector():
            for _ in range(3):
                assert (await fetch(app, target)).ended
            for _ in range(5):
                await asyncio.sleep(0)
            await loop.run_in_executor(None, int)  # the thread, too, is at something else now
            return len(Tracked.alive) == 0


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
async def test_what_goes_along_with_a_request_goes_with_it(
    io_loop: IOLoop, handler: type[Tracked]
) -> None:
    app = Application(
        [("/", handler)],
        cors=CORS("*"),
        request_ids=RequestIds(response_header="X-Request-Id"),
        request_observers=[RequestObserver],
        compress_response=True,
    )

    assert await gone(app)


@pytest.mark.parametrize("name", ["small.txt", "large.bin", "missing.txt", "../out.txt"])
async def test_a_static_file_leaves_nothing_behind_found_or_not(
    io_loop: IOLoop, tmp_path: Path, name: str
) -> None:
    class Files(StaticFileHandler, Tracked):
        def initialize(self, path: str) -> None:  # type: ignore[override]  # fewer arguments
            super().initialize(path)
            self.alive.add(self)

    put(tmp_path, "small.txt")
    put(tmp_path, "large.bin", LARGE)
    app = Application([("/(.*)", Files, {"path": str(tmp_path)})])

    assert await gone(app, f"/{name}")


async def test_a_lost_request_leaves_nothing_behind(io_loop: IOLoop) -> None:
    class Waiting(Tracked):
        async def get(self) -> None:
            await asyncio.Event().wait()

    app = Application([("/", Waiting)])
    with without_collector():
        connection = ask(app)
        await asyncio.sleep(0)
        assert len(Tracked.alive) == 1

        connection.lose()
        del connection
        for _ in range(5):
            await asyncio.sleep(0)

        assert len(Tracked.alive) == 0
