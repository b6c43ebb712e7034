"""What only the simple client has: its options, its connections, its cookies."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    CookieJar,
    HTTPConnectError,
    HTTPRequest,
    RedirectError,
    SimpleAsyncHTTPClient,
)
from ostro.ioloop import IOLoop
from ostro.netutil import Resolver
from ostro.websocket import websocket_connect

from .conformance.fixtures import MakeClient, MakeRaw
from .conformance.servers import OK, Site, answers, echoed
from .support import silence, simple

# Connections


async def test_a_host_has_a_bound_of_its_own(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_clients=10, max_clients_per_host=1)
    slow, quick = await raw(silence), await raw(answers(OK))
    waiting = [client.fetch(slow.url) for _ in range(3)]
    await slow.asked()

    response = await client.fetch(quick.url.replace("localhost", "127.0.0.1"))

    assert response.body == b"ok"
    assert len(slow.peers) == 1
    for fetch in waiting:
        fetch.cancel()


async def test_a_redirect_to_another_host_takes_a_turn_there(
    io_loop: IOLoop, make_client: MakeClient, site: Site
) -> None:
    client = simple(make_client(max_clients=1, max_clients_per_host=1))
    other = site.url.replace("localhost", "127.0.0.1")

    response = await client.fetch(f"{site.url}/redirect/302?to={other}/echo")

    assert response.effective_url == f"{other}/echo"
    assert (client.turns.taken, client.turns.waiting) == (0, 0)


async def test_no_connection_is_kept_when_none_is_wanted(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(idle_timeout=0)
    server = await raw(answers(OK, stay=True))

    await client.fetch(server.url)

    await server.all_gone()


async def test_idle_connections_have_bounds(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = simple(make_client(max_idle_connections=2, max_idle_connections_per_host=1))
    servers = [await raw(answers(OK, OK, stay=True)) for _ in range(3)]

    await asyncio.gather(*[client.fetch(server.url) for server in servers for _ in range(2)])

    assert len(client.pool) == 2


async def test_host_names_may_be_mapped(
    io_loop: IOLoop, make_client: MakeClient, site: Site
) -> None:
    client = make_client(hostname_mapping={"xn--bcher-kva.example": "localhost"})

    response = await client.fetch(f"http://b\u00fccher.example:{site.port}/echo")

    assert echoed(response.body)["Host"] == f"xn--bcher-kva.example:{site.port}"


async def test_a_resolver_may_be_given(
    io_loop: IOLoop, make_client: MakeClient, site: Site
) -> None:
    asked = []

    class Mine(Resolver):
        async def resolve(self, host: str, port: int, family: int = 0, callback: Any = None) -> Any:
            asked.append((host, family))
            return [(socket.AF_INET, ("127.0.0.1", port))]

    client = make_client(resolver=Mine())

    await client.fetch(f"http://any.example:{site.port}/echo")
    await client.fetch(f"http://other.example:{site.port}/echo", allow_ipv6=False)

    assert asked == [("any.example", socket.AF_UNSPEC), ("other.example", socket.AF_INET)]


async def test_the_next_address_is_tried_where_one_fails(
    io_loop: IOLoop, make_client: MakeClient, site: Site
) -> None:
    class Both(Resolver):
        async def resolve(self, host: str, port: int, family: int = 0, callback: Any = None) -> Any:
            return [(socket.AF_INET, ("127.0.0.9", 1)), (socket.AF_INET, ("127.0.0.1", port))]

    client = make_client(resolver=Both())

    assert (await client.fetch(f"http://any.example:{site.port}/echo")).code == 200


async def test_ipv6_addresses_are_connected_to(io_loop: IOLoop, client: AsyncHTTPClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()

    try:
        server = await asyncio.start_server(serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = server.sockets[0].getsockname()[1]

    assert (await client.fetch(f"http://[::1]:{port}/")).body == b"ok"
    with pytest.raises(HTTPConnectError):
        await client.fetch(f"http://[::1]:{port}/", allow_ipv6=False)
    server.close()


@pytest.mark.parametrize(
    ("name", "value"), [("network_interface", "eth0"), ("prepare_curl_callback", print)]
)
async def test_what_only_libcurl_can_do_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, name: str, value: object
) -> None:
    request = HTTPRequest("http://localhost/")
    setattr(request, name, value)

    with pytest.raises(ValueError, match="libcurl"):
        await client.fetch(request)


async def test_a_connection_is_not_shared_between_interfaces(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK, OK, stay=True))
    url = f"http://127.0.0.1:{server.port}/"

    await client.fetch(url)
    await client.fetch(url, network_interface="127.0.0.1")

    assert len(server.peers) == 2


async def test_a_redirect_with_a_large_body_closes_its_connection(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    large = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000)
    server = await raw(answers(large, stay=True), answers(OK))

    assert (await client.fetch(server.url)).body == b"ok"
    assert len(server.peers) == 2


async def test_a_redirect_whose_body_is_cut_off_is_followed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    cut = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 10\r\n\r\ncut"
    server = await raw(answers(cut), answers(OK))

    assert (await client.fetch(server.url)).body == b"ok"


async def test_a_body_that_cannot_be_sent_again_ends_a_redirect(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"once"

    with pytest.raises(RedirectError, match="a function as body_producer") as caught:
        await client.fetch(
            f"{site.url}/redirect/307?to=/echo", method="POST", body_producer=pieces()
        )

    assert caught.value.code == 307
    assert caught.value.response is not None
    assert caught.value.response.body == b"elsewhere"


async def test_a_body_producer_is_called_again_for_a_redirect(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    calls = []

    def produce(write: Any) -> None:
        calls.append(write)
        write(b"x" * len(calls))

    response = await client.fetch(
        f"{site.url}/redirect/307?to=/echo", method="POST", body_producer=produce
    )

    assert b'"body": "xx"' in response.body


async def test_trailers_and_the_version_are_there(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n")
    )

    response = await client.fetch(server.url)

    assert response.trailers is not None
    assert response.trailers["X-Sum"] == "1"
    assert response.http_version == "HTTP/1.1"


async def test_a_header_callback_may_be_a_coroutine(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    lines = []

    async def take(line: str) -> None:
        await asyncio.sleep(0)
        lines.append(line)

    await client.fetch(f"{site.url}/echo", header_callback=take)

    assert lines[-1] == "\r\n"


async def test_a_range_is_asked_for_as_it_is(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    part = (
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/9\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 2\r\n\r\n\x1f\x8b"
    )
    server = await raw(answers(part))

    response = await client.fetch(server.url, headers={"Range": "bytes=0-1"})

    assert response.body == b"\x1f\x8b"
    assert b"Accept-Encoding" not in server.heads[0]


async def test_fields_of_the_caller_leave_out_what_is_not_wanted(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK))

    await client.fetch(server.url, headers={"X-A": "1"}, user_agent="", decompress_response=False)

    assert b"User-Agent" not in server.heads[0]
    assert b"Accept-Encoding" not in server.heads[0]


async def test_a_coding_that_is_not_known_is_left_to_the_caller(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: new\r\nContent-Length: 2\r\n\r\nok"
    server = await raw(answers(reply))

    response = await client.fetch(server.url)

    assert response.body == b"ok"
    assert response.headers["Content-Encoding"] == "new"


@pytest.mark.parametrize("agent", ["", None])
async def test_a_request_may_come_without_a_user_agent(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, agent: str | None
) -> None:
    response = await client.fetch(f"{site.url}/echo", user_agent=agent)

    assert echoed(response.body).get("User-Agent") == (None if agent == "" else "Ostro")


# Cookies


async def test_a_cookie_jar_keeps_cookies_between_requests(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    jar = CookieJar()
    client = make_client(cookie_jar=jar)
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    server = await raw(answers(moved, OK, OK, OK))

    await client.fetch(server.url)
    await client.fetch(server.url, headers={"Cookie": "own=2"})
    jar.clear()
    await client.fetch(server.url)

    first, second, third, fourth = server.heads
    assert b"Cookie" not in first
    assert b"Cookie: a=1\r\n" in second
    assert b"Cookie: own=2; a=1\r\n" in third
    assert b"Cookie" not in fourth


# The loop


def test_the_connections_of_a_loop_go_with_it(site: Site, io_loop: IOLoop) -> None:
    client = SimpleAsyncHTTPClient(io_loop)
    io_loop.run_sync(lambda: client.fetch(f"{site.url}/echo"))

    assert len(client.pool) == 1  # the io_loop fixture and the warnings show the rest


def test_a_request_goes_to_websocket_connect_too(io_loop: IOLoop) -> None:
    request = HTTPRequest("ws://localhost:1/", connect_timeout=1.0)

    with pytest.raises(OSError, match="connect"):
        io_loop.run_sync(lambda: websocket_connect(request))


@pytest.mark.parametrize(
    "option",
    [
        "idle_timeout",
        "max_idle_connections",
        "max_idle_connections_per_host",
        "max_body_size",
        "max_buffer_size",
        "max_clients",
        "max_clients_per_host",
        "max_header_size",
    ],
)
async def test_a_number_that_makes_no_sense_is_refused_by_its_name(
    io_loop: IOLoop, make_client: MakeClient, option: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{option} is -1, expected [01] or more"):
        make_client(**{option: -1})


async def test_a_body_that_takes_long_to_read_leaves_turns_to_others(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    body = gzip.compress(bytes(60_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    server = await raw(answers(head.encode() + body, stay=True))
    turn = 0
    seen = set()

    async def take_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await client.fetch(server.url, streaming_callback=lambda piece: seen.add(turn))
    others.cancel()

    assert len(seen) > 20
