"""The client as a whole: how it is made, shared, used in several places, and how it ends."""

import asyncio
import gc
import threading
import weakref

import pytest

from ostro.curl_httpclient import CurlAsyncHTTPClient
from ostro.httpclient import AsyncHTTPClient, ClientClosedError, HTTPClient, HTTPTimeoutError
from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext

from .support import EMPTY, OK, answering, curl_client, talking


@pytest.fixture
def configured() -> object:
    AsyncHTTPClient.configure("ostro.curl_httpclient.CurlAsyncHTTPClient", max_clients=3)
    yield
    AsyncHTTPClient.configure(None)


async def test_it_can_be_the_client_of_the_program(io_loop: IOLoop, configured: object) -> None:
    client = AsyncHTTPClient()

    async with answering(EMPTY) as server:
        response = await client.fetch(server.url)

    assert type(client) is CurlAsyncHTTPClient
    assert AsyncHTTPClient() is CurlAsyncHTTPClient() is client
    assert response.code == 200
    client.close()


async def test_an_argument_that_nobody_knows_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="colour"):
        CurlAsyncHTTPClient(force_instance=True, colour="red")
    with pytest.raises(ValueError, match="max_clients"):
        CurlAsyncHTTPClient(force_instance=True, max_clients=0)
    with pytest.raises(ValueError, match="max_clients"):
        CurlAsyncHTTPClient(force_instance=True, max_clients_per_host=0)
    with pytest.raises(ValueError, match="max_idle_connections"):
        CurlAsyncHTTPClient(force_instance=True, max_idle_connections=-1)
    with pytest.raises(ValueError, match="idle_timeout"):
        CurlAsyncHTTPClient(force_instance=True, idle_timeout=-1.0)
    with pytest.raises(ValueError, match="max_header_size"):
        CurlAsyncHTTPClient(force_instance=True, max_header_size=0)


def test_it_can_be_the_client_that_blocks() -> None:
    async def serve(started: threading.Event) -> None:
        async with answering(EMPTY) as server:
            urls.append(server.url)
            started.set()
            await asyncio.to_thread(ended.wait)

    urls: list[str] = []
    started, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve(started)))
    thread.start()
    started.wait()
    with HTTPClient(CurlAsyncHTTPClient) as client:
        response = client.fetch(urls[0])
    ended.set()
    thread.join()

    assert response.code == 200


