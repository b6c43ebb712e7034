"""How a handler takes a handshake, and what it refuses."""

import asyncio
import logging
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.web import HTTPError, authenticated
from ostro.websocket import CompressionOptions, WebSocketHandler
from ostro.websocket._compression import CompressionChoice
from ostro.websocket._deflate import DeflateAgreement

from .browser import KEY, connected, opening, serving, talking


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))


async def test_a_handshake_is_answered_as_in_the_rfc(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), talking(port) as browser:
        assert browser.head.startswith("HTTP/1.1 101 Switching Protocols\r\n")
        fields = browser.fields()
        assert fields["upgrade"] == "websocket"
        assert fields["connection"].lower() == "upgrade"
        assert fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert not {"content-type", "content-length", "transfer-encoding"} & set(fields)
        assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & set(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "AAAA"},
        {"Sec_WebSocket_Protocol": "a b"},
        {"Sec_WebSocket_Extensions": "permessage-deflate;"},
    ],
)
async def test_what_is_no_handshake_gets_400_and_a_reason(
    fields: dict[str, str | None], io_loop: IOLoop
) -> None:
    class Compressed(Echo):
        def get_compression_options(self) -> CompressionChoice:
            return {}

    async with serving(Compressed) as (_, port), connected(port) as browser:
        assert await browser.open(opening("/", **fields)) == 400
        assert len(await browser.body()) > 10
        assert await browser.open(opening()) == 101  # on the same connection


async def test_http_1_0_gets_400(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        assert await browser.open(opening().replace(b"HTTP/1.1", b"HTTP/1.0")) == 400


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"HEAD"])
async def test_another_method_gets_405(method: bytes, io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        assert await browser.open(opening().replace(b"GET", method)) == 405
        assert browser.fields()["allow"] == "GET"


@pytest.mark.parametrize("version", [None, "8", "14"])
async def test_another_version_gets_426_and_the_right_one(
    version: str | None, io_loop: IOLoop
) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        assert await browser.open(opening(Sec_WebSocket_Version=version)) == 426
        assert browser.fields()["sec-websocket-version"] == "13"
        assert "13" in await browser.body()


# Origins


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://example.com", 101),
        ("https://EXAMPLE.com", 101),
        ("http://example.com:8080", 403),
        ("http://evil.example", 403),
        ("http://example.com.evil.example", 403),
        ("http://evil.example/example.com", 403),
        ("http://example.com@evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
    ],
)
async def test_pages_of_other_origins_are_refused(
    origin: str | None, status: int, io_loop: IOLoop
) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        assert await browser.open(opening(Origin=origin)) == status


