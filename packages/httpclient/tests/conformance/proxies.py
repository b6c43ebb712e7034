"""HTTP proxies: plain requests with a whole URL, tunnels for TLS, credentials for the proxy."""

from __future__ import annotations

import json

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPClientError, HTTPConnectError, ProxyError
from ostro.ioloop import IOLoop

from .fixtures import MakeRaw
from .servers import OK, Authority, Peer, Proxy, Site, answers, echoed

CREDENTIALS = "Basic bWU6c2VjcmV0"


async def test_a_plain_request_goes_to_the_proxy_with_its_whole_url(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, proxy: Proxy
) -> None:
    response = await client.fetch(
        f"{site.url}/echo?a", proxy_host="localhost", proxy_port=proxy.port
    )

    assert json.loads(response.body)["uri"] == "/echo?a"
    assert proxy.asked == [f"GET {site.url}/echo?a HTTP/1.1"]
    assert echoed(response.body)["Host"] == f"localhost:{site.port}"


async def test_a_body_goes_through_a_proxy(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, proxy: Proxy
) -> None:
    response = await client.fetch(
        f"{site.url}/echo", method="POST", body="x", proxy_host="localhost", proxy_port=proxy.port
    )

    assert json.loads(response.body)["body"] == "x"


async def test_tls_goes_through_a_tunnel(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    tls_site: Site,
    proxy: Proxy,
    certificates: Authority,
) -> None:
    for _ in range(2):
        response = await client.fetch(
            f"{tls_site.url}/echo",
            proxy_host="localhost",
            proxy_port=proxy.port,
            ca_certs=certificates.file,
        )
        assert json.loads(response.body)["uri"] == "/echo"

    assert proxy.asked == [f"CONNECT localhost:{tls_site.port} HTTP/1.1"]


async def test_the_proxy_gets_its_credentials_and_the_server_does_not(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    site: Site,
    tls_site: Site,
    proxy: Proxy,
    certificates: Authority,
) -> None:
    proxy.credentials = CREDENTIALS

    for url in (site.url, tls_site.url):
        response = await client.fetch(
            f"{url}/echo",
            proxy_host="localhost",
            proxy_port=proxy.port,
            proxy_username="me",
            proxy_password="secret",
            ca_certs=certificates.file,
        )
        assert "Proxy-Authorization" not in echoed(response.body)

    assert proxy.authorizations == [CREDENTIALS] * 2


async def test_the_field_for_the_proxy_comes_before_its_credentials(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    proxy = await raw(answers(OK))

    await client.fetch(
        "http://server.example/",
        headers={"Proxy-Authorization": "Bearer token"},
        proxy_host="localhost",
        proxy_port=proxy.port,
        proxy_username="me",
        proxy_password="secret",
    )

    assert proxy.heads[0].count(b"Proxy-Authorization: ") == 1
    assert b"\r\nProxy-Authorization: Bearer token\r\n" in proxy.heads[0]
    assert b"Proxy-Connection" not in proxy.heads[0]  # RFC 9112 appendix C.2.2


async def test_both_the_proxy_and_the_server_may_ask_for_digest(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    asks = b'Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n'
    proxy_asks = b"HTTP/1.1 407 Who\r\nProxy-" + asks
    server_asks = b"HTTP/1.1 401 Who\r\nWWW-" + asks
    proxy = await raw(answers(proxy_asks, server_asks, OK))

    response = await client.fetch(
        "http://server.example/",
        auth_username="me",
        auth_password="secret",
        auth_mode="digest",
        proxy_host="localhost",
        proxy_port=proxy.port,
        proxy_username="you",
        proxy_password="word",
        proxy_auth_mode="digest",
    )

    assert response.body == b"ok"
    for name in (b"Authorization", b"Proxy-Authorization"):
        assert b"\r\n" + name + b": Digest " in proxy.heads[2]


async def test_a_tunnel_with_other_credentials_is_another_one(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    tls_site: Site,
    proxy: Proxy,
    certificates: Authority,
) -> None:
    for name in ("me", "you", None, "me"):
        await client.fetch(
            f"{tls_site.url}/echo",
            proxy_host="localhost",
            proxy_port=proxy.port,
            proxy_username=name,
            proxy_password=None if name is None else "secret",
            ca_certs=certificates.file,
        )

    assert len(proxy.asked) == 3


async def test_a_proxy_that_wants_to_know_more_is_an_error(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    site: Site,
    tls_site: Site,
    proxy: Proxy,
    certificates: Authority,
) -> None:
    proxy.credentials = CREDENTIALS

    with pytest.raises(HTTPClientError) as plain:
        await client.fetch(site.url, proxy_host="localhost", proxy_port=proxy.port)
    with pytest.raises(ProxyError) as tunnelled:
        await client.fetch(
            tls_site.url,
            proxy_host="localhost",
            proxy_port=proxy.port,
            ca_certs=certificates.file,
        )

    assert plain.value.code == 407
    assert (tunnelled.value.code, tunnelled.value.status) == (599, 407)


async def test_a_tunnel_that_is_refused_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, proxy: Proxy
) -> None:
    proxy.tunnels = False

    with pytest.raises(ProxyError) as caught:
        await client.fetch("https://localhost:1/", proxy_host="localhost", proxy_port=proxy.port)

    assert caught.value.status == 403


async def test_a_proxy_that_is_not_there_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPConnectError):
        await client.fetch("http://localhost/", proxy_host="localhost", proxy_port=1)


async def test_a_proxy_whose_name_does_not_exist_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    with pytest.raises(HTTPConnectError) as caught:
        await client.fetch(site.url, proxy_host="nobody.invalid", proxy_port=3128)

    assert not isinstance(caught.value, ProxyError)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX"])
async def test_a_proxy_that_breaks_the_rules_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, answer: bytes
) -> None:
    server = await raw(answers(answer))

    with pytest.raises(HTTPConnectError):
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)


async def test_a_proxy_that_breaks_off_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.head()
        peer.reset()

    server = await raw(break_off)

    with pytest.raises(HTTPConnectError):
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)


async def test_a_connection_through_a_proxy_is_not_used_without_it(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, proxy: Proxy
) -> None:
    await client.fetch(f"{site.url}/echo")
    await client.fetch(f"{site.url}/echo", proxy_host="localhost", proxy_port=proxy.port)
    response = await client.fetch(f"{site.url}/echo")

    assert len(proxy.asked) == 1
    assert response.code == 200


async def test_a_proxy_needs_a_port(io_loop: IOLoop, client: AsyncHTTPClient) -> None:
    with pytest.raises(ValueError, match="proxy_port"):
        await client.fetch("http://localhost/", proxy_host="localhost")


@pytest.mark.parametrize("host", ["http://proxy.example", "me:secret@proxy.example", "proxy/x"])
async def test_a_proxy_host_is_a_host(io_loop: IOLoop, client: AsyncHTTPClient, host: str) -> None:
    with pytest.raises(ValueError, match="proxy_host is a URL") as caught:
        await client.fetch("http://localhost/", proxy_host=host, proxy_port=8080)

    assert "secret" not in str(caught.value)


async def test_a_redirect_goes_through_the_proxy_too(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, proxy: Proxy
) -> None:
    await client.fetch(
        f"{site.url}/redirect/302?to=/echo", proxy_host="localhost", proxy_port=proxy.port
    )

    assert len(proxy.asked) == 2


async def test_a_tunnel_to_a_dead_server_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def connect_and_close(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        peer.close()

    server = await raw(connect_and_close)

    with pytest.raises(HTTPConnectError):
        await client.fetch("https://localhost/", proxy_host="localhost", proxy_port=server.port)