def test_each_loop_has_its_own_in_its_own_thread() -> None:
    async def fetch() -> None:
        async with answering(*[EMPTY] * 20) as server:
            with curl_client() as client:
                for _ in range(20):
                    response = await client.fetch(server.url)
                    codes.append(response.code)

    codes: list[int] = []
    threads = [threading.Thread(target=lambda: asyncio.run(fetch())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == [200] * 60


# Turns


async def test_fetches_have_their_turn_in_order(io_loop: IOLoop) -> None:
    heads: list[bytes] = []
    most = 0
    under_way = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, under_way
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            writer.write(EMPTY)

    async with talking(talk) as server:
        with curl_client(max_clients=2) as client:
            fetches = [client.fetch(f"{server.url}{number}") for number in range(10)]
            responses = await asyncio.gather(*fetches)

    assert most <= 2
    paths = [int(head.split()[1][1:]) for head in heads]
    assert all(abs(path - place) <= 1 for place, path in enumerate(paths))
    assert all(response.time_info["queue"] > 0 for response in responses)


async def test_waiting_for_a_turn_counts_for_the_deadline(io_loop: IOLoop) -> None:
    async with answering(b"") as server:
        with curl_client(max_clients=1) as client:
            first = client.fetch(server.url)
            with pytest.raises(HTTPTimeoutError, match="in the queue") as caught:
                await client.fetch(server.url, request_timeout=0.05)
            first.cancel()

    assert caught.value.response is not None
    assert caught.value.response.time_info["queue"] >= 0.05
    assert caught.value.response.time_info["total"] == 0


async def test_a_host_that_is_slow_does_not_hold_up_others(io_loop: IOLoop) -> None:
    async with answering(b"") as slow, answering(EMPTY) as fast:
        with curl_client(max_clients=2, max_clients_per_host=1) as client:
            waiting = [client.fetch(slow.url) for _ in range(3)]
            url = fast.url.replace("127.0.0.1", "localhost")
            response = await client.fetch(url)
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()

    assert response.code == 200


async def test_a_redirect_to_another_host_has_a_turn_there(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as other:
        location = other.url.replace("127.0.0.1", "localhost").encode()
        moved = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        async with answering(moved) as server:
            with curl_client(max_clients=1, max_clients_per_host=1) as client:
                response = await client.fetch(server.url)

    assert response.code == 200
    assert response.effective_url == location.decode()


# Callbacks


def test_a_callback_gets_the_response_or_the_error(io_loop: IOLoop) -> None:
    found: list[object] = []

    async def run() -> None:
        done = asyncio.Event()

        def take(response: object) -> None:
            found.append(response)
            if len(found) == 2:
                done.set()

        async with answering(EMPTY) as server:
            with curl_client() as client:
                client.fetch(server.url, take)
                client.fetch("http://nobody.invalid/", take)
                await done.wait()

    io_loop.run_sync(run)

    assert sorted(response.code for response in found) == [200, 599]  # type: ignore[attr-defined]  # they are responses


async def test_callbacks_of_the_request_run_in_its_contexts(io_loop: IOLoop) -> None:
    caught: list[object] = []

    def handle(kind: object, error: object, traceback: object) -> bool:
        caught.append(error)
        return True

    def fail(piece: bytes) -> None:
        raise LookupError(piece)

    async with answering(OK + b"Content-Length: 3\r\n\r\nabc") as server:
        with curl_client() as client:
            with ExceptionStackContext(handle):
                fetch = client.fetch(server.url, streaming_callback=fail)
            await fetch

    assert [str(error) for error in caught] == ["b'abc'"]


# The end


async def test_a_fetch_that_is_cancelled_closes_its_connection(io_loop: IOLoop) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()

    async with talking(talk) as server:
        with curl_client(max_clients=1) as client:
            fetch = client.fetch(server.url)
            await asked.wait()
            fetch.cancel()
            await gone.wait()
            assert fetch.cancelled()


async def test_closing_ends_what_is_under_way(io_loop: IOLoop) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()

    async with talking(talk) as server:
        client = CurlAsyncHTTPClient(force_instance=True, max_clients=1)
        fetches = [client.fetch(server.url) for _ in range(2)]
        await asked.wait()
        late = client.fetch(server.url)  # closed before it has begun
        client.close()
        client.close()
        results = await asyncio.gather(*fetches, late, return_exceptions=True)
        await gone.wait()

    assert [type(result) for result in results] == [ClientClosedError] * 3
    with pytest.raises(ClientClosedError):
        client.fetch("http://127.0.0.1:9/")


def test_a_client_may_be_closed_after_its_loop(io_loop: IOLoop) -> None:
    async def fetch() -> CurlAsyncHTTPClient:
        async with answering(EMPTY) as server:
            client = CurlAsyncHTTPClient(force_instance=True)
            await client.fetch(server.url)
            return client

    client = io_loop.run_sync(fetch)
    io_loop.close()
    client.close()

    assert client.closed


async def test_a_client_that_nobody_holds_closes_its_connections(io_loop: IOLoop) -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        await reader.read()
        gone.set()

    async with talking(talk) as server:
        client = CurlAsyncHTTPClient(force_instance=True)
        await client.fetch(server.url)
        engine = weakref.ref(client.engine)
        del client
        await asyncio.sleep(0)
        gc.collect()
        assert engine() is None
        await gone.wait()


async def test_a_fetch_leaves_no_reference_cycles(io_loop: IOLoop) -> None:
    async with answering(*[OK + b"Content-Length: 3\r\n\r\nabc"] * 12) as server:
        with curl_client() as client:
            await client.fetch(server.url)
            await asyncio.sleep(0)
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await client.fetch(server.url)
                    await client.fetch(server.url, streaming_callback=lambda piece: None)
                await asyncio.sleep(0)
                garbage = gc.collect()
            finally:
                gc.enable()

    assert garbage == 0
