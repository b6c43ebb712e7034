"""What must not leave the client, and what must not be mixed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPRequest
from ostro.httpclient.parts import Write
from ostro.ioloop import IOLoop

from .fixtures import MakeClient, MakeRaw
from .servers import OK, Peer, Site, answers, echoed

SECRETS = {
    "Authorization": "Bearer token",
    "Cookie": "session=1",
    "Proxy-Authorization": "Basic cHJveHk=",
    "Host": "inside.example",
}


async def test_a_redirect_to_another_origin_takes_no_credentials_along(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, site: Site
) -> None:
    to_site = f"HTTP/1.1 302 Found\r\nLocation: {site.url}/echo\r\nContent-Length: 0\r\n\r\n"
    server = await raw(answers(to_site.encode()))

    response = await client.fetch(server.url, headers={**SECRETS, "X-Other": "kept"})

    fields = echoed(response.body)
    assert fields["X-Other"] == "kept"
    assert fields["Host"] == f"localhost:{site.port}"
    assert not fields.keys() & {"Authorization", "Cookie", "Proxy-Authorization"}
    assert b"Authorization: Bearer token" in server.heads[0]


@pytest.mark.parametrize("mode", ["basic", "digest"])
async def test_a_redirect_to_another_origin_takes_no_password_along(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, site: Site, mode: str
) -> None:
    to_site = f"HTTP/1.1 307 Moved\r\nLocation: {site.url}/echo\r\nContent-Length: 0\r\n\r\n"
    server = await raw(answers(to_site.encode()))

    response = await client.fetch(
        server.url, auth_username="me", auth_password="secret", auth_mode=mode
    )

    assert "Authorization" not in echoed(response.body)


async def test_a_redirect_within_the_origin_keeps_credentials(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    url = f"{site.url}/redirect/302?to=/echo"

    with_fields = await client.fetch(url, headers={"Authorization": "Bearer t", "Cookie": "a=b"})
    with_password = await client.fetch(url, auth_username="me")

    assert echoed(with_fields.body)["Authorization"] == "Bearer t"
    assert echoed(with_fields.body)["Cookie"] == "a=b"
    assert echoed(with_password.body)["Authorization"] == "Basic bWU6"


async def test_a_location_may_bring_its_own_credentials(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, site: Site
) -> None:
    url = site.url.replace("//", "//other:word@")
    reply = f"HTTP/1.1 302 Found\r\nLocation: {url}/echo\r\nContent-Length: 0\r\n\r\n"
    server = await raw(answers(reply.encode()))

    response = await client.fetch(server.url, auth_username="me")

    assert echoed(response.body)["Authorization"] == "Basic b3RoZXI6d29yZA=="


async def test_credentials_of_one_request_are_not_those_of_the_next(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    await client.fetch(f"{site.url}/echo", headers=SECRETS, auth_username="me")

    response = await client.fetch(f"{site.url}/echo")

    assert not echoed(response.body).keys() & {"Authorization", "Cookie", "Proxy-Authorization"}


async def produce(write: Write) -> None:
    await write(b"body")


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {**SECRETS, "X-Other": "x", "Accept": "text/html", "Range": "bytes=0-1"}},
        {"method": "HEAD"},
        {"method": "PUT", "body": "body"},
        {"method": "POST", "body": "body", "expect_100_continue": True},
        {"method": "POST", "body": "body" * 50_000},
        {"method": "POST", "body_producer": produce},
        {"method": "SPECIAL", "allow_nonstandard_methods": True},
        {"auth_username": "me", "auth_password": "secret"},
        {"auth_username": "me", "auth_password": "secret", "auth_mode": "digest"},
        {"user_agent": "Other"},
        {"decompress_response": False},
        {"if_modified_since": 1.0},
        {"connect_timeout": 9.0, "request_timeout": 9.0, "first_byte_timeout": 9.0},
        {"max_body_size": 20},
        {"network_interface": "127.0.0.1"},
        {"allow_ipv6": False},
        {"streaming_callback": len, "header_callback": len},
    ],
    ids=lambda settings: "-".join(settings),
)
async def test_a_request_leaves_nothing_to_the_next(
    io_loop: IOLoop,
    make_client: MakeClient,
    raw: MakeRaw,
    settings: dict[str, Any],  # Any: arguments of `fetch`
) -> None:
    heads = []

    async def serve(peer: Peer) -> None:
        while head := await peer.head():
            heads.append(head)
            if b"POST" in head and b"Content-Length" not in head:
                await peer.reader.readuntil(b"\r\n0\r\n\r\n")
            await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            await peer.body(head)
            await peer.send(OK.removesuffix(b"ok") if head.startswith(b"HEAD") else OK)

    client = make_client(max_clients=1)
    server = await raw(serve)

    await client.fetch(server.url)
    await client.fetch(server.url, **settings)
    after = await client.fetch(server.url)

    assert heads[2] == heads[0]
    assert after.body == b"ok"
    assert after.headers["Content-Length"] == "2"


async def test_a_unix_socket_and_a_proxy_are_those_of_one_request(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, tmp_path: Path
) -> None:
    server = await raw(answers(OK, OK, OK, stay=True))
    other = await raw(answers(OK, stay=True), path=str(tmp_path / "socket"))
    proxy = await raw(answers(OK, stay=True))

    await client.fetch(server.url)
    await client.fetch(server.url, unix_socket=str(tmp_path / "socket"))
    await client.fetch(server.url)
    await client.fetch(
        server.url,
        proxy_host="localhost",
        proxy_port=proxy.port,
        proxy_username="me",
        proxy_password="secret",
    )
    await client.fetch(server.url)

    assert server.heads == [server.heads[0]] * 3
    assert (len(server.peers), len(other.peers), len(proxy.peers)) == (1, 1, 1)


async def test_credentials_for_a_proxy_do_not_go_to_the_server(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo", headers={"Proxy-Authorization": "Basic x"})

    assert "Proxy-Authorization" not in echoed(response.body)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/\r\nX: y",
        "http://localhost/a b",
        "http://localhost/\n",
        "http://localhost/\0",
        "http://local\rhost/",
        "http://localhost\\@other.example/",
        "http://a@b@localhost/",
        "http:///path",
        "http://:80/",
        "http://localhost:99999/",
        "http://localhost:0/",
        "http://localhost:8x/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://loc%61lhost/",
        "ftp://localhost/",
        "localhost/",
        "//localhost/",
        "",
    ],
)
async def test_a_url_that_is_none_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, url: str
) -> None:
    with pytest.raises(ValueError, match=r"URL|host|port"):
        await client.fetch(url)


@pytest.mark.parametrize("url", [None, b"http://localhost/"])
async def test_a_url_that_is_no_text_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, url: Any
) -> None:
    with pytest.raises(TypeError, match=rf"the URL is a {type(url).__name__}, expected a str"):
        await client.fetch(url)


@pytest.mark.parametrize("method", ["GET\r\nX: y", "G T", "", "GET\n", "CONNECT", "G\0"])
async def test_a_method_that_is_none_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, method: str
) -> None:
    with pytest.raises(ValueError, match="method"):
        await client.fetch("http://localhost/", method=method, allow_nonstandard_methods=True)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\r", "a\0b"])
def test_a_header_value_with_a_line_break_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="X-A"):
        HTTPRequest("http://localhost/", headers={"X-A": value})


@pytest.mark.parametrize("name", ["a\r\nX", "a b", "", "a:b"])
def test_a_header_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="token"):
        HTTPRequest("http://localhost/", headers={name: "x"})


@pytest.mark.parametrize("agent", ["a\r\nX: y", "a\n"])
async def test_a_user_agent_with_a_line_break_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, agent: str
) -> None:
    with pytest.raises(ValueError, match="User-Agent"):
        await client.fetch(f"{site.url}/echo", user_agent=agent)


@pytest.mark.parametrize(
    ("method", "body"), [("POST", None), ("PUT", None), ("GET", b""), ("DELETE", b"x")]
)
async def test_a_body_where_none_belongs_or_none_where_one_does_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, method: str, body: bytes | None
) -> None:
    with pytest.raises(ValueError, match="body"):
        await client.fetch("http://localhost/", method=method, body=body)


@pytest.mark.parametrize("name", ["auth_mode", "proxy_auth_mode"])
async def test_an_unknown_way_to_authenticate_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, name: str
) -> None:
    request = HTTPRequest("http://localhost/")
    setattr(request, name, "ntlm")

    with pytest.raises(ValueError, match=name):
        await client.fetch(request)


async def test_an_unknown_method_is_refused(io_loop: IOLoop, client: AsyncHTTPClient) -> None:
    with pytest.raises(ValueError, match="allow_nonstandard_methods"):
        await client.fetch("http://localhost/", method="FETCH")


async def test_a_content_length_that_is_wrong_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        await client.fetch(
            f"{site.url}/echo", method="POST", body="four", headers={"Content-Length": "5"}
        )


async def test_bytes_after_a_response_are_not_the_next_response(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    server = await raw(answers(OK + poison, stay=True), answers(OK, stay=True))

    first = await client.fetch(server.url)
    second = await client.fetch(server.url)

    assert (first.body, second.body) == (b"ok", b"ok")
    assert len(server.peers) == 2


def test_credentials_never_stand_in_a_repr() -> None:
    request = HTTPRequest("http://me:secret@localhost/?token=secret")

    assert "secret" not in repr(request)
    assert json.dumps(repr(request))
