"""What an application needs around its requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ostro.ioloop import IOLoop
from ostro.web import Application, Mount, Router, StartupError

from .support import serving

Hook = Callable[[Application], AbstractAsyncContextManager[None]]


@pytest.fixture
def events() -> list[str]:
    return []


def hook(name: str, events: list[str], fails_at: str = "") -> Hook:
    @asynccontextmanager
    async def resource(application: Application) -> AsyncIterator[None]:
        if fails_at == "start":
            raise OSError("connection refused")
        events.append(f"{name} up")
        yield
        events.append(f"{name} down")
        if fails_at == "end":
            raise OSError("connection lost")

    resource.__qualname__ = name
    return resource


async def test_hooks_are_entered_in_order_and_left_in_reverse(
    io_loop: IOLoop, events: list[str]
) -> None:
    app = Application(lifespan=[hook("a", events), hook("b", events)])

    async with app.lifespan():
        assert events == ["a up", "b up"]

    assert events == ["a up", "b up", "b down", "a down"]


async def test_one_hook_needs_no_list_and_none_no_setting(
    io_loop: IOLoop, events: list[str]
) -> None:
    async with Application(lifespan=hook("a", events)).lifespan(), Application().lifespan():
        assert events == ["a up"]


async def test_a_hook_gets_the_application(io_loop: IOLoop) -> None:
    @asynccontextmanager
    async def database(application: Application) -> AsyncIterator[None]:
        application.settings["database"] = "open"
        yield
        del application.settings["database"]

    app = Application(lifespan=database)

    async with app.lifespan():
        assert app.settings["database"] == "open"
    assert "database" not in app.settings


async def test_mounted_applications_start_after_the_one_around_them_and_once(
    io_loop: IOLoop, events: list[str]
) -> None:
    inner = Application([Mount("/c", Application(lifespan=hook("c", events)))])
    app = Application(
        [Router([Mount("/a", inner)], prefix="/x"), Mount("/b", inner)],
        lifespan=hook("outer", events),
    )
    inner.settings["lifespan"] = hook("inner", events)

    async with app.lifespan():
        pass

    assert events == ["outer up", "inner up", "c up", "c down", "inner down", "outer down"]


async def test_a_failed_startup_says_what_failed_and_leaves_the_rest(
    io_loop: IOLoop, events: list[str]
) -> None:
    app = Application(lifespan=[hook("a", events), hook("db", events, "start"), hook("c", events)])

    with pytest.raises(StartupError, match="'db' failed: OSError: connection refused") as caught:
        async with app.lifespan():
            pytest.fail("it was started")

    assert events == ["a up", "a down"]
    assert caught.value.hook == "db"
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_failed_shutdown_is_logged_and_the_rest_left(
    io_loop: IOLoop, events: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = Application(lifespan=[hook("a", events), hook("b", events, "end")])

    async with app.lifespan():
        pass

    assert events == ["a up", "b up", "b down", "a down"]
    assert "Uncaught exception in the shutdown of 'b'" in caplog.text
    assert "connection lost" in caplog.text


async def test_when_one_is_cancelled_in_its_shutdown_the_rest_is_left(
    io_loop: IOLoop, events: list[str]
) -> None:
    hangs = asyncio.Event()

    class Hanging:
        def __call__(self, application: Application) -> AbstractAsyncContextManager[None]:
            return self.resource()

        @asynccontextmanager
        async def resource(self) -> AsyncIterator[None]:
            yield
            hangs.set()
            await asyncio.Event().wait()

    app = Application(lifespan=[hook("a", events), Hanging()])

    async def live() -> None:
        async with app.lifespan():
            pass

    task = asyncio.ensure_future(live())
    await hangs.wait()
    task.cancel()  # as the second signal does
    with pytest.raises(asyncio.CancelledError):
        await task

    assert events == ["a up", "a down"]


async def test_hooks_are_left_when_what_they_surround_fails(
    io_loop: IOLoop, events: list[str]
) -> None:
    with pytest.raises(ValueError, match="inside"):
        async with Application(lifespan=hook("a", events)).lifespan():
            raise ValueError("inside")

    assert events == ["a up", "a down"]


async def test_a_hook_that_is_a_bare_generator_is_told_what_it_lacks(io_loop: IOLoop) -> None:
    async def bare(application: Application) -> AsyncIterator[None]:
        yield

    with pytest.raises(
        StartupError, match=r"'.*bare' .* is contextlib.asynccontextmanager missing"
    ):
        async with Application(lifespan=bare).lifespan():
            pass


async def test_a_hook_without_a_name_is_told_by_its_repr(io_loop: IOLoop) -> None:
    class Failing:
        def __call__(self, application: Application) -> AbstractAsyncContextManager[None]:
            raise OSError

        def __repr__(self) -> str:
            return "<the failing one>"

    with pytest.raises(StartupError, match="<the failing one>"):
        async with Application(lifespan=Failing()).lifespan():
            pass


@pytest.mark.parametrize("entered", [True, False])
async def test_listen_warns_where_nobody_starts_the_application_up(
    io_loop: IOLoop, events: list[str], caplog: pytest.LogCaptureFixture, entered: bool
) -> None:
    app = Application(lifespan=hook("a", events))

    if entered:
        async with app.lifespan():
            app.listen(0, "127.0.0.1").stop()
    else:
        app.listen(0, "127.0.0.1").stop()

    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert (warned != []) is not entered


async def test_a_server_around_lifespan_serves(io_loop: IOLoop, events: list[str]) -> None:
    app = Application(lifespan=hook("a", events))

    async with app.lifespan(), serving(app) as port:
        assert port
        assert events == ["a up"]