async def test_the_origin_in_the_header_of_the_drafts_is_looked_at_too(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        assert await browser.open(opening(Sec_WebSocket_Origin="http://evil.example")) == 403


async def test_a_handler_may_allow_other_origins(io_loop: IOLoop) -> None:
    class Public(Echo):
        def check_origin(self, origin: str) -> bool:
            return origin == "http://friend.example"

    async with serving(Public) as (_, port), connected(port) as browser:
        assert await browser.open(opening(Origin="http://evil.example")) == 403
        await browser.body()
        assert await browser.open(opening(Origin="http://friend.example")) == 101


# Subprotocols and compression


class Choosing(Echo):
    offered: list[list[str]]
    choice: str | None

    def initialize(self, offered: list[list[str]], choice: str | None) -> None:
        self.offered = offered
        self.choice = choice

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        self.offered.append(subprotocols)
        return self.choice

    def open(self) -> None:
        self.write_message({"chosen": [self.subprotocol, self.selected_subprotocol]})


@pytest.mark.parametrize(("choice", "shown"), [("b", '"b"'), (None, "null")])
async def test_a_subprotocol_is_selected_from_those_offered(
    choice: str | None, shown: str, io_loop: IOLoop
) -> None:
    offered: list[list[str]] = []
    kwargs = {"offered": offered, "choice": choice}
    async with (
        serving(Choosing, kwargs=kwargs) as (_, port),
        talking(port, Sec_WebSocket_Protocol="a, b") as browser,
    ):
        assert browser.fields().get("sec-websocket-protocol") == choice
        assert offered == [["a", "b"]]
        assert await browser.text() == f'{{"chosen": [{shown}, {shown}]}}'


async def test_no_subprotocol_is_selected_where_none_is_offered(io_loop: IOLoop) -> None:
    offered: list[list[str]] = []
    kwargs = {"offered": offered, "choice": "b"}
    async with serving(Choosing, kwargs=kwargs) as (_, port), talking(port) as browser:
        assert offered == []
        assert "sec-websocket-protocol" not in browser.fields()


async def test_by_default_none_is_selected(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), talking(port, Sec_WebSocket_Protocol="a") as browser:
        assert "sec-websocket-protocol" not in browser.fields()


async def test_a_subprotocol_that_was_not_offered_is_an_error_of_the_handler(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    kwargs: dict[str, Any] = {"offered": [], "choice": "c"}
    async with serving(Choosing, kwargs=kwargs) as (_, port), connected(port) as browser:
        assert await browser.open(opening(Sec_WebSocket_Protocol="a")) == 500
        assert "select_subprotocol returned 'c'" in caplog.text


class Compressing(Echo):
    choice: CompressionChoice

    def initialize(self, choice: CompressionChoice) -> None:
        self.choice = choice

    def get_compression_options(self) -> CompressionChoice:
        return self.choice


@pytest.mark.parametrize(
    ("choice", "answer"),
    [
        (None, None),
        ({}, "permessage-deflate"),
        ({"compression_level": 1, "mem_level": 5}, "permessage-deflate"),
        (
            CompressionOptions(server_no_context_takeover=True),
            "permessage-deflate; server_no_context_takeover",
        ),
    ],
)
async def test_compression_is_agreed_on_where_the_handler_wants_it(
    choice: CompressionChoice, answer: str | None, io_loop: IOLoop
) -> None:
    deflate = None if answer is None else DeflateAgreement()
    async with (
        serving(Compressing, kwargs={"choice": choice}) as (_, port),
        talking(port, deflate=deflate, Sec_WebSocket_Extensions="permessage-deflate") as browser,
    ):
        assert browser.fields().get("sec-websocket-extensions") == answer
        browser.send("Hello" * 100, b"Hello")
        assert await browser.text() == "Hello" * 100
        assert await browser.next() == ("binary", b"Hello")


@pytest.mark.parametrize("offer", [None, "x-other", "permessage-deflate; unknown=1"])
async def test_without_an_offer_that_fits_there_is_no_compression(
    offer: str | None, io_loop: IOLoop
) -> None:
    async with (
        serving(Compressing, kwargs={"choice": {}}) as (_, port),
        talking(port, Sec_WebSocket_Extensions=offer) as browser,
    ):
        assert "sec-websocket-extensions" not in browser.fields()


async def test_a_compression_option_that_is_unknown_is_an_error_of_the_handler(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    kwargs = {"choice": {"compresion": 1}}
    async with serving(Compressing, kwargs=kwargs) as (_, port), connected(port) as browser:
        request = opening(Sec_WebSocket_Extensions="permessage-deflate")
        assert await browser.open(request) == 500
        assert "'compresion' is unknown" in caplog.text


# The handshake is a request like any other


async def test_arguments_cookies_and_headers_work_in_the_handshake(io_loop: IOLoop) -> None:
    class Room(WebSocketHandler):
        def set_default_headers(self) -> None:
            self.set_header("X-Room", "yes")

        async def prepare(self) -> None:
            self.set_cookie("seen", "1")

        def open(self, room: str, extra: str | None) -> None:
            name = self.get_argument("name", "nobody")
            self.write_message({"room": [room, extra, name, self.get_cookie("user")]})

    async with (
        serving(Room, r"/room/([^/]+)/?(.+)?") as (_, port),
        talking(port, "/room/a%20b?name=Bo", Cookie="user=me") as browser,
    ):
        assert await browser.text() == '{"room": ["a b", null, "Bo", "me"]}'
        assert browser.fields()["x-room"] == "yes"
        assert browser.fields()["set-cookie"].startswith("seen=1")


async def test_prepare_can_refuse(io_loop: IOLoop) -> None:
    class Private(Echo):
        def prepare(self) -> None:
            raise HTTPError(401)

    async with serving(Private) as (_, port), connected(port) as browser:
        assert await browser.open(opening()) == 401


@pytest.mark.parametrize("user", ["", "Ann"])
async def test_a_handler_may_do_something_in_get_before_the_handshake(
    user: str, io_loop: IOLoop
) -> None:
    class Guarded(WebSocketHandler):
        def get_current_user(self) -> str:
            return self.get_argument("user")

        @authenticated
        async def get(self, /, *args: str, **kwargs: str) -> None:
            await asyncio.sleep(0)
            await super().get(*args, **kwargs)

        def open(self) -> None:
            self.write_message(f"Hello {self.current_user}")

    async with serving(Guarded, login_url="/login") as (_, port), connected(port) as browser:
        status = await browser.open(opening(f"/?user={user}"))
        if user:
            assert status == 101
            assert await browser.text() == "Hello Ann"
            browser.close()
            assert await browser.next() == ("close", 1000, "")
        else:
            assert status == 302
            assert browser.fields()["location"].startswith("/login?next=")


async def test_a_handshake_is_logged_as_a_request(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ostro.access")
    async with serving(Echo) as (_, port), talking(port, "/path"):
        assert "101 GET /path (127.0.0.1)" in caplog.text


async def test_messages_right_behind_the_handshake_are_not_lost(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        message = browser.protocol.send_text("early")
        browser.writer.write(opening() + message[:3])
        await browser.reader.readuntil(b"\r\n\r\n")
        browser.writer.write(message[3:])

        assert await browser.text() == "early"


async def test_a_body_of_the_handshake_is_no_part_of_the_messages(io_loop: IOLoop) -> None:
    async with serving(Echo) as (_, port), connected(port) as browser:
        request = opening(Content_Length="5") + b"\x81\x80aaa"
        assert await browser.open(request) == 101
        browser.send("Hello")
        assert await browser.text() == "Hello"


def test_the_key_of_these_tests_is_that_of_the_rfc() -> None:
    assert KEY == "dGhlIHNhbXBsZSBub25jZQ=="
