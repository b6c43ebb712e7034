"""Redirects. Spec: RFC 9110 section 15.4."""

from __future__ import annotations

import json

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPClientError, RedirectError, TooManyRedirectsError
from ostro.ioloop import IOLoop

from .fixtures import MakeRaw
from .servers import OK, Site, answers


def moved(code: int, to: str) -> bytes:
    return f"HTTP/1.1 {code} Moved\r\nLocation: {to}\r\nContent-Length: 4\r\n\r\ngone".encode()


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        (301, "GET", "GET"),
        (302, "GET", "GET"),
        (303, "GET", "GET"),
        (307, "GET", "GET"),
        (308, "GET", "GET"),
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
    ],
)
async def test_the_method_after_a_redirect(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, code: int, before: str, after: str
) -> None:
    body = "body" if before in ("POST", "PUT") else None

    response = await client.fetch(f"{site.url}/redirect/{code}?to=/echo", method=before, body=body)

    seen = json.loads(response.body)
    fields = dict(seen["headers"])
    kept = body is not None and after == before
    assert seen["method"] == after
    assert seen["body"] == ("body" if kept else "")
    assert ("Content-Type" in fields) == (kept and after == "POST")
    assert response.effective_url == f"{site.url}/echo"


async def test_head_stays_head(io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw) -> None:
    head = b"HTTP/1.1 303 Other\r\nLocation: /b\r\n\r\n"
    server = await raw(answers(head, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))

    await client.fetch(server.url, method="HEAD")

    assert server.heads[1].startswith(b"HEAD /b ")


async def test_a_redirect_is_given_back_when_it_is_not_to_be_followed(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(f"{site.url}/redirect/302?to=/echo", follow_redirects=False)

    assert caught.value.code == 302
    assert caught.value.response is not None
    assert caught.value.response.headers["Location"] == "/echo"
    assert caught.value.response.body == b"elsewhere"


@pytest.mark.parametrize("code", [300, 304, 305, 306, 399])
async def test_other_codes_are_not_followed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, code: int
) -> None:
    reply = moved(code, "/b") if code != 304 else b"HTTP/1.1 304 Same\r\nLocation: /b\r\n\r\n"
    server = await raw(answers(reply))

    response = await client.fetch(server.url, raise_error=False)

    assert response.code == code
    assert len(server.heads) == 1


async def test_a_redirect_without_a_location_is_the_response(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhm"))

    response = await client.fetch(server.url, raise_error=False)

    assert (response.code, response.body) == (302, b"hm")


async def test_a_loop_ends(io_loop: IOLoop, client: AsyncHTTPClient, site: Site) -> None:
    with pytest.raises(TooManyRedirectsError) as caught:
        await client.fetch(f"{site.url}/loop/0", max_redirects=3)

    assert caught.value.code == 302
    assert caught.value.response is not None
    assert caught.value.response.effective_url == f"{site.url}/loop/3"
    assert len(site.requests) == 4


async def test_as_many_redirects_as_permitted_are_followed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(moved(302, "/1"), moved(302, "/2"), OK))

    response = await client.fetch(server.url, max_redirects=2)

    assert response.effective_url == f"{server.url}/2"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", b"/b"),
        ("b?c", b"/dir/b?c"),
        ("../b", b"/b"),
        ("?q", b"/dir/a?q"),
        ("//localhost:{port}/c", b"/c"),
        ("HTTP://LOCALHOST:{port}/d", b"/d"),
        ("/\u00e4", b"/%E4"),
        ("/with space", b"/with%20space"),
        ("/e#fragment", b"/e"),
    ],
)
async def test_a_location_is_seen_from_where_it_stands(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, location: str, target: bytes
) -> None:
    replies: list[bytes] = []
    server = await raw(lambda peer: answers(*replies)(peer))
    location = location.format(port=server.port)
    reply = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    replies += [reply.encode("latin-1"), OK]

    await client.fetch(f"{server.url}/dir/a?old")

    assert server.heads[1].split(b" ")[1] == target


async def test_the_fragment_survives_a_redirect(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(moved(302, "/b"), OK))

    response = await client.fetch(f"{server.url}/a#part")

    assert response.effective_url == f"{server.url}/b#part"


@pytest.mark.parametrize(
    "location",
    ["ftp://localhost/", "file:///etc/passwd", "javascript:1", "http://", "http://[::1/"],
)
async def test_a_redirect_to_what_is_no_url_of_http_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, location: str
) -> None:
    server = await raw(answers(moved(302, location)))

    with pytest.raises(RedirectError) as caught:
        await client.fetch(server.url)

    assert caught.value.code == 302
    assert caught.value.response is not None
    assert not isinstance(caught.value, TooManyRedirectsError)


async def test_a_redirect_uses_the_connection_again(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(moved(302, "/b"), OK))

    await client.fetch(server.url)

    assert len(server.peers) == 1


async def test_a_redirect_whose_body_is_cut_off_is_followed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    cut_off = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nabc"
    server = await raw(answers(cut_off), answers(OK))

    response = await client.fetch(server.url)

    assert response.body == b"ok"
    assert len(server.peers) == 2


async def test_the_time_of_redirects_is_counted(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/redirect/302?to=/echo")

    assert 0 < response.time_info["redirect"] < response.time_info["total"]
