"""Proxies of the environment, and Digest authentication, of servers and of proxies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ostro.httpclient import (
    AsyncHTTPClient,
    HTTPClientError,
    HTTPConnectError,
    HTTPTLSError,
    ProxyError,
)
from ostro.ioloop import IOLoop

from .conformance.fixtures import MakeClient, MakeRaw
from .conformance.servers import OK, Authority, Peer, Proxy, Site, answers


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


@pytest.mark.parametrize("host", ["::1", "[::1]"])
async def test_a_proxy_may_be_an_address(
    io_loop: IOLoop, client: AsyncHTTPClient, host: str
) -> None:
    with pytest.raises(HTTPConnectError, match="::1"):
        await client.fetch("http://a.example/", proxy_host=host, proxy_port=1)


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


@pytest.mark.parametrize(
    "page",
    [
        b"HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000),
        b"HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\nwait for more",
    ],
    ids=["large", "slow"],
)
async def test_a_proxy_that_refuses_is_not_listened_to_any_longer(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, page: bytes
) -> None:
    server = await raw(answers(page, stay=True))

    with pytest.raises(ProxyError) as caught:
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)

    assert caught.value.status == 403


@pytest.mark.parametrize("length", [4, 100_000, 100], ids=["small", "large", "cut off"])
async def test_a_proxy_is_asked_again_whatever_the_page_of_its_challenge(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, length: int
) -> None:
    page = challenge(407, "one").replace(b"Length: 0", f"Length: {length}".encode())
    page += b"who?" if length == 100 else bytes(length)
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    server = await raw(answers(page, refusal) if length == 4 else answers(page), answers(refusal))

    with pytest.raises(ProxyError) as caught:
        await client.fetch(
            "https://localhost/",
            proxy_host="localhost",
            proxy_port=server.port,
            proxy_username="me",
            proxy_auth_mode="digest",
        )

    assert caught.value.status == 403
    assert len(server.heads) == 2


async def test_a_proxy_and_the_server_behind_it_may_both_ask_for_digest_credentials(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(challenge(407, "one"), challenge(401, "two"), OK))

    response = await client.fetch(
        "http://any.example/x",
        proxy_host="localhost",
        proxy_port=server.port,
        proxy_username="me",
        proxy_auth_mode="digest",
        auth_username="you",
        auth_mode="digest",
    )

    assert response.body == b"ok"
    assert len(server.heads) == 3
