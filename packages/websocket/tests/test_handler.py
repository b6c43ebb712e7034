"""A handler that is open: its messages, its errors, its settings."""

import asyncio
import logging
import socket
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.websocket import WebSocketClosedError, WebSocketHandler

from .browser import connected, opening, serving, talking
from .noting import Notes, Noting, opened


async def test_a_handler_is_told_of_everything_in_order(io_loop: IOLoop) -> None:
    notes = Notes()
    async with (
        serving(Noting, kwargs={"notes": notes}) as (_, port),
        talking(port) as browser,
    ):
        handler = await opened(notes)
        assert (handler.close_code, handler.close_reason) == (None, None)
        browser.send("text", b"binary")
        browser.close(4000, "bye")

        assert await notes.get() == ("message", "text")
        assert await notes.get() == ("message", b"binary")
        assert await notes.get() == ("close", 4000, "bye")
        assert await notes.get() == ("finish",)
        assert await browser.next() == ("close", 4000, "")
        assert await browser.next() == ("end",)
        assert notes.empty()


async def test_a_client_that_gives_no_reason_leaves_none(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        await opened(notes)
        browser.close(None)
        assert await notes.get() == ("close", 1005, None)


@pytest.mark.parametrize("how", ["reset", "end"])
async def test_a_client_that_is_lost_is_noticed_once(how: str, io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        if how == "reset":
            browser.abort()
        else:
            browser.writer.write_eof()
        assert await notes.get() == ("close", 1006, None)
        assert await notes.get() == ("finish",)
        assert handler.ws_connection is None


async def test_messages_of_every_kind_can_be_written(io_loop: IOLoop) -> None:
    class Writer(WebSocketHandler):
        def open(self) -> None:
            self.write_message("text")
            self.write_message("Gr\u00fc\u00dfe".encode())
            self.write_message({"a": [1, None]})
            self.write_message("bytes", binary=True)
            self.write_message(b"\xff\x00", binary=True)
            self.write_message(bytearray(b"more"), True)  # type: ignore[arg-type]  # all that is bytes

    async with serving(Writer) as (_, port), talking(port) as browser:
        assert [await browser.next() for _ in range(6)] == [
            ("text", "text"),
            ("text", "Gr\u00fc\u00dfe"),
            ("text", '{"a": [1, null]}'),
            ("binary", b"bytes"),
            ("binary", b"\xff\x00"),
            ("binary", b"more"),
        ]


async def test_what_cannot_be_written_is_refused(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        with pytest.raises(TypeError, match="str, bytes or dict, not list"):
            handler.write_message(["a"])  # type: ignore[arg-type]  # that is the point
        with pytest.raises(UnicodeDecodeError):
            handler.write_message(b"\xff")
        with pytest.raises(UnicodeEncodeError):
            handler.write_message("\ud800")
        with pytest.raises(ValueError, match="126 bytes"):
            handler.ping(b"x" * 126)
        with pytest.raises(ValueError, match="close code 1005"):
            handler.close(1005)
        handler.write_message("fine")
        assert await browser.text() == "fine"


async def test_a_handler_pings_and_is_pinged(io_loop: IOLoop) -> None:
    class Pinging(WebSocketHandler):
        def open(self) -> None:
            self.set_nodelay(True)
            self.ping("text")

        def on_ping(self, data: bytes) -> None:
            self.write_message(b"ping " + data)

        def on_pong(self, data: bytes) -> None:
            self.write_message(b"pong " + data)

    async with serving(Pinging) as (_, port), talking(port) as browser:
        assert await browser.next() == ("ping", b"text")
        browser.writer.write(browser.protocol.send_pong(b"text"))
        browser.writer.write(browser.protocol.send_ping(b"1"))
        assert await browser.next() == ("text", "pong text")
        assert await browser.next() == ("pong", b"1")
        assert await browser.next() == ("text", "ping 1")


async def test_a_handler_that_only_listens_needs_no_other_methods(io_loop: IOLoop) -> None:
    class Plain(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message("got it")

    async with serving(Plain) as (_, port), talking(port) as browser:
        browser.writer.write(browser.protocol.send_ping(b"") + browser.protocol.send_pong(b""))
        browser.send("x")
        assert await browser.next() == ("pong", b"")
        assert await browser.text() == "got it"
        browser.close()
        assert await browser.next() == ("close", 1000, "")


async def test_a_message_to_a_handler_that_takes_none_is_an_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(WebSocketHandler) as (_, port), talking(port) as browser:
        browser.send("x")
        assert await browser.next() == ("close", 1011, "internal error")
    assert "does not define on_message" in caplog.text


# Coroutines


async def test_coroutines_get_one_message_after_the_other(io_loop: IOLoop) -> None:
    class Slow(WebSocketHandler):
        running = 0

        async def open(self) -> None:
            await asyncio.sleep(0)
            await self.write_message("open")

        async def on_message(self, message: str | bytes) -> None:
            self.running += 1
            await asyncio.sleep(0)
            await self.write_message(f"{message!r} {self.running}")
            self.running -= 1

        async def on_close(self) -> None:
            await asyncio.sleep(0)
            closed.set()

    closed = asyncio.Event()
    async with serving(Slow) as (_, port), talking(port) as browser:
        browser.send(*"abc")
        texts = [await browser.text() for _ in range(4)]
        browser.close()
        await closed.wait()

    assert texts == ["open", "'a' 1", "'b' 1", "'c' 1"]


async def test_messages_can_be_read_in_a_loop(io_loop: IOLoop) -> None:
    class Reading(WebSocketHandler):
        async def open(self) -> None:
            async for message in self:
                await self.write_message(message, binary=isinstance(message, bytes))
            ended.set_result(self.close_code)

    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    async with serving(Reading) as (_, port), talking(port) as browser:
        browser.send("a", b"b")
        assert await browser.next() == ("text", "a")
        assert await browser.next() == ("binary", b"b")
        browser.close(4000)
        assert await ended == 4000


async def test_messages_can_be_read_one_by_one(io_loop: IOLoop) -> None:
    class Login(WebSocketHandler):
        async def open(self) -> None:
            await self.write_message("who are you?")
            name = await self.read_message()
            await self.write_message(f"and your password, {name!s}?")
            password = await self.read_message()
            await self.write_message(f"welcome, {password!s} is right")
            assert await self.read_message() is None
            assert await self.read_message() is None
            done.set()

    done = asyncio.Event()
    async with serving(Login) as (_, port), talking(port) as browser:
        browser.send("Bo", "1234")
        assert [await browser.text() for _ in range(3)] == [
            "who are you?",
            "and your password, Bo?",
            "welcome, 1234 is right",
        ]
        browser.close()
        await done.wait()


async def test_a_handler_that_reads_after_the_end_gets_nothing(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        browser.close()
        await notes.get()

        assert await handler.read_message() is None
        assert [message async for message in handler] == []


async def test_a_client_has_to_wait_for_a_handler_that_does_not_read(io_loop: IOLoop) -> None:
    class Lazy(WebSocketHandler):
        async def open(self) -> None:
            await begin.wait()
            async for message in self:
                taken.append(message)
                if message == "end":
                    self.close()

    begin = asyncio.Event()
    taken: list[str | bytes] = []
    async with serving(Lazy) as (_, port), talking(port) as browser:
        sock = browser.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # no kernel takes it all
        browser.send(*["x" * 100_000] * 200)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(browser.writer.drain(), 0.2)
        begin.set()
        await browser.writer.drain()
        browser.send("end")
        assert await browser.next() == ("close", 1005, "")

    assert len(taken) == 201


async def test_a_handler_can_wait_for_a_client_that_does_not_read(io_loop: IOLoop) -> None:
    class Flood(WebSocketHandler):
        async def open(self) -> None:
            for _ in range(200):
                await self.write_message("x" * 100_000)
                sent.append(1)
                some.set()

    sent: list[int] = []
    some = asyncio.Event()
    async with serving(Flood) as (_, port), talking(port) as browser:
        await some.wait()
        assert len(sent) < 200
        for _ in range(200):
            assert len(await browser.text()) == 100_000


# Errors


@pytest.mark.parametrize("place", ["open", "open later", "message", "message later", "callback"])
async def test_an_exception_closes_with_1011_and_is_logged(
    place: str, io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def later() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    class Failing(WebSocketHandler):
        def open(self) -> Any:
            if place == "open":
                raise ZeroDivisionError
            return later() if place == "open later" else None

        def on_message(self, message: str | bytes) -> Any:
            if place == "message":
                raise ZeroDivisionError
            if place == "callback":
                IOLoop.current().add_callback(lambda: 1 // 0)
                return None
            return later()

        def on_close(self) -> None:
            closed.append(self.close_code)

    closed: list[int | None] = []
    async with serving(Failing) as (_, port), talking(port, "/path") as browser:
        browser.send("x")
        assert await browser.next() == ("close", 1011, "internal error")
        assert await browser.next() == ("end",)
    assert closed == [1011]
    assert "Uncaught exception GET /path (127.0.0.1)" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_wrapped_callback_that_fails_closes_with_1011(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        assert handler.async_callback(None) is None
        callback = handler.async_callback(lambda a, b: a // b, 1, b=0)
        assert callback is not None
        callback()
        assert await browser.next() == ("close", 1011, "internal error")
        await notes.get()
        callback()  # there is nothing left to close
    assert caplog.text.count("Traceback") == 2


async def test_a_callback_that_writes_too_late_is_no_error(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), talking(port) as browser:
        handler = await opened(notes)
        callback = handler.async_callback(handler.write_message, "late")
        assert callback is not None
        browser.close()
        await notes.get()
        callback()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("later", [True, False])
async def test_an_exception_of_on_close_is_logged(
    later: bool, io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(WebSocketHandler):
        def on_close(self) -> Any:
            if later:
                return self.fail_later()
            raise ZeroDivisionError

        async def fail_later(self) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError

        def on_finish(self) -> None:
            finished.set()

    finished = asyncio.Event()
    async with serving(Failing) as (_, port), talking(port) as browser:
        browser.close()
        await finished.wait()
        assert await browser.next() == ("close", 1000, "")
        assert await browser.next() == ("end",)
    assert "ZeroDivisionError" in caplog.text


async def test_a_coroutine_is_cancelled_when_the_connection_breaks(io_loop: IOLoop) -> None:
    class Waiting(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            try:
                self.write_message("waiting")
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    cancelled = asyncio.Event()
    async with serving(Waiting) as (_, port), talking(port) as browser:
        browser.send("x")
        await browser.text()
        browser.abort()
        await cancelled.wait()


# Settings


async def test_a_message_over_the_limit_is_answered_1009(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ostro.general")
    notes = Notes()
    async with (
        serving(Noting, kwargs={"notes": notes}, websocket_max_message_size=10) as (_, port),
        talking(port) as browser,
    ):
        await opened(notes)
        browser.send("x" * 10, "x" * 11)
        assert await notes.get() == ("message", "x" * 10)
        assert await browser.next() == ("close", 1009, "message too big")
        assert await notes.get() == ("close", 1006, None)
    assert "message too big" in caplog.text


async def test_pings_are_sent_as_the_settings_say(io_loop: IOLoop) -> None:
    notes = Notes()
    async with (
        serving(
            Noting,
            kwargs={"notes": notes},
            websocket_ping_interval=0.01,
            websocket_ping_timeout=60,
        ) as (_, port),
        talking(port) as browser,
    ):
        handler = await opened(notes)
        assert (handler.ping_interval, handler.ping_timeout) == (0.01, 60)
        assert await browser.next() == ("ping", b"")
        browser.writer.write(browser.protocol.send_pong())
        assert await browser.next() == ("ping", b"")
        assert notes.empty()


async def test_a_client_has_one_interval_to_answer_a_ping_unless_told_otherwise(
    io_loop: IOLoop,
) -> None:
    notes = Notes()
    async with (
        serving(Noting, kwargs={"notes": notes}, websocket_ping_interval=0.01) as (_, port),
        talking(port) as browser,
    ):
        handler = await opened(notes)
        assert (handler.ping_interval, handler.ping_timeout) == (0.01, 0.01)
        assert await browser.next() == ("ping", b"")
        assert await notes.get() == ("close", 1006, None)


def test_without_settings_there_are_no_pings_and_ten_mebibytes() -> None:
    class Settings(WebSocketHandler):
        settings: dict[str, Any] = {}

        def __init__(self) -> None:
            """Have no request."""

    handler = Settings()

    assert (handler.ping_interval, handler.ping_timeout) == (0.0, 0.0)
    assert handler.max_message_size == 10 * 1024 * 1024
    handler.settings["websocket_ping_interval"] = 30
    handler.settings["websocket_ping_timeout"] = 10
    handler.settings["websocket_max_message_size"] = 0
    assert (handler.ping_interval, handler.ping_timeout) == (30.0, 10.0)
    assert handler.max_message_size == 0
    assert handler.max_write_buffer_size == 16 * 1024 * 1024
    handler.settings["websocket_max_write_buffer_size"] = 1000
    assert handler.max_write_buffer_size == 1000


async def test_a_client_that_does_not_read_what_is_written_without_waiting_is_dropped(
    io_loop: IOLoop,
) -> None:
    class Flood(Noting):
        def open(self) -> None:
            super().open()
            asyncio.get_running_loop().call_soon(self.flood)

        def flood(self) -> None:
            try:
                while True:
                    self.write_message("x" * 100_000)
            except WebSocketClosedError:
                self.notes.put_nowait(("refused",))

    notes = Notes()
    async with (
        serving(Flood, kwargs={"notes": notes}, websocket_max_write_buffer_size=1000000) as (
            _,
            port,
        ),
        talking(port),
    ):
        await opened(notes)
        assert await notes.get() == ("refused",)
        assert await notes.get() == ("close", 1006, None)


async def test_a_request_is_not_answered_twice(io_loop: IOLoop) -> None:
    notes = Notes()
    async with serving(Noting, kwargs={"notes": notes}) as (_, port), connected(port) as browser:
        assert await browser.open(opening() + opening("/second")) == 101
        await opened(notes)
        assert (await browser.next())[:2] == ("close", 1002)
