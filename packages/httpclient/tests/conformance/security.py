"""What must not leave the client, and what must not be mixed up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPRequest
from ostro.ioloop import IOLoop

from .fixtures import MakeRaw
from .servers import OK, Site, answers, echoed

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
