"""The end of a handler, whoever begins it, and that nothing is left of it."""

import asyncio
import gc
import weakref

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import WebSocketClosedError, WebSocketHandler

from .browser import serving, talking
from .noting import Notes, Noting, opened


async def test_a_handler_closes(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        handler.write_message("last")
        handler.close(4001, "enough")
        handler.close()
        with pytest.raises(WebSocketClosedError):
            handler.write_message("too late")

        assert await browser.text() == "last"
        assert await browser.next() == ("close", 4001, "enough")
        assert await browser.next() == ("end",)
        assert await notes.get() == ("close", 4001, None)


async def test_a_reason_without_a_code_is_a_normal_closure(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        handler.close(reason="bye")
        assert await browser.next() == ("close", 1000, "bye")


async def test_nothing_works_on_a_handler_that_is_closed(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        browser.close()
        await notes.get()

        handler.close()
        with pytest.raises(WebSocketClosedError):
            handler.write_message("x")
        with pytest.raises(WebSocketClosedError):
            handler.ping()
        with pytest.raises(WebSocketClosedError):
            handler.set_nodelay(True)


async def test_what_answers_a_request_is_refused_after_the_handshake(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        calls = {
            "write": ("x",),
            "flush": (),
            "finish": (),
            "redirect": ("/",),
            "set_status": (200,),
            "set_header": ("A", "b"),
            "add_header": ("A", "b"),
            "clear_header": ("A",),
            "set_cookie": ("a", "b"),
            "send_error": (),
        }
        for name, args in calls.items():
            with pytest.raises(RuntimeError, match=rf"{name}\(\) is for HTTP"):
                getattr(handler, name)(*args)
        handler.write_message("still open")
        assert await browser.text() == "still open"


async def test_a_server_that_ends_says_so(io_loop: IOLoop) -> None:
    notes = Notes()
    async with (
        serving(Noting, kwargs={"notes": notes}) as (server, port),
        talking(port) as browser,
        talking(port) as other,
    ):
        await opened(notes)
        await opened(notes)
        draining = asyncio.ensure_future(server.drain(60))

        for client in (browser, other):
            assert await client.next() == ("close", 1001, "the server is going away")
            assert await client.next() == ("end",)
            client.writer.close()
        assert await draining


async def test_a_server_that_ends_does_not_wait_for_ever(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (server, port), talking(port):
        await opened(notes)

        assert not await server.drain(0)

        assert await notes.get() == ("close", 1006, None)


async def test_a_server_that_ends_leaves_a_handler_alone_that_is_closed(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (server, port), talking(port) as browser:
        await opened(notes)
        browser.close()
        await notes.get()
        draining = asyncio.ensure_future(server.drain(60))

        assert await browser.next() == ("close", 1000, "")
        assert await browser.next() == ("end",)
        browser.writer.close()
        assert await draining


async def test_nothing_is_left_of_a_handler_that_is_closed(
    io_loop: IOLoop, request: pytest.FixtureRequest
) -> None:
    notes = Notes()
    gc.disable()  # it is to go by itself
    request.addfinalizer(gc.enable)
    async with serving(Noting, kwargs={"notes": notes}) as (_, port):
        for how in ("close", "abort"):
            gone = asyncio.Event()
            async with talking(port) as browser:
                handler: WebSocketHandler | None = await opened(notes)
                assert handler is not None
                weakref.finalize(handler, gone.set)
                handler = None
                if how == "close":
                    browser.close()
                    assert await browser.next() == ("close", 1000, "")
                    assert await browser.next() == ("end",)
                browser.abort()
                await notes.get()
                await notes.get()
                await gone.wait()
