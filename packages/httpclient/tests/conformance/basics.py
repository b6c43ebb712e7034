"""What every client does for a plain request, and what it says about the response."""

from __future__ import annotations

import asyncio
import datetime
import json
from pathlib import Path

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from ostro.httputil import HTTPHeaders
from ostro.ioloop import IOLoop

from .fixtures import MakeClient, MakeRaw
from .servers import OK, Behaviour, Peer, Site, answers, echoed


async def test_a_response_says_what_came(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    request = HTTPRequest(f"{site.url}/echo?a=b")

    response = await client.fetch(request)

    assert response.request is request
    assert (response.code, response.reason) == (200, "OK")
    assert response.headers["Content-Type"].startswith("application/json")
    assert json.loads(response.body)["uri"] == "/echo?a=b"
    assert response.buffer is not None
    assert response.buffer.read() == response.body
    assert response.effective_url == request.url
    assert response.error is None
    response.rethrow()


async def test_a_response_says_how_long_it_took(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo")

    times = response.time_info
    assert response.request_time is not None
    assert 0 < response.request_time < 20
    assert 0 <= times["queue"] <= response.request_time
    assert 0 <= times["namelookup"] <= times["connect"] <= times["pretransfer"]
    assert times["pretransfer"] <= times["starttransfer"] <= times["total"]
    assert times["appconnect"] == times["redirect"] == 0


async def test_a_callback_gets_the_response(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    got: asyncio.Future[HTTPResponse] = asyncio.Future()

    client.fetch(f"{site.url}/echo", got.set_result)

    assert not got.done()
    assert (await got).code == 200


async def test_a_callback_gets_errors_in_the_response(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    got: asyncio.Future[HTTPResponse] = asyncio.Future()

    client.fetch(f"{site.url}/echo?status=404", callback=got.set_result)

    response = await got
    assert response.code == 404
    with pytest.raises(HTTPClientError) as caught:
        response.rethrow()
    assert caught.value is response.error
    assert caught.value.response is response


async def test_a_callback_gets_the_code_599_without_a_response(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    got: asyncio.Future[HTTPResponse] = asyncio.Future()

    client.fetch("http://localhost:1/", callback=got.set_result)

    response = await got
    assert response.code == 599
    assert isinstance(response.error, HTTPClientError)
    assert response.body == b""


@pytest.mark.parametrize("status", [304, 400, 404, 500, 503])
async def test_a_code_that_is_no_success_is_raised(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, status: int
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(f"{site.url}/echo?status={status}")

    assert caught.value.code == status
    assert caught.value.response is not None
    assert caught.value.response.code == status


async def test_a_code_that_is_no_success_is_given_without_raise_error(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo?status=500", raise_error=False)

    assert response.code == 500
    assert isinstance(response.error, HTTPClientError)
    assert json.loads(response.body)["method"] == "GET"


async def test_a_fetch_without_a_response_is_raised_all_the_same(
    io_loop: IOLoop, client: AsyncHTTPClient
) -> None:
    with pytest.raises(HTTPClientError):
        await client.fetch("http://localhost:1/", raise_error=False)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("POST", b"text"),
        ("POST", b""),
        ("PUT", b"text"),
        ("PATCH", b"text"),
        ("DELETE", None),
        ("OPTIONS", None),
    ],
)
async def test_method_and_body_arrive(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, method: str, body: bytes | None
) -> None:
    response = await client.fetch(f"{site.url}/echo", method=method, body=body)

    seen = json.loads(response.body)
    assert (seen["method"], seen["body"].encode()) == (method, body or b"")


async def test_text_is_sent_in_utf8(io_loop: IOLoop, client: AsyncHTTPClient, site: Site) -> None:
    response = await client.fetch(f"{site.url}/echo", method="POST", body="\u20ac")

    assert json.loads(response.body)["body"].encode("latin-1") == "\u20ac".encode()


async def test_a_nonstandard_method_arrives_when_allowed(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK))

    await client.fetch(f"{server.url}/", method="PURGE", allow_nonstandard_methods=True)

    assert server.heads[0].startswith(b"PURGE / HTTP/1.1\r\n")


async def test_a_get_may_have_a_body_when_allowed(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo", body="why", allow_nonstandard_methods=True)

    assert json.loads(response.body)["body"] == "why"


async def test_the_body_of_a_post_is_a_form_where_nothing_else_is_said(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    url = f"{site.url}/echo"

    form = await client.fetch(url, method="POST", body="a=b")
    said = await client.fetch(url, method="POST", body="a", headers={"Content-Type": "text/x"})

    assert echoed(form.body)["Content-Type"] == "application/x-www-form-urlencoded"
    assert echoed(said.body)["Content-Type"] == "text/x"


async def test_headers_are_sent_and_left_as_they_are(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    headers = HTTPHeaders({"X-One": "1"})
    headers.add("X-Two", "2")
    headers.add("X-Two", "3")
    before = headers.copy()

    response = await client.fetch(f"{site.url}/echo", headers=headers, user_agent="me")

    sent = [tuple(field) for field in json.loads(response.body)["headers"]]
    assert {("X-One", "1"), ("X-Two", "2"), ("X-Two", "3"), ("User-Agent", "me")} <= set(sent)
    assert headers == before


async def test_host_is_sent_as_the_url_has_it_unless_it_is_given(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    usual = await client.fetch(f"{site.url}/echo")
    own = await client.fetch(f"{site.url}/echo", headers={"Host": "other.example"})

    assert echoed(usual.body)["Host"] == f"localhost:{site.port}"
    assert echoed(own.body)["Host"] == "other.example"


async def test_an_empty_host_is_that_of_the_url(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo", headers={"Host": ""})

    assert echoed(response.body)["Host"] == f"localhost:{site.port}"


async def test_a_header_beyond_latin_1_is_refused_by_its_name(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    with pytest.raises(ValueError, match="X-Price"):
        await client.fetch(f"{site.url}/echo", headers={"X-Price": "5 \u20ac"})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_method_that_has_a_body_says_when_it_has_none(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site, method: str
) -> None:
    response = await client.fetch(f"{site.url}/echo", method=method, allow_nonstandard_methods=True)

    assert echoed(response.body)["Content-Length"] == "0"


async def test_if_modified_since_is_sent(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    since = datetime.datetime(2012, 7, 1, tzinfo=datetime.UTC)

    response = await client.fetch(f"{site.url}/echo", if_modified_since=since)

    assert echoed(response.body)["If-Modified-Since"] == "Sun, 01 Jul 2012 00:00:00 GMT"


async def test_the_defaults_of_the_client_count_where_a_request_says_nothing(
    io_loop: IOLoop, make_client: MakeClient, site: Site
) -> None:
    client = make_client(defaults={"user_agent": "mine"})

    default = await client.fetch(f"{site.url}/echo")
    own = await client.fetch(f"{site.url}/echo", user_agent="other")

    assert echoed(default.body)["User-Agent"] == "mine"
    assert echoed(own.body)["User-Agent"] == "other"


async def test_a_path_beyond_ascii_is_escaped(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo/\u20ac?q=\u20ac%20")

    assert json.loads(response.body)["uri"] == "/echo/%E2%82%AC?q=%E2%82%AC%20"


async def test_the_fragment_stays_here(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/echo#fragment")

    assert json.loads(response.body)["uri"] == "/echo"


# Credentials


async def test_basic_credentials_are_sent_right_away(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(
        f"{site.url}/protected", auth_username="Aladdin", auth_password="open sesame"
    )

    assert response.body == b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


async def test_a_password_may_be_empty(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    response = await client.fetch(f"{site.url}/protected", auth_username="me")

    assert response.body == b"Basic bWU6"


async def test_credentials_in_the_url_are_sent_in_their_field_only(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK))

    await client.fetch(f"http://Aladdin:open%20sesame@localhost:{server.port}/")

    assert b"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in server.heads[0]
    assert f"Host: localhost:{server.port}\r\n".encode() in server.heads[0]


async def test_wrong_credentials_are_an_error_with_the_code_401(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(f"{site.url}/protected")

    assert caught.value.code == 401


def _digest_server(*replies: bytes) -> Behaviour:
    return answers(*replies, stay=True)


CHALLENGE = (
    b"HTTP/1.1 401 Who?\r\nContent-Length: 4\r\nWWW-Authenticate: Digest "
    b'realm="r", nonce="n1", qop="auth", algorithm=SHA-256, opaque="o"\r\n\r\nwho?'
)


async def test_digest_credentials_answer_the_challenge(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(_digest_server(CHALLENGE, OK))

    response = await client.fetch(
        f"{server.url}/a?b", auth_username="me", auth_password="secret", auth_mode="digest"
    )

    assert response.code == 200
    first, second = server.heads
    assert b"Authorization" not in first
    assert b'Authorization: Digest username="me"' in second
    assert b'nonce="n1"' in second
    assert b'uri="/a?b"' in second
    assert b"nc=00000001" in second
    assert b"secret" not in second


async def test_a_wrong_digest_password_ends_with_401(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(_digest_server(CHALLENGE, CHALLENGE, OK))

    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(
            server.url, auth_username="me", auth_password="wrong", auth_mode="digest"
        )

    assert caught.value.code == 401
    assert len(server.heads) == 2


# Connections


async def test_a_connection_is_used_again(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK, OK, OK))

    for _ in range(3):
        await client.fetch(server.url)

    assert len(server.peers) == 1


async def test_a_connection_is_not_used_again_when_the_server_says_so(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    server = await raw(answers(closing, OK, stay=True))

    await client.fetch(server.url)
    await client.fetch(server.url)

    assert len(server.peers) == 2


async def test_a_connection_that_the_server_has_closed_is_replaced(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK))

    for _ in range(3):
        assert (await client.fetch(server.url)).code == 200
        await server.all_gone()

    assert len(server.peers) == 3


async def test_no_more_than_max_clients_run_at_a_time_and_all_get_their_turn(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client(max_clients=2)
    running = most = 0
    order = []
    pair = asyncio.Barrier(2)  # no connection gets ahead of the other

    async def serve(peer: Peer) -> None:
        nonlocal running, most
        while head := await peer.head():
            order.append(int(head.split(b" ")[1][1:]))
            running += 1
            most = max(most, running)
            await pair.wait()
            running -= 1
            await peer.send(OK)

    server = await raw(serve)

    responses = await asyncio.gather(*[client.fetch(f"{server.url}/{n}") for n in range(10)])

    assert most == 2
    assert sorted(order) == list(range(10))
    assert all(abs(place - number) <= 1 for place, number in enumerate(order))
    queue = [response.time_info["queue"] for response in responses]
    assert queue[0] < queue[9]


async def test_a_unix_socket_takes_the_place_of_the_host(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, tmp_path: Path
) -> None:
    path = str(tmp_path / "socket")
    server = await raw(answers(OK), path=path)

    response = await client.fetch("http://any.example/path", unix_socket=path)

    assert response.body == b"ok"
    assert b"Host: any.example\r\n" in server.heads[0]


async def test_the_client_connects_from_the_address_that_is_asked_for(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(answers(OK))

    await client.fetch(f"http://127.0.0.1:{server.port}/", network_interface="127.0.0.2")

    assert server.peers[0].writer.get_extra_info("peername")[0] == "127.0.0.2"


async def test_a_closed_client_takes_no_requests(
    io_loop: IOLoop, client: AsyncHTTPClient, site: Site
) -> None:
    client.close()
    client.close()

    with pytest.raises(RuntimeError, match="closed"):
        client.fetch(site.url)


# Responses

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b""),
        (
            CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            b"hello",
        ),
        (
            CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
            b"hello",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", b"x"),
    ],
    ids=[
        "counted", "empty", "until close", "HTTP/1.0", "HTTP/1.0 counted", "closed", "chunked",
        "trailers", "204", "no reason",
    ],
)  # fmt: skip
async def test_every_framing_of_a_body_is_understood(
    io_loop: IOLoop,
    client: AsyncHTTPClient,
    raw: MakeRaw,
    response: bytes,
    body: bytes,
    bytewise: bool,
) -> None:
    server = await raw(answers(response, bytewise=bytewise))

    got = await client.fetch(server.url)

    assert got.body == body
    assert got.code == int(response[9:12])


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
    ],
    ids=["HEAD", "HEAD chunked", "204", "304"],
)
async def test_a_body_that_cannot_be_there_is_not_waited_for(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, method: str, response: bytes
) -> None:
    server = await raw(answers(response, OK, stay=True))

    got = await client.fetch(server.url, method=method, raise_error=False)
    again = await client.fetch(server.url)

    assert got.body == b""
    assert again.body == b"ok"
    assert len(server.peers) == 1


async def test_interim_responses_are_passed_over(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    server = await raw(answers(interim + OK))
    seen = []

    response = await client.fetch(
        server.url, informational_callback=lambda code, headers: seen.append((code, dict(headers)))
    )

    assert response.body == b"ok"
    assert seen == [(103, {"Link": "</style>"}), (102, {})]


async def test_the_header_callback_gets_the_lines_and_the_response_none(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    final = b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok"
    server = await raw(answers(moved, final))
    lines: list[str] = []

    response = await client.fetch(server.url, header_callback=lines.append)

    assert lines[0] == "HTTP/1.1 200 Fine\r\n"
    assert lines[-1] == "\r\n"
    assert sorted(lines[1:-1]) == ["Content-Length: 2\r\n", "X-A: 1\r\n", "X-A: 2\r\n"]
    assert len(response.headers) == 0
    assert response.body == b"ok"


async def test_repeated_headers_are_kept_apart(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    server = await raw(
        answers(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"
        )
    )

    response = await client.fetch(server.url)

    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
