"""What only the simple client has: its options, its clock, its way with Digest and IDNA."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    CookieJar,
    HTTPClientError,
    HTTPConnectError,
    HTTPRequest,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    HTTPTLSError,
    ProxyError,
    SimpleAsyncHTTPClient,
)
from ostro.ioloop import IOLoop
from ostro.netutil import Resolver
from ostro.websocket import websocket_connect

from .conformance.fixtures import (
    MakeClient,
    MakeRaw,
    certificates,
    client,
    make_client,
    proxy,
    raw,
    site,
    tls_site,
)
from .conformance.servers import OK, Authority, Peer, Proxy, Site, answers, echoed
from .support import FakeClock, until

__all__ = ["certificates", "client", "make_client", "proxy", "raw", "site", "tls_site"]


@pytest.fixture
def client_class() -> type[AsyncHTTPClient]:
    return SimpleAsyncHTTPClient


def simple(client: AsyncHTTPClient) -> SimpleAsyncHTTPClient:
    assert isinstance(client, SimpleAsyncHTTPClient)
    return client


@pytest.fixture
def clock(client: AsyncHTTPClient) -> FakeClock:
    """The clock of the client."""
    fake = FakeClock()
    simple(client).sweeper.clock = fake
    return fake


async def silence(peer: Peer) -> None:
    await peer.head()
    await peer.gone()


# Deadlines, by the clock


async def test_a_deadline_is_kept_to_the_moment(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: FakeClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url, request_timeout=10)
    await server.asked()

    clock.now += 9.9
    simple(client).sweeper.sweep()
    await asyncio.sleep(0)
    assert not fetch.done()
    clock.now += 0.1
    simple(client).sweeper.sweep()

    with pytest.raises(HTTPTimeoutError, match=r"during the request after 10\.0 seconds"):
        await fetch


async def test_the_time_in_the_queue_counts(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = simple(make_client(max_clients=1))
    clock = client.sweeper.clock = FakeClock()
    server = await raw(silence)
    first, second = client.fetch(server.url), client.fetch(server.url)
    await server.asked()
    clock.now += 12
    first.cancel()
    await until(lambda: len(server.heads) == 2)

    clock.now += 8
    client.sweeper.sweep()

    with pytest.raises(HTTPTimeoutError, match=r"after 20\.0") as caught:
        await second
    assert caught.value.response is not None
    assert caught.value.response.time_info["queue"] == 12
    assert caught.value.response.time_info["total"] == 8


async def test_a_body_is_sent_after_a_second_without_a_word_of_the_server(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: FakeClock, raw: MakeRaw
) -> None:
    bodies = []

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        bodies.append(await peer.body(head))
        await peer.send(OK)

    server = await raw(serve)
    fetch = client.fetch(server.url, method="POST", body="body", expect_100_continue=True)
    await server.asked()
    await asyncio.sleep(0.005)
    assert bodies == []

    clock.now += 1
    simple(client).sweeper.sweep()

    assert (await fetch).body == b"ok"
    assert bodies == [b"body"]


async def test_the_deadline_of_the_first_byte_begins_after_the_body(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: FakeClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    sent = asyncio.Event()
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        sent.set()
        await go_on.wait()
        yield b"two"

    fetch = client.fetch(
        server.url, method="POST", body_producer=pieces(), first_byte_timeout=1, request_timeout=0
    )
    await sent.wait()
    clock.now += 100
    simple(client).sweeper.sweep()
    go_on.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not fetch.done()

    clock.now += 1
    simple(client).sweeper.sweep()

    with pytest.raises(HTTPTimeoutError, match="first byte"):
        await fetch


async def test_a_fetch_without_deadlines_is_not_looked_after(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url, request_timeout=0, connect_timeout=0)
    await server.asked()

    assert not simple(client).sweeper.members
    fetch.cancel()


async def test_a_deadline_that_comes_with_a_cancellation_is_a_cancellation(
    io_loop: IOLoop, client: AsyncHTTPClient, clock: FakeClock, raw: MakeRaw
) -> None:
    server = await raw(silence)
    fetch = client.fetch(server.url)
    await server.asked()

    clock.now += 20
    fetch.cancel()
    simple(client).sweeper.sweep()

    with pytest.raises(asyncio.CancelledError):
        await fetch


async def test_a_body_producer_that_breaks_off_ends_the_fetch(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(silence)

    async def produce(write: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(HTTPStreamClosedError, match="broken off"):
        await client.fetch(server.url, method="POST", body_producer=produce)


async def test_an_error_of_a_callback_stays_as_it_is(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    mine = HTTPClientError(418)

    def fail(piece: bytes) -> None:
        raise mine

    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(f"{site.url}/echo", streaming_callback=fail)

    assert caught.value is mine
    assert mine.response is None


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

    response = await client.fetch(
        f"{site.url}/redirect/307?to=/echo",
        method="POST",
        body_producer=pieces(),
        raise_error=False,
    )

    assert response.code == 307


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


# Proxies and Digest


async def test_the_proxies_of_the_environment_are_an_option(
    io_loop: IOLoop,
    make_client: MakeClient,
    site: Site,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"http://localhost:{proxy.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with_it, without = make_client(environment_proxies=True), make_client()

    await with_it.fetch(f"{site.url}/echo")
    await with_it.fetch(f"http://127.0.0.1:{site.port}/echo")
    await without.fetch(f"{site.url}/echo")

    assert len(proxy.asked) == 1


async def test_a_unix_socket_needs_no_proxy(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw, tmp_path: Any, proxy: Proxy
) -> None:
    client = make_client(environment_proxies=True)
    path = str(tmp_path / "socket")
    await raw(answers(OK), path=path)

    await client.fetch("http://a/", unix_socket=path, proxy_host="localhost", proxy_port=proxy.port)

    assert proxy.asked == []


async def test_credentials_for_a_proxy_may_be_given_as_a_field(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, proxy: Proxy
) -> None:
    proxy.credentials = "Basic own"

    await client.fetch(
        f"{site.url}/echo",
        proxy_host="localhost",
        proxy_port=proxy.port,
        proxy_username="other",
        headers={"Proxy-Authorization": "Basic own"},
    )

    assert proxy.authorizations == ["Basic own"]


def challenge(code: int, nonce: str, *more: str) -> bytes:
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    fields = ", ".join([f'{name}: Digest realm="r"', f'nonce="{nonce}"', 'qop="auth"', *more])
    return f"HTTP/1.1 {code} Who?\r\nContent-Length: 0\r\n{fields}\r\n\r\n".encode()


async def test_what_a_server_asked_once_is_answered_at_once_the_next_time(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(challenge(401, "one"), OK, OK))

    for _ in range(2):
        await client.fetch(server.url, auth_username="me", auth_mode="digest")

    assert [b"Authorization" in head for head in server.heads] == [False, True, True]
    assert b"nc=00000002" in server.heads[2]


async def test_a_nonce_that_is_too_old_is_replaced(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    stale = challenge(401, "two", "stale=true")
    server = await raw(answers(challenge(401, "one"), stale, OK))

    response = await client.fetch(server.url, auth_username="me", auth_mode="digest")

    assert response.body == b"ok"
    assert b'nonce="two"' in server.heads[2]


async def test_a_server_that_always_finds_the_nonce_too_old_is_not_asked_for_ever(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(*[challenge(401, "n", "stale=true")] * 5))

    with pytest.raises(HTTPClientError):
        await client.fetch(server.url, auth_username="me", auth_mode="digest")

    assert len(server.heads) == 3


@pytest.mark.parametrize("mode", ["basic", "digest"])
async def test_a_challenge_of_another_scheme_is_not_answered(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, mode: str
) -> None:
    refusal = b"HTTP/1.1 401 Who?\r\nContent-Length: 0\r\nWWW-Authenticate: Negotiate\r\n\r\n"
    server = await raw(answers(refusal))

    with pytest.raises(HTTPClientError):
        await client.fetch(server.url, auth_username="me", auth_mode=mode)

    assert len(server.heads) == 1


async def test_a_proxy_may_ask_for_digest_credentials(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(challenge(407, "one"), OK))

    response = await client.fetch(
        "http://any.example/x",
        proxy_host="localhost",
        proxy_port=server.port,
        proxy_username="me",
        proxy_auth_mode="digest",
    )

    assert response.body == b"ok"
    assert b'uri="http://any.example/x"' in server.heads[1]


async def test_a_407_that_no_proxy_has_sent_is_not_answered(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(challenge(407, "one")))

    with pytest.raises(HTTPClientError):
        await client.fetch(server.url, auth_username="me", auth_mode="digest")

    assert len(server.heads) == 1


async def _serve_tunnel(peer: Peer, port: int, *, close: bool) -> None:
    """Ask for Digest credentials, then open a tunnel."""
    head = await peer.head()
    if b"Proxy-Authorization" not in head:
        reply = challenge(407, "one")
        if close:
            reply = reply.replace(b"Content-Length: 0", b"Content-Length: 0\r\nConnection: close")
        await peer.send(b"HTTP/1.1 103 Wait\r\n\r\n" + reply)
        if close:
            peer.close()
            return
        head = await peer.head()
    assert b'uri="localhost:' in head
    await peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    upstream, downstream = await asyncio.open_connection("127.0.0.1", port)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    await asyncio.gather(copy(peer.reader, downstream), copy(upstream, peer.writer))


@pytest.mark.parametrize("close", [False, True], ids=["same connection", "another connection"])
async def test_a_tunnel_may_need_digest_credentials(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    raw: MakeRaw,
    tls_site: Site,
    certificates: Authority,
    close: bool,
) -> None:
    server = await raw(lambda peer: _serve_tunnel(peer, tls_site.port, close=close))

    response = await client.fetch(
        f"{tls_site.url}/echo",
        proxy_host="localhost",
        proxy_port=server.port,
        proxy_username="me",
        proxy_auth_mode="digest",
        ca_certs=certificates.file,
        headers={"Connection": "close"},
    )

    assert response.code == 200
    assert len(server.peers) == 1 + close


async def test_a_proxy_must_not_speak_before_tls(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 Connected\r\n\r\nsmuggled")
        await peer.gone()

    server = await raw(serve)

    with pytest.raises(HTTPTLSError):
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)


async def test_a_page_of_a_proxy_is_passed_over(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    page = b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\nsad!"
    server = await raw(answers(page))

    with pytest.raises(ProxyError) as caught:
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)

    assert caught.value.status == 502


# TLS


async def test_an_ssl_context_is_used_as_it_is(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    context = ssl.create_default_context(cafile=certificates.file)

    for _ in range(2):
        response = await client.fetch(f"{tls_site.url}/echo", ssl_options=context)
        assert response.code == 200

    assert len(simple(client).pool) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"ssl_options": {"unknown": 1}}, ValueError),
        ({"ca_certs": "/nowhere/ca.pem"}, OSError),
        ({"client_key": "/nowhere/key.pem"}, ValueError),
        ({"client_cert": "/nowhere/cert.pem"}, OSError),
    ],
)
async def test_tls_settings_that_make_no_sense_are_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await client.fetch("https://localhost/", **options)


async def test_a_file_of_certificates_that_was_replaced_is_read_again(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    tls_site: Site,
    certificates: Authority,
    tmp_path: Any,
) -> None:
    file = tmp_path / "ca.pem"
    other = Authority(tmp_path)  # writes its own to the same place
    with pytest.raises(HTTPTLSError):
        await client.fetch(f"{tls_site.url}/echo", ca_certs=other.file)

    shutil.copy(certificates.file, file)

    assert (await client.fetch(f"{tls_site.url}/echo", ca_certs=str(file))).code == 200


async def test_a_name_with_a_dot_at_its_end_is_verified_without_it(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw, certificates: Authority
) -> None:
    client = make_client(hostname_mapping={"localhost.": "127.0.0.1"})
    server = await raw(answers(OK), tls=certificates.server_context())

    response = await client.fetch(f"https://localhost.:{server.port}/", ca_certs=certificates.file)

    assert response.body == b"ok"


async def test_a_handshake_that_is_cancelled_frees_its_socket(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    hello = asyncio.Event()

    async def listen(peer: Peer) -> None:
        await peer.reader.read(1)
        hello.set()
        await peer.gone()

    server = await raw(listen)
    fetch = client.fetch(f"https://localhost:{server.port}/")
    await hello.wait()

    fetch.cancel()

    await server.all_gone()


async def test_a_handshake_that_ends_with_its_cancellation_frees_its_socket(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site
) -> None:
    for turns in range(40):
        fetch = client.fetch(f"{tls_site.url}/echo", validate_cert=False)
        for _ in range(turns):
            await asyncio.sleep(0)
        fetch.cancel()
        await asyncio.wait([fetch])

    client.close()
    await until(lambda: not tls_site.open_connections)


async def test_connecting_to_a_unix_socket_may_be_cancelled(
    io_loop: IOLoop, client: AsyncHTTPClient, tmp_path: Any
) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        for turns in range(3):
            fetch = client.fetch("http://a/", unix_socket=path)
            for _ in range(turns):
                await asyncio.sleep(0)
            fetch.cancel()
            await asyncio.wait([fetch])
            assert fetch.cancelled()


# The loop


def test_the_connections_of_a_loop_go_with_it(site: Site, io_loop: IOLoop) -> None:
    client = SimpleAsyncHTTPClient(io_loop)
    io_loop.run_sync(lambda: client.fetch(f"{site.url}/echo"))

    assert len(client.pool) == 1  # the io_loop fixture and the warnings show the rest


def test_a_request_goes_to_websocket_connect_too(io_loop: IOLoop) -> None:
    request = HTTPRequest("ws://localhost:1/", connect_timeout=1.0)

    with pytest.raises(OSError, match="connect"):
        io_loop.run_sync(lambda: websocket_connect(request))
