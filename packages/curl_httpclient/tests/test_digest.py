"""Digest authentication, which libcurl does."""

import hashlib
import re

import pytest

from ostro.httpclient import HTTPClientError, HTTPStreamClosedError
from ostro.ioloop import IOLoop

from .support import answering, curl_client

REFUSED = b"Content-Length: 2\r\n\r\nno"
CHALLENGE = (
    b"HTTP/1.1 401 Who\r\n"
    b'WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256\r\n' + REFUSED
)
WELCOME = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def answer_of(head: bytes) -> dict[str, str]:
    line = next(line for line in head.split(b"\r\n") if line.startswith(b"Authorization: Digest "))
    pairs = re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', line.decode()[22:])
    return {name: quoted or plain for name, quoted, plain in pairs}


def expected(method: str, answer: dict[str, str], password: str) -> str:
    def hashed(*parts: str) -> str:
        return hashlib.sha256(":".join(parts).encode()).hexdigest()

    return hashed(
        hashed(answer["username"], answer["realm"], password),
        answer["nonce"],
        answer["nc"],
        answer["cnonce"],
        answer["qop"],
        hashed(method, answer["uri"]),
    )


async def test_a_challenge_is_answered(io_loop: IOLoop) -> None:
    lines: list[str] = []
    pieces: list[bytes] = []
    async with answering(CHALLENGE, WELCOME) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url + "a?b",
                auth_username="me:too",
                auth_password="secret",
                auth_mode="digest",
                header_callback=lines.append,
                streaming_callback=pieces.append,
            )

    assert response.code == 200
    assert b"".join(pieces) == b"hi"
    assert [line for line in lines if line.startswith("HTTP/")] == ["HTTP/1.1 200 OK\r\n"]
    assert b"Authorization" not in server.heads[0]
    answer = answer_of(server.heads[1])
    assert answer["uri"] == "/a?b"
    assert answer["response"] == expected("GET", answer, "secret")


async def test_a_body_is_kept_until_the_challenge_is_answered(io_loop: IOLoop) -> None:
    async with answering(CHALLENGE, WELCOME) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url,
                method="POST",
                body="abc",
                auth_username="me",
                auth_password="secret",
                auth_mode="digest",
            )

    assert response.body == b"hi"
    assert b"Content-Length: 0\r\n" in server.heads[0]
    assert b"Content-Length: 3\r\n" in server.heads[1]
    answer = answer_of(server.heads[1])
    assert answer["response"] == expected("POST", answer, "secret")


async def test_a_wrong_password_gives_the_refusal(io_loop: IOLoop) -> None:
    async with answering(CHALLENGE, CHALLENGE) as server:
        with curl_client() as client, pytest.raises(HTTPClientError) as caught:
            await client.fetch(server.url, auth_username="me", auth_mode="digest")

    assert caught.value.code == 401
    assert caught.value.response is not None
    assert caught.value.response.body == b"no"
    assert len(server.heads) == 2


async def test_a_refusal_without_a_body_is_a_response_too(io_loop: IOLoop) -> None:
    refusal = b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"
    async with answering(refusal) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url, auth_username="me", auth_mode="digest", raise_error=False
            )

    assert response.code == 401


async def test_the_next_request_on_the_handle_knows_nothing_of_it(io_loop: IOLoop) -> None:
    async with answering(CHALLENGE, WELCOME, WELCOME, WELCOME) as server:
        with curl_client(max_clients=1) as client:
            await client.fetch(
                server.url, auth_username="me", auth_password="secret", auth_mode="digest"
            )
            await client.fetch(server.url)
            await client.fetch(server.url, headers={"Authorization": "mine"}, auth_username="me")

    assert b"Authorization" not in server.heads[2]
    assert b"Authorization: mine\r\n" in server.heads[3]


async def test_a_challenge_is_no_response_if_the_connection_breaks_after_it(
    io_loop: IOLoop,
) -> None:
    pieces: list[bytes] = []
    async with answering(CHALLENGE, None) as server:
        with curl_client() as client, pytest.raises(HTTPStreamClosedError):
            await client.fetch(
                server.url,
                auth_username="me",
                auth_mode="digest",
                method="POST",
                body="abc",
                streaming_callback=pieces.append,
            )

    assert pieces == []
