"""The guestbook tested in the style of pytest."""

import asyncio

import anyio.lowlevel
import pytest

from guestbook.app import make_app
from ostro import web
from ostro.httpclient import AsyncHTTPClient
from ostro.testing import MemoryClient, Upload
from ostro.testing.pytest_plugin import WebSocketConnect


@pytest.fixture
def app() -> web.Application:
    return make_app(xsrf_cookies=True)


@pytest.fixture
async def client(memory_client: MemoryClient) -> MemoryClient:
    await memory_client.get("/")
    return MemoryClient(memory_client.application, xsrf=True)


async def test_a_new_book_is_empty(http_client: AsyncHTTPClient, base_url: str) -> None:
    response = await http_client.fetch(f"{base_url}/")

    assert response.body == b'{"entries": []}'


async def test_entries_are_kept(client: MemoryClient) -> None:
    response = await client.post("/", form={"entry": "Ada was here"})

    assert response.json() == {"entries": ["Ada was here"]}


async def test_a_book_can_be_uploaded(client: MemoryClient) -> None:
    response = await client.post("/upload", files={"book": Upload("book.txt", b"Ada\nGrace")})

    assert response.code == 201
    assert (await client.get("/")).json() == {"entries": ["Ada", "Grace"]}


async def test_strangers_are_refused(memory_client: MemoryClient) -> None:
    assert (await memory_client.post("/", form={"entry": "spam"})).code == 403


async def test_news_are_told(ws_connect: WebSocketConnect, client: MemoryClient) -> None:
    news = await ws_connect("/news")
    await client.post("/", form={"entry": "hello"})

    assert await news.read_message() == '{"entry": "hello"}'


@pytest.mark.asyncio
async def test_other_plugins_keep_their_tests() -> None:
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_all_of_them(anyio_backend_name: str) -> None:
    await anyio.lowlevel.checkpoint()
    assert anyio_backend_name
